# The I/O APIC: registers, edges and levels, remote IRR, masks, delivery modes, destinations (82093AA datasheet, §3.2;
# Intel SDM vol. 3A, §11.8.5). Counter 0 of the 8254 drives pin 2,
# and in mode 0 its output is whatever the guest wants.
        .set    LONG, 0
        .include "guest.inc"
        .include "apic.inc"

        .set    LDR, APIC+0xD0
        .set    DFR, APIC+0xE0
        .set    TMR, APIC+0x180         # +10h for each 32 vectors
        .set    MASKED, 0x10000
        .set    LEVEL, 0x8000
        .set    REMOTE_IRR, 0x4000
        .set    LOGICAL, 0x800
        .set    AS_NMI, 0x400
        .set    LOWEST, 0x100
        .set    PIN2, 0x14
        .set    PIN20, 0x38             # nothing is connected to it

        .macro  check_io_apic name, register, mask, want
        movl    $\register, IOAPIC
        mov     IOAPIC+0x10, %eax
        and     $\mask, %eax
        check   "\name", %eax, $\want
        .endm
        .macro  line level              # pin 2
        mov     $0x30, %al              # mode 0: low until the count has run out
        out     %al, $0x43
        .if     \level
        mov     $2, %al
        out     %al, $0x40
        mov     $0, %al
        out     %al, $0x40
        mov     $100000, %ecx
        call    spin
        .endif
        .endm
        # Interrupts that are there or come in the time of a loop.
        .macro  expect name, vector
        try
        sti
        mov     $200000, %ecx
        call    spin
        cli
        caught  "\name", \vector
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

        # Registers.
        check_io_apic "highest entry", 1, 0xFF0000, 0x170000
        movl    $0, IOAPIC
        mov     IOAPIC+0x10, %ebx
        movl    $0x0A000000, IOAPIC+0x10
        mov     IOAPIC+0x10, %eax
        mov     %ebx, IOAPIC+0x10
        check   "the ID is what was written", %eax, $0x0A000000
        io_apic PIN20, 0x1FFFF
        check_io_apic "an entry: delivery status and remote IRR are read-only", PIN20, -1, 0x1AFFF
        io_apic PIN20+1, -1
        check_io_apic "an entry: the upper half is a destination", PIN20+1, -1, 0xFF000000
        io_apic PIN20, MASKED
        mov     ID, %eax
        movl    $PIN20+1, IOAPIC
        mov     %eax, IOAPIC+0x10

        # An edge.
        mov     ID, %eax
        movl    $PIN2+1, IOAPIC
        mov     %eax, IOAPIC+0x10
        io_apic PIN2, 0x61
        line    1
        expect  "an edge", 0x61
        mov     TMR+0x30, %eax
        check   "an edge: TMR", %eax, $0
        check_io_apic "an edge: no remote IRR", PIN2, REMOTE_IRR, 0
        line    0
        line    1
        end_of_interrupt
        expect  "an edge while one is in service", 0x61
        end_of_interrupt
        expect  "the level behind an edge is nothing", DONE
        line    0
        io_apic PIN2, MASKED|0x61
        line    1
        io_apic PIN2, 0x61
        expect  "an edge at a masked pin is lost", DONE
        line    0
        line    1
        expect  "the next edge is not", 0x61
        end_of_interrupt
        line    0

        # A level.
        io_apic PIN2, LEVEL|0x62
        line    1
        expect  "a level", 0x62
        mov     TMR+0x30, %eax
        check   "a level: TMR", %eax, $4
        check_io_apic "a level: remote IRR", PIN2, REMOTE_IRR, REMOTE_IRR
        expect  "a level in service comes no second time", DONE
        line    0
        line    1
        expect  "nor when it was away in between", DONE
        end_of_interrupt
        expect  "a level that stays comes again behind EOI", 0x62
        line    0
        end_of_interrupt
        check_io_apic "EOI clears remote IRR", PIN2, REMOTE_IRR, 0
        expect  "a level that went", DONE
        io_apic PIN2, MASKED|LEVEL|0x62
        line    1
        expect  "a level at a masked pin waits", DONE
        io_apic PIN2, LEVEL|0x62
        expect  "it comes when the mask goes", 0x62
        io_apic PIN2, MASKED|LEVEL|0x62
        check_io_apic "the mask leaves remote IRR", PIN2, REMOTE_IRR, REMOTE_IRR
        end_of_interrupt
        expect  "masked in service: not behind EOI", DONE
        check_io_apic "masked in service: EOI clears remote IRR", PIN2, REMOTE_IRR, 0
        io_apic PIN2, LEVEL|0x62
        expect  "masked in service: behind the mask", 0x62
        line    0
        io_apic PIN2, MASKED|0x62
        io_apic PIN2, MASKED|LEVEL|0x62
        check_io_apic "to edges and back clears remote IRR", PIN2, REMOTE_IRR, 0
        end_of_interrupt
        # A higher vector of another source holds the EOI of its own.
        io_apic PIN2, LEVEL|0x62
        line    1
        expect  "a level, with another vector in service later", 0x62
        movl    $0x44075, APIC+0x300
        expect  "the other vector", 0x75
        end_of_interrupt
        check_io_apic "its EOI leaves remote IRR", PIN2, REMOTE_IRR, REMOTE_IRR
        line    0
        end_of_interrupt
        check_io_apic "its own EOI does not", PIN2, REMOTE_IRR, 0

        # Delivery modes and destinations.
        io_apic PIN2, LOWEST|0x63
        line    1
        expect  "lowest priority", 0x63
        line    0
        end_of_interrupt
        movl    $-1, DFR
        movl    $0x04000000, LDR
        io_apic PIN2+1, 0x06000000
        io_apic PIN2, LOGICAL|0x64
        line    1
        expect  "logical destination, flat", 0x64
        line    0
        end_of_interrupt
        io_apic PIN2+1, 0x03000000
        line    1
        expect  "logical destination of nobody", DONE
        line    0
        movl    $0x0FFFFFFF, DFR
        movl    $0x24000000, LDR
        io_apic PIN2+1, 0x2C000000
        line    1
        expect  "logical destination, cluster", 0x64
        line    0
        end_of_interrupt
        io_apic PIN2+1, 0x1C000000
        line    1
        expect  "logical destination in another cluster", DONE
        line    0
        movl    $-1, DFR
        io_apic PIN2+1, 0xFF000000
        io_apic PIN2, 0x65
        line    1
        expect  "physical destination FFh is all", 0x65
        line    0
        end_of_interrupt
        io_apic PIN2, MASKED|0x65

        # NMI from the 8254, which wakes HLT whatever IF is.
        gate    idt+0x67*8, CODE32, only_iret, 0x8E
        line    0
        mov     ID, %eax
        movl    $PIN2+1, IOAPIC
        mov     %eax, IOAPIC+0x10
        io_apic PIN2, AS_NMI|0x99
        try
        mov     $0xFF, %al
        out     %al, $0x40
        mov     $1, %al
        out     %al, $0x40
        cli
        hlt
1:      nop
        caught  "NMI by the I/O APIC ends HLT", NMI, ip=$1b
        mov     APIC+0x240, %eax        # IRR of vectors 80h to 9Fh
        check   "NMI: its vector means nothing", %eax, $0
        # An IRET that faults lets NMIs in all the same: the next one comes in the fault's handler.
        try
        mov     ID, %eax
        mov     %eax, APIC+0x310
        movl    $0x4400, APIC+0x300
        nop
        caught  "NMI still blocked", DONE
        gate    idt+GP*8, CODE32, in_fault, 0x8E
        try
        pushl   $2
        pushl   $GDT_SIZE               # beyond the GDT
        pushl   $0
        iret
        caught  "NMI behind an IRET that faults", NMI, ip=$in_fault
        gate    idt+GP*8, CODE32, stubs+16*GP, 0x8E
        try
        int     $0x67
        caught  "NMI: one alone", DONE
        io_apic PIN2, MASKED
        ret

spin:   dec     %ecx
        jnz     spin
        ret
only_iret:
        iret
in_fault:
        nop
        int     $0x67                   # where an NMI that is still blocked comes
        int3
