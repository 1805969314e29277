# SPDX-License-Identifier: MIT
"""Where the hand is."""

from __future__ import annotations

import pathlib

import libasl
import pytest

CELLS = ("none", "x250y250s250", "x750y250s250", "x250y750s250", "x750y750s250")


@pytest.fixture(scope="module")
def places() -> libasl.Model:
    """A network that has learned nothing: it finds something somewhere."""
    return libasl.Model.create("tiny", width=32, height=32, labels=CELLS, seed=3)


def test_hands(places: libasl.Model, picture: pathlib.Path) -> None:
    image = libasl.Image(picture).resize(96, 64)
    finder = libasl.Finder(places, threshold=0.0, looks=1, margin=1.0, threads=1, backend="cpu")
    assert finder.backend.startswith("cpu")
    assert repr(finder) == f"<libasl.Finder on {finder.backend}>"
    hand = finder.find(image)
    assert hand.found and 0.0 <= hand.score <= 1.0
    assert hand.x is not None and hand.y is not None and hand.side is not None and hand.box
    x, y, width, height = hand.box
    assert width == height and 0 <= x <= 96 - width and 0 <= y <= 64 - height
    assert finder.find(image.convert("bgr24").pixels, bgr=True) == hand
    part = finder.find(image, region=(48, 16, 40, 40))
    assert part.box and part.box[0] >= 48 and part.box[1] >= 16


def test_no_hand(places: libasl.Model, inferer: libasl.Inferer, picture: pathlib.Path) -> None:
    hand = libasl.Finder(places, threshold=1.0, threads=1).find(picture)
    assert not hand.found and 0.0 <= hand.score < 1.0
    assert hand.x is None and hand.y is None and hand.side is None and hand.box is None
    assert inferer.classify(picture, region=hand.box) == inferer.classify(picture)


def test_the_one_in_the_library(picture: pathlib.Path) -> None:
    try:
        model = libasl.Model.builtin("hands")
    except libasl.UnsupportedError:
        pytest.skip("this library has none")
    assert libasl.Finder(model, threads=1).find(picture).score >= 0.0


def test_models_that_are_none(model: libasl.Model) -> None:
    with pytest.raises(libasl.LabelsError, match="A"):
        libasl.Finder(model)
    wide = libasl.Model.create("tiny", width=32, height=64, labels=CELLS)
    with pytest.raises(libasl.ArchitectureError):
        libasl.Finder(wide)
