# Boots a kernel by the Multiboot Specification 0.6.96 that the board has prepared
# (devices/board/multiboot_image.cpp): loads the kernel with its modules and the information structure, asks the
# firmware for the memory map, and enters the kernel in protected mode.
  .include "option_rom.inc"

  .set MAGIC, 0x2BADB002
  .set SMAP, 0x534D4150
  .set MAX_RANGES, 128

  # Offsets in the information structure.
  .set MEM_LOWER, 4
  .set MEM_UPPER, 8
  .set MMAP_LENGTH, 44
  .set MMAP_ADDR, 48

  .set FAR_POINTER, SCRATCH + 16
  .set GDT_POINTER, SCRATCH + 24

  option_rom_header "multiboot kernel"

boot:
  enter_boot
  load KERNEL_ADDR, KERNEL_SIZE, KERNEL_DATA
  load INITRD_ADDR, INITRD_SIZE, INITRD_DATA

  # GS:0 = the information structure, ES:DI = the memory map's next entry.
  mov edx, INITRD_ADDR
  call read_number
  shr eax, 4
  mov gs, ax
  mov eax, gs:[MMAP_ADDR]
  mov edi, eax
  and edi, 15
  shr eax, 4
  mov es, ax

  int 0x12
  movzx eax, ax
  mov gs:[MEM_LOWER], eax

  # Each entry is its size and then what the firmware says.
  mov bp, MAX_RANGES
  xor ebx, ebx
next_range:
  mov eax, 0xE820
  mov edx, SMAP
  mov ecx, 20
  mov dword ptr es:[di], 20
  add di, 4
  int 0x15
  jc ranges_done
  cmp eax, SMAP
  jne ranges_done
  # The memory from 1 MiB up.
  cmp dword ptr es:[di], 0x100000
  jne 1f
  cmp dword ptr es:[di + 4], 0
  jne 1f
  cmp dword ptr es:[di + 16], 1
  jne 1f
  mov eax, es:[di + 8]
  shr eax, 10
  mov gs:[MEM_UPPER], eax
1:
  add di, 20
  add dword ptr gs:[MMAP_LENGTH], 24
  dec bp
  jz ranges_done
  test ebx, ebx
  jnz next_range
ranges_done:

  in al, 0x92
  or al, 2
  and al, 0xFE
  out 0x92, al
  cli

  mov edx, KERNEL_ENTRY
  call read_number
  mov ecx, eax
  xor ebx, ebx
  mov bx, gs
  shl ebx, 4

  xor eax, eax
  mov ax, cs
  shl eax, 4
  lea edx, [eax + gdt]
  mov word ptr [GDT_POINTER], gdt_end - gdt - 1
  mov [GDT_POINTER + 2], edx
  lea edx, [eax + protected]
  mov [FAR_POINTER], edx
  mov word ptr [FAR_POINTER + 4], 8
  lgdt [GDT_POINTER]
  mov eax, cr0
  or eax, 1
  mov cr0, eax
  jmp fword ptr [FAR_POINTER]

  .code32
protected:
  mov eax, 0x10
  mov ds, eax
  mov es, eax
  mov fs, eax
  mov gs, eax
  mov ss, eax
  mov eax, MAGIC
  jmp ecx
  .code16

  .balign 8
gdt:
  .quad 0
  .quad 0x00CF9A000000FFFF
  .quad 0x00CF92000000FFFF
gdt_end:

  option_rom_routines
  option_rom_end
