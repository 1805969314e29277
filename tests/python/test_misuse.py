# SPDX-License-Identifier: MIT
# mypy: disable-error-code="arg-type,list-item"
"""What is wrong must raise an exception that says so, and never end the process."""

from __future__ import annotations

import array
import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple

import libasl
import pytest
from conftest import LABELS


class World(NamedTuple):
    """One of everything."""

    folder: pathlib.Path
    dataset: libasl.Dataset
    model: libasl.Model
    inferer: libasl.Inferer
    image: libasl.Image
    speller: libasl.Speller
    augmentation: libasl.Augmentation
    finder: libasl.Finder
    scratch: pathlib.Path

    def trainer(self, **settings: Any) -> libasl.Trainer:
        return libasl.Trainer(self.model, self.dataset, **settings)


@pytest.fixture
def world(
    folder: pathlib.Path, model: libasl.Model, tmp_path: pathlib.Path, picture: pathlib.Path
) -> World:
    return World(
        folder,
        libasl.Dataset(folder),
        model,
        libasl.Inferer(model, threads=1),
        libasl.Image(picture),
        libasl.Speller(model),
        libasl.Augmentation("light"),
        libasl.Finder(libasl.Model.create("tiny", labels=PLACES), threads=1),
        tmp_path,
    )


PLACES = ("none", "x500y500s500")
Arg, Closed = libasl.ArgumentError, libasl.ClosedError
Case = tuple[str, Callable[[Any], object], type[BaseException], str]

