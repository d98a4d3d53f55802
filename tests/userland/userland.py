#!/usr/bin/env python3
"""Programs in a real Debian under an emulator: python3, perl, openssl, gcc, sqlite3, packers, a parallel build. Their
results are compared with those of the host's processor (the file expected).

usage: tests/userland/userland.py EMULATOR [CHECK...] [--guest userland|userland-i386] [--cpu MODEL] [--engine E] [--smp N]
       [--history] [--log FILE]

EMULATOR is Ilse, or tests/setup/qemu_as_ilse. The checks are those of check.sh. With --smp N there is a parallel build,
and /proc/cpuinfo and /proc/interrupts are looked at. --history runs everything twice under --clock instructions: the
state hashes must be the same. Status 77: the guest is not there (./run --build-guests userland makes it).
"""

import argparse
import io
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
SKIP = 77
KERNEL = {"userland": "debian-amd64", "userland-i386": "debian-i386"}
# What the loader must say of each model, beside the baseline.
LIBRARIES = {"max": "x86-64-v3 x86-64-v2", "x86-64-v3": "x86-64-v3 x86-64-v2", "x86-64-v2": "x86-64-v2", "x86-64": ""}


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


def expected(guest):
    lines = [line.split() for line in (HERE / "expected").read_text().splitlines() if not line.startswith("#")]
    return {name: wide if guest == "userland" else narrow for name, wide, narrow in lines if narrow != "-" or guest == "userland"}


def program_disk(path, script):
    """The programs and the script that runs them as a tar: the guest reads it from its second disk, without a file
    system. The kernel takes few words only. Which drive is sda is a race on several processors: the size says it."""
    files = {file.name: file.read_bytes() for file in HERE.iterdir() if file.is_file()} | {"run": script.encode()}
    with tarfile.open(path, "w") as tar:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = 0o755, len(files[name])
            tar.addfile(entry, io.BytesIO(files[name]))
        # The emulator wants whole sectors, and more than the tar's own end.
    with open(path, "r+b") as file:
        file.truncate((path.stat().st_size + (1 << 20) - 1) >> 20 << 20)


def command(arguments, disk, serial):
    kernel = TOP / "guests" / KERNEL[arguments.guest]
    line = ("console=ttyS0,115200 panic=-1 root=LABEL=ilse-root -- "
            "d=$(grep -lx 2048 /sys/block/sd*/size); d=${d%/size}; tar -xf /dev/${d##*/} -C /tmp; sh /tmp/run; poweroff")
    made = [arguments.emulator, "run", "-m", "512", "-smp", str(arguments.smp), "-no-reboot", "-display", "none", "-serial", f"file:{serial}",
            "-snapshot", "-kernel", f"{kernel}.vmlinuz", "-initrd", f"{kernel}.initrd", "-hda",
            str(TOP / "guests" / f"debian-{arguments.guest}.img"), "-hdb", str(disk), "-append", line]
    if arguments.cpu:
        made += ["-cpu", arguments.cpu]
    if arguments.engine:
        made += ["--engine", arguments.engine]
    if arguments.history:
        made += ["--clock", "instructions", "--hash-every", "2000000000"]
    return made


def run(arguments, folder, name):
    """The serial line's text, and the hashes."""
    disk, serial = folder / "programs.tar", folder / name
    program_disk(disk, f"/tmp/check.sh {' '.join(arguments.checks)}\necho all done\n")
    started = time.monotonic()
    process = subprocess.run(command(arguments, disk, serial), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                             timeout=arguments.seconds)
    text = serial.read_text(errors="replace").replace("\r", "") if serial.exists() else ""
    print(f"{name}: {time.monotonic() - started:.1f} s, status {process.returncode}")
    if arguments.log:
        arguments.log.write_text(text)
    check(process.returncode == 0, f"status {process.returncode}: {process.stderr[-1500:]}\n{text[-1500:]}")
    check("\nall done\n" in text, f"the checks did not end:\n{text[-1500:]}")
    return text, [line for line in process.stderr.splitlines() if line.startswith("hash ")]


