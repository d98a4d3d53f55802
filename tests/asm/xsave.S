# The XSAVE area and its header: what each instruction writes and reads, in which format, what it refuses, what is in use
# and what is in its initial state (Intel SDM vol. 1, chapter 13; vol. 2). XCR0's own rules are in syscall.S.
        .set    LONG, 1
        .include "guest.inc"

        .set    MXCSR, area+24
        .set    XMM0, area+160
        .set    XMM8, area+160+8*16
        .set    XSTATE, area+512
        .set    XCOMP, area+520
        .set    YMM0, area+576
        .set    PATTERN, 0x5A5A5A5A

        .macro  fill_area
        mov     $area, %edi
        mov     $PATTERN, %eax
        mov     $1024/4, %ecx
        rep stosl
        .endm
        .macro  clear_header
        mov     $XSTATE, %edi
        xor     %eax, %eax
        mov     $16, %ecx
        rep stosl
        .endm
        .macro  components mask
        mov     $\mask, %eax
        xor     %edx, %edx
        .endm
        .macro  initial
        components 7
        xrstor  empty                   # FNINIT would leave the x87 registers
        .endm
        .macro  dirty
        fninit
        fldpi
        vpcmpeqd %ymm0, %ymm0, %ymm0
        vpcmpeqd %xmm8, %xmm8, %xmm8
        ldmxcsr other_mxcsr
        .endm
        # A word of the area, 32 bits of it, zero-extended.
        .macro  check_word name, at, want
        mov     \at, %ebx
        mov     $\want, %ecx
        check   "\name", %rbx, %rcx
        .endm
        # XRSTOR or XRSTORS of everything, of a header.
        .macro  restores name, state, format_low, format_high, vector, error=NONE, insn=xrstor
        movl    $\state, XSTATE
        movl    $\format_low, XCOMP
        movl    $\format_high, XCOMP+4
        try
        components 7
        \insn   area
        caught  "\name", \vector, \error
        .endm

        .text
        .code64
