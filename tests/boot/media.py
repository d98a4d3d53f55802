#!/usr/bin/env python3
"""Linux sees diskettes and discs that change while it runs: mount, read, checksum, change, mount again.

usage: tests/boot/media.py ILSE [--guests FOLDER] [--log FILE]

Boots the amd64 guest; the images are made here, with mke2fs and xorriso. The diskettes are written to as well,
and compared on the host. Status 77: the guest or a tool is not there.
"""

import argparse
import hashlib
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "setup"))

from guest import BANNER, SERIAL, TOP, Failure, Guest, check  # noqa: E402

SKIP = 77


def sha(data):
    return hashlib.sha256(data).hexdigest()


def noise(seed, size):
    return random.Random(seed).randbytes(size)


def make_disc(path, seed):
    """A CD with one file; returns the file's checksum."""
    folder = path.with_suffix(".d")
    folder.mkdir()
    data = noise(seed, 300_000)
    (folder / "data").write_bytes(data)
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", path.stem.upper(), "-o", path, folder],
                   check=True, capture_output=True)
    return sha(data)


def make_diskette(path, kib, seed):
    """A diskette with an ext2 file system and one file in it; returns the file's checksum."""
    folder = path.with_suffix(".d")
    folder.mkdir()
    data = noise(seed, kib * 1024 // 2)
    (folder / "data").write_bytes(data)
    subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext2", "-O", "^resize_inode", "-d", folder, path, f"{kib}k"],
                   check=True, capture_output=True)
    return sha(data)


class Media:
    def __init__(self, guest):
        self.guest = guest

    def sum_on(self, device, mount):
        """Mounts, checksums, unmounts; the checksum."""
        lines = self.guest.run(f"mount {mount} /dev/{device} /mnt && sha256sum /mnt/data; umount /mnt", 300)
        words = [line.split()[0] for line in lines if line.endswith("/mnt/data")]
        check(len(words) == 1, f"{device} is not readable:\n" + "\n".join(lines))
        return words[0]


def discs(media, work):
    one, two = work / "one.iso", work / "two.iso"
    sums = [make_disc(one, 1), make_disc(two, 2)]
    check(media.guest.monitor(f"change ide1-cd0 {one}") == [], "the first disc does not go in")
    check(media.sum_on("sr0", "-o ro") == sums[0], "the first disc's checksum is wrong")
    check(media.guest.monitor(f"change ide1-cd0 {two}") == [], "the second disc does not go in")
    check(media.sum_on("sr0", "-o ro") == sums[1], "the second disc's checksum is wrong")
    # A mounted disc is locked.
    media.guest.run("mount -o ro /dev/sr0 /mnt")
    check("is locked" in "".join(media.guest.monitor("eject ide1-cd0")), "a mounted disc can be ejected")
    check(media.guest.run("sha256sum </mnt/data")[0].split()[0] == sums[1], "the button took a locked disc out")
    media.guest.run("umount /mnt")
    check(any("not inserted" not in line and str(two) in line for line in media.guest.monitor("info block")),
          "info block does not name the disc")
    check(media.guest.monitor("eject ide1-cd0") == [], "the disc cannot be ejected")
    check(any("tray open" in line for line in media.guest.monitor("info block")), "the tray is not open")
    answer = " ".join(media.guest.run("dd if=/dev/sr0 of=/dev/null count=1 2>&1"))
    check("No medium" in answer, "there is something in an empty drive: " + answer)
    check(media.guest.monitor(f"change ide1-cd0 {one}") == [], "no disc goes into the open tray")
    check(media.sum_on("sr0", "-o ro") == sums[0], "the checksum is wrong after the tray was open")


def diskettes(media, work):
    images = []
    for kib in (1440, 720, 1440):
        path = work / f"diskette{len(images)}.img"
        images.append((path, make_diskette(path, kib, 10 + len(images))))
    for path, expected in images:
        check(media.guest.monitor(f"change floppy0 {path}") == [], f"{path.name} does not go in")
        check(media.sum_on("fd0", "") == expected, f"{path.name}: the checksum is wrong")
    path, _ = images[-1]
    lines = media.guest.run("mount /dev/fd0 /mnt && dd if=/dev/urandom of=/mnt/new bs=1k count=200 2>/dev/null;"
                            " sync; sha256sum </mnt/new; umount /mnt; sync", 300)
    written = lines[-1].split()[0]
    check(media.guest.monitor("eject floppy0") == [], "the diskette cannot be ejected")
    copy = work / "copy"
    subprocess.run(["/sbin/debugfs", "-R", f"dump /new {copy}", path], check=True, capture_output=True)
    check(sha(copy.read_bytes()) == written, "the host does not find what the guest wrote")
    check(subprocess.run(["/sbin/e2fsck", "-fn", path], capture_output=True).returncode == 0, "fsck finds errors")
    # Write-protected.
    check(media.guest.monitor(f"change floppy0 -r {path}") != [], "options come before the drive")
    before = path.read_bytes()
    check(media.guest.monitor(f"change -r floppy0 {path}") == [], "it does not go in write-protected")
    media.guest.run("dd if=/dev/zero of=/dev/fd0 bs=1k count=4; sync", 300)
    check(path.read_bytes() == before, "a write-protected diskette was written to")


def talk(guest, work):
    media = Media(guest)
    discs(media, work)
    diskettes(media, work)
    oops = guest.run("dmesg | grep -E 'WARNING: CPU|BUG:|Oops|Call Trace'")
    check(not oops, "the kernel complains:\n" + "\n".join(oops))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ilse")
    parser.add_argument("--guests", type=pathlib.Path, default=TOP / "guests")
    parser.add_argument("--log", type=pathlib.Path)
    arguments = parser.parse_args()
    files = [arguments.guests.resolve() / f"debian-amd64.{kind}" for kind in ("vmlinuz", "initrd")]
    if not all(f.exists() for f in files) or shutil.which("xorriso") is None:
        print("the guest or xorriso is not there: skipped")
        sys.exit(SKIP)
    guest = Guest([str(pathlib.Path(arguments.ilse).resolve()), "run", "-m", "256", "--clock", "instructions",
                   "-kernel", str(files[0]), "-initrd", str(files[1]), "-append", "console=ttyS0,115200",
                   "-drive", "media=cdrom", *SERIAL])
    try:
        with tempfile.TemporaryDirectory() as folder:
            guest.wait(BANNER, 600)
            talk(guest, pathlib.Path(folder))
            guest.type("poweroff")
            check(guest.wait_end(60) == 0, "poweroff does not end with status 0")
    except Failure as failure:
        print(f"media: FAILED: {failure}")
        sys.exit(1)
    finally:
        guest.kill()
        if arguments.log:
            arguments.log.write_bytes(guest.log)
    print("media: discs and diskettes change, all checks passed")


if __name__ == "__main__":
    main()
