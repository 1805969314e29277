# SPDX-License-Identifier: MIT
"""Varying pictures at random, so that a network learns the hand and not the room."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Union

from libasl._errors import ArgumentError, call
from libasl._handle import Handle, Memory, create
from libasl._image import Image, lend_source
from libasl._native import lib
from libasl._picture import Format, Source
from libasl._values import string, text_bytes, unsigned, whole


class Varied(NamedTuple):
    """A varied picture; negative tells that no letter is left in it."""

    image: Image
    negative: bool


class Augmentation(Handle):
    """How pictures are varied: "none", "light", "strong", or keys that replace those of their
    "base", as a dict or as JSON: Augmentation({"base": "strong", "rotation": 20}).
    docs/augmentation.md has the keys. It never changes, and threads may share it."""

    def __init__(self, text: str | Mapping[str, Any] = "strong") -> None:
        pointer, _ = create(lib.asl_augmentation_create, text_bytes("text", _spelled(text)))
        super().__init__(Memory(pointer, lib.asl_augmentation_free))

    @property
    def text(self) -> str:
        """All keys and values as one line of JSON, which makes the same augmentation again."""
        return string(lib.asl_augmentation_text(self._open().pointer))

    @property
    def keys(self) -> dict[str, Any]:
        """All keys and values."""
        keys: dict[str, Any] = json.loads(self.text)
        return keys

    def apply(
        self,
        picture: Source,
        width: int,
        height: int,
        *,
        seed: int = 0,
        epoch: int = 0,
        sample: int = 0,
        bgr: bool = False,
        format: Format | str | None = None,
    ) -> Varied:
        """Scale a picture to this size and vary it. The same arguments give the same picture, on
        every machine; a training gives its pictures their numbers."""
        memory, view = self._open(), lend_source(picture, bgr=bgr, format=format)
        size = whole("width", width), whole("height", height)
        numbers = unsigned("seed", seed), whole("epoch", epoch, 64), whole("sample", sample, 64)
        image, negative = Image.create(*size), ctypes.c_int32()
        out = lib.asl_image_pixels(image._open().pointer)
        function = lib.asl_augmentation_apply
        call(function, out, ctypes.byref(negative), memory.pointer, view, *size, *numbers)
        return Varied(image, bool(negative.value))

    def __repr__(self) -> str:
        return f"<libasl.Augmentation{', closed' if self.closed else ' ' + self.text}>"


def _spelled(text: str | Mapping[str, Any]) -> str:
    if isinstance(text, str):
        return text
    if not isinstance(text, Mapping):
        raise TypeError(f"an augmentation is a name, JSON or a dict of keys, not {text!r}")
    try:
        return json.dumps(dict(text), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"the augmentation {text!r} is no JSON: {error}") from None


Varying = Union[Augmentation, str, Mapping[str, Any]]


def augmentation(varying: Varying | None) -> Augmentation | None:
    """The augmentation itself, or one made of what describes it."""
    if varying is None or isinstance(varying, Augmentation):
        return varying
    return Augmentation(varying)
