# Interrupts: the local APIC's priorities, timer and interprocessor interrupts to itself, the shadow of STI and MOV SS, NMI
# until IRET, the 8259s through LINT0, the I/O APIC; the APIC off and on again by its MSR (Intel SDM vol. 3A, chapter 11,
# §6.7, §6.8; 82093AA datasheet).
        .set    LONG, 0
        .include "guest.inc"
        .include "apic.inc"

        .set    PPR, APIC+0xA0
        .set    ISR, APIC+0x100         # +10h for each 32 vectors
        .set    IRR, APIC+0x200
        .set    ESR, APIC+0x280
        .set    ICR, APIC+0x300
        .set    TIMER, APIC+0x320
        .set    LINT0, APIC+0x350
        .set    ERROR, APIC+0x370
        .set    COUNT, APIC+0x380
        .set    NOW, APIC+0x390
        .set    DIVIDE, APIC+0x3E0
        .set    SELF, 0x44000           # shorthand

        # Time for what is on its way.
        .macro  wait_a_while
        mov     $2000000, %ecx
        call    spin
        .endm

        .text
        .code32
main:
        mov     $1, %eax
        cpuid
        test    $0x200, %edx
        jnz     1f
        ret
1:      movl    $0x1FF, SVR
        movl    $0, TPR
        mov     APIC+0x30, %eax
        and     $0xF0, %eax
        check   "version 1xh", %eax, $0x10

        # Interrupts to itself: accepted, in service, by priority.
        movl    $SELF|0x61, ICR
        mov     IRR+0x30, %eax
        check   "IRR", %eax, $2
        try
        sti
        nop
        nop
        caught  "an interrupt to itself", 0x61
        mov     f_flags, %eax
        and     $0x200, %eax
        check   "IF in the pushed flags", %eax, $0x200
        mov     ISR+0x30, %eax
        check   "ISR", %eax, $2
        mov     IRR+0x30, %eax
        check   "IRR behind it", %eax, $0
        mov     PPR, %eax
        and     $0xF0, %eax
        check   "PPR", %eax, $0x60
        movl    $SELF|0x62, ICR
        try
        sti
        nop
        nop
        cli
        caught  "the same class waits", DONE
        movl    $SELF|0x71, ICR
        try
        sti
        nop
        nop
        cli
        caught  "a higher class does not", 0x71
        end_of_interrupt
        try
        sti
        nop
        nop
        cli
        caught  "its EOI ends the highest alone", DONE
        end_of_interrupt
        try
        sti
        nop
        nop
        cli
        caught  "then what waited comes", 0x62
        end_of_interrupt
        movl    $SELF|0x65, ICR
        movl    $SELF|0x64, ICR
        movl    $SELF|0x65, ICR
        try
        sti
        nop
        nop
        cli
        caught  "of one class the higher vector", 0x65
        end_of_interrupt
        try
        sti
        nop
        nop
        cli
        caught  "then the lower", 0x64
        end_of_interrupt
        movl    $0x75, TPR
        movl    $SELF|0x76, ICR
        try
        sti
        nop
        nop
        cli
        caught  "TPR of the same class", DONE
        mov     PPR, %eax
        check   "PPR is TPR", %eax, $0x75
        try
        sti
        movl    $0x6F, TPR
        nop
        cli
        caught  "TPR lowered", 0x76
        end_of_interrupt
        movl    $0, TPR
        end_of_interrupt                # of nothing
        # Vectors below 16.
        movl    $0, ESR
        movl    $SELF|5, ICR
        movl    $0, ESR
        mov     ESR, %eax
        and     $0x20, %eax
        check   "ESR: illegal vector sent", %eax, $0x20
        movl    $0, ESR
        mov     ESR, %eax
        check   "ESR behind it", %eax, $0

        # The shadow of STI, of MOV SS, and CLI.
        movl    $SELF|0x61, ICR
        xor     %ebx, %ebx
        try
        sti
        inc     %ebx
10:     inc     %ebx
        nop
        caught  "STI's shadow", 0x61, ip=$10b
        check   "STI's shadow: one instruction", %ebx, $1
        end_of_interrupt
        movl    $SELF|0x61, ICR
        try
        sti
        cli
        nop
        caught  "STI, CLI", DONE
        mov     $DATA32, %edx
        try
        sti
        mov     %edx, %ss
        inc     %ebx
10:     nop
        caught  "STI, MOV SS: both shadows", 0x61, ip=$10b
        end_of_interrupt
        movl    $SELF|0x61, ICR
        try
        sti
        sti
10:     nop
        nop
        caught  "STI, STI: the second has none", 0x61, ip=$10b
        end_of_interrupt
        movl    $SELF|0x61, ICR
        try
        pushl   $0x202
        popf
