# SPDX-License-Identifier: MIT
"""Ctrl-C, other signals, and fork(). What the library is asked to do here takes far longer than the
test may."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import threading
import time
import types
from collections.abc import Callable, Iterator

import libasl
import pytest

PROMPT = 2.0  # seconds; a tenth of one where nothing else runs


class Alarm(Exception):
    pass


@pytest.fixture
def interrupt() -> Iterator[Callable[[], float]]:
    """A function that sends SIGINT a little later; then, how long ago that was."""
    sent: list[float] = []

    def send() -> None:
        time.sleep(0.1)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)

    def step() -> float:
        if not thread.is_alive() and not sent:
            thread.start()
            return 0.0
        return time.monotonic() - sent[0]

    before = signal.getsignal(signal.SIGINT)
    yield step
    thread.join()
    assert signal.getsignal(signal.SIGINT) is before


def test_training(
    endless: libasl.Trainer, dataset: libasl.Dataset, interrupt: Callable[[], float]
) -> None:
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        endless.run()
    assert interrupt() < PROMPT
    history, options = endless.history, endless.options
    again = libasl.Trainer.resume(options.checkpoint or "", dataset, threads=1)
    assert again.history == history
    assert endless.run(on_epoch=lambda epoch: endless.request_stop()) is False


def test_evaluation(
    model: libasl.Model, folder: pathlib.Path, interrupt: Callable[[], float]
) -> None:
    large = libasl.Model.create("seed", width=224, height=224, labels=model.labels)
    inferer = libasl.Inferer(large, backend="reference", threads=1)
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        inferer.evaluate(libasl.Dataset(folder))
    assert interrupt() < 2 * PROMPT  # one picture of the reference backend takes a while
    with pytest.raises(libasl.ArgumentError):
        inferer.profile(folder / "A" / "A0000.png", 0)  # it can be used again


def test_packing(dataset: libasl.Dataset, tmp_path: pathlib.Path) -> None:
    def progress(done: int, total: int) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        dataset.pack(tmp_path / "pack", width=8, height=8, progress=progress)
    assert list(tmp_path.iterdir()) == []
    main = threading.get_ident()
    timer = threading.Timer(0.02, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        while True:  # it comes inside the library or between two calls
            dataset.pack(tmp_path / "pack", width=512, height=512, reuse=False)
    timer.join()


def test_a_long_batch(
    model: libasl.Model, picture: pathlib.Path, interrupt: Callable[[], float]
) -> None:
    inferer = libasl.Inferer(model, batch_size=64, threads=1)
    images = [libasl.Image(picture)] * 1_000_000
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        inferer.classify_batch(images)
    assert interrupt() < PROMPT
    assert inferer.classify(picture)


def test_handlers_of_the_host_run_and_may_raise(endless: libasl.Trainer) -> None:
    seen: list[int] = []

    def handler(number: int, frame: types.FrameType | None) -> None:
        seen.append(number)
        if len(seen) == 3:
            raise Alarm

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    try:
        with pytest.raises(Alarm):
            endless.run()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    assert signal.getsignal(signal.SIGALRM) is handler
    signal.signal(signal.SIGALRM, before)
    assert len(seen) >= 3


def test_an_interrupt_inside_a_call_inside_a_callback(
    endless: libasl.Trainer, inferer: libasl.Inferer, dataset: libasl.Dataset
) -> None:
    def on_epoch(epoch: libasl.EpochMetrics) -> None:
        inferer.evaluate(dataset, progress=lambda done, total: os.kill(os.getpid(), signal.SIGINT))

    with pytest.raises(KeyboardInterrupt):
        endless.run(on_epoch=on_epoch)


def test_ignored_signals_stay_ignored(trainer: libasl.Trainer) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        trainer.run(on_progress=lambda progress: os.kill(os.getpid(), signal.SIGINT))
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_handler_set_by_a_callback_stays(trainer: libasl.Trainer) -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        trainer.run(on_epoch=lambda epoch: signal.signal(signal.SIGINT, signal.SIG_IGN))
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_forked_child_can_use_and_free_what_it_inherits(
    model: libasl.Model, dataset: libasl.Dataset, picture: pathlib.Path
) -> None:
    inferer = libasl.Inferer(model, threads=4)
    trainer = libasl.Trainer(model, dataset, epochs=2, threads=2)
    expected = inferer.classify(picture)
    trainer.run(on_epoch=lambda epoch: trainer.request_stop())
    weights = trainer.model().parameters
    child = os.fork()
    if child == 0:
        good = False
        try:
            good = inferer.classify(picture) == expected
            inferer.close()
            good = good and libasl.Inferer(model).classify(picture) == expected
            good = good and trainer.model().parameters == weights
            with contextlib.suppress(libasl.StateError):  # its threads are not here
                good = trainer.run() and False
            trainer.close()
        finally:
            os._exit(0 if good else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert inferer.classify(picture) == expected and trainer.run() is True
