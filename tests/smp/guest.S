# Firmware of 64 KiB that starts every processor and puts them to work together, in 32-bit protected mode with
# paging (Intel SDM vol. 3A, chapters 9 and 11): INIT-SIPI-SIPI, a spinlock, LOCK XADD, the time-stamp counters of
# all, TLB shootdown, code that one writes and another runs, timers, interrupts of every kind to each other. Ends
# through isa-debug-exit at F4h with 0, or with the number of the check that failed. smp_test.cpp reads the results.
        .set    PAGE_DIRECTORY, 0x1000
        .set    PAGE_TABLE, 0x2000
        .set    IDT, 0x4000
        .set    RESULTS, 0x5000
        .set    STACKS, 0x10000         # a page each, by APIC ID
        .set    PAGE_A, 0x80000         # behind WINDOW before and after the shootdown
        .set    PAGE_B, 0x81000
        .set    CODE, 0x82000
        .set    WINDOW, 0x300000
        .set    APIC, 0xFEE00000

        .set    ROUNDS, 500
        .set    VALUES, 100             # that are written into the running code

        # Results, by doubleword.
        .set    processors, RESULTS
        .set    started, RESULTS + 4
        .set    phase, RESULTS + 8
        .set    done, RESULTS + 12
        .set    lock_word, RESULTS + 16
        .set    counter, RESULTS + 20   # under the lock
        .set    ticket, RESULTS + 24    # by LOCK XADD
        .set    ticket_sum, RESULTS + 28
        .set    acks, RESULTS + 32      # of the shootdown
        .set    seen, RESULTS + 36      # what the rewritten code returned last
        .set    last_tsc, RESULTS + 40  # two doublewords
        .set    answers, RESULTS + 48   # interrupts that came back to the first processor
        .set    lowest, RESULTS + 52    # lowest-priority interrupts, anywhere
        .set    hits, RESULTS + 0x100   # fixed interrupts, by APIC ID
        .set    ticks, RESULTS + 0x140
        .set    nmis, RESULTS + 0x180

        .macro  ipi high, low
        movl    $\high, APIC + 0x310
        movl    $\low, APIC + 0x300
        .endm
        .macro  expect condition, code
        j\condition 9f
        mov     $\code, %al
        jmp     fail
9:
        .endm
        .macro  my_id reg
        mov     APIC + 0x20, \reg
        shr     $24, \reg
        .endm

        .text
        .code16
base:
start16:
        cli
        lgdtl   %cs:gdt_pointer - base
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmpl   $8, $start32

        .code32
start32:
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $STACKS + 0x1000, %esp
        call    make_tables
        mov     $0x5F, %al
        out     %al, $0x70
        in      $0x71, %al
        movzbl  %al, %eax
        inc     %eax
        mov     %eax, processors
        call    set_up
        sti

        ipi     0, 0xC4500              # INIT to all others
        call    others_quiet
        ipi     0, 0xC46F1              # SIPI twice; the second finds them awake
        ipi     0, 0xC46F1
1:      pause
        mov     started, %eax
        inc     %eax
        cmp     processors, %eax
        jb      1b
        ipi     0, 0xC46F1

        call    next_phase              # 1: who am I
        call    next_phase              # 2: lock and LOCK XADD
        call    next_phase              # 3: time-stamp counters
        call    fixed_interrupts
        call    lowest_priority
        call    non_maskable

        movl    $0x11111111, PAGE_A
        movl    $0x22222222, PAGE_B
        call    next_phase              # 4: all read the old page
        movl    $PAGE_B + 3, PAGE_TABLE + WINDOW / 0x1000 * 4
        invlpg  WINDOW
        ipi     0, 0xC4042
1:      pause
        mov     acks, %eax
        inc     %eax
        cmp     processors, %eax
        jne     1b
        call    next_phase              # 5: all read the new one

        movl    $0x000000B8, CODE       # mov eax, 0; ret
        movl    $0x0000C300, CODE + 4
        movb    $0xC3, CODE + 5
        call    next_phase              # 6: one runs what the other rewrites
        call    next_phase              # 7: a timer each
        mov     $0, %al
fail:   out     %al, $0xF4
        hlt
        jmp     fail

# The other processors take the INIT while this one waits.
others_quiet:
        mov     $1000, %ecx
1:      pause
        loop    1b
        ret

make_tables:
        movl    $PAGE_TABLE + 3, PAGE_DIRECTORY
        movl    $0xFEC00083, PAGE_DIRECTORY + 0xFEC00000 / 0x400000 * 4
        mov     $3, %eax
        xor     %ecx, %ecx
