# SPDX-License-Identifier: MIT
"""What the tests of the Python package share: small drawn pictures and a model of them."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = SOURCE / "bindings" / "python"
sys.path[:0] = [str(PACKAGE), str(SOURCE / "tests" / "programs")]

import libasl  # noqa: E402
import programs  # noqa: E402

LABELS = ("A", "B", "space")
SIZE = 32

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Eight pictures of each of three classes."""
    return pathlib.Path(programs.make_folder(tmp_path_factory.mktemp("pictures") / "folder"))


@pytest.fixture(scope="session")
def signers(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The same with a data.csv that names four signers."""
    return pathlib.Path(programs.make_csv(tmp_path_factory.mktemp("pictures") / "signers"))


@pytest.fixture(scope="session")
def dataset(folder: pathlib.Path) -> libasl.Dataset:
    return libasl.Dataset(folder)


@pytest.fixture(scope="session")
def model() -> libasl.Model:
    return libasl.Model.create("tiny", width=SIZE, height=SIZE, labels=LABELS, seed=1)


@pytest.fixture(scope="session")
def model_path(model: libasl.Model, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    model.save(path)
    return path


@pytest.fixture
def inferer(model: libasl.Model) -> libasl.Inferer:
    return libasl.Inferer(model, threads=1)


@pytest.fixture
def picture(folder: pathlib.Path) -> pathlib.Path:
    return folder / "A" / "A0000.png"


@pytest.fixture
def trainer(model: libasl.Model, dataset: libasl.Dataset) -> libasl.Trainer:
    return libasl.Trainer(model, dataset, epochs=2, batch_size=8, threads=1)


@pytest.fixture
def endless(
    model: libasl.Model, dataset: libasl.Dataset, tmp_path: pathlib.Path
) -> libasl.Trainer:
    """A training that nobody waits for, which keeps a checkpoint."""
    return libasl.Trainer(
        model, dataset, epochs=100000, batch_size=4, threads=1, checkpoint=tmp_path / "checkpoint"
    )


@pytest.fixture(scope="session")
def run_python() -> Run:
    """Run Python with the package, to its end."""

    def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        paths = [str(PACKAGE), os.environ.get("PYTHONPATH", "")]
        done = subprocess.run(
            [sys.executable, "-B", "-X", "dev", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": ":".join(filter(None, paths))},
            text=True,
            capture_output=True,
            timeout=120,
        )
        assert done.returncode == code, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done

    return run
