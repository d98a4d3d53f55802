# Exceptions of protected mode: vectors, error codes, CR2, the saved address, and which comes first (Intel SDM vol.
# 3A, §6.13 and §6.15).
        .set    LONG, 0
        .include "guest.inc"

        .text
        .code32
main:
        try
        xor     %ecx, %ecx
        xor     %edx, %edx
1:      div     %ecx
        caught  "DIV by zero", DE, ip=$1b
        try
        mov     $0x80000000, %eax
        cltd
        mov     $-1, %ecx
        idiv    %ecx
        caught  "IDIV overflow", DE
        try
        aam     $0
        caught  "AAM 0", DE
        try
        nop
        caught  "a case that runs through", DONE
        try
1:      int     $4
        caught  "INT 4", 4, ip=$1b+2
        try
        mov     $0x7FFFFFFF, %eax
        inc     %eax
        into
1:      caught  "INTO", OF, ip=$1b
        try
        mov     $9, %eax
1:      bound   %eax, bounds
        caught  "BOUND", BR, ip=$1b
        try
        mov     $8, %eax
        bound   %eax, bounds
        caught  "BOUND at its upper limit", DONE
        try
1:      ud2
        caught  "UD2", UD, ip=$1b
        try
        .byte   0xF0, 0x90
        caught  "LOCK NOP", UD
        try
        .byte   0xF0, 0x01, 0xC0        # lock add %eax, %eax
        caught  "LOCK with a register", UD
        try
        .byte   0xF0, 0x39, 0x05        # lock cmp %eax, word
        .long   word
        caught  "LOCK CMP", UD
        try
        .byte   0x8E, 0xC8              # mov %eax, %cs
        caught  "MOV to CS", UD
        try
        .byte   0x8E, 0xF0              # mov %eax, segment 6
        caught  "MOV to a segment that is not", UD
        try
        .byte   0x0F, 0x20, 0xC8        # mov %cr1, %eax
        caught  "MOV from CR1", UD
        try
        .byte   0x0F, 0x01, 0xD8        # lidt with a register
        caught  "LIDT with a register (SVM's space)", UD
        try
        .byte   0x8D, 0xC0              # lea with a register
        caught  "LEA with a register", UD
        try
        .byte   0xC5, 0xC0              # in protected mode VEX: vzeroupper has 77h, this is an empty map slot
        .byte   0xFF, 0xC0
        caught  "an opcode that is not in VEX's map 1", UD
        try
1:      .fill   15, 1, 0x66
        nop
        caught  "16 bytes", GP, 0, ip=$1b
        try
        .fill   14, 1, 0x66
        nop
        caught  "15 bytes", DONE

        # Device not available.
        mov     %cr0, %eax
        or      $8, %eax
        mov     %eax, %cr0
        try
1:      fnop
        caught  "x87 with CR0.TS", NM, ip=$1b
        try
        xorps   %xmm0, %xmm0
        caught  "SSE with CR0.TS", NM
        try
        fwait
        caught  "FWAIT with CR0.TS and MP", NM
        try
        .byte   0x0F, 0x0B
        caught  "UD2 with CR0.TS", UD
        mov     %cr0, %eax
        and     $~2, %eax
        mov     %eax, %cr0
        try
        fwait
        caught  "FWAIT with CR0.TS, not MP", DONE
        clts
        mov     %cr0, %eax
        or      $6, %eax
        mov     %eax, %cr0
        try
        fnop
        caught  "x87 with CR0.EM", NM
        try
        xorps   %xmm0, %xmm0
        caught  "SSE with CR0.EM", UD
        try
        .byte   0x0F, 0xEF, 0xC0        # pxor %mm0, %mm0
        caught  "MMX with CR0.EM", UD
        mov     %cr0, %eax
        and     $~4, %eax
        mov     %eax, %cr0
        mov     %cr4, %eax
        and     $~0x200, %eax
        mov     %eax, %cr4
        try
        xorps   %xmm0, %xmm0
        caught  "SSE without CR4.OSFXSR", UD
        mov     %cr0, %eax
        or      $8, %eax
        mov     %eax, %cr0
        try
        xorps   %xmm0, %xmm0
        caught  "SSE without CR4.OSFXSR, with CR0.TS", UD
        clts
        mov     %cr4, %eax
        or      $0x200, %eax
        mov     %eax, %cr4

        # Floating-point errors.
        fninit
        fnstcw  word
        andw    $~4, word
        fldcw   word
        try
        fldz
        fld1
        fdivp                           # waits for the next
