# Debug registers, single steps and the shadows of STI and MOV SS, in protected mode (Intel SDM vol. 3B, §17.2 and §17.3;
# vol. 3A, §6.8.3; vol. 2, MOV, STI, POPF).
        .set    LONG, 0
        .include "guest.inc"

        .set    BS, 0x4000
        .set    BD, 0x2000
        .set    L0, 0x401               # with bit 10, which is always set
        .set    EXECUTE, 0
        .set    WRITE, 1<<16
        .set    IO, 2<<16
        .set    ANY, 3<<16
        .set    LEN1, 0
        .set    LEN2, 1<<18
        .set    LEN4, 3<<18

        .macro  watch address, control
        mov     $\address, %eax
        mov     %eax, %dr0
        xor     %eax, %eax
        mov     %eax, %dr6
        mov     $\control, %eax
        mov     %eax, %dr7
        .endm
        .macro  no_watch
        mov     $0x400, %eax
        mov     %eax, %dr7
        .endm
        .macro  dr6_is name, want
        mov     f_dr6, %eax
        and     $0xE00F, %eax
        check   "\name: DR6", %eax, $\want
        xor     %eax, %eax
        mov     %eax, %dr6
        .endm
        .macro  rf_is name, want
        mov     f_flags, %eax
        and     $0x10000, %eax
        check   "\name: RF", %eax, $\want
        .endm
        .macro  step_on                 # TF from the next instruction but one on
        pushl   $0x102
        popf
        .endm

        .text
        .code32
main:
        # Instruction breakpoints: a fault, before the instruction.
        watch   10f, L0|EXECUTE
        xor     %ebx, %ebx
        try
        nop
10:     inc     %ebx
        nop
        caught  "execution", DB, ip=$10b
        check   "execution: before the instruction", %ebx, $0
        dr6_is  "execution", 1
        rf_is   "execution", 0
        # RF lets one instruction through.
        watch   10f, L0|EXECUTE
        try
        pushl   $0x10002
        pushl   $CODE32
        pushl   $10f
        iret
        nop
10:     inc     %ebx
        caught  "IRET with RF", DONE
        check   "IRET with RF: the instruction ran", %ebx, $1
        mov     $3, %ebp
        watch   10f, L0|EXECUTE
        try
        pushl   $0x10002
        pushl   $CODE32
        pushl   $10f
        iret
9:      nop
10:     dec     %ebp
        jnz     10b
        caught  "RF is gone behind one instruction", DB, ip=$10b
        check   "RF is gone: once", %ebp, $2
        # A fault while RF is set pushes it.
        watch   10f, L0|EXECUTE
        try
        pushl   $0x10002
        pushl   $CODE32
        pushl   $10f
        iret
10:     ud2
        caught  "a fault at a breakpoint with RF", UD, ip=$10b
        rf_is   "a fault", 0x10000
        no_watch
        try
        ud2
        caught  "a fault", UD
        rf_is   "a fault, RF was clear", 0x10000
        try
        int     $0x50
        caught  "INT", 0x50
        rf_is   "INT", 0
        # POPF cannot set RF.
        try
        pushl   $0x10002
        popf
        pushf
        pop     %ebx
        caught  "POPF with RF", DONE
        check   "POPF with RF: flags", %ebx, $2
        # The breakpoint comes before the instruction's own fault; a length other than 1 means nothing here.
        watch   10f, L0|EXECUTE
        try
10:     ud2
        caught  "breakpoint on UD2", DB, ip=$10b
        # Enabled globally.
        watch   10f, 0x402
        try
10:     nop
        caught  "G0", DB, ip=$10b
        watch   10f, 0x400
        try
10:     nop
        caught  "neither L0 nor G0", DONE

        # Data breakpoints: a trap, behind the instruction.
        watch   datum, L0|WRITE|LEN4
        try
        movl    $1, datum
10:     nop
        caught  "write", DB, ip=$10b
        dr6_is  "write", 1
        watch   datum, L0|WRITE|LEN4
        try
        mov     datum, %eax
        nop
        caught  "write: a read", DONE
        watch   datum, L0|ANY|LEN4
        try
        mov     datum, %eax
10:     nop
        caught  "any: a read", DB, ip=$10b
        watch   datum+2, L0|ANY|LEN2
        try
        mov     datum, %ax
        movb    datum+4, %al
        nop
        caught  "beside it", DONE
        watch   datum+3, L0|WRITE|LEN1
        try
        movl    $1, datum
