#!/usr/bin/env python3
"""Boots guests through ./run on the serial line: prompt, typed commands, reboot, power-off.

usage: tests/setup/boot_guests.py [--log FOLDER] [GUEST[/MEDIUM]]...

The environment variable ILSE names another emulator, as for ./run; with
ILSE=tests/setup/qemu_as_ilse this records what the same guests do under QEMU.
--log keeps what each guest wrote and its dmesg.
"""

import argparse
import os
import pathlib
import re
import select
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BANNER = re.compile(rb"poweroff ends it.*\s*\nroot@debian:[^ \r\n]*# ")
PROMPT = re.compile(rb"\nroot@debian:[^ \r\n]*# ")
ALL = [f"{guest}/{medium}" for guest in ("amd64", "i386") for medium in ("kernel", "iso", "disk")]
MACHINE = {"amd64": "x86_64", "i386": "i686", "i386-pae": "i686"}


class Failure(Exception):
    pass


class Guest:
    """A running guest, with its serial line on our pipes."""

    def __init__(self, command, **environment):
        self.log = b""
        self.seen = 0  # where the answer to the last command starts in the log
        self.process = subprocess.Popen(command, cwd=TOP, env=os.environ | environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, deadline):
        """Appends what the guest writes next; False at the end of its output."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
            raise Failure("timed out; the last lines were:\n" + self.text()[-1500:])
        data = os.read(self.process.stdout.fileno(), 65536)
        self.log += data
        return bool(data)

    def text(self):
        return self.log.decode("utf-8", "replace").replace("\r", "")

    def wait(self, pattern, seconds):
        deadline = time.monotonic() + seconds
        while not pattern.search(self.log[self.seen:]):
            if not self.read(deadline):
                raise Failure("the emulator ended; the last lines were:\n" + self.text()[-1500:])

    def type(self, line):
        self.seen = len(self.log)
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def run(self, line, seconds=60):
        """The lines that a command writes."""
        self.type(line)
        self.wait(PROMPT, seconds)
        answer = self.log[self.seen:].decode("utf-8", "replace").replace("\r", "")
        return answer.split("\n")[1:-1]

    def wait_end(self, seconds):
        deadline = time.monotonic() + seconds
        while self.read(deadline):
            pass
        return self.process.wait(timeout=10)

    def kill(self):
        self.process.kill()
        self.process.wait()


def check(condition, message):
    if not condition:
        raise Failure(message)


def fsck(image):
    """Checks the file system of a guest's disk image, with no change to it."""
    result = subprocess.run(["/sbin/e2fsck", "-fn", f"{image}?offset=1048576"], capture_output=True, text=True)
    check(result.returncode == 0, "fsck finds:\n" + result.stdout)


def boot(name, log_folder, work_folder, seconds):
    kind, medium = name.split("/")
    command = ["./run", kind, medium, "--", "-display", "none", "-serial", "stdio"]
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
            fsck(disk)
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