def judge(arguments, text):
    wanted, wrong = expected(arguments.guest), []
    results = dict(re.findall(r"^check (\S+) ?(.*?) *$", text, re.M))
    for name in arguments.checks:
        if name in wanted and results.get(name) != wanted[name]:
            wrong.append(f"{name}: {results.get(name)} instead of {wanted[name]}")
    model = (arguments.cpu or "max").split(",")[0]
    if arguments.guest == "userland" and model in LIBRARIES and results.get("libraries") != LIBRARIES[model]:
        wrong.append(f"the loader supports {results.get('libraries')!r} instead of {LIBRARIES[model]!r}")
    wrong += re.findall(r"^complaint (.*)", text, re.M)
    if arguments.smp > 1:
        wrong += judge_processors(arguments.smp, text)
    check(not wrong, "\n".join(wrong) + "\n" + text[-2000:])


def judge_processors(count, text):
    wrong = []
    info = re.findall(r"^cpuinfo (\S[^:]*?)\s*: ?(.*)", text, re.M)
    for name, values in (("processor", range(count)), ("core id", range(count)), ("siblings", [count] * count)):
        found = [value for key, value in info if key == name]
        if found != [str(value) for value in values]:
            wrong.append(f"cpuinfo: {name} is {found}")
    for key in ("flags", "model name", "bugs"):
        if len({value for name, value in info if name == key}) != 1:
            wrong.append(f"cpuinfo: {key} differs from processor to processor")
    for name in ("LOC", "RES", "CAL", "TLB"):
        line = re.search(rf"^interrupts +{name}:((?: +\d+)+)", text, re.M)
        counts = [int(word) for word in line[1].split()] if line else []
        # Shootdowns go only to where a process has been.
        if len(counts) != count or not (any if name == "TLB" else all)(counts):
            wrong.append(f"interrupts: {name} is {counts}")
    for name in ("ERR", "MIS", "SPU"):
        line = re.search(rf"^interrupts +{name}:((?: +\d+)+)", text, re.M)
        if not line or any(map(int, line[1].split())):
            wrong.append(f"interrupts: {name} is {line and line[1]}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("emulator")
    parser.add_argument("checks", nargs="*")
    parser.add_argument("--guest", choices=KERNEL, default="userland")
    parser.add_argument("--cpu")
    parser.add_argument("--engine")
    parser.add_argument("--smp", type=int, default=1)
    parser.add_argument("--history", action="store_true")
    parser.add_argument("--log", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=3000)
    arguments = parser.parse_args()
    arguments.emulator = str(pathlib.Path(arguments.emulator).resolve())
    if not arguments.checks:
        known = expected(arguments.guest)
        if arguments.cpu not in (None, "max", "x86-64-v3"):
            known.pop("gcc_v3", None)
        arguments.checks = ["make"] if arguments.smp > 1 else [name for name in known if name != "make"]
    arguments.checks += ["cpuinfo", "interrupts", "dmesg"]
    image = TOP / "guests" / f"debian-{arguments.guest}.img"
    if not image.exists():
        print(f"{image} is not there: skipped")
        sys.exit(SKIP)
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            text, hashes = run(arguments, folder, "first")
            judge(arguments, text)
            if arguments.history:
                again = run(arguments, folder, "second")
                check(len(hashes) > 1, "there are no hashes")
                check(again[1] == hashes, "the state hashes differ")
                check(again[0] == text, "the serial lines differ")
                print(f"{len(hashes)} state hashes are the same")
    except Failure as failure:
        print(f"{arguments.guest}: FAILED: {failure}")
        sys.exit(1)
    print(f"{arguments.guest} {arguments.cpu or ''}: {' '.join(arguments.checks)}: all checks passed")


if __name__ == "__main__":
    main()
