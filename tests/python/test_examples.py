# SPDX-License-Identifier: MIT
"""The example programs, as a user runs them."""

from __future__ import annotations

import csv
import os
import pathlib
import signal
import subprocess
import sys
import time

import libasl
import pytest
from conftest import PACKAGE, Run

EXAMPLES = PACKAGE / "examples"


def test_tutorial(
    run_python: Run, folder: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (folder / "A" / "note.jpg").write_text("no picture")
    try:
        arguments = (EXAMPLES / "tutorial.py", folder, tmp_path / "run", picture)
        done = run_python(*arguments, 2)
        assert "skipped A/note.jpg" in done.stderr
    finally:
        (folder / "A" / "note.jpg").unlink()
    assert "epoch 2/2" in done.stdout and f"{picture}: " in done.stdout
    with open(tmp_path / "run" / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"] and float(rows[1]["val_accuracy"]) <= 1.0
    model = libasl.Model(tmp_path / "run" / "model.safetensors")
    assert f"{libasl.Inferer(model).classify(picture).label} (" in done.stdout
    again = run_python(*arguments)  # nothing is left to train
    assert "epoch " not in again.stdout
    assert run_python(EXAMPLES / "tutorial.py", "none", tmp_path, "x", code=1).stderr


def test_tutorial_goes_on_after_ctrl_c(
    run_python: Run, folder: pathlib.Path, picture: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    arguments = [EXAMPLES / "tutorial.py", folder, tmp_path, picture]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    command = [sys.executable, "-B", *map(str, arguments), "100000"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        until = time.monotonic() + 60
        while not (tmp_path / "checkpoint").exists() and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    dataset = libasl.Dataset(tmp_path / "pictures.pack")
    train, validation, _ = dataset.split(fraction=0.15)
    assert libasl.Trainer.resume(tmp_path / "checkpoint", train, validation).history


@pytest.fixture
def sure(model: libasl.Model, tmp_path: pathlib.Path) -> pathlib.Path:
    """A model file that sees the first class in everything."""
    weights = [0.0] * len(model.parameters)
    weights[-3] = 9.0  # the bias of the first class
    model.with_parameters(weights).save(tmp_path / "sure.safetensors")
    return tmp_path / "sure.safetensors"


def test_live_from_a_folder(run_python: Run, sure: pathlib.Path, folder: pathlib.Path) -> None:
    label = libasl.Inferer(libasl.Model(sure)).classify(folder / "B" / "B0001.png").label
    assert label == "A"
    done = run_python(EXAMPLES / "live.py", sure, folder / "B")
    assert done.stdout == "A\n" and done.stderr == ""


def test_live_from_a_pipe(sure: pathlib.Path, tmp_path: pathlib.Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    command = [sys.executable, "-B", str(EXAMPLES / "live.py"), str(sure), "8x6"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for _ in range(30):
            process.stdin.write(bytes(8 * 6 * 3))
            process.stdin.flush()
            time.sleep(0.03)
        process.stdin.close()
        assert process.stdout.read() == b"A\n"
    assert process.returncode == 0


def test_live_without_a_model(run_python: Run, tmp_path: pathlib.Path) -> None:
    assert "none" in run_python(EXAMPLES / "live.py", tmp_path / "none", "8x8", code=1).stderr


def test_live_with_the_model_of_the_library(run_python: Run, folder: pathlib.Path) -> None:
    try:
        libasl.Model.builtin().close()
    except libasl.UnsupportedError:
        pytest.skip("this library has none")
    done = run_python(EXAMPLES / "live.py", "builtin", folder / "B")
    assert done.stdout.endswith("\n") and done.stderr == ""
