# Far transfers of protected mode without gates: jumps, calls, returns, IRET to every privilege; segment loads; the
# tests LAR, LSL, VERR, VERW and ARPL (Intel SDM vol. 3A, §5.8; vol. 2 for each instruction).
        .set    LONG, 0
        .include "guest.inc"

        .include "transfers.inc"

        .text
        .code32
main:
        # T0: conforming, privilege 0. T1: conforming, 3. T2: not present. T3: small. T4: read-only data.
        # T5: system type 0. T6: data, privilege 3. T7: code at privilege 3.
        descriptor T0, 0, 0xFFFFF, 0x9F, 0xC
        descriptor T0+8, 0, 0xFFFFF, 0xFF, 0xC
        descriptor T0+16, 0, 0xFFFFF, 0x1B, 0xC
        descriptor T0+24, 0, 0xFFF, 0x9B, 4
        descriptor T0+32, 0, 0xFFFFF, 0x91, 0xC
        descriptor T0+40, 0, 0xFFFFF, 0x80, 0xC
        descriptor T0+48, 0, 0xFFFFF, 0xF3, 0xC
        descriptor T0+56, 0, 0xFFFFF, 0xFB, 0xC

        far_jump "JMP", CODE32, arrive, DONE
        far_jump "JMP to a null selector", 0, arrive, GP, 0
        far_jump "JMP to a null selector with RPL 3", 3, arrive, GP, 0
        far_jump "JMP beyond the GDT", GDT_SIZE, arrive, GP, GDT_SIZE
        far_jump "JMP to data", DATA32, arrive, GP, DATA32
        far_jump "JMP to code of an outer privilege", USER_CODE32, arrive, GP, USER_CODE32-3
        far_jump "JMP with an RPL above CPL", CODE32+3, arrive, GP, CODE32
        far_jump "JMP to conforming code", T0, arrive, DONE
        far_jump "JMP to conforming code of an outer privilege", T0+8, arrive, GP, T0+8
        far_jump "JMP to conforming code with any RPL", T0+3, arrive, DONE
        far_jump "JMP to code that is not present", T0+16, arrive, NP, T0+16
        far_jump "JMP beyond the limit", T0+24, 0x1000, GP, 0
        far_jump "JMP to a system descriptor of type 0", T0+40, arrive, GP, T0+40
        far_jump "JMP to the LDT's descriptor type", TSS+8, arrive, GP, TSS+8
        far_jump "JMP to the busy TSS", TSS, arrive, GP, TSS
        far_call "CALL to code that is not present", T0+16, arrive, NP, T0+16
        far_call "CALL beyond the limit", T0+24, 0x1000, GP, 0

        # CS's RPL behind a jump to conforming code is CPL, whatever the selector had.
        far_pointer T0+3, arrive
        try
        ljmp    *pointer
        caught  "JMP to conforming code, for its CS", DONE
        check   "CS behind it", f_cs, $T0
        # The accessed bit.
        descriptor T0+56, 0, 0xFFFFF, 0xFA, 0xC
        try
        pushl   $USER_DATA
        pushl   $user_stack_top
        pushl   $2
        pushl   $T0+56+3
        pushl   $arrive
        iret
        caught  "IRET to privilege 3", DONE
        movzbl  gdt+T0+56+5, %eax
        check   "accessed bit of its code segment", %eax, $0xFB
        descriptor T0+56, 0, 0xFFFFF, 0x7A, 0xC
        try
        pushl   $USER_DATA
        pushl   $user_stack_top
        pushl   $2
        pushl   $T0+56+3
        pushl   $arrive
        iret
        caught  "IRET to code that is not present", NP, T0+56
        movzbl  gdt+T0+56+5, %eax
        check   "accessed bit of what is not present", %eax, $0x7A

        # Returns.
        far_return "RET", CODE32, arrive, DONE
        far_return "RET to a null selector", 0, arrive, GP, 0
        far_return "RET beyond the GDT", GDT_SIZE, arrive, GP, GDT_SIZE
        far_return "RET to data", DATA32, arrive, GP, DATA32
        far_return "RET: RPL is not the segment's DPL", CODE32+3, arrive, GP, CODE32
        descriptor T0+16, 0, 0xFFFFF, 0x1B, 0xC
        far_return "RET to code that is not present", T0+16, arrive, NP, T0+16
        far_return "RET beyond the limit", T0+24, 0x1000, GP, 0
        far_return "RET to conforming code of an outer privilege, same RPL", T0+8, arrive, GP, T0+8
        try
        to_ring
        pushl   $CODE32
        pushl   $arrive
        lret
        caught  "RET inwards", GP, CODE32
        try
        to_ring
        pushl   $USER_CODE32
        pushl   $arrive
        lret
        caught  "RET at privilege 3", DONE

        # IRET: every privilege, and what is checked on the way.
        iret_to "IRET to privilege 1", RING1_CODE, RING1_DATA, DONE
        check   "IRET to privilege 1: CS", f_cs, $RING1_CODE
        check   "IRET to privilege 1: SS", f_ss, $RING1_DATA
        iret_to "IRET to privilege 2", RING2_CODE, RING2_DATA, DONE
        check   "IRET to privilege 2: CS", f_cs, $RING2_CODE
        iret_to "IRET to privilege 3", USER_CODE32, USER_DATA, DONE
        iret_to "IRET: SS is null", USER_CODE32, 0, GP, 0
        iret_to "IRET: SS is null with RPL 3", USER_CODE32, 3, GP, 0
        iret_to "IRET: SS beyond the GDT", USER_CODE32, GDT_SIZE+3, GP, GDT_SIZE
        iret_to "IRET: SS has another RPL", USER_CODE32, USER_DATA-1, GP, USER_DATA-3
        iret_to "IRET: SS has another DPL", USER_CODE32, DATA32+3, GP, DATA32
        iret_to "IRET: SS is code", USER_CODE32, USER_CODE32, GP, USER_CODE32-3
        descriptor T0+40, 0, 0xFFFFF, 0x73, 0xC
        iret_to "IRET: SS is not present", USER_CODE32, T0+43, SS, T0+40
        descriptor T0+40, 0, 0xFFFFF, 0xF1, 0xC
        iret_to "IRET: SS is read-only", USER_CODE32, T0+43, GP, T0+40
        iret_to "IRET: CS is null", 0, USER_DATA, GP, 0
        iret_to "IRET: CS beyond the GDT", GDT_SIZE+3, USER_DATA, GP, GDT_SIZE
        iret_to "IRET: CS is data", USER_DATA, USER_DATA, GP, USER_DATA-3
        descriptor T0+40, 0, 0xFFF, 0xFB, 4
        iret_to "IRET: EIP beyond the limit", T0+43, USER_DATA, GP, 0, 0x1000
        try
        to_ring RING1_CODE, RING1_DATA
        pushl   $DATA32
        pushl   $0
        pushl   $2
        pushl   $CODE32
        pushl   $arrive
        iret
        caught  "IRET inwards", GP, CODE32
        # Data segments of a more privileged level are null behind it; conforming code stays.
        mov     $T0, %eax
        mov     %eax, %gs
        mov     $T0+48, %eax
        mov     %eax, %fs
        try
        pushl   $USER_DATA
        pushl   $user_stack_top
        pushl   $2
        pushl   $USER_CODE32
        pushl   $1f
        iret
