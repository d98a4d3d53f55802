# Paging of five levels: when CR4.LA57 may change, what is canonical with it and without it, the fifth level's entries
# (Intel SDM vol. 3A, §2.5, §4.5; vol. 1, §3.3.7.1).
        .set    LONG, 1
        .include "guest.inc"

        .set    LA57, 1<<12
        .set    PAGE_A, 0x700000
        .set    CODE_PAGE, 0x701000

        # An address of 57 bits: entry 1 of the fifth level, 0 of the others.
        .macro  wide register
        movabs  $0x1000000000010, %\register
        .endm
        .macro  set_wide flags=7
        mov     $pml4_w+\flags, %eax
        mov     %rax, pml5+8
        mov     %cr3, %rax
        mov     %rax, %cr3
        .endm
        .macro  access name, insn, vector, error=NONE
        try
        wide    r8
        \insn
        caught  "\name", \vector, \error
        .endm
        .macro  user_access name, insn, vector, error=NONE
        try
        wide    r8
        to_ring USER_CODE64
        \insn
        caught  "\name", \vector, \error
        .endm
        .macro  msr name, number, value, vector, error=NONE
        try
        mov     $\number, %ecx
        mov     $\value, %rax
        mov     %rax, %rdx
        shr     $32, %rdx
        wrmsr
        caught  "\name", \vector, \error
        .endm

        .text
        .code64
main:   mov     $7, %eax
        xor     %ecx, %ecx
        cpuid
        bt      $16, %ecx
        jnc     9f
        mov     $0x80000008, %eax
        cpuid
        shr     $8, %eax
        and     $0xFF, %eax
        check   "CPUID: 57 bits of a linear address", %rax, $57

        # Four levels on a processor that has five.
        try
        mov     %cr4, %rax
        or      $LA57, %rax
        mov     %rax, %cr4
        caught  "CR4.LA57 set in long mode", GP, 0
        access  "without LA57: an address of 57 bits", "mov (%r8), %bl", GP, 0
        msr     "without LA57: KERNEL_GS_BASE of 57 bits", 0xC0000102, 0x00FF000000000000, DONE
        msr     "without LA57: KERNEL_GS_BASE of 58 bits", 0xC0000102, 0x01FF000000000000, GP, 0
        msr     "KERNEL_GS_BASE of 0", 0xC0000102, 0, DONE
        msr     "without LA57: LSTAR of 57 bits", 0xC0000082, 0x00FF000000000000, DONE
        try
        lgdt    wide_pointer
        sgdt    read_pointer
        lgdt    gdt_pointer
        mov     read_pointer+2, %rbx
        caught  "without LA57: a GDT at an address of 57 bits", DONE
        shr     $48, %rbx
        check   "without LA57: a GDT at an address of 57 bits: SGDT", %rbx, $0xFF
        try
        mov     $0x0001000000000000, %rbx
        jmp     *%rbx
        caught  "without LA57: a jump to an address of 57 bits", GP, 0

        # To five.
        movq    $pml4+7, pml5
        movq    $pdpt_w+7, pml4_w
        movq    $pd_w+7, pdpt_w
        movq    $pt_w+7, pd_w
        movq    $PAGE_A+7, pt_w
        movq    $CODE_PAGE+7, pt_w+8
        movb    $0xC3, CODE_PAGE+0x10   # RET
        movb    $0xCC, CODE_PAGE+0x20   # INT3
        pushq   $CODE32
        pushq   $1f
        lretq
        .code32
1:      mov     %cr0, %eax
        and     $0x7FFFFFFF, %eax
        mov     %eax, %cr0
        mov     %cr4, %eax
        or      $LA57, %eax
        mov     %eax, %cr4
        mov     $pml5, %eax
        mov     %eax, %cr3
        mov     %cr0, %eax
        or      $0x80000000, %eax
        mov     %eax, %cr0
        ljmp    $CODE64, $1f
        .code64
