#!/usr/bin/env python3
"""A guest that keeps its processor busy, whatever it does, can be paused, reset and ended: by the prompt, by gdb's ^C, by
signals, by the window.

usage: tests/control/control.py ILSE GUEST [--engine E] [--ways NAME,...]

GUEST is the firmware that guest.S makes. Both engines, without --engine. Status 77: Xvfb, xdotool or gdb is missing; the
rest has passed then. What takes how long is not looked at, but for a limit of LIMIT seconds (tests/bench/latency.cpp).
"""

import argparse
import ctypes
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

LIMIT = 20
# As ways.h has them: the number, and whether the timer interrupts.
WAYS = {"to_self": (0, 1), "if=0": (0, 0), "linked": (1, 1), "one_block": (2, 1), "stos": (3, 1), "movs": (4, 1), "lods": (5, 1),
        "calls": (6, 1), "storm": (7, 1), "refault": (8, 1), "halt": (9, 1), "rewrite": (10, 1), "dead": (11, 0), "reload": (12, 1),
        "triple": (13, 0), "ports": (14, 1), "shadow": (15, 1)}
BY_GDB = ["if=0", "dead", "lods", "refault", "stos", "rewrite"]
BY_WINDOW = ["if=0", "dead", "refault"]


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


def until(condition, message):
    deadline = time.monotonic() + LIMIT
    while not condition():
        check(time.monotonic() < deadline, message)
        time.sleep(0.01)


