// A boot sector that, in flat 32-bit mode, draws full screens in 32-bit colour for ever, each in another colour, through the linear
// frame buffer: for frames.py. It writes one byte to the debug console (E9h) for each. MODE is the VBE mode; with
// LOOP each pixel is a store of its own, else a screen is one REP STOSD.
    .code16
    .globl start
start:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $0x7C00, %sp
    movw $0x4F01, %ax
    movw $MODE, %cx
    movw $info, %di
    int $0x10
    movw $0x4F02, %ax
    movw $MODE + 0x4000, %bx
    int $0x10
    lgdt descriptors
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmp $8, $flat
    .code32
flat:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movzwl info + 0x12, %ebx
    movzwl info + 0x14, %eax
    imull %eax, %ebx            // pixels
    xorl %eax, %eax
    cld
frame:
    addl $0x010203, %eax
    movl info + 0x28, %edi
    movl %ebx, %ecx
#ifdef LOOP
1:  movl %eax, (%edi)
    addl $4, %edi
    decl %ecx
    jnz 1b
#else
    rep stosl
#endif
    outb %al, $0xE9
    jmp frame
    .balign 8
table:
    .quad 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF
descriptors:
    .word 23
    .long table
    .org 510
    .word 0xAA55
    .set info, 0x9000
