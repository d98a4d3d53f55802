#!/usr/bin/env python3
"""Runs system guests (guest.inc) on Ilse and other emulators and compares what their cases came to.

run.py [--on jit,interp,qemu,bochs] [--ilse PROGRAM] [--all] GUEST...

A GUEST is a flat multiboot image, build/tests/asm/*.bin. Prints a line a guest, and each case that does not pass
everywhere. Exit status 1: one of Ilse's engines failed a case or did not reach the guest's end; 77: an emulator is
not installed. Bochs boots each guest from a CD image by isolinux, and needs roms/packages-bench.txt.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

ILSE = ("jit", "interp")
LIMIT = {"jit": 60, "interp": 60, "qemu": 20, "bochs": 60}  # seconds, for what hangs
CD_FILES = {"isolinux.bin": "/usr/lib/ISOLINUX/isolinux.bin",
            "ldlinux.c32": "/usr/lib/syslinux/modules/bios/ldlinux.c32",
            "libcom32.c32": "/usr/lib/syslinux/modules/bios/libcom32.c32",
            "mboot.c32": "/usr/lib/syslinux/modules/bios/mboot.c32"}
REBOOTING = "triple"  # guests with this name start over again and again
MODEL = {"la57.bin": ["-cpu", "max,+la57"]}  # what Ilse's default has not
TRIPLE_FAULT = 4  # Ilse's exit status
EXIT_PORT = ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]


def reboots(guest):
    return os.path.basename(guest).startswith(REBOOTING)


def no_reboot(guest):
    return [] if reboots(guest) else ["-no-reboot"]


def ilse(program, engine, guest, scratch):
    return [program, "run", "-engine", engine, "-m", "64", "-clock", "instructions", *no_reboot(guest), "-display", "none",
            "-serial", f"file:{scratch}/serial", *MODEL.get(os.path.basename(guest), []), *EXIT_PORT, "-kernel", guest]


def qemu(guest, scratch):
    return ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max,vendor=GenuineIntel", "-m", "64", *no_reboot(guest),
            "-display", "none", "-serial", f"file:{scratch}/serial", *EXIT_PORT, "-kernel", guest]


def cd_image(guest, scratch):
    tree = os.path.join(scratch, "tree")
    os.mkdir(tree)
    for name, source in CD_FILES.items():
        shutil.copy(source, os.path.join(tree, name))
    shutil.copy(guest, os.path.join(tree, "guest.bin"))
    with open(os.path.join(tree, "isolinux.cfg"), "w") as config:
        config.write("default guest\nprompt 0\nlabel guest\n kernel /mboot.c32\n append /guest.bin\n")
    image = os.path.join(scratch, "cd.iso")
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-o", image, "-b", "isolinux.bin", "-c", "boot.cat",
                    "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", tree],
                   check=True, stderr=subprocess.DEVNULL)
    return image


def bochs(guest, scratch):
    commands, config = os.path.join(scratch, "commands"), os.path.join(scratch, "bochsrc")
    with open(commands, "w") as file:
        file.write("c\n" * 20)  # its debugger stops at a reset
    with open(config, "w") as file:
        file.write(f"""\
megs: 64
cpu: model=corei7_skylake_x, count=1, ips=50000000, reset_on_triple_fault={int(reboots(guest))}, ignore_bad_msrs=0
clock: sync=none, time0=local
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
display_library: rfb, options="timeout=0"
sound: driver=dummy
speaker: enabled=0
ata0-master: type=cdrom, path="{cd_image(guest, scratch)}", status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev="{scratch}/serial"
log: /dev/null
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
""")
    return ["bochs", "-q", "-f", config, "-rc", commands]


class Result:
    """What a machine wrote: cases by name, each "pass" or what came instead; whether it reached the end."""

    def __init__(self, output):
        self.cases = {}
        for line in output.splitlines():
            if line.startswith("PASS "):
                self.cases[line[5:]] = "pass"
            elif line.startswith("FAIL "):
                name, _, values = line[5:].partition(": expected ")
                self.cases[name] = values.partition(", got ")[2] or "?"
        end = re.search(r"^(\d+) passed, (\d+) failed$", output, re.M)
        self.ended = end is not None
        self.passed, self.failed = (int(n) for n in end.groups()) if end else (0, 0)

    def add(self, name, good, otherwise):
        self.cases[name] = "pass" if good else otherwise
        self.passed, self.failed = self.passed + good, self.failed + (not good)

    @property
    def good(self):
        return self.ended and self.failed == 0 and self.passed > 0

    def __str__(self):
        if not self.ended:
            return f"stopped after {len(self.cases)}"
        return f"{self.passed} passed" + (f", {self.failed} failed" if self.failed else "")


def run(machine, program, guest):
    with tempfile.TemporaryDirectory() as scratch:
        command = (bochs(guest, scratch) if machine == "bochs" else
                   qemu(guest, scratch) if machine == "qemu" else ilse(program, machine, guest, scratch))
        errors = ""
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, cwd=scratch, timeout=LIMIT[machine])
            errors = done.stderr.decode("ascii", "replace")
        except subprocess.TimeoutExpired:
            errors = "no end in time"
        try:
            with open(os.path.join(scratch, "serial"), "rb") as file:
                result = Result(file.read().decode("ascii", "replace"))
        except FileNotFoundError:
            result = Result("")
        if not result.ended and machine in ILSE:
            print(errors[-2000:])
        if result.ended and machine in ILSE and reboots(guest):
            status = subprocess.run([*command, "-no-reboot"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, cwd=scratch, timeout=LIMIT[machine]).returncode
            result.add("-no-reboot: exit status", status == TRIPLE_FAULT, str(status))
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", default="jit,interp")
    parser.add_argument("--ilse", default=os.path.join(os.path.dirname(__file__), "../../build/ilse"))
    parser.add_argument("--all", action="store_true", help="list the cases that pass everywhere too")
    parser.add_argument("guests", nargs="+")
    options = parser.parse_args()
    machines, program = options.on.split(","), os.path.abspath(options.ilse)
    needed = {"qemu": "qemu-system-x86_64", "bochs": "bochs"}
    for machine in machines:
        if machine in needed and shutil.which(needed[machine]) is None:
            print(f"{needed[machine]} is not installed")
            return 77
    good = True
    for guest in options.guests:
        guest = os.path.abspath(guest)
        results = {m: run(m, program, guest) for m in machines}
        name = os.path.basename(guest).removesuffix(".bin")
        print(f"{name}: " + "; ".join(f"{m} {r}" for m, r in results.items()), flush=True)
        good = good and all(r.good for m, r in results.items() if m in ILSE)
        for case in dict.fromkeys(c for r in results.values() for c in r.cases):
            seen = [r.cases.get(case, "-") for r in results.values()]
            if options.all or any(s not in ("pass", "-") for s in seen):
                print(f"  {case:60} " + " ".join(f"{s:17}" for s in seen), flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
