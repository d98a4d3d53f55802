# Real mode: interrupts through the IVT, segments of 64 KiB and beyond (unreal mode), A20, what does not exist there
# (Intel SDM vol. 3B, §20.1).
        .set    LONG, 0
        .include "guest.inc"

        .macro  one name, insn, vector
        try
        real_code
        \insn
        end_real
        caught  "\name", \vector
        .endm
        .macro  low name, at, want
        movzwl  \at, %eax
        check   "\name", %eax, $\want
        .endm

        .text
        .code32
main:
        one     "INT3", "nop", DONE
        try
        real_code
        sti
        cli
        stc
10:     int     $0x50
11:     end_real
        caught  "INT", 0x50
        check   "INT: IP", f_ip, $11b
        check   "INT: CS", f_cs, $0
        mov     f_flags, %eax
        and     $0xF001, %eax
        check   "INT: flags", %eax, $0x1
        check   "INT: SP", f_sp, $REAL_STACK
        try
        real_code
        xor     %cx, %cx
10:     div     %cx
        end_real
        caught  "DIV by zero", DE
        check   "DIV by zero: IP", f_ip, $10b
        one     "UD2", "ud2", UD
        one     "INTO", "mov $0x7FFF, %ax; inc %ax; into", OF
        # IF and TF are clear in the handler.
        try
        real_code
        movw    $real_handler, 0x51*4
        movw    $0, 0x51*4+2
        pushw   $0x302
        popf
        int     $0x51
        nop
        end_real
        caught  "INT with IF and TF", DONE
        low     "INT with IF and TF: flags in the handler", seen_flags, 2
        # Single steps.
        try
        real_code
        pushw   $0x102
        popf
        nop
10:     nop
        end_real
        caught  "TF", DB
        check   "TF: IP", f_ip, $10b
        # The table's limit.
        try
        real_code
        lidtl   short_ivt
        int     $0x50
        end_real
        caught  "INT beyond the table's limit", GP
        # Instructions that exist in protected mode only, and those that do not ask for privilege here.
        one     "ARPL", "arpl %ax, %ax", UD
        one     "LLDT", "lldt %ax", UD
        one     "STR", "str %ax", UD
        one     "VERR", "verr %ax", UD
        one     "LAR", "lar %ax, %ax", UD
        one     "SMSW", "smsw %ax", DONE
        one     "MOV from CR0", "mov %cr0, %eax", DONE
        one     "LOCK NOP", ".byte 0xF0, 0x90", UD
        one     "LGDT", "lgdtl low_gdt_pointer", DONE
        one     "SYSENTER", ".byte 0x0F, 0x34", GP
        one     "16 bytes", ".fill 15, 1, 0x66; nop", GP
        one     "MOV to CS", ".byte 0x8E, 0xC8", UD
        one     "BOUND", "movl $0, 0x7000; mov $1, %ax; bound %ax, 0x7000", BR
        # IOPL and NT are the program's to change.
        try
        real_code
        pushw   $0x7002
        popf
        pushf
        pop     %ax
        mov     %ax, seen_flags
        pushw   $2
        popf
        end_real
        caught  "POPF", DONE
        low     "POPF of IOPL and NT", seen_flags, 0x7002

        # 64 KiB.
        one     "a byte at FFFFh", "movb 0xFFFF, %al", DONE
        one     "a word at FFFFh", "movw 0xFFFF, %ax", GP
        one     "a doubleword at FFFDh", "movl 0xFFFD, %eax", GP
        one     "a write of a word at FFFFh", "movw %ax, 0xFFFF", GP
        one     "32-bit address 10000h", "mov $0x10000, %ebx; movb (%ebx), %al", GP
        one     "[BP] at FFFFh", "mov $0xFFFF, %bp; movw (%bp), %ax", SS
        one     "SS: at FFFFh", "movw %ss:0xFFFF, %ax", SS
        one     "LODSW at FFFFh", "mov $0xFFFF, %si; lodsw", GP
        one     "16-bit addresses wrap", "mov $0x8000, %bx; mov $0x8000, %si; movb (%bx,%si), %al", DONE
        one     "POP at SP = FFFFh", "mov $0xFFFF, %sp; pop %ax", SS
        try
        real_code
        mov     $0x2000, %ax
        mov     %ax, %ss
        mov     $0, %sp
        push    %ax
        end_real
        caught  "PUSH at SP = 0", DONE
        mov     f_sp, %eax
        check   "PUSH at SP = 0: SP", %eax, $0xFFFE
        try
        real_code
        mov     $0x12347F00, %esp
        push    %ax
        push    %eax
        pop     %ax
        end_real
        caught  "PUSH with ESP's upper half in use", DONE
        check   "PUSH with ESP's upper half in use: ESP", f_sp, $0x12347EFC
        one     "JMP above FFFFh", "mov $0x18000, %eax; jmpl *%eax", GP
        one     "far JMP above FFFFh", "ljmpl $0, $0x18000", GP
        # Execution that runs over FFFFh.
        try
        real_code
        mov     $0x3000, %ax
        mov     %ax, %es
        movb    $0x90, %es:0xFFFF
        ljmp    $0x3000, $0xFFFF
        end_real
        caught  "execution at 10000h", GP
        try
        real_code
        mov     $0x3000, %ax
        mov     %ax, %es
        movb    $0xB0, %es:0xFFFF       # mov, without its immediate
        ljmp    $0x3000, $0xFFFF
        end_real
        caught  "an instruction across FFFFh", GP
        check   "an instruction across FFFFh: IP", f_ip, $0xFFFF
        # Far calls and returns.
        try
        real_code
        lcall   $0x100, $real_far-0x1000
