#!/bin/sh
# Debian boots twice on four processors under --clock instructions: the states are the same at every checkpoint.
# Usage: same_history.sh ILSE KERNEL INITRD; status 77: the guest is not there.
set -eu
ilse=$1 kernel=$2 initrd=$3
[ -r "$kernel" ] && [ -r "$initrd" ] || { echo "$kernel is not there: skipped"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The kernel's decompression alone is 5e9 instructions.
for n in 1 2; do
  "$ilse" run -smp 4 -m 256 --clock instructions --hash-every 500000000 --max-instructions 6000000000 -display none \
    -serial "file:$work/serial$n" -kernel "$kernel" -initrd "$initrd" -append console=ttyS0,115200 \
    2>"$work/hashes$n" </dev/null &
done
wait
grep -q '^hash 6000000000 ' "$work/hashes1" || { cat "$work/hashes1"; exit 1; }
grep -aq 'Brought up 1 node, 4 CPUs' "$work/serial1" || { echo "the processors are not up"; exit 1; }
cmp "$work/serial1" "$work/serial2"
cmp "$work/hashes1" "$work/hashes2"
grep -c '^hash' "$work/hashes1"
