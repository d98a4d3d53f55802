# Page tables of 64-bit mode: protection at each level, 1 GiB and 2 MiB pages, NX, reserved bits, SMEP, SMAP, PCID and
# when PCIDE may change (Intel SDM vol. 3A, §4.5, §4.6, §4.10, §2.5).
        .set    LONG, 1
        .include "guest.inc"

        .include "window.inc"

        .set    PAGE_B, 0x701000

        # The window's three entries, each with its flags; then a flush.
        .macro  window pdpte=7, pde=7, pte=7
        movq    $pd_w+\pdpte, pdpt+16
        movq    $pt_w+\pde, pd_w
        movq    $PAGE_A+\pte, pt_w
        mov     %cr3, %rax
        mov     %rax, %cr3
        .endm

        .text
        .code64
main:
        movb    $0xC3, PAGE_A+0x10      # ret
        movl    $0xAAAA, PAGE_A
        movl    $0xBBBB, PAGE_B
        window
        user_access "user read", "mov (%r8), %al", DONE
        window  3
        user_access "user read, system in the pointer table", "mov (%r8), %al", PF, 5
        window  7, 3
        user_access "user read, system in the directory", "mov (%r8), %al", PF, 5
        window  7, 7, 3
        user_access "user read, system in the table", "mov (%r8), %al", PF, 5
        window  5
        user_access "user write, read-only in the pointer table", "mov %al, 1(%r8)", PF, 7
        access  "write, read-only in the pointer table, WP clear", "mov %al, 1(%r8)", DONE
        change_cr cr0, 0x10000
        access  "write, read-only in the pointer table, WP", "mov %al, 1(%r8)", PF, 3
        window  7, 5
        access  "write, read-only in the directory, WP", "mov %al, 1(%r8)", PF, 3
        window  7, 7, 5
        access  "write, read-only in the table, WP", "mov %al, 1(%r8)", PF, 3
        window  0
        access  "read, no pointer", "mov (%r8), %al", PF, 0
        movl    $WINDOW+0x10, %eax
        check   "read, no pointer: CR2", f_cr2, %rax
        window  7, 7, 0
        user_access "user write to what is not there", "mov %al, 1(%r8)", PF, 6
        access  "fetch of what is not there, NXE", "call *%r8", PF, 0x10

        # Accessed and dirty, at every level.
        window
        mov     $WINDOW, %r8d
        mov     (%r8), %eax
        mov     pdpt+16, %eax
        and     $0x60, %eax
        check   "accessed: pointer", %rax, $0x20
        mov     pd_w, %eax
        and     $0x60, %eax
        check   "accessed: directory", %rax, $0x20
        mov     pt_w, %eax
        and     $0x60, %eax
        check   "accessed: table", %rax, $0x20
        mov     %eax, 0x20(%r8)
        mov     pt_w, %eax
        and     $0x60, %eax
        check   "dirty: table", %rax, $0x60
        mov     pd_w, %eax
        and     $0x60, %eax
        check   "dirty: not the directory", %rax, $0x20

        # NX at every level.
        window
        btsq    $63, pdpt+16
        access  "NX in the pointer table: a fetch", "call *%r8", PF, 0x11
        access  "NX in the pointer table: a read", "mov (%r8), %al", DONE
        window
        btsq    $63, pd_w
        access  "NX in the directory: a fetch", "call *%r8", PF, 0x11
        window
        btsq    $63, pt_w
        access  "NX in the table: a fetch", "call *%r8", PF, 0x11
        user_access "NX in the table: a user fetch", "call *%r8", PF, 0x15
        # Reserved bits.
        window
        btsq    $51, pt_w
        access  "bit 51 in the table", "mov (%r8), %al", PF, 9
        window
        btsq    $51, pd_w
        access  "bit 51 in the directory", "mov (%r8), %al", PF, 9
        window
        btsq    $52, pt_w
        access  "bit 52 in the table is ignored", "mov (%r8), %al", DONE
        window
        movq    $0x600087+0x2000, pd_w
        access  "2 MiB page, bit 13", "mov (%r8), %al", PF, 9
        movq    $0x600087+0x1000, pd_w  # PAT
        mov     %cr3, %rax
        mov     %rax, %cr3
        access  "2 MiB page, bit 12", "mov (%r8), %al", DONE
        user_access "bit 13, user write", "mov %al, 1(%r8)", DONE

        # Every piece of a large page goes with it, and a global one stays when CR3 is written.
        movl    $0xCCCC, 0x900000
        movl    $0xDDDD, 0x901000
        mov     $WINDOW+0x100000, %r8d
        lea     0x1000(%r8), %r9
        movq    $0x600087, pd_w
        mov     %cr3, %rax
        mov     %rax, %cr3
        mov     (%r8), %eax
        mov     (%r9), %ebx
        check   "2 MiB page", %rax, $0xAAAA
        check   "2 MiB page, its second 4 KiB", %rbx, $0xBBBB
        movq    $0x800087, pd_w
        invlpg  (%r8)
        mov     (%r9), %ebx
        check   "2 MiB page: INVLPG of another part", %rbx, $0xDDDD
        change_cr cr4, 1<<7
        window  7, 7, 0x107
        mov     $WINDOW, %r8d
        mov     (%r8), %eax
        check   "global page", %rax, $0xAAAA
        movq    $PAGE_B+0x107, pt_w
        invlpg  (%r8)
        mov     (%r8), %eax
        check   "global page: INVLPG", %rax, $0xBBBB
        movq    $PAGE_A+0x107, pt_w
        change_cr cr4, 0, 1<<7
        mov     (%r8), %eax
        check   "global page: PGE cleared", %rax, $0xAAAA
        window
        mov     (%r8), %eax
        movq    $PAGE_B+7, pt_w
        mov     %cr3, %rax
        mov     %rax, %cr3
        mov     (%r8), %eax
        check   "local page: CR3", %rax, $0xBBBB
        window

        movq    $pdpt+7+0x80, pml4+16
        try
        mov     $0x10000000000, %r8
        mov     (%r8), %al
        caught  "PS in the fourth level", PF, 9
        mov     $0x80000001, %eax
        cpuid
        bt      $26, %edx
        jnc     1f
        movq    $0x87, pdpt+16
        mov     %cr3, %rax
        mov     %rax, %cr3
        mov     $WINDOW+PAGE_A, %r8d
        mov     (%r8), %eax
        check   "1 GiB page", %rax, $0xAAAA
        movq    $0x2087, pdpt+16
        mov     %cr3, %rax
        mov     %rax, %cr3
        access  "1 GiB page, bit 13", "mov (%r8), %al", PF, 9
