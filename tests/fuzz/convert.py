# SPDX-License-Identifier: MIT
"""Fuzzes the reader of .pth files (libasl.convert) with nothing but Python.

    convert.py --seconds N [--findings FOLDER]   mutates the corpus for so long
    convert.py --replay                          runs the corpus, and each file cut and changed
    convert.py --seeds                           writes the corpus anew

An input is a whole file. Whatever is not converted must be refused with DataError and one line of
text; any other exception is a finding, and so is more than 256 MB of memory or a second of
processor time. Inputs whose outcome is new are kept and mutated further. Numbers are drawn from
--seed."""

import argparse
import io
import os
import random
import re
import resource
import struct
import sys
import time
import traceback
import warnings
import zipfile
from collections import OrderedDict

from libasl import convert

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "corpus", "convert")

MOST_BYTES, MOST_SECONDS, MOST_KEPT = 256 << 20, 1.0, 2000

# The network whose weights are asked for, made small enough that a whole file is a kilobyte.
convert.SHAPES = {
    "conv1.weight": (2, 1, 1, 1), "conv1.bias": (2,),
    "fc2.weight": (None, 2), "fc2.bias": (None,),
}  # fmt: skip
LABELS = ["A", "B"]

# Opcodes with their arguments, and what a state dict is made of.
WORDS = [
    *(bytes([byte]) for byte in b"()}]NRbeotua0.\x85\x86\x87\x88\x89\x8f\x90\x91\x93\x94QI"),
    b"K\x01", b"M\x00\x01", b"J\xff\xff\xff\xff", b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"X\x07\x00\x00\x00storage", b"\x8c\x01A", b"h\x00", b"q\x00", b"r\x00\x00\x00\x00",
    b"ccollections\nOrderedDict\n", b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch._utils\n_rebuild_parameter\n", b"ctorch\nFloatStorage\n", b"ctorch\nHalfStorage\n",
    b"cos\nsystem\n", b"I9999999999\n", b"L1L\n", b"F1e999\n", b"S'\\x'\n", b"V\\u12\n",
    b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"data.pkl", b"byteorder",
    b"fc2.weight", b"module.", b"state_dict", struct.pack("<q", 2), struct.pack("<q", 1 << 40),
]  # fmt: skip


def read_corpus():
    contents = []
    for name in sorted(os.listdir(CORPUS)):
        with open(os.path.join(CORPUS, name), "rb") as file:
            contents.append(file.read())
    return contents


def change(data, others, draw):
    """A few changes to bytes."""
    data = bytearray(data)
    for _ in range(1 << draw.randrange(4)):
        at = draw.randrange(len(data) + 1)
        end = min(len(data), at + (1 << draw.randrange(7)))
        kind = draw.randrange(8)
        if kind == 0 and data:
            data[at - 1] = draw.randrange(256)
        elif kind == 1 and data:
            data[at - 1] ^= 1 << draw.randrange(8)
        elif kind == 2:
            del data[at:end]
        elif kind == 3:
            data[at:at] = draw.choice(WORDS)
        elif kind == 4:
            word = draw.choice(WORDS)
            data[at : at + len(word)] = word
        elif kind == 5:
            data[at:at] = data[at:end] * draw.choice((1, 2, 50))
        elif kind == 6:
            other = draw.choice(others)
            begin = draw.randrange(len(other) + 1)
            data[at:end] = other[begin : begin + (1 << draw.randrange(8))]
        else:
            data[at:] = b"" if draw.randrange(8) else data[at : at + 1] * 1000
    return bytes(data[: 1 << 16])


