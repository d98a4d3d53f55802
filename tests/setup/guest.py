"""A guest that ./run starts, with its serial line on our pipes: wait for its prompt, type, read."""

import os
import pathlib
import re
import select
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
# Busybox's shell asks where the cursor is when it waits for a line; what comes before that would be
# woven into what Ilse's prompt writes.
BANNER = re.compile(rb"poweroff ends it.*\s*\nroot@debian:[^ \r\n]*# \x1b\[6n")
PROMPT = re.compile(rb"\nroot@debian:[^ \r\n]*# \x1b\[6n")
BASH_PROMPT = re.compile(rb"\nroot@debian:[^ \r\n]*# ")
MONITOR_KEY = b"\x01c"
MONITOR = re.compile(rb"\(ilse\) $")
MONITOR_LEFT = re.compile(rb"\(ilse\) \r\n")
SERIAL = ["-display", "none", "-serial", "stdio"]


class Failure(Exception):
    pass


class Guest:
    """A running guest, with its serial line on our pipes."""

    def __init__(self, command, prompt=PROMPT, **environment):
        self.prompt = prompt
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
        self.wait(self.prompt, seconds)
        answer = self.log[self.seen:].decode("utf-8", "replace").replace("\r", "")
        return answer.split("\n")[1:-1]

    def press(self, keys):
        self.process.stdin.write(keys)
        self.process.stdin.flush()

    def monitor(self, command):
        """What Ilse's prompt answers."""
        self.seen = len(self.log)
        self.press(MONITOR_KEY)
        self.wait(MONITOR, 30)
        self.type(command)
        self.wait(MONITOR, 30)
        answer = self.log[self.seen:].decode("utf-8", "replace").replace("\r", "")
        # What is typed before the guest has the line back would go to the prompt.
        self.press(MONITOR_KEY)
        self.wait(MONITOR_LEFT, 30)
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


def copy_partition(image):
    """The file system of a guest's disk image as a file of its own beside it: e2fsck cannot
    replay a journal at an offset."""
    partition = f"{image}.partition"
    subprocess.run(["dd", f"if={image}", f"of={partition}", "bs=1M", "skip=1", "conv=sparse", "status=none"],
                   check=True)
    return partition


def fsck(partition):
    """Checks a file system, with no change to it."""
    result = subprocess.run(["/sbin/e2fsck", "-fn", partition], capture_output=True, text=True)
    check(result.returncode == 0, "fsck finds:\n" + result.stdout)


def replay_journal(partition):
    """Only that, no other repair."""
    result = subprocess.run(["/sbin/e2fsck", "-y", "-E", "journal_only", partition],
                            capture_output=True, text=True)
    check(result.returncode in (0, 1), "replaying the journal failed:\n" + result.stdout)
