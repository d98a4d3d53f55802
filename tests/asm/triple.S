# Triple faults of 32-bit code: the processor shuts down and the machine starts over (Intel SDM vol. 3A, §6.15, interrupt 8;
# 82371SB datasheet, INIT and reset). Each cause is a boot of its own.
        .set    LONG, 0
        .include "guest.inc"
        .include "triple.inc"

        .set    NOWHERE, 0x40000000     # not mapped

        # 4 MiB to itself, and the APICs.
        .macro  paging_on
        movl    $0x83, directory
        movl    $0xFEC0009B, directory+0xFEC/4*4
        put_register cr4, 0x610
        mov     $directory, %eax
        mov     %eax, %cr3
        mov     %cr0, %eax
        or      $0x80000000, %eax
        mov     %eax, %cr0
        .endm

        .text
        .code32
main:   call    recall
        stage   0, "no IDT"
        lidtl   nothing
        int3
        survived "no IDT"
        stage   1, "no gates of #GP and #DF"
        movb    $0x0E, idt+GP*8+5
        movb    $0x0E, idt+NP*8+5
        movb    $0x0E, idt+DF*8+5
        xor     %eax, %eax
        mov     %eax, %ss
        survived "no gates of #GP and #DF"
        stage   2, "an IDT that is not mapped"
        paging_on
        lidtl   not_mapped
        ud2
        survived "an IDT that is not mapped"
        stage   3, "a stack that is not mapped"
        paging_on
        mov     $NOWHERE, %esp
        ud2
        survived "a stack that is not mapped"
        stage   4, "an inner stack that is null"
        movw    $0, tss+8
        to_ring
        ud2
        survived "an inner stack that is null"
        stage   5, "a task gate of #DF to no task"
        gate    idt+DF*8, T0, 0, 0x85
        movb    $0x0E, idt+GP*8+5
        movb    $0x0E, idt+NP*8+5
        mov     $GDT_SIZE, %eax
        mov     %eax, %ds
        survived "a task gate of #DF to no task"
        stage   6, "real mode without an IVT"
        movw    $0, ivt_pointer
        mov     $71f, %ebx
        jmp     enter_real
        .pushsection .low
        .code16
71:     int3
        .popsection
        .code32
        survived "real mode without an IVT"
        stage   7, "none"
        call    forget
        ret
        survived "none"
        ret

nothing:
        .word   0
        .quad   0
not_mapped:
        .word   0x7FF
        .long   NOWHERE
        .bss
        .align  4096
directory:
        .skip   4096