1:      mov     %eax, PAGE_TABLE(, %ecx, 4)
        add     $0x1000, %eax
        inc     %ecx
        cmp     $1024, %ecx
        jb      1b
        movl    $PAGE_A + 3, PAGE_TABLE + WINDOW / 0x1000 * 4
        mov     $0, %ecx
        mov     $on_exception, %edx
1:      call    set_gate
        inc     %ecx
        cmp     $32, %ecx
        jb      1b
        mov     $2, %ecx
        mov     $on_nmi, %edx
        call    set_gate
        mov     $0x40, %ecx
        xor     %esi, %esi
1:      mov     handlers(, %esi, 4), %edx
        call    set_gate
        inc     %ecx
        inc     %esi
        cmp     $6, %esi
        jb      1b
        ret
# ecx: vector, edx: handler
set_gate:
        mov     %edx, %eax
        and     $0xFFFF, %eax
        or      $0x80000, %eax
        mov     %eax, IDT(, %ecx, 8)
        mov     %edx, %eax
        and     $0xFFFF0000, %eax
        or      $0x8E00, %eax
        mov     %eax, IDT + 4(, %ecx, 8)
        ret

# Paging, interrupt table, local APIC in the flat model with a bit for each processor.
set_up:
        lidt    idt_pointer
        mov     %cr4, %eax
        or      $0x10, %eax
        mov     %eax, %cr4
        mov     $PAGE_DIRECTORY, %eax
        mov     %eax, %cr3
        mov     %cr0, %eax
        and     $0x9FFFFFFF, %eax
        or      $0x80000000, %eax
        mov     %eax, %cr0
        my_id   %ecx
        mov     $0x1000000, %eax
        shl     %cl, %eax
        mov     %eax, APIC + 0xD0
        movl    $0xFFFFFFFF, APIC + 0xE0
        movl    $0, APIC + 0x80
        movl    $0x1FF, APIC + 0xF0
        ret

# All others work on the next phase, this one too; comes back when all have done it.
next_phase:
        movl    $0, done
        incl    phase
        ipi     0, 0xC4044
        mov     phase, %eax
        call    *work(, %eax, 4)
1:      pause
        mov     done, %eax
        inc     %eax
        cmp     processors, %eax
        jne     1b
        ret

# --- what all do

who_am_i:
        mov     $1, %eax
        cpuid
        shr     $24, %ebx
        my_id   %esi
        cmp     %ebx, %esi
        expect  e, 1
        mov     $0x1B, %ecx
        rdmsr
        and     $0x100, %eax            # set in the first processor's alone
        sete    %al
        test    %esi, %esi
        setne   %ah
        cmp     %al, %ah
        expect  e, 2
        ret

take_lock:
1:      mov     $1, %eax
        xchg    %eax, lock_word
        test    %eax, %eax
        jz      3f
2:      pause
        cmpl    $0, lock_word
        jne     2b
        jmp     1b
3:      ret

count:
        mov     $ROUNDS, %ecx
        xor     %ebx, %ebx
1:      call    take_lock
        mov     counter, %eax
        lea     1(%eax), %edx
        cmpl    $1, lock_word
        mov     %edx, counter
        movl    $0, lock_word
        mov     $1, %eax
        lock xadd %eax, ticket
        add     %eax, %ebx
        loop    1b
        lock addl %ebx, ticket_sum
        ret

# Nobody reads a time before one that another has read.
tell_time:
        mov     $ROUNDS, %ecx
1:      call    take_lock
        rdtsc
        cmp     last_tsc + 4, %edx
        ja      2f
        expect  e, 3
        cmp     last_tsc, %eax
        expect  ae, 4
2:      mov     %eax, last_tsc
        mov     %edx, last_tsc + 4
        movl    $0, lock_word
        loop    1b
        ret

read_old:
        cmpl    $0x11111111, WINDOW
        expect  e, 5
        ret
read_new:
        cmpl    $0x22222222, WINDOW
        expect  e, 6
        ret

# The first processor writes values into the code that the second calls without end.
rewrite:
        my_id   %eax
        cmp     $1, %eax
        je      4f
        ja      3f
        mov     $1, %ecx
1:      mov     %ecx, CODE + 1
2:      pause
        cmp     seen, %ecx
        jne     2b
        inc     %ecx
        cmp     $VALUES, %ecx
        jbe     1b
