# SPDX-License-Identifier: MIT
"""Networks with their weights and classes."""

from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Union

from libasl._errors import ArgumentError, call
from libasl._handle import Handle, Memory, create
from libasl._image import lent_bytes
from libasl._native import lib
from libasl._picture import Array, Buffer, address, memory_of
from libasl._structs import (
    asl_calibration,
    asl_layer_info,
    asl_model_info,
    asl_model_options,
    asl_save_options,
)
from libasl._values import (
    Choice,
    Path,
    choose,
    defaults,
    fill,
    name_bytes,
    path_bytes,
    string,
    strings,
    text_bytes,
)

if TYPE_CHECKING:
    from array import array

    from typing_extensions import Self

Floats = Union["array[float]", memoryview, Array, Iterable[float]]


class Scored(Protocol):
    """A Prediction."""

    @property
    def scores(self) -> tuple[float, ...]: ...


class Mirror(Choice):
    """Hands are mirror images of each other, and so are cameras' pictures: which side to read. BOTH
    takes the mean of what they say; AUTO tries both at first and keeps the clearer one."""

    MODEL = 0
    OFF = 1
    ON = 2
    BOTH = 3
    AUTO = 4


class Weights(Choice):
    """Which numbers the weights of a file are: 32-bit floats, 16-bit floats, or 8-bit integers."""

    F32 = 0
    F16 = 1
    I8 = 2


class Builtin(Choice):
    """The models that are part of the library: letters, and where in a picture a hand is."""

    LETTERS = 0
    HANDS = 1


class Preset(NamedTuple):
    """A built-in network."""

    name: str
    description: str


@dataclasses.dataclass(frozen=True)
class ModelInfo:
    """Facts about a model; asl/model.h says what each counts."""

    width: int
    height: int
    channels: int
    parameter_count: int
    mac_count: int
    preset: str
    architecture: str
    channel_order: str
    temperature: float
    letter_threshold: float
    mirror: Mirror
    looks: int
    crops: int


@dataclasses.dataclass(frozen=True)
class LayerInfo:
    """One layer: the shape of what it gives, its size, and how it is written."""

    kind: str
    text: str
    channels: int
    height: int
    width: int
    parameter_count: int
    mac_count: int


def presets() -> tuple[Preset, ...]:
    """The built-in networks."""
    return tuple(
        Preset(string(lib.asl_preset_name(i)), string(lib.asl_preset_description(i)))
        for i in range(lib.asl_preset_count())
    )


def floats(values: Floats, what: str) -> tuple[Any, int]:
    """Numbers as a float32 array that ctypes can pass, and how many; without a copy where they lie
    in one already."""
    try:
        memory = memoryview(values)  # type: ignore[arg-type]
    except TypeError:
        try:
            numbers = [float(value) for value in values]  # type: ignore[union-attr]
        except (TypeError, ValueError):
            raise TypeError(f"{what} must be numbers, not {type(values).__name__}") from None
        return (ctypes.c_float * len(numbers))(*numbers), len(numbers)
    if memory.format not in ("f", "<f") or not memory.c_contiguous:
        raise ArgumentError(
            f"{what} must be contiguous 32-bit floats, not items of kind {memory.format!r}"
        )
    count = memory.nbytes // memory.itemsize
    lent = (ctypes.c_float * count).from_address(address(memory)) if count else (
        ctypes.c_float * 0)()  # fmt: skip
    lent.memory = memory  # type: ignore[attr-defined]
    return lent, count


