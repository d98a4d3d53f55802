# Virtual-8086 mode: what IOPL, the I/O bitmap and the virtual-8086 extensions decide, what the monitor finds on its stack,
# segments of 64 KiB; the protected-mode virtual interrupt flag (Intel SDM vol. 3B, chapter 20).
        .set    LONG, 0
        .include "guest.inc"

        .set    IOPL0, 0x20002
        .set    IOPL3, 0x23002
        .set    VIF, 0x80000
        .set    VIP, 0x100000

        # One instruction in V86 mode.
        .macro  one name, flags, insn, vector, error=NONE
        try
        v86_code \flags
        \insn
        end_v86
        caught  "\name", \vector, \error
        .endm
        .macro  cr4_bits set=0, clear=0
        mov     %cr4, %eax
        or      $\set, %eax
        and     $~(\clear), %eax
        mov     %eax, %cr4
        .endm
        .macro  flag name, bit, want
        mov     f_flags, %eax
        and     $\bit, %eax
        check   "\name", %eax, $\want
        .endm

        .text
        .code32
main:
        # What the monitor finds.
        try
        pushl   $0x4444                 # GS, FS, DS, ES
        pushl   $0x3333
        pushl   $0x2222
        pushl   $0x1111
        pushl   $0
        pushl   $REAL_STACK
        pushl   $IOPL3
        pushl   $0
        pushl   $into_v86
        iret
        caught  "V86 mode", DONE
        check   "ESP", f_sp, $REAL_STACK
        check   "CS", f_cs, $0
        check   "frame", f_frame, $ring0_stack_top-36
        check   "ES", ring0_stack_top-16, $0x1111
        check   "DS", ring0_stack_top-12, $0x2222
        check   "FS", ring0_stack_top-8, $0x3333
        check   "GS", ring0_stack_top-4, $0x4444
        # Data segments are null in the handler.
        gate    idt+0x50*8, CODE32, look_at_segments, 0xEE
        one     "INT at IOPL 3", IOPL3, "int $0x50", DONE
        check   "segments in the handler", seen, $0

        # IOPL decides.
        one     "CLI at IOPL 0", IOPL0, "cli", GP, 0
        one     "STI at IOPL 0", IOPL0, "sti", GP, 0
        one     "PUSHF at IOPL 0", IOPL0, "pushf", GP, 0
        one     "POPF at IOPL 0", IOPL0, "popf", GP, 0
        one     "INT at IOPL 0", IOPL0, "int $0x50", GP, 0
        one     "IRET at IOPL 0", IOPL0, "iret", GP, 0
        one     "INT3 at IOPL 0", IOPL0, "nop", DONE
        one     "CLI at IOPL 3", IOPL3, "cli", DONE
        one     "PUSHF and POPF at IOPL 3", IOPL3, "pushf; popf", DONE
        try
        v86_code IOPL0
        mov     $0x7FFF, %ax
        inc     %ax
        into
        end_v86
        caught  "INTO at IOPL 0", OF
        try
        v86_code IOPL3
        pushw   $0x3000
        popf
        pushf
        pop     %bx
        end_v86
        caught  "POPF of IF at IOPL 3", DONE
        try
        v86_code IOPL3
        pushw   $0x0002                 # cannot change IOPL
        popf
        end_v86
        caught  "POPF of IOPL", DONE
        flag    "POPF of IOPL: IOPL", 0x3000, 0x3000
        try
        v86_code IOPL3
        pushl   $0x0002                 # nor VM
        popfl
        end_v86
        caught  "POPFD of VM", DONE
        flag    "POPFD of VM: VM", 0x20000, 0x20000
        try
        v86_code IOPL3
        pushw   $0x0246
        pushw   $0
        pushw   $10f
        iret
        nop
