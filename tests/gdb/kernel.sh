#!/bin/sh
# gdb in a running 64-bit Linux kernel, in one session from reset: its addresses, control registers, memory through its
# page tables, steps.
# Usage: kernel.sh GDB_HOST [KERNEL INITRD]
here=$(dirname "$0")
. "$here/lib.sh"
kernel=${2:-$(ls /boot/vmlinuz-*-amd64 2>/dev/null | tail -1)}
initrd=${3:-}
[ -r "$kernel" ] || { echo "no amd64 kernel: skipped"; exit 77; }

# By then the kernel has unpacked itself and runs at its own addresses.
count=${COUNT:-6000000000}
start "$1" - "$kernel" ${initrd:+"$initrd"}
gdb_do 'printf "reset %lx\n", $pc' "monitor stop-at $count" 'continue' \
  'printf "kernel %d cr0 %lx efer %lx\n", $pc > 0xffffffff80000000, $cr0, $efer' 'monitor count' 'x/3i $pc' \
  'set $first = $pc' 'stepi' 'printf "stepped %d\n", $pc != $first' 'stepi' 'stepi' \
  'printf "stack %d\n", *(unsigned long*)$rsp == *(unsigned long*)$sp' 'kill'
expect '^reset fffffff0$'
expect '^kernel 1 cr0 8[0-9a-f]* efer [5d]01$'
expect "^$count$"
expect '^stepped 1$'
expect '^stack 1$'
