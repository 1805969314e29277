# SPDX-License-Identifier: MIT
"""Training a model on a data set."""

from __future__ import annotations

import ctypes
import dataclasses
import math
import os
import sys
import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from libasl._augment import Augmentation, Varying, augmentation as augmentation_of
from libasl._calls import Calls
from libasl._dataset import Dataset
from libasl._errors import StoppedError, SystemCallError, TrainingWarning, call
from libasl._handle import Exclusive, Memory, create
from libasl._image import lent_bytes
from libasl._model import Model
from libasl._native import lib
from libasl._structs import (
    AllReduceFunction,
    EpochFunction,
    TrainProgressFunction,
    WarningFunction,
    asl_epoch_metrics,
    asl_train_progress,
    asl_trainer_options,
)
from libasl._values import Choice, Path, choose, defaults, fill, path_bytes, string

if TYPE_CHECKING:
    from typing_extensions import Self


class Optimizer(Choice):
    """Ways to take a step."""

    ADAM = 0
    ADAMW = 1
    SGD = 2


class Schedule(Choice):
    """How the learning rate goes."""

    CONSTANT = 0
    ONE_CYCLE = 1


@dataclasses.dataclass(frozen=True)
class TrainProgress:
    """Where a running training stands; eta_seconds is None when unknown."""

    epoch: int
    epochs: int
    validating: bool
    done: int
    total: int
    loss: float
    accuracy: float
    learning_rate: float
    seconds: float
    eta_seconds: float | None


@dataclasses.dataclass(frozen=True)
class EpochMetrics:
    """One finished epoch; val_* are None without a validation set. val_sources are the accuracies
    on each of its sources, None for one without pictures, and val_source_accuracy their mean."""

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float
    seconds: float
    is_best: bool
    val_source_accuracy: float | None
    val_sources: tuple[float | None, ...]


@dataclasses.dataclass(frozen=True)
class TrainerOptions:
    """The settings in force; augmentation is its text."""

    epochs: int
    batch_size: int
    optimizer: Optimizer
    schedule: Schedule
    nesterov: bool
    learning_rate: float
    beta1: float
    beta2: float
    epsilon: float
    momentum: float
    weight_decay: float
    label_smoothing: float
    seed: int
    threads: int
    checkpoint_steps: int
    backend: str
    isa: str | None
    precision: str | None
    checkpoint: str | None
    rank: int
    ranks: int
    augmentation: str | None
    average: float
    epoch_pictures: int
    start_share: float
    start_size: int


PACKAGE = os.path.dirname(__file__) + os.sep

OnProgress = Callable[[TrainProgress], object]
OnEpoch = Callable[[EpochMetrics], object]
OnWarning = Callable[[str], object]
# Replaces the floats by their sums over all ranks.
AllReduce = Callable[[memoryview], object]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _metrics(native: asl_epoch_metrics, trainer: int, sources: int) -> EpochMetrics:
    place, accuracy = native.epoch - 1, lib.asl_trainer_source_accuracy
    return EpochMetrics(
        epoch=native.epoch,
        train_loss=native.train_loss,
        train_accuracy=native.train_accuracy,
        val_loss=_known(native.val_loss),
        val_accuracy=_known(native.val_accuracy),
        learning_rate=native.learning_rate,
        seconds=native.seconds,
        is_best=bool(native.is_best),
        val_source_accuracy=_known(native.val_source_accuracy),
        val_sources=tuple(_known(accuracy(trainer, place, i)) for i in range(sources)),
    )


def _progress(native: asl_train_progress) -> TrainProgress:
    return TrainProgress(
        epoch=native.epoch,
        epochs=native.epochs,
        validating=bool(native.validating),
        done=native.done,
        total=native.total,
        loss=native.loss,
        accuracy=native.accuracy,
        learning_rate=native.learning_rate,
        seconds=native.seconds,
        eta_seconds=native.eta_seconds if native.eta_seconds >= 0.0 else None,
    )


