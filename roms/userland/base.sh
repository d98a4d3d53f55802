# shellcheck shell=bash
# A bare Debian 12, made by debootstrap from where the host's apt gets its packages. Sourced behind setup.sh and
# roms/guests/packages.sh by what needs one: roms/userland/build, tests/setup/bare_chroot.sh. Needs root.

# The mirror that the host uses; ILSE_MIRROR names another.
debian_mirror() {
  local mirror
  mirror=${ILSE_MIRROR:-$(debian_sources | sed -n 's/.* \([^ ]*\) bookworm main$/\1/p' | head -n 1)}
  [ -n "$mirror" ] || die "apt has no source of Debian 12 on this machine; ILSE_MIRROR can name one"
  printf '%s\n' "$mirror"
}

# make_base ARCH FILE: a tar of the base system, made once. The folder FILE.work holds it while it is made.
make_base() {
  local arch=$1 file=$2 mirror
  [ ! -s "$file" ] || return 0
  mirror=$(debian_mirror)
  say "making a base system ($arch) from $mirror"
  rm -rf --one-file-system "$file.work"
  mkdir -p "$file.work"
  quietly "$file.work/log" debootstrap --arch="$arch" --variant=minbase bookworm "$file.work/root" "$mirror"
  tar -C "$file.work/root" --one-file-system -cf "$file.part" .
  mv "$file.part" "$file"
  rm -rf --one-file-system "$file.work"
}
