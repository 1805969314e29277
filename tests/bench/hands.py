#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How well a hand finder finds hands, and whether that helps to read them.

    tests/bench/hands.py [--build build] [--finder MODEL] [--model MODEL] TABLE...

A TABLE is a data.csv of asl-frames (--plain), with boxes in pixels, or a table of photographs as
asl-frames takes it, with boxes in parts of the picture and, where there is no hand, none. Pictures
in folders called A to Z are also read, whole and where the hand was found; J and Z are left out.
Prints a table in Markdown. A tool to run by hand: it takes minutes."""

import argparse
import csv
import json
import math
import pathlib
import statistics
import subprocess

MOST = 500  # pictures in one command line
LETTERS = set("ABCDEFGHIKLMNOPQRSTUVWXY")


def jpeg_size(path):
    """Width and height."""
    data = path.read_bytes()
    at = 2
    while not 0xC0 <= data[at + 1] <= 0xC2:
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return int.from_bytes(data[at + 7:at + 9], "big"), int.from_bytes(data[at + 5:at + 7], "big")


def read_table(path):
    """(picture, (centre x, centre y, side) in pixels or None) of each row."""
    rows = []
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            picture = path.parent / row["image_path"]
            if "cx" in row and row["cx"]:
                width, height = jpeg_size(picture)
                box = (float(row["cx"]) * width, float(row["cy"]) * height,
                       max(float(row["w"]) * width, float(row["h"]) * height))
            elif row.get("x"):
                x, y, width, height = (float(row[key]) for key in ("x", "y", "width", "height"))
                box = (x + width / 2, y + height / 2, max(width, height))
            else:
                box = None
            rows.append((picture, box))
    return rows


def classify(arguments, pictures):
    """The program's answer for each picture."""
    answers = []
    for at in range(0, len(pictures), MOST):
        done = subprocess.run([*arguments, "--json", *pictures[at:at + MOST]],
                              stdout=subprocess.PIPE, text=True, check=True)
        answers += [json.loads(line) for line in done.stdout.splitlines()]
    return answers


def overlap(hand, box):
    """Intersection over union of the two squares."""
    x, y, side = box
    across = min(x + side / 2, hand["x"] + hand["side"] / 2) - max(x - side / 2,
                                                                   hand["x"] - hand["side"] / 2)
    down = min(y + side / 2, hand["y"] + hand["side"] / 2) - max(y - side / 2,
                                                                 hand["y"] - hand["side"] / 2)
    common = max(across, 0) * max(down, 0)
    return common / (side**2 + hand["side"]**2 - common)


def accuracy(answers):
    """Share of letters that are read, or None where folders are no letters."""
    right = [answer["top"][0]["label"] == letter for answer in answers
             for letter in [pathlib.Path(answer["path"]).parent.name] if letter in LETTERS]
    return sum(right) / len(right) if right else None


def percent(value):
    return "-" if value is None else f"{100 * value:.1f}"


def measure(program, path):
    """The cells of one line."""
    rows = read_table(path)
    pictures = [picture for picture, _ in rows]
    whole, found = classify(program[0], pictures), classify(program[1], pictures)
    hits, misses, errors, ghosts, empty = [], 0, [], 0, 0
    for answer, (_, box) in zip(found, rows):
        hand = answer["hand"]
        if box is None:
            empty += 1
            ghosts += hand["found"]
        elif hand["found"]:
            hits.append(overlap(hand, box))
            errors.append(math.hypot(hand["x"] - box[0], hand["y"] - box[1]) / box[2])
        else:
            misses += 1
    hands = len(hits) + misses
    return [str(path.parent.name if path.name == "data.csv" else path.stem), str(len(rows)),
            percent(len(hits) / hands if hands else None),
            f"{statistics.mean(hits):.2f}" if hits else "-",
            percent(sum(hit >= 0.5 for hit in hits) / hands if hands else None),
            f"{statistics.median(errors):.2f}" if errors else "-",
            percent(ghosts / empty if empty else None),
            percent(accuracy(whole)), percent(accuracy(found))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--finder", help="a file; the built-in finder without it")
    parser.add_argument("--model", help="a file; the built-in letters without it")
    parser.add_argument("tables", type=pathlib.Path, nargs="+")
    options = parser.parse_args()
    plain = [options.build / "bin" / "asl-classify"]
    plain += ["-m", options.model] if options.model else []
    find = [*plain, "--find", *(["--finder", options.finder] if options.finder else [])]
    print("| pictures | n | found % | IoU | IoU >= 0.5 % | centre off by | false hands % | "
          "letters read % whole | found |")
    print("|---|---|---|---|---|---|---|---|---|")
    for table in options.tables:
        print("| " + " | ".join(measure((plain, find), table)) + " |", flush=True)


if __name__ == "__main__":
    main()
