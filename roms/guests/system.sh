# shellcheck shell=bash disable=SC2154  # variables come from build
# The guest's system: a folder tree with busybox, lspci, the modules that an emulated PC can
# want, and our own files from root/. It is the initramfs, and the root of the disk image too.

# Loaded by the kernel's aliases (see root/init); what these depend on comes along.
guest_modules=(
  ata_generic ata_piix ahci sd_mod sr_mod floppy # disks
  ext4 isofs vfat nls_cp437 nls_ascii crc32c_generic # file systems
  psmouse evdev button pcspkr # input, power button, speaker
  e1000 8139too ne2k-pci # network
  i2c-piix4 cpuid msr # chipset, processor
  snd-intel8x0 snd-pcm-oss snd-mixer-oss # sound
)

# Copies a program from the packages and the libraries that it needs, to the same places.
install_program() {
  local file=$1 library
  [ ! -e "$tree/$file" ] || return 0
  [ -e "$work/packages/$file" ] || die "no $file in the packages"
  install -D -m 755 "$work/packages/$file" "$tree/$file"
  readelf -d -l "$work/packages/$file" |
    sed -n -e 's/.*(NEEDED).*\[\(.*\)\]/\1/p' -e 's/.*program interpreter: \/\(.*\)\]/\1/p' |
    while read -r library; do
      case $library in
        */*) install_program "$library" ;;
        *) install_program "$(cd "$work/packages" && find lib usr/lib -name "$library" | head -n 1)" ;;
      esac
    done
}

install_modules() {
  local module file
  depmod -b "$work/packages" "$release"
  for module in "${guest_modules[@]}"; do
    modprobe -d "$work/packages" -S "$release" --show-depends "$module" || die "no module $module"
  done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r file; do
    install -D -m 644 "$file" "$tree/lib/modules/${file#*/lib/modules/}"
  done
  install -m 644 "$work/packages/lib/modules/$release"/modules.{order,builtin,builtin.modinfo} \
    "$tree/lib/modules/$release"
  depmod -b "$tree" "$release"
}

# Makes $tree; sets $release to the kernel's.
make_system() {
  tree=$work/tree
  release=$(cd "$work/packages/lib/modules" && ls)
  mkdir -p "$tree"/{bin,dev,etc,mnt,proc,root,run,sbin,sys,tmp,usr/bin,usr/sbin}
  chmod 1777 "$tree/tmp"
  install_program bin/busybox
  ln -s busybox "$tree/bin/sh"
  ln -s ../bin/busybox "$tree/sbin/init"
  install_program usr/bin/lspci
  install_program usr/bin/setpci
  install -D -m 644 "$work/packages/usr/share/misc/pci.ids" "$tree/usr/share/misc/pci.ids"
  install_modules
  cp -R roms/guests/root/. "$tree"
  printf 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (%s, busybox)"\n' "$variant" \
    >"$tree/etc/os-release"
  find "$tree" -exec touch -h -d @0 {} +
}

# Zstandard is the quickest to unpack of those that Debian's kernel knows.
make_initramfs() {
  cp "$work/packages/boot/vmlinuz-$release" "$work/out.vmlinuz"
  (cd "$tree" && find . -print0 | LC_ALL=C sort -z |
    cpio --null --create --quiet --format=newc --owner=0:0 --reproducible) |
    zstd -q -19 >"$work/out.initrd"
}
