# Call gates, and interrupt gates to other privileges: parameters, 16-bit gates with junk in what is reserved, the stacks
# that the TSS gives (Intel SDM vol. 3A, §5.8.3 to §5.8.5, §6.12).
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

        # Call gates.
        gate    gdt+GATE, CODE32, arrive, 0x8C
        far_call "CALL through a gate to the same privilege", GATE, 0x12345678, DONE
        far_jump "JMP through a gate to the same privilege", GATE, 0x12345678, DONE
        far_call "CALL through a gate with an RPL above its DPL", GATE+3, 0, GP, GATE
        gate    gdt+GATE, CODE32, arrive, 0x0C
        far_call "CALL through a gate that is not present", GATE, 0, NP, GATE
        gate    gdt+GATE, CODE32, arrive, 0x8C
        movw    $0, gdt+GATE+2
        far_call "CALL through a gate with a null selector", GATE, 0, GP, 0
        movw    $DATA32, gdt+GATE+2
        far_call "CALL through a gate to data", GATE, 0, GP, DATA32
        movw    $USER_CODE32, gdt+GATE+2
        far_call "CALL through a gate to an outer privilege", GATE, 0, GP, USER_CODE32-3
        movw    $T0+16, gdt+GATE+2
        far_call "CALL through a gate to code that is not present", GATE, 0, NP, T0+16
        movw    $T0+24, gdt+GATE+2
        far_call "CALL through a gate beyond the code's limit", GATE, 0, GP, 0
        movw    $CODE32+3, gdt+GATE+2
        far_call "CALL through a gate whose selector has RPL 3", GATE, 0, DONE

        # Through a gate from privilege 3 to 0, with three parameters.
        gate    gdt+GATE, CODE32, see_parameters, 0xEC, 3
        try
        to_ring
        push    $0x33333333
        push    $0x22222222
        push    $0x11111111
        lcall   $GATE, $0
1:      caught  "CALL through a gate with parameters", DONE
        check   "its CS", f_cs, $CODE32
        check   "its ESP", seen_esp, $ring0_stack_top-28
        check   "return EIP", seen, $1b
        check   "return CS", seen+4, $USER_CODE32
        check   "first parameter", seen+8, $0x11111111
        check   "second parameter", seen+12, $0x22222222
        check   "third parameter", seen+16, $0x33333333
        check   "caller's ESP", seen+20, $user_stack_top-12
        check   "caller's SS", seen+24, $USER_DATA
        # And back, with the parameters released on both stacks.
        gate    gdt+GATE, CODE32, return_3, 0xEC, 3
        try
        to_ring
        push    $3
        push    $2
        push    $1
        lcall   $GATE, $0
        caught  "RET 12 to privilege 3", DONE
        check   "ESP behind it", f_sp, $user_stack_top
        check   "CS behind it", f_cs, $USER_CODE32
        # 16-bit gate: words, the offset's upper half and the upper three bits of the count are junk.
        descriptor T0+16, 0x100000, 0xFFFFF, 0x9B, 0xC
        gate    gdt+GATE, T0+16, gate16_target-0x100000, 0xE4, 0xE2
        movw    $0xDEAD, gdt+GATE+6
        try
        to_ring
        pushw   $0x2222
        pushw   $0x1111
        lcall   $GATE, $0
1:      caught  "CALL through a 16-bit gate with junk", DONE
        check   "16-bit gate: its ESP", seen_esp, $ring0_stack_top-12
        mov     $1b, %eax
        movzwl  %ax, %eax
        or      $USER_CODE32<<16, %eax
        check   "16-bit gate: return CS:IP", seen, %eax
        check   "16-bit gate: parameters", seen+4, $0x22221111
        mov     $user_stack_top-4, %eax
        movzwl  %ax, %eax
        or      $USER_DATA<<16, %eax
        check   "16-bit gate: caller's SS:SP", seen+8, %eax
        # To the same privilege a 16-bit gate pushes words and no parameters.
        gate    gdt+GATE, T0+16, gate16_target-0x100000, 0x84, 2
        movw    $0xDEAD, gdt+GATE+6
        try
        lcall   $GATE, $0
        caught  "CALL through a 16-bit gate, same privilege", DONE
        mov     resume_sp, %eax
        sub     $4, %eax
        check   "16-bit gate, same privilege: its ESP", seen_esp, %eax

        # An interrupt through a 16-bit gate with junk in the reserved word.
        gate    idt+0x50*8, T0+16, gate16_target-0x100000, 0x86, 0xFF
        movw    $0xDEAD, idt+0x50*8+6
        try
        int     $0x50
