# Task switches by JMP, CALL, IRET and interrupts: what is saved and loaded, the busy bit, NT and the back link, the
# trap bit, and where faults of the new task are reported (Intel SDM vol. 3A, chapter 8).
        .set    LONG, 0
        .include "guest.inc"

        .set    GATE, T0+8*8
        .set    TSS_B, T0+8*9
        .set    TSS_16, T0+8*10

        # Offsets in a 32-bit TSS.
        .set    LINK, 0
        .set    CR3, 28
        .set    EIP, 32
        .set    FLAGS, 36
        .set    EAX, 40
        .set    ECX, 44
        .set    ESP, 56
        .set    SEG_ES, 72
        .set    SEG_CS, 76
        .set    SEG_SS, 80
        .set    SEG_DS, 84
        .set    SEG_FS, 88
        .set    SEG_GS, 92
        .set    LDTR, 96
        .set    TRAP, 100

        # The second task as it should start: at `task_b`, or where the case says. Whatever the case before left of
        # the first one is put right.
        .macro  fresh entry=task_b
        mov     $\entry, %eax
        call    make_task
        .endm
        # A case whose task switch goes wrong in the new task, which is at privilege 3, so that the handler has a stack.
        .macro  bad name, field, value, vector, error
        fresh
        movl    $USER_CODE32, task+SEG_CS
        movl    $USER_DATA, task+SEG_SS
        movl    $USER_DATA, task+SEG_DS
        movl    $USER_DATA, task+SEG_ES
        movl    $USER_DATA, task+SEG_FS
        movl    $USER_DATA, task+SEG_GS
        movl    $\value, task+\field
        try
        ljmp    $TSS_B, $0
        caught  "\name", \vector, \error
        str     %eax
        movzwl  %ax, %eax
        check   "\name: in the new task", %eax, $TSS_B
        .endm

        .text
        .code32
main:
        # JMP.
        fresh
        mov     $0x1111, %ecx
        try
        ljmp    $TSS_B, $0x12345678
1:      caught  "JMP to a TSS", DONE
        str     %eax
        movzwl  %ax, %eax
        check   "JMP: TR", %eax, $TSS_B
        check   "JMP: EAX of the new task", seen_eax, $0xABCD
        check   "JMP: ESP of the new task", f_sp, $user_stack_top
        check   "JMP: flags of the new task", seen_flags, $0x2
        check   "JMP: EIP saved", tss+EIP, $1b
        check   "JMP: ECX saved", tss+ECX, $0x1111
        check   "JMP: CS saved", tss+SEG_CS, $CODE32
        movzbl  gdt+TSS+5, %eax
        check   "JMP: the old task is no longer busy", %eax, $0x89
        movzbl  gdt+TSS_B+5, %eax
        check   "JMP: the new task is busy", %eax, $0x8B
        mov     %cr0, %eax
        and     $8, %eax
        check   "JMP: CR0.TS", %eax, $8
        movzwl  task+LINK, %eax
        check   "JMP: no back link", %eax, $0

        # CALL and IRET.
        fresh
        try
        lcall   $TSS_B, $0
1:      caught  "CALL to a TSS", DONE
        check   "CALL: NT of the new task", seen_flags, $0x4002
        movzwl  task+LINK, %eax
        check   "CALL: back link", %eax, $TSS
        movzbl  gdt+TSS+5, %eax
        check   "CALL: the old task stays busy", %eax, $0x8B
        movzbl  gdt+TSS_B+5, %eax
        check   "CALL: the new task is busy", %eax, $0x8B
        fresh   task_back
        try
        mov     $0x2222, %ecx
        lcall   $TSS_B, $0
        pushf
        pop     seen_flags
        mov     %ecx, seen_eax
        caught  "CALL and IRET", DONE
        check   "IRET: ECX again", seen_eax, $0x2222
        andl    $0x4000, seen_flags
        check   "IRET: NT of the task that goes on", seen_flags, $0
        str     %eax
        movzwl  %ax, %eax
        check   "IRET: TR", %eax, $TSS
        movzbl  gdt+TSS_B+5, %eax
        check   "IRET: the task that ended is not busy", %eax, $0x89
        movl    task+FLAGS, %eax
        and     $0x4000, %eax
        check   "IRET: NT saved clear", %eax, $0
        # Entered again, the task goes on behind its IRET.
        try
        lcall   $TSS_B, $0
        caught  "CALL of the task again", DONE
        check   "behind its IRET", seen_again, $1
        fresh   task_back
        movl    $0, seen_again

        # Through a task gate.
        fresh
        gate    gdt+GATE, TSS_B, 0, 0x85
        try
        lcall   $GATE, $0
        caught  "CALL through a task gate", DONE
        fresh
        gate    idt+0x50*8, TSS_B, 0, 0x85
        try
        int     $0x50
1:      caught  "INT through a task gate", DONE
        check   "INT: EIP saved", tss+EIP, $1b
        check   "INT: NT", seen_flags, $0x4002
        fresh   task_error
        gate    idt+GP*8, TSS_B, 0, 0x85
        try
        mov     $GDT_SIZE, %eax
