#!/bin/bash
# Proves that a bare Debian 12 is enough: makes one with debootstrap (nothing but its base),
# puts a clone of this tree's last commit into it, and there starts ./run in a terminal up to
# the shell prompt and down again, ./run on pipes, and ./test.
#
# usage: tests/setup/bare_chroot.sh [--qemu] [run] [pipe] [test] [-- TEST ARGUMENT...]
#   --qemu  boots the guests in QEMU instead of Ilse (installs it in the chroot as well)
#   run, pipe, test: only these steps; without one, all of them
#   what follows -- goes to ./test
# Needs root and debootstrap (status 77 without them), git, python3. The base system comes from where the host's apt gets Debian 12, or
# from ILSE_MIRROR, and is kept in guests/cache/bookworm-amd64.tar. With CCACHE_DIR set, that folder and all other
# variables of ccache's are the chroot's too; the tree has the same path there, so that what the host has
# compiled is found.
set -euo pipefail
cd "$(dirname "$0")/../.."
. roms/setup.sh
. roms/guests/packages.sh
. roms/userland/base.sh

base=guests/cache/bookworm-amd64.tar

skip() {
  say "skipped: $*"
  exit 77
}

# Everything from here happens in name spaces of its own, so that no mount and no process
# outlives the script, whichever way it ends.
if [ -z "${ILSE_CHROOT_FOLDER:-}" ]; then
  [ "$(id -u)" -eq 0 ] || skip "this needs root"
  command -v debootstrap >/dev/null || skip "this needs debootstrap"
  ILSE_CHROOT_FOLDER=$(mktemp -d)
  export ILSE_CHROOT_FOLDER
  status=0
  unshare --mount --pid --fork --kill-child "tests/setup/${0##*/}" "$@" || status=$?
  rm -rf --one-file-system "$ILSE_CHROOT_FOLDER"
  exit "$status"
fi

qemu=0
steps=()
while [ $# -gt 0 ]; do
  case $1 in
    --qemu) qemu=1 ;;
    run | pipe | test) steps+=("$1") ;;
    --) shift; break ;;
    *) die "unknown word: $1" ;;
  esac
  shift
done
[ ${#steps[@]} -gt 0 ] || steps=(run pipe test)

root=$ILSE_CHROOT_FOLDER/root
mkdir -p "$root" guests/cache
make_base amd64 "$base"
tar -C "$root" -xf "$base"
tree=$PWD
git clone -q --no-hardlinks . "$root$tree"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
ccache=()
if [ -n "${CCACHE_DIR:-}" ]; then
  mapfile -t ccache < <(env | grep '^CCACHE_')
  mkdir -p "$root$CCACHE_DIR"
  mount --bind "$CCACHE_DIR" "$root$CCACHE_DIR"
fi

in_chroot() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=vt100 LANG=C.UTF-8 \
    ${emulator:+ILSE="$emulator"} ${ccache[@]+"${ccache[@]}"} "$@"
}

emulator=''
if [ "$qemu" -eq 1 ]; then
  emulator=tests/setup/qemu_as_ilse
  chroot "$root" sh -c 'apt-get -q update && apt-get -q -y --no-install-recommends install \
    qemu-system-x86 qemu-system-common' >"$ILSE_CHROOT_FOLDER/log" 2>&1 || die "QEMU cannot be installed"
fi

for step in "${steps[@]}"; do
  say "== $step =="
  case $step in
    run)
      in_chroot python3 tests/setup/in_terminal.py --seconds 3600 'root@debian:' poweroff \
        chroot "$root" "$tree"/run
      ;;
    pipe)
      in_chroot python3 tests/setup/in_terminal.py --pipe --seconds 3600 'root@debian:' poweroff \
        chroot "$root" "$tree"/run
      ;;
    test)
      in_chroot chroot "$root" "$tree"/test "$@"
      ;;
  esac
done
say "a bare Debian 12 is enough: ${steps[*]}"
