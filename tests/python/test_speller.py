# SPDX-License-Identifier: MIT
# mypy: disable-error-code="call-overload"
"""From scores over time to text."""

from __future__ import annotations

import array
import pathlib
from typing import Any

import libasl
import pytest
from conftest import LABELS

FRAME = 33_000_000
NAMES = ["A", "B", "C", "del", "nothing", "space"]


class Hand:
    """Shows a speller one class after the other."""

    def __init__(self, speller: libasl.Speller) -> None:
        self.speller, self.time = speller, 0

    def show(self, name: str, frames: int = 40) -> list[libasl.SpellerEvent]:
        scores = [0.98 if label == name else 0.02 / (len(NAMES) - 1) for label in NAMES]
        events: list[libasl.SpellerEvent] = []
        for _ in range(frames):
            self.time += FRAME
            events += self.speller.push(scores, self.time)
        return events

    def write(self, text: str) -> None:
        for letter in text:
            self.show("nothing")
            self.show(letter)


def test_spelling() -> None:
    speller = libasl.Speller(NAMES)
    hand = Hand(speller)
    assert speller.labels == tuple(NAMES) and speller.text == "" and speller.events == ()
    events = hand.show("A")
    kinds = [event.kind for event in events]
    assert kinds.index(libasl.EventKind.CANDIDATE) < kinds.index(libasl.EventKind.COMMIT)
    (commit,) = [event for event in events if event.kind is libasl.EventKind.COMMIT]
    assert commit.label == commit.text == "A" and commit.removed == 0 and commit.progress == 1.0
    assert 0 < commit.since_ns < commit.time_ns <= hand.time and 0.5 < commit.belief <= 1.0
    assert sum(speller.belief) == pytest.approx(1.0) and speller.belief[0] > 0.9
    kinds = [event.kind for event in hand.show("nothing", 80)]
    assert libasl.EventKind.IDLE in kinds
    hand.write("B")
    assert speller.text == "AB"
    hand.show("space", 60)
    assert speller.text == "AB "
    speller.reset()
    assert speller.text == ""


def test_editing() -> None:
    speller = libasl.Speller(NAMES)
    (event,) = speller.insert("Ä€x")
    assert event.kind is libasl.EventKind.EDIT and event.text == "Ä€x"
    assert speller.events == (event,)
    assert speller.backspace()[0].removed == 1 and speller.text == "Ä€"
    assert speller.clear()[0].removed == 2 and speller.text == ""
    small = libasl.Speller(NAMES, max_text=64)
    small.insert("x" * 64)
    with pytest.raises(libasl.LimitError):
        small.insert("y")


def test_suggestions(tmp_path: pathlib.Path) -> None:
    speller = libasl.Speller(NAMES)
    words = "CAB 7\nBAC 1\nCABBAGE\n\n"
    assert speller.set_words(words) == speller.set_words(words.encode()) == (2, 1)
    assert speller.set_words(["CAB 7", "BAC"]) == libasl.WordCount(used=2, skipped=0)
    Hand(speller).write("CA")
    assert speller.suggestions[0] == "CAB"
    events = speller.apply_suggestion(0)
    assert speller.text == "CAB " and events[0].text == "CAB "
    (tmp_path / "words").write_text("ABC\n")
    assert speller.load_words(tmp_path / "words") == (1, 0)
    assert speller.set_words("") == (0, 0) and speller.suggestions == ()
    with pytest.raises(libasl.NotFoundError):
        speller.load_words(tmp_path / "none")


def test_options() -> None:
    hmm = libasl.speller_defaults()
    assert hmm != libasl.speller_defaults("hmm", "learner") != libasl.speller_defaults("vote")
    assert hmm["dwell_ms"] == 80 and hmm["temperature"] == 1.0 and len(hmm) == 35
    changed: dict[str, Any] = {**hmm, "dwell_ms": 5000, "exit": 0.5}
    slow = libasl.Speller(NAMES, **changed)
    Hand(slow).show("A")
    assert slow.text == ""
    quick = libasl.Speller(NAMES, method="vote", profile=libasl.SpellerProfile.FLUENT)
    Hand(quick).show("A")
    assert quick.text == "A"
    with pytest.raises(TypeError, match="dwel_ms.*dwell_ms"):
        libasl.Speller(NAMES, dwel_ms=3)
    with pytest.raises(libasl.ArgumentError, match="beam"):
        libasl.Speller(NAMES, beam=0)


def test_scores_of_any_kind(model: libasl.Model, inferer: libasl.Inferer,
                            picture: pathlib.Path) -> None:  # fmt: skip
    speller = libasl.Speller(model)
    assert speller.labels == LABELS and repr(speller) == "<libasl.Speller of 3 classes>"
    prediction = inferer.classify(picture)
    plain = array.array("f", prediction.scores)
    results = []
    tuples, lists = prediction.scores, list(prediction.scores)
    for scores in (prediction, tuples, lists, plain, memoryview(plain)):
        speller.reset()
        speller.push(scores, 10)  # type: ignore[arg-type]
        speller.push(scores, 20)  # type: ignore[arg-type]
        results.append(speller.belief)
    assert len(set(results)) == 1
    assert speller.push(plain, 20) == ()  # the same frame again is ignored
    numpy = pytest.importorskip("numpy")
    speller.push(numpy.array(plain, numpy.float32), 30)
    with pytest.raises(libasl.ArgumentError, match="32-bit floats"):
        speller.push(numpy.array(plain, float), 40)


def test_motion(model: libasl.Model) -> None:
    speller = libasl.Speller(model)
    image, halves = libasl.Image.create(16, 16, "gray8"), bytearray(8 * [0] + 8 * [255]) * 16
    for i, value in enumerate(halves):
        image.pixels[i // 16, i % 16] = 255 - value
    assert speller.look(image) == 0.0
    speller.push([1.0, 0.0, 0.0], 1)
    lent = memoryview(halves).cast("B", (16, 16))
    assert speller.look(lent) == pytest.approx(1.0, abs=0.01)
    speller.push([1.0, 0.0, 0.0], 2)
    assert speller.look(lent, region=(0, 0, 16, 8)) == 0.0
    speller.push([1.0, 0.0, 0.0], 3, motion=0.5)
    with pytest.raises(libasl.ArgumentError, match="motion"):
        speller.push([1.0, 0.0, 0.0], 4, motion=2.0)
