#!/usr/bin/env python3
"""Boots one guest to its prompt, types commands, reboots it if told to, powers it off.

usage: tests/boot/boot.py GUEST MEDIUM ILSE [--engine E] [--smp N] [--reboot] [--resident] [--guests FOLDER]
       [--log FILE]

GUEST is amd64, i386 or i386-pae; MEDIUM is kernel, iso or disk; ILSE is the emulator. FOLDER
(default: guests/ of this tree) is where ./run --build-guests has put the guests. Nothing is built
here: status 77 says that the guest or the firmware is not there. --resident checks Ilse's memory beside the
guest's. --log keeps the serial line.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "setup"))

from guest import BANNER, SERIAL, TOP, Failure, Guest, check, copy_partition, fsck  # noqa: E402

FIRMWARE = pathlib.Path("/usr/share/seabios/bios-256k.bin")
MACHINE = {"amd64": "x86_64", "i386": "i686", "i386-pae": "i686"}
RAM_MIB = 256
BESIDE_RAM_MIB = 64  # what Ilse may need beside the RAM that its guest has touched
SKIP = 77


def medium_files(folder, kind, medium):
    endings = {"kernel": ("vmlinuz", "initrd"), "iso": ("iso",), "disk": ("img",)}[medium]
    return [folder / f"debian-{kind}.{ending}" for ending in endings]


def options(kind, medium, files, work):
    """The emulator's options, and the disk image that the guest writes to."""
    if medium == "kernel":
        return ["-kernel", str(files[0]), "-initrd", str(files[1]), "-append", "console=ttyS0,115200"], None
    if medium == "iso":
        return ["-cdrom", str(files[0]), "-boot", "d"], None
    disk = work / f"{kind}.img"
    subprocess.run(["cp", "--sparse=always", str(files[0]), str(disk)], check=True)
    return ["-hda", str(disk), "-boot", "c"], disk


def resident(pid):
    """MiB of a process that are in memory: of the guest's RAM, and of everything else. The host may have joined the
    mapping of the RAM with its neighbours, the display's memory for one."""
    ram = other = size = 0
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        span = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
        if span:
            size = int(span[2], 16) - int(span[1], 16)
        elif line.startswith("Rss:"):
            if size >= RAM_MIB << 20:
                ram += int(line.split()[1])
            else:
                other += int(line.split()[1])
    return ram / 1024, other / 1024


def check_resident(pid):
    ram, other = resident(pid)
    print(f"resident: {ram:.0f} MiB of the guest's RAM, {other:.1f} MiB beside it")
    check(0 < ram < RAM_MIB, "the whole of the guest's RAM, or none, is resident")
    check(other <= BESIDE_RAM_MIB, f"more than {BESIDE_RAM_MIB} MiB beside the guest's RAM")


def talk(guest, kind, medium):
    check(guest.run("uname -m") == [MACHINE[kind]], "uname -m is wrong")
    check(guest.run("echo $((6 * 7))") == ["42"], "echo is wrong")
    root = guest.run("mount | grep ' / '")[-1]
    check(("ext4" in root) == (medium == "disk"), f"the root is {root}")
    check(len(guest.run("lspci")) >= 4, "lspci lists too little")
    oops = guest.run("dmesg | grep -E 'WARNING: CPU|BUG:|Oops|Call Trace'")
    check(not oops, "the kernel complains:\n" + "\n".join(oops))
    if medium == "iso":
        check(guest.run("mount -o ro /dev/sr0 /mnt && ls /mnt; umount /mnt") == ["boot"], "the CD cannot be read")
    if medium == "disk":
        guest.run("dd if=/dev/urandom of=/a bs=1M count=8 2>/dev/null; sync; cp /a /b; sync")
        check(guest.run("echo 3 >/proc/sys/vm/drop_caches; cmp /a /b && echo same")[-1] == "same",
              "the disk does not give back what was written")


def interrupts(guest, name):
    """How many of the interrupts of that name each processor has had."""
    line = guest.run(f"grep {name}: /proc/interrupts")[-1]
    return [int(word) for word in line.split()[1:] if word.isdigit()]


