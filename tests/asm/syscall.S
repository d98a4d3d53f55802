# SYSCALL and SYSRET, SYSENTER and SYSEXIT, XSAVE and XCR0: from every mode, with odd flags and addresses (Intel SDM vol.
# 2; vol. 3A, §5.8.7 and §5.8.8; vol. 1, chapter 13).
        .set    LONG, 1
        .include "guest.inc"

        .macro  set_msr number, low, high=0
        mov     $\number, %ecx
        mov     $\low, %eax
        mov     $\high, %edx
        wrmsr
        .endm
        # Compatibility code of privilege 0.
        .macro  to_compatibility
        pushq   $CODE32
        pushq   $71f
        lretq
        .code32
71:
        .endm
        .set    EFER, 0xC0000080
        .set    STAR, 0xC0000081
        .set    LSTAR, 0xC0000082
        .set    FMASK, 0xC0000084

        .text
        .code64
main:
        set_msr STAR, 0, CODE64|(0x18<<16)      # SYSRET: 18h + 16 is USER_CODE64, + 8 USER_DATA
        set_msr LSTAR, arrive
        set_msr FMASK, 0x700                    # TF, IF, DF

        # SYSCALL.
        try
        to_ring USER_CODE64, USER_DATA, 0xCD7
        syscall
1:      caught  "SYSCALL", DONE
        check   "SYSCALL: CS", f_cs, $CODE64
        check   "SYSCALL: SS", f_ss, $SYSCALL_DATA
        check   "SYSCALL: RCX", %rcx, $1b
        check   "SYSCALL: R11", %r11, $0xCD7
        check   "SYSCALL: flags behind FMASK", f_flags, $0x8D7
        check   "SYSCALL: RSP stays", f_sp, $user_stack_top
        # RF: clear in R11 and behind it.
        try
        to_ring USER_CODE64, USER_DATA, 0x10002
        syscall
        caught  "SYSCALL with RF", DONE
        check   "SYSCALL with RF: R11", %r11, $2
        # FMASK takes any bit.
        set_msr FMASK, 0xFFFFFFFF
        try
        to_ring USER_CODE64, USER_DATA, 0x240CD7
        syscall
        caught  "SYSCALL with FMASK all ones", DONE
        check   "FMASK all ones: flags", f_flags, $2
        check   "FMASK all ones: R11", %r11, $0x240CD7
        set_msr FMASK, 0
        # At privilege 0 too.
        try
        syscall
        caught  "SYSCALL at privilege 0", DONE
        # Selectors come from STAR alone, whatever the descriptors say.
        set_msr STAR, 0, 0x1233|(0x18<<16)
        try
        to_ring USER_CODE64
        syscall
        caught  "SYSCALL to a selector that is not", DONE
        check   "SYSCALL to a selector that is not: CS", f_cs, $0x1230
        check   "SYSCALL to a selector that is not: SS", f_ss, $0x123B
        mov     $DATA32, %eax
        mov     %eax, %ss
        set_msr STAR, 0, CODE64|(0x18<<16)
        try
        to_ring USER_CODE32
        .byte   0x0F, 0x05
        caught  "SYSCALL in compatibility mode", UD
        set_msr EFER, 0xD00
        try
        to_ring USER_CODE64
1:      syscall
        caught  "SYSCALL with EFER.SCE off", UD, NONE, , $1b
        try
        sysretq
        caught  "SYSRET with EFER.SCE off", UD
        set_msr EFER, 0xD01

        # SYSRET.
        try
        mov     $arrive, %ecx
        mov     $0xCD7, %r11d
        sysretq
        caught  "SYSRET to 64-bit code", DONE
        check   "SYSRET: CS", f_cs, $USER_CODE64
        check   "SYSRET: SS", f_ss, $USER_DATA
        check   "SYSRET: flags", f_flags, $0xCD7
        try
        mov     $arrive, %ecx
        mov     $2, %r11d
        sysretl
        caught  "SYSRET to compatibility code", DONE
        check   "SYSRET to compatibility code: CS", f_cs, $USER_CODE32
        # RF and VM are cleared, reserved bits too.
        try
        mov     $arrive, %ecx
        mov     $0xFFFFFFFFFFC0F8FF, %r11        # TF, IF, DF stay off
        sysretq
        caught  "SYSRET with odd flags", DONE
        check   "SYSRET with odd flags: flags", f_flags, $0x78D7
        # The check is made at privilege 0, with RSP the program's own.
        try
        mov     $0x800000000000, %rcx
        mov     $2, %r11d
2:      sysretq
        caught  "SYSRET to what is not canonical", GP, 0, , $2b
        check   "SYSRET to what is not canonical: CS", f_cs, $CODE64
        try
        mov     $arrive, %ecx
        bts     $32, %rcx
        mov     $2, %r11d
        sysretl
        caught  "SYSRET to compatibility code takes ECX", DONE
        try
        to_ring USER_CODE64
        sysretq
        caught  "SYSRET at privilege 3", GP, 0
        # RPL 3 is forced.
        set_msr STAR, 0, CODE64|(0x18<<16)
        try
        mov     $0x8D7, %r11d
        mov     $1f, %ecx
        sysretq
