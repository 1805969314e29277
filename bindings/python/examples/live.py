#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Spells what a hand shows in frames from any source.

    python3 live.py MODEL FOLDER         the pictures of a folder, by name, each for a second
    python3 live.py MODEL WIDTHxHEIGHT   raw RGB frames from standard input, as they come
    python3 live.py MODEL opencv         the first camera, if python3-opencv is installed

MODEL is a file, or builtin for the model that is part of the library.

For the second, any program that writes frames will do:

    ffmpeg -loglevel error -f v4l2 -i /dev/video0 -vf scale=640:480 -pix_fmt rgb24 -f rawvideo - |
        python3 live.py model.safetensors 640x480
"""

import pathlib
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

import libasl

# A picture and when it was taken, in nanoseconds on a clock that does not go back.
Frame = tuple[libasl.Picture, int]


def folder_frames(folder: pathlib.Path) -> Iterator[Frame]:
    for number, path in enumerate(sorted(folder.iterdir())):
        image = libasl.Image(path)
        for frame in range(25):
            yield image, (25 * number + frame) * 40_000_000


def raw_frames(width: int, height: int) -> Iterator[Frame]:
    size = width * height * 3
    while len(pixels := sys.stdin.buffer.read(size)) == size:
        view = libasl.View(pixels, width=width, height=height, format="rgb24")
        yield view, time.monotonic_ns()


def opencv_frames() -> Iterator[Frame]:
    import cv2

    camera: Any = cv2.VideoCapture(0)
    while (read := camera.read())[0]:
        yield libasl.View(read[1], bgr=True), time.monotonic_ns()


def spell(model: libasl.Model, frames: Iterable[Frame]) -> Iterator[libasl.SpellerEvent]:
    """The events of a stream: what is written, taken back and ended."""
    with libasl.Inferer(model) as inferer, libasl.Speller(model) as speller:
        for picture, taken in frames:
            speller.look(picture)
            yield from speller.push(inferer.classify(picture), taken)


def main(model: libasl.Model, source: str) -> None:
    width, _, height = source.partition("x")
    if source == "opencv":
        frames = opencv_frames()
    elif width.isdigit() and height.isdigit():
        frames = raw_frames(int(width), int(height))
    else:
        frames = folder_frames(pathlib.Path(source))
    for event in spell(model, frames):
        if event.removed:
            print("\b \b" * event.removed, end="")
        if event.kind in (libasl.EventKind.COMMIT, libasl.EventKind.SPACE):
            print(event.text, end="", flush=True)
    print()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        builtin = sys.argv[1] == "builtin"
        main(libasl.Model.builtin() if builtin else libasl.Model(sys.argv[1]), sys.argv[2])
    except (libasl.Error, OSError) as error:
        sys.exit(f"live: {error}")
    except KeyboardInterrupt:
        print()