1:      fwait
        caught  "x87 division by zero", MF, ip=$1b
        fninit
        movl    $0x1D80, word           # ZM clear
        ldmxcsr word
        try
        xorps   %xmm0, %xmm0
        mov     $0x3F800000, %eax
        movd    %eax, %xmm1
1:      divss   %xmm0, %xmm1
        caught  "SSE division by zero", XM, ip=$1b
        stmxcsr word
        check   "MXCSR behind it", word, $0x1D84
        mov     %cr4, %eax
        and     $~0x400, %eax
        mov     %eax, %cr4
        try
        divss   %xmm0, %xmm1
        caught  "SSE division by zero without OSXMMEXCPT", UD
        mov     %cr4, %eax
        or      $0x400, %eax
        mov     %eax, %cr4
        movl    $0x1F80, word
        ldmxcsr word
        try
        movaps  word + 4, %xmm0
        caught  "MOVAPS, misaligned", GP, 0

        # Alignment.
        mov     %cr0, %eax
        or      $0x40000, %eax
        mov     %eax, %cr0
        try
        to_ring USER_CODE32, USER_DATA, 0x40002
1:      mov     aligned + 1, %eax
        caught  "misaligned at privilege 3", AC, 0, ip=$1b
        try
        to_ring USER_CODE32, USER_DATA, 0x40002
        mov     aligned + 2, %ax
        fldt    aligned + 4             # 80 bits: multiples of 8
        caught  "80 bits, misaligned at privilege 3", AC, 0
        try
        to_ring USER_CODE32, USER_DATA, 0x40002
        movups  aligned + 1, %xmm0
        caught  "MOVUPS, misaligned at privilege 3", DONE
        try
        pushl   $0x40002
        popf
        mov     aligned + 1, %eax
        caught  "misaligned at privilege 0", DONE
        mov     %cr0, %eax
        and     $~0x40000, %eax
        mov     %eax, %cr0

        # Segments: limit, type, null.
        descriptor T0, 0x1000, 0xFFF, 0x93, 4
        descriptor T0+8, 0, 0xFFF, 0x91, 4
        descriptor T0+16, 0, 0xFFF, 0x97, 4   # expand-down
        descriptor T0+24, 0, 0xFFFFF, 0x99, 0xC
        mov     $T0, %eax
        mov     %eax, %es
        try
        movb    %es:0xFFF, %al
        caught  "the last byte of a segment", DONE
        mov     $T0, %eax
        mov     %eax, %es
        try
        movl    %es:0xFFD, %eax
        caught  "beyond a segment's limit", GP, 0
        mov     $T0, %eax
        mov     %eax, %es
        try
        movb    %es:0xFFFFFFFF, %al
        caught  "far beyond a segment's limit", GP, 0
        mov     $T0 + 8, %eax
        mov     %eax, %es
        try
        movb    %al, %es:0
        caught  "a write to a read-only segment", GP, 0
        mov     $T0 + 16, %eax
        mov     %eax, %es
        try
        movb    %es:0xFFF, %al
        caught  "expand-down: at its limit", GP, 0
        mov     $T0 + 16, %eax
        mov     %eax, %es
        try
        movb    %es:0x1000, %al
        caught  "expand-down: above its limit", DONE
        mov     $T0 + 16, %eax
        mov     %eax, %es
        try
        movl    %es:0xFFFFFFFD, %eax
        caught  "expand-down: across its upper end", GP, 0
        xor     %eax, %eax
        mov     %eax, %es
        try
        movb    %es:0, %al
        caught  "through a null selector", GP, 0
        try
        movb    %al, %cs:aligned
        caught  "a write through CS", GP, 0
        mov     $T0 + 24, %eax
        try
        mov     %eax, %es
        caught  "ES: code that is execute-only", GP, T0+24
        descriptor T0, 0x1000, 0xFFF, 0xF3, 4
        try
        to_ring
        mov     $T0+3, %eax
        mov     %eax, %ss
        mov     $0xFFE, %esp
        pop     %eax
        caught  "POP beyond the stack's limit", SS, 0
        try
        to_ring
        mov     $T0+3, %eax
        mov     %eax, %ss
        mov     $0x2000, %ebp
        mov     (%ebp), %eax
        caught  "[EBP] beyond the stack's limit", SS, 0
        try
        to_ring
        mov     $T0+3, %eax
        mov     %eax, %ss
        mov     %ss:0x2000, %eax
        caught  "an override to SS beyond its limit", SS, 0

        # Tables.
        try
        mov     $GDT_SIZE, %eax
        mov     %eax, %es
        caught  "a selector beyond the GDT", GP, GDT_SIZE
        try
        mov     $0xC, %eax
        mov     %eax, %es
        caught  "a selector of an LDT that is not", GP, 0xC
        try
        int     $0x40
        caught  "INT through a gate", 0x40
        movb    $0x0E, idt + 0x40 * 8 + 5
        try
