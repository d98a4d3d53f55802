#!/bin/sh
# gdb from the reset vector to a boot sector: registers, CR0, breakpoint, steps, 16-bit disassembly, watchpoint.
# Usage: boot_sector.sh GDB_HOST
here=$(dirname "$0")
. "$here/lib.sh"

# cli; xor ax,ax; mov ds,ax; mov ax,1234h; mov [500h],ax; inc word [500h]; sti; hlt; jmp to the hlt
printf '\372\061\300\216\330\270\064\022\243\000\005\377\006\000\005\373\364\353\375' >"$work/disk"
truncate -s 510 "$work/disk"
printf '\125\252' >>"$work/disk"
truncate -s 1M "$work/disk"

start "$1" "$work/disk"
gdb_do 'printf "reset %lx cs %x cr0 %lx\n", $pc, $cs, $cr0' 'x/5xb $pc' 'monitor u' 'stepi' \
  'printf "stepped %lx\n", $pc' \
  'break *0x7c00' 'continue' 'printf "boot %lx sig %x\n", $pc, *(unsigned short*)0x7dfe' \
  'stepi' 'stepi' 'stepi' 'printf "third %lx ds %x\n", $pc, $ds' \
  'watch *(unsigned short*)0x500' 'continue' 'printf "watched %lx value %x ax %x\n", $pc, *(unsigned short*)0x500, $ax' \
  'continue' 'printf "again %lx value %x\n", $pc, *(unsigned short*)0x500' 'delete' \
  'set var *(unsigned short*)0x500 = 0xbeef' 'printf "wrote %x\n", *(unsigned short*)0x500' \
  'set var $rbx = 0x77' 'printf "rbx %lx\n", $rbx' 'info registers cr0 cr3 efer fs_base' \
  'monitor arch i8086' 'disconnect' "target remote 127.0.0.1:$port" 'x/6i 0x7c00' \
  'break *0x7c0f' 'set var $eip = 0x7c05' 'continue' 'printf "real mode %x ax %x\n", $pc, $ax' 'x/i $pc' 'kill'

expect '^reset fffffff0 cs f000 cr0 60000010$'
expect '0xfffffff0:.*0xea.0x5b.0xe0.0x00.0xf0'
expect 'ljmp 0xf000:0xe05b'
expect '^stepped fe05b$'
expect '^boot 7c00 sig aa55$'
expect '^third 7c05 ds 0$'
expect 'Old value = '
expect '^watched 7c0b value 1234 ax 1234$'
expect '^again 7c0f value 1235$'
expect '^wrote beef$'
expect '^rbx 77$'
expect '^cr0 +0x[0-9a-f]*10 '
expect '0x7c05:.mov +\$0x1234,%ax'
expect '0x7c08:.mov +%ax,0x500'
expect '^real mode 7c0f ax 1234$'
expect '0x7c0f:.sti'
