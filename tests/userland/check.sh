#!/bin/bash
# Runs inside Debian: programs whose results are known. A line a check: "check NAME RESULT", where RESULT is a checksum
# of what the program wrote, the same on every processor. usage: check.sh [NAME...]; without one, all but make.
set -u
cd "$(mktemp -d)" || exit 1
source=$(dirname "$(readlink -f "$0")")

# sum COMMAND...: the start of the SHA-256 of its output; a failure shows its status instead.
sum() {
  local status
  "$@" >output 2>errors
  status=$?
  [ $status -eq 0 ] || { tail -n 5 errors >&2; echo "status-$status"; return; }
  sha256sum <output | cut -c 1-16
}

check() { echo "check $1 $(sum "${@:2}")"; }

data() { # 3 MB of text that compresses like text
  [ -s data ] || python3 "$source/data.py" 3000000 >data
  cat data
}

round_trip() { # of a packer: its own output must be stable too, as it is exact integer work
  data >/dev/null
  "$@" <data >packed && "$1" -dc <packed | cmp - data && wc -c <packed && sha256sum <packed
}

sign() {
  openssl genpkey -algorithm "$1" "${@:2}" -out key 2>/dev/null && openssl pkey -in key -pubout -out public &&
    data | openssl dgst -sha256 -sign key -out signature && data | openssl dgst -sha256 -verify public -signature signature &&
    ! { echo changed | openssl dgst -sha256 -verify public -signature signature; }
}

digests() {
  local kind
  for kind in md5 sha1 sha256 sha512 sha3-256 blake2b512 blake2s256 sm3; do data | openssl dgst "-$kind"; done
}

ciphers() {
  local kind
  for kind in aes-128-cbc aes-256-ctr aes-256-cbc camellia-256-cbc chacha20 aria-128-cbc; do
    data | openssl enc "-$kind" -K 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff \
      -iv 0102030405060708090a0b0c0d0e0f10 2>warnings >sealed && sha256sum <sealed
    openssl enc -d "-$kind" -K 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff \
      -iv 0102030405060708090a0b0c0d0e0f10 2>warnings <sealed | cmp - data || return 1
  done
}

speed() { # the figures vary; that every algorithm gets one does not
  openssl speed -seconds 1 -bytes 1024 -mr -evp "$1" 2>/dev/null | grep -c '^+F:.*:[1-9]'
}

compile() {
  local level
  for level in -O0 -O2 -O3 "$@"; do
    # shellcheck disable=SC2086  # a level may be several words
    gcc $level -Wall -Werror -o program "$source/program.c" -lm && ./program || return 1
  done
}

sql() {
  sqlite3 database <"$source/queries.sql"
}

parallel_make() {
  python3 "$source/data.py" --sources 8 8 && make -s -j4 && ./all
}

libraries() { # which variants of libraries the loader would take
  local loader=/lib64/ld-linux-x86-64.so.2
  [ -e $loader ] || loader=/lib/ld-linux.so.2
  $loader --help | sed -n 's/^  \(x86-64-v[234]\).*(supported.*/\1/p' | tr '\n' ' '
}

all=(python perl digests ciphers rsa ecdsa ed25519 gcc sqlite xz zstd gzip bzip2 sort speed_aes speed_sha speed_chacha)
[ $# -gt 0 ] || set -- "${all[@]}"
echo "check libraries $(libraries)"
for name; do
  case $name in
    python) check python python3 "$source/compute.py" ;;
    perl) check perl perl "$source/compute.pl" ;;
    digests) check digests digests ;;
    ciphers) check ciphers ciphers ;;
    rsa) check rsa sign RSA -pkeyopt rsa_keygen_bits:1536 ;;
    ecdsa) check ecdsa sign EC -pkeyopt ec_paramgen_curve:P-256 ;;
    ed25519) check ed25519 sh -c 'openssl genpkey -algorithm ed25519 -out key && openssl pkey -in key -pubout -out public &&
      echo text >message && openssl pkeyutl -sign -inkey key -rawin -in message -out signature &&
      openssl pkeyutl -verify -pubin -inkey public -rawin -in message -sigfile signature' ;;
    gcc) check gcc compile ;;
    gcc_v3) check gcc_v3 compile "-O3 -march=x86-64-v3 -ffp-contract=off" ;;
    sqlite) check sqlite sql ;;
    xz) check xz round_trip xz -T1 -6 ;;
    zstd) check zstd round_trip zstd -q -9 --single-thread ;;
    gzip) check gzip round_trip gzip -n -9 ;;
    bzip2) check bzip2 round_trip bzip2 ;;
    sort) data | tr ' ' '\n' >words; check sort sort words ;;
    speed_aes) check "$name" speed aes-256-gcm ;;
    speed_sha) check "$name" speed sha256 ;;
    speed_chacha) check "$name" speed chacha20-poly1305 ;;
    make) check make parallel_make ;;
    cpuinfo) sed 's/^/cpuinfo /' /proc/cpuinfo ;;
    interrupts) sed 's/^/interrupts /' /proc/interrupts ;;
    dmesg) dmesg | grep -E 'WARNING: CPU|BUG:|Oops|Call Trace|segfault|trap ' | sed 's/^/complaint /' ;;
  esac
done
