# SPDX-License-Identifier: MIT
"""Labelled pictures on disk."""

from __future__ import annotations

import ctypes
import dataclasses
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

from libasl._calls import Calls
from libasl._errors import ArgumentError, StoppedError, call
from libasl._handle import Handle, Memory, create
from libasl._image import DecodeOptions, Image, decode_options
from libasl._native import lib
from libasl._structs import (
    ProgressFunction,
    asl_dataset_options,
    asl_issue,
    asl_mix_options,
    asl_pack_options,
    asl_sample,
    asl_split_options,
)
from libasl._values import (
    Choice,
    Path,
    choose,
    defaults,
    fill,
    name_bytes,
    path_bytes,
    real,
    string,
    strings,
)

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")

# Told how much is done, and of how much; what is true stops the work.
Progress = Callable[[int, int], object]


class SplitKind(Choice):
    """Ways to part a data set; asl/dataset.h says what each means for honesty."""

    AUTO = 0
    RANDOM = 1
    BLOCK = 2
    GROUP = 3

    def __str__(self) -> str:
        return string(lib.asl_split_name(self))


@dataclasses.dataclass(frozen=True)
class Sample:
    """One labelled picture; path is relative to the data set, as recorded there."""

    label: str
    class_index: int
    group: str | None
    group_index: int | None
    path: str
    source: str
    source_index: int


class DataSource(NamedTuple):
    """Where samples of a mix come from, and how much it weighs in a training."""

    name: str
    weight: float


@dataclasses.dataclass(frozen=True)
class Issue:
    """A picture that was skipped, and why; code is the status behind it."""

    code: int
    path: str
    message: str


class Split(NamedTuple):
    """The two sides of a data set, and how it was parted."""

    train: Dataset
    validation: Dataset
    kind: SplitKind


def issue_of(native: asl_issue) -> Issue:
    """The same in Python."""
    return Issue(native.code, string(native.path), string(native.message))


def progress_function(calls: Calls, progress: Progress | None) -> Any:
    """For options: tells progress, and stops when it says so or something was raised."""

    def told(done: int, total: int, _user: int | None) -> int:
        return int(bool(calls.guard(progress, done, total)) or calls.error is not None)

    return ProgressFunction(told)


def _opened(dataset: Dataset) -> Memory:
    if not isinstance(dataset, Dataset):
        raise TypeError(f"a Dataset is needed, not {dataset!r}")
    return dataset._open()


def _one_each(values: list[T], what: str, parts: list[Memory]) -> list[T]:
    if len(values) != len(parts):
        raise ArgumentError(f"{len(values)} {what} do not fit to {len(parts)} data sets")
    return values


