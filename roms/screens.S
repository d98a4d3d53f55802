// A boot sector and what follows it: draws a test picture in one video mode, for golden images
// (tests/golden). PICTURE chooses it when this is assembled:
//
//   00h-07h, 0Dh-13h  the BIOS's modes (08h-0Ch do not exist on a VGA)
//   101h-1FFh         VBE modes, drawn through the linear frame buffer
//   200h  text, split screen, panning, preset row scan    201h  mode 12h, split screen and panning
//   202h  text in 80 x 50 with the 8-line font             203h  mode 13h, background changed on the way down
//   204h  mode X: 320 x 240, unchained, a page flipped     205h  VBE 640 x 480 x 8 with an 8-bit DAC
//   206h  VBE 640 x 480 x 32, virtual width and panning    207h  mode 13h, a row for each scan line
//   208h  text that blinks
//
// FRAMES is how many frames it waits at the end, which chooses the phase of what blinks. It ends with a byte to
// port F4h (isa-debug-exit), or halted where nobody listens there.

#if PICTURE == 0x200 || PICTURE == 0x202 || PICTURE == 0x208
#define BIOS_MODE 3
#elif PICTURE == 0x201
#define BIOS_MODE 0x12
#elif PICTURE == 0x203 || PICTURE == 0x204 || PICTURE == 0x207
#define BIOS_MODE 0x13
#elif PICTURE == 0x205
#define VBE_MODE 0x101
#elif PICTURE == 0x206
#define VBE_MODE 0x142
#elif PICTURE >= 0x100
#define VBE_MODE PICTURE
#else
#define BIOS_MODE PICTURE
#endif

#define CRTC 0x3D4

    .code16
    .globl start
start:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $0x7C00, %sp
    movw $0x0200 + (end - start) / 512, %ax
    movw $2, %cx
    movb $0, %dh
    movw $0x7E00, %bx
    int $0x13
    jmp main
    .org 510
    .word 0xAA55

main:
#ifdef VBE_MODE
    call flat
    movw $0x4F01, %ax
    movw $VBE_MODE, %cx
    movw $info, %di
    int $0x10
    cmpw $0x004F, %ax
    jne failed
    movw $0x4F02, %ax
    movw $VBE_MODE + 0x4000, %bx
    int $0x10
    cmpw $0x004F, %ax
    jne failed
#if PICTURE == 0x205
    movw $0x4F08, %ax       // 8 bits a colour
    movw $0x0800, %bx
    int $0x10
    movw $0x3C8, %dx
    xorb %al, %al
    outb %al, %dx
    incw %dx
    xorw %cx, %cx
1:  movb %cl, %al           // red, green, blue: i, 255 - i, 5 i
    outb %al, %dx
    notb %al
    outb %al, %dx
    movb %cl, %al
    shlb $2, %al
    addb %cl, %al
    outb %al, %dx
    incw %cx
    cmpw $256, %cx
    jne 1b
#endif
#if PICTURE == 0x206
    movw $0x4F06, %ax       // 1024 pixels a line
    movw $0, %bx
    movw $1024, %cx
    int $0x10
    movw %bx, info + 0x10
    movw $0x4F07, %ax       // from (100, 50)
    movw $0, %bx
    movw $100, %cx
    movw $50, %dx
    int $0x10
    movw $1024, info + 0x12 // the whole of it is drawn
    movw $600, info + 0x14
#endif
    call linear
#else
    movw $BIOS_MODE, %ax
    int $0x10
#if BIOS_MODE <= 3 || BIOS_MODE == 7
    call text
#elif BIOS_MODE <= 6
    call cga
#elif BIOS_MODE == 0x13
    call chained
#else
    call planar
#endif
#endif

// --- what goes beyond the mode --------------------------------------------------------------------------

    .macro crtc index, value
    movw $(\value) << 8 + (\index), %ax
    movw $CRTC, %dx
    outw %ax, %dx
    .endm
    .macro attribute index, value
    movw $CRTC + 6, %dx
    inb %dx, %al
    movw $0x3C0, %dx
    movb $(\index) + 0x20, %al
    outb %al, %dx
    movb $(\value), %al
    outb %al, %dx
    .endm
    // Clears `clear` and sets `set` in a CRTC register.
    .macro crtc_bits index, clear, set
    movw $CRTC, %dx
    movb $(\index), %al
    outb %al, %dx
    incw %dx
    inb %dx, %al
    andb $~(\clear) & 0xFF, %al
    orb $(\set), %al
    outb %al, %dx
    .endm