main:   mov     $1, %eax
        cpuid
        bt      $26, %ecx
        jnc     9f
        bt      $28, %ecx               # AVX
        jnc     9f
        mov     $0xD, %eax
        mov     $1, %ecx
        cpuid
        mov     %eax, extensions
        mov     %cr4, %rax
        bts     $18, %rax
        mov     %rax, %cr4

        # CPUID's sizes.
        .irp    value, 1, 3, 7
        xor     %ecx, %ecx
        components \value
        xsetbv
        mov     $0xD, %eax
        xor     %ecx, %ecx
        cpuid
        .if     \value == 7
        check   "CPUID: the size with XCR0 of \value", %rbx, $832
        .else
        check   "CPUID: the size with XCR0 of \value", %rbx, $576
        .endif
        .endr
        mov     $0xD, %eax
        mov     $2, %ecx
        cpuid
        mov     %ebx, %r8d
        and     $1, %ecx
        mov     %ecx, %r9d
        check   "CPUID: the size of AVX state", %rax, $256
        check   "CPUID: its place", %r8, $576
        check   "CPUID: it is the user's", %r9, $0

        # XSAVE.
        dirty
        fill_area
        movq    $0, XSTATE
        components 7
        xsave   area
        check_word "XSAVE: XSTATE_BV", XSTATE, 7
        check_word "XSAVE: XCOMP_BV is left alone", XCOMP, PATTERN
        check_word "XSAVE: the header is left alone", area+528, PATTERN
        check_word "XSAVE: MXCSR", MXCSR, 0x3F80
        check_word "XSAVE: XMM0", XMM0, -1
        check_word "XSAVE: XMM8", XMM8, -1
        check_word "XSAVE: YMM0", YMM0, -1
        check_word "XSAVE: behind the registers", area+416, PATTERN
        fill_area
        movq    $4, XSTATE
        components 1
        xsave   area
        check_word "XSAVE of x87 state: XSTATE_BV keeps the others", XSTATE, 5
        check_word "XSAVE of x87 state: MXCSR is left alone", MXCSR, PATTERN
        check_word "XSAVE of x87 state: XMM0 is left alone", XMM0, PATTERN
        fill_area
        movq    $0, XSTATE
        components 4
        xsave   area
        check_word "XSAVE of AVX state: XSTATE_BV", XSTATE, 4
        check_word "XSAVE of AVX state: MXCSR", MXCSR, 0x3F80
        check_word "XSAVE of AVX state: XMM0 is left alone", XMM0, PATTERN
        fill_area
        movq    $0, XSTATE
        components 0
        xsave   area
        check_word "XSAVE of nothing: MXCSR is left alone", MXCSR, PATTERN
        check_word "XSAVE of nothing: XSTATE_BV", XSTATE, 0
        initial
        fill_area
        movq    $7, XSTATE
        components 7
        xsave   area
        check_word "XSAVE of the initial state: XSTATE_BV", XSTATE, 0
        check_word "XSAVE of the initial state is written all the same", XMM0, 0
        fldpi
        fill_area
        movq    $7, XSTATE
        components 7
        xsave   area
        check_word "XSAVE behind an x87 instruction: XSTATE_BV", XSTATE, 1
        # With XCR0 of x87 and SSE.
        dirty
        xor     %ecx, %ecx
        components 3
        xsetbv
        fill_area
        movq    $0, XSTATE
        components 7
        xsave   area
        check_word "XSAVE beyond XCR0: XSTATE_BV", XSTATE, 3
        check_word "XSAVE beyond XCR0: YMM0 is left alone", YMM0, PATTERN
        xor     %ecx, %ecx
        components 7
        xsetbv
        # In compatibility mode: eight registers.
        fill_area
        movq    $0, XSTATE
        try
        to_ring USER_CODE32
        mov     $7, %eax
        xor     %edx, %edx
        xsave   area
        caught  "XSAVE in compatibility mode", DONE
        check_word "XSAVE in compatibility mode: XMM0", XMM0, -1
        check_word "XSAVE in compatibility mode: XMM8 is left alone", XMM8, PATTERN
        check_word "XSAVE in compatibility mode: XSTATE_BV", XSTATE, 7
        # What it refuses.
        try
        .byte   0xF0
        xsave   area
        caught  "LOCK XSAVE", UD
        try
        mov     $0x800000000000, %rbx
        components 7
        xsave   (%rbx)
        caught  "XSAVE to what is not canonical", GP, 0
        try
        mov     $0x800000000000, %rbp
        components 7
        xsave   (%rbp)
        caught  "XSAVE to what is not canonical, by RBP", SS, 0
        try
        mov     $0x40000000, %ebx
        components 7
        xsave   (%rbx)
        caught  "XSAVE to what is not mapped", PF, 2
        mov     %cr0, %rax
        or      $4, %rax
        mov     %rax, %cr0
        try
        components 7
        xsave   area
        caught  "XSAVE with CR0.EM", DONE
        mov     %cr0, %rax
        and     $~4, %rax
        mov     %rax, %cr0

        # XSAVEOPT.
        btl     $0, extensions
        jnc     1f
        initial
        fill_area
        movq    $7, XSTATE
        components 7
        xsaveopt area
        check_word "XSAVEOPT of the initial state: XSTATE_BV", XSTATE, 0
        check_word "XSAVEOPT of the initial state: XMM0 is left alone", XMM0, PATTERN
        check_word "XSAVEOPT of the initial state: YMM0 is left alone", YMM0, PATTERN
        check_word "XSAVEOPT of the initial state: MXCSR", MXCSR, 0x1F80
        check_word "XSAVEOPT: XCOMP_BV is left alone", XCOMP, PATTERN
1:
        # XSAVEC.
        btl     $1, extensions
        jnc     1f
        dirty
        fill_area
        components 7
        xsavec  area
        check_word "XSAVEC: XSTATE_BV", XSTATE, 7
        check_word "XSAVEC: XCOMP_BV", XCOMP, 7
        check_word "XSAVEC: the compacted format", XCOMP+4, 0x80000000
        check_word "XSAVEC: YMM0", YMM0, -1
        fill_area
        components 4
        xsavec  area
        check_word "XSAVEC of AVX state: XSTATE_BV is written whole", XSTATE, 4
        check_word "XSAVEC of AVX state: XCOMP_BV", XCOMP, 4
        check_word "XSAVEC of AVX state: its place", YMM0, -1
        check_word "XSAVEC of AVX state: MXCSR is left alone", MXCSR, PATTERN
        initial
        fill_area
        components 7
        xsavec  area
        check_word "XSAVEC of the initial state: XSTATE_BV", XSTATE, 0
        check_word "XSAVEC of the initial state: XCOMP_BV", XCOMP, 7
        check_word "XSAVEC of the initial state: MXCSR is left alone", MXCSR, PATTERN
        check_word "XSAVEC of the initial state: XMM0 is left alone", XMM0, PATTERN
        ldmxcsr other_mxcsr
        fill_area
        components 7
        xsavec  area
        check_word "XSAVEC: MXCSR alone is SSE state", XSTATE, 2
