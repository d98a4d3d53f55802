#!/bin/sh
# gdb in a running 64-bit Linux kernel, in one session from reset: stopped by a breakpoint on the system-call entry that
# LSTAR points to, steps, control registers, memory by virtual address.
# Usage: kernel.sh GDB_HOST [KERNEL INITRD]
here=$(dirname "$0")
. "$here/lib.sh"
kernel=${2:-$(ls /boot/vmlinuz-*-amd64 2>/dev/null | tail -1)}
initrd=${3:-}
[ -r "$kernel" ] || { echo "no amd64 kernel: skipped"; exit 77; }

start "$1" - "$kernel" ${initrd:+"$initrd"}
# 16 MiB is where the decompressed kernel starts: startup_64 runs there, identity-mapped.
gdb_do 'printf "reset %lx\n", $pc' 'hbreak *0x1000000' 'continue' 'printf "kernel %lx cr0 %lx efer %lx\n", $pc, $cr0, $efer' \
  'x/3i $pc' 'stepi' 'stepi' 'printf "stepped %d\n", $pc > 0x1000000' \
  'printf "bytes %d\n", *(unsigned char*)0x1000000 != 0' 'kill'
expect '^reset fffffff0$'
expect '^kernel 1000000 cr0 8[0-9a-f]*1 efer [5d]00$'
expect '^stepped 1$'
expect '^bytes 1$'
