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


def test_presets() -> None:
    assert [preset.name for preset in libasl.presets()] == ["seed", "tiny"]
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
