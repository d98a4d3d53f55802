"""The test pictures that roms/screens.S can draw, and how to make their boot images."""

import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Name: PICTURE, FRAMES.
PICTURES = {
    **{f"mode-{m:02x}": (m, 0) for m in (0, 1, 2, 3, 4, 5, 6, 7, 0xD, 0xE, 0xF, 0x10, 0x11, 0x12, 0x13)},
    # Phases of what blinks: 8 frames each.
    "blink-0": (0x208, 0),
    "blink-1": (0x208, 8),
    "blink-2": (0x208, 16),
    "text-split": (0x200, 0),
    "planar-split": (0x201, 0),
    "text-8-lines": (0x202, 0),
    "raster": (0x203, 0),
    "mode-x": (0x204, 0),
    "row-per-line": (0x207, 0),
    "vbe-640x480x8": (0x101, 0),
    "vbe-640x480x15": (0x110, 0),
    "vbe-640x480x16": (0x111, 0),
    "vbe-640x480x24": (0x112, 0),
    "vbe-640x480x32": (0x142, 0),
    "vbe-8-bit-dac": (0x205, 0),
    "vbe-panning": (0x206, 0),
    "vbe-1024x768x8": (0x105, 0),
    "vbe-1024x768x16": (0x117, 0),
    "vbe-1280x1024x24": (0x11B, 0),
    "vbe-1280x1024x32": (0x145, 0),
}


def make_image(name, path):
    """A disk image of 1 MiB that boots into the picture."""
    picture, frames = PICTURES[name]
    with tempfile.TemporaryDirectory() as folder:
        object_file, linked = f"{folder}/screen.o", f"{folder}/screen.elf"
        subprocess.run(["cc", "-m32", "-c", "-x", "assembler-with-cpp", f"-DPICTURE={picture}", f"-DFRAMES={frames}",
                        "-Wa,--fatal-warnings", "-o", object_file, ROOT / "roms/screens.S"], check=True)
        subprocess.run(["ld", "-m", "elf_i386", "-Ttext=0x7C00", "-e", "start", "-o", linked, object_file], check=True)
        subprocess.run(["objcopy", "-O", "binary", "-j", ".text", linked, path], check=True)
    with open(path, "r+b") as file:
        file.truncate(1 << 20)


def read_png(path):
    """Width, height and the RGB bytes of a PNG with 8 bits a channel and no interlacing."""
    import struct
    import zlib

    data = pathlib.Path(path).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, packed, palette = 8, b"", b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            assert depth == 8 and interlaced == 0 and colour in (2, 3, 6), path
        elif kind == b"PLTE":
            palette = body
        elif kind == b"IDAT":
            packed += body
        at += 12 + size
    channels = {2: 3, 3: 1, 6: 4}[colour]
    raw, pitch = zlib.decompress(packed), width * channels
    before, rows = bytearray(pitch), []
    for y in range(height):
        how, line = raw[y * (pitch + 1)], bytearray(raw[y * (pitch + 1) + 1 : (y + 1) * (pitch + 1)])
        if how == 1:
            for i in range(channels, pitch):
                line[i] = line[i] + line[i - channels] & 255
        elif how == 2:
            line = bytearray(a + b & 255 for a, b in zip(line, before))
        elif how in (3, 4):
            for i in range(pitch):
                left = line[i - channels] if i >= channels else 0
                up = before[i]
                if how == 3:
                    line[i] = line[i] + (left + up) // 2 & 255
                    continue
                corner = before[i - channels] if i >= channels else 0
                guess = left + up - corner
                distances = (abs(guess - left), abs(guess - up), abs(guess - corner))
                line[i] = line[i] + (left, up, corner)[distances.index(min(distances))] & 255
        before = line
        rows.append(bytes(line))
    pixels = b"".join(rows)
    if colour == 3:
        pixels = b"".join(palette[3 * p : 3 * p + 3] for p in pixels)
    elif colour == 6:
        pixels = b"".join(pixels[i : i + 3] for i in range(0, len(pixels), 4))
    return width, height, pixels


def read_ppm(path):
    data = pathlib.Path(path).read_bytes()
    fields = data.split(maxsplit=4)
    assert fields[0] == b"P6" and fields[3] == b"255", path
    width, height = int(fields[1]), int(fields[2])
    return width, height, data[-3 * width * height :]


def coarse(picture, name):
    """Without the lowest bits of each channel where the guest gives only five or six, which are spread to eight in
    more than one way."""
    full = name.startswith("vbe") and not name.endswith("x8") and not name.endswith("x15")
    mask = 0xFF if full else 0xF8 if name.endswith("x15") else 0xFC
    return *picture[:2], picture[2].translate(bytes(v & mask for v in range(256)))


def differing(a, b):
    """The number of pixels that differ, and the first of them."""
    if a[:2] != b[:2]:
        return -1, None
    first, count = None, 0
    for y in range(a[1]):
        row = slice(3 * y * a[0], 3 * (y + 1) * a[0])
        if a[2][row] == b[2][row]:
            continue
        for x in range(a[0]):
            i = row.start + 3 * x
            if a[2][i : i + 3] != b[2][i : i + 3]:
                count += 1
                first = first or (x, y)
    return count, first
