#!/usr/bin/env python3
"""Linux's snd_intel8x0 plays through AC'97: the WAV file has a second of each tone, without a gap or a click.

usage: tests/sound/linux.py ILSE PLAY [--guests FOLDER] [--keep FOLDER]

PLAY is play.c, statically linked; it goes into an initial RAM disk of its own behind the guest's. Status 77: the
guest or a tool is not there.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "setup"))

from guest import TOP  # noqa: E402
from tune import RATE, Failure, check, check_smooth, check_tone, read  # noqa: E402

SKIP = 77
RATES = (48000, 44100, 8000)


def tones(samples):
    """The stretches that are heard, as (first, last): silence is a twentieth of a second below a level."""
    level, quiet = 500, RATE // 20
    found, first, last = [], None, None
    for i, s in enumerate(samples):
        if abs(s) < level:
            continue
        if first is None or i - last > quiet:
            if first is not None:
                found.append((first, last))
            first = i
        last = i
    if first is not None:
        found.append((first, last))
    return found


def run(arguments, kernel, initrd, folder):
    root = folder / "root"
    (root / "bin").mkdir(parents=True)
    shutil.copy(arguments.play, root / "bin" / "play")
    both = folder / "initrd"
    more = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=b"bin/play\n", cwd=root, check=True,
                          capture_output=True).stdout
    first = initrd.read_bytes()
    # The kernel looks for an archive that is not compressed at multiples of four only.
    both.write_bytes(first + bytes(-len(first) % 4) + more)
    commands = "; ".join(["modprobe -a snd-mixer-oss snd-pcm-oss", *(f"play {rate}; usleep 300000" for rate in RATES),
                          "dmesg | grep -E '[i]ntel8x0|[W]ARNING: CPU|[B]UG:'", "poweroff"])
    log, wav = folder / "log", folder / "sound.wav"
    subprocess.run([arguments.ilse, "run", "--clock", "instructions", "-m", "256", "-display", "none", "-kernel",
                    kernel, "-initrd", both, "-append", f"console=ttyS0,115200 quiet -- {commands}", "-serial",
                    f"file:{log}", "-wav", wav], stdin=subprocess.DEVNULL, timeout=900, check=True)
    return log.read_text(errors="replace"), wav


def listen(log, wav):
    for rate in RATES:
        check(f"played at {rate}" in log, f"Linux does not play at {rate} Hz:\n" + log[-2000:])
    check("clocking to 48000" in log, "Linux does not find the codec's clock at 48000 Hz")
    check("WARNING: CPU" not in log and "BUG:" not in log, "the kernel complains:\n" + log[-2000:])
    for side, samples, period in zip(("left", "right"), read(wav), (100, 50)):
        heard = tones(samples)
        check(len(heard) == len(RATES), f"{side}: {len(heard)} tones: {heard}")
        for rate, (first, last) in zip(RATES, heard):
            what = f"{rate} Hz, {side}"
            # The driver fills its last period.
            check(abs(last - first - RATE) < RATE // 10, f"{what}: {last - first} frames")
            inside = samples[first + RATE // 100:first + RATE * 9 // 10]
            check_tone(what, inside, rate / period)
            check_smooth(what, inside, rate / period)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ilse")
    parser.add_argument("play")
    parser.add_argument("--guests", type=pathlib.Path, default=TOP / "guests")
    parser.add_argument("--keep", type=pathlib.Path, help="where the files go")
    arguments = parser.parse_args()
    files = [arguments.guests.resolve() / f"debian-amd64.{kind}" for kind in ("vmlinuz", "initrd")]
    if not all(f.exists() for f in files) or shutil.which("cpio") is None:
        print("the guest or cpio is not there: skipped")
        sys.exit(SKIP)
    with tempfile.TemporaryDirectory() as temporary:
        try:
            listen(*run(arguments, *files, arguments.keep or pathlib.Path(temporary)))
        except Failure as failure:
            print(f"sound under Linux: FAILED: {failure}")
            sys.exit(1)
    print("sound under Linux: every tone is heard")


if __name__ == "__main__":
    main()
