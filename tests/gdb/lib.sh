# Common part of the tests with a real gdb. Usage: . lib.sh; start HOST DISK [KERNEL INITRD APPEND]; gdb_do COMMAND...; expect PATTERN
# Before start: `processors` is their number, `bios` other firmware.
# Status 77 tells ctest that something that the test needs is not installed.
set -eu
work=$(mktemp -d)
host_pid=
cleanup() {
  [ -z "$host_pid" ] || kill "$host_pid" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
firmware=/usr/share/seabios
command -v gdb >/dev/null || { echo "no gdb: skipped"; exit 77; }
[ -r $firmware/bios-256k.bin ] || { echo "no SeaBIOS: skipped"; exit 77; }

start() {
  host=$1
  shift
  "$host" ${processors:+-smp $processors} "${bios:-$firmware/bios-256k.bin}" $firmware/vgabios-stdvga.bin "$@" \
    >"$work/port" &
  host_pid=$!
  for _ in $(seq 100); do
    [ -s "$work/port" ] && break
    sleep 0.1
  done
  port=$(cat "$work/port")
}

# Each argument is a gdb command; the output is in $work/out.
gdb_do() {
  printf '%s\n' "set pagination off" "set confirm off" "set tcp connect-timeout 60" "set remotetimeout 600" \
    "target remote 127.0.0.1:$port" "$@" >"$work/commands"
  timeout 850 gdb -nx -batch -x "$work/commands" >"$work/out" 2>&1 || true
}

expect() {
  grep -Eq -- "$1" "$work/out" || {
    echo "expected: $1"
    echo "--- gdb said:"
    cat "$work/out"
    exit 1
  }
}