WRONG: list[Case] = [
    # Wrong types.
    ("no picture", lambda w: w.inferer.classify(None), TypeError, "not None"),
    ("a number as picture", lambda w: w.inferer.classify(3), TypeError, "not int"),
    ("an object as picture", lambda w: w.inferer.classify(object()), TypeError, "not object"),
    ("a path as pixels", lambda w: libasl.View("x.png", bgr=True), TypeError, "not str"),
    ("a model's path as model", lambda w: libasl.Inferer("x"), TypeError, "a Model is needed"),
    ("a closed kind of model", lambda w: libasl.Trainer(w.dataset, w.model), TypeError, "Model"),
    ("a path as data", lambda w: libasl.Trainer(w.model, "x"), TypeError, "Dataset is needed"),
    ("None as data", lambda w: libasl.Trainer(w.model, None), TypeError, "not None"),
    ("a list as validation", lambda w: libasl.Trainer(w.model, w.dataset, []), TypeError, r"\[\]"),
    ("a folder to evaluate", lambda w: w.inferer.evaluate(w.folder), TypeError, "Dataset"),
    ("None as path", lambda w: libasl.Model(None), TypeError, "a path is needed"),
    ("a number as path", lambda w: libasl.Dataset(3), TypeError, "not 3"),
    ("text as bytes", lambda w: libasl.Image.decode("abc"), TypeError, "bytes of a file"),
    ("text as epochs", lambda w: w.trainer(epochs="3"), TypeError, "epochs .* not '3'"),
    ("a fraction as epochs", lambda w: w.trainer(epochs=2.5), TypeError, "whole number"),
    ("text as rate", lambda w: w.trainer(learning_rate="1"), TypeError, "a number"),
    ("bytes as backend", lambda w: w.trainer(backend=3), TypeError, "backend must be a string"),
    ("no such option", lambda w: w.trainer(epoch=3), TypeError, "epoch"),
    ("one string as labels", lambda w: libasl.Speller("ABC"), TypeError, "list of names"),
    ("numbers as labels", lambda w: libasl.Speller([1, 2]), TypeError, "label must be a string"),
    ("text as scores", lambda w: w.speller.push("abc", 1), TypeError, "numbers, not str"),
    ("one number as scores", lambda w: w.speller.push(0.5, 1), TypeError, "numbers, not float"),
    ("a time in seconds", lambda w: w.speller.push([1, 0, 0], 0.5), TypeError, "time_ns"),
    ("words that are numbers", lambda w: w.speller.set_words([1]), TypeError, "str"),
    ("decoding by a dict", lambda w: libasl.Image("x", decode={}), TypeError, "DecodeOptions"),
    ("a region of three", lambda w: w.image.convert(region=(1, 2, 3)), TypeError, "region is"),
    ("a sample by name", lambda w: w.dataset["A"], TypeError, "str"),
    ("an image by fraction", lambda w: w.dataset.image(1.5), TypeError, "float"),
    ("a new picture of text", lambda w: libasl.Image.create("3", 4), TypeError, "width"),
    ("a number as augmentation", lambda w: libasl.Augmentation(3), TypeError, "not 3"),
    ("a list as augmentation", lambda w: w.trainer(augmentation=["light"]), TypeError, "light"),
    ("a set in an augmentation", lambda w: libasl.Augmentation({"hue": {1}}), Arg, "JSON"),
    ("a path to mix", lambda w: libasl.Dataset.mix(["x"]), TypeError, "Dataset is needed"),
    ("one string as names", lambda w: libasl.Dataset.mix([w.dataset], names="x"), TypeError,
     "names are a list"),
    ("text as weight", lambda w: libasl.Dataset.mix([w.dataset], weights=["1"]), TypeError,
     "weight must be a number"),
    ("a model's path to find with", lambda w: libasl.Finder("x"), TypeError, "a Model is needed"),
    ("no picture to find in", lambda w: w.finder.find(None), TypeError, "not None"),
    ("a picture as scores", lambda w: w.model.letter_score(w.image), TypeError, "numbers"),
    # Wrong values.
    ("encoded bytes as picture", lambda w: w.inferer.classify(b"\x89PNG"), Arg, "Image.decode"),
    ("empty bytes", lambda w: w.inferer.classify(b""), Arg, "0 bytes"),
    ("floats as pixels", lambda w: libasl.View(array.array("f", [1.0])), Arg, "uint8"),
    ("a short buffer", lambda w: libasl.View(b"123", width=2, height=1, format="rgb24"), Arg,
     "3 bytes are too few for 2x1 RGB24 .* 6 are needed"),
    ("a huge size", lambda w: libasl.View(b"1", width=2**31, height=1, format="gray8"), Arg,
     "width 2147483648"),
    ("a size below zero", lambda w: libasl.View(b"1", width=-1, height=1, format=4), Arg, "-1x1"),
    ("a stride below the row", lambda w: libasl.View(b"123456", width=2, height=1, stride=3,
     format="rgb24"), Arg, "rows of 3 bytes"),
    ("no format", lambda w: libasl.View(b"123", width=1, height=1), Arg, "format"),
    ("an unknown format", lambda w: libasl.View(b"123", width=1, height=1, format="rgb"), Arg,
     "'rgb' is no Format: use one of rgb24, bgr24"),
    ("an unknown number", lambda w: w.image.convert(99), Arg, "99 is no Format"),
    ("bgr and a format", lambda w: libasl.View(b"123", format="rgb24", bgr=True), Arg,
     "contradict"),
    ("bgr of a file", lambda w: w.inferer.classify(w.folder / "x", bgr=True), Arg, "its own"),
    ("bgr of grey", lambda w: libasl.View(memoryview(b"1234").cast("B", (2, 2)), bgr=True), Arg,
     "grey"),
    ("a size twice", lambda w: libasl.View(w.image.pixels, width=2), Arg, "flat buffers"),
    ("NV12 in an array", lambda w: libasl.View(w.image.pixels, format="nv12"), Arg, "flat"),
    ("a region outside", lambda w: w.inferer.classify(w.image, region=(0, 0, 99, 99)), Arg, ""),
    ("a huge region", lambda w: w.image.resize(4, 4, region=(2**40, 0, 1, 1)), Arg,
     "x 1099511627776 does not fit"),
    ("an empty region", lambda w: w.inferer.logits(w.image, region=(1, 1, 0, 0)), Arg, ""),
    ("a planar copy", lambda w: w.image.convert("nv12"), Arg, ""),
    ("no size", lambda w: w.image.resize(0, 5), Arg, ""),
    ("quality 101", lambda w: w.image.encode("jpeg", quality=101), Arg, "101"),
    ("another ending", lambda w: w.image.save(w.scratch / "x.gif"), libasl.UnsupportedError, ""),
    ("a NUL in a path", lambda w: libasl.Model("a\0b"), Arg, "NUL"),
    ("a NUL in a name", lambda w: w.model.metadata("a\0b"), Arg, "NUL"),
    ("half a character", lambda w: libasl.Speller(["\ud800", "B"]), Arg, "UTF-8"),
    ("a comma in a label", lambda w: libasl.Model.create(labels=["a,b", "c"]),
     libasl.LabelsError, "a,b"),
    ("one label", lambda w: libasl.Model.create(labels=["a"]), libasl.Error, ""),
    ("no labels", lambda w: libasl.Speller([]), libasl.Error, ""),
    ("an unknown preset", lambda w: libasl.Model.create("huge"), Arg, "huge"),
    ("a seed below zero", lambda w: libasl.Model.create(seed=-1), Arg, "seed -1 is out of range"),
    ("too many epochs", lambda w: w.trainer(epochs=2**32 + 1), Arg, "epochs 4294967297"),
    ("a rate of zero", lambda w: w.trainer(learning_rate=0), Arg, "learning_rate"),
    ("a rate that is no number", lambda w: w.trainer(learning_rate=float("nan")), Arg, ""),
    ("an unknown optimiser", lambda w: w.trainer(optimizer="lion"), Arg, "adam, adamw, sgd"),
    ("an unknown precision", lambda w: w.trainer(precision="fp3"), libasl.Error, "fp3"),
    ("ranks without a sum", lambda w: w.trainer(ranks=2), Arg, "all_reduce"),
    ("threads below zero", lambda w: libasl.Inferer(w.model, threads=-1), Arg, "-1"),
    ("a batch of none", lambda w: libasl.Inferer(w.model, batch_size=0), Arg, "batch_size 0"),
    ("no runs", lambda w: w.inferer.profile(w.image, 0), Arg, "runs 0"),
    ("a split of everything", lambda w: w.dataset.split(fraction=1.5), Arg, ""),
    ("an unknown augmentation", lambda w: libasl.Augmentation("wild"), Arg, "wild"),
    ("an unknown key", lambda w: libasl.Augmentation({"colour": 1, "sound": 1}), Arg, "sound"),
    ("a key that is no number", lambda w: libasl.Augmentation({"hue": float("nan")}), Arg, "JSON"),
    ("an angle too large", lambda w: w.trainer(augmentation={"rotation": 999}), Arg, "rotation"),
    ("negatives without a class", lambda w: w.trainer(augmentation={"negative": 1}),
     libasl.LabelsError, "nothing"),
    ("a varied picture of no size", lambda w: w.augmentation.apply(w.image, 0, 9), Arg, ""),
    ("a seed below zero for it", lambda w: w.augmentation.apply(w.image, 9, 9, seed=-1), Arg,
     "seed -1 is out of range"),
    ("an epoch below zero", lambda w: w.augmentation.apply(w.image, 9, 9, epoch=-1), Arg, "epoch"),
    ("an average of one", lambda w: w.trainer(average=1), Arg, "average"),
    ("a larger start", lambda w: w.trainer(start_size=64, start_share=0.5), Arg, "start_size"),
    ("a mix of nothing", lambda w: libasl.Dataset.mix([]), Arg, "count is 0"),
    ("two of one name", lambda w: libasl.Dataset.mix([w.dataset, w.dataset]), Arg, "folder"),
    ("a weight of zero", lambda w: libasl.Dataset.mix([w.dataset], weights=[0]), Arg, ""),
    ("too many weights", lambda w: libasl.Dataset.mix([w.dataset], weights=[1, 2]), Arg,
     "2 weights do not fit to 1 data sets"),
    ("too few names", lambda w: libasl.Dataset.mix([w.dataset], names=[]), Arg, "0 names"),
    ("classes it lacks", lambda w: libasl.Dataset.mix([w.dataset], labels=["x", "y"]),
     libasl.DatasetError, "folder"),
    ("an unknown side", lambda w: libasl.Inferer(w.model, mirror="left"), Arg, "off, on, both"),
    ("unknown weights", lambda w: w.model.save("x", weights="int4"), Arg, "f32, f16, i8"),
    ("an unknown built-in", lambda w: libasl.Model.builtin("words"), Arg, "letters, hands"),
    ("a built-in of a number", lambda w: libasl.Model.builtin(7), Arg, "7 is no Builtin"),
    ("three crops", lambda w: libasl.Inferer(w.model, crops=3), Arg, "crops is 3"),
    ("a temperature of zero", lambda w: w.model.with_calibration(temperature=0), Arg, ""),
    ("a threshold of two", lambda w: w.model.with_calibration(letter_threshold=2), Arg, ""),
    ("scores of another model", lambda w: w.model.letter_score([1.0]), Arg, "1 scores"),
    ("no looks", lambda w: libasl.Finder(libasl.Model.create("tiny", labels=PLACES), looks=0), Arg,
     "looks 0"),
    ("a finder that is none", lambda w: libasl.Finder(w.model), libasl.LabelsError, "A"),
    ("a region outside to find in", lambda w: w.finder.find(w.image, region=(0, 0, 99, 99)), Arg,
     ""),
    ("an unknown split", lambda w: w.dataset.split("even"), Arg, "auto, random, block, group"),
    ("a pack without size", lambda w: w.dataset.pack(w.scratch / "p", width=0), Arg, ""),
    ("too few weights", lambda w: w.model.with_parameters([1.0]), Arg, ""),
    ("weights as doubles", lambda w: w.model.with_parameters(array.array("d", [1.0])), Arg,
     "32-bit floats"),
    ("weights that are no numbers", lambda w: w.model.with_parameters(
        [float("nan")] * len(w.model.parameters)), Arg, ""),
    ("too few scores", lambda w: w.speller.push([1.0], 1), Arg, ""),
    ("scores that are none", lambda w: w.speller.push([], 1), Arg, ""),
    ("scores of five", lambda w: w.speller.push([5.0, 0.0, 0.0], 1), Arg, ""),
    ("a time too large", lambda w: w.speller.push([1.0, 0.0, 0.0], 2**63), Arg, "time_ns"),
    ("a time before the last", lambda w: [w.speller.push([1, 0, 0], t) for t in (5, 4)], Arg, ""),
    ("no such suggestion", lambda w: w.speller.apply_suggestion(0), Arg, ""),
    ("control characters", lambda w: w.speller.insert("a\x07"), Arg, ""),
    ("reading a model from a picture", lambda w: libasl.Model.from_bytes(w.image.encode()),
     libasl.Error, ""),
    ("reading a model from nothing", lambda w: libasl.Model.from_bytes(b""), libasl.Error, ""),
    ("decoding nothing", lambda w: libasl.Image.decode(b""), libasl.Error, ""),
    ("a folder as model", lambda w: libasl.Model(w.folder), libasl.PathError, ""),
    ("a missing folder", lambda w: libasl.Dataset(w.folder / "none"), FileNotFoundError, "none"),
    ("an empty folder", lambda w: libasl.Dataset(w.scratch), libasl.DatasetError, ""),
    ("saving into nowhere", lambda w: w.model.save(w.scratch / "a" / "b"), FileNotFoundError, ""),
    ("the best of nothing", lambda w: w.trainer().best_model(), libasl.StateError, "no epoch"),
    ("other classes", lambda w: libasl.Trainer(libasl.Model.create("tiny"), w.dataset).run(
        lambda p: 1 / 0), ZeroDivisionError, ""),
    # Not made by its constructor.
    ("an empty shell", lambda w: libasl.Model.__new__(libasl.Model).labels, Closed, "closed"),
    ("a failed one", lambda w: libasl.Inferer.__new__(libasl.Inferer).classify(w.image), Closed,
     "Inferer is closed"),
]  # fmt: skip


