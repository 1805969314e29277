# SPDX-License-Identifier: MIT
"""Measures the built-in hand finder, and what reading the hand that it found is worth.

    PYTHONPATH=bindings/python LIBASL_LIBRARY=build/lib/libasl.so.1 \\
        python3 docs/accuracy/finding.py BIN WORK DATA...

BIN has the programs. WORK receives pictures of rendered signers whom neither network has learned
from. DATA are folders of real pictures with one folder per class, to be read as well. The figures
go to finding.json.
"""

from __future__ import annotations

import csv
import json
import pathlib
import subprocess
import sys
from typing import Any, Iterator, Optional

import libasl
from figures import HERE, MOVEMENTS, mean

FRAMES = ["--plain", "--count", "1500", "--size", "320", "--signers", "300", "--seed", "900"]
HANDS = ["--per-class", "60", "--size", "320", "--signers", "0", "--seed", "901"]
LEAST = (0.0, 0.15, 0.25, 0.4, 0.6)  # The longer side of a hand, as a share of the picture's.
Box = tuple[float, float, float, float]  # x, y, width, height


def rows(path: pathlib.Path) -> Iterator[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(wide, 0.0) * max(high, 0.0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def square(x: float, y: float, side: float) -> Box:
    return x - side / 2, y - side / 2, side, side


def bin_of(share: float) -> int:
    return max(i for i, least in enumerate(LEAST) if share >= least)


def find_all(finder: libasl.Finder, folder: pathlib.Path) -> dict[str, Any]:
    """How often, and how well, hands of all sizes are found in frames of a camera."""
    sizes: list[list[tuple[bool, float, float]]] = [[] for _ in LEAST]
    empty = []
    for row in rows(folder / "data.csv"):
        with libasl.Image(folder / row["image_path"]) as picture:
            hand = finder.find(picture)
            longest = max(picture.width, picture.height)
        if not row["x"]:
            empty.append(hand.found)
            continue
        x, y, wide, high = (float(row[key]) for key in ("x", "y", "width", "height"))
        side = max(wide, high)
        true = square(x + wide / 2, y + high / 2, side)
        distance, shared = 1.0, 0.0
        if hand.found and hand.x is not None and hand.y is not None and hand.side is not None:
            distance = ((hand.x - x - wide / 2) ** 2 + (hand.y - y - high / 2) ** 2) ** 0.5 / side
            shared = overlap(true, square(hand.x, hand.y, hand.side))
        sizes[bin_of(side / longest)].append((hand.found, distance, shared))
    return {"sizes": [{"n": len(hands), "found": mean(float(h[0]) for h in hands),
                       "centre": mean(h[1] for h in hands if h[0]),
                       "overlap": mean(h[2] for h in hands if h[0])} for hands in sizes],
            "empty": len(empty), "false": mean(float(found) for found in empty)}


class Reader:
    """The built-in models, and three ways to read a letter: from the whole picture, from what is
    found in it, and from both as the model asks."""

    ways = ("whole", "found", "both")

    def __init__(self) -> None:
        with libasl.Model.builtin("hands") as places, libasl.Model.builtin() as model:
            self.finder = libasl.Finder(places)
            self.once = libasl.Inferer(model, crops=1)
            self.twice = libasl.Inferer(model)

    def read(self, path: pathlib.Path, label: str) -> list[bool]:
        """Which ways are right."""
        with libasl.Image(path) as picture:
            whole = self.once.classify(picture).label
            box = self.finder.find(picture).box
            found = self.once.classify(picture, region=box).label if box else whole
            both = self.twice.classify(picture).label
            return [answer == label for answer in (whole, found, both)]


def shares(read_right: list[list[bool]]) -> dict[str, Optional[float]]:
    return {"n": len(read_right),
            **{way: mean(float(right[i]) for right in read_right)
               for i, way in enumerate(Reader.ways)}}


def read_rendered(reader: Reader, folder: pathlib.Path,
                  joints: pathlib.Path) -> list[dict[str, Optional[float]]]:
    sizes: list[list[list[bool]]] = [[] for _ in LEAST]
    size = float(HANDS[HANDS.index("--size") + 1])
    for row in rows(joints):
        label = row["image_path"].split("/")[0]
        if len(label) > 1 or label in MOVEMENTS:
            continue
        xs, ys = ([float(row[f"{axis}{i}"]) for i in range(21)] for axis in "xy")
        share = max(max(xs) - min(xs), max(ys) - min(ys)) / size
        sizes[bin_of(share)].append(reader.read(folder / row["image_path"], label))
    return [shares(right) for right in sizes]


def read_real(reader: Reader, folder: pathlib.Path) -> dict[str, Optional[float]]:
    """At most twenty pictures of each letter."""
    right = []
    for kind in sorted(folder.iterdir()):
        if kind.is_dir() and len(kind.name) == 1 and kind.name not in MOVEMENTS:
            paths = sorted(kind.iterdir())
            right += [reader.read(path, kind.name) for path in paths[::-(-len(paths) // 20)]]
    return shares(right)


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    programs, work, data = pathlib.Path(arguments[0]), pathlib.Path(arguments[1]), arguments[2:]
    frames, hands, joints = work / "frames", work / "hands-of-all-sizes", work / "joints.csv"
    subprocess.run([programs / "asl-frames", frames, *FRAMES, "--force", "-q"], check=True)
    subprocess.run([programs / "asl-synth", hands, *HANDS, "--landmarks", joints, "--force", "-q"],
                   check=True)
    reader = Reader()
    figures = {"least": LEAST, **find_all(reader.finder, frames),
               "rendered": read_rendered(reader, hands, joints),
               "real": {pathlib.Path(name).name: read_real(reader, pathlib.Path(name))
                        for name in data}}
    text = json.dumps(figures, indent=1, sort_keys=True)
    (HERE / "finding.json").write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
