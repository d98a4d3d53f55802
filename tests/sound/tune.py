#!/usr/bin/env python3
"""A guest plays a tune on each sound device; the WAV file has its notes, at their times, without gaps; and a second
run gives the same file.

usage: tests/sound/tune.py ILSE GUEST [--keep FOLDER]

GUEST is guest.c, compiled. For each note: the frequency of both channels within half a percent and alone, no silence
and no jump within it, silence behind it. For the file: the length of the run.
"""

import argparse
import array
import cmath
import math
import pathlib
import subprocess
import sys
import tempfile
import wave

RATE = 48000
EXIT = 1  # isa-debug-exit's status for 0


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


def run(ilse, guest, folder):
    log, wav = folder / "log", folder / "sound.wav"
    result = subprocess.run([ilse, "run", "--clock", "instructions", "-m", "32", "-display", "none", "-kernel", guest,
                             "-debugcon", f"file:{log}", "-wav", wav, "-device",
                             "isa-debug-exit,iobase=0xf4,iosize=4"], stdin=subprocess.DEVNULL, timeout=600)
    check(result.returncode == EXIT, f"the guest ended with status {result.returncode}")
    return log.read_text().splitlines(), wav


def read(path):
    with wave.open(str(path)) as f:
        check((f.getframerate(), f.getsampwidth(), f.getnchannels()) == (RATE, 2, 2), "not 48 kHz, 16 bits, stereo")
        samples = array.array("h", f.readframes(f.getnframes()))
    return samples[0::2], samples[1::2]


def power(samples, hertz):
    """The share of the samples' power at a frequency, by Goertzel's sum under a Hann window; 1 is a pure sine."""
    n = len(samples)
    total = complex(0)
    energy = 0.0
    for i, s in enumerate(samples):
        weighted = s * (0.5 - 0.5 * math.cos(2 * math.pi * i / n))
        total += weighted * cmath.exp(-2j * math.pi * hertz / RATE * i)
        energy += weighted * weighted
    return 3 * abs(total) ** 2 / (n * energy) if energy > 0 else 0.0


def check_tone(what, samples, hertz):
    at = power(samples, hertz)
    check(at > 0.75, f"{what}: {at:.2f} of its power is at {hertz:.1f} Hz")
    for off in (0.99, 1.01):
        # A window of so many periods tells one percent apart.
        if len(samples) / RATE * hertz * 0.01 < 1.5:
            off = 1 + (1 if off > 1 else -1) * 1.5 * RATE / len(samples) / hertz
        check(power(samples, hertz * off) < at / 2, f"{what}: there is as much at {hertz * off:.1f} Hz")
    # No stretch of a period and a half without sound.
    stretch = int(1.5 * RATE / hertz)
    peak = max(map(abs, samples))
    for i in range(0, len(samples) - stretch, stretch):
        check(max(map(abs, samples[i:i + stretch])) > peak / 3, f"{what}: a gap {i / RATE * 1000:.1f} ms in")


def check_smooth(what, samples, hertz):
    """A triangle's steps are all alike: a click is a larger one."""
    peak = max(map(abs, samples))
    step = 4 * peak * hertz / RATE
    worst = max(abs(b - a) for a, b in zip(samples, samples[1:]))
    check(worst < 1.5 * step + 100, f"{what}: a jump of {worst}, and its steps are {step:.0f}")


def check_note(line, left, right):
    device, *numbers = line.split()[1:]
    left_hz, right_hz, start, end = (int(n) for n in numbers)
    first, last = start * RATE // 10**9, end * RATE // 10**9
    inside = slice(first + RATE // 200, last - RATE // 200)
    for side, samples, hertz in (("left", left, left_hz), ("right", right, right_hz)):
        what = f"{device} {hertz / 1000:.1f} Hz, {side}"
        check_tone(what, samples[inside], hertz / 1000)
        # Single blocks may be a moment apart: the program has to start each.
        if device.startswith(("sb16-8", "sb16-16", "ac97")):
            check_smooth(what, samples[inside], hertz / 1000)
        # OPL3's notes fade, the loudspeaker's cone comes to rest.
        behind = samples[last + RATE // 40:last + RATE // 25]
        check(max(map(abs, behind)) < 300, f"{what}: it does not end")
    return device


def listen(lines, wav):
    left, right = read(wav)
    missing = [line for line in lines if line.startswith("missing")]
    check(not missing, ", ".join(missing))
    end = int(lines[-1].split()[1])
    check(abs(len(left) - end * RATE / 10**9) < RATE / 1000, f"{len(left)} frames for {end} ns")
    devices = [check_note(line, left, right) for line in lines if line.startswith("note")]
    check(len(devices) == 17, f"{len(devices)} notes")
    for line in lines:
        if line.startswith("interrupts"):
            got, expected = (int(w) for w in line.split()[1::2])
            check(got == expected, line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ilse")
    parser.add_argument("guest")
    parser.add_argument("--keep", type=pathlib.Path, help="where the files go")
    arguments = parser.parse_args()
    if not pathlib.Path("/usr/share/seabios/bios-256k.bin").exists():
        print("no firmware: skipped")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or pathlib.Path(temporary)
        again = folder / "again"
        again.mkdir(parents=True, exist_ok=True)
        try:
            lines, wav = run(arguments.ilse, arguments.guest, folder)
            listen(lines, wav)
            repeated, second = run(arguments.ilse, arguments.guest, again)
            check(lines == repeated and wav.read_bytes() == second.read_bytes(), "a second run sounds different")
        except Failure as failure:
            print(f"sound: FAILED: {failure}")
            sys.exit(1)
    print("sound: all notes are heard, twice the same")


if __name__ == "__main__":
    main()