10:     nop
        caught  "the last byte of an access", DB, ip=$10b
        watch   datum+1, L0|WRITE|LEN4          # its low address bits are ignored
        try
        movb    $1, datum
10:     nop
        caught  "LEN 4 at an odd address", DB, ip=$10b
        watch   datum, L0|WRITE|LEN4
        try
        incl    datum
10:     nop
        caught  "read-modify-write", DB, ip=$10b
        watch   datum, L0|WRITE|LEN4
        try
        mov     $datum-4, %edi
        mov     $4, %ecx
        rep stosl
        nop
        caught  "REP STOS", DB
        check   "REP STOS: the iteration behind it has not begun", %ecx, $2
        watch   datum, L0|ANY|LEN4
        try
        push    datum
10:     nop
        caught  "PUSH from memory", DB, ip=$10b
        watch   datum, L0|ANY|LEN4
        try
        mov     $datum, %eax
        lea     (%eax), %eax
        prefetcht0 (%eax)
        nop
        caught  "LEA, PREFETCH", DONE
        # Not enabled: DR6 may say so, no exception.
        watch   datum, 0x400|WRITE|LEN4
        try
        movl    $1, datum
        nop
        caught  "a breakpoint that is off", DONE
        # Two at once.
        mov     $datum+2, %eax
        mov     %eax, %dr1
        watch   datum, L0|4|WRITE|LEN2|(WRITE|LEN2)<<4
        try
        movl    $1, datum
        nop
        caught  "two at once", DB
        dr6_is  "two at once", 3
        xor     %eax, %eax
        mov     %eax, %dr1
        # A fault takes the instruction with it: no trap.
        watch   datum, L0|ANY|LEN4
        descriptor T0, 0, 0xFFF, 0x93, 4
        mov     $T0, %eax
        mov     %eax, %es
        try
        mov     $datum, %esi
        mov     $0x1000, %edi
        movsl
        caught  "MOVSL that faults in its write", GP, 0
        mov     $DATA32, %eax
        mov     %eax, %es

        # I/O breakpoints.
        mov     %cr4, %eax
        or      $8, %eax
        mov     %eax, %cr4              # DE
        watch   0x80, L0|IO|LEN1
        try
        out     %al, $0x80
10:     nop
        caught  "I/O write", DB, ip=$10b
        watch   0x80, L0|IO|LEN1
        try
        in      $0x80, %al
10:     nop
        caught  "I/O read", DB, ip=$10b
        watch   0x81, L0|IO|LEN1
        try
        in      $0x80, %ax
10:     nop
        caught  "I/O, the second port", DB, ip=$10b
        watch   0x80, L0|IO|LEN1
        try
        in      $0x81, %al
        movb    0x80, %al
        nop
        caught  "I/O, another port, memory", DONE
        no_watch
        try
        .byte   0x0F, 0x21, 0xE0        # mov %dr4, %eax
        caught  "DR4 with DE", UD
        mov     %cr4, %eax
        and     $~8, %eax
        mov     %eax, %cr4
        try
        .byte   0x0F, 0x21, 0xE0
        caught  "DR4 without DE", DONE

        # DR7.GD.
        mov     $0x2400, %eax
        try
        mov     %eax, %dr7
10:     mov     %dr0, %eax
        caught  "GD", DB, ip=$10b
        dr6_is  "GD", BD
        mov     %dr7, %eax
        check   "GD is clear in the handler", %eax, $0x400
        try
        to_ring
        mov     %dr0, %eax
        caught  "MOV from DR0 at privilege 3", GP, 0
        # What reads back.
        mov     $0xFFFFFFFF, %eax
        mov     %eax, %dr6
        mov     %dr6, %eax
        and     $0xFFFEEFFF, %eax       # RTM and what later processors have
        and     $0xFFFFF7FF, %eax       # BLD
        check   "DR6 of all ones", %eax, $0xFFFEE7FF
        xor     %eax, %eax
        mov     %eax, %dr6
        mov     %dr6, %eax
        check   "DR6 of zeros", %eax, $0xFFFF0FF0
        xor     %eax, %eax
        mov     %eax, %dr7
        mov     %dr7, %eax
        check   "DR7 of zeros", %eax, $0x400

        # Single steps.
        try
        step_on
