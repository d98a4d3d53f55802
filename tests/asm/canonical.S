# Canonical addresses in 64-bit mode: what is #SS and what #GP, branch targets, bases in descriptor tables and MSRs; far
# transfers and IRET of long mode, interrupt stacks (Intel SDM vol. 1, §3.3.7.1; vol. 3A, §5.8, §6.14).
        .set    LONG, 1
        .include "guest.inc"

        .set    GATE, T0+8*8            # two slots

        .macro  bad_address register
        mov     $0x0000800000000000, %r\register
        .endm
        .macro  with_bad name, insn, vector, error=0
        try
        bad_address bx
        \insn
        caught  "\name", \vector, \error
        .endm
        # The instruction uses RBP as a base.
        .macro  with_bad_frame name, insn, vector, error=0
        try
        bad_address bp
        \insn
        caught  "\name", \vector, \error
        .endm
        # The instruction uses the stack.
        .macro  with_bad_stack name, insn, vector, error=0
        try
        mov     $0x0000800000000100, %rsp
        \insn
        caught  "\name", \vector, \error
        .endm
        .macro  msr name, number, vector, error=NONE
        try
        mov     $\number, %ecx
        xor     %eax, %eax
        mov     $0x8000, %edx
        wrmsr
        caught  "\name", \vector, \error
        .endm
        .macro  far_jump name, selector, offset, vector, error=NONE
        movq    $\offset, pointer
        movw    $\selector, pointer+8
        try
        rex.w ljmp *pointer
        caught  "\name", \vector, \error
        .endm
        .macro  iret_to name, cs, ss, vector, error=NONE, ip=arrive
        try
        mov     $\ip, %rax
        pushq   $\ss
        pushq   $user_stack_top
        pushq   $2
        pushq   $\cs
        push    %rax
        iretq
        caught  "\name", \vector, \error
        .endm

        .text
        .code64
main:
        with_bad "load", "mov (%rbx), %eax", GP
        with_bad "store", "mov %eax, (%rbx)", GP
        with_bad "load across the hole's edge", "mov -2(%rbx), %eax", GP
        with_bad "an override to SS means nothing", "mov %ss:(%rbx), %eax", GP
        with_bad "load through FS", "mov %fs:(%rbx), %eax", GP
        with_bad_frame "RBP", "mov (%rbp), %eax", SS
        with_bad_frame "RBP with an override to DS", "mov %ds:(%rbp), %eax", SS
        with_bad_frame "RBP with FS", "mov %fs:(%rbp), %eax", GP
        with_bad_frame "RBP as an index", "mov (%rax, %rbp), %eax", GP
        with_bad_frame "LEAVE", "leave", SS
        with_bad_frame "R13", "mov %rbp, %r13; mov (%r13), %eax", GP
        with_bad_stack "RSP", "mov (%rsp), %eax", SS
        with_bad_stack "PUSH", "push %rax", SS
        with_bad_stack "POP", "pop %rax", SS
        with_bad_stack "CALL", "call arrive", SS
        with_bad_stack "RET", "ret", SS
        with_bad_stack "PUSHF", "pushf", SS
        with_bad_stack "ENTER", "enter $16, $0", SS
        with_bad_stack "IRET", "iretq", SS
        with_bad_stack "far RET", "lretq", SS
        with_bad_stack "POP to memory", "pop scratch", SS
        with_bad "PUSH from memory", "push (%rbx)", GP
        with_bad "LODSB", "mov %rbx, %rsi; lodsb", GP
        with_bad "STOSB", "mov %rbx, %rdi; stosb", GP
        with_bad "XLAT", "xor %eax, %eax; xlatb", GP
        with_bad "FXSAVE", "fxsave (%rbx)", GP
        with_bad "MOVUPS", "movups (%rbx), %xmm0", GP
        with_bad "CLFLUSH", "clflush (%rbx)", GP
        with_bad "PREFETCHT0", "prefetcht0 (%rbx)", DONE, NONE
        with_bad "INVLPG", "invlpg (%rbx)", DONE, NONE
        with_bad "LEA", "lea (%rbx), %rax", DONE, NONE
        with_bad "SGDT", "sgdt (%rbx)", GP
        with_bad "LGDT", "lgdt (%rbx)", GP
        with_bad "REP STOSB with RCX 0", "mov %rbx, %rdi; xor %ecx, %ecx; rep stosb", DONE, NONE

        # Branches: the fault is the branch's, not its target's.
        try
        bad_address bx
1:      jmp     *%rbx
        caught  "JMP", GP, 0, , $1b
        try
        bad_address bx
