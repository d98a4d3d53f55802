# Page tables of protected mode: 32-bit entries with 4 MiB pages and PSE-36, PAE with its four pointers; accessed and
# dirty bits, protection, error codes and CR2, reserved bits, global pages (Intel SDM vol. 3A, chapter 4).
        .set    LONG, 0
        .include "guest.inc"

        # A window at 800000h (or 40000000h for 4 MiB pages) in front of memory identity-mapped by a 4 MiB page.
        .set    WINDOW, 0x800000
        .set    PAGE_A, 0x700000
        .set    PAGE_B, 0x701000
        .set    P, 1
        .set    W, 2
        .set    U, 4
        .set    A, 0x20
        .set    D, 0x40
        .set    PS, 0x80
        .set    G, 0x100

        .macro  map entry
        movl    $\entry, page_table
        invlpg  WINDOW
        .endm
        .macro  read_case name, entry, directory, vector, error=NONE
        movl    $page_table+\directory, page_directory+8
        map     PAGE_A+\entry
        try
        mov     WINDOW+0x123, %al
        caught  "\name", \vector, \error
        .endm
        .macro  write_case name, entry, directory, vector, error=NONE
        movl    $page_table+\directory, page_directory+8
        map     PAGE_A+\entry
        try
        mov     %al, WINDOW+0x123
        caught  "\name", \vector, \error
        .endm
        .macro  user_read name, entry, directory, vector, error=NONE
        movl    $page_table+\directory, page_directory+8
        map     PAGE_A+\entry
        try
        to_ring
        mov     WINDOW+0x123, %al
        caught  "\name", \vector, \error
        .endm
        .macro  user_write name, entry, directory, vector, error=NONE
        movl    $page_table+\directory, page_directory+8
        map     PAGE_A+\entry
        try
        to_ring
        mov     %al, WINDOW+0x123
        caught  "\name", \vector, \error
        .endm
        .macro  set_bits register, bits
        mov     %\register, %eax
        or      $\bits, %eax
        mov     %eax, %\register
        .endm
        .macro  clear_bits register, bits
        mov     %\register, %eax
        and     $~(\bits), %eax
        mov     %eax, %\register
        .endm

        .text
        .code32