1:      pushfq
        pop     %rbx
        caught  "SYSRET and on", DONE
        check   "SYSRET and on: flags", %rbx, $0x8D7

        # SYSENTER and SYSEXIT.
        set_msr 0x174, CODE64
        set_msr 0x175, ring0_stack_top
        set_msr 0x176, arrive
        try
        to_ring USER_CODE64, USER_DATA, 0x246
        sysenter
        caught  "SYSENTER from 64-bit code", DONE
        check   "SYSENTER: CS", f_cs, $CODE64
        check   "SYSENTER: SS", f_ss, $CODE64+8
        check   "SYSENTER: RSP", f_sp, $ring0_stack_top
        check   "SYSENTER: flags", f_flags, $0x46
        try
        to_ring USER_CODE32
        .byte   0x0F, 0x34
        caught  "SYSENTER from compatibility code", DONE
        check   "SYSENTER from compatibility code: CS", f_cs, $CODE64
        check   "SYSENTER from compatibility code: SS", f_ss, $CODE64+8
        check   "SYSENTER from compatibility code: RSP", f_sp, $ring0_stack_top
        check   "SYSENTER from compatibility code: RIP", f_ip, $arrive+1
        # All 64 bits of the MSRs count, whatever code it comes from.
        mov     $0xFFFF800000000000, %rax
        mov     %rax, %rdx
        shr     $32, %rdx
        mov     $0x175, %ecx
        wrmsr
        set_msr 0x176, arrive_high
        try
        to_ring USER_CODE32, USER_DATA, 0x246
        .byte   0x0F, 0x34
        caught  "SYSENTER from compatibility code to a high RSP", DONE
        check   "SYSENTER from compatibility code: 64 bits of RSP", %rbx, $0x1FFFF
        set_msr 0x175, ring0_stack_top
        set_msr 0x176, arrive
        try
        set_msr 0x175, 0, 0x8000
        caught  "SYSENTER_ESP that is not canonical", GP, 0
        try
        set_msr 0x176, 0, 0x8000
        caught  "SYSENTER_EIP that is not canonical", GP, 0
        set_msr 0x175, ring0_stack_top
        set_msr 0x176, arrive
        set_msr 0x174, CODE64+3
        try
        to_ring USER_CODE64
        sysenter
        caught  "SYSENTER, its selector with RPL 3", DONE
        check   "SYSENTER, RPL 3: CS", f_cs, $CODE64
        set_msr 0x174, 3
        try
        to_ring USER_CODE64
        sysenter
        caught  "SYSENTER with a null selector", GP, 0
        try
        to_ring USER_CODE32
1:      .byte   0x0F, 0x34
        caught  "SYSENTER from compatibility code with a null selector", GP, 0, , $1b
        try
        sysexitl
        caught  "SYSEXIT with a null selector", GP, 0
        try
        to_compatibility
