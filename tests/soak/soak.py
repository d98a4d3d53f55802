#!/usr/bin/env python3
"""A busy Debian for long: does Ilse's own memory grow?

usage: tests/soak/soak.py ILSE CHURN [--seconds S] [--guest amd64|i386] [--engine E] [--jit-cache MIB] [--smp N]
       [--guests FOLDER] [--csv FILE]

Boots the guest and has it run CHURN (churn.c) and load and unload kernel modules, over and over. After each turn it
notes what is resident of Ilse beside the guest's RAM, and the counters of `info jit`. It must stay below limit(). Of a
minute and more the first third warms up; from then on the memory must stay within GROWTH_MIB of what it was. CHURN is of
the guest's width. Status 77: the guest is not there.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "setup"))

from guest import BANNER, TOP, Failure, Guest, check  # noqa: E402

SKIP = 77
TURN = """/tmp/churn 2
for m in %s; do
  modprobe $m && modprobe -r $m || echo "module $m does not come and go"
done 2>&1
dmesg -c | grep -E 'WARNING: CPU|BUG:|Oops|Call Trace|segfault'
echo turn done
"""
RAM_MIB = 256
GROWTH_MIB = 6  # the table of jumps may grow late, by 3 MiB, and no more then
# What nothing in the guest needs while nobody mounts anything.
MODULES = ["e1000", "8139too", "ne2k-pci", "snd-intel8x0", "vfat", "nls_cp437", "nls_ascii", "isofs", "floppy", "pcspkr",
           "cpuid", "msr", "i2c-piix4", "button"]


def limit(jit_cache):
    """MiB that there ever are beside RAM and translated code: decoded blocks by the code cache's size, and the rest."""
    return 64 + 2.5 * jit_cache


def resident(pid):
    """MiB that are in memory: of the guest's RAM, of translated code (both its mappings count), of all else."""
    ram = code = other = size = 0
    name = ""
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        span = re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ *(.*)", line)
        if span:
            size, name = int(span[2], 16) - int(span[1], 16), span[3]
        elif line.startswith("Rss:"):
            kib = int(line.split()[1])
            if "ilse-code" in name:
                code += kib
            elif size >= RAM_MIB << 20:
                ram += kib
            else:
                other += kib
    return ram / 1024, code / 1024, other / 1024


def numbers(text):
    """The counters of `info jit` that say how much there was to do."""
    found = {}
    for key, pattern in (("built", r"(\d+) built"), ("thrown away", r"(\d+) thrown away"), ("emptied", r"(\d+) times all"),
                         ("translated", r"translated: (\d+) blocks"), ("held", r"holds (\d+) of")):
        match = re.search(pattern, text)
        found[key] = int(match[1]) if match else 0
    return found


class Soak:
    def __init__(self, arguments):
        self.arguments = arguments
        self.rows = []

    def turn(self, guest, started, number):
        answer = guest.run("sh /tmp/turn", 600)
        check(answer == ["churn ok", "turn done"], f"turn {number}:\n" + "\n".join(answer))
        ram, code, other = resident(guest.process.pid)
        jit = numbers("\n".join(guest.monitor("info jit")))
        self.rows.append((time.monotonic() - started, ram, code, other, jit))
        if self.arguments.csv:
            with self.arguments.csv.open("a") as file:
                file.write(",".join(f"{value:.1f}" for value in (*self.rows[-1][:4], *jit.values())) + "\n")

    def judge(self):
        seconds = self.rows[-1][0]
        warm = [row for row in self.rows if row[0] <= seconds / 3] or self.rows[:1]
        rest = self.rows[len(warm):]
        check(len(rest) > 2, "too few turns; take longer")
        before, after = max(row[3] for row in warm), max(row[3] for row in rest)
        jit = self.rows[-1][4]
        print(f"{len(self.rows)} turns in {seconds:.0f} s; MiB beside RAM and translated code: {before:.1f} at most while it "
              f"warmed up, {after:.1f} at most since; translated code {warm[-1][2]:.1f}, then {self.rows[-1][2]:.1f}; the "
              f"guest's RAM {self.rows[-1][1]:.0f}")
        print("info jit:", ", ".join(f"{key} {value}" for key, value in jit.items()))
        check(max(before, after) <= limit(self.arguments.jit_cache), "that is too much")
        check(seconds < 60 or after <= before + GROWTH_MIB, f"it grew by {after - before:.1f} MiB")
        check(max(row[2] for row in self.rows) <= 2 * self.arguments.jit_cache + 1, "more translated code than it may have")

    def run(self):
        a = self.arguments
        folder = a.guests.resolve()
        with tempfile.TemporaryDirectory() as work:
            disk = pathlib.Path(work) / "churn"
            turn = disk.with_name("turn")
            for path, data in ((disk, a.churn.read_bytes()), (turn, (TURN % " ".join(MODULES)).encode())):
                path.write_bytes(data + bytes(-len(data) % 512))
            guest = Guest([a.ilse, "run", "-m", str(RAM_MIB), "-smp", str(a.smp), "--engine", a.engine, "--jit-cache",
                           str(a.jit_cache), "-kernel", str(folder / f"debian-{a.guest}.vmlinuz"), "-initrd",
                           str(folder / f"debian-{a.guest}.initrd"), "-append", "console=ttyS0,115200", "-hda", str(disk),
                           "-hdb", str(turn), "-snapshot", "-display", "none", "-serial", "mon:stdio"])
            try:
                guest.wait(BANNER, 600)
                # Which drive is sda is a race on several processors.
                guest.run("cd /tmp; for d in sda sdb; do if head -c 4 /dev/$d | grep -q ELF; then cat /dev/$d >churn; "
                          "else tr -d '\\0' </dev/$d >turn; fi; done")
                answer = guest.run("chmod 755 churn; dmesg -n 1; dmesg -c >/dev/null; echo here")
                check(answer[-1:] == ["here"], "no program: " + repr(answer))
                started, number = time.monotonic(), 0
                while time.monotonic() - started < a.seconds:
                    self.turn(guest, started, number)
                    number += 1
                guest.type("poweroff")
                check(guest.wait_end(60) == 0, "poweroff's status")
            finally:
                guest.kill()
        self.judge()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ilse")
    parser.add_argument("churn", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=75)
    parser.add_argument("--guest", choices=["amd64", "i386"], default="amd64")
    parser.add_argument("--engine", choices=["jit", "interp"], default="jit")
    parser.add_argument("--jit-cache", type=int, default=64)
    parser.add_argument("--smp", type=int, default=1)
    parser.add_argument("--guests", type=pathlib.Path, default=TOP / "guests")
    parser.add_argument("--csv", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.ilse = str(pathlib.Path(arguments.ilse).resolve())
    if not (arguments.guests / f"debian-{arguments.guest}.vmlinuz").exists():
        print(f"debian-{arguments.guest} is not there: skipped")
        sys.exit(SKIP)
    try:
        Soak(arguments).run()
    except Failure as failure:
        print(f"soak: FAILED: {failure}")
        sys.exit(1)
    except subprocess.SubprocessError as failure:
        print(f"soak: FAILED: {failure}")
        sys.exit(1)


if __name__ == "__main__":
    main()
