# SPDX-License-Identifier: MIT
"""From pictures to letters, and from a data set to a confusion matrix."""

from __future__ import annotations

import ctypes
import dataclasses
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, overload

from libasl._calls import Calls
from libasl._dataset import Dataset, Issue, Progress, issue_of, progress_function
from libasl._errors import StoppedError, call
from libasl._handle import Exclusive, Memory, create
from libasl._image import lend_source
from libasl._model import Mirror, Model
from libasl._native import lib
from libasl._picture import Format, Source
from libasl._structs import (
    asl_evaluate_options,
    asl_evaluation_info,
    asl_evaluation_result,
    asl_image_view,
    asl_inferer_options,
    asl_issue,
    asl_layer_time,
)
from libasl._values import Region, choose, defaults, fill, rectangle, string, whole

# classify_batch() looks up from its work about so often, for Ctrl-C.
SLICE_SECONDS = 0.2
FIRST_SLICE = 8


class Ranked(NamedTuple):
    """A class and its score."""

    label: str
    score: float


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a picture shows: scores are probabilities in the order of labels, the model's."""

    labels: tuple[str, ...]
    scores: tuple[float, ...]

    @property
    def index(self) -> int:
        """The class with the best score."""
        return self.scores.index(max(self.scores))

    @property
    def label(self) -> str:
        """Its name."""
        return self.labels[self.index]

    @property
    def score(self) -> float:
        """The best score."""
        return max(self.scores)

    @property
    def ranked(self) -> tuple[Ranked, ...]:
        """All classes, the best first."""
        pairs = map(Ranked, self.labels, self.scores)
        return tuple(sorted(pairs, key=lambda pair: -pair.score))


@dataclasses.dataclass(frozen=True)
class LayerTime:
    """How long a backend takes for a layer and those that it does along with it."""

    name: str
    method: str
    layer_count: int
    mac_count: int
    nanoseconds: float


@dataclasses.dataclass(frozen=True)
class GroupResult:
    """Pictures of one group (signer) or source, and how many were named rightly."""

    name: str
    count: int
    correct: int


@dataclasses.dataclass(frozen=True)
class PictureResult:
    """What the network says of one picture of an evaluation: truth is its true class, sample its
    place in the data set, and logits are the raw outputs behind the prediction's scores."""

    truth: str
    truth_index: int
    prediction: Prediction
    logits: tuple[float, ...]
    group: str | None
    source: str
    sample: int
    path: str

    @property
    def correct(self) -> bool:
        """Whether it was named rightly."""
        return self.prediction.index == self.truth_index


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """How a model does on a data set. Rows of confusion are true classes and columns predicted
    ones, in the order of labels; issues are pictures that could not be read and do not count.
    results are those of the single pictures, in the order of the data set."""

    labels: tuple[str, ...]
    count: int
    correct: int
    accuracy: float
    loss: float
    confusion: tuple[tuple[int, ...], ...]
    groups: tuple[GroupResult, ...]
    sources: tuple[GroupResult, ...]
    issues: tuple[Issue, ...]
    results: Sequence[PictureResult] = dataclasses.field(repr=False, compare=False)