#if PICTURE == 0x200
    crtc 0x0C, (80 * 5) >> 8
    crtc 0x0D, (80 * 5) & 0xFF
    crtc 0x18, 300 & 0xFF
    crtc_bits 0x11, 0x80, 0
    crtc_bits 0x07, 0x10, 0x10
    crtc_bits 0x09, 0x40, 0
    crtc 0x08, 5            // preset row scan
    attribute 0x13, 3
    attribute 0x10, 0x2C    // line graphics, blink, no panning in the lower part
#endif
#if PICTURE == 0x201
    crtc 0x0C, (80 * 100) >> 8
    crtc 0x0D, (80 * 100) & 0xFF
    crtc_bits 0x11, 0x80, 0
    crtc 0x18, 350 & 0xFF
    crtc_bits 0x07, 0x10, 0x10
    crtc_bits 0x09, 0x40, 0
    attribute 0x13, 4
    attribute 0x10, 0x21
#endif
#if PICTURE == 0x207
    crtc_bits 0x09, 0x9F, 0     // every scan line is another row
    crtc 0x13, 0x14             // and half as long: memory lasts for 400
#endif

// --- until the frame is there ----------------------------------------------------------------------------

#if PICTURE == 0x203
    movw $20, %bp
frame:
    call retrace
    movb $0, %bl
    call border
    movw $100, %cx
    call lines
    movb $20, %bl
    call border
    movw $150, %cx
    call lines
    movb $63, %bl
    call border
    decw %bp
    jnz frame
    call retrace
    jmp finished
#endif
    movw $FRAMES + 3, %bp
1:  call retrace
    decw %bp
    jnz 1b
finished:
    movb $0x10, %al
    outb %al, $0xF4
1:  cli
    hlt
    jmp 1b
failed:
    movb $0x20, %al
    outb %al, $0xF4
    jmp 1b

// Until the vertical retrace begins.
retrace:
    movw $0x3CC, %dx        // the colour bit says where Input Status 1 is
    inb %dx, %al
    movw $0x3DA, %dx
    testb $1, %al
    jnz 1f
    movb $0xBA, %dl
1:  inb %dx, %al
    testb $8, %al
    jnz 1b
2:  inb %dx, %al
    testb $8, %al
    jz 2b
    ret

#if PICTURE == 0x203
// CX lines of the picture, counted by their blanking.
lines:
    movw $CRTC + 6, %dx
1:  inb %dx, %al
    testb $1, %al
    jnz 1b
2:  inb %dx, %al
    testb $1, %al
    jz 2b
    loop 1b
    ret
// Colour 0 becomes red of BL.
border:
    movw $0x3C8, %dx
    xorb %al, %al
    outb %al, %dx
    incw %dx
    movb %bl, %al
    outb %al, %dx
    xorb %al, %al
    outb %al, %dx
    outb %al, %dx
    ret
#endif

// --- pictures --------------------------------------------------------------------------------------------

#ifndef VBE_MODE
#if BIOS_MODE <= 3 || BIOS_MODE == 7
// All characters with all attributes, and the cursor in row 5, column 10.
text:
#if PICTURE == 0x202
    movw $0x1112, %ax
    movb $0, %bl
    int $0x10
#endif
#if BIOS_MODE == 7
    movw $0xB000, %ax
#else
    movw $0xB800, %ax
#endif
    movw %ax, %es
    xorw %di, %di
1:  movw %di, %ax
    movw %di, %bx
    shrw $1, %ax
    shrw $4, %bx
    movb %bl, %ah
#if PICTURE != 0x208
    andb $0x7F, %ah
#endif
    stosw
    cmpw $80 * 50 * 2, %di
    jb 1b
    movb $2, %ah
    movb $0, %bh
    movw $0x050A, %dx
    int $0x10
    ret

#elif BIOS_MODE <= 6
// Two banks of lines: bytes that count, so that all patterns of a byte come.
cga:
    movw $0xB800, %ax
    movw %ax, %es
    xorw %di, %di
1:  movw %di, %ax
    movw %di, %bx
    shrw $5, %bx
    addb %bl, %al
    stosb
    cmpw $0x4000, %di
    jb 1b
    ret

#elif BIOS_MODE == 0x13
#if PICTURE == 0x204
// Unchained: each of the four planes by itself, on the second page; the first stays dark.
chained:
    movw $0x0604, %ax
    movw $0x3C4, %dx
    outw %ax, %dx
    movw $0x0F02, %ax
    outw %ax, %dx
    movw $0xA000, %ax
    movw %ax, %es
    xorw %di, %di
    xorw %ax, %ax
    movw $0x8000, %cx
    rep stosw
    // 480 lines: another clock, total, display end, retrace and blanking.
    movw $0x3C2, %dx
    movb $0xE3, %al
    outb %al, %dx
    crtc_bits 0x11, 0x80, 0
    movw $CRTC, %dx
    movw $unchained, %si
    movw $10, %cx