main:
        movl    $0x87, page_directory
        movl    $0x400087, page_directory+4
        movl    $page_table+7, page_directory+8
        movl    $0xFEC00093, page_directory+0xFEC00000/0x400000*4
        set_bits cr4, 0x10              # PSE
        mov     $page_directory, %eax
        mov     %eax, %cr3
        set_bits cr0, 0x80000000
        movb    $0xC3, PAGE_A+0x10      # ret

        # Protection, without and with CR0.WP.
        read_case "read, system page", P, P|W|U, DONE
        write_case "write to a read-only system page, WP clear", P, P|W|U, DONE
        user_read "user read of a system page", P|W, P|W|U, PF, 5
        check   "user read: CR2", f_cr2, $WINDOW+0x123
        user_read "user read, system in the directory", P|W|U, P|W, PF, 5
        user_write "user write to a read-only page", P|U, P|W|U, PF, 7
        user_write "user write, read-only in the directory", P|W|U, P|U, PF, 7
        user_write "user write", P|W|U, P|W|U, DONE
        user_read "user read of what is not there", 0, P|W|U, PF, 4
        user_write "user write to what is not there", 0, P|W|U, PF, 6
        user_read "user read, no page table", P|W|U, 0, PF, 4
        set_bits cr0, 0x10000
        write_case "write to a read-only page, WP set", P, P|W|U, PF, 3
        write_case "write, read-only in the directory, WP set", P|W, P, PF, 3
        write_case "write to what is not there", 0, P|W|U, PF, 2
        read_case "read of what is not there", 0, P|W|U, PF, 0
        movl    $page_table+7, page_directory+8
        map     0
        try
        mov     $WINDOW+0x10, %eax
        call    *%eax
        caught  "fetch of what is not there", PF, 0, $WINDOW+0x10, $WINDOW+0x10

        # Accessed and dirty.
        movl    $page_table+P|W|U, page_directory+8
        map     PAGE_A+P|W|U
        mov     WINDOW, %eax
        check   "read: accessed", page_table, $PAGE_A+P|W|U|A
        mov     page_directory+8, %eax
        and     $A|D, %eax
        check   "read: accessed in the directory, never dirty", %eax, $A
        mov     %eax, WINDOW
        check   "write: dirty", page_table, $PAGE_A+P|W|U|A|D
        map     PAGE_A+P|U
        try
        mov     %eax, WINDOW
        caught  "a write that faults", PF, 3
        mov     page_table, %eax
        and     $D, %eax
        check   "a write that faults: not dirty", %eax, $0
        map     PAGE_A+P|W|U
        mov     WINDOW, %eax
        mov     $PAGE_A, %eax
        mov     $1, %ebx
        mov     $0, %ecx
        cmpxchg %ebx, WINDOW            # compares unequal, and writes what it read
        check   "CMPXCHG that fails: dirty", page_table, $PAGE_A+P|W|U|A|D
        map     PAGE_A+P|W|U
        xor     %ecx, %ecx
        mov     $WINDOW, %edi
        rep stosb
        check   "REP STOSB with ECX 0: nothing", page_table, $PAGE_A+P|W|U

        # Across pages: the second is not there, the first is not written.
        movl    $PAGE_A+P|W|U, page_table
        movl    $0, page_table+4
        invlpg  WINDOW
        invlpg  WINDOW+0x1000
        movl    $0, PAGE_A+0xFFC
        try
        movl    $-1, WINDOW+0xFFE
        caught  "a write across pages", PF, 2, $WINDOW+0x1000
        check   "a write across pages: nothing written", PAGE_A+0xFFC, $0
        try
        mov     WINDOW+0xFFD, %eax
        caught  "a read across pages", PF, 0, $WINDOW+0x1000
        movw    $0x9090, PAGE_A+0xFFD
        movb    $0xB8, PAGE_A+0xFFF     # mov, and its immediate on the next page
        try
        mov     $WINDOW+0xFFD, %eax
        call    *%eax
        caught  "a fetch across pages", PF, 0, $WINDOW+0x1000, $WINDOW+0xFFF
        # PUSHA across pages: ESP stays.
        movl    $PAGE_B+P|W|U, page_table+4
        movl    $0, page_table
        invlpg  WINDOW
        invlpg  WINDOW+0x1000
        try
        to_ring
        mov     $WINDOW+0x1010, %esp
        pusha
        caught  "PUSHA across pages", PF, 6
        check   "PUSHA across pages: ESP", f_sp, $WINDOW+0x1010
        try
        to_ring
        mov     $WINDOW+0x1002, %esp
        push    %eax
        caught  "PUSH across pages", PF, 6, $WINDOW+0xFFE
        check   "PUSH across pages: ESP", f_sp, $WINDOW+0x1002
        # REP MOVSB stops at the page that is not there, with what is done counted.
        movl    $PAGE_A+P|W|U, page_table
        movl    $0, page_table+4
        invlpg  WINDOW
        invlpg  WINDOW+0x1000
        try
        mov     $aligned, %esi
        mov     $WINDOW+0xFF0, %edi
        mov     $64, %ecx
        rep movsb
        caught  "REP MOVSB into what is not there", PF, 2, $WINDOW+0x1000
        check   "REP MOVSB: ECX", %ecx, $48
        check   "REP MOVSB: EDI", %edi, $WINDOW+0x1000

        # The TLB keeps what INVLPG did not name.
        map     PAGE_A+P|W|U
        movl    $0xAAAA, PAGE_A
        movl    $0xBBBB, PAGE_B
        mov     WINDOW, %eax
        movl    $PAGE_B+P|W|U, page_table
        invlpg  WINDOW
        mov     WINDOW, %eax
        check   "INVLPG", %eax, $0xBBBB
        movl    $PAGE_A+P|W|U, page_table
        mov     %cr3, %eax
        mov     %eax, %cr3
        mov     WINDOW, %eax
        check   "MOV to CR3 flushes", %eax, $0xAAAA
        # A page that becomes present needs no flush.
        movl    $0, page_table
        invlpg  WINDOW
        try
        mov     WINDOW, %eax
        caught  "not present", PF, 0
        movl    $PAGE_A+P|W|U, page_table
        mov     WINDOW, %eax
        check   "present without a flush", %eax, $0xAAAA
        # So does one that becomes writable: the fault itself drops the old translation.
        map     PAGE_A+P
        mov     WINDOW, %eax
        try
        mov     %eax, WINDOW
        caught  "read-only", PF, 3
        movl    $PAGE_A+P|W, page_table
        try
        mov     %eax, WINDOW
        caught  "writable without a flush", DONE

        # 4 MiB pages.
        movl    $0x400000+P|W|U|PS, page_directory+8
        mov     %cr3, %eax
        mov     %eax, %cr3
        movl    $0xAAAA, WINDOW+0x300000
        mov     WINDOW+0x300000, %eax
        check   "4 MiB page", %eax, $0xAAAA
        mov     %eax, WINDOW+0x300004
        mov     page_directory+8, %eax
        and     $A|D, %eax
        check   "4 MiB page: accessed and dirty", %eax, $A|D
        movl    $0x600000+P|W|U|PS, page_directory+8    # bit 21
        mov     %cr3, %eax
        mov     %eax, %cr3
        try
        mov     WINDOW, %eax
        caught  "4 MiB page, bit 21", PF, 9
        try
        to_ring
        mov     WINDOW, %eax
        caught  "4 MiB page, bit 21, user", PF, 0xD
        try
        to_ring
        mov     %eax, WINDOW
        caught  "4 MiB page, bit 21, user write", PF, 0xF
        # PSE-36: bits 20 to 13 are address bits 39 to 32: above all memory, where nothing answers.
        mov     $1, %eax
        cpuid
        bt      $17, %edx
        jnc     1f
        movl    $0x400000+P|W|U|PS+0x2000, page_directory+8
        mov     %cr3, %eax
        mov     %eax, %cr3
        mov     WINDOW+0x300000, %eax
        cmp     $0xAAAA, %eax
        setne   %al
        movzbl  %al, %eax
        check   "PSE-36: not the memory below 4 GiB", %eax, $1
