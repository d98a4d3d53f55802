# shellcheck shell=bash disable=SC2154  # variables come from build
# Fetching packages of any architecture with a private apt: it reads the host's sources and
# keys, but its lists, its cache and its architecture are its own, in guests/cache.
# apt checks signatures and hashes; a list of SHA-256 sums, written last, then guards what is
# in the cache.

guest_packages=(busybox-static libc6 libkmod2 liblzma5 libpci3 libssl3 libudev1 libzstd1 pci.ids
  pciutils zlib1g libcap2)

# The Debian suites that the host uses, in the one-line format, whichever format the host has.
# Suites of other origins seldom exist for other architectures, and are not needed.
debian_sources() {
  local codename uri suite component signed_by
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-bookworm}")
  # shellcheck disable=SC2016  # the format is apt's
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(SIGNED_BY)' \
    'Created-By: Packages' | sort -u | while read -r uri suite component signed_by; do
    [ "$component" = main ] || continue
    case $suite in
      "$codename" | "$codename-updates" | "$codename-security") ;;
      *) continue ;;
    esac
    case $signed_by in
      /*) printf 'deb [signed-by=%s] %s %s main\n' "$signed_by" "$uri" "$suite" ;;
      *) printf 'deb %s %s main\n' "$uri" "$suite" ;;
    esac
  done
}

# Sets up the private apt in $apt.
prepare_apt() {
  apt=$PWD/guests/cache/apt-$arch
  mkdir -p "$apt"/state/lists/partial "$apt"/cache/archives/partial
  : >"$apt/status"
  debian_sources >"$apt/sources.list"
  [ -s "$apt/sources.list" ] || die "apt has no source of Debian packages on this machine"
  # The hooks are cleared because the host's act on the host's own lists and cache.
  cat >"$apt/apt.conf" <<END
#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
END
}

private_apt() { apt-get -c "$apt/apt.conf" -q "$@"; }

# The versioned package behind linux-image-FLAVOUR.
kernel_package() {
  apt-cache -c "$apt/apt.conf" depends "linux-image-$flavour" |
    sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

# Makes $cache/debs hold the packages, intact.
fetch_packages() {
  local wanted kernel log
  wanted="linux-image-$flavour ${guest_packages[*]}"
  if [ "$(cat "$cache/debs/wanted" 2>/dev/null)" = "$wanted" ]; then
    (cd "$cache/debs" && sha256sum --check --quiet --strict SHA256SUMS >&2) && return
    say "packages in the cache are damaged"
  fi
  log=$work/apt.log
  prepare_apt
  say "reading Debian's package lists ($arch)"
  # A mirror that is being updated has broken lists for some suites: the others will do.
  if ! private_apt update >"$log" 2>&1 && ! private_apt update >"$log" 2>&1; then
    say "warning: some package lists could not be read"
  fi
  kernel=$(kernel_package)
  if [ -z "$kernel" ]; then
    cat "$log" >&2
    die "Debian's package lists have no linux-image-$flavour"
  fi
  say "downloading $kernel and ${#guest_packages[@]} small packages"
  rm -rf "$cache/debs"
  mkdir -p "$cache/debs"
  (cd "$cache/debs" && quietly "$OLDPWD/$log" private_apt download "$kernel" "${guest_packages[@]}")
  (cd "$cache/debs" && sha256sum ./*.deb >SHA256SUMS)
  printf '%s\n' "$wanted" >"$cache/debs/wanted"
}

# Unpacks the packages into $work/packages, without the kernel's drivers for things that no
# emulated PC has: they are most of its size.
unpack_packages() {
  local deb excluded=() folder
  for folder in gpu hwmon iio infiniband isdn media staging wireless; do
    excluded+=(--exclude="*/kernel/drivers/$folder" --exclude="*/kernel/drivers/net/$folder")
  done
  mkdir -p "$work/packages"
  for deb in "$cache"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/packages" --no-same-owner \
      --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='*/kernel/sound/soc' \
      "${excluded[@]}"
  done
}
