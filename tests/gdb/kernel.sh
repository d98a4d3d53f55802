#!/bin/sh
# gdb in a running 64-bit Linux kernel: its addresses, control registers, memory through its page tables, steps; then,
# in a session of its own from reset, a breakpoint on one of its functions, which costs the guest little.
# Usage: kernel.sh GDB_HOST [KERNEL]
here=$(dirname "$0")
. "$here/lib.sh"
kernel=${2:-$(ls /boot/vmlinuz-*-amd64 2>/dev/null | tail -1)}
[ -r "$kernel" ] || { echo "no amd64 kernel: skipped"; exit 77; }
# Without an initramfs; at the same addresses in both sessions.
: >"$work/none"
boot() { start "$1" - "$kernel" "$work/none" "nokaslr"; }

# By then the kernel has unpacked itself and runs at its own addresses.
count=${COUNT:-6000000000}
boot "$1"
gdb_do 'printf "reset %lx\n", $pc' "monitor stop-at $count" 'continue' \
  'printf "kernel %d cr0 %lx efer %lx\n", $pc > 0xffffffff80000000, $cr0, $efer' 'monitor count' 'x/3i $pc' \
  'set $first = $pc' 'stepi' 'printf "stepped %d\n", $pc != $first' 'stepi' 'stepi' \
  'printf "stack %d\n", *(unsigned long*)$rsp == *(unsigned long*)$sp' 'monitor info idt' 'kill'
expect '^reset fffffff0$'
expect '^kernel 1 cr0 8[0-9a-f]* efer [5d]01$'
expect "^$count$"
expect '^stepped 1$'
expect '^stack 1$'

# The handler of the local APIC's timer.
handler=$(sed -n 's/^ec: 0010:\(ffffffff[0-9a-f]*\) .*/\1/p' "$work/out")
[ -n "$handler" ] || { echo "no handler of the timer in the IDT:"; cat "$work/out"; exit 1; }
boot "$1"
gdb_do "break *0x$handler" 'continue' 'printf "timer %lx in %lx:%lx\n", $pc, *(long*)($rsp + 8), *(long*)$rsp' \
  'stepi' 'continue' 'printf "again %lx\n", $pc' 'delete' 'kill'
expect "^timer $handler in 10:ffffffff[0-9a-f]*$"
expect "^again $handler$"
