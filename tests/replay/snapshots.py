#!/usr/bin/env python3
"""Debian is saved at random moments of a boot in one engine and goes on in the other; and Ilse is killed while it saves.

usage: tests/replay/snapshots.py ILSE [--rounds N] [--kills N] [--seed S] [--guests FOLDER]

Each round starts the guest, saves it at a random moment through the prompt, loads that in the other engine and runs to the
next checkpoint, where the state's hash must be that of a run that nobody touched. Then, for each kill, Ilse gets SIGKILL or
SIGTERM at a random moment of `savevm` over a snapshot that is there: that one or the new one must be whole after it, and
what was left half-written must be refused. Status 77: the guest is not there.
"""

import argparse
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "setup"))

from guest import BANNER, PROMPT, TOP, Failure, Guest, check  # noqa: E402

SKIP = 77
EVERY, END = 250_000_000, 7_000_000_000
OTHER = {"jit": "interp", "interp": "jit"}


class Snapshots:
    def __init__(self, arguments, folder):
        self.a, self.folder = arguments, folder
        self.random = random.Random(arguments.seed)
        guests = arguments.guests.resolve()
        self.machine = ["-m", "128", "-display", "none", "-clock", "instructions", "-hash-every", str(EVERY),
                        "-serial", "null", "-kernel", str(guests / "debian-amd64.vmlinuz"), "-initrd",
                        str(guests / "debian-amd64.initrd"), "-append", "console=ttyS0,115200"]

    def command(self, engine, *more):
        return [self.a.ilse, "run", "--engine", engine, *self.machine, *more]

    def hashes(self, engine, end, *more):
        done = subprocess.run(self.command(engine, "-max-instructions", str(end), *more), stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, timeout=900)
        check(done.returncode == 8, f"status {done.returncode}: {done.stderr[-500:]}")
        return {int(count): digest for count, digest in re.findall(r"^hash (\d+) ([0-9a-f]+)", done.stderr, re.M)}

    def start(self, engine):
        return subprocess.Popen(self.command(engine, "-monitor", "stdio"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL)

    @staticmethod
    def tell(process, line):
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()

    def saved(self, engine, after, path):
        """A snapshot at that time; how long it took, and at which instruction it is."""
        process = self.start(engine)
        try:
            time.sleep(after)
            started = time.monotonic()
            self.tell(process, f"savevm {path}")
            self.tell(process, "quit")
            text = process.communicate(timeout=120)[0].decode("utf-8", "replace")
            check(process.returncode == 0 and path.exists(), f"savevm: status {process.returncode}: {text[-500:]}")
            return time.monotonic() - started
        finally:
            process.kill()
            process.wait()

    def go_on(self):
        started = time.monotonic()
        whole = self.hashes("jit", END)
        lasts = time.monotonic() - started
        check(len(whole) == END // EVERY, f"{len(whole)} checkpoints")
        for number in range(self.a.rounds):
            engine = ["jit", "interp"][number % 2]
            # The interpreter gets less far; what comes late in a boot is the other rounds'.
            after = self.random.uniform(0, min(lasts * 0.8, 10))
            path = self.folder / f"round{number}"
            count = END
            while count >= END - EVERY:  # the host has become faster
                self.saved(engine, after, path)
                count = self.count_of(path, OTHER[engine])
                after /= 2
            checkpoint = (count // EVERY + 1) * EVERY
            found = self.hashes(OTHER[engine], checkpoint + 1, "-loadvm", str(path))
            check(found == {checkpoint: whole[checkpoint]},
                  f"round {number} ({engine}, instruction {count}): {found} instead of {whole[checkpoint]}")
            print(f"{engine}, saved at instruction {count}: the same at {checkpoint}", flush=True)
            path.unlink()

    def count_of(self, path, engine):
        process = subprocess.run(self.command(engine, "-monitor", "stdio", "-S", "-loadvm", str(path)),
                                 input=b"info status\nquit\n", capture_output=True, timeout=60)
        found = re.search(rb"paused, (\d+) instructions", process.stdout)
        check(found, f"it does not load: {process.stderr.decode()[-500:]}")
        return int(found[1])

    def kills(self):
        path = self.folder / "state"
        takes = self.saved("jit", 1.5, path)
        old = self.count_of(path, "interp")
        print(f"savevm and the end take {takes * 1000:.0f} ms, {path.stat().st_size >> 20} MiB", flush=True)
        kept = new = halves = 0
        for number in range(self.a.kills):
            how = [signal.SIGKILL, signal.SIGTERM][number % 2]
            process = self.start("jit")
            try:
                time.sleep(1.6)
                self.tell(process, f"savevm {path}")
                time.sleep(self.random.uniform(0, takes))
                process.send_signal(how)
                process.communicate(timeout=120)
            finally:
                process.kill()
                process.wait()
            check(process.returncode == (-how if how == signal.SIGKILL else 128 + how), f"status {process.returncode}")
            count = self.count_of(path, "interp")
            kept, new, old = kept + (count == old), new + (count != old), count
            half = pathlib.Path(f"{path}.new")
            if half.exists():
                check(how == signal.SIGKILL, "SIGTERM leaves half a snapshot")
                halves += self.refused(half)
                half.unlink()
        print(f"{self.a.kills} times killed: {kept} times the former snapshot, {new} times the new one, "
              f"{halves} times a half one beside it, refused")
        data = path.read_bytes()
        for _ in range(5):
            path.write_bytes(data[:self.random.randrange(len(data))])
            check(self.refused(path), "a truncated snapshot is loaded")

    def talk(self):
        """By the host's clock, over the serial line, as a person would: the shell and its files are there again, and time
        goes on from where it was, at its usual speed."""
        path = self.folder / "shell"
        command = [word if word != "null" else "mon:stdio" for word in self.machine]
        command[command.index("instructions")] = "host"
        command = [self.a.ilse, "run", *command[:command.index("-hash-every")], *command[command.index("-hash-every") + 2:]]
        first = Guest(command)
        try:
            first.wait(BANNER, 300)
            first.run("echo remembered >/tmp/file; x=variable")
            before = float(first.run("cut -d' ' -f1 /proc/uptime")[-1])
            check(first.monitor(f"savevm {path}") == [], "savevm says something")
        finally:
            first.kill()
        time.sleep(3)
        second = Guest([*command, "--engine", "interp", "-loadvm", str(path)])
        try:
            second.press(b"\n")
            second.wait(PROMPT, 60)
            check(second.run("cat /tmp/file; echo $x") == ["remembered", "variable"], "the shell has forgotten")
            times = []
            for _ in range(2):
                times.append((time.monotonic(), float(second.run("cut -d' ' -f1 /proc/uptime")[-1])))
                time.sleep(2)
            check(before <= times[0][1] < before + 20, f"up for {before} s when saved, for {times[0][1]} s when loaded")
            passed = [late - early for early, late in zip(*times)]
            check(0.5 * passed[0] < passed[1] < 1.5 * passed[0], f"{passed[1]} s in {passed[0]} s")
            second.type("poweroff")
            check(second.wait_end(120) == 0, "poweroff's status")
            print(f"saved when up for {before} s, loaded, {passed[1]:.2f} s in {passed[0]:.2f} s since")
        finally:
            second.kill()

    def refused(self, path):
        """False: it is a whole one."""
        done = subprocess.run(self.command("jit", "-loadvm", str(path), "-max-instructions", "1"), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        if done.returncode == 8:
            return False
        check(done.returncode == 1 and re.fullmatch(r"ilse: .*: (the snapshot is truncated|not a snapshot of Ilse's.*)\n",
                                                    done.stderr), f"{path}: status {done.returncode}: {done.stderr[-300:]}")
        return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ilse")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--guests", type=pathlib.Path, default=TOP / "guests")
    arguments = parser.parse_args()
    arguments.ilse = str(pathlib.Path(arguments.ilse).resolve())
    if not (arguments.guests / "debian-amd64.vmlinuz").exists():
        print("debian-amd64 is not there: skipped")
        sys.exit(SKIP)
    print(f"seed {arguments.seed}")
    try:
        with tempfile.TemporaryDirectory() as folder:
            snapshots = Snapshots(arguments, pathlib.Path(folder))
            snapshots.go_on()
            snapshots.kills()
            snapshots.talk()
    except Failure as failure:
        print(f"snapshots: FAILED: {failure}")
        sys.exit(1)


if __name__ == "__main__":
    main()