1:      xor     %ecx, %ecx
        mov     $7, %eax
2:      mov     %eax, low_table(, %ecx, 4)
        add     $0x1000, %eax
        inc     %ecx
        cmp     $1024, %ecx
        jb      2b
        movl    $low_table+7, page_directory
        clear_bits cr4, 0x10
        movl    $page_table+P|W|U|PS, page_directory+8
        map     PAGE_A+P|W|U
        mov     WINDOW, %eax
        check   "PS without CR4.PSE", %eax, $0xAAAA
        clear_bits cr0, 0x80000000

        # PAE.
        movl    $pd0+1, pdpt_b
        movl    $pd0+1, pdpt_b+8
        movl    $pd0+1, pdpt_b+24
        movl    $0x87, pd0
        movl    $0x200087, pd0+8
        movl    $0x400087, pd0+16
        movl    $0x600087, pd0+24
        movl    $page_table+7, pd0+32
        movl    $0, pd0+36
        set_bits cr4, 0x20
        mov     $pdpt_b, %eax
        mov     %eax, %cr3
        set_bits cr0, 0x80010000
        movl    $PAGE_A+7, page_table
        movl    $0, page_table+4
        mov     WINDOW, %eax
        check   "PAE: a page", %eax, $0xAAAA
        mov     0x40000000+PAGE_A, %eax
        check   "PAE: through the second pointer, 2 MiB page", %eax, $0xAAAA
        try
        mov     0x80000000, %eax
        caught  "PAE: a pointer that is not present", PF, 0, $0x80000000
        # Pointers are loaded with CR3 only.
        movl    $pd0+1, pdpt_b+16
        try
        mov     0x80000000+PAGE_A, %eax
        caught  "PAE: a pointer that has become present", PF, 0
        mov     %cr3, %eax
        mov     %eax, %cr3
        mov     0x80000000+PAGE_A, %eax
        check   "PAE: behind MOV to CR3", %eax, $0xAAAA
        movl    $pd0+1+2, pdpt_b+16
        try
        mov     $pdpt_b, %eax
        mov     %eax, %cr3
        caught  "PAE: reserved bit 1 in a pointer", GP, 0
        movl    $pd0+1, pdpt_b+16
        movl    $0x80000000, pdpt_b+20
        try
        mov     $pdpt_b, %eax
        mov     %eax, %cr3
        caught  "PAE: reserved bit 63 in a pointer", GP, 0
        movl    $0, pdpt_b+16
        try
        mov     $pdpt_b, %eax
        mov     %eax, %cr3
        caught  "PAE: reserved bit in a pointer that is not present", DONE
        movl    $0, pdpt_b+20
        # Reserved bits, NX.
        movl    $0x80000000, page_table+4
        invlpg  WINDOW
        try
        mov     WINDOW, %eax
        caught  "PAE: bit 63 without NXE", PF, 9
        movl    $0x00100000, page_table+4
        invlpg  WINDOW
        try
        mov     WINDOW, %eax
        caught  "PAE: bit 52", PF, 9
        movl    $0x00080000, page_table+4
        invlpg  WINDOW
        try
        mov     %eax, WINDOW
        caught  "PAE: bit 51, beyond the physical address", PF, 0xB
        movl    $0x00002087, pd0+40     # bit 13 of a 2 MiB page
        movl    $0, pd0+44
        try
        mov     0xA00000, %eax
        caught  "PAE: bit 13 of a 2 MiB page", PF, 9
        mov     $0xC0000080, %ecx
        rdmsr
        or      $0x800, %eax
        wrmsr
        movl    $0x80000000, page_table+4
        invlpg  WINDOW
        try
        mov     WINDOW, %eax
        caught  "NX: a read", DONE
        try
        mov     $WINDOW+0x10, %eax
        call    *%eax
        caught  "NX: a fetch", PF, 0x11, $WINDOW+0x10
        movl    $0, page_table
        invlpg  WINDOW
        try
        mov     $WINDOW+0x10, %eax
        call    *%eax
        caught  "NXE: a fetch of what is not there", PF, 0x10
        movl    $PAGE_A+7, page_table
        movl    $0, page_table+4
        movl    $page_table+7, pd0+32
        movl    $0x80000000, pd0+36
        mov     %cr3, %eax
        mov     %eax, %cr3
        try
        mov     $WINDOW+0x10, %eax
        call    *%eax
        caught  "NX in the directory", PF, 0x11
        movl    $0, pd0+36
        mov     $0xC0000080, %ecx
        rdmsr
        and     $~0x800, %eax
        wrmsr
        # Global pages stay when CR3 is written, and go with CR4.PGE.
        set_bits cr4, 0x80
        movl    $PAGE_A+7+G, page_table
        mov     %cr3, %eax
        mov     %eax, %cr3
        mov     WINDOW, %eax
        movl    $PAGE_B+7+G, page_table
        clear_bits cr4, 0x80
        mov     WINDOW, %eax
        check   "CR4.PGE cleared flushes global pages", %eax, $0xBBBB
        clear_bits cr0, 0x80000000
        clear_bits cr4, 0x20
        ret

        .align  16
aligned: .fill  16, 4, 0
        .bss
        .align  4096
page_directory: .skip 4096
page_table: .skip 4096
low_table: .skip 4096
pdpt_b: .skip   4096
pd0:    .skip   4096