def _warn(message: str) -> None:
    """A warning about the line that called this package."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, TrainingWarning, stacklevel=level)


class Callbacks:
    """The functions that the library calls, for as long as a trainer lives; what they call in turn
    changes with each run. calls is the run that they belong to."""

    def __init__(self, all_reduce: AllReduce | None, on_warning: OnWarning | None) -> None:
        self.calls = Calls()
        self.memory: weakref.ref[Memory] | None = None
        self.sources = 0  # of the validation set
        self.all_reduce = all_reduce
        self.use(None, None, on_warning)

    def use(
        self,
        on_progress: OnProgress | None = None,
        on_epoch: OnEpoch | None = None,
        on_warning: OnWarning | None = None,
    ) -> None:
        """Call these from now on."""
        self.on_progress, self.on_epoch = on_progress, on_epoch
        self.on_warning = on_warning or _warn

    def put(self, options: asl_trainer_options) -> None:
        """Enter them in the options."""

        def progress(native: Any, _user: int | None) -> None:
            self.calls.guard(self._progress, native)

        def epoch(native: Any, _user: int | None) -> None:
            self.calls.guard(self._epoch, native)

        def warning(_code: int, message: bytes, _user: int | None) -> None:
            self.calls.guard(self.on_warning, string(message))

        def reduce(values: int, count: int, _user: int | None) -> int:
            self.calls.guard(self._reduce, values, count)
            return SystemCallError.code if self.calls.error is not None else 0

        options.on_progress = TrainProgressFunction(progress)
        options.on_epoch = EpochFunction(epoch)
        options.on_warning = WarningFunction(warning)
        if self.all_reduce is not None:
            options.all_reduce = AllReduceFunction(reduce)

    def _progress(self, native: Any) -> None:
        if self.on_progress is not None:
            self.on_progress(_progress(native.contents))

    def _epoch(self, native: Any) -> None:
        memory = self.memory() if self.memory is not None else None
        if self.on_epoch is not None and memory is not None:
            self.on_epoch(_metrics(native.contents, memory.pointer, self.sources))

    def _reduce(self, values: int, count: int) -> None:
        memory = self.memory() if self.memory is not None else None
        if self.all_reduce is not None and memory is not None:
            numbers = lent_bytes(values, count * ctypes.sizeof(ctypes.c_float), memory).cast("f")
            self.all_reduce(numbers)


class Trainer(Exclusive):
    """A training run: a model's weights, the data, and the loop that improves one on the other.

    Settings that are None are the library's defaults, which asl/trainer.h explains."""

    fell_back = False  # whether resume() took the checkpoint before the last

    def __init__(
        self,
        model: Model,
        train: Dataset,
        validation: Dataset | None = None,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        optimizer: Optimizer | str = Optimizer.ADAM,
        schedule: Schedule | str = Schedule.CONSTANT,
        nesterov: bool | None = None,
        learning_rate: float | None = None,
        beta1: float | None = None,
        beta2: float | None = None,
        epsilon: float | None = None,
        momentum: float | None = None,
        weight_decay: float | None = None,
        label_smoothing: float | None = None,
        seed: int | None = None,
        threads: int | None = None,
        checkpoint: Path | None = None,
        checkpoint_steps: int | None = None,
        backend: str | None = None,
        isa: str | None = None,
        precision: str | None = None,
        rank: int | None = None,
        ranks: int | None = None,
        all_reduce: AllReduce | None = None,
        augmentation: Varying | None = None,
        average: float | None = None,
        epoch_pictures: int | None = None,
        start_share: float | None = None,
        start_size: int | None = None,
    ) -> None:
        if not isinstance(model, Model):
            raise TypeError(f"a Model is needed, not {model!r}")
        options = fill(
            defaults(asl_trainer_options),
            epochs=epochs,
            batch_size=batch_size,
            optimizer=choose(Optimizer, optimizer),
            schedule=choose(Schedule, schedule),
            nesterov=nesterov,
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            momentum=momentum,
            weight_decay=weight_decay,
            label_smoothing=label_smoothing,
            seed=seed,
            threads=threads,
            checkpoint=None if checkpoint is None else path_bytes(checkpoint),
            checkpoint_steps=checkpoint_steps,
            backend=backend,
            isa=isa,
            precision=precision,
            rank=rank,
            ranks=ranks,
            average=average,
            epoch_pictures=epoch_pictures,
            start_share=start_share,
            start_size=start_size,
        )
        varied = augmentation_of(augmentation)
        if varied is not None:  # of which the trainer makes a copy
            varying = varied._open()
            options.augmentation = varying.pointer
        memory, function = model._open(), lib.asl_trainer_create
        self._create(function, memory.pointer, train, validation, options, all_reduce, None)

    @classmethod
    def resume(
        cls,
        path: Path,
        train: Dataset,
        validation: Dataset | None = None,
        *,
        epochs: int | None = None,
        threads: int | None = None,
        checkpoint: Path | None = None,
        checkpoint_steps: int | None = None,
        backend: str | None = None,
        isa: str | None = None,
        precision: str | None = None,
        rank: int | None = None,
        ranks: int | None = None,
        all_reduce: AllReduce | None = None,
        on_warning: OnWarning | None = None,
    ) -> Self:
        """Go on from a checkpoint file, with the settings that shaped the run; epochs counts when
        it is larger. When the file was damaged and the one before it was taken, that is told to
        on_warning (by default a TrainingWarning), and fell_back is True."""
        options = fill(
            defaults(asl_trainer_options),
            epochs=0 if epochs is None else epochs,
            threads=threads,
            checkpoint=None if checkpoint is None else path_bytes(checkpoint),
            checkpoint_steps=checkpoint_steps,
            backend=backend,
            isa=isa,
            precision=precision,
            rank=rank,
            ranks=ranks,
        )
        self, name, function = cls.__new__(cls), path_bytes(path), lib.asl_trainer_resume
        status = self._create(function, name, train, validation, options, all_reduce, on_warning)
        self.fell_back = status > 0
        return self

    def _create(
        self,
        function: Any,
        start: Any,
        train: Dataset,
        validation: Dataset | None,
        options: asl_trainer_options,
        all_reduce: AllReduce | None,
        on_warning: OnWarning | None,
    ) -> int:
        """From a model or a path; returns the status."""
        for data in (train,) if validation is None else (train, validation):
            if not isinstance(data, Dataset):
                raise TypeError(f"a Dataset is needed, not {data!r}")
        self._callbacks = functions = Callbacks(all_reduce, on_warning)
        functions.put(options)
        pictures = train._open()
        measured = None if validation is None else validation._open()
        pointers = pictures.pointer, None if measured is None else measured.pointer
        with Calls() as functions.calls:
            pointer, status = create(function, start, *pointers, options)
            memory = Memory(pointer, lib.asl_trainer_free, (options, pictures, measured))
        functions.memory = weakref.ref(memory)
        functions.sources = 0 if validation is None else len(validation.sources)
        super().__init__(memory)
        return status

    def run(
        self,
        on_progress: OnProgress | None = None,
        on_epoch: OnEpoch | None = None,
        on_warning: OnWarning | None = None,
    ) -> bool:
        """Train to the end of the last epoch: True; or until request_stop(): False, and run() may
        be called again.

        on_progress is called with a TrainProgress about ten times a second, on_epoch with the
        EpochMetrics of each epoch, and on_warning with the text of what went wrong without ending
        the run (by default a TrainingWarning). What they raise ends the run, as Ctrl-C does, after
        the current batch, with the checkpoint written."""
        memory, functions = self._open(), self._callbacks

        def stop() -> None:
            lib.asl_trainer_request_stop(memory.pointer)

        with self._using() as pointer, Calls(stop) as functions.calls:
            functions.use(on_progress, on_epoch, on_warning)
            try:
                status = call(lib.asl_trainer_run, pointer)
            finally:
                functions.use()
        return status != StoppedError.code

    def request_stop(self) -> None:
        """Ask a run to stop after the current batch; from any thread, also from a callback. A
        request made before a run holds for it."""
        lib.asl_trainer_request_stop(self._open().pointer)

    def save_checkpoint(self, path: Path) -> None:
        """Write the state to a file."""
        name = path_bytes(path)
        with self._using() as pointer:
            call(lib.asl_trainer_save_checkpoint, pointer, name)

    def model(self) -> Model:
        """The weights as they are now, as a model of its own."""
        with self._using() as pointer:
            return Model._make(lib.asl_trainer_get_model, pointer)

    def best_model(self) -> Model:
        """The weights after the best epoch."""
        with self._using() as pointer:
            return Model._make(lib.asl_trainer_get_best_model, pointer)

    @property
    def history(self) -> tuple[EpochMetrics, ...]:
        """The finished epochs, those before a resume included."""
        epochs = []
        with self._using() as pointer:
            for i in range(lib.asl_trainer_epoch_count(pointer)):
                native = asl_epoch_metrics()
                call(lib.asl_trainer_get_epoch, native, pointer, i)
                epochs.append(_metrics(native, pointer, self._callbacks.sources))
        return tuple(epochs)

    @property
    def options(self) -> TrainerOptions:
        """The settings in force; after a resume those of the checkpoint."""
        native = asl_trainer_options()
        with self._using() as pointer:
            call(lib.asl_trainer_get_options, native, pointer)
            values = {
                field.name: getattr(native, field.name)
                for field in dataclasses.fields(TrainerOptions)
            }
            if native.augmentation is not None:
                values["augmentation"] = lib.asl_augmentation_text(native.augmentation)
        for name, value in values.items():
            if isinstance(value, bytes):
                values[name] = string(value)
        values["optimizer"] = Optimizer(values["optimizer"])
        values["schedule"] = Schedule(values["schedule"])
        values["nesterov"] = bool(values["nesterov"])
        return TrainerOptions(**values)

    @property
    def backend(self) -> str:
        """Which backend runs, and why."""
        return string(lib.asl_trainer_backend(self._open().pointer))

    def __repr__(self) -> str:
        return "<libasl.Trainer, closed>" if self.closed else "<libasl.Trainer>"