1:
        # Without EFER.NXE bit 63 is reserved.
        window
        btsq    $63, pt_w
        mov     $0xC0000080, %ecx
        rdmsr
        and     $~0x800, %eax
        wrmsr
        access  "bit 63 without NXE", "mov (%r8), %al", PF, 9
        window  7, 7, 0
        access  "fetch of what is not there, without NXE", "call *%r8", PF, 0
        rdmsr
        or      $0x800, %eax
        mov     $0xC0000080, %ecx
        wrmsr

        # SMEP: the runtime itself runs on user pages, so its directory entries lose U first.
        mov     $7, %eax
        xor     %ecx, %ecx
        cpuid
        mov     %ebx, features
        mov     $0, %ecx
1:      andb    $~4, page_directory(, %rcx, 8)
        inc     %ecx
        cmp     $512, %ecx
        jb      1b
        window
        testl   $1<<7, features
        jz      1f
        change_cr cr4, 1<<20
        access  "SMEP: a fetch from a user page", "call *%r8", PF, 0x11
        access  "SMEP: a read of a user page", "mov (%r8), %al", DONE
        window  7, 7, 3
        access  "SMEP: a fetch from a system page", "call *%r8", DONE
        window  7, 3, 7
        access  "SMEP: system in the directory", "call *%r8", DONE
        change_cr cr4, 0, 1<<20
        window
        access  "without SMEP", "call *%r8", DONE
1:      testl   $1<<20, features
        jz      1f
        try
        stac
        caught  "STAC without CR4.SMAP", DONE
        mov     f_flags, %eax
        and     $0x40000, %eax
        check   "STAC: AC", %rax, $0x40000
        change_cr cr4, 1<<21
        access  "SMAP: a read of a user page", "mov (%r8), %al", PF, 1
        access  "SMAP: a write to a user page", "mov %al, 1(%r8)", PF, 3
        access  "SMAP: a fetch", "call *%r8", DONE
        try
        mov     $WINDOW+0x10, %r8d
        stac
        mov     (%r8), %al
        caught  "SMAP: with AC", DONE
        try
        mov     $WINDOW+0x10, %r8d
        stac
        clac
        mov     (%r8), %al
        caught  "SMAP: CLAC", PF, 1
        # Implicit accesses to system structures are not let through by AC.
        mov     gdt+DATA32, %rax
        mov     $WINDOW+0x100, %r8d
        stac
        mov     %rax, (%r8)
        clac
        system_descriptor LDT, WINDOW+0x100, 7, 0x82
        mov     $LDT, %eax
        lldt    %ax
        try
        stac
        mov     $4, %eax
        mov     %eax, %fs
        caught  "SMAP: a descriptor on a user page, with AC", PF, 1
        xor     %eax, %eax
        lldt    %ax
        change_cr cr4, 0, 1<<21
        window