1:      int     $0x40
        caught  "INT through a gate that is not present", NP, 0x40*8+2, ip=$1b
        movb    $0x8C, idt + 0x40 * 8 + 5
        try
        int     $0x40
        caught  "INT through a call gate", GP, 0x40*8+2
        movb    $0x8E, idt + 0x40 * 8 + 5
        try
        to_ring
1:      int     $0x40
        caught  "INT through a gate of privilege 0", GP, 0x40*8+2, ip=$1b
        movw    $0, idt + 0x40 * 8 + 2
        try
        int     $0x40
        caught  "INT through a gate with a null selector", GP, 0
        movw    $DATA32, idt + 0x40 * 8 + 2
        try
        int     $0x40
        caught  "INT through a gate to data", GP, DATA32
        movw    $USER_CODE32 - 3, idt + 0x40 * 8 + 2
        try
        int     $0x40
        caught  "INT through a gate to an outer privilege", GP, USER_CODE32-3
        movw    $GDT_SIZE, idt + 0x40 * 8 + 2
        try
        int     $0x40
        caught  "INT through a gate to a selector beyond the GDT", GP, GDT_SIZE
        descriptor T0, 0, 0xFFFFF, 0x1B, 0xC
        movw    $T0, idt + 0x40 * 8 + 2
        try
        int     $0x40
        caught  "INT through a gate to code that is not present", NP, T0
        descriptor T0, 0, 0xFFF, 0x9B, 4
        try
        int     $0x40
        caught  "INT through a gate to beyond the code's limit", GP, 0
        lidtl   short_idt
        try
        int     $0x40
        caught  "INT beyond the IDT", GP, 0x40*8+2
        lidtl   idt_pointer

        # Exceptions inside exceptions: EXT, double faults.
        movw    $GDT_SIZE, idt + UD * 8 + 2
        try
1:      ud2
        caught  "#UD whose gate has a bad selector", GP, GDT_SIZE+1, ip=$1b
        movb    $0x0E, idt + UD * 8 + 5
        try
        ud2
        caught  "#UD whose gate is not present", NP, UD*8+3
        movb    $0x8E, idt + UD * 8 + 5
        movw    $CODE32, idt + UD * 8 + 2
        movb    $0x0E, idt + DE * 8 + 5
        try
        xor     %ecx, %ecx
