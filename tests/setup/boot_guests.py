#!/usr/bin/env python3
"""Boots guests through ./run on the serial line: prompt, typed commands, reboot, power-off.

usage: tests/setup/boot_guests.py [--log FOLDER] [GUEST[/MEDIUM]]...

The environment variable ILSE names another emulator, as for ./run; with
ILSE=tests/setup/qemu_as_ilse this records what the same guests do under QEMU.
--log keeps what each guest wrote and its dmesg.
"""

import argparse
import pathlib
import sys
import tempfile
import time

from guest import BANNER, SERIAL, Failure, Guest, check, copy_partition, fsck

ALL = [f"{guest}/{medium}" for guest in ("amd64", "i386") for medium in ("kernel", "iso", "disk")]
MACHINE = {"amd64": "x86_64", "i386": "i686", "i386-pae": "i686"}


def boot(name, log_folder, work_folder, seconds):
    kind, medium = name.split("/")
    command = ["./run", kind, medium, "--", *SERIAL]
    disk = work_folder / f"{kind}.img"
    if medium == "kernel":
        command += ["-append", "console=ttyS0,115200 -- echo command line says hello"]
    guest = Guest(command, ILSE_DISK=str(disk))
    started = time.monotonic()
    try:
        guest.wait(BANNER, seconds)
        booted = time.monotonic() - started
        if medium == "kernel":
            check("\ncommand line says hello\n" in guest.text(), "the command behind -- did not run")
        check(guest.run("uname -m") == [MACHINE[kind]], "uname -m is wrong")
        check(guest.run("echo $((6 * 7))") == ["42"], "echo is wrong")
        check(guest.run("sleep 1 & jobs; wait")[0].startswith("[1]"), "there is no job control")
        root = guest.run("mount | grep ' / '")[-1]
        check(("ext4" in root) == (medium == "disk"), f"the root is {root}")
        if medium == "iso":
            check(guest.run("mount -o ro /dev/sr0 /mnt && ls /mnt; umount /mnt") == ["boot"],
                  "the CD cannot be read")
        if medium == "disk":
            guest.run("dd if=/dev/urandom of=/a bs=1M count=20 2>/dev/null; sync; cp /a /b; sync")
            check(guest.run("echo 3 >/proc/sys/vm/drop_caches; cmp /a /b && echo same")[-1] == "same",
                  "the disk does not give back what was written")
        # Host bridge, ISA bridge, IDE and display at least.
        check(len(guest.run("lspci")) >= 4, "lspci lists too little")
        messages = guest.run("dmesg")
        if log_folder:
            for title, line in (("dmesg", None), ("cpuinfo", "cat /proc/cpuinfo"),
                                ("lspci", "lspci -nnvk"), ("interrupts", "cat /proc/interrupts"),
                                ("ioports", "cat /proc/ioports /proc/iomem"), ("modules", "lsmod")):
                lines = messages if line is None else guest.run(line)
                (log_folder / f"{kind}-{medium}.{title}").write_text("\n".join(lines) + "\n")
            warnings = guest.run("dmesg -r | grep '^<[01234]>'")
            (log_folder / f"{kind}-{medium}.warnings").write_text("\n".join(warnings) + "\n")
        guest.type("reboot")
        guest.wait(BANNER, seconds)
        check(guest.run("echo again") == ["again"], "no answer after reboot")
        guest.type("poweroff")
        status = guest.wait_end(60)
        check(status == 0, f"poweroff ends with status {status}")
        if medium == "disk":
            fsck(copy_partition(disk))
    finally:
        guest.kill()
        if log_folder:
            (log_folder / f"{kind}-{medium}.serial").write_bytes(guest.log)
    return booted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=300, help="the limit for one boot")
    parser.add_argument("guests", nargs="*", default=ALL)
    arguments = parser.parse_args()
    if arguments.log:
        arguments.log.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in arguments.guests:
        name = name if "/" in name else name + "/kernel"
        try:
            with tempfile.TemporaryDirectory() as folder:
                booted = boot(name, arguments.log, pathlib.Path(folder), arguments.seconds)
            print(f"{name}: prompt after {booted:.1f} s, all checks passed", flush=True)
        except Failure as failure:
            failed += 1
            print(f"{name}: FAILED: {failure}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
