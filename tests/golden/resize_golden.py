#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/unit/image/resize_golden.inc: what OpenCV makes of synthetic pictures.

Run by hand, once, with OpenCV (made with Debian's python3-opencv 4.6.0):
    python3 tests/golden/resize_golden.py tests/unit/image/resize_golden.inc
The pictures come from make_pixel(), which test_resize.c repeats.
"""
import sys

import cv2
import numpy

# source width and height, output width and height, every how many output rows are kept
LINEAR = [
    (7, 5, 13, 11, 1),
    (13, 11, 7, 6, 1),
    (5, 3, 5, 9, 1),
    (1, 7, 1, 15, 1),
    (7, 1, 20, 1, 1),
    (1, 1, 4, 4, 1),
    (17, 13, 16, 12, 1),
    (24, 20, 12, 10, 1),
    (200, 1, 301, 1, 1),  # weights that lie halfway between two steps
    (1, 51, 1, 301, 1),
    (90, 10, 30, 9, 1),
    (64, 64, 224, 224, 61),
    (200, 200, 224, 224, 73),
]
AREA = [
    (224, 224, 64, 64, 13),
    (200, 200, 64, 64, 17),
    (30, 20, 10, 5, 1),
    (33, 29, 10, 9, 1),
    (100, 90, 7, 11, 1),
    (9, 9, 1, 1, 1),
]


def make_pixel(x, y, c):
    """Noise on even channels of a gradient, gradient alone on the odd one."""
    noise = (x * 73856093 ^ y * 19349663 ^ c * 83492791) & 0xFFFFFFFF
    noise = (noise ^ noise >> 13) * 0x5BD1E995 & 0xFFFFFFFF
    noise = (noise ^ noise >> 15) & 255
    return (x * 5 + y * 3) & 255 if c == 1 else noise


def make_picture(width, height):
    return numpy.array(
        [[[make_pixel(x, y, c) for c in range(3)] for x in range(width)] for y in range(height)],
        dtype=numpy.uint8)


def main():
    cases = []
    lines = ["/* SPDX-License-Identifier: MIT */",
             "/* Written by tests/golden/resize_golden.py with OpenCV %s. */" % cv2.__version__]
    for name, flag, table in (("LINEAR", cv2.INTER_LINEAR, LINEAR), ("AREA", cv2.INTER_AREA, AREA)):
        for from_w, from_h, to_w, to_h, step in table:
            out = cv2.resize(make_picture(from_w, from_h), (to_w, to_h), interpolation=flag)
            out = out.reshape(to_h, to_w, 3)[::step].flatten()
            label = "golden_%s_%dx%d_%dx%d" % (name.lower(), from_w, from_h, to_w, to_h)
            lines.append("static const uint8_t %s[] = {" % label)
            for i in range(0, len(out), 24):
                lines.append("    " + ",".join(str(v) for v in out[i:i + 24]) + ",")
            lines.append("};")
            cases.append("    {%d, %d, %d, %d, %d, %s}," %
                         (from_w, from_h, to_w, to_h, step, label))
    lines.append("static const struct golden {")
    lines.append("    int32_t from_width, from_height, width, height, row_step;")
    lines.append("    const uint8_t *rows;")
    lines.append("} goldens[] = {")
    lines += cases + ["};", ""]
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write("\n".join(lines))


if __name__ == "__main__":
    main()