1:      sysexit
        caught  "SYSEXIT from compatibility code with a null selector", GP, 0, , $1b
        # 8h: compatibility code at 18h, 64-bit code at 28h.
        set_msr 0x174, 8
        try
        mov     $user_stack_top, %ecx
        mov     $arrive, %edx
        sysexitl
        caught  "SYSEXIT to compatibility code", DONE
        check   "SYSEXIT to compatibility code: CS", f_cs, $USER_CODE32
        check   "SYSEXIT to compatibility code: SS", f_ss, $USER_DATA
        check   "SYSEXIT to compatibility code: RSP", f_sp, $user_stack_top
        try
        mov     $user_stack_top, %ecx
        mov     $arrive, %edx
        rex.w sysexit
        caught  "SYSEXIT to 64-bit code", DONE
        check   "SYSEXIT to 64-bit code: CS", f_cs, $USER_CODE64
        check   "SYSEXIT to 64-bit code: SS", f_ss, $0x33
        try
        mov     $user_stack_top, %ecx
        mov     $0x800000000000, %rdx
        rex.w sysexit
        caught  "SYSEXIT to what is not canonical", GP, 0
        try
        mov     $0x800000000000, %rcx
        mov     $arrive, %edx
        rex.w sysexit
        caught  "SYSEXIT with an RSP that is not canonical", GP, 0
        # To compatibility code nothing is checked, and 32 bits count.
        try
        movabs  $0x8000000000000000+user_stack_top, %rcx
        movabs  $0x8000000000000000+arrive, %rdx
        sysexitl
        caught  "SYSEXIT to compatibility code: 32 bits of RDX", DONE, NONE, , $arrive+1
        check   "SYSEXIT to compatibility code: 32 bits of RCX", f_sp, $user_stack_top
        try
        to_ring USER_CODE64
        rex.w sysexit
        caught  "SYSEXIT at privilege 3", GP, 0
        try
        to_ring USER_CODE32
        .byte   0x0F, 0x35
        caught  "SYSEXIT at privilege 3 in compatibility mode", GP, 0
        # From compatibility code of privilege 0.
        try
        to_compatibility
        mov     $user_stack_top, %ecx
        mov     $arrive, %edx
        sysexit
        caught  "SYSEXIT from compatibility code", DONE, NONE, , $arrive+1
        check   "SYSEXIT from compatibility code: CS", f_cs, $USER_CODE32
        check   "SYSEXIT from compatibility code: SS", f_ss, $USER_DATA
        check   "SYSEXIT from compatibility code: RSP", f_sp, $user_stack_top
        try
        to_compatibility
        .byte   0x0F, 0x34
        caught  "SYSENTER from compatibility code of privilege 0", DONE, NONE, , $arrive+1
        check   "SYSENTER from compatibility code of privilege 0: CS", f_cs, $8
        try
        to_compatibility
        .byte   0xF0, 0x0F, 0x35
        caught  "LOCK SYSEXIT in compatibility mode", UD
        try
        swapgs
        swapgs
        to_ring USER_CODE64
        swapgs
        caught  "SWAPGS at privilege 3", GP, 0
        try
        to_ring USER_CODE32
        .byte   0x0F, 0x01, 0xF8
        caught  "SWAPGS in compatibility mode", UD

        # XSAVE and XCR0.
        mov     $1, %eax
        cpuid
        bt      $26, %ecx
        jnc     no_xsave
        try
        xor     %ecx, %ecx
        xgetbv
        caught  "XGETBV without OSXSAVE", UD
        try
        xsave   area
        caught  "XSAVE without OSXSAVE", UD
        mov     %cr4, %rax
        bts     $18, %rax
        mov     %rax, %cr4
        mov     $1, %eax
        cpuid
        shr     $27, %ecx
        and     $1, %ecx
        check   "CPUID.OSXSAVE", %rcx, $1
        try
        xor     %ecx, %ecx
        xgetbv
        caught  "XGETBV", DONE
        check   "XCR0 from reset", f_ax, $1
        .macro  set_xcr0 name, value, vector, error=NONE
        try
        xor     %ecx, %ecx
        xor     %edx, %edx
        mov     $\value, %eax
        xsetbv
        caught  "\name", \vector, \error
        .endm
        set_xcr0 "XCR0: no x87", 2, GP, 0
        set_xcr0 "XCR0: none", 0, GP, 0
        set_xcr0 "XCR0: AVX without SSE", 5, GP, 0
        set_xcr0 "XCR0: a component that is not", 0x40000003, GP, 0
        set_xcr0 "XCR0: x87 and SSE", 3, DONE
        try
        vzeroupper
        caught  "AVX with XCR0 without it", UD
        set_xcr0 "XCR0: x87, SSE and AVX", 7, DONE
        try
        vzeroupper
        caught  "AVX with XCR0 allowing it", DONE
        try
        mov     $1, %ecx
        xor     %edx, %edx
        mov     $1, %eax
        xsetbv
        caught  "XSETBV of XCR1", GP, 0
        try
        to_ring USER_CODE64
        xor     %ecx, %ecx
        xor     %edx, %edx
        mov     $7, %eax
        xsetbv
        caught  "XSETBV at privilege 3", GP, 0
        try
        to_ring USER_CODE64
        xor     %ecx, %ecx
        xgetbv
        caught  "XGETBV at privilege 3", DONE
        try
        xsave   area+16
        caught  "XSAVE, misaligned", GP, 0
        mov     %cr0, %rax
        bts     $3, %rax
        mov     %rax, %cr0
        try
        xsave   area+16
        caught  "XSAVE, misaligned, with CR0.TS", NM
        clts
        try
        mov     $7, %eax
        xor     %edx, %edx
        fninit
        pcmpeqd %xmm0, %xmm0
        xsave   area
        xrstor  area
        caught  "XSAVE and XRSTOR", DONE
        movb    $8, area+512            # PKRU or what is not: beyond XCR0
        movb    $0x80, area+519
        try
        mov     $7, %eax
        xor     %edx, %edx
        xrstor  area
        caught  "XRSTOR: XSTATE_BV beyond XCR0", GP, 0
        movq    $7, area+512
        movq    $1, area+520
        try
        mov     $7, %eax
        xor     %edx, %edx
        xrstor  area
        caught  "XRSTOR: a header that is not zero", GP, 0
        movq    $0, area+520
        movl    $0xFFFF0000, area+24
        try
        mov     $7, %eax
        xor     %edx, %edx
        xrstor  area
        caught  "XRSTOR: reserved bits of MXCSR", GP, 0
        movl    $0x1F80, area+24
        movq    $0, area+512
        try
        mov     $7, %eax
        xor     %edx, %edx
        xrstor  area
        movq    %xmm0, %rbx
        caught  "XRSTOR of the initial state", DONE
        check   "initial state: XMM0", %rbx, $0
        mov     %cr4, %rax
        btr     $18, %rax
        mov     %rax, %cr4
        try
        vzeroupper
        caught  "AVX without OSXSAVE", UD
no_xsave:
        ret

arrive: int3
arrive_high:
        mov     %rsp, %rbx
        shr     $47, %rbx
        int3
        .bss
        .align  64
area:   .skip   4096