class Results(Sequence[PictureResult]):
    """The results of an evaluation, which are copied only when they are asked for."""

    def __init__(
        self,
        memory: Memory,
        labels: tuple[str, ...],
        groups: tuple[GroupResult, ...],
        sources: tuple[GroupResult, ...],
        count: int,
    ) -> None:
        self._memory, self._labels, self._count = memory, labels, count
        self._groups, self._sources = groups, sources

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> PictureResult: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[PictureResult, ...]: ...

    def __getitem__(self, index: int | slice) -> PictureResult | tuple[PictureResult, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(self._count)))
        native, width = asl_evaluation_result(), len(self._labels)
        place = range(self._count)[index]
        call(lib.asl_evaluation_get_result, native, self._memory.pointer, place)
        group = native.group_index
        return PictureResult(
            truth=self._labels[native.truth],
            truth_index=native.truth,
            prediction=Prediction(self._labels, tuple(native.scores[:width])),
            logits=tuple(native.logits[:width]),
            group=self._groups[group].name if group >= 0 else None,
            source=self._sources[native.source_index].name,
            sample=native.sample,
            path=string(native.path),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process they are a tuple."""
        return tuple, (self[:],)


def _parts(function: Any, pointer: int, count: int) -> Iterator[GroupResult]:
    for i in range(count):
        name, seen, correct = ctypes.c_char_p(), ctypes.c_int64(), ctypes.c_int64()
        out = ctypes.byref(name), ctypes.byref(seen), ctypes.byref(correct)
        call(function, *out, pointer, i)
        yield GroupResult(string(name.value), seen.value, correct.value)


def _issues(pointer: int, count: int) -> Iterator[Issue]:
    for i in range(count):
        native = asl_issue()
        call(lib.asl_evaluation_get_issue, native, pointer, i)
        yield issue_of(native)


def _evaluation(memory: Memory, labels: tuple[str, ...]) -> Evaluation:
    """The same in Python."""
    info, pointer = asl_evaluation_info(), memory.pointer
    call(lib.asl_evaluation_get_info, info, pointer)
    size = info.label_count
    groups = tuple(_parts(lib.asl_evaluation_get_group, pointer, info.group_count))
    sources = tuple(_parts(lib.asl_evaluation_get_source, pointer, info.source_count))
    cells = lib.asl_evaluation_confusion(pointer)[: size * size]
    return Evaluation(
        labels=labels,
        count=info.count,
        correct=info.correct,
        accuracy=info.accuracy,
        loss=info.loss,
        confusion=tuple(tuple(cells[i * size : (i + 1) * size]) for i in range(size)),
        groups=groups,
        sources=sources,
        issues=tuple(_issues(pointer, info.issue_count)),
        results=Results(memory, labels, groups, sources, info.count),
    )


class Inferer(Exclusive):
    """A model on one backend. A thread at a time may use it; threads may each have one of the same
    model."""

    def __init__(
        self,
        model: Model,
        *,
        threads: int | None = None,
        batch_size: int | None = None,
        mirror: Mirror | str | None = None,
        looks: int | None = None,
        crops: int | None = None,
        backend: str | None = None,
        isa: str | None = None,
        precision: str | None = None,
    ) -> None:
        if not isinstance(model, Model):
            raise TypeError(f"a Model is needed, not {model!r}")
        options = fill(
            defaults(asl_inferer_options),
            threads=threads,
            batch_size=batch_size,
            mirror=None if mirror is None else choose(Mirror, mirror),
            looks=looks,
            crops=crops,
            backend=backend,
            isa=isa,
            precision=precision,
        )
        self._labels = model.labels
        self._batch_size = int(options.batch_size)
        memory = model._open()
        pointer, _ = create(lib.asl_inferer_create, memory.pointer, options)
        super().__init__(Memory(pointer, lib.asl_inferer_free, memory))

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the scores."""
        self._open()
        return self._labels

    @property
    def backend(self) -> str:
        """Which backend runs, and why."""
        return string(lib.asl_inferer_backend(self._open().pointer))

    @property
    def mirror(self) -> Mirror:
        """Which side of pictures is read; AUTO while that is not decided."""
        with self._using() as pointer:
            return Mirror(lib.asl_inferer_mirror(pointer))

    def reset(self) -> None:
        """Forget which side AUTO has decided on, as for another signer."""
        with self._using() as pointer:
            lib.asl_inferer_reset(pointer)

    def classify(
        self,
        picture: Source,
        *,
        region: Region | None = None,
        bgr: bool = False,
        format: Format | str | None = None,
    ) -> Prediction:
        """Name what a picture shows, or the part of it inside region (x, y, width, height).

        The picture is an Image, a View, a path, or an array of bytes as View takes it, with bgr or
        format."""
        view = lend_source(picture, bgr=bgr, format=format)
        return Prediction(self.labels, self._one(lib.asl_inferer_classify, view, region))

    def logits(
        self,
        picture: Source,
        *,
        region: Region | None = None,
        bgr: bool = False,
        format: Format | str | None = None,
    ) -> tuple[float, ...]:
        """The network's raw outputs, before temperature and softmax."""
        view = lend_source(picture, bgr=bgr, format=format)
        return self._one(lib.asl_inferer_logits, view, region)

    def _one(
        self, function: Any, view: asl_image_view, region: Region | None
    ) -> tuple[float, ...]:
        scores = (ctypes.c_float * len(self.labels))()
        part = rectangle(region)
        with self._using() as pointer:
            call(function, scores, len(scores), pointer, view, part)
        return tuple(scores)

    def classify_batch(
        self,
        pictures: Iterable[Source],
        *,
        bgr: bool = False,
        format: Format | str | None = None,
    ) -> list[Prediction]:
        """Name what many pictures show; they are taken batch_size at a time. Ctrl-C ends it
        between passes."""
        predictions: list[Prediction] = []
        views: list[asl_image_view] = []
        with self._using() as pointer:
            size = min(self._batch_size, FIRST_SLICE)
            for picture in pictures:
                views.append(lend_source(picture, bgr=bgr, format=format))
                if len(views) == size:
                    begun = time.monotonic()
                    predictions += self._pass(pointer, views)
                    views.clear()
                    if time.monotonic() - begun < SLICE_SECONDS / 2:
                        size = min(2 * size, self._batch_size)
            predictions += self._pass(pointer, views)
        return predictions

    def _pass(self, pointer: int, views: list[asl_image_view]) -> Iterator[Prediction]:
        if not views:
            return
        width = len(self._labels)
        scores = (ctypes.c_float * (len(views) * width))()
        # A copy of the structs: it is the list that keeps their pixels alive.
        together = (asl_image_view * len(views))(*views)
        function = lib.asl_inferer_classify_batch
        call(function, scores, len(scores), pointer, together, len(views))
        for i in range(len(views)):
            yield Prediction(self._labels, tuple(scores[i * width : (i + 1) * width]))

    def profile(
        self,
        picture: Source,
        runs: int,
        *,
        bgr: bool = False,
        format: Format | str | None = None,
    ) -> tuple[LayerTime, ...]:
        """How long each layer takes on a picture: medians of so many runs."""
        view, runs = lend_source(picture, bgr=bgr, format=format), whole("runs", runs)
        with self._using() as pointer:
            found, _ = create(lib.asl_inferer_profile, pointer, view, runs)
        memory, times = Memory(found, lib.asl_profile_free), []
        for i in range(lib.asl_profile_count(memory.pointer)):
            native = asl_layer_time()
            call(lib.asl_profile_get, native, memory.pointer, i)
            times.append(
                LayerTime(
                    name=string(native.name),
                    method=string(native.method),
                    layer_count=native.layer_count,
                    mac_count=native.mac_count,
                    nanoseconds=native.nanoseconds,
                )
            )
        return tuple(times)

    def evaluate(
        self, dataset: Dataset, *, threads: int | None = None, progress: Progress | None = None
    ) -> Evaluation:
        """Run a data set through the network. Raises StoppedError when progress(done, total)
        returned something true."""
        if not isinstance(dataset, Dataset):
            raise TypeError(f"a Dataset is needed, not {dataset!r}")
        options = fill(defaults(asl_evaluate_options), threads=threads)
        data, function = dataset._open(), lib.asl_inferer_evaluate
        with self._using() as pointer, Calls() as calls:
            options.progress = progress_function(calls, progress)
            found, _ = create(function, pointer, data.pointer, options)
            memory = Memory(found, lib.asl_evaluation_free) if found else None
        if memory is None:
            raise StoppedError("the evaluation was stopped by its progress function")
        return _evaluation(memory, self._labels)

    def __repr__(self) -> str:
        if self.closed:
            return "<libasl.Inferer, closed>"
        return f"<libasl.Inferer on {self.backend}>"