class Model(Handle):
    """A network. Model("model.safetensors") reads a file. It never changes, and threads may share
    it."""

    def __init__(self, path: Path) -> None:
        pointer, _ = create(lib.asl_model_load, path_bytes(path))
        self._take(pointer)

    def _take(self, pointer: int) -> Self:
        Handle.__init__(self, Memory(pointer, lib.asl_model_free))
        native = asl_model_info()
        call(lib.asl_model_get_info, native, pointer)
        self._labels = tuple(
            string(lib.asl_model_label(pointer, i)) for i in range(native.label_count)
        )
        self._layer_count = int(native.layer_count)
        self._info = ModelInfo(
            width=native.width,
            height=native.height,
            channels=native.channels,
            parameter_count=native.parameter_count,
            mac_count=native.mac_count,
            preset=string(native.preset),
            architecture=string(native.architecture),
            channel_order=string(native.channel_order),
            temperature=native.temperature,
            letter_threshold=native.letter_threshold,
            mirror=Mirror(native.mirror),
            looks=native.looks,
            crops=native.crops,
        )
        return self

    @classmethod
    def _make(cls, function: Any, *arguments: Any) -> Self:
        pointer, _ = create(function, *arguments)
        return cls.__new__(cls)._take(pointer)

    @classmethod
    def create(
        cls,
        preset: str = "seed",
        *,
        width: int | None = None,
        height: int | None = None,
        labels: Iterable[str] | None = None,
        architecture: str | None = None,
        seed: int | None = None,
    ) -> Self:
        """A new network with random weights; see presets()."""
        options = fill(
            defaults(asl_model_options),
            width=width,
            height=height,
            architecture=architecture,
            seed=seed,
        )
        if labels is not None:
            names = name_bytes("label", labels)
            options.labels, options.label_count = strings(names), len(names)
        return cls._make(lib.asl_model_create, text_bytes("preset", preset), options)

    @classmethod
    def from_bytes(cls, data: Buffer) -> Self:
        """Read the bytes of a model file."""
        memory = memory_of(data, "the bytes of a model file are needed")
        if not memory.c_contiguous:
            memory = memoryview(memory.tobytes())
        return cls._make(lib.asl_model_load_memory, address(memory), memory.nbytes)

    @classmethod
    def builtin(cls, which: Builtin | str = Builtin.LETTERS) -> Self:
        """A model that is part of the library, so that letters are read with no file at all.
        Raises UnsupportedError when the library was built without it."""
        return cls._make(lib.asl_model_builtin, choose(Builtin, which))

    def save(self, path: Path, *, weights: Weights | str = Weights.F32) -> None:
        """Write a model file. Other weights than "f32" are rounded, and take half ("f16") or a
        quarter ("i8") of the room."""
        options = fill(defaults(asl_save_options), weights=choose(Weights, weights))
        call(lib.asl_model_save_as, self._open().pointer, path_bytes(path), options)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the scores."""
        self._open()
        return self._labels

    @property
    def info(self) -> ModelInfo:
        """Facts about it."""
        self._open()
        return self._info

    @property
    def layers(self) -> tuple[LayerInfo, ...]:
        """Facts about each layer."""
        memory, layers = self._open(), []
        for i in range(self._layer_count):
            native = asl_layer_info()
            call(lib.asl_model_get_layer, native, memory.pointer, i)
            layers.append(
                LayerInfo(
                    kind=string(native.kind),
                    text=string(native.text),
                    channels=native.channels,
                    height=native.height,
                    width=native.width,
                    parameter_count=native.parameter_count,
                    mac_count=native.mac_count,
                )
            )
        return tuple(layers)

    def metadata(self, key: str) -> str | None:
        """An entry of the file such as "metrics"."""
        found = lib.asl_model_metadata(self._open().pointer, text_bytes("key", key))
        return None if found is None else string(found)

    @property
    def parameters(self) -> memoryview:
        """All weights as float32, read-only and without a copy; valid as long as it is there."""
        memory, count = self._open(), ctypes.c_size_t()
        pointer = lib.asl_model_parameters(ctypes.byref(count), memory.pointer)
        return lent_bytes(pointer, count.value * 4, memory).cast("f").toreadonly()

    def with_parameters(self, parameters: Floats) -> Self:
        """A copy with other weights."""
        values, count = floats(parameters, "parameters")
        memory = self._open()
        return self._make(lib.asl_model_with_parameters, memory.pointer, values, count)

    def with_calibration(
        self,
        *,
        temperature: float | None = None,
        letter_threshold: float | None = None,
        mirror: Mirror | str | None = None,
        looks: int | None = None,
        crops: int | None = None,
    ) -> Self:
        """A copy with another calibration, as info tells it then; what is None is not known."""
        options = fill(
            defaults(asl_calibration),
            temperature=temperature,
            letter_threshold=letter_threshold,
            mirror=None if mirror is None else choose(Mirror, mirror),
            looks=looks,
            crops=crops,
        )
        return self._make(lib.asl_model_with_calibration, self._open().pointer, options)

    def letter_score(self, scores: Scored | Floats) -> float:
        """How sure the model is that there is a letter at all, 0..1, given a Prediction or the
        scores of one picture. Compare with info.letter_threshold."""
        numbers: Any = getattr(scores, "scores", scores)
        values, count = floats(numbers, "scores")
        memory = self._open()
        if count != len(self._labels):
            raise ArgumentError(f"{count} scores do not fit to {len(self._labels)} classes")
        return float(lib.asl_model_letter_score(memory.pointer, values, count))

    def __repr__(self) -> str:
        if self.closed:
            return "<libasl.Model, closed>"
        info = self._info
        size = f"{info.width}x{info.height}"
        return f"<libasl.Model {info.preset} {size}, {len(self._labels)} labels>"
