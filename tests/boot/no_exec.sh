#!/bin/bash
# Where the host refuses executable memory: --engine jit is an error of one line, without --engine the guest is
# interpreted after a warning of one line. Usage: no_exec.sh ILSE NO_EXEC GUEST; status 77: no such refusal here.
set -u
ilse=$1 no_exec=$2 guest=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# check STATUS STDERR-PATTERN HOW OPTION...
check() {
  local status=$1 pattern=$2 how=$3
  shift 3
  "$no_exec" "$how" "$ilse" run -bios "$guest" -m 16 -vga none -display none --max-instructions 2000000 "$@" \
    2>"$work/err" </dev/null
  local got=$?
  if [ "$got" -eq 77 ]; then
    cat "$work/err"
    exit 77
  fi
  # Ours is one line beside that of the limit.
  lines=$(grep -vc 'the limit of 2000000 instructions' "$work/err")
  if [ "$got" -ne "$status" ] || ! grep -Eq "$pattern" "$work/err" || [ "$lines" -gt 1 ]; then
    echo "FAILED: $how $*: status $got, not $status, or not /$pattern/ alone:"
    cat "$work/err"
    failed=1
  fi
}

for how in memfd mmap; do
  why="the host gives no executable memory \\((memfd_create|mmap): Permission denied\\)"
  check 1 "^ilse: --engine jit: $why\$" "$how" --engine jit
  check 8 "^ilse: $why: interpreting" "$how"
  check 8 '' "$how" --engine interp
  grep -q 'executable' "$work/err" && { echo "FAILED: $how: a warning to who wants no translation"; failed=1; }
  check 8 "^ilse: $why: interpreting" "$how" --jit-cache 1024
done
# No page is ever both writable and executable, nor becomes so.
check 8 '' gain --engine jit
[ "$failed" -eq 0 ] && echo 'without executable memory: all as documented'
exit "$failed"