1:  lodsw
    outw %ax, %dx
    loop 1b
    movb $0, %bl            // the plane
2:  movw $0x3C4, %dx
    movb $2, %al
    movb $1, %ah
    movb %bl, %cl
    shlb %cl, %ah
    outw %ax, %dx
    movw $80 * 240, %di
    xorw %si, %si           // y
3:  xorw %cx, %cx           // x
4:  movb %cl, %al
    shrb $3, %al
    shlb $2, %al
    addb %bl, %al
    movw %si, %dx
    shrw $4, %dx
    shlb $4, %dl
    addb %dl, %al
    stosb
    incw %cx
    cmpw $80, %cx
    jne 4b
    incw %si
    cmpw $240, %si
    jne 3b
    incb %bl
    cmpb $4, %bl
    jne 2b
    movw $CRTC, %dx
    movw $((80 * 240) & 0xFF00) + 0x0C, %ax
    outw %ax, %dx
    movw $((80 * 240) & 0xFF) * 256 + 0x0D, %ax
    outw %ax, %dx
    ret
unchained:
    .word 0x0D06, 0x3E07, 0x4109, 0xEA10, 0xAC11, 0xDF12, 0x0014, 0xE715, 0x0616, 0xE317
#else
// Sixteen by sixteen boxes: the 256 colours.
chained:
    movw $0xA000, %ax
    movw %ax, %es
    xorw %di, %di
    xorw %si, %si           // y
1:  xorw %cx, %cx           // x
2:  movw %cx, %ax
    movb $20, %bl
    divb %bl
    movb %al, %dl
    movw %si, %ax
    movb $13, %bl
    divb %bl
    shlb $4, %al
    addb %dl, %al
#if PICTURE == 0x203
    testb $1, %cl
    jz 3f
    xorb %al, %al           // half of it is colour 0
3:
#endif
    stosb
    incw %cx
    cmpw $320, %cx
    jne 2b
    incw %si
    cmpw $200, %si
    jne 1b
    ret
#endif

#else
    .macro gc index, value
    movw $(\value) << 8 + (\index), %ax
    movw $0x3CE, %dx
    outw %ax, %dx
    .endm
    .macro planes mask
    movw $(\mask) << 8 + 2, %ax
    movw $0x3C4, %dx
    outw %ax, %dx
    .endm
#if BIOS_MODE == 0x0D
#define PITCH 40
#else
#define PITCH 80
#endif
    // Fills `rows` rows of `columns` bytes from (column, row) with AL, reading each byte into the latches first.
    .macro box column, row, columns, rows, value
    movw $PITCH * (\row) + (\column), %di
    movw $(\rows), %bx
    movb $(\value), %al
    movw $(\columns), %cx
    call fill_box
    .endm

// One box for each way in which the graphics controller writes.
planar:
    movw $0xA000, %ax
    movw %ax, %es
    // Write mode 0, a plane at a time: stripes of different width.
    planes 1
    box 0, 0, PITCH, 120, 0x55
    planes 2
    box 0, 0, PITCH, 120, 0x33
    planes 4
    box 0, 0, PITCH, 60, 0x0F
    planes 8
    box 0, 30, PITCH, 60, 0xF0
    planes 15
    // Set/reset with a bit mask.
    gc 0, 0x0C
    gc 1, 0x0F
    gc 8, 0x3C
    box 2, 10, 8, 40, 0
    // Set/reset in two planes, the byte in the others, rotated by 3.
    gc 1, 0x03
    gc 0, 0x02
    gc 8, 0xFF
    gc 3, 0x03
    box 12, 10, 8, 40, 0x1D
    // AND, OR, XOR with what is there.
    gc 1, 0
    gc 3, 0x08
    box 22, 10, 4, 40, 0xAC
    gc 3, 0x10
    box 27, 10, 4, 40, 0xAC
    gc 3, 0x18
    box 32, 10, 4, 40, 0xAC
    gc 3, 0
    // Write mode 2: a colour under a bit mask.
    gc 5, 2
    gc 8, 0x7E
    box 2, 60, 8, 20, 0x0E
    gc 3, 0x18
    box 12, 60, 8, 20, 0x0B
    gc 3, 0
    gc 8, 0xFF
    // Write mode 3: set/reset under the byte as a mask.
    gc 5, 3
    gc 0, 0x05
    box 22, 60, 8, 20, 0x99
    gc 5, 0
    gc 0, 0
    // Write mode 1: the top left corner, copied.
    gc 5, 1
    movw $0, %si
    movw $PITCH * 130 + 3, %di
    movw $40, %bx
