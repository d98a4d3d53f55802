#!/usr/bin/python3
"""Golden images: golden.py ILSE [NAME...] draws each test picture in Ilse and compares it bit by bit with
tests/golden/NAME.png. With --update the images are written instead. golden.py --qemu ILSE [NAME...] compares
with QEMU's picture of the same guest and prints what differs (see differences.md); with --keep FOLDER both
pictures are left there."""

import argparse
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from pictures import PICTURES, coarse, differing, make_image, read_png, read_ppm

HERE = pathlib.Path(__file__).resolve().parent
DRAWN = 0x21  # isa-debug-exit with 10h


def draw(ilse, image, png):
    # The screenshot at the end is of the frame at which the guest says that it is done.
    done = subprocess.run([ilse, "run", "-m", "16", "-display", "none", "-clock", "instructions", "-snapshot",
                           "-hda", image, "-serial", "null", "-max-instructions", "3000M", "-device",
                           "isa-debug-exit,iobase=0xf4,iosize=4", "-screenshot", png], timeout=300, check=False)
    if done.returncode != DRAWN:
        raise RuntimeError(f"the guest ended with {done.returncode}")


def draw_in_qemu(image, ppm, folder):
    path = f"{folder}/monitor"
    qemu = subprocess.Popen(["qemu-system-x86_64", "-m", "16", "-display", "none", "-vga", "std", "-snapshot", "-drive",
                             f"file={image},format=raw", "-monitor", f"unix:{path},server=on,wait=off"])
    try:
        time.sleep(6)
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(path)
            time.sleep(0.3)
            monitor.sendall(f"screendump {ppm}\n".encode())
            time.sleep(1.5)
            monitor.sendall(b"quit\n")
            time.sleep(0.3)
        qemu.wait(10)
    finally:
        qemu.kill()
        qemu.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ilse")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--qemu", action="store_true")
    parser.add_argument("--keep")
    options = parser.parse_args()
    failed = 0
    for name in options.names or PICTURES:
        golden = HERE / f"{name}.png"
        with tempfile.TemporaryDirectory() as folder:
            image, png, ppm = f"{folder}/disk.img", f"{folder}/{name}.png", f"{folder}/{name}.ppm"
            make_image(name, image)
            draw(options.ilse, image, png)
            if options.update:
                shutil.copy(png, golden)
                continue
            if options.qemu:
                draw_in_qemu(image, ppm, folder)
            mine, other = read_png(png), read_ppm(ppm) if options.qemu else read_png(golden)
            if options.keep:
                for path in (png, ppm) if options.qemu else (png,):
                    shutil.copy(path, options.keep)
            if options.qemu:
                mine, other = coarse(mine, name), coarse(other, name)
            count, first = differing(mine, other)
            if count == 0:
                print(f"{name}: the same")
            elif count < 0:
                print(f"{name}: {mine[0]}x{mine[1]}, not {other[0]}x{other[1]}")
            else:
                print(f"{name}: {count} pixels differ, the first at {first[0]},{first[1]}")
            failed += count != 0
    return 1 if failed and not options.qemu else 0


if __name__ == "__main__":
    sys.exit(main())
