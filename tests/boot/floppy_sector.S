# A diskette's boot sector: reads a track of the second cylinder and a sector of the last track by INT 13h, writes a
# sector, and says on port E9h what it has found: "sum XXXX XXXX", the sums of both reads' bytes. The two words
# before the signature say how many sectors a track and how many cylinders there are.
.code16
.globl _start
_start:
  ljmp $0, $1f
1:
  xor %ax, %ax
  mov %ax, %ds
  mov %ax, %ss
  mov $0x7C00, %sp
  cld
  mov %dl, drive
  mov $0x1000, %ax
  mov %ax, %es

  mov $sum, %si
  call text
  # The first track of cylinder 1.
  mov sectors, %al
  mov $2, %ah
  mov $0x0101, %cx
  mov $0, %dh
  call disk
  mov sectors, %cx
  shl $9, %cx
  call add_up
  # The last sector.
  mov $0x0201, %ax
  mov cylinders, %ch
  dec %ch
  mov sectors, %cl
  mov $1, %dh
  call disk
  mov $512, %cx
  call add_up
  # It goes to the second sector too.
  mov $0x0301, %ax
  mov $0x0002, %cx
  mov $0, %dh
  call disk
  mov $10, %al
  outb %al, $0xE9
  xor %eax, %eax
  jmp end

disk:
  mov drive, %dl
  xor %bx, %bx
  int $0x13
  jc failed
  ret
failed:
  mov $error, %si
  call text
  movzbl %ah, %eax
end:
  outl %eax, $0xF4
2:
  hlt
  jmp 2b

# Adds CX bytes at ES:0 and writes the sum.
add_up:
  xor %di, %di
  xor %dx, %dx
  xor %ax, %ax
3:
  mov %es:(%di), %al
  add %ax, %dx
  inc %di
  loop 3b
  mov $' ', %al
  outb %al, $0xE9
  mov $4, %cx
4:
  rol $4, %dx
  mov %dl, %al
  and $15, %al
  add $'0', %al
  cmp $'9', %al
  jbe 5f
  add $7, %al
5:
  outb %al, $0xE9
  loop 4b
  ret

text:
  lodsb
  test %al, %al
  jz 6f
  outb %al, $0xE9
  jmp text
6:
  ret

sum: .asciz "sum"
error: .asciz " error"
drive: .byte 0
.org 506
sectors: .word 18
cylinders: .word 80
.word 0xAA55