10:     nop
        end_real
        caught  "far CALL and RET", DONE
        low     "far CALL: CS", seen_cs, 0x100

        # A20: FFFF:0010 is 100000h, or 0.
        try
        real_code
        mov     $0xFFFF, %ax
        mov     %ax, %es
        movl    $0x13579BDF, 0x500
        mov     $0xDD, %ah              # both gates: the keyboard controller's and port 92h
        call    keyboard_output
        in      $0x92, %al
        and     $0xFC, %al
        out     %al, $0x92
        mov     %es:0x510, %edx
        or      $2, %al
        out     %al, $0x92
        mov     $0xDF, %ah
        call    keyboard_output
        mov     %edx, seen_a20
        end_real
        caught  "A20", DONE
        check   "A20 masked", seen_a20, $0x13579BDF

        # Unreal mode: limits stay from protected mode.
        try
        real_code
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        mov     $DATA32, %bx
        mov     %bx, %fs
        and     $0xFE, %al
        mov     %eax, %cr0
        xor     %ax, %ax
        mov     %ax, %fs
        mov     $unreal_datum, %ebx
        mov     %fs:(%ebx), %eax
        mov     %eax, %cs:seen_unreal
        end_real
        caught  "unreal mode", DONE
        check   "unreal mode: above 1 MiB", seen_unreal, $0x2468ACE0
        # DS was not changed.
        try
        real_code
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        mov     $DATA32, %bx
        mov     %bx, %fs
        and     $0xFE, %al
        mov     %eax, %cr0
        mov     $unreal_datum, %ebx
        mov     (%ebx), %eax
        end_real
        caught  "unreal mode, another segment", GP
        # IRET's flags with 32 bits.
        try
        real_code
        pushl   $0x40246                # AC
        pushl   $0
        pushl   $10f
        iretl
        nop
10:     pushfl
        pop     %eax
        mov     %eax, seen_unreal
        cli
        end_real
        caught  "IRETD", DONE
        check   "IRETD: AC and IF", seen_unreal, $0x40246
        ret

unreal_datum: .long 0x2468ACE0
        .section .low, "awx"
        .code16
real_handler:
        pushf
        pop     %cs:seen_flags
        int3
keyboard_output:
        in      $0x64, %al
        test    $2, %al
        jnz     keyboard_output
        mov     $0xD1, %al
        out     %al, $0x64
1:      in      $0x64, %al
        test    $2, %al
        jnz     1b
        mov     %ah, %al
        out     %al, $0x60
1:      in      $0x64, %al
        test    $2, %al
        jnz     1b
        ret
real_far:
        mov     %cs, seen_cs
        lret
seen_flags: .word 0
seen_cs: .word  0
seen_a20: .long 0
seen_unreal: .long 0
short_ivt:
        .word   0x50*4-1
        .long   0
        .text
