"""What the emulated machines boot: Debian's kernel, an initramfs with the benchmark, an ISO of both."""

import glob
import gzip
import io
import os
import shutil
import stat
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
CACHE = os.path.join(TOP, "guests", "bench")
ISOLINUX = "/usr/lib/ISOLINUX/isolinux.bin"
LDLINUX = "/usr/lib/syslinux/modules/bios/ldlinux.c32"

# Width of the guest: Debian architecture, kernel package, ending of the kernel's version.
KERNELS = {64: ("amd64", "linux-image-amd64", "-amd64"), 32: ("i386", "linux-image-686", "-686")}

# No mitigations: kernels choose them by the processor's name, and the emulated ones differ in that.
# No timer check: it fails where the host is too busy for an emulator to keep wall-clock time.
APPEND = "console=ttyS0,115200 quiet panic=-1 no_timer_check mitigations=off"


class GuestError(Exception):
    pass


def build(directory):
    subprocess.run([os.path.join(HERE, "build"), directory], check=True)


def find_kernel(width):
    """The default guest's kernel, the one downloaded before, or Debian's, downloaded."""
    architecture, _, ending = KERNELS[width]
    default = os.path.join(TOP, "guests", f"debian-{architecture}.vmlinuz")
    if os.path.exists(default):
        return default
    found = glob.glob(os.path.join(CACHE, "vmlinuz*" + ending))
    return sorted(found)[-1] if found else download_kernel(width)


def debian_sources():
    """The host's own sources of Debian, in apt's one-line format."""
    return subprocess.run(["bash", "-c", ". roms/guests/packages.sh; debian_sources"], cwd=TOP, check=True,
                          capture_output=True, text=True).stdout


def download_kernel(width):
    """Gets the kernel package with apt from lists of our own: the user's configuration stays as it is."""
    architecture, package, ending = KERNELS[width]
    print(f"downloading Debian's {package} ({architecture}) ...", flush=True)
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        for folder in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(root, folder))
        open(os.path.join(root, "status"), "w").close()
        with open(os.path.join(root, "sources.list"), "w") as sources:
            sources.write(debian_sources())
        settings = {
            "Dir::Etc::sourcelist": root + "/sources.list", "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::lists": root + "/lists", "Dir::State::status": root + "/status",
            "Dir::Cache": root + "/cache", "APT::Architecture": architecture,
            "APT::Architectures": architecture, "APT::Sandbox::User": "",
        }
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        try:
            subprocess.run(["apt-get", *options, "-qq", "update"], check=True)
            depends = subprocess.run(["apt-cache", *options, "depends", package], check=True,
                                     capture_output=True, text=True).stdout
            image = next(line.split()[1] for line in depends.splitlines() if "Depends: linux-image" in line)
            subprocess.run(["apt-get", *options, "-qq", "download", image], check=True, cwd=root)
            (deb,) = glob.glob(root + "/*.deb")
            subprocess.run(["dpkg-deb", "-x", deb, root + "/tree"], check=True)
        except (subprocess.CalledProcessError, StopIteration, ValueError) as error:
            raise GuestError(f"cannot download {package}; give one with --kernel{width}") from error
        (kernel,) = glob.glob(root + "/tree/boot/vmlinuz*" + ending)
        os.makedirs(CACHE, exist_ok=True)
        return shutil.copy(kernel, CACHE)


def _cpio_entry(out, number, name, mode, data=b"", device=(0, 0)):
    """One entry of the kernel's initramfs format ("newc" in cpio(5)): a header of hex fields, name, data."""
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, device[0], device[1], len(encoded), 0)
    out.write(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded)
    out.write(b"\0" * (-out.tell() % 4))
    out.write(data)
    out.write(b"\0" * (-out.tell() % 4))


def initramfs(path, width, binaries, arguments):
    """Writes an initramfs whose init runs the benchmark with these arguments (none: it only boots)."""
    out = io.BytesIO()
    entries = [("dev", stat.S_IFDIR | 0o755, b"", (0, 0)),
               ("dev/console", stat.S_IFCHR | 0o600, b"", (5, 1))]
    for name, source in (("init", f"init{width}"), ("bench", f"bench{width}")):
        with open(os.path.join(binaries, source), "rb") as file:
            entries.append((name, stat.S_IFREG | 0o755, file.read(), (0, 0)))
    if arguments:
        entries.append(("arguments", stat.S_IFREG | 0o644, " ".join(arguments).encode(), (0, 0)))
    for number, (name, mode, data, device) in enumerate(entries, 1):
        _cpio_entry(out, number, name, mode, data, device)
    _cpio_entry(out, 0, "TRAILER!!!", 0)
    with open(path, "wb") as file:
        file.write(gzip.compress(out.getvalue(), 6, mtime=0))
    return path


def iso(path, kernel, initrd, append):
    """Writes a bootable CD image that starts the kernel at once."""
    for needed in (ISOLINUX, LDLINUX):
        if not os.path.exists(needed):
            raise GuestError(f"{needed} is missing: apt-get install isolinux syslinux-common")
    with tempfile.TemporaryDirectory() as tree:
        for source, name in ((ISOLINUX, "isolinux.bin"), (LDLINUX, "ldlinux.c32"), (kernel, "vmlinuz"),
                             (initrd, "initrd.gz")):
            shutil.copy(source, os.path.join(tree, name))
        with open(os.path.join(tree, "isolinux.cfg"), "w") as config:
            config.write(f"default linux\nprompt 0\nlabel linux\n kernel /vmlinuz\n"
                         f" append initrd=/initrd.gz {append}\n")
        subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-o", path, "-b", "isolinux.bin", "-c", "boot.cat",
                        "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", tree],
                       check=True, stderr=subprocess.DEVNULL)
    return path
