#!/bin/bash
# Bad input, as a user gives it to the real program: each gets one line on standard error that names the thing and the
# cause, and the documented exit status. usage: bad_input.sh ILSE
set -u
ilse=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER
failed=0

# check STATUS TEXT ARGUMENT...: the program ends with STATUS and one line that contains TEXT.
check() {
  local status=$1 text=$2 got
  shift 2
  timeout 60 "$ilse" "$@" >out 2>err </dev/null
  got=$?
  if [ "$got" -ne "$status" ] || [ "$(wc -l <err)" -ne 1 ] || ! grep -qF -- "ilse: $text" err || [ -s out ]; then
    echo "FAILED: ilse $*"
    echo "  wanted status $status and one line with: ilse: $text"
    echo "  got status $got:"
    sed 's/^/    /' err
    failed=1
  fi
}

# A firmware that halts at once, so that a machine which starts after all ends soon.
head -c 65536 /dev/zero | tr '\0' '\364' >halt.bin
quick=(run -bios ./halt.bin -vga none -m 16 --clock instructions --max-seconds 20)

# Images.
: >empty.img
printf 'short' >short.img
mkdir folder
truncate -s 1M disk.img
mkfifo pipe
check 1 'missing.img: No such file or directory' "${quick[@]}" -hda missing.img
check 1 'empty.img: the image is empty' "${quick[@]}" -hda empty.img
check 1 'short.img: the image has only 5 bytes' "${quick[@]}" -hda short.img
check 1 'folder: Is a directory' "${quick[@]}" -hda folder
check 1 'pipe: neither a regular file nor a block device' "${quick[@]}" -hda pipe
check 1 'missing.iso: No such file or directory' "${quick[@]}" -cdrom missing.iso
check 1 'folder: Is a directory' "${quick[@]}" -cdrom folder
if [ "$(id -u)" -ne 0 ]; then
  cp disk.img secret.img
  chmod 000 secret.img
  check 1 'secret.img: Permission denied' "${quick[@]}" -hda secret.img
fi
# An MBR whose partition ends beyond the image: sectors 2048 to 1050623.
cp disk.img cut.img
printf '\x80\x00\x00\x00\x83\x00\x00\x00\x00\x08\x00\x00\x00\x00\x10\x00' |
  dd of=cut.img bs=1 seek=446 conv=notrunc status=none
printf '\x55\xaa' | dd of=cut.img bs=1 seek=510 conv=notrunc status=none
check 1 'cut.img: the image is truncated' "${quick[@]}" -hda cut.img

# A locked image: the machine of the first run sits in the prompt's pause.
"$ilse" "${quick[@]}" -hda disk.img -S -gdb tcp::23971 --max-seconds 60 >/dev/null 2>&1 </dev/null &
first=$!
# Until it listens; the image is its own before that.
port=$(printf ':%04X 00000000:0000 0A' 23971)
for _ in $(seq 600); do
  grep -q "$port" /proc/net/tcp && break
  sleep 0.1
done
check 1 'disk.img: in use by another program' "${quick[@]}" -hda disk.img
check 1 '--gdb :23971: Address already in use' "${quick[@]}" -gdb tcp::23971
kill -TERM "$first" 2>/dev/null
wait "$first"
first_status=$?
if [ "$first_status" -ne 143 ]; then
  echo "FAILED: SIGTERM gave status $first_status, not 143"
  failed=1
fi

# Kernels.
head -c 100000 /dev/zero >zeros
check 1 'missing: No such file or directory' "${quick[@]}" -kernel missing
check 1 'empty.img: the file is empty' "${quick[@]}" -kernel empty.img
check 1 'folder: Is a directory' "${quick[@]}" -kernel folder
check 1 'zeros: not a kernel' "${quick[@]}" -kernel zeros
check 1 '-initrd: needs -kernel' "${quick[@]}" -initrd zeros

# Firmware.
mkdir nothing
check 1 'bios-256k.bin: firmware not found in nothing: install Debian'"'"'s package seabios' run -L nothing -display none
check 1 './missing.bin: No such file or directory' run -bios ./missing.bin -display none
check 1 'short.img: not firmware: 5 bytes' run -bios short.img -display none

# Options.
check 1 '-m 0: memory must be' run -m 0
check 1 '-m 1000000: memory must be' run -m 1000000
check 1 '-nographics: no such option; did you mean -nographic?' run -nographics
check 1 '--jit-cache 0: not a number from 1 to 1024' run --jit-cache 0
check 1 '--jit-cache 1025: not a number from 1 to 1024' run --jit-cache 1025
check 1 '--jit-cache 18446744073709551616: not a number' run --jit-cache 18446744073709551616
check 1 '--jit-cache -1: not a number' run --jit-cache -1
check 1 '--jit-cache 64M: not a number' run --jit-cache 64M
check 1 '--jit-hot 0: not a number from 1 to 10000' run --jit-hot 0
check 1 'missing: No such file or directory' "${quick[@]}" -loadvm missing
check 1 "zeros: not a snapshot of Ilse's" "${quick[@]}" -loadvm zeros
check 1 'lockstep: -loadvm: both machines start at power-on' lockstep -display none -loadvm zeros
check 1 '-smp 65: must be 1 to 64 processors' run -smp 65
check 1 '2 processors: the model 486 has no local APIC' run -cpu 486 -smp 2
check 1 'rnu: no such command' rnu
check 1 'x: No such file or directory' run -fda x -display none
truncate -s 3M large.img
check 1 'large.img: no diskette: 3145728 bytes' run -fda large.img -display none
check 1 '-hda: needs a value' run -hda
check 1 '/nonexistent/log: No such file or directory' "${quick[@]}" -serial file:/nonexistent/log
check 1 '-D /nonexistent/log: No such file or directory' "${quick[@]}" -d int -D /nonexistent/log

# No display.
check 1 '-display sdl: cannot open a window: there is no display' "${quick[@]}" -display sdl
DISPLAY=:987 check 1 '-display sdl: cannot open a window' "${quick[@]}" -display sdl

# A guest's end.
check 12 'the processor is halted' "${quick[@]}"

[ "$failed" -eq 0 ] && echo 'bad input: all as documented'
exit "$failed"