1:      caught  "INT through a 16-bit gate with junk", DONE
        mov     $1b, %eax
        movzwl  %ax, %eax
        or      $CODE32<<16, %eax
        check   "16-bit interrupt gate: CS:IP", seen, %eax
        gate    idt+0x50*8, T0+16, gate16_target-0x100000, 0xE7, 0x1F
        movw    $0xBEEF, idt+0x50*8+6
        try
        to_ring
        int     $0x50
        caught  "INT through a 16-bit trap gate from privilege 3", DONE
        check   "16-bit trap gate: its ESP", seen_esp, $ring0_stack_top-10

        # What the TSS gives as the stack of privilege 1 is wrong.
        gate    gdt+GATE, RING1_CODE, arrive, 0xEC
        inward  "CALL inwards", RING1_DATA, DONE
        inward  "CALL inwards: SS is null", 0, TS, 0
        inward  "CALL inwards: SS is null with RPL 1", 1, TS, 0
        inward  "CALL inwards: SS is beyond the GDT", GDT_SIZE+1, TS, GDT_SIZE
        inward  "CALL inwards: SS has another RPL", RING1_DATA-1, TS, RING1_DATA-1
        inward  "CALL inwards: SS has another DPL", DATA32+1, TS, DATA32
        inward  "CALL inwards: SS is code", RING1_CODE, TS, RING1_CODE-1
        descriptor T0+24, 0, 0xFFFFF, 0xB1, 0xC
        inward  "CALL inwards: SS is read-only", T0+25, TS, T0+24
        descriptor T0+24, 0, 0xFFFFF, 0x33, 0xC
        inward  "CALL inwards: SS is not present", T0+25, SS, T0+24
        descriptor T0+24, 0, 0xF, 0xB3, 4
        inward  "CALL inwards: no room on the stack", T0+25, SS, T0+24
        descriptor T0+24, 0, 0xFFF, 0x9B, 4
        movl    $RING1_DATA, tss+16
        # The same for an interrupt: EXT is clear, the program asked for it.
        gate    idt+0x51*8, RING1_CODE, arrive, 0xEE
        movl    $GDT_SIZE+1, tss+16
        try
        to_ring
        int     $0x51
        caught  "INT inwards: SS is beyond the GDT", TS, GDT_SIZE
        movl    $0, tss+16
        try
        to_ring
        int     $0x51
        caught  "INT inwards: SS is null", TS, 0
        # An exception has EXT set.
        gate    idt+UD*8, RING1_CODE, arrive, 0x8E
        try
        to_ring
        ud2
        caught  "exception inwards: SS is null", TS, 1
        movl    $GDT_SIZE+1, tss+16
        try
        to_ring
        ud2
        caught  "exception inwards: SS is beyond the GDT", TS, GDT_SIZE+1
        movl    $RING1_DATA, tss+16
        try
        to_ring
        ud2
        caught  "exception to privilege 1", DONE
        check   "exception to privilege 1: CS", f_cs, $RING1_CODE
        check   "exception to privilege 1: ESP", f_sp, $ring1_stack_top-20
        gate    idt+UD*8, CODE32, stubs+16*UD, 0x8E
        # To a conforming segment the privilege stays.
        descriptor T0, 0, 0xFFFFF, 0x9F, 0xC
        gate    gdt+GATE, T0, arrive, 0xEC
        try
        to_ring
        lcall   $GATE, $0
        caught  "CALL through a gate to conforming code", DONE
        check   "conforming: CS", f_cs, $T0+3
        gate    idt+0x51*8, T0, arrive, 0xEE
        try
        to_ring
        int     $0x51
        caught  "INT through a gate to conforming code", DONE
        check   "INT to conforming: CS", f_cs, $T0+3
        gate    gdt+GATE, CODE32, arrive, 0xEC
        try
        to_ring
        ljmp    $GATE, $0
        caught  "JMP through a gate inwards", GP, CODE32
        gate    gdt+GATE, CODE32, arrive, 0x8C
        try
        to_ring
        lcall   $GATE, $0
        caught  "CALL through a gate of privilege 0", GP, GATE
        # A TSS that ends before the stack of the privilege.
        system_descriptor TSS, tss, 15, 0x89
        mov     $TSS, %eax
        ltr     %ax
        gate    gdt+GATE, RING1_CODE, arrive, 0xEC
        try
        to_ring
        lcall   $GATE, $0
        caught  "CALL inwards: the TSS is too short", TS, TSS
        system_descriptor TSS, tss, tss_end-tss-1, 0x89
        mov     $TSS, %eax
        ltr     %ax
        ret

arrive: int3
see_parameters:
        mov     %esp, %ss:seen_esp
        mov     %esp, %esi
        mov     $DATA32, %eax
        mov     %eax, %es
        mov     $seen, %edi
        mov     $7, %ecx
        rep movsl
        int3
return_3:
        lret    $12
gate16_target:
        mov     $DATA32, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %esp, seen_esp
        mov     %esp, %esi
        mov     $seen, %edi
        mov     $7, %ecx
        rep movsl
        int3

        .align  4
pointer: .long  0, 0
seen:   .fill   8, 4, 0
seen_esp: .long 0
