# Boots a Linux kernel that the board has prepared (devices/board/linux_image.cpp), by the 16-bit boot protocol
# (Linux, Documentation/arch/x86/boot.rst): loads the protected-mode code, the initial RAM disk, the command line
# and the real-mode code, and enters the latter at its offset 200h.
  .include "option_rom.inc"

  option_rom_header "Linux kernel"

boot:
  enter_boot
  load KERNEL_ADDR, KERNEL_SIZE, KERNEL_DATA
  load INITRD_ADDR, INITRD_SIZE, INITRD_DATA
  load CMDLINE_ADDR, CMDLINE_SIZE, CMDLINE_DATA
  load SETUP_ADDR, SETUP_SIZE, SETUP_DATA

  # The stack goes to the end of the heap, below the command line.
  mov edx, CMDLINE_ADDR
  call read_number
  mov ebx, eax
  mov edx, SETUP_ADDR
  call read_number
  sub ebx, eax
  sub ebx, 16
  shr eax, 4
  mov ds, ax
  mov es, ax
  mov fs, ax
  mov gs, ax
  mov ss, ax
  mov esp, ebx
  add ax, 0x20
  push ax
  push 0
  xor ebx, ebx
  xor ecx, ecx
  xor edx, edx
  xor esi, esi
  xor edi, edi
  xor ebp, ebp
  retf

  option_rom_routines
  option_rom_end