class Dataset(Handle, Sequence[Sample]):
    """A list of samples. Dataset("folder") opens a folder of class folders, a CSV manifest or a
    packed file; what was skipped is in issues. It never changes, and threads may share it."""

    def __init__(
        self,
        path: Path,
        *,
        per_class: int | None = None,
        seed: int | None = None,
        decode: DecodeOptions | None = None,
    ) -> None:
        limits = decode_options(decode)
        options = fill(defaults(asl_dataset_options), per_class=per_class, seed=seed)
        if limits is not None:
            options.decode = ctypes.pointer(limits)
        pointer, _ = create(lib.asl_dataset_open, path_bytes(path), options)
        self._take(pointer)

    def _take(self, pointer: int) -> Self:
        Handle.__init__(self, Memory(pointer, lib.asl_dataset_free))
        self._classes = tuple(
            string(lib.asl_dataset_class_name(pointer, i))
            for i in range(lib.asl_dataset_class_count(pointer))
        )
        self._groups = tuple(
            string(lib.asl_dataset_group_name(pointer, i))
            for i in range(lib.asl_dataset_group_count(pointer))
        )
        self._sources = tuple(
            DataSource(
                string(lib.asl_dataset_source_name(pointer, i)),
                lib.asl_dataset_source_weight(pointer, i),
            )
            for i in range(lib.asl_dataset_source_count(pointer))
        )
        return self

    @classmethod
    def _wrap(cls, pointer: int) -> Self:
        return cls.__new__(cls)._take(pointer)

    @classmethod
    def mix(
        cls,
        datasets: Iterable[Dataset],
        *,
        names: Iterable[str] | None = None,
        weights: Iterable[float] | None = None,
        labels: Iterable[str] | None = None,
    ) -> Self:
        """Put several data sets together, or give a single one the classes of a model: labels, or
        else A..Z, del, nothing and space. Classes are found in any case of letters and by other
        names for the same ("delete", "blank"); those that are none of them are left out, as issues
        tell. names and weights are of the data sets, in their order; the data sets may be closed
        afterwards."""
        parts, options = [_opened(dataset) for dataset in datasets], defaults(asl_mix_options)
        pointers = (ctypes.c_void_p * len(parts))(*(part.pointer for part in parts))
        options.count = len(parts)
        if names is not None:
            options.names = strings(_one_each(name_bytes("name", names), "names", parts))
        if weights is not None:
            numbers = _one_each([real("weight", weight) for weight in weights], "weights", parts)
            options.weights = (ctypes.c_double * len(parts))(*numbers)
        if labels is not None:
            wanted = name_bytes("label", labels)
            options.labels, options.label_count = strings(wanted), len(wanted)
        pointer, _ = create(lib.asl_dataset_mix, pointers, options)
        return cls._wrap(pointer)

    @property
    def sources(self) -> tuple[DataSource, ...]:
        """What it was mixed of; a data set that is no mix has one source, itself. A split keeps
        all of its parent."""
        self._open()
        return self._sources

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; a split keeps all of its parent."""
        self._open()
        return self._classes

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups (signers); empty when unknown."""
        self._open()
        return self._groups

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was skipped; the same for a data set and its children."""
        memory, issues = self._open(), []
        for i in range(lib.asl_dataset_issue_count(memory.pointer)):
            native = asl_issue()
            call(lib.asl_dataset_get_issue, native, memory.pointer, i)
            issues.append(issue_of(native))
        return tuple(issues)

    @property
    def fingerprint(self) -> int:
        """Identity of the samples, wherever they lie."""
        return int(lib.asl_dataset_fingerprint(self._open().pointer))

    def __len__(self) -> int:
        return int(lib.asl_dataset_count(self._open().pointer))

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Sample, ...]: ...

    def __getitem__(self, index: int | slice) -> Sample | tuple[Sample, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        memory, native = self._open(), asl_sample()
        call(lib.asl_dataset_get_sample, native, memory.pointer, self._index(index))
        group = native.group_index
        return Sample(
            label=self._classes[native.class_index],
            class_index=native.class_index,
            group=self._groups[group] if group >= 0 else None,
            group_index=group if group >= 0 else None,
            path=string(native.path),
            source=self._sources[native.source_index].name,
            source_index=native.source_index,
        )

    def _index(self, index: int) -> int:
        count, number = len(self), operator.index(index)
        if not -count <= number < count:
            raise IndexError(f"no sample {number}, there are {count}")
        return number + count if number < 0 else number

    def image(self, index: int) -> Image:
        """The picture of a sample, decoded."""
        memory = self._open()
        return Image._make(lib.asl_dataset_load_image, memory.pointer, self._index(index))

    def split(
        self,
        kind: SplitKind | str = SplitKind.AUTO,
        *,
        fraction: float | None = None,
        seed: int | None = None,
    ) -> Split:
        """Part it in two; fraction of it goes to validation."""
        options = fill(
            defaults(asl_split_options), kind=choose(SplitKind, kind), fraction=fraction, seed=seed
        )
        memory, used, validation = self._open(), ctypes.c_int32(), ctypes.c_void_p()
        train, _ = create(
            lib.asl_dataset_split,
            ctypes.byref(validation),
            ctypes.byref(used),
            memory.pointer,
            options,
        )
        make = type(self)._wrap
        return Split(make(train), make(validation.value or 0), SplitKind(used.value))

    def pack(
        self,
        path: Path,
        *,
        width: int | None = None,
        height: int | None = None,
        threads: int | None = None,
        reuse: bool | None = None,
        progress: Progress | None = None,
    ) -> Dataset:
        """Decode and scale every picture once into one file that later opens at once, and open
        that. Raises StoppedError when progress(done, total) returned something true."""
        values = {"width": width, "height": height, "threads": threads, "reuse": reuse}
        options = fill(defaults(asl_pack_options), **values)
        memory, name = self._open(), path_bytes(path)
        with Calls() as calls:
            options.progress = progress_function(calls, progress)
            pointer, _ = create(lib.asl_dataset_pack, memory.pointer, name, options)
            packed = type(self)._wrap(pointer) if pointer else None
        if packed is None:
            raise StoppedError("packing was stopped by its progress function")
        return packed

    def __repr__(self) -> str:
        if self.closed:
            return "<libasl.Dataset, closed>"
        return f"<libasl.Dataset of {len(self)} samples in {len(self._classes)} classes>"
