// A guest that keeps its processor busy in one way for ever: firmware of 64 KiB that enters flat 32-bit mode,
// copies itself to 20000h and goes on there. The byte at FF00h chooses the way, the one at FF01h whether the
// 8254 interrupts a thousand times a second meanwhile. Each start writes a line with R to the debug console.
        .text
        .globl start16
        .set ROM, 0xF0000 - 0x20000

        .code16
start16:
        cli
        movb $'R', %al
        outb %al, $0xE9
        movb $'\n', %al
        outb %al, $0xE9
        lgdtl %cs:(gdt_pointer - start16)
        movl $0x11, %eax
        movl %eax, %cr0
        ljmpl $8, $(start32 + ROM)

        .code32
start32:
        movw $16, %ax
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %ss
        movl $0x80000, %esp
        movl $(start16 + ROM), %esi
        movl $start16, %edi
        movl $0x10000, %ecx
        cld
        rep movsb
        movl $in_ram, %eax
        jmp *%eax
in_ram:
        lgdt gdt_pointer_ram
        // Every vector leads to `fault`, 20h to `tick`, 14 to `page_fault`.
        movl $idt, %edi
        movl $256, %ecx
1:      movl $fault, %eax
        call gate
        loop 1b
        movl $(idt + 14 * 8), %edi
        movl $page_fault, %eax
        call gate
        movl $(idt + 0x20 * 8), %edi
        movl $tick, %eax
        call gate
        lidt idt_pointer
        // The first 4 MiB are mapped onto themselves by 4 KiB pages, the rest up to 16 by 4 MiB pages.
        movl $directory, %edi
        xorl %eax, %eax
        movl $1024, %ecx
        rep stosl
        movl $(table + 7), directory
        movl $table, %edi
        movl $7, %eax
        movl $1024, %ecx
1:      stosl
        addl $0x1000, %eax
        loop 1b
        movl $0x400087, directory + 4
        movl $0x800087, directory + 8
        movl $0xC00087, directory + 12
        movl $directory, %eax
        movl %eax, %cr3
        movl %cr4, %eax
        orl $0x10, %eax
        movl %eax, %cr4
        movl %cr0, %eax
        orl $0x80000000, %eax
        movl %eax, %cr0
        jmp 1f
1:      cmpb $0, timer
        je 1f
        movb $0x11, %al
        outb %al, $0x20
        movb $0x20, %al
        outb %al, $0x21
        movb $0x04, %al
        outb %al, $0x21
        movb $0x01, %al
        outb %al, $0x21
        movb $0xFE, %al
        outb %al, $0x21
        movb $0x34, %al
        outb %al, $0x43
        movb $(1193 & 255), %al
        outb %al, $0x40
        movb $(1193 >> 8), %al
        outb %al, $0x40
        sti
1:      movzbl way, %eax
        jmp *ways(, %eax, 4)

gate:   movw %ax, (%edi)
        movw $8, 2(%edi)
        movw $0x8E00, 4(%edi)
        shrl $16, %eax
        movw %ax, 6(%edi)
        addl $8, %edi
        ret

tick:   pushl %eax
        incl ticks
        movb $0x20, %al
        outb %al, $0x20
        popl %eax
        iret

// Goes back to what has faulted.
fault:  iret
// Likewise, but for way 7, which has its page mapped.
page_fault:
        addl $4, %esp
        cmpb $7, way
        jne 1f
        pushl %eax
        movl %cr2, %eax
        shrl $12, %eax
        orl $1, table(, %eax, 4)
        popl %eax
1:      iret

        .balign 4
ways:   .long to_self, linked, one_block, stos, movs, lods, calls, storm, refault, halt, rewrite, dead, reload
        .long triple, ports, shadow

to_self:
        jmp to_self

// Blocks that lead to each other, in two pages.
linked: incl %eax
        testb $1, %al
        jz 1f
        addl $3, %ebx
        jmp far_away
1:      subl $5, %ebx
        jmp far_away

one_block:
        .rept 30
        addl %eax, %ebx
        xorl %ebx, %ecx
        .endr
        jmp one_block

stos:   movl $0x400000, %edi
        movl $0xC00000, %ecx
        rep stosb
        jmp stos

movs:   movl $0x400000, %esi
        movl $0xA00000, %edi
        movl $0x600000, %ecx
        rep movsb
        jmp movs

// All of the 32-bit address space; what is not mapped faults for ever.
lods:   movl %cr0, %eax
        andl $0x7FFFFFFF, %eax
        movl %eax, %cr0
1:      xorl %esi, %esi
        movl $-1, %ecx
        rep lodsb
        jmp 1b

calls:  movl $2000, %ecx
        call deeper
        jmp calls
deeper: decl %ecx
        jz 1f
        call deeper
        addl $1, %eax
1:      ret

// 512 pages: taken away, touched.
storm:  movl $(0x200000 >> 12), %ebx
1:      andl $~1, table(, %ebx, 4)
        movl %ebx, %esi
        shll $12, %esi
        invlpg (%esi)
        incl (%esi)
        incl %ebx
        cmpl $(0x400000 >> 12), %ebx
        jb 1b
        jmp storm

refault:
        movl $0x2000000, %esi
        movl (%esi), %eax
        jmp refault

halt:   hlt
        jmp halt

rewrite:
        incl 1f + 1
1:      movl $0x12345678, %eax
        addl %eax, %ebx
        jmp rewrite

dead:   cli
        hlt
        jmp dead

reload: movl %cr3, %eax
        movl %eax, %cr3
        jmp reload

triple: lidt nothing
        int3
        jmp triple

ports:  movw $0x3DA, %dx
        inb %dx, %al
        inb $0x40, %al
        jmp ports

// Each instruction is in the shadow of the one before it.
shadow: movw %ss, %ax
1:      movw %ax, %ss
        movw %ax, %ss
        jmp 1b

        .balign 4096
far_away:
        imull $7, %ebx, %ebx
        jmp linked

        .balign 8
gdt:    .quad 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF
gdt_pointer:
        .word 23
        .long gdt + ROM
gdt_pointer_ram:
        .word 23
        .long gdt
idt_pointer:
        .word 256 * 8 - 1
        .long idt
nothing:
        .word 0
        .long 0

        .set ticks, 0x8000
        .set idt, 0x9000
        .set directory, 0xA000
        .set table, 0xB000

        .org 0xFF00
way:    .byte 0
timer:  .byte 0
        .org 0xFFF0
        .code16
        ljmp $0xF000, $0
        .org 0x10000