1:      mov     %eax, %es
        caught  "exception with an error code through a task gate", DONE
        check   "error code on the new task's stack", seen_error, $GDT_SIZE
        check   "exception: EIP saved", tss+EIP, $1b
        mov     tss+FLAGS, %eax
        and     $0x10000, %eax
        check   "exception: RF saved", %eax, $0x10000
        gate    idt+GP*8, CODE32, stubs+16*GP, 0x8E
        fresh
        gate    gdt+GATE, TSS_B, 0, 0x05
        try
        lcall   $GATE, $0
        caught  "CALL through a task gate that is not present", NP, GATE
        gate    gdt+GATE, TSS_B, 0, 0x85
        try
        to_ring
        lcall   $GATE, $0
        caught  "CALL through a task gate of privilege 0", GP, GATE
        gate    gdt+GATE, TSS_B, 0, 0xE5
        fresh
        try
        to_ring
        lcall   $GATE, $0
        caught  "CALL through a task gate of privilege 3", DONE
        check   "CALL from privilege 3: CS saved", tss+SEG_CS, $USER_CODE32
        gate    gdt+GATE, TSS_B+4, 0, 0x85
        fresh
        try
        lcall   $GATE, $0
        caught  "CALL through a task gate into the LDT", GP, TSS_B+4
        gate    gdt+GATE, DATA32, 0, 0x85
        try
        lcall   $GATE, $0
        caught  "CALL through a task gate to data", GP, DATA32
        gate    idt+0x50*8, DATA32, 0, 0x85
        try
        int     $0x50
        caught  "INT through a task gate to data", GP, DATA32
        gate    idt+0x50*8, GDT_SIZE, 0, 0x85
        try
        int     $0x50
        caught  "INT through a task gate beyond the GDT", GP, GDT_SIZE

        # What is refused in the old task.
        fresh
        try
        ljmp    $TSS, $0
        caught  "JMP to the task itself", GP, TSS
        movb    $0x8B, gdt+TSS_B+5
        try
        ljmp    $TSS_B, $0
        caught  "JMP to a busy task", GP, TSS_B
        try
        lcall   $TSS_B, $0
        caught  "CALL to a busy task", GP, TSS_B
        gate    idt+0x50*8, TSS_B, 0, 0x85
        try
        int     $0x50
        caught  "INT to a busy task", GP, TSS_B
        movb    $0x09, gdt+TSS_B+5
        try
        ljmp    $TSS_B, $0
        caught  "JMP to a TSS that is not present", NP, TSS_B
        movb    $0x89, gdt+TSS_B+5
        movw    $102, gdt+TSS_B
        try
        ljmp    $TSS_B, $0
        caught  "JMP to a TSS that is too small", TS, TSS_B
        str     %eax
        movzwl  %ax, %eax
        check   "JMP to a TSS that is too small: TR", %eax, $TSS
        fresh
        try
        to_ring
        ljmp    $TSS_B, $0
        caught  "JMP to a TSS of privilege 0", GP, TSS_B
        # IRET with NT.
        movw    $TSS_B, tss+LINK
        try
        pushl   $0x4002
        popf
        iret
        caught  "IRET with NT to a task that is not busy", TS, TSS_B
        movw    $DATA32, tss+LINK
        try
        pushl   $0x4002
        popf
        iret
        caught  "IRET with NT to data", TS, DATA32
        movw    $GDT_SIZE, tss+LINK
        try
        pushl   $0x4002
        popf
        iret
        caught  "IRET with NT beyond the GDT", TS, GDT_SIZE
        movw    $0, tss+LINK

        # Faults of the new task.
        bad     "new CS is null", SEG_CS, 3, TS, 0
        bad     "new CS beyond the GDT", SEG_CS, GDT_SIZE+3, TS, GDT_SIZE
        bad     "new CS is data", SEG_CS, USER_DATA, TS, USER_DATA-3
        bad     "new CS with another RPL", SEG_CS, CODE32+3, TS, CODE32
        bad     "new SS is null", SEG_SS, 0, TS, 0
        bad     "new SS is code", SEG_SS, USER_CODE32, TS, USER_CODE32-3
        bad     "new SS with another RPL", SEG_SS, USER_DATA-3, TS, USER_DATA-3
        bad     "new DS beyond the GDT", SEG_DS, GDT_SIZE+3, TS, GDT_SIZE
        bad     "new ES is the TSS", SEG_ES, TSS, TS, TSS
        bad     "new LDT in the LDT", LDTR, 4, TS, 4
        bad     "new LDT is data", LDTR, DATA32, TS, DATA32
        descriptor T0, 0, 0xFFFFF, 0x7B, 0xC
        bad     "new CS is not present", SEG_CS, T0+3, NP, T0
        descriptor T0, 0, 0xFFFFF, 0x73, 0xC
        bad     "new SS is not present", SEG_SS, T0+3, SS, T0
        bad     "new FS is not present", SEG_FS, T0+3, NP, T0
        bad     "new DS with CPL above DPL", SEG_DS, DATA32, TS, DATA32
        descriptor T0, 0, 0xFFF, 0xFB, 4
        bad     "new EIP beyond the limit", SEG_CS, T0+3, GP, 0

        # The trap bit: #DB before the new task's first instruction.
        fresh
        movw    $1, task+TRAP
        mov     $0, %eax
        mov     %eax, %dr6
        try
        ljmp    $TSS_B, $0
        caught  "the trap bit", DB, ip=$task_b
        mov     f_dr6, %eax
        and     $0xE00F, %eax
        check   "the trap bit: DR6.BT", %eax, $0x8000
        mov     $0, %eax
        mov     %eax, %dr6

        # Local breakpoints end with the task, global ones stay.
        mov     $0x402, %eax            # G0, for an address where nothing is
        mov     %eax, %dr7
        mov     $0x403, %eax
        mov     %eax, %dr7
        fresh
        try
        ljmp    $TSS_B, $0
        caught  "JMP, for DR7", DONE
        mov     %dr7, %eax
        check   "DR7.L0 behind a task switch", %eax, $0x402
        mov     $0x400, %eax
        mov     %eax, %dr7

        # To a task in virtual-8086 mode, and out of it.
        fresh   v86_task
        movl    $0x23002, task+FLAGS
        movl    $0, task+SEG_CS
        movl    $0, task+SEG_SS
        movl    $0x1234, task+SEG_DS
        movl    $REAL_STACK, task+ESP
        try
        ljmp    $TSS_B, $0
        caught  "JMP to a V86 task", DONE
        mov     f_flags, %eax
        and     $0x20000, %eax
        check   "V86 task: VM", %eax, $0x20000
        mov     f_frame, %esi
        check   "V86 task: DS", 24(%esi), $0x1234
        # From V86 mode through a task gate, and back by IRET.
        fresh   task_back
        gate    idt+0x50*8, TSS_B, 0, 0xE5
        try
        v86_code
        mov     $0x77, %cl
        int     $0x50
        mov     %cl, seen_eax_low
        end_v86
        caught  "INT from V86 mode through a task gate, and back", DONE
        mov     f_flags, %eax
        and     $0x20000, %eax
        check   "V86 mode again: VM", %eax, $0x20000
        movzbl  seen_eax_low, %eax
        check   "V86 mode again: CL", %eax, $0x77

        # A 16-bit TSS.
        fresh
        system_descriptor TSS_16, task16, 43, 0x81
        movw    $task_16-0x100000, task16+14
        movw    $2, task16+16
        movw    $0xBEEF, task16+18
        movw    $0x7E00, task16+26
        movw    $DATA32, task16+34
        movw    $T0, task16+36
        movw    $DATA16, task16+38       # the upper half of ESP is undefined
        movw    $DATA32, task16+40
        descriptor T0, 0x100000, 0xFFFF, 0x9B, 4
        mov     $0x77777777, %eax
        mov     %eax, %ebp
        mov     $DATA32, %eax
        mov     %eax, %fs
        try
        ljmp    $TSS_16, $0
        caught  "JMP to a 16-bit TSS", DONE
        mov     seen_eax, %eax
        movzwl  %ax, %eax
        check   "16-bit TSS: AX", %eax, $0xBEEF
        movzwl  seen_fs, %eax
        check   "16-bit TSS: FS is null", %eax, $0
        str     %eax
        movzwl  %ax, %eax
        check   "16-bit TSS: TR", %eax, $TSS_16
        ret

