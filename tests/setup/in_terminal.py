#!/usr/bin/env python3
"""Runs a command in a terminal of its own, waits for a text, types a line, waits for the end.

usage: tests/setup/in_terminal.py [--seconds N] TEXT LINE COMMAND...

Exits with the command's status, or with 1 if the text does not come in time. What the command
writes goes to standard output.
"""

import argparse
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

# Sequences that move the cursor or set colours, which may stand inside a text on the screen.
ESCAPE = re.compile(rb"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78])")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("text")
    parser.add_argument("line")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()

    child, terminal = pty.fork()
    if child == 0:
        os.execvp(arguments.command[0], arguments.command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    deadline = time.monotonic() + arguments.seconds
    output = b""
    typed = False
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:  # the other side is closed
                data = b""
            if not data:
                status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                if not typed:
                    print(f"\nended with status {status} without {arguments.text!r}", file=sys.stderr)
                sys.exit(status if typed else status or 1)
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
            output += data
        if not typed and arguments.text.encode() in ESCAPE.sub(b"", output):
            time.sleep(1)
            # A key at a time, as a person types, with the key that ends a line.
            for key in arguments.line.encode() + b"\r":
                os.write(terminal, bytes([key]))
                time.sleep(0.05)
            typed = True
    print(f"\nno {arguments.text!r} and end within {arguments.seconds:.0f} s", file=sys.stderr)
    os.kill(child, 9)
    sys.exit(1)


if __name__ == "__main__":
    main()
