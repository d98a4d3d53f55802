# Protection keys: CR4.PKE, RDPKRU and WRPKRU, what a key forbids to whom, the error code, PKRU in the XSAVE area (Intel SDM
# vol. 3A, §4.6.2, §4.7; vol. 1, §13.5.7; vol. 2).
        .set    LONG, 1
        .include "guest.inc"

        .include "window.inc"

        .set    AD, 1
        .set    WD, 2
        .set    PKE, 1<<22
        .set    WP, 1<<16
        .set    SMAP, 1<<21

        # The window's three entries, each with its flags, and the page's key; then a flush.
        .macro  window pdpte=7, pde=7, pte=7, key=0
        movq    $pd_w+\pdpte, pdpt+16
        movq    $pt_w+\pde, pd_w
        mov     $PAGE_A+\pte+(\key<<59), %rax
        mov     %rax, pt_w
        mov     %cr3, %rax
        mov     %rax, %cr3
        .endm
        .macro  pkru value
        mov     $\value, %eax
        xor     %ecx, %ecx
        xor     %edx, %edx
        wrpkru
        .endm

        # The runtime's pages for the system alone, or for all.
        .macro  runtime_pages operation, bits
        mov     $0, %ecx
71:     \operation $\bits, page_directory(, %rcx, 8)
        inc     %ecx
        cmp     $512, %ecx
        jb      71b
        .endm

        .text
        .code64
main:   mov     $7, %eax
        xor     %ecx, %ecx
        cpuid
        mov     %ecx, %ebx
        and     $1<<4, %ebx
        bt      $3, %ecx
        jnc     9f
        movb    $0xC3, PAGE_A+0x10      # RET
        check   "CPUID.OSPKE without CR4.PKE", %rbx, $0
        try
        xor     %ecx, %ecx
        rdpkru
        caught  "RDPKRU without CR4.PKE", UD
        try
        mov     $1, %ecx
        wrpkru
        caught  "WRPKRU without CR4.PKE", UD
        change_cr cr4, PKE
        mov     $7, %eax
        xor     %ecx, %ecx
        cpuid
        and     $1<<4, %ecx
        check   "CPUID.OSPKE", %rcx, $0x10
        xor     %ecx, %ecx
        mov     $-1, %rdx
        mov     $-1, %rax
        rdpkru
        mov     %rdx, %rbx
        check   "PKRU from reset", %rax, $0
        check   "RDPKRU clears RDX", %rbx, $0
        mov     $-4, %rax               # key 0 is the runtime's own
        mov     $0x700000000, %rcx      # its lower half counts
        mov     $0x500000000, %rdx
        wrpkru
        xor     %ecx, %ecx
        rdpkru
        mov     $0xFFFFFFFC, %ebx
        check   "WRPKRU takes EAX", %rax, %rbx
        pkru    0
        try
        mov     $1, %ecx
        rdpkru
        caught  "RDPKRU with ECX", GP, 0
        try
        mov     $1, %ecx
        xor     %edx, %edx
        wrpkru
        caught  "WRPKRU with ECX", GP, 0
        try
        xor     %ecx, %ecx
        mov     $1, %edx
        wrpkru
        caught  "WRPKRU with EDX", GP, 0
        try
        xor     %ecx, %ecx
        .byte   0xF0, 0x0F, 0x01, 0xEE
        caught  "LOCK RDPKRU", UD
        try
        xor     %ecx, %ecx
        .byte   0x66, 0x0F, 0x01, 0xEE
        caught  "RDPKRU with 66h", UD
        try
        to_ring USER_CODE64
        pkru    0xC
        rdpkru
        caught  "WRPKRU at privilege 3", DONE
        check   "WRPKRU at privilege 3: PKRU", f_ax, $0xC
        pkru    0

        # What a key forbids.
        window  key=1
        pkru    AD<<2
        user_access "AD: read", "mov (%r8), %bl", PF, 0x25
        user_access "AD: write", "mov %bl, (%r8)", PF, 0x27
        access  "AD: read at privilege 0", "mov (%r8), %bl", PF, 0x21
        access  "AD: write at privilege 0", "mov %bl, (%r8)", PF, 0x23
        user_access "AD: read and write", "incb (%r8)", PF, 0x27
        user_access "AD: fetch", "call *%r8", DONE
        pkru    WD<<2
        user_access "WD: read", "mov (%r8), %bl", DONE
        user_access "WD: write", "mov %bl, (%r8)", PF, 0x27
        access  "WD: write at privilege 0 without CR0.WP", "mov %bl, (%r8)", DONE
        change_cr cr0, WP
        access  "WD: write at privilege 0", "mov %bl, (%r8)", PF, 0x23
        access  "WD: read at privilege 0", "mov (%r8), %bl", DONE
        change_cr cr0, 0, WP
        pkru    0xFFFFFFF0
        user_access "the keys of others: read", "mov (%r8), %bl", DONE
        user_access "the keys of others: write", "mov %bl, (%r8)", DONE
        window  key=15
        pkru    0x40000000
        user_access "key 15", "mov (%r8), %bl", PF, 0x25
        pkru    0xBFFFFFF0
        user_access "key 15: write", "mov %bl, (%r8)", PF, 0x27
        user_access "key 15: read", "mov (%r8), %bl", DONE
        # At once, and of what the TLB has.
        window  key=3
        try
        mov     $WINDOW+0x10, %r8d
        pkru    0
        mov     (%r8), %bl
        mov     %bl, (%r8)
        pkru    WD<<6
        mov     (%r8), %bl
        pkru    AD<<6