@pytest.mark.parametrize("case", WRONG, ids=lambda case: str(case[0]))
def test_misuse_raises(case: Case, world: World) -> None:
    _, use, kind, message = case
    with pytest.raises(kind, match=message) as caught:
        use(world)
    assert str(caught.value)


AFTER_CLOSE: dict[str, list[Callable[[Any], object]]] = {
    "image": [
        lambda w: w.image.width,
        lambda w: w.image.pixels,
        lambda w: w.image.convert(),
        lambda w: w.image.resize(1, 1),
        lambda w: w.image.encode(),
        lambda w: w.image.save("x.png"),
        lambda w: w.inferer.classify(w.image),
        lambda w: w.speller.look(w.image),
        lambda w: w.finder.find(w.image),
        lambda w: w.augmentation.apply(w.image, 1, 1),
        lambda w: w.image.__enter__(),
    ],
    "dataset": [
        lambda w: len(w.dataset),
        lambda w: w.dataset[0],
        lambda w: w.dataset.image(0),
        lambda w: w.dataset.classes,
        lambda w: w.dataset.groups,
        lambda w: w.dataset.issues,
        lambda w: w.dataset.sources,
        lambda w: libasl.Dataset.mix([w.dataset]),
        lambda w: w.dataset.fingerprint,
        lambda w: w.dataset.split(),
        lambda w: w.dataset.pack("x"),
        lambda w: w.inferer.evaluate(w.dataset),
        lambda w: w.trainer(),
    ],
    "inferer": [
        lambda w: w.inferer.labels,
        lambda w: w.inferer.backend,
        lambda w: w.inferer.mirror,
        lambda w: w.inferer.reset(),
        lambda w: w.inferer.classify(w.image),
        lambda w: w.inferer.logits(w.image),
        lambda w: w.inferer.classify_batch([w.image]),
        lambda w: w.inferer.profile(w.image, 1),
        lambda w: w.inferer.evaluate(w.dataset),
    ],
    "augmentation": [
        lambda w: w.augmentation.text,
        lambda w: w.augmentation.keys,
        lambda w: w.augmentation.apply(w.image, 1, 1),
        lambda w: w.trainer(augmentation=w.augmentation),
    ],
    "finder": [lambda w: w.finder.backend, lambda w: w.finder.find(w.image)],
    "speller": [
        lambda w: w.speller.labels,
        lambda w: w.speller.push([1.0, 0.0, 0.0], 1),
        lambda w: w.speller.look(w.image),
        lambda w: w.speller.text,
        lambda w: w.speller.belief,
        lambda w: w.speller.events,
        lambda w: w.speller.suggestions,
        lambda w: w.speller.insert("a"),
        lambda w: w.speller.backspace(),
        lambda w: w.speller.clear(),
        lambda w: w.speller.reset(),
        lambda w: w.speller.set_words("A"),
        lambda w: w.speller.load_words("x"),
        lambda w: w.speller.apply_suggestion(0),
    ],
}


