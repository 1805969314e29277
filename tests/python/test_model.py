# SPDX-License-Identifier: MIT
"""Networks, their weights and classes; and the library itself."""

from __future__ import annotations

import array
import gc
import pathlib
import re

import libasl
import pytest
from conftest import LABELS


def test_facts(model: libasl.Model) -> None:
    info = model.info
    assert (info.preset, info.width, info.height, info.channels) == ("tiny", 32, 32, 3)
    assert model.labels == LABELS and model.metadata("nothing there") is None
    assert sum(layer.parameter_count for layer in model.layers) == info.parameter_count
    assert sum(layer.mac_count for layer in model.layers) == info.mac_count
    assert model.layers[0].kind == "conv2d" and model.layers[0].width == 16
    assert repr(model) == "<libasl.Model tiny 32x32, 3 labels>"


def test_files_and_bytes(model: libasl.Model, model_path: pathlib.Path) -> None:
    data = model_path.read_bytes()
    for other in (libasl.Model(model_path), libasl.Model.from_bytes(data),
                  libasl.Model.from_bytes(memoryview(data + b"x")[:-1])):  # fmt: skip
        assert other.parameters == model.parameters and other.info == model.info
    again = libasl.Model.create("tiny", width=32, height=32, labels=LABELS, seed=1)
    assert again.parameters == model.parameters
    assert libasl.Model.create("tiny", width=32, height=32).labels[-1] == "space"


def test_an_architecture_of_ones_own() -> None:
    layers = "conv2d 4 k3 p1 bias; relu; global_pool avg; dense classes"
    model = libasl.Model.create("tiny", width=8, height=8, labels=["x", "y"], architecture=layers)
    assert model.info.preset == "custom" and len(model.layers) == 4
    with pytest.raises(libasl.ArchitectureError, match="layer 1"):
        libasl.Model.create("tiny", architecture="conv2d 4 k300; dense classes")


def test_parameters_are_lent(model: libasl.Model) -> None:
    other = model.with_parameters([float(i % 7) for i in range(len(model.parameters))])
    lent = other.parameters
    other.close()
    gc.collect()
    assert lent[9] == 2.0 and lent.readonly and lent.format == "f"
    changed = array.array("f", lent)
    changed[0] = 5.0
    assert model.with_parameters(changed).parameters[0] == 5.0
    assert model.with_parameters(lent).parameters == lent
    numpy = pytest.importorskip("numpy")
    assert model.with_parameters(numpy.asarray(lent) + numpy.float32(1)).parameters[9] == 3.0


def test_smaller_files(
    model: libasl.Model, picture: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    sizes, logits = [], libasl.Inferer(model, threads=1).logits(picture)
    for weights, error in zip(libasl.Weights, (0.0, 0.01, 0.1)):
        model.save(tmp_path / "file", weights=weights.name.lower())
        sizes.append((tmp_path / "file").stat().st_size)
        again = libasl.Model(tmp_path / "file")
        assert again.labels == model.labels and again.info.preset == model.info.preset
        found = libasl.Inferer(again, threads=1).logits(picture)
        assert found == pytest.approx(logits, abs=error)
    assert sizes[0] > 1.5 * sizes[1] > 2 * sizes[2]


def test_calibration(model: libasl.Model, tmp_path: pathlib.Path) -> None:
    info = model.info
    assert (info.temperature, info.letter_threshold) == (1.0, 0.0)
    assert info.mirror is libasl.Mirror.MODEL
    other = model.with_calibration(
        temperature=1.5, letter_threshold=0.25, mirror="both", looks=3, crops=2
    )
    other.save(tmp_path / "file")
    info = libasl.Model(tmp_path / "file").info
    assert (info.temperature, info.letter_threshold) == (1.5, 0.25)
    assert info.mirror is libasl.Mirror.BOTH and other.info == info
    assert (info.looks, info.crops) == (3, 2)
    assert other.with_calibration().info == model.info
    assert other.with_parameters(other.parameters).info == model.info


def test_letter_scores(model: libasl.Model) -> None:
    assert model.letter_score([0.5, 0.25, 0.25]) == 1.0  # it has no such class
    other = libasl.Model.create("tiny", labels=["A", "Nothing"])
    scores = array.array("f", [0.75, 0.25])
    assert other.letter_score(scores) == other.letter_score((0.75, 0.25)) == 0.75
    assert other.letter_score(libasl.Prediction(other.labels, (0.25, 0.75))) == 0.25


def test_models_that_are_part_of_the_library() -> None:
    try:
        model = libasl.Model.builtin()
    except libasl.UnsupportedError:
        pytest.skip("this library has none")
    assert len(model.labels) == 29 and model.labels[-3:] == ("del", "nothing", "space")
    assert libasl.Model.builtin("letters").parameters == model.parameters
    assert libasl.Inferer(model, threads=1).classify(libasl.Image.create(64, 64)).scores


def test_presets() -> None:
    names = [preset.name for preset in libasl.presets()]
    assert names == ["seed", "tiny", "fast", "robust", "finder"]
    assert all(preset.description for preset in libasl.presets())


def test_the_library_and_the_machine() -> None:
    assert re.fullmatch(r"1\.\d+\.\d+", libasl.version())
    assert libasl.__version__.split(".")[0] == "1"
    assert libasl.identity() == "libasl: American Sign Language fingerspelling"
    assert libasl.cpu_features()
    found = {backend.name: backend for backend in libasl.backends()}
    assert found["reference"].available and found["cpu"].reason and found["cpu"].description
    before = libasl.memory_usage()
    image = libasl.Image.create(1000, 1000)
    assert libasl.memory_usage().current >= before.current + image.stride * 1000
    image.close()
    assert libasl.memory_usage().current == before.current
    assert libasl.memory_usage().peak >= before.current + 3_000_000


def test_everything_public_is_listed() -> None:
    assert libasl.__all__ == sorted(libasl.__all__) and len(set(libasl.__all__)) > 60
    for name in libasl.__all__:
        found = getattr(libasl, name)
        assert found.__module__ == "libasl" and found.__doc__, name
