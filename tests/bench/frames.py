#!/usr/bin/python3
"""Full screens a second that a guest loop draws in Ilse's and in QEMU's window, side by side: frames.py ILSE [ROUNDS].
Needs a display (xvfb-run will do). Prints the medians of 3 rounds for each size and way of drawing."""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SIZES = {"640x480": 0x142, "1024x768": 0x144}
BOOT, SECONDS = 8, 10


def rate(command, log):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(BOOT)
        first, begin = os.path.getsize(log), time.monotonic()
        time.sleep(SECONDS)
        return (os.path.getsize(log) - first) / (time.monotonic() - begin)
    finally:
        process.kill()
        process.wait()


def main():
    ilse = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as folder:
        for size, mode in SIZES.items():
            for way in ("rep", "loop"):
                image, log = f"{folder}/disk.img", f"{folder}/log"
                flags = ["-DLOOP"] if way == "loop" else []
                subprocess.run(["cc", "-m32", "-c", "-x", "assembler-with-cpp", f"-DMODE={mode}", *flags, "-o",
                                f"{folder}/f.o", HERE / "frames.S"], check=True)
                subprocess.run(["ld", "-m", "elf_i386", "-Ttext=0x7C00", "-e", "start", "-o", f"{folder}/f.elf",
                                f"{folder}/f.o"], check=True)
                subprocess.run(["objcopy", "-O", "binary", "-j", ".text", f"{folder}/f.elf", image], check=True)
                os.truncate(image, 1 << 20)
                common = ["-m", "16", "-display", "sdl", "-debugcon", f"file:{log}", "-drive",
                          f"file={image},format=raw,index=0,media=disk"]
                rates = [(rate([ilse, "run", *common], log),
                          rate(["qemu-system-x86_64", "-vga", "std", "-accel", "tcg", *common], log)) for _ in range(rounds)]
                mine, other = map(statistics.median, zip(*rates))
                print(f"{size} {way}: Ilse {mine:.1f}, QEMU {other:.1f} screens a second", flush=True)


if __name__ == "__main__":
    main()