1:      call    *%rbx
        caught  "CALL", GP, 0, , $1b
        mov     resume_sp, %rax
        check   "CALL: RSP", f_sp, %rax
        try
        bad_address bx
        push    %rbx
1:      ret
        caught  "RET", GP, 0, , $1b
        try
        bad_address bx
        push    %rbx
        mov     %rsp, scratch
1:      ret     $16
        caught  "RET 16", GP, 0, , $1b
        check   "RET 16: RSP", f_sp, scratch
        try
        bad_address bx
        mov     %rbx, scratch
1:      jmp     *scratch
        caught  "JMP through memory", GP, 0, , $1b
        # Bases and tables.
        msr     "FS base", 0xC0000100, GP, 0
        msr     "GS base", 0xC0000101, GP, 0
        msr     "kernel GS base", 0xC0000102, GP, 0
        msr     "LSTAR", 0xC0000082, GP, 0
        msr     "CSTAR", 0xC0000083, GP, 0
        msr     "SYSENTER_ESP", 0x175, GP, 0
        msr     "SYSENTER_EIP", 0x176, GP, 0
        msr     "SYSENTER_CS, no address", 0x174, DONE
        mov     %cr4, %rax
        bts     $16, %rax
        mov     %rax, %cr4
        with_bad "WRFSBASE", "wrfsbase %rbx", GP
        with_bad "WRGSBASE", "wrgsbase %rbx", GP
        try
        lgdt    bad_table
        caught  "LGDT of such a base", GP, 0
        try
        lidt    bad_table
        caught  "LIDT of such a base", GP, 0
        system_descriptor T0, ldt, 15, 0x82
        movl    $0x8000, gdt+T0+8
        movl    $0, gdt+T0+12
        try
        mov     $T0, %eax
        lldt    %ax
        caught  "LLDT of such a base", GP, T0
        system_descriptor T0, tss, 103, 0x89
        movl    $0x8000, gdt+T0+8
        try
        mov     $T0, %eax
        ltr     %ax
        caught  "LTR of such a base", GP, T0
        movl    $0, gdt+T0+8
        system_descriptor T0, tss, 103, 0x81
        try
        mov     $T0, %eax
        ltr     %ax
        caught  "LTR of a 16-bit TSS", GP, T0
        # DR6, DR7.
        try
        mov     $0x100000000, %rax
        mov     %rax, %dr7
        caught  "DR7 bit 32", GP, 0
        try
        mov     $0x100000000, %rax
        mov     %rax, %dr6
        caught  "DR6 bit 32", GP, 0

        # Far transfers.
        far_jump "JMP", CODE64, arrive, DONE
        movw    $CODE64, pointer+8
        try
        bad_address ax
        mov     %rax, pointer
        rex.w ljmp *pointer
        caught  "far JMP to what is not canonical", GP, 0
        far_jump "far JMP to data", DATA32, arrive, GP, DATA32
        far_jump "far JMP to the TSS", TSS, arrive, GP, TSS
        far_jump "far JMP to compatibility code", CODE32, arrive, DONE
        check   "compatibility code: CS", f_cs, $CODE32
        descriptor T0, 0, 0xFFFFF, 0x9B, 0xE
        far_jump "far JMP to code with L and D", T0, arrive, GP, T0
        try
        movq    $arrive, pointer
        movw    $CODE64, pointer+4
        ljmp    *pointer
        caught  "far JMP m16:32", DONE
        # Call gates are 16 bytes.
        gate    gdt+GATE, CODE64, arrive, 0xEC
        movl    $0, gdt+GATE+8
        movl    $0, gdt+GATE+12
        movw    $GATE, pointer+8
        try
        rex.w lcall *pointer
        caught  "CALL through a gate", DONE
        try
        to_ring USER_CODE64