10:     cli
        end_v86
        caught  "IRET at IOPL 3", DONE
        flag    "IRET at IOPL 3: ZF, VM and IOPL", 0x23040, 0x23040
        # INT to a handler of another privilege than 0.
        gate    idt+0x50*8, RING1_CODE, arrive, 0xEE
        one     "INT to privilege 1", IOPL3, "int $0x50", GP, 0x70
        gate    idt+0x50*8, CODE32, arrive, 0x8E
        one     "INT through a gate of privilege 0", IOPL3, "int $0x50", GP, 0x50*8+2
        descriptor T0, 0, 0xFFFFF, 0x9F, 0xC
        gate    idt+0x50*8, T0, arrive, 0xEE
        one     "INT to conforming code", IOPL3, "int $0x50", GP, T0

        # Ports: the bitmap, whatever IOPL.
        one     "IN, allowed", IOPL0, "in $0x80, %al", DONE
        orb     $1, tss+104+0x10
        one     "IN, forbidden", IOPL0, "in $0x80, %al", GP, 0
        one     "IN, forbidden, IOPL 3", IOPL3, "in $0x80, %al", GP, 0
        one     "IN of two, the second forbidden", IOPL3, "in $0x7F, %ax", GP, 0
        one     "INSB, forbidden", IOPL3, "mov $0x80, %dx; insb", GP, 0
        andb    $~1, tss+104+0x10

        # What a program may never do, and what does not exist.
        one     "HLT", IOPL3, "hlt", GP, 0
        one     "MOV from CR0", IOPL3, "mov %cr0, %eax", GP, 0
        one     "MOV from DR0", IOPL3, "mov %dr0, %eax", GP, 0
        one     "LGDT", IOPL3, "lgdtl 0", GP, 0
        one     "CLTS", IOPL3, "clts", GP, 0
        one     "RDMSR", IOPL3, "rdmsr", GP, 0
        one     "SMSW", IOPL3, "smsw %ax", DONE
        one     "SGDT", IOPL3, "sgdtl 0x7000", DONE
        one     "LLDT", IOPL3, "lldt %ax", UD
        one     "STR", IOPL3, "str %ax", UD
        one     "VERR", IOPL3, "verr %ax", UD
        one     "LAR", IOPL3, "lar %ax, %ax", UD
        one     "ARPL", IOPL3, "arpl %ax, %ax", UD
        one     "UD2", IOPL3, "ud2", UD

        # Segments.
        one     "a word at FFFFh", IOPL3, "movw 0xFFFF, %ax", GP, 0
        one     "a byte at FFFFh", IOPL3, "movb 0xFFFF, %al", DONE
        one     "a doubleword at FFFEh", IOPL3, "movl 0xFFFE, %eax", GP, 0
        one     "32-bit address above FFFFh", IOPL3, "mov $0x10000, %ebx; movb (%ebx), %al", GP, 0
        one     "a word at BP = FFFFh", IOPL3, "mov $0xFFFF, %bp; movw (%bp), %ax", SS, 0
        one     "POP at SP = FFFFh", IOPL3, "mov $0xFFFF, %sp; pop %ax", SS, 0
        one     "PUSH at SP = 1", IOPL3, "mov $1, %sp; push %ax", SS, 0
        one     "PUSH at SP = 0 wraps", IOPL3, "mov $0, %ax; mov $0x2000, %bx; mov %bx, %ss; mov $0, %sp; push %ax", DONE
        check   "PUSH at SP = 0 wraps: SP", f_sp, $0xFFFE
        one     "far JMP", IOPL3, "ljmp $0x100, $v86_far-0x1000", DONE
        check   "far JMP: CS", f_cs, $0x100
        one     "a near JMP above FFFFh", IOPL3, "mov $0x12345, %eax; jmpl *%eax", GP, 0
        one     "a segment register takes anything", IOPL3, "mov $0xFFFF, %ax; mov %ax, %ds; movb 0xF, %al", DONE

        # The virtual-8086 extensions.
        mov     $1, %eax
        cpuid
        test    $2, %dl
        jz      no_vme
        movw    $136, tss+102           # the redirection bitmap is at 104
        cr4_bits 1
        one     "VME: CLI", IOPL0|VIF, "cli", DONE
        flag    "VME: CLI clears VIF", VIF, 0
        one     "VME: STI", IOPL0, "sti", DONE
        flag    "VME: STI sets VIF", VIF, VIF
        flag    "VME: STI leaves IF", 0x200, 0
        one     "VME: STI with VIP", IOPL0|VIP, "sti", GP, 0
        one     "VME: CLI with VIP", IOPL0|VIP, "cli", DONE
        try
        v86_code IOPL0|VIF
        pushf
        pop     %bx
        mov     %bx, seen_low
        end_v86
        caught  "VME: PUSHF", DONE
        movzwl  seen_low, %eax
        and     $0x3200, %eax
        check   "VME: PUSHF shows VIF as IF, and IOPL 3", %eax, $0x3200
        one     "VME: POPF of IF", IOPL0, "pushw $0x202; popf", DONE
        flag    "VME: POPF of IF sets VIF", VIF, VIF
        one     "VME: POPF of TF", IOPL0, "pushw $0x102; popf", GP, 0
        one     "VME: POPF of IF with VIP", IOPL0|VIP, "pushw $0x202; popf", GP, 0
        one     "VME: PUSHFD", IOPL0, "pushfl", GP, 0
        one     "VME: POPFD", IOPL0, "popfl", GP, 0
        one     "VME: IRETD", IOPL0, "iretl", GP, 0
        # INT 60h through the program's own table.
        movw    $v86_handler, 0x60*4
        movw    $0, 0x60*4+2
        one     "VME: INT, redirected, IOPL 0", IOPL0|VIF, "int $0x60", DONE
        flag    "VME: INT clears VIF", VIF, 0
        movzwl  REAL_STACK-2, %eax
        and     $0x3200, %eax
        check   "VME: INT pushes IF as VIF, and IOPL 3", %eax, $0x3200
        one     "VME: INT, redirected, IOPL 3", IOPL3, "int $0x60", DONE
        check   "VME: INT, redirected, IOPL 3: SP", f_sp, $REAL_STACK-6
        one     "VME: INT and IRET", IOPL0|VIF, "movw $v86_return, 0x180; int $0x60", DONE
        flag    "VME: IRET sets VIF again", VIF, VIF
        check   "VME: INT and IRET: SP", f_sp, $REAL_STACK
        orb     $1, tss+104+0x60/8
        one     "VME: INT, not redirected, IOPL 0", IOPL0, "int $0x60", GP, 0
        gate    idt+0x60*8, CODE32, stubs+16*0x60, 0xEE
        one     "VME: INT, not redirected, IOPL 3", IOPL3, "int $0x60", 0x60
        one     "VME: INT3 is never redirected", IOPL0, "nop", DONE
        cr4_bits 0, 1

        # Protected mode's virtual interrupt flag.
        cr4_bits 2
        try
        to_ring USER_CODE32, USER_DATA, VIF|2
        cli
        caught  "PVI: CLI", DONE
        flag    "PVI: CLI clears VIF", VIF, 0
        try
        to_ring USER_CODE32, USER_DATA, 2
        sti
        caught  "PVI: STI", DONE
        flag    "PVI: STI sets VIF", VIF, VIF
        try
        to_ring USER_CODE32, USER_DATA, VIP|2
        sti
        caught  "PVI: STI with VIP", GP, 0
        try
        to_ring RING1_CODE, RING1_DATA, 2
        cli
        caught  "PVI: CLI at privilege 1", GP, 0
        try
        to_ring USER_CODE32, USER_DATA, 2
        pushl   $0x202
        popf
        caught  "PVI: POPF", DONE
        flag    "PVI: POPF leaves VIF and IF", VIF|0x200, 0
        cr4_bits 0, 2
