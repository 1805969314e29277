# SPDX-License-Identifier: MIT
"""Labelled pictures on disk."""

from __future__ import annotations

import pathlib
import shutil

import libasl
import pytest
from conftest import LABELS


def test_a_folder_is_a_sequence_of_samples(dataset: libasl.Dataset) -> None:
    assert dataset.classes == LABELS and dataset.groups == () and dataset.issues == ()
    assert len(dataset) == 24 == len(list(dataset))
    first = libasl.Sample("A", 0, None, None, "A/A0000.png", "folder", 0)
    assert dataset.sources == (libasl.DataSource("folder", 1.0),)
    assert dataset[0] == first and first in dataset and dataset.index(first) == 0
    assert dataset[-1].path == "space/space0007.png"
    assert [sample.label for sample in dataset[6:10]] == ["A", "A", "B", "B"]
    assert dataset.image(-1).width == 32
    assert repr(dataset) == "<libasl.Dataset of 24 samples in 3 classes>"
    for index in (24, -25):
        with pytest.raises(IndexError):
            dataset[index]
        with pytest.raises(IndexError):
            dataset.image(index)


def test_options(folder: pathlib.Path) -> None:
    few = libasl.Dataset(folder, per_class=2, seed=5)
    assert len(few) == 6
    assert few[:] == libasl.Dataset(str(folder), per_class=2, seed=5)[:]
    limited = libasl.Dataset(folder, decode=libasl.DecodeOptions(max_pixels=9))
    with pytest.raises(libasl.LimitError):
        limited.image(0)


def test_splits(folder: pathlib.Path, signers: pathlib.Path) -> None:
    dataset = libasl.Dataset(folder)
    train, validation, kind = dataset.split("random", fraction=0.25, seed=3)
    assert kind is libasl.SplitKind.RANDOM and str(kind) == "random"
    assert (len(train), len(validation)) == (18, 6)
    assert {*train, *validation} == set(dataset)
    dataset.close()  # the children have their own hold
    assert train.classes == validation.classes == LABELS and train.image(0).height == 32
    split = libasl.Dataset(signers).split()
    assert split.kind is libasl.SplitKind.GROUP and len(split.train.groups) == 4
    seen = {sample.group for sample in split.train}
    assert seen and not seen & {sample.group for sample in split.validation}
    with pytest.raises(libasl.DatasetError):
        libasl.Dataset(folder).split("group")


def test_packing(dataset: libasl.Dataset, tmp_path: pathlib.Path) -> None:
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        told.append((done, total))

    path = tmp_path / "pack"
    packed = dataset.pack(path, width=16, height=8, threads=1, progress=tell)
    assert told[-1] == (24, 24) and len(packed) == 24
    assert (packed.image(3).width, packed.image(3).height) == (16, 8)
    assert libasl.Dataset(path).fingerprint == packed.fingerprint != dataset.fingerprint
    with pytest.raises(libasl.StoppedError):
        dataset.pack(tmp_path / "other", width=8, height=8, progress=lambda done, total: True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["pack"]
    told.clear()
    dataset.pack(path, width=16, height=8, progress=tell)
    assert not told  # the file is used again
    dataset.pack(path, width=16, height=8, reuse=False, progress=tell)
    assert told


def test_what_is_skipped_stays_known(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    shutil.copytree(folder, tmp_path / "all")
    (tmp_path / "all" / "A" / "bad.jpg").write_bytes(b"no picture")
    (tmp_path / "all" / "B" / "cut.png").write_bytes(
        (folder / "B" / "B0000.png").read_bytes()[:60]
    )
    dataset = libasl.Dataset(tmp_path / "all")
    (issue,) = dataset.issues
    assert issue.path == "A/bad.jpg" and issue.code < 0 and issue.message
    packed = dataset.pack(tmp_path / "pack", width=8, height=8)
    assert {found.path for found in packed.issues} == {"A/bad.jpg", "B/cut.png"}
    assert packed.split("random").train.issues == packed.issues


def test_a_mix(dataset: libasl.Dataset, signers: pathlib.Path) -> None:
    with libasl.Dataset(signers) as other:
        mix = libasl.Dataset.mix([dataset, other], names=["mine", "theirs"], weights=[1, 3])
        nested = libasl.Dataset.mix((mix, other), names=("both", "again"))
    assert mix.sources == (libasl.DataSource("mine", 1.0), libasl.DataSource("theirs", 3.0))
    assert mix.sources[1].name == "theirs" and mix.sources[1].weight == 3.0
    assert len(mix) == 48 and mix.classes == LABELS and len(mix.groups) == 5
    assert (mix[0].source, mix[0].source_index, mix[0].group) == ("mine", 0, "mine")
    assert mix[-1].source == "theirs" and mix[-1].path.startswith("theirs/")
    assert mix.image(-1).width == 32  # the parts may go
    assert [source.name for source in nested.sources] == ["both/mine", "both/theirs", "again"]
    split = mix.split("group")
    assert split.train.sources == split.validation.sources == mix.sources
    default = libasl.Dataset.mix([dataset])
    assert default.sources == dataset.sources and len(default) == 24


def test_a_mix_finds_the_classes_of_a_model(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    shutil.copytree(folder, tmp_path / "all")
    for old, new in (("A", "a"), ("space", "delete"), ("B", "7")):
        (tmp_path / "all" / old).rename(tmp_path / "all" / new)
    mix = libasl.Dataset.mix([libasl.Dataset(tmp_path / "all")])
    assert mix.classes == ("A", "del") and len(mix) == 16
    (issue,) = mix.issues
    assert "'7'" in issue.message and "8 pictures" in issue.message
    mix = libasl.Dataset.mix([libasl.Dataset(tmp_path / "all")], labels=["7", "A", "x"])
    assert mix.classes == ("7", "A")
