#!/usr/bin/env python3
"""The desktop guest in Ilse's window, under Xvfb: from power-on to a graphical session; a command typed into its
terminal; its menu opened with the mouse, another terminal started from there; its pointer within a pixel of the host's, all
over the screen, in two of its resolutions; what it costs while nobody uses it. What happened is asked over the serial line.

usage: tests/userland/desktop.py ILSE [--shots FOLDER] [--seconds N]

--shots keeps a picture of the window at every step (PNG). Status 77: the guest, Xvfb or xdotool is not there.
"""

import argparse
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "setup"))

from guest import BASH_PROMPT, Failure, Guest, check  # noqa: E402

SKIP = 77
SIZE = (1280, 960)
MIB = 1024


def png(screen, window):
    """A part (x, y, width, height) of the picture in Xvfb's file (XWD format, 32 bits a pixel) as PNG."""
    head = struct.unpack(">25I", screen[:100])
    left, top, width, height = window
    width, height = min(width, head[4] - left), min(height, head[5] - top)
    line, start = head[12], head[0] + head[19] * 12 + left * 4
    rows = bytearray()
    for y in range(top, top + height):
        row = screen[start + y * line:start + y * line + width * 4]
        pixels = bytearray(width * 3)
        pixels[0::3], pixels[1::3], pixels[2::3] = row[2::4], row[1::4], row[0::4]
        rows += b"\0" + pixels

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + chunk(b"IEND", b""))


class Screen:
    """An X server without a display, and what a user does on it."""

    def __init__(self, folder, shots):
        self.file = folder / "Xvfb_screen0"
        self.shots = shots
        reader, writer = os.pipe()
        self.process = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-fbdir", str(folder), "-screen", "0",
                                         f"{SIZE[0]}x{SIZE[1]}x24"], pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as file:
            self.display = ":" + file.readline().strip()

    def xdotool(self, *words):
        return subprocess.run(["xdotool", *map(str, words)], env=os.environ | {"DISPLAY": self.display},
                              capture_output=True, text=True).stdout

    def window(self):
        """Where Ilse's window is: x, y, width, height. It has the keyboard from now on."""
        number = self.xdotool("search", "--onlyvisible", "").split()[-1]
        self.xdotool("windowfocus", number)
        words = dict(re.findall(r"(\w+)=(\d+)", self.xdotool("getwindowgeometry", "--shell", number)))
        return tuple(int(words[key]) for key in ("X", "Y", "WIDTH", "HEIGHT"))

    def shot(self, name):
        if self.shots:
            (self.shots / f"{name}.png").write_bytes(png(self.file.read_bytes(), self.window()))


