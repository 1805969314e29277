#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/unit/image/seeds.inc: small synthetic files of every kind that is read or refused.

Run by hand, once, with Pillow (made with Debian's python3-pil 9.4.0):
    python3 tests/golden/image_golden.py tests/unit/image/seeds.inc
PNG files are put together here, since Pillow writes only some of their kinds; the pixels expected
of them are computed here too and compared with Pillow's. JPEG files and their pixels are Pillow's
(libjpeg-turbo).
"""
import io
import struct
import sys
import zlib

from PIL import Image

WIDTH, HEIGHT = 11, 9  # odd, and of every Adam7 pass at least one pixel
COLOURS = [(10 + 40 * i % 246, 250 - 31 * i % 240, 90 * i % 256) for i in range(9)]
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
          (0, 1, 1, 2)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def noise(x, y, c):
    value = (x * 73856093 ^ y * 19349663 ^ c * 83492791) & 0xFFFFFFFF
    value = (value ^ value >> 13) * 0x5BD1E995 & 0xFFFFFFFF
    return (value ^ value >> 15) & 0xFFFF


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


def sample(x, y, c, colour, depth):
    value = noise(x, y, c) >> (16 - depth)
    return value % len(COLOURS) if colour == 3 else value


def pack_row(values, depth):
    bits = "".join(format(v, "0%db" % depth) for v in values)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def filter_row(row, above, kind, bpp):
    out = bytearray([kind])
    for i, value in enumerate(row):
        a = row[i - bpp] if i >= bpp else 0
        b = above[i]
        c = above[i - bpp] if i >= bpp else 0
        distance = [abs(b - c), abs(a - c), abs(a + b - 2 * c)]
        paeth = (a, b, c)[distance.index(min(distance))]
        out.append((value - (0, a, b, (a + b) // 2, paeth)[kind]) & 255)
    return bytes(out)


def make_png(colour, depth, interlaced=False, transparency=None):
    data = b""
    bpp = max(1, CHANNELS[colour] * depth // 8)
    for x0, y0, dx, dy in PASSES if interlaced else [(0, 0, 1, 1)]:
        above = None
        for y in range(y0, HEIGHT, dy):
            values = [sample(x, y, c, colour, depth)
                      for x in range(x0, WIDTH, dx) for c in range(CHANNELS[colour])]
            row = pack_row(values, depth)
            data += filter_row(row, above or bytes(len(row)), y % 5, bpp)
            above = row
    packed = zlib.compress(data, 9)
    half = len(packed) // 2
    out = b"\x89PNG\r\n\x1a\n"
    out += chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, interlaced))
    if colour == 3:
        out += chunk(b"PLTE", bytes(v for c in COLOURS for v in c))
    if transparency is not None:
        out += chunk(b"tRNS", transparency)
    out += chunk(b"tEXt", b"Comment\0synthetic")
    out += chunk(b"IDAT", packed[:half]) + chunk(b"IDAT", packed[half:])
    return out + chunk(b"IEND", b"")


def png_pixels(colour, depth, transparency=None):
    """R,G,B as the library documents it: high byte of 16 bits, alpha composed over black."""
    out = []
    for y in range(HEIGHT):
        for x in range(WIDTH):
            raw = [sample(x, y, c, colour, depth) for c in range(CHANNELS[colour])]
            if colour == 3:
                rgb = list(COLOURS[raw[0]])
                table = transparency or b""
                alpha = table[raw[0]] if raw[0] < len(table) else 255
            else:
                scaled = [v >> 8 if depth == 16 else v * 255 // ((1 << depth) - 1) for v in raw]
                rgb = scaled[:3] if colour & 2 else scaled[:1] * 3
                alpha = scaled[-1] if colour & 4 else 255
                if transparency is not None and pack_key(raw) == transparency:
                    alpha = 0
            out += [(v * alpha + 127) // 255 for v in rgb]
    return bytes(out)


def pack_key(raw):
    return b"".join(struct.pack(">H", v) for v in raw)


def check_with_pillow(name, data, pixels):
    picture = Image.open(io.BytesIO(data))
    if picture.mode.startswith("I"):
        theirs = bytes(v >> 8 for v in picture.getdata() for _ in range(3))
    else:
        theirs = bytearray()
        for r, g, b, a in picture.convert("RGBA").getdata():
            theirs += bytes((v * a + 127) // 255 for v in (r, g, b))
    assert bytes(theirs) == pixels, name


def smooth_picture(mode):
    picture = Image.new("RGB", (19, 17))
    picture.putdata([(x * 12, y * 14, 255 - x * 6 - y * 6) for y in range(17) for x in range(19)])
    return picture.convert(mode)


def make_jpeg(mode, **options):
    out = io.BytesIO()
    smooth_picture(mode).save(out, "JPEG", quality=90, optimize=True, **options)
    return out.getvalue()


def other(kind, **options):
    out = io.BytesIO()
    Image.new("RGB", (3, 2), (9, 99, 199)).save(out, kind, **options)
    return out.getvalue()


def array(name, data):
    lines = ["static const uint8_t %s[] = {" % name]
    for i in range(0, len(data), 24):
        lines.append("    " + ",".join(str(v) for v in data[i:i + 24]) + ",")
    return lines + ["};"]


def main():
    key = pack_key([sample(4, 3, c, 2, 8) for c in range(3)])
    pngs = {
        "grey1": (0, 1), "grey2": (0, 2), "grey4": (0, 4), "grey8": (0, 8), "grey16": (0, 16),
        "rgb8": (2, 8), "rgb16": (2, 16), "palette4": (3, 4), "palette8": (3, 8),
        "grey_alpha8": (4, 8), "rgba8": (6, 8), "rgba16": (6, 16),
    }
    files = []
    for name, (colour, depth) in pngs.items():
        files.append((name, make_png(colour, depth), png_pixels(colour, depth)))
    files.append(("rgb8_interlaced", make_png(2, 8, True), png_pixels(2, 8)))
    files.append(("grey2_interlaced", make_png(0, 2, True), png_pixels(0, 2)))
    files.append(("rgb8_key", make_png(2, 8, False, key), png_pixels(2, 8, key)))
    alphas = bytes([0, 128, 255, 30])
    files.append(("palette4_alpha", make_png(3, 4, False, alphas), png_pixels(3, 4, alphas)))
    for name, data, pixels in files:
        check_with_pillow(name, data, pixels)
    files = [("png_" + name, data, pixels, WIDTH, HEIGHT) for name, data, pixels in files]

    for name, data in (("baseline", make_jpeg("RGB", subsampling=0)),
                       ("baseline_420", make_jpeg("RGB", subsampling=2)),
                       ("progressive", make_jpeg("RGB", subsampling=0, progressive=True)),
                       ("progressive_420", make_jpeg("RGB", subsampling=2, progressive=True)),
                       ("grey", make_jpeg("L"))):
        files.append(("jpeg_" + name, data,
                      Image.open(io.BytesIO(data)).convert("RGB").tobytes(), 19, 17))

    lines = ["/* SPDX-License-Identifier: MIT */",
             "/* Written by tests/golden/image_golden.py. */"]
    for name, data, pixels, _, _ in files:
        lines += array("seed_" + name, data) + array("pixels_" + name, pixels)
    lines += ["static const struct seed {", "    const char *name;", "    const uint8_t *data;",
              "    size_t size;", "    const uint8_t *pixels;", "    int32_t width, height;",
              "} seeds[] = {"]
    lines += ['    {"%s", seed_%s, sizeof seed_%s, pixels_%s, %d, %d},' % (n, n, n, n, w, h)
              for n, _, _, w, h in files] + ["};"]
    foreign = [("GIF", other("GIF")), ("WebP", other("WEBP", lossless=True)), ("BMP", other("BMP")),
               ("TIFF", other("TIFF")), ("TGA", other("TGA")), ("PPM", other("PPM")),
               ("CMYK", make_jpeg("CMYK"))]
    for name, data in foreign:
        lines += array("foreign_" + name, data)
    lines += ["static const struct foreign {", "    const char *name;",
              "    const uint8_t *data;", "    size_t size;", "} foreigns[] = {"]
    lines += ['    {"%s", foreign_%s, sizeof foreign_%s},' % (n, n, n) for n, _ in foreign]
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write("\n".join(lines + ["};", ""]))


if __name__ == "__main__":
    main()
