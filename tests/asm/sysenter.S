# SYSENTER and SYSEXIT of protected mode, from every mode and privilege (Intel SDM vol. 2; vol. 3A, §5.8.7). Long mode's
# are in syscall.S.
        .set    LONG, 0
        .include "guest.inc"

        .macro  set_msr number, low, high=0
        mov     $\number, %ecx
        mov     $\low, %eax
        mov     $\high, %edx
        wrmsr
        .endm
        .set    SYS_CS, 0x174
        .set    SYS_ESP, 0x175
        .set    SYS_EIP, 0x176
        .set    KERNEL, T0              # code and stack of privilege 0, then of 3, as SYSENTER and SYSEXIT number them

        .text
        .code32
main:
        mov     $1, %eax
        cpuid
        test    $0x800, %edx
        jnz     1f
        ret
1:      set_msr SYS_CS, CODE32
        set_msr SYS_ESP, sysenter_stack
        set_msr SYS_EIP, arrive

        # SYSENTER.
        try
        to_ring USER_CODE32, USER_DATA, 0x44ED7 # NT, AC, OF, DF, IF, and the status flags
        sysenter
        caught  "SYSENTER", DONE, NONE, , $arrive+1
        check   "SYSENTER: CS", f_cs, $CODE32
        check   "SYSENTER: SS", f_ss, $DATA32
        check   "SYSENTER: ESP", f_sp, $sysenter_stack
        check   "SYSENTER: flags but IF stay", f_flags, $0x44CD7
        try
        to_ring RING1_CODE, RING1_DATA
        sysenter
        caught  "SYSENTER at privilege 1", DONE, NONE, , $arrive+1
        check   "SYSENTER at privilege 1: CS", f_cs, $CODE32
        try
        sysenter
        caught  "SYSENTER at privilege 0", DONE, NONE, , $arrive+1
        check   "SYSENTER at privilege 0: ESP", f_sp, $sysenter_stack
        try
        to_ring USER_CODE32, USER_DATA, 0x102   # TF
        sysenter
        caught  "SYSENTER with TF: the trap is behind it", DB, NONE, , $arrive
        check   "SYSENTER with TF: DR6", f_dr6, $0xFFFF4FF0
        try
        v86_code 0x23202                # IOPL 3, IF
        sysenter
        end_v86
        caught  "SYSENTER from V86 mode", DONE, NONE, , $arrive+1
        check   "SYSENTER from V86 mode: CS", f_cs, $CODE32
        check   "SYSENTER from V86 mode: flags", f_flags, $0x3002
        try
        v86_code 0x20002                # IOPL 0
        sysenter
        end_v86
        caught  "SYSENTER from V86 mode with IOPL 0", DONE, NONE, , $arrive+1
        try
        real_code
        .set    in_real, .
        sysenter
        end_real
        caught  "SYSENTER in real mode", GP, NONE, , $in_real
        try
1:      .byte   0xF0, 0x0F, 0x34
        caught  "LOCK SYSENTER", UD, NONE, , $1b
        # Selectors.
        set_msr SYS_CS, CODE32+3
        try
        to_ring
        sysenter
        caught  "SYSENTER, its selector with RPL 3", DONE
        check   "SYSENTER, RPL 3: CS", f_cs, $CODE32
        set_msr SYS_CS, 0xABCD0000+CODE32
        try
        to_ring
        sysenter
        caught  "SYSENTER: the selector is 16 bits", DONE
        check   "SYSENTER: the selector is 16 bits: CS", f_cs, $CODE32
        .irp    selector, 0, 3, 0xABCD0002
        set_msr SYS_CS, \selector
        try
        to_ring
1:      sysenter
        caught  "SYSENTER with a null selector, \selector", GP, 0, , $1b
        try
1:      sysenter
        caught  "SYSENTER at privilege 0 with a null selector, \selector", GP, 0, , $1b
        .endr
        # What the descriptors say means nothing: flat, of 32 bits, of privilege 0 and 3.
        descriptor KERNEL, 0x1000, 0x10, 0x7A, 0        # not present, of privilege 3, of 16 bits
        descriptor KERNEL+8, 0x1000, 0x10, 0x71, 4      # not present, read-only
        descriptor KERNEL+16, 0x1000, 0x10, 0x12, 0     # not present, data
        descriptor KERNEL+24, 0x1000, 0x10, 0x11, 4     # not present, read-only
        set_msr SYS_CS, KERNEL
        try
        to_ring
        sysenter
        caught  "SYSENTER to descriptors that are not present", DONE, NONE, , $arrive+1
        check   "SYSENTER to descriptors that are not present: CS", f_cs, $KERNEL
        check   "SYSENTER to descriptors that are not present: SS", f_ss, $KERNEL+8
        check   "SYSENTER to descriptors that are not present: ESP", f_sp, $sysenter_stack
        check   "SYSENTER to descriptors that are not present: left as they are", gdt+KERNEL+4, $0x00007A00
        set_msr SYS_CS, 0xFFF8
        set_msr SYS_EIP, arrive_and_reload
        try
        to_ring
        sysenter
        caught  "SYSENTER to a selector beyond the GDT", DONE
        check   "SYSENTER to a selector beyond the GDT: SS", seen, $0
        set_msr SYS_EIP, arrive
        # In 32-bit modes the MSRs' lower halves count.
        mov     $0x80000001, %eax
        cpuid
        bt      $29, %edx
        jnc     1f
        set_msr SYS_CS, CODE32
        set_msr SYS_ESP, sysenter_stack, 5
        set_msr SYS_EIP, arrive, 7
        try
        to_ring
        sysenter
        caught  "SYSENTER: 32 bits of EIP", DONE, NONE, , $arrive+1
        check   "SYSENTER: 32 bits of ESP", f_sp, $sysenter_stack
        mov     $SYS_EIP, %ecx
        rdmsr
        check   "SYSENTER: the MSR's upper half is kept", %edx, $7
        set_msr SYS_ESP, sysenter_stack
        set_msr SYS_EIP, arrive