1:      try
        mov     %cr4, %rax
        and     $~LA57, %rax
        mov     %rax, %cr4
        caught  "CR4.LA57 cleared in long mode", GP, 0
        access  "not present in the fifth level", "mov (%r8), %bl", PF, 0
        wide    rax
        mov     f_cr2, %rbx
        sub     %rax, %rbx
        check   "CR2 of 57 bits", %rbx, $0
        set_wide
        movb    $0x5A, PAGE_A+0x10
        access  "an address of 57 bits", "mov (%r8), %bl", DONE
        check   "what is there", %rbx, $0x5A
        mov     pml5+8, %eax
        and     $0x60, %eax
        check   "the fifth level's accessed bit", %rax, $0x20
        user_access "at privilege 3", "mov (%r8), %bl", DONE
        set_wide 3
        user_access "the fifth level is the system's", "mov (%r8), %bl", PF, 5
        set_wide 5
        user_access "the fifth level is read-only", "mov %bl, (%r8)", PF, 7
        set_wide 0x87
        access  "PS in the fifth level", "mov (%r8), %bl", PF, 9
        set_wide
        movabs  $pml4_w+7+(1<<63), %rax
        mov     %rax, pml5+8
        mov     %cr3, %rax
        mov     %rax, %cr3
        access  "NX in the fifth level: a read", "mov (%r8), %bl", DONE
        access  "NX in the fifth level: a fetch", "add $0x1000, %r8; call *%r8", PF, 0x11
        set_wide
        access  "a call to an address of 57 bits", "add $0x1000, %r8; call *%r8", DONE
        access  "a jump to one", "add $0x1010, %r8; jmp *%r8", DONE
        wide    rax
        mov     f_ip, %rbx
        sub     %rax, %rbx
        check   "a jump to one: RIP", %rbx, $0x1011
        try
        wide    rsp
        add     $0x800, %rsp
        pushq   $0x1234
        pop     %rbx
        caught  "a stack of 57 bits", DONE
        check   "a stack of 57 bits: POP", %rbx, $0x1234
        try
        mov     $0x0100000000000000, %r8
        mov     (%r8), %bl
        caught  "an address of 58 bits", GP, 0
        try
        mov     $0x0100000000000000, %rbp
        mov     (%rbp), %bl
        caught  "an address of 58 bits by RBP", SS, 0
        try
        mov     $0x00FFFFFFFFFFFFFF, %r8
        mov     (%r8), %bx
        caught  "across the edge", GP, 0
        try
        mov     $0xFF00000000000000, %r8
        mov     (%r8), %bl
        caught  "the upper half's first byte", PF, 0
        try
        mov     $0x0100000000000000, %r8
1:      jmp     *%r8
        caught  "a jump to an address of 58 bits", GP, 0, , $1b
        try
        pushq   $DATA32
        pushq   $stack_top
        pushq   $2
        pushq   $CODE64
        wide    rax
        add     $0x1010, %rax
        push    %rax
        iretq
        caught  "IRET to an address of 57 bits", DONE
        try
        pushq   $DATA32
        pushq   $stack_top
        pushq   $2
        pushq   $CODE64
        mov     $0x0100000000000000, %rax
        push    %rax
1:      iretq
        caught  "IRET to an address of 58 bits", GP, 0, , $1b
        msr     "STAR", 0xC0000081, (CODE64<<32)|(0x18<<48), DONE
        try
        wide    rcx
        add     $0x1010, %rcx
        mov     $2, %r11d
        sysretq
        caught  "SYSRET to an address of 57 bits", DONE
        check   "SYSRET to an address of 57 bits: CS", f_cs, $USER_CODE64
        try
        mov     $0x0100000000000000, %rcx
        mov     $2, %r11d
        sysretq
        caught  "SYSRET to an address of 58 bits", GP, 0
        wide    rax
        add     $0x1010, %rax
        mov     %rax, %rdx
        shr     $32, %rdx
        mov     $0xC0000082, %ecx
        wrmsr
        try
        to_ring USER_CODE64
        syscall
        caught  "SYSCALL to an address of 57 bits", DONE
        check   "SYSCALL to an address of 57 bits: CS", f_cs, $CODE64
        # A page that the TLB has goes.
        access  "before INVLPG", "mov (%r8), %bl", DONE
        movq    $0, pt_w
        wide    r8
        invlpg  (%r8)
        access  "INVLPG of an address of 57 bits", "mov (%r8), %bl", PF, 0
9:      ret

        .align  8
wide_pointer:
        .word   GDT_SIZE - 1
        .quad   0x00FF000000000000
read_pointer:
        .fill   10, 1, 0
        .bss
        .align  4096
pml5:   .skip   4096
pml4_w: .skip   4096
pdpt_w: .skip   4096
pd_w:   .skip   4096
pt_w:   .skip   4096
