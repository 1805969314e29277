# SPDX-License-Identifier: MIT
"""Training."""

from __future__ import annotations

import dataclasses
import math
import pathlib
import threading
import warnings
from collections.abc import Callable

import libasl
import pytest


def test_a_run(model: libasl.Model, dataset: libasl.Dataset) -> None:
    train, validation, _ = dataset.split("random", fraction=0.25)
    trainer = libasl.Trainer(model, train, validation, epochs=3, batch_size=8, threads=2)
    assert trainer.history == () and trainer.backend.startswith("cpu")
    progress: list[libasl.TrainProgress] = []
    epochs: list[libasl.EpochMetrics] = []
    assert trainer.run(progress.append, epochs.append) is True
    assert trainer.history == tuple(epochs) and [e.epoch for e in epochs] == [1, 2, 3]
    assert sum(e.is_best for e in epochs) >= 1
    assert all(math.isfinite(epoch.val_loss or math.nan) for epoch in epochs)
    assert all(epoch.seconds > 0.0 and epoch.learning_rate == 1e-3 for epoch in epochs)
    assert {p.validating for p in progress} == {False, True}
    assert all(p.epochs == 3 and 0 < p.done <= p.total <= 18 for p in progress)
    assert progress[-1].eta_seconds == 0.0
    assert trainer.model().parameters != model.parameters
    assert "epoch=" in (trainer.best_model().metadata("metrics") or "")
    assert libasl.Inferer(trainer.best_model()).evaluate(validation).count == 6


def test_settings(model: libasl.Model, dataset: libasl.Dataset, tmp_path: pathlib.Path) -> None:
    trainer = libasl.Trainer(
        model, dataset, epochs=7, optimizer="sgd", schedule="one-cycle", nesterov=True,
        learning_rate=1, momentum=0.5, seed=2**64 - 1, threads=1, backend="reference",
        checkpoint=tmp_path / "c", checkpoint_steps=3, label_smoothing=0.1,
    )  # fmt: skip
    options = trainer.options
    assert options.optimizer is libasl.Optimizer.SGD and options.nesterov is True
    assert options.schedule is libasl.Schedule.ONE_CYCLE and options.seed == 2**64 - 1
    assert (options.epochs, options.learning_rate, options.momentum) == (7, 1.0, 0.5)
    assert options.checkpoint == str(tmp_path / "c") and options.backend == "reference"
    plain = libasl.Trainer(model, dataset).options
    assert (plain.epochs, plain.batch_size, plain.learning_rate) == (10, 32, 1e-3)
    assert plain.checkpoint is None and plain.threads >= 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        plain.epochs = 3  # type: ignore[misc]


def test_stopping_and_resuming_gives_the_same_bits(
    model: libasl.Model, dataset: libasl.Dataset, tmp_path: pathlib.Path
) -> None:
    settings = {"epochs": 3, "batch_size": 8, "threads": 1}
    whole = libasl.Trainer(model, dataset, **settings)  # type: ignore[arg-type]
    whole.run()
    path = tmp_path / "checkpoint"
    trainer = libasl.Trainer(model, dataset, checkpoint=path, **settings)  # type: ignore[arg-type]
    assert trainer.run(on_epoch=lambda epoch: trainer.request_stop()) is False
    assert len(trainer.history) == 1 and path.exists()
    trainer.save_checkpoint(tmp_path / "copy")
    trainer.close()
    again = libasl.Trainer.resume(tmp_path / "copy", dataset, threads=1)
    assert again.options.epochs == 3 and again.fell_back is False
    assert len(again.history) == 1 and again.run() is True
    assert again.model().parameters == whole.model().parameters
    longer = libasl.Trainer.resume(path, dataset, epochs=4)
    assert longer.options.epochs == 4


def test_a_stop_asked_for_before_the_run_holds(trainer: libasl.Trainer) -> None:
    trainer.request_stop()
    assert trainer.run() is False and trainer.history == ()
    assert trainer.run() is True and len(trainer.history) == 2


def test_another_thread_can_stop_it(endless: libasl.Trainer) -> None:
    timer = threading.Timer(0.1, endless.request_stop)
    timer.start()
    assert endless.run() is False
    timer.join()


class Trouble(Exception):
    pass


@pytest.mark.parametrize("callback", ["on_progress", "on_epoch"])
def test_what_a_callback_raises_comes_out(endless: libasl.Trainer, callback: str) -> None:
    calls = []

    def fail(told: object) -> None:
        calls.append(told)
        raise Trouble

    with pytest.raises(Trouble):
        endless.run(**{callback: fail})
    assert len(calls) == 1 and pathlib.Path(endless.options.checkpoint or "").exists()
    assert endless.run(on_epoch=lambda epoch: endless.request_stop()) is False


def test_a_callback_may_not_use_its_trainer(endless: libasl.Trainer) -> None:
    uses: list[Callable[[], object]] = [
        endless.run,
        endless.model,
        endless.best_model,
        lambda: endless.history,
        lambda: endless.options,
        lambda: endless.save_checkpoint("x"),
    ]
    for use in uses:
        with pytest.raises(libasl.BusyError, match="callback"):
            endless.run(on_epoch=lambda epoch: use())


def test_a_callback_may_close_its_trainer(endless: libasl.Trainer) -> None:
    def close(epoch: libasl.EpochMetrics) -> None:
        endless.request_stop()
        endless.close()

    assert endless.run(on_epoch=close) is False
    with pytest.raises(libasl.ClosedError):
        endless.run()


def broken(trainer: libasl.Trainer) -> None:
    """Make writing its checkpoint fail."""
    pathlib.Path(trainer.options.checkpoint or "").mkdir()


