#!/usr/bin/env python3
"""What a guest has written and synced is on the host's disk, whichever way the emulator ends.

usage: tests/setup/disk_integrity.py [--mib N] [--kills N] [GUEST]...

1. The guest writes files, syncs and powers off: the host's fsck finds nothing, and the files'
   checksums are those that the guest computed.
2. The emulator is killed (SIGKILL) while the guest writes and syncs file after file: replaying
   the journal makes the file system clean, and every file that was synced is there.
ILSE names another emulator, as for ./run.
"""

import argparse
import hashlib
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile

from guest import BANNER, SERIAL, Failure, Guest, check, copy_partition, fsck, replay_journal

FILE_MIB = 10
SYNCED = re.compile(rb"\nsynced (\d+) ([0-9a-f]{32})\r")


def start(kind, image):
    guest = Guest(["./run", kind, "disk", "--", *SERIAL], ILSE_DISK=str(image))
    guest.wait(BANNER, 600)
    return guest


def md5_inside(partition, path):
    """The checksum of a file in a guest's file system, read on the host."""
    with tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["/sbin/debugfs", "-R", f"dump {path} {copy.name}", partition],
                       check=True, capture_output=True)
        return hashlib.file_digest(copy, "md5").hexdigest()


def check_files(partition, sums):
    for path, expected in sums.items():
        check(md5_inside(partition, path) == expected, f"{path} is not what the guest wrote")


def write_and_power_off(kind, image, mib):
    guest = start(kind, image)
    try:
        guest.run("mkdir /data")
        for number in range(mib // FILE_MIB):
            guest.run(f"dd if=/dev/urandom of=/data/{number} bs=1M count={FILE_MIB} 2>/dev/null", 600)
        lines = guest.run("sync; echo 3 >/proc/sys/vm/drop_caches; md5sum /data/*", 1200)
        sums = {path: digest for digest, path in (line.split() for line in lines)}
        check(len(sums) == mib // FILE_MIB, "not all files were written")
        guest.type("poweroff")
        check(guest.wait_end(120) == 0, "poweroff does not end with status 0")
    finally:
        guest.kill()
    partition = copy_partition(image)
    fsck(partition)
    check_files(partition, sums)


def write_and_kill(kind, image, files):
    guest = start(kind, image)
    try:
        guest.type(f"mkdir -p /k{files}; n=0; while :; do n=$((n + 1)); f=/k{files}/$n; "
                   "dd if=/dev/urandom of=$f bs=64k count=$((n % 13 + 1)) 2>/dev/null; "
                   "s=$(md5sum <$f); sync; echo synced $n ${s%% *}; done")
        guest.wait(re.compile(rb"\nsynced %d " % files), 600)
        guest.process.send_signal(signal.SIGKILL)
        guest.wait_end(10)
    finally:
        guest.kill()
    sums = {f"/k{files}/{number.decode()}": digest.decode() for number, digest in SYNCED.findall(guest.log)}
    check(len(sums) >= files - 1, "too few files were synced")
    partition = copy_partition(image)
    replay_journal(partition)
    fsck(partition)
    check_files(partition, sums)
    return len(sums)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mib", type=int, default=200, help="how much is written before power-off")
    parser.add_argument("--kills", type=int, default=2, help="how often the emulator is killed")
    parser.add_argument("guests", nargs="*", default=["amd64", "i386"])
    arguments = parser.parse_args()
    failed = 0
    for kind in arguments.guests:
        with tempfile.TemporaryDirectory() as folder:
            image = pathlib.Path(folder) / "disk.img"
            try:
                write_and_power_off(kind, image, arguments.mib)
                print(f"{kind}: {arguments.mib} MiB written, powered off: clean and equal", flush=True)
                for _ in range(arguments.kills):
                    count = write_and_kill(kind, image, random.randint(5, 40))
                    print(f"{kind}: killed after {count} synced files: clean and all there", flush=True)
            except Failure as failure:
                failed += 1
                print(f"{kind}: FAILED: {failure}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