def talk_to_all(guest, count):
    check(guest.run("nproc") == [str(count)], "nproc is wrong")
    cpuinfo = guest.run("grep -E '^(apicid|core id|cpu cores)' /proc/cpuinfo")
    numbers = [int(line.split(":")[1]) for line in cpuinfo]
    check(numbers == [n for k in range(count) for n in (k, count, k)], f"/proc/cpuinfo is wrong: {cpuinfo}")
    brought_up = guest.run("dmesg | grep -c 'Brought up 1 node, %d CPUs'" % count)
    check(brought_up == ["1"], "not all processors were brought up")
    # The kernel has compared their time-stamp counters, and trusts them.
    clock = guest.run("cat /sys/devices/system/*/*/current_clocksource")
    check(clock == ["tsc"], f"the clock is {clock}")
    # A program that is bound to a processor runs on it.
    for k in range(count):
        where = guest.run(f"taskset {1 << k:x} cut -d' ' -f39 /proc/self/stat")
        check(where == [str(k)], f"on processor {where} instead of {k}")
    # Work for all at once, with processes that come and go.
    guest.run("(for k in $(seq %d); do (for i in 1 2 3 4 5; do dd if=/bin/busybox bs=4k 2>/dev/null | md5sum; done"
              " | sort -u >/tmp/sum$k) & done; wait)" % (2 * count), 120)
    check(guest.run("cat /tmp/sum* | sort -u | wc -l") == ["1"], "the processors disagree about a checksum")
    # One goes to sleep for good and is started again.
    last = f"/sys/devices/system/cpu/cpu{count - 1}/online"
    check(guest.run(f"echo 0 >{last}; nproc")[-1] == str(count - 1), "a processor does not go offline")
    check(guest.run(f"echo 1 >{last}; nproc")[-1] == str(count), "a processor does not come back")
    for name in ("LOC", "RES", "CAL"):
        each = interrupts(guest, name)
        check(len(each) == count and all(each), f"interrupts {name}: {each}")
    check(sum(interrupts(guest, "ERR")) == 0, "there were APIC errors")


def boot(arguments, files, work):
    guest_options, disk = options(arguments.guest, arguments.medium, files, work)
    guest = Guest([arguments.ilse, "run", "-m", str(RAM_MIB), "-smp", str(arguments.smp),
                   "--engine", arguments.engine, *guest_options, *SERIAL])
    started = time.monotonic()
    try:
        guest.wait(BANNER, arguments.seconds)
        times = [time.monotonic() - started]
        talk(guest, arguments.guest, arguments.medium)
        if arguments.smp > 1:
            talk_to_all(guest, arguments.smp)
        if arguments.resident:
            check_resident(guest.process.pid)
        if arguments.reboot:
            guest.type("reboot")
            started = time.monotonic()
            guest.wait(BANNER, arguments.seconds)
            times.append(time.monotonic() - started)
            check(guest.run("echo again") == ["again"], "no answer after reboot")
        guest.type("poweroff")
        status = guest.wait_end(60)
        check(status == 0, f"poweroff ends with status {status}")
        if disk:
            fsck(copy_partition(disk))
        return times
    finally:
        guest.kill()
        if arguments.log:
            arguments.log.write_bytes(guest.log)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("guest", choices=MACHINE)
    parser.add_argument("medium", choices=["kernel", "iso", "disk"])
    parser.add_argument("ilse")
    parser.add_argument("--smp", type=int, default=1, help="processors")
    parser.add_argument("--engine", choices=["jit", "interp"], default="jit")
    parser.add_argument("--reboot", action="store_true")
    parser.add_argument("--resident", action="store_true")
    parser.add_argument("--guests", type=pathlib.Path, default=TOP / "guests")
    parser.add_argument("--log", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=600, help="the limit for one boot")
    arguments = parser.parse_args()
    arguments.ilse = str(pathlib.Path(arguments.ilse).resolve())
    name = f"{arguments.guest}/{arguments.medium}" + (f" -smp {arguments.smp}" if arguments.smp > 1 else "")
    files = medium_files(arguments.guests.resolve(), arguments.guest, arguments.medium)
    for needed in [FIRMWARE, *files]:
        if not needed.exists():
            print(f"{name}: {needed} is not there: skipped")
            sys.exit(SKIP)
    try:
        with tempfile.TemporaryDirectory() as folder:
            times = boot(arguments, files, pathlib.Path(folder))
    except Failure as failure:
        print(f"{name}: FAILED: {failure}")
        sys.exit(1)
    print(f"{name}: prompt after {', '.join(f'{t:.1f} s' for t in times)}, all checks passed")


if __name__ == "__main__":
    main()