def change_inside(data, others, draw):
    """Changes an entry of an archive, whose checksum would give it away otherwise."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [(info, archive.read(info)) for info in archive.infolist()]
    except Exception:  # a damaged archive: as bytes, then
        return change(data, others, draw)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for info, content in entries:
            if info.filename.endswith(".pkl") or draw.randrange(8) == 0:
                content = change(content, others, draw)
            archive.writestr(info.filename, content, draw.choice((0, 0, 8, 12, 14)))
    return stream.getvalue()


def outcome(data):
    """What became of an input, in words without its numbers and names; raises on a finding."""
    before = time.process_time()
    try:
        convert.convert(data, LABELS)
        said = "converted"
    except convert.DataError as error:
        said = str(error)
        if not said or len(said) > convert.MAX_MESSAGE + 3:
            raise AssertionError("the message is empty or endless") from error
    if time.process_time() - before > MOST_SECONDS:
        raise AssertionError("took more than a second")
    return re.sub(r"b?['\"].*|\d+|\[.*", "#", said)


def is_fine(data, folder):
    try:
        outcome(data)
        return True
    except Exception:
        name = os.path.join(folder, f"convert-{random.Random(data).getrandbits(64):016x}")
        with open(name, "wb") as file:
            file.write(data)
        traceback.print_exc(file=sys.stdout)
        print(f"finding: written to {name}")
        return False


def fuzz(seconds, seed, folder):
    draw = random.Random(seed)
    kept = read_corpus()
    seen = {outcome(data) for data in kept}
    end = time.monotonic() + seconds
    runs, findings = len(kept), 0
    while time.monotonic() < end and findings == 0:
        base = draw.choice(kept)
        inside = base.startswith(b"PK") and draw.randrange(4) > 0
        data = (change_inside if inside else change)(base, kept, draw)
        runs += 1
        try:
            said = outcome(data)
        except Exception:
            findings += not is_fine(data, folder)
            continue
        if (said not in seen or draw.randrange(5000) == 0) and len(kept) < MOST_KEPT:
            seen.add(said)
            kept.append(data)
    print(f"stat::number_of_executed_units: {runs}")
    print(f"outcomes: {len(seen)}")
    return findings


def replay(folder):
    runs = findings = 0
    for data in read_corpus():
        middle = len(data) // 2
        turned = data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :] if data else b""
        for case in (data, data[:middle], turned):
            runs += 1
            findings += not is_fine(case, folder)
    print(f"count: {runs} inputs replayed, {findings} findings")
    return findings


def write_seeds():
    """State dicts of the small network, through the stand-ins of the converter's own test."""
    sys.path.insert(0, os.path.join(HERE, "../unit/model"))
    import test_convert as made

    seeds = {}
    for kind in ("FloatStorage", "HalfStorage"):
        state = made.state_dict(kind, len(LABELS))
        seeds[f"zip_{kind}"] = made.zip_bytes(state)
        seeds[f"stream_{kind}"] = made.stream_bytes(state)
    state = made.state_dict("DoubleStorage", len(LABELS))
    wrapped = {"epoch": 1, "state_dict": OrderedDict(("module." + n, t) for n, t in state.items())}
    seeds["zip_wrapped"] = made.zip_bytes(wrapped, 4, compression=zipfile.ZIP_DEFLATED)
    seeds["zip_parameters"] = made.zip_bytes(
        {n: made.Parameter(t) for n, t in state.items()}, 2, [("archive/byteorder", b"little")]
    )
    os.makedirs(CORPUS, exist_ok=True)
    for name, data in seeds.items():
        with open(os.path.join(CORPUS, name), "wb") as file:
            file.write(data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="default: a new one each time")
    parser.add_argument("--findings", default=".")
    parser.add_argument("--replay", action="store_true")
    parser.add_argument("--seeds", action="store_true")
    options = parser.parse_args()
    if options.seeds:
        write_seeds()
        return 0
    warnings.simplefilter("ignore")  # pickletools warns of escapes that do not exist
    now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MOST_BYTES, resource.RLIM_INFINITY))
    if options.replay:
        return 1 if replay(options.findings) else 0
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    print(f"seed: {seed}")
    return 1 if fuzz(options.seconds, seed, options.findings) else 0


if __name__ == "__main__":
    sys.exit(main())