# Puts the first task's TSS into TR and makes the second one, to start at EAX.
make_task:
        mov     %eax, task+EIP
        clts
        movb    $0x89, gdt+TSS+5
        mov     $TSS, %eax
        ltr     %ax
        movw    $0, tss+LINK
        mov     %cr3, %eax
        mov     %eax, tss+CR3
        mov     %eax, task+CR3
        movl    $2, task+FLAGS
        movl    $0xABCD, task+EAX
        movl    $user_stack_top, task+ESP
        movl    $ring0_stack_top, task+4
        movl    $DATA32, task+8
        movl    $DATA32, task+SEG_ES
        movl    $CODE32, task+SEG_CS
        movl    $DATA32, task+SEG_SS
        movl    $DATA32, task+SEG_DS
        movl    $DATA32, task+SEG_FS
        movl    $DATA32, task+SEG_GS
        movl    $0, task+LDTR
        movl    $104<<16, task+TRAP
        movl    $0, task+LINK
        movl    $0, seen_eax
        system_descriptor TSS_B, task, 103, 0x89
        ret

task_b: mov     %eax, seen_eax
        pushf
        pop     seen_flags
        int3
task_back:
        iret
        incl    seen_again
        int3
task_error:
        pop     seen_error
        int3
task_16:
        mov     %eax, seen_eax
        mov     %fs, seen_fs
        int3
        .section .low, "awx"
        .code16
v86_task:
        int3
seen_eax_low: .byte 0
        .text
        .align  4
seen_eax: .long 0
seen_flags: .long 0
seen_error: .long 0
seen_again: .long 0
seen_fs: .long  0
task:   .fill   104, 1, 0
task16: .fill   44, 1, 0
