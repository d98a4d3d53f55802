# A diskette's boot sector that, in flat 32-bit mode, writes random values to every port of the display, of the sound
# devices and of the diskette controller, to all video memory and to the registers that the PCI devices have in memory
# and ports, for ever. It says a byte on port E9h every 65536 accesses. SEED is where its numbers start. AC97 may record
# silence over it; then the machine starts it anew.
.code16
.globl _start
_start:
  cli
  xor %ax, %ax
  mov %ax, %ds
  mov %ax, %ss
  mov $0x7C00, %sp
  lgdt descriptors
  mov %cr0, %eax
  or $1, %al
  mov %eax, %cr0
  ljmp $8, $flat
.code32
flat:
  mov $16, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  mov $SEED, %ebp
  # The address registers of the display (00:02.0) and of AC97 (00:04.0).
  mov $0x80001010, %eax
  call config
  mov %eax, frame_buffer
  mov $0x80001018, %eax
  call config
  mov %eax, registers
  mov $0x80002010, %eax
  call config
  mov %eax, ac97
  mov $0x80002014, %eax
  call config
  mov %eax, ac97_master
  mov $0x80002004, %eax
  mov $0xCF8, %dx
  out %eax, %dx
  mov $0xCFC, %dx
  mov $5, %al
  out %al, %dx

round:
  mov $65536, %esi
1:
  call random
  mov %eax, %ecx
  and $15, %ecx
  cmp $7, %ecx
  jbe port
  cmp $11, %ecx
  jbe memory
  cmp $13, %ecx
  jbe screen
  # Registers in memory.
  call random
  and $0xFFC, %eax
  add registers, %eax
  jmp store
memory:
  call random
  and $0x1FFFC, %eax
  add $0xA0000, %eax
  jmp store
screen:
  call random
  and $0xFFFFFC, %eax
  add frame_buffer, %eax
store:
  mov %eax, %edi
  call random
  test $0x300, %ecx
  jnz 2f
  mov (%edi), %ebx
2:
  mov %eax, (%edi)
  jmp next

# One of the ranges, one of its ports; the widths in turn.
port:
  mov %eax, %ebx
  shr $8, %ebx
  and $15, %ebx
  movzwl ranges(,%ebx,4), %edx
  movzwl ranges + 2(,%ebx,4), %ecx
  call random
  push %eax
  xor %edi, %edi
  xchg %edx, %edi
  div %ecx
  add %edi, %edx
  cmp $12, %ebx
  jb 3f
  shr $1, %ebx
  add ac97 - 24(,%ebx,4), %edx
3:
  pop %eax
  shr $3, %eax
  mov %eax, %ecx
  and $7, %ecx
  jz 4f
  dec %ecx
  jz 5f
  dec %ecx
  jz 6f
  out %al, %dx
  jmp next
4:
  out %ax, %dx
  jmp next
5:
  out %eax, %dx
  jmp next
6:
  in %dx, %al
next:
  dec %esi
  jnz 1b
  mov $'.', %al
  out %al, $0xE9
  jmp round

config:
  mov $0xCF8, %dx
  out %eax, %dx
  mov $0xCFC, %dx
  in %dx, %eax
  and $~15, %eax
  ret

# Marsaglia's xorshift.
random:
  mov %ebp, %eax
  shl $13, %eax
  xor %eax, %ebp
  mov %ebp, %eax
  shr $17, %eax
  xor %eax, %ebp
  mov %ebp, %eax
  shl $5, %eax
  xor %eax, %ebp
  mov %ebp, %eax
  ret

ranges:
  .word 0x3B0, 48           # VGA
  .word 0x3C0, 16
  .word 0x3C4, 2
  .word 0x3CE, 2
  .word 0x3D4, 2
  .word 0x1CE, 2            # the display interface
  .word 0x1CE, 3
  .word 0x220, 16           # Sound Blaster 16
  .word 0x330, 2
  .word 0x388, 4            # OPL3
  .word 0x3F0, 8            # the diskette controller
  .word 0x42, 2             # the speaker's counter
  .word 0, 256              # AC97: mixer
  .word 0, 256
  .word 0, 64               # bus master
  .word 0, 64
  .balign 4
table:
  .quad 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF
descriptors:
  .word 23
  .long table
  .org 510
  .word 0xAA55
  .set frame_buffer, 0x9000
  .set registers, 0x9004
  .set ac97, 0x9008
  .set ac97_master, 0x900C
