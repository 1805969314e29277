# SPDX-License-Identifier: MIT
"""Varying pictures."""

from __future__ import annotations

import json
import pathlib

import libasl
import pytest


def test_what_it_says() -> None:
    strong = libasl.Augmentation()
    assert strong.keys == json.loads(strong.text) and "\n" not in strong.text
    assert libasl.Augmentation(strong.text).text == strong.text
    assert libasl.Augmentation(strong.keys).text == strong.text
    turned = libasl.Augmentation({"base": "strong", "rotation": 20, "scale": (0.75, 1.25)})
    assert turned.text == libasl.Augmentation(
        '{"base": "strong", "rotation": 20, "scale": [0.75, 1.25]}').text  # fmt: skip
    assert turned.keys["rotation"] == 20 and turned.keys["scale"] == [0.75, 1.25]
    assert {**turned.keys, "rotation": 0, "scale": 0} == {**strong.keys, "rotation": 0, "scale": 0}
    assert repr(turned) == f"<libasl.Augmentation {turned.text}>"


def test_pictures(picture: pathlib.Path) -> None:
    strong, none = libasl.Augmentation(), libasl.Augmentation("none")
    image = libasl.Image(picture)
    varied, negative = strong.apply(image, 24, 20, seed=1, epoch=2, sample=3)
    assert (varied.width, varied.height, varied.format) == (24, 20, libasl.Format.RGB24)
    assert negative is False or negative is True
    again = strong.apply(picture, 24, 20, seed=1, epoch=2, sample=3)
    assert again.image.pixels == varied.pixels and again.negative is negative
    for seed, epoch, sample in ((2, 2, 3), (1, 3, 3), (1, 2, 4), (2**64 - 1, 2, 2**63 - 1)):
        other = strong.apply(image, 24, 20, seed=seed, epoch=epoch, sample=sample)
        assert other.image.pixels != varied.pixels
    assert none.apply(image, 24, 20).image.pixels == image.resize(24, 20).pixels
    bgr = image.convert("bgr24")
    assert none.apply(bgr.pixels, 32, 32, bgr=True).image.pixels == image.pixels
    assert libasl.Augmentation({"negative": 1}).apply(image, 8, 8).negative is True
    assert libasl.Augmentation({"negative": 0}).apply(image, 8, 8).negative is False
