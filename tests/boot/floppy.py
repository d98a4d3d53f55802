#!/usr/bin/env python3
"""SeaBIOS boots diskettes of every usual size; INT 13h reads and writes them.

usage: tests/boot/floppy.py ILSE SECTOR

SECTOR is floppy_sector.S as bytes.
"""

import pathlib
import random
import struct
import subprocess
import sys
import tempfile

FORMATS = {360: (40, 9), 720: (80, 9), 1200: (80, 15), 1440: (80, 18), 2880: (80, 36)}
EXIT = 1  # isa-debug-exit's status for 0


def boot(ilse, sector, kib, folder, extra=()):
    """What the guest says, and the image after that."""
    cylinders, sectors = FORMATS[kib]
    image = bytearray(random.Random(kib).randbytes(kib * 1024))
    image[:512] = sector[:506] + struct.pack("<HHH", sectors, cylinders, 0xAA55)
    path, log = folder / f"{kib}.img", folder / f"{kib}.log"
    path.write_bytes(image)
    result = subprocess.run([ilse, "run", "--clock", "instructions", "-m", "16", "-display", "none", "-fda", path,
                             "-boot", "a", "-debugcon", f"file:{log}", "-device",
                             "isa-debug-exit,iobase=0xf4,iosize=4", "--max-seconds", "120", *extra],
                            stdin=subprocess.DEVNULL, timeout=300)
    said = log.read_text(errors="replace")
    track = image[2 * sectors * 512:3 * sectors * 512]
    expected = f"sum {sum(track) & 0xFFFF:04X} {sum(image[-512:]) & 0xFFFF:04X}\n"
    if result.returncode != EXIT or said != expected:
        sys.exit(f"{kib} KiB: FAILED: status {result.returncode}, {said!r} instead of {expected!r}")
    after = path.read_bytes()
    image_after = image[:512] + (image[512:1024] if extra else image[-512:]) + image[1024:]
    if after != image_after:
        sys.exit(f"{kib} KiB: FAILED: the image is not as it was written")


def main():
    ilse, sector = sys.argv[1], pathlib.Path(sys.argv[2]).read_bytes()
    if not pathlib.Path("/usr/share/seabios/bios-256k.bin").exists():
        print("no firmware: skipped")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        for kib in FORMATS:
            boot(ilse, sector, kib, pathlib.Path(folder))
        boot(ilse, sector, 1440, pathlib.Path(folder), ["-snapshot"])
    print("diskettes of " + ", ".join(str(kib) for kib in FORMATS) + " KiB boot")


if __name__ == "__main__":
    main()