1:      mov     %ds, %eax
        mov     %gs, %ebx
        mov     %fs, %ecx
        caught  "IRET to privilege 3, for its segments", DONE
        check   "DS of privilege 0", f_ax, $0
        and     $0xFFFF, %ebx
        check   "GS, conforming code", %ebx, $T0
        and     $0xFFFF, %ecx
        check   "FS of privilege 3", %ecx, $T0+48
        # IRET's flags: privilege 3 above IOPL changes neither IF nor IOPL.
        try
        to_ring
        pushl   $0x3202
        pushl   $USER_CODE32
        pushl   $arrive
        iret
        caught  "IRET at privilege 3", DONE
        check   "IRET at privilege 3: flags", f_flags, $2
        # Segment registers.
        load    "DS: null", 0, DONE
        load    "DS: null with RPL 3", 3, DONE
        load    "DS: code that is readable", CODE32, DONE
        load    "DS: beyond the GDT", GDT_SIZE, GP, GDT_SIZE
        load    "DS: RPL above DPL", DATA32+3, GP, DATA32
        load    "DS: conforming code with any RPL", T0+3, DONE
        load    "DS: the TSS", TSS, GP, TSS
        descriptor T0+40, 0, 0xFFFFF, 0x13, 0xC
        load    "DS: not present", T0+40, NP, T0+40
        load_ss "SS: null", 0, GP, 0
        load_ss "SS: another RPL", DATA32+3, GP, DATA32
        load_ss "SS: another DPL", USER_DATA-3, GP, USER_DATA-3
        load_ss "SS: code", CODE32, GP, CODE32
        load_ss "SS: read-only", T0+32, GP, T0+32
        load_ss "SS: not present", T0+40, SS, T0+40
        load_ss "SS: beyond the GDT", GDT_SIZE, GP, GDT_SIZE
        try
        to_ring
        mov     $DATA32, %eax
        mov     %eax, %es
        caught  "ES of privilege 0 at privilege 3", GP, DATA32
        # LDTR, TR, the LDT.
        try
        mov     $DATA32, %eax
        lldt    %ax
        caught  "LLDT: data", GP, DATA32
        try
        mov     $T0+4, %eax
        lldt    %ax
        caught  "LLDT: in the LDT", GP, T0+4
        try
        mov     $TSS, %eax
        ltr     %ax
        caught  "LTR: busy", GP, TSS
        try
        xor     %eax, %eax
        ltr     %ax
        caught  "LTR: null", GP, 0
        system_descriptor T0+40, ldt, 15, 0x02
        try
        mov     $T0+40, %eax
        lldt    %ax
        caught  "LLDT: not present", NP, T0+40
        system_descriptor T0+40, ldt, 15, 0x82
        mov     $T0+40, %eax
        lldt    %ax
        load    "DS: in the LDT", 0xC, DONE
        load    "DS: beyond the LDT", 0x14, GP, 0x14
        far_jump "JMP into the LDT", 4, arrive, DONE
        try
        mov     $GDT_SIZE, %eax
        lldt    %ax
        caught  "LLDT: beyond the GDT", GP, GDT_SIZE
        xor     %eax, %eax
        lldt    %ax

        # What a program may ask about selectors.
        mov     $T0, %ecx
        lar     %ecx, %eax
        check   "LAR of conforming code", %eax, $0x00CF9F00
        mov     $TSS, %ecx
        lar     %ecx, %eax
        check   "LAR of the TSS", %eax, $0x00008B00
        mov     $0x55555555, %eax
        mov     $0, %ecx
        lar     %ecx, %eax
        sete    %dl
        check   "LAR of a null selector leaves the register", %eax, $0x55555555
        movzbl  %dl, %edx
        check   "LAR of a null selector: ZF", %edx, $0
        movw    $T0+24, %cx
        lsl     %ecx, %eax
        check   "LSL of bytes", %eax, $0xFFF
        mov     $DATA32, %ecx
        lsl     %ecx, %eax
        check   "LSL of 4 KiB units", %eax, $0xFFFFFFFF
        mov     $0x66666666, %eax
        gate    gdt+GATE, CODE32, arrive, 0x8C
        mov     $GATE, %ecx
        lsl     %ecx, %eax
        sete    %dl
        movzbl  %dl, %edx
        check   "LSL of a gate: ZF", %edx, $0
        mov     $GATE, %ecx
        lar     %ecx, %eax
        sete    %dl
        movzbl  %dl, %edx
        check   "LAR of a gate: ZF", %edx, $1
        test_zf "VERR of code", verr, CODE32, 1
        test_zf "VERW of code", verw, CODE32, 0
        test_zf "VERW of data", verw, DATA32, 1
        test_zf "VERW of read-only data", verw, T0+32, 0
        test_zf "VERR of the TSS", verr, TSS, 0
        test_zf "VERR with an RPL above DPL", verr, DATA32+3, 0
        test_zf "VERR of conforming code with any RPL", verr, T0+3, 1
        test_zf "VERR of null", verr, 0, 0
        mov     $0x10, %eax
        mov     $0x23, %ecx
        arpl    %cx, %ax
        sete    %dl
        check   "ARPL raises", %eax, $0x13
        movzbl  %dl, %edx
        check   "ARPL raises: ZF", %edx, $1
        arpl    %cx, %ax
        sete    %dl
        movzbl  %dl, %edx
        check   "ARPL of as much: ZF", %edx, $0
        movl    $0xAAAA0010, pointer
        arpl    %cx, pointer
        check   "ARPL in memory", pointer, $0xAAAA0013
        ret

arrive: int3

        .align  4
pointer: .long  0, 0
        .align  8
ldt:    .quad   0x00CF9B000000FFFF, 0x00CF93000000FFFF