class Machine:
    """Ilse with a guest that is busy, and with the prompt on our pipes."""

    def __init__(self, arguments, folder, way, engine, *more):
        image = bytearray(arguments.guest.read_bytes())
        image[0xFF00], image[0xFF01] = WAYS[way]
        bios, self.console = folder / "bios", folder / "console"
        bios.write_bytes(image)
        self.console.write_bytes(b"")
        self.text = ""
        self.process = subprocess.Popen(
            [arguments.ilse, "run", "-bios", str(bios), "-m", "16", "-engine", engine, "-debugcon", f"file:{self.console}",
             "-monitor", "stdio", *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            until(self.starts, "it does not start")
        except Failure:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def starts(self):
        return self.console.stat().st_size

    def read_until(self, pattern, message):
        deadline = time.monotonic() + LIMIT
        while not (found := re.search(pattern, self.text)):
            ready = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]
            check(ready, message + ": " + repr(self.text))
            data = os.read(self.process.stdout.fileno(), 65536).decode("utf-8", "replace")
            check(data, message + ": it ended: " + repr(self.text))
            self.text += data
        self.text = self.text[found.end():]
        return found

    def tell(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def status(self):
        """Whether it is paused, and instructions."""
        self.tell("info status")
        found = self.read_until(r"(paused|running), (\d+) instructions", "no status")
        return found[1] == "paused", int(found[2])

    def switches(self):
        """How often its threads have waited for something."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", (task / "status").read_text(), re.M)[1]) for task in tasks)

    def ended(self, status, by):
        try:
            got = self.process.wait(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            raise Failure(f"{by} does not end it") from None
        check(got == status, f"{by}: status {got} instead of {status}")


def by_prompt(make, way):
    with make() as m:
        check(not m.status()[0], "paused from the start")
        m.tell("stop")
        paused, count = m.status()
        time.sleep(0.03)
        check(paused and m.status() == (True, count), "stop does not stop it")
        before = m.switches()
        time.sleep(0.1)
        check(m.switches() - before < 100, "it does not rest while it is paused")
        m.tell("cont")
        if way != "dead":
            until(lambda: m.status()[1] > count, "cont does not go on")
        starts = m.starts()
        m.tell("system_reset")
        until(lambda: m.starts() > starts, "system_reset does nothing")
        check(not m.status()[0], "paused after a reset")
        # While it is paused, too.
        m.tell("stop")
        check(m.status()[0], "stop does not stop it again")
        starts = m.starts()
        m.tell("system_reset")
        m.tell("cont")
        until(lambda: m.starts() > starts, "system_reset in a pause does nothing")
        m.tell("quit")
        m.ended(0, "quit")


def by_signals(make):
    for number in (signal.SIGTERM, signal.SIGINT):
        with make() as m:
            m.process.send_signal(number)
            m.ended(128 + number, number.name)
    with make() as m:
        m.tell("stop")
        check(m.status()[0], "stop does not stop it")
        m.process.send_signal(signal.SIGTERM)
        m.ended(128 + signal.SIGTERM, "SIGTERM in a pause")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def by_gdb(make):
    """A real gdb: continue, ^C, where is it, again; then it ends the machine."""
    port = free_port()
    with make("-gdb", f"tcp::{port}") as m:
        gdb = subprocess.Popen(["gdb", "-nx", "-q", "-ex", "set confirm off", "-ex", "set pagination off"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = ""

        def tell(line):
            gdb.stdin.write(line.encode() + b"\n")
            gdb.stdin.flush()

        def read_until(pattern, message):
            nonlocal text
            deadline = time.monotonic() + LIMIT
            while not (found := re.search(pattern, text)):
                check(select.select([gdb.stdout], [], [], max(0, deadline - time.monotonic()))[0], message + ": " + repr(text))
                data = os.read(gdb.stdout.fileno(), 65536).decode("utf-8", "replace")
                check(data, message + ": gdb ended: " + repr(text))
                text += data
            text = text[found.end():]
            return found

        try:
            tell(f"target remote 127.0.0.1:{port}")
            tell('printf "here %lx\\n", $pc')
            read_until(r"here [0-9a-f]+", "gdb does not connect")
            for _ in range(3):
                tell("continue")
                read_until("Continuing", "no continue")
                time.sleep(0.05)
                gdb.send_signal(signal.SIGINT)
                read_until("SIGINT", "^C does not stop it")
                tell('printf "stopped %lx\\n", $pc')
                read_until(r"stopped [0-9a-f]+", "gdb does not have it back")
            tell("kill")
            m.ended(0, "gdb's kill")
        finally:
            gdb.kill()
            gdb.wait()


class Screen:
    """An X server without a display. There is no window manager: its message to close is sent by us."""

    def __init__(self):
        reader, writer = os.pipe()
        self.process = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x960x24"], pass_fds=[writer],
                                        stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as file:
            self.display = ":" + file.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def xdotool(self, *words):
        return subprocess.run(["xdotool", *map(str, words)], env=os.environ | {"DISPLAY": self.display}, capture_output=True,
                              text=True).stdout

    def window(self):
        found = []
        until(lambda: found.extend(self.xdotool("search", "--onlyvisible", "").split()) or found, "no window")
        return found[-1]

    def close(self, window):
        class Message(ctypes.Structure):
            _fields_ = [("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send", ctypes.c_int), ("display", ctypes.c_void_p),
                        ("window", ctypes.c_ulong), ("message", ctypes.c_ulong), ("format", ctypes.c_int),
                        ("data", ctypes.c_long * 5), ("room", ctypes.c_long * 24)]

        x = ctypes.CDLL("libX11.so.6")
        x.XOpenDisplay.restype = ctypes.c_void_p
        x.XInternAtom.restype = ctypes.c_ulong
        display = ctypes.c_void_p(x.XOpenDisplay(self.display.encode()))
        atom = {name: x.XInternAtom(display, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW")}
        message = Message(33, 0, 1, None, int(window), atom[b"WM_PROTOCOLS"], 32)  # ClientMessage
        message.data[0] = atom[b"WM_DELETE_WINDOW"]
        x.XSendEvent(display, ctypes.c_ulong(int(window)), 0, ctypes.c_long(0), ctypes.byref(message))
        x.XCloseDisplay(display)


def by_window(make, screen):
    with make() as m:
        window = screen.window()
        screen.xdotool("windowfocus", window)

        def press_until(keys, condition, message):
            screen.xdotool("key", keys)
            until(condition, message)

        press_until("ctrl+alt+p", lambda: m.status()[0], "the window does not pause it")
        press_until("ctrl+alt+p", lambda: not m.status()[0], "the window does not go on")
        starts = m.starts()
        press_until("ctrl+alt+r", lambda: m.starts() > starts, "the window does not reset it")
        # The first presses the power button, which nobody in this guest looks at.
        screen.close(window)
        time.sleep(0.5)
        check(m.process.poll() is None, "closed at once")
        screen.close(window)
        m.ended(0, "closing the window")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ilse")
    parser.add_argument("guest", type=pathlib.Path)
    parser.add_argument("--engine", choices=["jit", "interp"])
    parser.add_argument("--ways", type=lambda text: text.split(","), default=list(WAYS))
    arguments = parser.parse_args()
    arguments.ilse = str(pathlib.Path(arguments.ilse).resolve())
    missing = [tool for tool in ("gdb", "Xvfb", "xdotool") if not shutil.which(tool)]
    screen = Screen() if not missing else None
    step = ""
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for engine in [arguments.engine] if arguments.engine else ["jit", "interp"]:
                for way in arguments.ways:
                    def make(*more, way=way, engine=engine):
                        display = more if "-display" in more else ("-vga", "none", "-display", "none", *more)
                        return Machine(arguments, folder, way, engine, *display)

                    started = time.monotonic()
                    step = f"{way}, {engine}, prompt"
                    by_prompt(make, way)
                    step = f"{way}, {engine}, signals"
                    by_signals(make)
                    if not missing and way in BY_GDB:
                        step = f"{way}, {engine}, gdb"
                        by_gdb(make)
                    if not missing and way in BY_WINDOW:
                        step = f"{way}, {engine}, window"
                        os.environ["DISPLAY"] = screen.display
                        by_window(lambda: make("-display", "sdl", "-audiodev", "none"), screen)
                    print(f"{way}, {engine}: {time.monotonic() - started:.1f} s", flush=True)
    except Failure as failure:
        print(f"control: FAILED: {step}: {failure}")
        sys.exit(1)
    finally:
        if screen:
            screen.__exit__()
    if missing:
        print(f"without {', '.join(missing)}: the rest has passed")
        sys.exit(77)
    print("control: all passed")


if __name__ == "__main__":
    main()