1:
        # SYSEXIT.
        set_msr SYS_CS, CODE32
        try
        pushl   $0x4CD7                 # without IOPL
        popf
        mov     $user_stack_top, %ecx
        mov     $arrive, %edx
        sysexit
        caught  "SYSEXIT", DONE, NONE, , $arrive+1
        check   "SYSEXIT: CS", f_cs, $USER_CODE32
        check   "SYSEXIT: SS", f_ss, $USER_DATA
        check   "SYSEXIT: ESP", f_sp, $user_stack_top
        check   "SYSEXIT: flags", f_flags, $0x4CD7
        # Data segments stay, even those of privilege 0.
        try
        mov     $user_stack_top, %ecx
        mov     $1f, %edx
        sysexit
1:      mov     gdt+CODE32, %eax
        mov     %ds, %eax
        caught  "SYSEXIT leaves DS", DONE
        check   "SYSEXIT leaves DS: its selector", f_ax, $DATA32
        try
        mov     $user_stack_top, %ecx
        mov     $1f, %edx
        sysexit
1:      cli
        caught  "behind SYSEXIT it is privilege 3", GP, 0, , $1b
        try
        to_ring
        mov     $user_stack_top, %ecx
        mov     $arrive, %edx
1:      sysexit
        caught  "SYSEXIT at privilege 3", GP, 0, , $1b
        try
        to_ring RING1_CODE, RING1_DATA
1:      sysexit
        caught  "SYSEXIT at privilege 1", GP, 0, , $1b
        try
        v86_code 0x23002
        .set    in_v86, .
        sysexit
        end_v86
        caught  "SYSEXIT in V86 mode", GP, 0, , $in_v86
        try
        real_code
        .set    in_real2, .
        sysexit
        end_real
        caught  "SYSEXIT in real mode", GP, NONE, , $in_real2
        try
1:      .byte   0xF0, 0x0F, 0x35
        caught  "LOCK SYSEXIT", UD, NONE, , $1b
        set_msr SYS_CS, KERNEL
        try
        mov     $user_stack_top, %ecx
        mov     $arrive, %edx
        sysexit
        caught  "SYSEXIT to descriptors that are not present", DONE, NONE, , $arrive+1
        check   "SYSEXIT to descriptors that are not present: CS", f_cs, $KERNEL+16+3
        check   "SYSEXIT to descriptors that are not present: SS", f_ss, $KERNEL+24+3
        check   "SYSEXIT to descriptors that are not present: ESP", f_sp, $user_stack_top
        .irp    selector, 0, 2, 0xABCD0003
        set_msr SYS_CS, \selector
        try
        mov     $user_stack_top, %ecx
        mov     $arrive, %edx
1:      sysexit
        caught  "SYSEXIT with a null selector, \selector", GP, 0, , $1b
        .endr
        # There and back again.
        set_msr SYS_CS, CODE32
        set_msr SYS_EIP, service
        try
        to_ring USER_CODE32, USER_DATA, 0x202
        mov     %esp, %ecx
        mov     $1f, %edx
        sysenter
1:      caught  "SYSENTER and SYSEXIT", DONE
        check   "SYSENTER and SYSEXIT: CS", f_cs, $USER_CODE32
        check   "SYSENTER and SYSEXIT: IF as the service left it", f_flags, $0x202
        check   "SYSENTER and SYSEXIT: ESP", f_sp, $user_stack_top
        check   "SYSENTER and SYSEXIT: in between", seen, $CODE32
        ret

arrive: int3
arrive_and_reload:
        mov     $DATA32, %eax
        mov     %eax, %ds
        mov     %ss, %ecx               # FFF8h + 8
        mov     %eax, %ss
        movzwl  %cx, %ecx
        mov     %ecx, seen
        int3
service:
        mov     %cs, %eax
        mov     %eax, seen
        sti
        sysexit
        .align  4
seen:   .long   0
        .bss
        .align  16
        .skip   1024
sysenter_stack:
        .skip   16
