#!/bin/bash
# Runs inside Debian: the real programs of the benchmark (tests/bench/programs). Around each a line with "> NAME" and one
# with its checksum; a small run of everything comes first, so that what is read from the disk is in memory.
# usage: programs.sh PROGRAM...
set -u
source=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
cd "$work" || exit 1
export LC_ALL=C

prepare() { # SIZE in thousands of characters, FUNCTIONS to compile
  python3 "$source/data.py" "${1}000" >data
  tr ' ' '\n' <data >words
  python3 "$source/data.py" --sources 1 "$2"
  size=$1
}

run_gcc() { gcc -O2 -S -o - part0.c; }
run_python3() { for _ in 1 2; do python3 "$source/compute.py"; done; }
run_perl() { for _ in 1 2 3; do perl "$source/compute.pl"; done; }
run_xz() { xz -T1 -6 -c data; }
run_unxz() { for _ in 1 2 3 4 5 6 7 8; do xz -dc packed; done; }
run_gzip() { gzip -n -9 -c data data data data; }
run_zstd() { zstd -q -12 --single-thread -c data; }
run_bzip2() { bzip2 -c data; }
run_sqlite3() { for _ in 1 2 3; do rm -f database*; sqlite3 database <"$source/queries.sql"; done; }
run_dgst() { for _ in 1 2 3 4 5 6 7 8; do openssl dgst -sha256 data; openssl dgst -md5 data; openssl dgst -sha3-256 data; done; }
run_aes() {
  for _ in $(seq 20); do
    openssl enc -aes-256-cbc -nosalt -K 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff \
      -iv 0102030405060708090a0b0c0d0e0f10 -in data | tail -c 32
  done
}
run_rsa() { # modular exponentiation, by which 2^1279 - 1 is found to be prime
  for _ in 1 2 3 4 5 6; do openssl prime -hex "7$(printf 'f%.0s' $(seq 319))"; done
}
run_sort() { for _ in 1 2 3; do sort words; done; }
run_shell() {
  local i x=0 text=
  for ((i = 0; i < size * 30; i++)); do
    x=$(((x * 31 + i) % 1000003))
    case $x in *7*) text=${text:1:200}$x ;; *) text=$text. ;; esac
    text=${text:0:300}
  done
  echo "$x $text"
}
run_fork() { local i; for ((i = 0; i < size / 10; i++)); do /bin/true; (:); done; echo "$i"; }
run_find() { find /usr /etc -xdev -printf '%p %s %m\n' | sort | sha256sum; find / -xdev -type f -size +100k | sort; find /usr -xdev -name '*.p[ym]' -exec grep -l sqrt {} + | sort; }
run_tar() { tar -C /usr/lib --sort=name -cf - gcc python3 python3.11 perl-base | sha256sum; }

prepare 100 2
xz -c data >packed
for name; do "run_$name" >output 2>errors; done
prepare 3000 100
xz -T1 -1 -c data >packed
sync
echo "bench: userland"
for name; do
  echo "> $name"
  "run_$name" >output 2>errors && status=0 || status=$?
  checksum=$(sha256sum <output | cut -c 1-16)
  if [ "$status" -ne 0 ]; then
    echo "bench: failed $name $status $(tail -n 1 errors)"
    exit 1
  fi
  echo "$name 0 $checksum 1"
done
echo "bench: done"
cd / && rm -rf "$work"