1:      mov     (%r8), %bl
        caught  "WRPKRU is felt at once", PF, 0x21, , $1b
        pkru    0
        access  "and gives back what it took", "mov (%r8), %bl", DONE

        # With the other protections.
        pkru    AD<<2
        window  pte=3, key=1
        access  "a key in a page of the system", "mov (%r8), %bl", DONE
        user_access "a page of the system at privilege 3", "mov (%r8), %bl", PF, 5
        window  pde=3, key=1
        access  "a table of the system", "mov (%r8), %bl", DONE
        window  pte=6, key=1
        user_access "a page that is not present", "mov (%r8), %bl", PF, 4
        window  pte=5, key=1
        user_access "a read-only page, and a key", "mov %bl, (%r8)", PF, 0x27
        pkru    0
        user_access "a read-only page without its key", "mov %bl, (%r8)", PF, 7
        pkru    AD<<2
        window  pde=0x87, key=1         # a large page whose address has a reserved bit
        movq    $0x700000+0x2087, pd_w
        mov     %cr3, %rax
        mov     %rax, %cr3
        user_access "a reserved bit", "mov (%r8), %bl", PF, 0xD
        mov     $0x600087+(1<<59), %rax
        mov     %rax, pd_w
        mov     %cr3, %rax
        mov     %rax, %cr3
        user_access "a page of 2 MiB with a key", "mov (%r8), %bl", PF, 0x25
        window
        movabs  $pt_w+7+(1<<59), %rax
        mov     %rax, pd_w
        movabs  $pd_w+7+(1<<59), %rax
        mov     %rax, pdpt+16
        mov     %cr3, %rax
        mov     %rax, %cr3
        user_access "a key in a table's entry means nothing", "mov (%r8), %bl", DONE
        mov     $7, %eax
        xor     %ecx, %ecx
        cpuid
        bt      $20, %ebx
        jnc     1f
        runtime_pages andb, ~4
        window  key=1
        change_cr cr4, SMAP
        access  "SMAP and a key", "mov (%r8), %bl", PF, 0x21
        pkru    0
        access  "SMAP without the key", "mov (%r8), %bl", PF, 1
        pkru    AD<<2
        try
        stac
        mov     $WINDOW+0x10, %r8d
        mov     (%r8), %bl
        caught  "a key with AC", PF, 0x21
        change_cr cr4, 0, SMAP
        runtime_pages orb, 4
