"""The machines that the benchmark runs on: this host, and emulators, each started for one run.

A run gives events (kind, name, seconds since the start, processor seconds, words): "userland" once,
"begin" and "end" around each class. All times are the host's: an emulated clock proves nothing.
"""

import os
import selectors
import shlex
import subprocess
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")
UART = "0x3f8"


class MachineError(Exception):
    pass


def _cpu_seconds(pid):
    """Processor time of a process, its threads and its children that have ended."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / TICK


def _peak_memory(pid):
    """Peak resident set in KiB."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


class Machine:
    """A command whose output is the benchmark's lines. boots: how it can start a guest, best first."""
    boots = ("direct", "iso")

    def __init__(self, label, program, options=""):
        self.label = label
        self.program = program
        self.options = shlex.split(options)

    def command(self, guest, scratch):
        raise NotImplementedError

    def serial(self, scratch):
        """A file to read the serial port from; None: standard output."""
        return None

    def run(self, guest, timeout):
        with tempfile.TemporaryDirectory() as scratch:
            fifo = self.serial(scratch)
            source = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK) if fifo else None
            start = time.monotonic()
            with open(os.path.join(scratch, "errors"), "w+") as errors:
                process = subprocess.Popen(self.command(guest, scratch), stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL if fifo else subprocess.PIPE,
                                           stderr=errors, cwd=scratch)
                try:
                    return self._events(process, source if fifo else process.stdout.fileno(), start, timeout)
                except MachineError as error:
                    errors.seek(0)
                    raise MachineError(f"{self.label}: {error}\n{errors.read()[-800:]}") from None
                finally:
                    process.kill()
                    process.wait()
                    if process.stdout:
                        process.stdout.close()
                    if source is not None:
                        os.close(source)

    def _events(self, process, source, start, timeout):
        events, tail, line, first, running = [], [], b"", None, None
        selector = selectors.DefaultSelector()
        selector.register(source, selectors.EVENT_READ)
        while True:
            if not selector.select(1.0):
                if time.monotonic() - start > timeout:
                    raise MachineError(f"no end after {timeout} s; last lines: {tail}")
                if process.poll() is None:
                    continue
            now = time.monotonic() - start, _cpu_seconds(process.pid)
            chunk = os.read(source, 65536)
            if not chunk:
                if process.poll() == 0 and running is None and events:
                    return events
                if process.poll() is None:  # a FIFO that nobody has opened yet, or a process about to end
                    time.sleep(0.01)
                    continue
                raise MachineError(f"ended with status {process.poll()}; last lines: {tail}")
            for part in chunk.splitlines(keepends=True):
                first = first or now
                line += part
                if not part.endswith(b"\n"):
                    continue
                words = line.decode("ascii", "replace").split()
                tail = tail[-4:] + [" ".join(words)]
                if words[:1] == [">"]:
                    running = words[1]
                    events.append(("begin", running, *now, words[2:]))
                elif running and words[0:1] == [running]:
                    if len(words) != 4:
                        raise MachineError(" ".join(words))
                    events.append(("end", running, *first, words[1:]))
                    running = None
                elif words == ["bench:", "userland"]:
                    events.append(("userland", "", *first, [_peak_memory(process.pid)]))
                elif words == ["bench:", "done"]:
                    return events
                elif words[:2] == ["bench:", "failed"] or "Kernel panic" in " ".join(words):
                    raise MachineError(f"the guest failed: {tail}")
                line, first = b"", None


class Native(Machine):
    boots = ("native",)

    def command(self, guest, scratch):
        return [os.path.join(guest.binaries, f"bench{guest.width}"), "--markers", *guest.arguments]


class Qemu(Machine):
    def command(self, guest, scratch):
        program = self.program or ("qemu-system-x86_64" if guest.width == 64 else "qemu-system-i386")
        return [program, "-accel", "tcg", "-m", str(guest.memory), "-display", "none", "-serial", "stdio",
                "-no-reboot", *guest.boot_options(), *self.options]


class Ilse(Machine):
    def command(self, guest, scratch):
        return [self.program, "run", "-m", str(guest.memory), "-display", "none", "-serial", "stdio", "-no-reboot",
                *guest.boot_options(), *self.options]


class Bochs(Machine):
    """Debian's build starts in its debugger: the command file says "continue"."""
    boots = ("iso",)

    def serial(self, scratch):
        fifo = os.path.join(scratch, "serial")
        os.mkfifo(fifo)
        return fifo

    def command(self, guest, scratch):
        commands, config = os.path.join(scratch, "commands"), os.path.join(scratch, "bochsrc")
        with open(commands, "w") as file:
            file.write("c\n")
        with open(config, "w") as file:
            file.write(f"""\
megs: {guest.memory}
cpu: count=1, ips=50000000
clock: sync=none, time0=local
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
display_library: rfb, options="timeout=0"
sound: driver=dummy
speaker: enabled=0
ata0-master: type=cdrom, path="{guest.iso}", status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev="{scratch}/serial"
log: /dev/null
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
""")
        return [self.program or "bochs", "-q", "-f", config, "-rc", commands, *self.options]
