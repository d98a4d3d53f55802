#!/bin/sh
# Builds the benchmark, runs one unit of each class natively in both widths and compares the
# checksums with the recorded ones. No time is looked at.
# usage: tests/bench/check.sh [WORK-DIRECTORY]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-}
if [ -z "$out" ]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi
"$here/build" "$out"
{
  echo "# class, checksum of a unit in 64-bit code, in 32-bit code"
  "$out/bench64" --scale 2 >"$out/lines64"
  "$out/bench32" --scale 2 >"$out/lines32"
  while read -r name seconds wide units <&3 && read -r narrow_name seconds narrow units <&4; do
    echo "$name $wide $narrow"
  done 3<"$out/lines64" 4<"$out/lines32"
} >"$out/checksums"
diff -u "$here/checksums" "$out/checksums"
echo "checksums of $(wc -l <"$out/lines64") classes are right in 64-bit and 32-bit code"