1:      window  key=1
        change_cr cr4, 0, PKE
        user_access "without CR4.PKE", "mov (%r8), %bl", DONE
        change_cr cr4, PKE
        user_access "with it again", "mov (%r8), %bl", PF, 0x25
        pkru    0

        # XSAVE.
        mov     %cr4, %rax
        bts     $18, %rax
        mov     %rax, %cr4
        mov     $0xD, %eax
        xor     %ecx, %ecx
        cpuid
        and     $0x200, %eax
        check   "CPUID: PKRU is a component", %rax, $0x200
        mov     $0xD, %eax
        mov     $9, %ecx
        cpuid
        mov     %ebx, %r12d
        and     $3, %ecx
        mov     %ecx, %ebx
        check   "CPUID: its size", %rax, $8
        check   "CPUID: it is the user's", %rbx, $0
        try
        xor     %ecx, %ecx
        xor     %edx, %edx
        mov     $0x201, %eax
        xsetbv
        caught  "XCR0: x87 and PKRU", DONE
        mov     $0xD, %eax
        xor     %ecx, %ecx
        cpuid
        sub     $8, %ebx
        sub     %r12d, %ebx
        check   "CPUID: the size with PKRU", %rbx, $0
        try
        pkru    0x5550
        mov     $0x201, %eax
        xor     %edx, %edx
        xsave   area
        mov     area(%r12), %ebx
        caught  "XSAVE of PKRU", DONE
        check   "XSAVE of PKRU: the register", %rbx, $0x5550
        mov     area+512, %ebx
        and     $0x200, %ebx
        check   "XSAVE of PKRU: XSTATE_BV", %rbx, $0x200
        pkru    0
        mov     $0x200, %eax
        xor     %edx, %edx
        xrstor  area
        xor     %ecx, %ecx
        rdpkru
        check   "XRSTOR of PKRU", %rax, $0x5550
        movl    $0, area+512
        mov     $0x200, %eax
        xor     %edx, %edx
        xrstor  area
        xor     %ecx, %ecx
        rdpkru
        check   "XRSTOR of its initial state", %rax, $0
        mov     $0x200, %eax
        xsave   area
        mov     area+512, %ebx
        and     $0x200, %ebx
        check   "XSAVE of its initial state", %rbx, $0
        mov     $0xD, %eax
        mov     $1, %ecx
        cpuid
        bt      $1, %eax
        jnc     1f
        pkru    0x5550
        mov     $0x200, %eax
        xor     %edx, %edx
        xsavec  area
        mov     area+576, %ebx
        check   "XSAVEC puts PKRU behind the header", %rbx, $0x5550
        mov     area+520, %ebx
        check   "XSAVEC of PKRU: XCOMP_BV", %rbx, $0x200
        pkru    0
        mov     $0x200, %eax
        xor     %edx, %edx
        xrstor  area
        xor     %ecx, %ecx
        rdpkru
        check   "XRSTOR of the compacted format", %rax, $0x5550
        xor     %ecx, %ecx
        xor     %edx, %edx
        mov     $0x207, %eax
        xsetbv
        pkru    0x6660
        mov     $0x204, %eax
        xsavec  area
        mov     area+832, %ebx
        check   "XSAVEC puts it behind AVX state", %rbx, $0x6660
        mov     $0xD, %eax
        mov     $1, %ecx
        cpuid
        check   "CPUID: the compacted size", %rbx, $840
1:      # XRSTOR is felt at once.
        pkru    0
        window  key=1
        movl    $0x200, area+512
        movq    $0, area+520
        movl    $4, area(%r12)
        try
        mov     $WINDOW+0x10, %r8d
        mov     $0x200, %eax
        xor     %edx, %edx
        mov     (%r8), %bl
        xrstor  area
1:      mov     (%r8), %bl
        caught  "XRSTOR is felt at once", PF, 0x21, , $1b
        pkru    0
        change_cr cr4, 0, PKE
9:      ret

        .bss
        .align  4096
pd_w:   .skip   4096
pt_w:   .skip   4096
area:   .skip   4096