1:      rex.w lcall *pointer
2:      caught  "CALL through a gate inwards", DONE
        mov     f_sp, %rax
        check   "CALL inwards: RSP", %rax, $ring0_stack_top-32
        check   "CALL inwards: RIP", ring0_stack_top-32, $2b
        check   "CALL inwards: CS", ring0_stack_top-24, $USER_CODE64
        check   "CALL inwards: caller's RSP", ring0_stack_top-16, $user_stack_top
        check   "CALL inwards: caller's SS", ring0_stack_top-8, $USER_DATA
        check   "CALL inwards: SS is null", f_ss, $0
        movl    $0x8000, gdt+GATE+8
        try
        rex.w lcall *pointer
        caught  "CALL through a gate to what is not canonical", GP, 0
        movl    $0, gdt+GATE+8
        movl    $0x0100, gdt+GATE+12
        try
        rex.w lcall *pointer
        caught  "CALL through a gate with a type in its upper half", GP, GATE
        movl    $0, gdt+GATE+12
        movw    $CODE32, gdt+GATE+2
        try
        rex.w lcall *pointer
        caught  "CALL through a gate to compatibility code", GP, CODE32
        gate    gdt+GATE, CODE64, arrive, 0xE5
        try
        rex.w lcall *pointer
        caught  "CALL through a task gate", GP, GATE

        # IRET.
        iret_to "IRET to 64-bit code", USER_CODE64, USER_DATA, DONE
        iret_to "IRET to compatibility code", USER_CODE32, USER_DATA, DONE
        iret_to "IRET to privilege 0 with a null SS", CODE64, 0, DONE
        iret_to "IRET to privilege 3 with a null SS", USER_CODE64, 3, GP, 0
        iret_to "IRET to compatibility code with a null SS", USER_CODE32, 3, GP, 0
        iret_to "IRET to privilege 1", RING1_CODE, RING1_DATA, DONE
        iret_to "IRET to what is not canonical", USER_CODE64, USER_DATA, GP, 0, 0x800000000000
        iret_to "IRET: SS of another privilege", USER_CODE64, DATA32+3, GP, DATA32
        iret_to "IRET: CS beyond the GDT", GDT_SIZE+3, USER_DATA, GP, GDT_SIZE
        try
        pushq   $DATA32
        pushq   $user_stack_top
        pushq   $0x4002
        popfq
        iretq
        caught  "IRET with NT", GP, 0
        # IRET to the same privilege takes RSP from the stack.
        try
        pushq   $DATA32
        pushq   $user_stack_top-64
        pushq   $2
        pushq   $CODE64
        pushq   $arrive
        iretq
        caught  "IRET to privilege 0", DONE
        check   "IRET to privilege 0: RSP", f_sp, $user_stack_top-64

        # Interrupts: the stack is aligned, SS is null behind a change of privilege, IST.
        movb    $0x8E, idt+0x50*16+5
        movb    $0, idt+0x50*16+4
        try
        lea     -3(%rsp), %rsp
        int     $0x50
        caught  "INT with RSP misaligned", 0x50
        mov     resume_sp, %rax
        sub     $3, %rax
        check   "INT: RSP pushed", f_sp, %rax
        and     $~15, %rax
        sub     $40, %rax
        check   "INT: frame aligned", f_frame, %rax
        movb    $0xEE, idt+0x50*16+5
        try
        to_ring USER_CODE64
        int     $0x50
        caught  "INT inwards", 0x50
        check   "INT inwards: frame", f_frame, $ring0_stack_top-40
        movb    $2, idt+0x50*16+4       # IST2, which is not canonical
        bad_address ax
        mov     %rax, tss+44
        try
        int     $0x50
        caught  "INT: IST is not canonical", SS, 0
        movb    $1, idt+0x50*16+4
        movl    $0x8000, idt+0x50*16+8
        try
        int     $0x50
        caught  "INT to what is not canonical", GP, 0
        movl    $0, idt+0x50*16+8
        movw    $CODE32, idt+0x50*16+2
        try
        int     $0x50
        caught  "INT to compatibility code", GP, CODE32
        movw    $CODE64, idt+0x50*16+2
        movb    $0x85, idt+0x50*16+5
        try
        int     $0x50
        caught  "INT through a task gate", GP, 0x50*8+2
        movb    $0x86, idt+0x50*16+5
        try
        int     $0x50
        caught  "INT through a 16-bit gate", GP, 0x50*8+2
        # The exception's own stack is not there: a double fault.
        bad_address ax
        mov     %rax, tss+4
        movb    $0, idt+GP*16+4
        try
        to_ring USER_CODE64
        hlt
        caught  "#GP inwards, RSP0 is not canonical", DF, 0
        movq    $ring0_stack_top, tss+4
        movb    $1, idt+GP*16+4

        # What 64-bit mode has not.
        .irp    opcode, 0x06, 0x07, 0x0E, 0x16, 0x17, 0x1E, 0x1F, 0x27, 0x2F, 0x37, 0x3F, 0x60, 0x61, 0x82, 0x9A, 0xCE, 0xD4, 0xD5, 0xD6, 0xEA
        try
        .byte   \opcode, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90
        caught  "opcode \opcode", UD
        .endr
        ret

arrive: int3
        .align  8
pointer: .quad  0, 0
scratch: .quad  0
ldt:    .quad   0, 0
bad_table:
        .word   0xFF
        .quad   0x800000000000