10:     nop
        caught  "POPF has none", 0x61, ip=$10b
        end_of_interrupt
        movl    $SELF|0x61, ICR
        try
        pushl   $0x202
        pushl   $CODE32
        pushl   $10f
        iret
        nop
10:     nop
        caught  "IRET has none", 0x61, ip=$10b
        end_of_interrupt
        movl    $SELF|0x61, ICR
        try
        sti
        hlt
10:     nop
        caught  "STI, HLT wakes", 0x61, ip=$10b
        end_of_interrupt
        # Between iterations of REP.
        movl    $SELF|0x61, ICR
        try
        mov     $buffer, %edi
        mov     $16, %ecx
        sti
10:     rep stosb
        caught  "REP behind STI", 0x61
        end_of_interrupt

        # The timer.
        movl    $0xB, DIVIDE            # by 1
        movl    $0x66, TIMER
        try
        movl    $100000, COUNT
        sti
        wait_a_while
        cli
        caught  "timer, once", 0x66
        end_of_interrupt
        mov     NOW, %eax
        check   "timer, once: the count stays at 0", %eax, $0
        try
        sti
        wait_a_while
        cli
        caught  "timer, once: no second time", DONE
        movl    $0x20066, TIMER
        movl    $100000, COUNT
        try
        sti
        wait_a_while
        cli
        caught  "timer, periodic", 0x66
        end_of_interrupt
        try
        sti
        wait_a_while
        cli
        caught  "timer, periodic: again", 0x66
        end_of_interrupt
        movl    $0x30066, TIMER
        movl    $0, COUNT
        movl    $0x10066, TIMER
        movl    $100000, COUNT
        try
        sti
        wait_a_while
        cli
        caught  "timer, masked", DONE
        mov     NOW, %eax
        check   "timer, masked: it counts all the same", %eax, $0
        movl    $0x66, TIMER
        movl    $10000000, COUNT
        mov     NOW, %eax
        mov     NOW, %ebx
        cmp     %eax, %ebx
        setbe   %al
        movzbl  %al, %eax
        check   "timer: counts down", %eax, $1
        movl    $0, COUNT
        mov     NOW, %eax
        check   "timer: a count of 0 stops it", %eax, $0
        # Software-disabled: masked by itself.
        movl    $0xFF, SVR
        mov     TIMER, %eax
        and     $0x10000, %eax
        check   "SVR off masks the LVT", %eax, $0x10000
        movl    $0x1FF, SVR

        # NMI: once until IRET.
        gate    idt+NMI*8, CODE32, nmi_handler, 0x8E
        movl    $0, nmis
        mov     ID, %eax
        mov     %eax, ICR+0x10
        try
        movl    $0x4400, ICR
        nop
        nop
        caught  "NMI with IF clear", DONE
        check   "NMI: in its handler no second one", nested, $0
        check   "NMI: the second one behind IRET", nmis, $2
        # In the shadow of MOV SS it waits.
        mov     $DATA32, %edx
        gate    idt+NMI*8, CODE32, stubs+16*NMI, 0x8E
        gate    idt+0x67*8, CODE32, only_iret, 0x8E
        try
        movl    $0x4400, ICR
        nop
        nop
        caught  "NMI, its handler without IRET", NMI
        try
        movl    $0x4400, ICR
        nop
        nop
        caught  "NMI still blocked", DONE
        try
        int     $0x67                   # an IRET, any IRET
        nop
        caught  "NMI behind the next IRET", NMI
        try
        int     $0x67
        caught  "no other NMI", DONE

        # The 8259s through LINT0.
        movl    $0x700, LINT0
        mov     $0x11, %al
        out     %al, $0x20
        out     %al, $0xA0
        mov     $0x20, %al
        out     %al, $0x21
        mov     $0x28, %al
        out     %al, $0xA1
        mov     $4, %al
        out     %al, $0x21
        mov     $2, %al
        out     %al, $0xA1
        mov     $1, %al
        out     %al, $0x21
        out     %al, $0xA1
        mov     $0xFE, %al
        out     %al, $0x21
        mov     $0xFF, %al
        out     %al, $0xA1
        mov     $0x34, %al              # counter 0: rate generator, 1 kHz
        out     %al, $0x43
        mov     $0xA9, %al
        out     %al, $0x40
        mov     $4, %al
        out     %al, $0x40
        try
        sti
        wait_a_while
        cli
        caught  "IRQ 0 by ExtINT", 0x20
        mov     ISR+0x10, %eax
        check   "ExtINT is not in the ISR", %eax, $0
        try
        sti
        wait_a_while
        cli
        caught  "IRQ 0 without the 8259's EOI", DONE
        mov     $0x20, %al
        out     %al, $0x20
        try
        sti
        wait_a_while
        cli
        caught  "IRQ 0 behind its EOI", 0x20
        mov     $0x20, %al
        out     %al, $0x20
        mov     $0xFF, %al
        out     %al, $0x21
        movl    $0x10700, LINT0

        # The I/O APIC: the 8254 at pin 2, an edge; COM1 at pin 4, a level.
        mov     ID, %eax
        movl    $0x15, IOAPIC
        mov     %eax, IOAPIC+0x10
        io_apic 0x14, 0x62
        try
        sti
        wait_a_while
        cli
        caught  "I/O APIC, pin 2", 0x62
        end_of_interrupt
        io_apic 0x14, 0x10062
        mov     $0x30, %al              # stops the 8254
        out     %al, $0x43
        try
        sti
        wait_a_while
        cli
        caught  "I/O APIC, pin 2, behind its mask", DONE
        mov     ID, %eax
        movl    $0x19, IOAPIC
        mov     %eax, IOAPIC+0x10
        io_apic 0x18, 0x8063            # level
        mov     $COM1+4, %edx
        mov     $8, %al                 # OUT2
        out     %al, %dx
        mov     $COM1+1, %edx
        mov     $2, %al                 # transmitter empty
        out     %al, %dx
        try
        sti
        wait_a_while
        cli
        caught  "I/O APIC, level", 0x63
        mov     APIC+0x1B0, %eax        # TMR
        check   "TMR", %eax, $8
        movl    $0x18, IOAPIC
        mov     IOAPIC+0x10, %eax
        and     $0x4000, %eax
        check   "remote IRR", %eax, $0x4000
        mov     $COM1+1, %edx
        mov     $0, %al
        out     %al, %dx
        end_of_interrupt
        movl    $0x18, IOAPIC
        mov     IOAPIC+0x10, %eax
        and     $0x4000, %eax
        check   "remote IRR behind EOI", %eax, $0
        try
        sti
        wait_a_while
        cli
        caught  "I/O APIC, level gone", DONE
        io_apic 0x18, 0x10063

        # Off and on by IA32_APIC_BASE.
        mov     $0x1B, %ecx
        rdmsr
        and     $~0x800, %eax
        wrmsr
        mov     $1, %eax
        cpuid
        and     $0x200, %edx
        check   "APIC off: CPUID", %edx, $0
        mov     $0x1B, %ecx
        rdmsr
        or      $0x800, %eax
        wrmsr
        mov     $1, %eax
        cpuid
        and     $0x200, %edx
        check   "APIC on again: CPUID", %edx, $0x200
        mov     SVR, %eax
        check   "APIC on again: SVR as from reset", %eax, $0xFF
        mov     TIMER, %eax
        check   "APIC on again: timer masked", %eax, $0x10000
        movl    $0x1FF, SVR
        movl    $SELF|0x61, ICR
        try
        sti
        nop
        nop
        cli
        caught  "APIC on again: an interrupt to itself", 0x61
        end_of_interrupt
        # Mode changes that are not allowed.
        mov     $1, %eax
        cpuid
        bt      $21, %ecx
        jnc     1f
        try
        mov     $0x1B, %ecx
        rdmsr
        and     $~0x800, %eax
        or      $0x400, %eax
        wrmsr
        caught  "x2APIC mode with the APIC off", GP, 0
        mov     $0x1B, %ecx
        rdmsr
        or      $0xC00, %eax
        wrmsr
        try
        mov     $0x1B, %ecx
        rdmsr
        and     $~0x400, %eax
        wrmsr
        caught  "from x2APIC mode to xAPIC mode", GP, 0
        try
        mov     $0x83F, %ecx            # self IPI
        mov     $0x61, %eax
        xor     %edx, %edx
        wrmsr
        sti
        nop
        nop
        cli
        caught  "x2APIC: self IPI", 0x61
        try
        mov     $0x80B, %ecx
        mov     $1, %eax
        xor     %edx, %edx
        wrmsr
        caught  "x2APIC: EOI of other than 0", GP, 0
        try
        mov     $0x80E, %ecx
        rdmsr
        caught  "x2APIC: DFR is not there", GP, 0
        try
        mov     $0x80B, %ecx
        rdmsr
        caught  "x2APIC: EOI is write-only", GP, 0
1:      ret

spin:   dec     %ecx
        jnz     spin
        ret
nmi_handler:
        incl    nmis
        cmpl    $1, nmis
        ja      2f
        movl    $0x4400, ICR            # another, which has to wait
        mov     $1000, %ecx
1:      dec     %ecx
        jnz     1b
        cmpl    $1, nmis
        setne   %al
        movzbl  %al, %eax
        mov     %eax, nested
2:      iret
only_iret:
        iret
        .align  4
nmis:   .long   0
nested: .long   0
buffer: .fill   16, 1, 0