10:     nop
11:     nop
        caught  "TF", DB, ip=$11b
        dr6_is  "TF", BS
        mov     f_flags, %eax
        and     $0x100, %eax
        check   "TF: in the pushed flags", %eax, $0x100
        try
        pushl   $0x102
        pushl   $CODE32
        pushl   $10f
        iret
        nop
10:     nop
11:     nop
        caught  "IRET with TF", DB, ip=$11b
        dr6_is  "IRET with TF", BS
        try
        step_on
        jmp     10f
        nop
10:     nop
        caught  "TF and JMP", DB, ip=$10b
        dr6_is  "TF and JMP", BS
        try
        mov     $3, %ecx
        mov     $datum, %edi
        step_on
10:     rep stosb
        nop
        caught  "TF and REP", DB, ip=$10b
        check   "TF and REP: an iteration", %ecx, $2
        dr6_is  "TF and REP", BS
        try
        step_on
        int     $0x50
        caught  "TF and INT: the handler is not stepped", 0x50
        try
        step_on
10:     ud2
        caught  "TF and a fault: the fault alone", UD, ip=$10b
        try
        step_on
        pushl   $2
        caught  "TF and PUSH", DB
        xor     %eax, %eax
        mov     %eax, %dr6
        # POPF that clears TF is still followed by a trap: TF was set when it began.
        try
        pushl   $2
        step_on
        popf
10:     nop
        caught  "POPF clears TF", DB, ip=$10b
        dr6_is  "POPF clears TF", BS
        # Single step and data breakpoint together.
        watch   datum, L0|WRITE|LEN4
        try
        step_on
        movl    $1, datum
        nop
        caught  "TF and a write", DB
        dr6_is  "TF and a write", BS|1
        no_watch

        # ICEBP.
        try
        .byte   0xF1
10:     nop
        caught  "ICEBP", DB, ip=$10b
        dr6_is  "ICEBP", 0
        try
        to_ring
        .byte   0xF1
        caught  "ICEBP at privilege 3, its gate's privilege 0", DB
        xor     %eax, %eax
        mov     %eax, %dr6

        # The shadow of MOV SS and POP SS: no trap between it and the next instruction.
        mov     $DATA32, %ebx
        try
        step_on
        mov     %ebx, %ss
        nop
10:     nop
        caught  "TF and MOV SS", DB, ip=$10b
        dr6_is  "TF and MOV SS", BS
        try
        push    %ebx
        step_on
        pop     %ss
        nop
10:     nop
        caught  "TF and POP SS", DB, ip=$10b
        dr6_is  "TF and POP SS", BS
        # Two in a row: the second does not extend the shadow.
        try
        step_on
        mov     %ebx, %ss
        mov     %ebx, %ss
10:     nop
        nop
        caught  "TF and MOV SS twice", DB, ip=$10b
        xor     %eax, %eax
        mov     %eax, %dr6
        try
        step_on
        lss     pointer, %esp
10:     nop
        caught  "TF and LSS, which has none", DB, ip=$10b
        xor     %eax, %eax
        mov     %eax, %dr6
        # A data breakpoint of the MOV SS itself waits for the next instruction.
        watch   selector, L0|ANY|LEN2
        try
        mov     selector, %ss
        nop
10:     nop
        caught  "a breakpoint on MOV SS's operand", DB, ip=$10b
        dr6_is  "a breakpoint on MOV SS's operand", 1
        # An instruction breakpoint behind MOV SS is held off for good.
        watch   10f, L0|EXECUTE
        try
        mov     %ebx, %ss
10:     nop
        nop
        caught  "an instruction breakpoint behind MOV SS", DONE
        no_watch
        # STI holds off interrupts, not traps.
        try
        step_on
        sti
10:     nop
        nop
        caught  "TF and STI", DB, ip=$10b
        dr6_is  "TF and STI", BS
        # CPL 3 steps as well.
        try
        to_ring USER_CODE32, USER_DATA, 0x102
        nop
10:     nop
        caught  "TF at privilege 3", DB, ip=$10b
        xor     %eax, %eax
        mov     %eax, %dr6
        ret

        .align  16
        .long   0
datum:  .fill   8, 4, 0
pointer: .long  ring0_stack_top
        .word   DATA32
selector: .word DATA32
