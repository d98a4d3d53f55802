# shellcheck shell=bash
# What ./run and ./test share: installing packages, building Ilse, making the guests.
# Sourced by bash from the top of the tree. All messages go to stderr, so that stdout belongs
# to the guest.

say() { printf 'ilse: %s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# Runs a command as root: directly, or through sudo where that exists.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "this needs root (there is no sudo): $*"
  fi
}

# quietly LOG COMMAND...: the command's output goes to LOG, and is shown only if it fails.
quietly() {
  local log=$1
  shift
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    die "failed: $*"
  fi
}

# The packages named in a list file that are not installed.
missing_packages() {
  local wanted installed
  wanted=$(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$1" | sort -u)
  # shellcheck disable=SC2086,SC2016  # one word a package; the format is dpkg's, not the shell's
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null |
    sed -n 's/ installed$//p' | sort -u)
  comm -23 <(printf '%s\n' "$wanted") <(printf '%s\n' "$installed")
}

# Installs what is missing of a list file. Says nothing when nothing is.
install_packages() {
  local missing log
  command -v dpkg-query >/dev/null || die "this needs Debian 12 or a relative of it (no dpkg found)"
  missing=$(missing_packages "$1")
  [ -n "$missing" ] || return 0
  say "installing packages: ${missing//$'\n'/ }"
  log=$(mktemp)
  quietly "$log" as_root apt-get -q update
  # shellcheck disable=SC2086  # one word a package
  quietly "$log" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y --no-install-recommends install $missing
  rm -f "$log"
  missing=$(missing_packages "$1")
  [ -z "$missing" ] || die "apt-get did not install: ${missing//$'\n'/ }"
  say "packages installed"
}

# build_ilse DIRECTORY [TARGET [CMAKE OPTIONS...]]: configures once, then builds.
build_ilse() {
  local dir=$1 target=${2:-all}
  shift $(($# < 2 ? $# : 2))
  if [ ! -f "$dir/build.ninja" ]; then
    say "configuring in $dir/"
    mkdir -p "$dir"
    quietly "$dir/configure.log" cmake -S . -B "$dir" -G Ninja "$@"
  fi
  if ! ninja -C "$dir" -n "$target" 2>/dev/null | grep -q 'no work to do'; then
    say "building in $dir/"
    ninja -C "$dir" "$target" >&2 || die "the build failed"
  fi
}

# build_guests VARIANT...: see roms/README.md.
build_guests() {
  local variant
  for variant; do
    case $variant in
      userland | desktop) roms/guests/build amd64 && roms/userland/build "$variant" ;;
      userland-i386) roms/guests/build i386 && roms/userland/build "$variant" ;;
      *) roms/guests/build "$variant" ;;
    esac || die "the guest $variant could not be made"
  done
}
