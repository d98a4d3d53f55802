#!/usr/bin/env python3
"""A guest that writes random values to every port of display, sound and diskettes and to all video memory: Ilse neither
crashes nor hangs, with its window (of no display) and sound (of no card) at work. Meant for a sanitizer build.

usage: tests/boot/hostile.py ILSE [SECONDS] [SEED]
"""

import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().with_name("hostile.S")
TIME_IS_UP = 10  # Ilse's status
SKIP = 77


def main():
    ilse, seconds, seed = sys.argv[1], *(sys.argv[2:] + ["20", "1"][len(sys.argv) - 2:])
    if not pathlib.Path("/usr/share/seabios/bios-256k.bin").exists():
        print("no firmware: skipped")
        sys.exit(SKIP)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        subprocess.run(["as", "--32", "--defsym", f"SEED={seed}", "-o", path / "o", SOURCE], check=True)
        subprocess.run(["ld", "-m", "elf_i386", "-Ttext=0x7C00", "-e", "_start", "-o", path / "elf", path / "o"], check=True)
        subprocess.run(["objcopy", "-O", "binary", "-j", ".text", path / "elf", path / "image"], check=True)
        os.truncate(path / "image", 1440 * 1024)
        result = subprocess.run([ilse, "run", "-m", "16", "-display", "sdl", "-fda", path / "image", "-boot", "a", "-snapshot",
                                 "-clock", "instructions",
                                 "-debugcon", f"file:{path / 'log'}", "-max-seconds", seconds],
                                env=os.environ | {"SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"},
                                stdin=subprocess.DEVNULL, timeout=float(seconds) + 120)
        writes = (path / "log").stat().st_size * 65536
    if result.returncode != TIME_IS_UP or writes == 0:
        sys.exit(f"hostile: FAILED: status {result.returncode} after {writes:,} accesses")
    print(f"hostile: {writes:,} accesses in {seconds} s")


if __name__ == "__main__":
    main()