1:
        try
        .byte   0x0F, 0x01, 0xCB        # stac, at privilege 3 below
        caught  "STAC at privilege 0", DONE

        # PCID.
        mov     $1, %eax
        cpuid
        bt      $17, %ecx
        jnc     1f
        mov     $0, %ecx
2:      orb     $4, page_directory(, %rcx, 8)
        inc     %ecx
        cmp     $512, %ecx
        jb      2b
        try
        mov     %cr3, %rax
        bts     $63, %rax
        mov     %rax, %cr3
        caught  "CR3 bit 63 without PCIDE", GP, 0
        mov     $pml4+8, %eax           # PWT: the low bits are not zero
        mov     %rax, %cr3
        try
        mov     %cr4, %rax
        or      $1<<17, %rax
        mov     %rax, %cr4
        caught  "PCIDE with CR3's low bits not zero", GP, 0
        mov     $pml4, %eax
        mov     %rax, %cr3
        try
        mov     %cr4, %rax
        or      $1<<17, %rax
        mov     %rax, %cr4
        caught  "PCIDE", DONE
        try
        mov     %cr3, %rax
        bts     $63, %rax
        mov     %rax, %cr3
        caught  "CR3 bit 63 with PCIDE", DONE
        mov     %cr3, %rax
        check   "CR3 reads back without bit 63", %rax, $pml4
        # INVPCID.
        testl   $1<<10, features
        jz      3f
        movq    $0x1000, pcid_operand
        try
        mov     $1, %eax
        invpcid pcid_operand, %rax
        caught  "INVPCID: a PCID that is too large", GP, 0
        movq    $5, pcid_operand
        mov     $0x800000000000, %rax
        mov     %rax, pcid_operand+8
        try
        mov     $0, %eax
        invpcid pcid_operand, %rax
        caught  "INVPCID: an address that is not canonical", GP, 0
        try
        mov     $4, %eax
        invpcid pcid_operand, %rax
        caught  "INVPCID: type 4", GP, 0
        try
        mov     $3, %eax
        invpcid pcid_operand, %rax
        caught  "INVPCID: type 3", DONE
        # PCIDE off while paging is on is allowed in 64-bit mode; then a PCID is refused.
        change_cr cr4, 0, 1<<17
        movq    $5, pcid_operand
        movq    $0, pcid_operand+8
        try
        mov     $1, %eax
        invpcid pcid_operand, %rax
        caught  "INVPCID of a PCID without PCIDE", GP, 0
        movq    $0, pcid_operand
        try
        mov     $0, %eax
        invpcid pcid_operand, %rax
        caught  "INVPCID of PCID 0 without PCIDE", DONE
3:
1:      # What long mode holds together.
        try
        mov     %cr4, %rax
        and     $~0x20, %rax
        mov     %rax, %cr4
        caught  "CR4.PAE cleared in long mode", GP, 0
        try
        mov     %cr0, %rax
        btr     $31, %rax
        mov     %rax, %cr0
        caught  "CR0.PG cleared in 64-bit mode", GP, 0
        try
        mov     $0xC0000080, %ecx
        rdmsr
        and     $~0x100, %eax
        wrmsr
        caught  "EFER.LME cleared with paging on", GP, 0
        try
        mov     $0xC0000080, %ecx
        rdmsr
        or      $0x10000000, %eax
        wrmsr
        caught  "a reserved bit of EFER", GP, 0
        try
        mov     %cr0, %rax
        bts     $32, %rax
        mov     %rax, %cr0
        caught  "CR0 bit 32", GP, 0
        try
        mov     %cr4, %rax
        bts     $32, %rax
        mov     %rax, %cr4
        caught  "CR4 bit 32", GP, 0
        try
        mov     $0x10, %eax
        mov     %rax, %cr8
        caught  "CR8 above 15", GP, 0
        # UMIP.
        mov     $7, %eax
        xor     %ecx, %ecx
        cpuid
        bt      $2, %ecx
        jnc     1f
        try
        to_ring USER_CODE64
        sidt    scratch
        caught  "SIDT without UMIP", DONE
        change_cr cr4, 1<<11
        .irp    insn, "sidt scratch", "sgdt scratch", "sldt %eax", "str %eax", "smsw %eax"
        try
        to_ring USER_CODE64
        \insn
        caught  "UMIP: \insn", GP, 0
        .endr
        try
        sidt    scratch
        caught  "UMIP at privilege 0", DONE
        change_cr cr4, 0, 1<<11
1:      ret

features: .long 0
        .align  8
pcid_operand: .quad 0, 0
scratch: .quad  0, 0
        .bss
        .align  4096
pd_w:   .skip   4096
pt_w:   .skip   4096