1:      div     %ecx
        caught  "#DE whose gate is not present", DF, 0, ip=$1b
        movb    $0x8E, idt + DE * 8 + 5
        movb    $0x0E, idt + GP * 8 + 5
        try
        mov     $GDT_SIZE, %eax
        mov     %eax, %es
        caught  "#GP whose gate is not present", DF, 0
        movb    $0x8E, idt + GP * 8 + 5
        movb    $0x0E, idt + NM * 8 + 5
        mov     %cr0, %eax
        or      $8, %eax
        mov     %eax, %cr0
        try
        fnop
        caught  "#NM whose gate is not present", NP, NM*8+3
        clts
        movb    $0x8E, idt + NM * 8 + 5

        # Priorities.
        try
        to_ring
        .byte   0xF0, 0xF4
        caught  "LOCK HLT at privilege 3", UD
        try
        to_ring
1:      hlt
        caught  "HLT at privilege 3", GP, 0, ip=$1b
        try
        to_ring
        mov     %cr0, %eax
        caught  "MOV from CR0 at privilege 3", GP, 0
        try
        to_ring
        .byte   0x0F, 0x20, 0xC8        # mov %cr1, %eax
        caught  "MOV from CR1 at privilege 3", UD
        try
        to_ring
        lgdt    0xFFFFFFFF
        caught  "LGDT at privilege 3", GP, 0
        try
        to_ring
        .byte   0x0F, 0xAA              # rsm
        caught  "RSM outside of SMM", UD
        try
        to_ring
        cli
        caught  "CLI above IOPL", GP, 0
        try
        to_ring USER_CODE32, USER_DATA, 0x3002
        cli
        sti
        caught  "CLI and STI at IOPL", DONE
        try
        to_ring
        pushl   $0x3202
        popf
        caught  "POPF above IOPL", DONE
        check   "POPF above IOPL leaves IF and IOPL", f_flags, $0x2
        try
        to_ring
        in      $0x80, %al
        caught  "IN above IOPL, allowed by the bitmap", DONE
        orb     $1, tss + 104 + 0x10
        try
        to_ring
        in      $0x80, %al
        caught  "IN above IOPL, forbidden by the bitmap", GP, 0
        try
        to_ring
        mov     $0x7F, %dx
        in      %dx, %ax
        caught  "IN of two ports, the second forbidden", GP, 0
        try
        to_ring USER_CODE32, USER_DATA, 0x3002
        in      $0x80, %al
        caught  "IN at IOPL", DONE
        try
        mov     $0xFFFFFFFF, %ecx
        rdmsr
        caught  "RDMSR of a register that is not", GP, 0
        try
        to_ring
        rdmsr
        caught  "RDMSR at privilege 3", GP, 0
        try
        mov     %cr0, %eax
        or      $0x80000000, %eax
        and     $~1, %eax
        mov     %eax, %cr0
        caught  "CR0.PG without PE", GP, 0
        try
        mov     %cr0, %eax
        or      $0x20000000, %eax
        and     $~0x40000000, %eax
        mov     %eax, %cr0
        caught  "CR0.NW without CD", GP, 0
        mov     %cr0, %eax
        lmsw    %ax
        and     $~1, %eax
        try
        lmsw    %ax
        caught  "LMSW cannot clear PE", DONE
        mov     %cr0, %eax
        and     $1, %eax
        check   "CR0.PE behind it", %eax, $1
        mov     %cr4, %eax
        or      $4, %eax
        mov     %eax, %cr4
        try
        to_ring
        rdtsc
        caught  "RDTSC with CR4.TSD at privilege 3", GP, 0
        mov     %cr4, %eax
        and     $~4, %eax
        mov     %eax, %cr4
        try
        to_ring
        rdtsc
        caught  "RDTSC at privilege 3", DONE
        try
        mov     %cr4, %eax
        or      $0x80000000, %eax
        mov     %eax, %cr4
        caught  "a reserved bit of CR4", GP, 0
        ret

        .align  16
aligned: .fill  4, 4, 0
bounds: .long   -1, 8
word:   .long   0
        .align  4
short_idt:
        .word   0x1FF
        .long   idt