no_vme:
        # UMIP.
        mov     $7, %eax
        xor     %ecx, %ecx
        cpuid
        bt      $2, %ecx
        jnc     no_umip
        one     "SIDT without UMIP", IOPL3, "sidt seen_low", DONE
        cr4_bits 1<<11
        .irp    insn, "sidt seen_low", "sgdt seen_low", "smsw %ax"
        one     "UMIP: \insn", IOPL3, "\insn", GP, 0
        .endr
        .irp    insn, "sldt %ax", "str %ax"
        one     "UMIP: \insn is not there", IOPL3, "\insn", UD
        .endr
        try
        real_code
        sidt    seen_low
        smsw    %ax
        end_real
        caught  "UMIP: SIDT and SMSW in real mode", DONE
        cr4_bits 0, 1<<11
no_umip:
        # A fault of the monitor's IRET into V86 mode: none, whatever the selectors.
        try
        v86_code IOPL3|0x4000           # NT
        mov     $0, %ax
        end_v86
        caught  "V86 mode with NT", DONE
        ret

arrive: int3
look_at_segments:
        mov     %ds, %eax
        mov     %es, %ebx
        or      %ebx, %eax
        mov     %fs, %ebx
        or      %ebx, %eax
        mov     %gs, %ebx
        or      %ebx, %eax
        movzwl  %ax, %eax
        mov     %eax, %ss:seen
        int3
seen:   .long   0
        .section .low, "awx"
        .code16
into_v86:
        int3
v86_far:
        int3
v86_handler:
        int3
v86_return:
        iret
seen_low: .fill 10, 1, 0
        .text
