# Triple faults of 64-bit code, as triple.S.
        .set    LONG, 1
        .include "guest.inc"
        .include "triple.inc"

        .text
        .code64
main:   mov     apics, %eax             # the runtime maps 1 GiB
        mov     %eax, pdpt+3*8
        movl    $0xFEC00000+0x9B, apic_directory+0x1F6*8
        movl    $0xFEE00000+0x9B, apic_directory+0x1F7*8
        mov     %cr3, %rax
        mov     %rax, %cr3
        call    recall
        stage   0, "no IDT"
        lidt    nothing
        int3
        survived "no IDT"
        stage   1, "a stack that is not canonical"
        mov     $idt+4, %eax
        mov     $32, %ecx
1:      movb    $0, (%rax)              # no interrupt stack
        add     $16, %eax
        loop    1b
        mov     $0x800000000000, %rsp
        ud2
        survived "a stack that is not canonical"
        stage   2, "an interrupt stack that is not canonical"
        movl    $0x8000, tss+40
        ud2
        survived "an interrupt stack that is not canonical"
        stage   3, "gates to what is not canonical"
        movl    $0x8000, idt+UD*16+8
        movl    $0x8000, idt+DF*16+8
        movl    $0x8000, idt+GP*16+8
        ud2
        survived "gates to what is not canonical"
        stage   4, "page tables that are not there"
        movl    $0, pml4
        mov     %cr3, %rax
        mov     %rax, %cr3
        survived "page tables that are not there"
        stage   5, "none"
        call    forget
        ret
        survived "none"
        ret

apics:  .long   apic_directory+7
nothing:
        .word   0
        .quad   0
        .bss
        .align  4096
apic_directory:
        .skip   4096