@pytest.mark.parametrize("name", AFTER_CLOSE)
def test_use_after_close(name: str, world: World) -> None:
    handle = getattr(world, name)
    handle.close()
    handle.close()
    assert handle.closed and "closed" in repr(handle)
    for use in AFTER_CLOSE[name]:
        with pytest.raises(ValueError, match=f"this {type(handle).__name__} is closed"):
            use(world)


def test_use_of_a_closed_model(world: World) -> None:
    model = world.model.with_parameters(world.model.parameters)
    with libasl.Inferer(model, threads=1) as inferer, model:
        pass
    assert inferer.closed and model.closed
    uses: list[Callable[[], object]] = [
        lambda: model.labels,
        lambda: model.info,
        lambda: model.layers,
        lambda: model.parameters,
        lambda: model.metadata("x"),
        lambda: model.save("x"),
        lambda: model.with_calibration(),
        lambda: model.letter_score([1.0, 0.0, 0.0]),
        lambda: libasl.Finder(model),
        lambda: model.with_parameters([]),
        lambda: libasl.Inferer(model),
        lambda: libasl.Speller(model),
        lambda: libasl.Trainer(model, world.dataset),
    ]
    for use in uses:
        with pytest.raises(Closed):
            use()


def test_use_of_a_closed_trainer(world: World) -> None:
    trainer = world.trainer(threads=1)
    trainer.close()
    trainer.close()
    uses: list[Callable[[], object]] = [
        trainer.run,
        trainer.request_stop,
        trainer.model,
        trainer.best_model,
        lambda: trainer.save_checkpoint("x"),
        lambda: trainer.history,
        lambda: trainer.options,
        lambda: trainer.backend,
        trainer.__enter__,
    ]
    for use in uses:
        with pytest.raises(Closed):
            use()


def test_children_outlive_their_parents(world: World) -> None:
    model = world.model.with_parameters(world.model.parameters)
    inferer, trainer = libasl.Inferer(model, threads=1), libasl.Trainer(
        model, world.dataset, epochs=1, threads=1)  # fmt: skip
    image = world.dataset.image(0)
    model.close()
    world.dataset.close()
    assert inferer.classify(image).labels == LABELS
    assert trainer.run() is True
    best = trainer.best_model()
    trainer.close()
    assert best.labels == LABELS


def test_callbacks_that_cannot_be_called(world: World) -> None:
    with pytest.raises(TypeError, match="not callable"):
        world.trainer(threads=1).run(on_epoch=3)
    with pytest.raises(TypeError, match="not callable"):
        world.inferer.evaluate(world.dataset, progress="x")
    with pytest.raises(TypeError, match="argument"):
        world.inferer.evaluate(world.dataset, progress=lambda: None)  # type: ignore[misc]
