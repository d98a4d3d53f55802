#!/usr/bin/env python3
"""Runs a command in a terminal of its own, waits for a text, types a line, waits for the end.

usage: tests/setup/in_terminal.py [--seconds N] [--pipe] TEXT LINE COMMAND...

With --pipe the command has pipes instead of a terminal.

Exits with the command's status, or with 1 if the text does not come in time. What the command
writes goes to standard output.
"""

import argparse
import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

# A sequence with a meaning to the terminal, or one character.
TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b[()][A-Z0-9]|\x1b[=>78]|([^\x1b])", re.DOTALL)
LINES, COLUMNS = 40, 120


class Screen:
    """What a terminal shows: a text may be painted in pieces, around what was on the screen before."""

    def __init__(self):
        self.lines = [[" "] * COLUMNS for _ in range(LINES)]
        self.row = self.column = 0

    def text(self):
        return "\n".join("".join(line) for line in self.lines)

    def feed(self, text):
        """Shows a text; returns its end if that is the beginning of a sequence."""
        start = text.rfind("\x1b")
        if start >= 0 and not re.match(TOKEN, text[start:]):
            text, rest = text[:start], text[start:]
        else:
            rest = ""
        for token in TOKEN.finditer(text):
            arguments, command, character = token.groups()
            if command == "H":
                row, _, column = arguments.partition(";")
                self.row, self.column = min(int(row or 1), LINES) - 1, min(int(column or 1), COLUMNS) - 1
            elif command == "J":
                self.lines = [[" "] * COLUMNS for _ in range(LINES)]
            elif command == "K":
                self.lines[self.row][self.column:] = [" "] * (COLUMNS - self.column)
            elif character == "\r":
                self.column = 0
            elif character == "\n":
                self.row += 1
                if self.row == LINES:
                    self.lines = [*self.lines[1:], [" "] * COLUMNS]
                    self.row -= 1
            elif character is not None and character >= " ":
                self.lines[self.row][self.column] = character
                self.column = min(self.column + 1, COLUMNS - 1)
        return rest


def start_in_terminal(command):
    """The process, and the file descriptors of its output and its input."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))

    def take_terminal():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs,
                               start_new_session=True, preexec_fn=take_terminal)
    os.close(theirs)
    return process, ours, ours


def start_on_pipes(command):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return process, process.stdout.fileno(), process.stdin.fileno()


def read(descriptor):
    """What is there to read; nothing at the end."""
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how a terminal ends
        return b""


def converse(output, keys, text, line, deadline):
    """Types the line after the text; returns whether the text came, at the end of the output."""
    screen = Screen()
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    typed = False
    while time.monotonic() < deadline:
        if select.select([output], [], [], 1)[0]:
            data = read(output)
            if not data:
                return typed
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
            rest = screen.feed(rest + decoder.decode(data))
        if not typed and text in screen.text():
            time.sleep(1)
            # A key at a time, as a person types, with the key that ends a line.
            for key in line.encode() + b"\r":
                os.write(keys, bytes([key]))
                time.sleep(0.05)
            typed = True
    raise TimeoutError


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--pipe", action="store_true")
    parser.add_argument("text")
    parser.add_argument("line")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    start = start_on_pipes if arguments.pipe else start_in_terminal
    process, output, keys = start(arguments.command)
    try:
        came = converse(output, keys, arguments.text, arguments.line, time.monotonic() + arguments.seconds)
        status = process.wait(timeout=60)
    except (TimeoutError, subprocess.TimeoutExpired):
        print(f"\nno {arguments.text!r} and end within {arguments.seconds:.0f} s", file=sys.stderr)
        process.kill()
        sys.exit(1)
    if not came:
        print(f"\nended with status {status} without {arguments.text!r}", file=sys.stderr)
        sys.exit(status or 1)
    sys.exit(status)


if __name__ == "__main__":
    main()