1:
        # XRSTOR.
        dirty
        fill_area
        clear_header
        components 7
        xsave   area
        restores "XRSTOR", 7, 0, 0, DONE
        restores "XRSTOR: XSTATE_BV beyond XCR0", 0x107, 0, 0, GP, 0
        restores "XRSTOR: XCOMP_BV without bit 63", 7, 7, 0, GP, 0
        movl    $1, area+528
        restores "XRSTOR: header bytes 16 to 23", 7, 0, 0, GP, 0
        movl    $0, area+528
        movl    $1, area+536
        restores "XRSTOR: header bytes from 24 mean nothing", 7, 0, 0, DONE
        movl    $0, area+536
        movl    $0x2F80, MXCSR
        initial
        restores "XRSTOR of the initial state", 0, 0, 0, DONE
        stmxcsr seen
        check_word "XRSTOR of the initial state: MXCSR is the area's", seen, 0x2F80
        movl    $0xFFFFFFFF, MXCSR
        try
        components 1
        xrstor  area
        caught  "XRSTOR of x87 state: MXCSR is not looked at", DONE
        movl    $0x1F80, MXCSR
        try
        mov     $0x800000000000, %rbp
        components 7
        xrstor  (%rbp)
        caught  "XRSTOR from what is not canonical, by RBP", SS, 0
        try
        mov     $0x40000000, %ebx
        components 7
        xrstor  (%rbx)
        caught  "XRSTOR from what is not mapped", PF, 0
        # Of some components, the others stay.
        dirty
        movl    $0, XSTATE
        components 4
        xrstor  area
        vextracti128 $1, %ymm0, %xmm1
        vmovd   %xmm1, %ebx
        vmovd   %xmm0, %ecx
        mov     %ecx, seen
        check   "XRSTOR of AVX state: the upper half", %rbx, $0
        check_word "XRSTOR of AVX state: the lower half", seen, -1
        btl     $1, extensions
        jnc     1f
        # The compacted format.
        restores "XRSTOR, compacted", 7, 7, 0x80000000, DONE
        restores "XRSTOR, compacted: XCOMP_BV beyond XCR0", 7, 0x107, 0x80000000, GP, 0
        restores "XRSTOR, compacted: XSTATE_BV beyond XCOMP_BV", 7, 3, 0x80000000, GP, 0
        movl    $1, area+568
        restores "XRSTOR, compacted: the header's last bytes", 7, 7, 0x80000000, GP, 0
        movl    $0, area+568
        dirty
        movl    $0x2F80, MXCSR
        restores "XRSTOR, compacted, of x87 state alone", 1, 1, 0x80000000, DONE
        stmxcsr seen
        check_word "XRSTOR, compacted: SSE's initial state has MXCSR's", seen, 0x1F80
        vmovd   %xmm0, %ebx
        check   "XRSTOR, compacted: SSE's initial state", %rbx, $0
        movl    $0xFFFFFFFF, MXCSR
        restores "XRSTOR, compacted: MXCSR of a component that is not there", 1, 1, 0x80000000, DONE
        movl    $0x1F80, MXCSR
1:
        # XSAVES and XRSTORS.
        btl     $3, extensions
        jnc     1f
        dirty
        fill_area
        components 7
        xsaves  area
        check_word "XSAVES: XCOMP_BV", XCOMP, 7
        check_word "XSAVES: the compacted format", XCOMP+4, 0x80000000
        clear_header
        restores "XRSTORS", 7, 7, 0x80000000, DONE, NONE, xrstors
        restores "XRSTORS of the standard format", 7, 0, 0, GP, 0, xrstors
        try
        to_ring USER_CODE64
        xsaves  area
        caught  "XSAVES at privilege 3", GP, 0
        try
        to_ring USER_CODE64
        xrstors area
        caught  "XRSTORS at privilege 3", GP, 0
        try
        mov     $0xDA0, %ecx
        components 1
        wrmsr
        caught  "IA32_XSS: x87 state is the user's", GP, 0
        try
        mov     $0xDA0, %ecx
        components 0
        wrmsr
        caught  "IA32_XSS of 0", DONE
1:
        # XGETBV of what is in use.
        btl     $2, extensions
        jnc     1f
        dirty
        mov     $1, %ecx
        xgetbv
        check   "XGETBV 1: all in use", %rax, $7
        initial
        mov     $1, %ecx
        xgetbv
        check   "XGETBV 1: none in use", %rax, $0
        try
        mov     $2, %ecx
        xgetbv
        caught  "XGETBV 2", GP, 0
1:
        try
        xor     %ecx, %ecx
        mov     $7, %eax
        mov     $0x80000000, %edx
        xsetbv
        caught  "XSETBV: bit 63", GP, 0
        try
        .byte   0xF0, 0x0F, 0x01, 0xD0
        caught  "LOCK XGETBV", UD
9:      ret

        .align  4
extensions:
        .long   0
seen:   .long   0
other_mxcsr: .long 0x3F80
        .align  64
empty:  .fill   6, 4, 0
        .long   0x1F80
        .fill   832-28, 1, 0
        .bss
        .align  64
area:   .skip   4096
