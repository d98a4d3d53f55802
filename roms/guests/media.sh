# shellcheck shell=bash disable=SC2154  # variables come from build
# The two images that GRUB boots from, made without loop devices or mounts, so that it works in
# a container and for a user who is not root.

disk_label=ilse-root
disk_mib=1024

# grub_core FORMAT PREFIX FILE MODULE...: GRUB with all modules that its menu uses.
grub_core() {
  local format=$1 prefix=$2 file=$3
  shift 3
  grub-mkimage -O "$format" -p "$prefix" -o "$file" biosdisk "$@" normal configfile linux serial \
    terminal echo ls cat sleep reboot halt test
}

# grub_menu FOLDER OPTIONS: the menu for a kernel and an initrd in FOLDER. The first entry, taken
# after five seconds, has a shell on the screen and one on the serial line.
grub_menu() {
  local folder=$1 options=$2
  cat <<END
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=5
set default=0

menuentry "Debian $variant, Linux $release" {
  linux $folder/vmlinuz $options console=ttyS0,115200 console=tty0
  initrd $folder/initrd
}
menuentry "The same, screen only" {
  linux $folder/vmlinuz $options console=tty0
  initrd $folder/initrd
}
menuentry "The same, serial line only" {
  linux $folder/vmlinuz $options console=ttyS0,115200
  initrd $folder/initrd
}
menuentry "Restart" {
  reboot
}
menuentry "Power off" {
  halt
}
END
}

make_cd_image() {
  local cd=$work/cd
  mkdir -p "$cd/boot/grub"
  cp "$work/out.vmlinuz" "$cd/boot/vmlinuz"
  cp "$work/out.initrd" "$cd/boot/initrd"
  grub_core i386-pc-eltorito '(cd)/boot/grub' "$cd/boot/grub/eltorito.img" iso9660
  grub_menu /boot '' >"$cd/boot/grub/grub.cfg"
  find "$cd" -exec touch -d @0 {} +
  quietly "$work/xorriso.log" env SOURCE_DATE_EPOCH=0 xorriso -as mkisofs -quiet -R -J -V ILSE_DEBIAN \
    -b boot/grub/eltorito.img -c boot/grub/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table \
    -o "$work/out.iso" "$cd"
}

# GRUB's place on a disk with an MBR: boot.img in sector 0 up to the disk signature and the
# partition table, and the core in the gap before the first partition. As built, boot.img loads
# sector 1 of the disk that it was booted from, and the core's first sector the rest behind it.
install_grub() {
  local image=$1 core=$work/core.img
  grub_core i386-pc '(,msdos1)/boot/grub' "$core" part_msdos ext2
  [ "$(stat -c %s "$core")" -le $((2047 * 512)) ] || die "GRUB does not fit before the partition"
  dd if=/usr/lib/grub/i386-pc/boot.img of="$image" bs=440 count=1 conv=notrunc status=none
  dd if="$core" of="$image" bs=512 seek=1 conv=notrunc status=none
}

make_disk_image() {
  local image=$work/out.img root=$work/disk inodes inode
  cp -R --preserve=mode,timestamps,links "$tree" "$root"
  rm "$root/init"
  mkdir -p "$root/boot/grub"
  cp "$work/out.vmlinuz" "$root/boot/vmlinuz"
  cp "$work/out.initrd" "$root/boot/initrd"
  grub_menu /boot "root=LABEL=$disk_label" >"$root/boot/grub/grub.cfg"
  find "$root" -exec touch -h -d @0 {} +

  truncate -s "${disk_mib}M" "$image"
  sfdisk -q "$image" <<END
label: dos
label-id: 0x494c5345
start=2048, type=83, bootable
END
  # The files belong to whoever runs this; fakeroot has them belong to root.
  # What is set about UUIDs and times keeps the image the same from build to build.
  # shellcheck disable=SC2016  # the variables are the inner shell's
  E2FSPROGS_FAKE_TIME=1 quietly "$work/mke2fs.log" fakeroot sh -c '
    chown -R 0:0 "$1"
    mke2fs -q -F -t ext4 -L "$2" -U 494c5345-0000-4000-8000-000000000001 \
      -E offset=1048576,hash_seed=494c5345-0000-4000-8000-000000000002,root_owner=0:0 \
      -d "$1" "$3" "$4"k' \
    sh "$root" "$disk_label" "$image" $((disk_mib * 1024 - 1024))
  inodes=$(find "$root" | wc -l)
  for ((inode = 2; inode < inodes + 11; inode++)); do
    [ "$inode" -gt 2 ] && [ "$inode" -lt 11 ] || printf 'sif <%d> %s 0\n' "$inode" atime "$inode" ctime
  done | E2FSPROGS_FAKE_TIME=1 debugfs -w -f - "$image?offset=1048576" >/dev/null 2>&1
  install_grub "$image"
}