class Desktop:
    def __init__(self, guest, screen, seconds):
        self.guest, self.screen, self.seconds = guest, screen, seconds

    def ask(self, line):
        """The last line of what a command of the session's user writes."""
        answer = self.guest.run(f"DISPLAY=:0 XAUTHORITY=/home/user/.Xauthority {line}", self.seconds)
        return answer[-1] if answer else ""

    def until(self, what, line, good):
        deadline = time.monotonic() + self.seconds
        while not good(answer := self.ask(line)):
            check(time.monotonic() < deadline, f"{what}: {line} says {answer!r}")
            time.sleep(2)
        return answer

    def pointer(self):
        return tuple(map(int, re.findall(r"[xy]:(\d+)", self.ask("xdotool getmouselocation"))[:2]))

    def point(self, x, y):
        """Moves the host's pointer over that place; the guest's has to follow. How far away it is then, in pixels."""
        left, top, _, _ = self.screen.window()
        self.screen.xdotool("mousemove", left + x, top + y)
        for _ in range(10):
            time.sleep(0.2)
            now = self.pointer()
            away = max(abs(now[0] - x), abs(now[1] - y))
            if away <= 1:
                return away
        raise Failure(f"the pointer is at {now}, not {(x, y)}")

    def point_everywhere(self, columns, rows):
        """The edges and what lies between; the largest difference."""
        width, height = map(int, self.ask("xdotool getdisplaygeometry").split())
        return max(self.point((width - 1) * i // (columns - 1), (height - 1) * j // (rows - 1))
                   for i in range(columns) for j in range(rows))

    def resolution(self, size):
        self.ask(f"xrandr -s {size}")
        self.until("another resolution", "xdotool getdisplaygeometry", lambda a: a == size.replace("x", " "))
        time.sleep(3)


def use(desktop, screen):
    desktop.until("the session does not start", "xdotool search --onlyvisible --class xterm | wc -l", lambda a: a == "1")
    desktop.until("the panel does not start", "xdotool search --onlyvisible --class tint2 | wc -l", lambda a: a >= "1")
    time.sleep(5)
    screen.shot("desktop")
    size = desktop.ask("xdotool getdisplaygeometry")
    screen.window()
    screen.xdotool("type", "--delay", 100, "uname -srmo; free -m; echo $((6*7)) >/tmp/answer")
    screen.xdotool("key", "Return")
    desktop.until("what was typed did not arrive", "cat /tmp/answer 2>/dev/null", lambda a: a == "42")
    screen.shot("typed")
    away = desktop.point_everywhere(7, 5)
    desktop.resolution("800x600")
    away = max(away, desktop.point_everywhere(4, 3))
    desktop.resolution(size.replace(" ", "x"))
    desktop.point(820, 300)
    screen.xdotool("click", 3)
    time.sleep(5)
    screen.shot("menu")
    # The first entry, with the keys: the terminal.
    screen.xdotool("key", "Down")
    screen.xdotool("key", "Return")
    desktop.until("the menu starts no terminal", "xdotool search --onlyvisible --class xterm | wc -l", lambda a: a == "2")
    time.sleep(5)
    screen.shot("terminal")
    return size, away


def beyond_the_guest(pid, guest_mib):
    """MiB resident but for the guest's memory."""
    resident, is_guests = 0, False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        bounds = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
        if bounds:
            is_guests = int(bounds[2], 16) - int(bounds[1], 16) >= guest_mib << 20
        elif line.startswith("Rss:") and not is_guests:
            resident += int(line.split()[1])
    return resident / 1024


def idle(pid, seconds=60):
    """The share of a host's processor that a desktop takes that nobody uses."""
    def ticks():
        return sum(int(word) for word in pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13])
    before = ticks()
    time.sleep(seconds)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK") / seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ilse")
    parser.add_argument("--shots", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=900, help="the limit for each step")
    arguments = parser.parse_args()
    image = TOP / "guests" / "debian-desktop.img"
    if not image.exists() or not shutil.which("Xvfb") or not shutil.which("xdotool"):
        print("desktop: the guest, Xvfb or xdotool is not there: skipped")
        sys.exit(SKIP)
    if arguments.shots:
        arguments.shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        screen = Screen(pathlib.Path(folder), arguments.shots)
        guest = None
        try:
            started = time.monotonic()
            guest = Guest([str(pathlib.Path(arguments.ilse).resolve()), "run", "-m", str(MIB), "-snapshot", "-display", "sdl",
                           "-serial", "stdio", "-hda", str(image)], prompt=BASH_PROMPT, DISPLAY=screen.display)
            guest.wait(BASH_PROMPT, arguments.seconds)
            desktop = Desktop(guest, screen, arguments.seconds)
            size, away = use(desktop, screen)
            print(f"desktop: {size}, {time.monotonic() - started:.0f} s from power-on; the pointer is at most {away} pixels from "
                  f"the host's", flush=True)
            share, resident = idle(guest.process.pid), beyond_the_guest(guest.process.pid, MIB)
            print(f"desktop: idle: {share:.1%} of a core; {resident:.0f} MiB beyond the guest's memory")
            check(share < 0.05, "that is too much for an idle desktop")
            check(resident < 200, "that is too much memory")
            guest.type("systemctl poweroff")
            status = guest.wait_end(arguments.seconds)
            check(status == 0, f"poweroff ends with status {status}")
        except Failure as failure:
            screen.shot("failure")
            print(f"desktop: FAILED: {failure}")
            sys.exit(1)
        finally:
            if guest:
                guest.kill()
            screen.process.kill()
            screen.process.wait()
    print("desktop: all checks passed")


if __name__ == "__main__":
    main()