def test_warnings(model: libasl.Model, dataset: libasl.Dataset, tmp_path: pathlib.Path) -> None:
    def make() -> libasl.Trainer:
        return libasl.Trainer(
            model, dataset, epochs=2, batch_size=8, checkpoint=tmp_path / "checkpoint"
        )

    trainer = make()
    broken(trainer)
    told: list[str] = []
    assert trainer.run(on_warning=told.append) is True
    assert len(told) == 2 and "checkpoint" in told[0]
    with pytest.warns(libasl.TrainingWarning, match="checkpoint") as caught:
        make().run()
    assert pathlib.Path(caught[0].filename) == pathlib.Path(__file__)
    with warnings.catch_warnings(), pytest.raises(libasl.TrainingWarning):
        warnings.simplefilter("error")
        make().run()


def test_falling_back_to_the_checkpoint_before(
    model: libasl.Model, dataset: libasl.Dataset, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "checkpoint"
    libasl.Trainer(model, dataset, epochs=2, batch_size=8, checkpoint=path).run()
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    told: list[str] = []
    again = libasl.Trainer.resume(path, dataset, on_warning=told.append)
    assert again.fell_back is True and len(told) == 1 and len(again.history) == 1
    with pytest.warns(libasl.TrainingWarning) as caught:
        libasl.Trainer.resume(path, dataset)
    assert pathlib.Path(caught[0].filename) == pathlib.Path(__file__)
    with pytest.raises(libasl.DatasetChangedError):
        libasl.Trainer.resume(path, dataset.split("random").train)


def test_settings_for_strangers(
    model: libasl.Model, dataset: libasl.Dataset, tmp_path: pathlib.Path
) -> None:
    strong = libasl.Augmentation({"base": "strong", "negative": 0})
    path = tmp_path / "checkpoint"
    trainer = libasl.Trainer(
        model, dataset, epochs=2, batch_size=8, threads=1, checkpoint=path, augmentation=strong,
        average=0.99, epoch_pictures=30, start_size=16, start_share=0.5,
    )  # fmt: skip
    strong.close()  # of which it has a copy
    options = trainer.options
    assert options.augmentation and libasl.Augmentation(options.augmentation).keys["negative"] == 0
    assert (options.average, options.epoch_pictures) == (0.99, 30)
    assert (options.start_size, options.start_share) == (16, 0.5)
    totals = set()
    assert trainer.run(lambda progress: totals.add(progress.total)) is True and totals == {30}
    again = libasl.Trainer.resume(path, dataset, threads=1)
    assert again.options.augmentation == options.augmentation and again.options.average == 0.99
    named = libasl.Trainer(model, dataset, augmentation={"rotation": 9}).options.augmentation
    assert named and libasl.Augmentation(named).keys["rotation"] == 9
    plain = libasl.Trainer(model, dataset).options
    assert plain.augmentation is None and plain.average == 0.0 and plain.start_size == 0


def test_sources_of_the_validation_set(
    model: libasl.Model, dataset: libasl.Dataset, signers: pathlib.Path
) -> None:
    other = libasl.Dataset(signers)
    mix = libasl.Dataset.mix([dataset, other], names=["a", "b"])
    only = mix.split("group", fraction=0.5)  # sources stay apart
    trainer = libasl.Trainer(model, dataset, mix, epochs=2, batch_size=8, threads=1)
    told: list[libasl.EpochMetrics] = []
    trainer.run(on_epoch=told.append)
    assert trainer.history == tuple(told)
    for epoch in told:
        first, second = epoch.val_sources
        assert first is not None and second is not None and epoch.val_source_accuracy is not None
        assert math.isclose(epoch.val_source_accuracy, (first + second) / 2)
    trainer = libasl.Trainer(model, dataset, only.validation, epochs=1, threads=1)
    trainer.run()
    assert len(trainer.history[0].val_sources) == 2
    trainer = libasl.Trainer(model, dataset, epochs=1, threads=1)
    trainer.run()
    assert trainer.history[0].val_sources == ()
    assert trainer.history[0].val_source_accuracy is None


def test_divergence(model: libasl.Model, dataset: libasl.Dataset) -> None:
    wild = libasl.Trainer(model, dataset, optimizer="sgd", learning_rate=1e30)
    with pytest.raises(ArithmeticError) as caught:
        wild.run()
    assert isinstance(caught.value, libasl.DivergedError)


def test_two_ranks(model: libasl.Model, dataset: libasl.Dataset) -> None:
    barrier, shared = threading.Barrier(2, timeout=60), {}
    results: dict[int, memoryview] = {}

    def train(rank: int) -> None:
        def add(values: memoryview) -> None:
            shared[rank] = list(values)
            barrier.wait()
            for i, (left, right) in enumerate(zip(shared[0], shared[1])):
                values[i] = left + right
            barrier.wait()

        trainer = libasl.Trainer(model, dataset, epochs=1, batch_size=24, threads=1,
                                 rank=rank, ranks=2, all_reduce=add)  # fmt: skip
        trainer.run()
        results[rank] = trainer.model().parameters

    threads = [threading.Thread(target=train, args=(rank,)) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0] == results[1] != model.parameters


def test_a_rank_that_is_lost(model: libasl.Model, dataset: libasl.Dataset) -> None:
    def lost(values: memoryview) -> None:
        raise ConnectionError("rank 1 is gone")

    trainer = libasl.Trainer(model, dataset, ranks=2, rank=0, all_reduce=lost)
    with pytest.raises(ConnectionError, match="rank 1 is gone"):
        trainer.run()
