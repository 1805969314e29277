# SPDX-License-Identifier: MIT
"""What the tests of the programs share: running them, and small data sets to run them on.

ASL_BIN is the folder of the built programs, ASL_SOURCE the source tree, and ASL_TEST_DATA the
folder of real pictures (by default ../shared/data beside the source tree)."""

import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

SOURCE = pathlib.Path(os.environ.get("ASL_SOURCE", pathlib.Path(__file__).parents[2])).resolve()
BIN = pathlib.Path(os.environ.get("ASL_BIN", SOURCE / "build" / "bin")).resolve()
DATA = pathlib.Path(os.environ.get("ASL_TEST_DATA") or SOURCE.parent / "shared" / "data")

# What only sanitizer builds read.
os.environ.setdefault("LSAN_OPTIONS",
                      f"suppressions={SOURCE}/tests/programs/lsan.supp:print_suppressions=0")

LABELS = ["A", "B", "space"]
GROUPS = ["ann", "ben", "cid", "dot"]


def skip_all(reason):
    """End the whole test as skipped."""
    print(f"skipped: {reason}")
    sys.exit(77)


def png(width, height, pixel):
    """A PNG file's bytes; pixel(x, y) gives (r, g, b)."""
    rows = b"".join(
        b"\0" + bytes(channel for x in range(width) for channel in pixel(x, y))
        for y in range(height)
    )

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(
            ">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1))
            + chunk(b"IEND", b""))


def picture(label, seed, size=32):
    """A noisy picture with a bright bar whose direction is the label's."""
    noise = random.Random(f"{label} {seed}")
    shift = noise.randrange(size // 4, 3 * size // 4)
    color = [noise.randrange(140, 256) for _ in range(3)]

    def pixel(x, y):
        place = {"A": x, "B": y, "space": (x + y) // 2}.get(label, x)
        if abs(place - shift) < size // 8:
            return color
        return [noise.randrange(0, 90)] * 3

    return png(size, size, pixel)


def make_folder(folder, per_class=8, size=32, labels=LABELS):
    """FOLDER/CLASS/CLASS0001.png and so on."""
    folder = pathlib.Path(folder)
    for label in labels:
        (folder / label).mkdir(parents=True, exist_ok=True)
        for i in range(per_class):
            (folder / label / f"{label}{i:04}.png").write_bytes(picture(label, i, size))
    return folder


def make_csv(folder, per_class=8, size=32, labels=LABELS):
    """As make_folder(), with a data.csv that names four signers in turn."""
    folder = make_folder(folder, per_class, size, labels)
    rows = ["image_path,target,group"]
    for label in labels:
        for i in range(per_class):
            rows.append(f"{label}/{label}{i:04}.png,{label},{GROUPS[i % len(GROUPS)]}")
    (folder / "data.csv").write_text("\n".join(rows) + "\n")
    return folder


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def said(stream):
    """What a program wrote, as text, but for what LeakSanitizer says of a thread that was joined
    and that the kernel has not yet taken away."""
    text = stream.decode() if isinstance(stream, bytes) else stream
    return re.sub(r"^==\d+==Unable to get registers from thread \d+\.\n", "", text, flags=re.M)


class Case(unittest.TestCase):
    """A test with a scratch folder of its own, in which programs run."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="asl-programs-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def run_program(self, program, *arguments, code=0, env=None, stdin=None):
        """Run to the end, and check the exit code and that nothing but text was printed."""
        result = subprocess.run(
            [BIN / program, *map(str, arguments)], cwd=self.folder, env=env, input=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
        result.out = result.stdout.decode()
        result.err = said(result.stderr)
        self.assertEqual(result.returncode, code,
                         f"{program} {arguments}\n{result.out}\n{result.err}")
        for text in (result.out, result.err):
            self.assertFalse([c for c in text if ord(c) < 32 and c != "\n"], repr(text))
        return result

    def run_json(self, program, *arguments, code=0):
        """Run with --json and return the one document."""
        document = json.loads(self.run_program(program, *arguments, "--json", code=code).out)
        self.assertEqual(document["schema"], 1)
        return document

    def levels(self):
        """The instruction sets that --isa takes here, from the plainest on."""
        return self.run_json("asl-info")["isa"]

    def train(self, data, run, *more, code=0):
        """A small training run, quick enough to be one of many."""
        return self.run_program(
            "asl-train", data, "-o", run, "--preset", "tiny", "--size", "32", "--epochs", "2",
            "--batch", "8", "--threads", "1", *more, code=code)