1:  movw $30, %cx
2:  movb %es:(%si), %al
    movb %al, %es:(%di)
    incw %si
    incw %di
    loop 2b
    addw $PITCH - 30, %si
    addw $PITCH - 30, %di
    decw %bx
    jnz 1b
    gc 5, 0
    // Read mode 1: where colour 0Eh is, bright white; below, where it is not.
    gc 5, 8
    gc 2, 0x0E
    gc 7, 0x0F
    movw $PITCH * 60 + 2, %si
    movw $PITCH * 175 + 3, %di
    movw $20, %bx
1:  movw $8, %cx
2:  movb %es:(%si), %al
    movb %al, %es:(%di)
    notb %al
    movb %al, %es:10(%di)
    incw %si
    incw %di
    loop 2b
    addw $PITCH - 8, %si
    addw $PITCH - 8, %di
    decw %bx
    jnz 1b
    gc 5, 0
    gc 7, 0
    // The sixteen colours, down to the last line of any mode.
    gc 5, 2
    movw $PITCH * 197, %di
    movb $0, %al
1:  movw $PITCH / 16, %cx
    call row_down
    addw $PITCH / 16, %di
    incb %al
    cmpb $16, %al
    jne 1b
    gc 5, 0
    ret

// A column of CX bytes from DI to line 479 (or beyond the picture), colour AL in write mode 2.
row_down:
    pushw %di
    movw $283, %bx
1:  pushw %cx
    pushw %di
    rep stosb
    popw %di
    popw %cx
    addw $PITCH, %di
    decw %bx
    jnz 1b
    popw %di
    ret

fill_box:
1:  pushw %cx
    pushw %di
2:  movb %es:(%di), %ah
    movb %al, %es:(%di)
    incw %di
    loop 2b
    popw %di
    popw %cx
    addw $PITCH, %di
    decw %bx
    jnz 1b
    ret
#endif
#endif

#ifdef VBE_MODE
// FS reaches 4 GiB from here on.
flat:
    cli
    lgdt descriptors
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    movw $8, %bx
    movw %bx, %fs
    andb $0xFE, %al
    movl %eax, %cr0
    sti
    ret
    .balign 8
table:
    .quad 0, 0x00CF92000000FFFF
descriptors:
    .word 15
    .long table

// Boxes of 32 x 32 in a colour of their own, and a diagonal.
linear:
    movl info + 0x28, %edi
    xorl %esi, %esi         // y
1:  pushl %edi
    xorl %ecx, %ecx         // x
2:  movl %ecx, %eax         // red
    shrl $5, %eax
    imull $6, %eax, %eax
    shll $16, %eax
    movl %esi, %ebx         // green
    shrl $5, %ebx
    imull $7, %ebx, %ebx
    shll $8, %ebx
    orl %ebx, %eax
    movl %ecx, %ebx         // blue: a chessboard
    xorl %esi, %ebx
    testb $0x20, %bl
    jz 3f
    orb $0xC0, %al
3:  cmpl %esi, %ecx
    jne 4f
    movl $0xFFFFFF, %eax
4:  movb info + 0x19, %dl   // bits per pixel
    cmpb $8, %dl
    je eight
    cmpb $15, %dl
    je fifteen
    cmpb $16, %dl
    je sixteen
    movw %ax, %fs:(%edi)
    shrl $16, %eax
    movb %al, %fs:2(%edi)
    addl $3, %edi
    cmpb $24, %dl
    je next
    movb $0, %fs:(%edi)
    incl %edi
    jmp next
eight:
    movl %ecx, %eax
    shrl $5, %eax
    movl %esi, %ebx
    shrl $5, %ebx
    shll $4, %ebx
    addl %ebx, %eax
    cmpl %esi, %ecx
    jne 5f
    movb $15, %al
5:  movb %al, %fs:(%edi)
    incl %edi
    jmp next
fifteen:
    movl %eax, %ebx         // the upper five bits of each
    shrl $3, %ebx
    andl $0x1F, %ebx
    movl %eax, %edx
    shrl $6, %edx
    andl $0x3E0, %edx
    orl %edx, %ebx
    shrl $9, %eax
    andl $0x7C00, %eax
    jmp word
sixteen:
    movl %eax, %ebx
    shrl $3, %ebx
    andl $0x1F, %ebx
    movl %eax, %edx
    shrl $5, %edx
    andl $0x7E0, %edx
    orl %edx, %ebx
    shrl $8, %eax
    andl $0xF800, %eax
word:
    orl %ebx, %eax
    movw %ax, %fs:(%edi)
    addl $2, %edi
next:
    incl %ecx
    cmpw info + 0x12, %cx
    jne 2b
    popl %edi
    movzwl info + 0x10, %eax
    addl %eax, %edi
    incl %esi
    cmpw info + 0x14, %si
    jne 1b
    ret
#endif
    .balign 512
end:
    .set info, 0x9000       // what VBE function 4F01h says about the mode
