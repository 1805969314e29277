# SPDX-License-Identifier: MIT
"""Threads: who may share what, and that the library lets others run."""

from __future__ import annotations

import pathlib
import threading
import time
from collections.abc import Callable

import libasl
import pytest


def in_threads(count: int, work: Callable[[int], object]) -> list[BaseException]:
    """Run it so many times at once; what was raised."""
    raised: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_other_threads_run_meanwhile(model: libasl.Model, picture: pathlib.Path) -> None:
    ticks, done = [], threading.Event()

    def tick() -> None:
        while not done.wait(0.005):
            ticks.append(time.monotonic())

    image = libasl.Image(picture)
    thread = threading.Thread(target=tick)
    with libasl.Inferer(model, backend="cpu", isa="c", threads=1) as slow:
        slow.profile(image, 3)  # nothing is left to warm up
        thread.start()
        begun, runs = time.monotonic(), 0
        while time.monotonic() - begun < 0.5:
            ticks.clear()
            runs = max(1, 2 * runs)
            call_begun = time.monotonic()
            slow.profile(image, runs)
            seconds = time.monotonic() - call_begun
        last = [when for when in ticks if when < call_begun + seconds]
    done.set()
    thread.join()
    assert seconds > 0.1 and len(last) / seconds > 50, f"{len(last)} ticks in {seconds} s"


def test_models_and_data_sets_are_shared(
    model: libasl.Model, dataset: libasl.Dataset, picture: pathlib.Path
) -> None:
    expected = libasl.Inferer(model, threads=1).classify(picture)

    def work(number: int) -> None:
        with libasl.Inferer(model, threads=1) as inferer:
            for i in range(20):
                assert inferer.classify(picture) == expected
                assert dataset.image(i).width == 32 and len(dataset.split("block")) == 3

    assert in_threads(8, work) == []


def test_two_threads_in_one_inferer(model: libasl.Model, dataset: libasl.Dataset) -> None:
    inside, go = threading.Event(), threading.Event()
    inferer = libasl.Inferer(model, threads=1)

    def wait(done: int, total: int) -> None:
        inside.set()
        go.wait(60)

    thread = threading.Thread(target=lambda: inferer.evaluate(dataset, progress=wait))
    thread.start()
    inside.wait(60)
    image = dataset.image(0)
    uses: list[Callable[[], object]] = [
        lambda: inferer.classify(image),
        lambda: inferer.logits(image),
        lambda: inferer.classify_batch([image]),
        lambda: inferer.profile(image, 1),
        lambda: inferer.evaluate(dataset),
    ]
    for use in uses:
        with pytest.raises(libasl.BusyError, match="Inferer is inside a call"):
            use()
    go.set()
    thread.join()
    assert inferer.classify(image)


def test_many_threads_in_one_handle_never_crash(
    model: libasl.Model, dataset: libasl.Dataset
) -> None:
    inferer, speller = libasl.Inferer(model, threads=2, batch_size=4), libasl.Speller(model)
    trainer = libasl.Trainer(model, dataset, epochs=1, threads=1)
    images = [dataset.image(i) for i in range(8)]

    def work(number: int) -> None:
        for i in range(30):
            try:
                if number % 4 == 0:
                    inferer.classify_batch(images)
                elif number % 4 == 1:
                    inferer.classify(images[i % 8])
                elif number % 4 == 2:
                    speller.push([0.8, 0.1, 0.1], i)
                    speller.insert("x")
                else:
                    trainer.run()
                    trainer.history
            except (libasl.BusyError, libasl.ArgumentError):
                pass

    assert in_threads(8, work) == []
    assert inferer.classify(images[0])


def test_closing_what_another_thread_uses(
    model: libasl.Model, dataset: libasl.Dataset
) -> None:
    def work(number: int) -> None:
        own = model.with_parameters(model.parameters)
        inferer, image = libasl.Inferer(own, threads=1), dataset.image(0)
        subset = dataset.split("random").train

        def close() -> None:
            for handle in (own, subset, image, inferer):
                handle.close()

        closer = threading.Timer(0.001 * number, close)
        closer.start()
        with pytest.raises(libasl.ClosedError):
            while True:
                inferer.classify(image)
                own.layers
                subset.image(0)
                own.parameters[0]
        closer.join()

    assert in_threads(12, work) == []