3:      ret
4:      mov     $CODE, %edx
5:      call    *%edx
        cmp     seen, %eax              # never an older one
        expect  ae, 7
        mov     %eax, seen
        cmp     $VALUES, %eax
        jne     5b
        ret

timer:
        movl    $0xB, APIC + 0x3E0
        movl    $0x43, APIC + 0x320
        movl    $20000, APIC + 0x380
        my_id   %ecx
1:      cli
        cmpl    $1, ticks(, %ecx, 4)
        je      2f
        sti
        hlt
        jmp     1b
2:      sti
        ret

# --- what the first processor does

# Each other one by its ID, all others, all, those of the logical destination 0Eh: everyone answers each.
fixed_interrupts:
        mov     $1, %ebx
1:      mov     %ebx, %eax
        shl     $24, %eax
        mov     %eax, APIC + 0x310
        movl    $0x4040, APIC + 0x300
2:      pause
        cmpl    $1, hits(, %ebx, 4)
        jne     2b
        inc     %ebx
        cmp     processors, %ebx
        jb      1b
        ipi     0, 0xC4040
        mov     $2, %edx
        call    wait_hits
        ipi     0, 0x84040
        mov     $3, %edx
        call    wait_hits
        ipi     0x0E000000, 0x4840
3:      pause
        cmpl    $4, hits + 4
        jne     3b
        ret
# Until every other processor has edx of them.
wait_hits:
        mov     $1, %ebx
1:      pause
        cmp     hits(, %ebx, 4), %edx
        jne     1b
        inc     %ebx
        cmp     processors, %ebx
        jb      1b
        ret

# Ten to whoever is least busy; this one says that it is busy.
lowest_priority:
        movl    $0x30, APIC + 0x80
        mov     $1, %ebx
1:      ipi     0xFF000000, 0x4945
2:      pause
        cmp     lowest, %ebx
        jne     2b
        inc     %ebx
        cmp     $10, %ebx
        jbe     1b
        movl    $0, APIC + 0x80
        ret

non_maskable:
        ipi     0x01000000, 0x4400
1:      pause
        cmpl    $1, nmis + 4
        jne     1b
        ret

# --- interrupts

on_exception:
        mov     $0xE, %al
        jmp     fail
on_nmi:
        push    %eax
        my_id   %eax
        incl    nmis(, %eax, 4)
        pop     %eax
        iret
# Fixed: counts, and answers the first processor.
on_fixed:
        push    %eax
        my_id   %eax
        incl    hits(, %eax, 4)
        test    %eax, %eax
        jz      eoi
        ipi     0, 0x4041
        jmp     eoi
on_answer:
        push    %eax
        incl    answers
        jmp     eoi
on_shootdown:
        push    %eax
        invlpg  WINDOW
        lock incl acks
        jmp     eoi
on_tick:
        push    %eax
        my_id   %eax
        incl    ticks(, %eax, 4)
        jmp     eoi
on_wake:
        push    %eax
        jmp     eoi
on_lowest:
        push    %eax
        my_id   %eax
        test    %eax, %eax
        expect  nz, 8
        lock incl lowest
eoi:    movl    $0, APIC + 0xB0
        pop     %eax
        iret

        .balign 4
handlers:
        .long   on_fixed, on_answer, on_shootdown, on_tick, on_wake, on_lowest
work:   .long   0, who_am_i, count, tell_time, read_old, read_new, rewrite, timer

        .org    0x1000
# Where the start-up message F1h sends the others.
        .code16
        cli
        lgdtl   %cs:gdt_pointer - base - 0x1000
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmpl   $8, $ap32
        .code32
ap32:
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        my_id   %ebx
        mov     %ebx, %esp
        shl     $12, %esp
        add     $STACKS + 0x1000, %esp
        call    set_up
        lock incl started
        xor     %edi, %edi
        # Those with an odd ID sleep between phases, the others spin.
ap_wait:
        cli
        cmp     phase, %edi
        jne     2f
        test    $1, %bl
        jz      1f
        sti
        hlt                             # no interrupt comes in between
1:      sti
        pause
        jmp     ap_wait
2:      sti
        mov     phase, %edi
        push    %ebx
        push    %edi
        call    *work(, %edi, 4)
        pop     %edi
        pop     %ebx
        lock incl done
        jmp     ap_wait

        .balign 8
gdt:    .quad   0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF
gdt_pointer:
        .word   23
        .long   gdt
idt_pointer:
        .word   0x7FF
        .long   IDT

        .org    0xFFF0
        .code16
        ljmp    $0xF000, $start16 - base
        .org    0x10000
