# SPDX-License-Identifier: MIT
"""Pictures that the library owns."""

from __future__ import annotations

import ctypes
import dataclasses
from typing import TYPE_CHECKING, Any

from libasl._handle import Handle, Memory, create
from libasl._native import lib
from libasl._picture import (
    CHANNELS,
    Buffer,
    Format,
    Picture,
    Source,
    address,
    lend,
    memory_of,
)
from libasl._structs import asl_decode_options, asl_image_view
from libasl._values import Path, choose, defaults, fill, path_bytes, whole

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclasses.dataclass(frozen=True)
class DecodeOptions:
    """Limits and behaviour of decoding; None is the library's default."""

    ignore_orientation: bool | None = None
    max_side: int | None = None
    max_pixels: int | None = None
    max_bytes: int | None = None

    def _native(self) -> asl_decode_options:
        return fill(defaults(asl_decode_options), **dataclasses.asdict(self))


def decode_options(options: DecodeOptions | None) -> asl_decode_options | None:
    """The options in C; None stands for the defaults there too."""
    if options is None:
        return None
    if not isinstance(options, DecodeOptions):
        raise TypeError(f"decode must be DecodeOptions, not {options!r}")
    return options._native()


class Image(Handle, Picture):
    """A picture. Image("hand.jpg") reads a JPEG or PNG file as RGB."""

    def __init__(self, path: Path, *, decode: DecodeOptions | None = None) -> None:
        pointer, _ = create(lib.asl_image_load, path_bytes(path), decode_options(decode))
        super().__init__(Memory(pointer, lib.asl_image_free))

    @classmethod
    def _make(cls, function: Any, *arguments: Any) -> Self:
        """What a function of the library makes."""
        pointer, _ = create(function, *arguments)
        image = cls.__new__(cls)
        Handle.__init__(image, Memory(pointer, lib.asl_image_free))
        return image

    @classmethod
    def decode(cls, data: Buffer, *, decode: DecodeOptions | None = None) -> Self:
        """The picture in the bytes of a JPEG or PNG file."""
        memory = memory_of(data, "the bytes of a file are needed")
        if not memory.c_contiguous:
            memory = memoryview(memory.tobytes())
        return cls._make(
            lib.asl_image_decode, address(memory), memory.nbytes, decode_options(decode)
        )

    @classmethod
    def create(cls, width: int, height: int, format: Format | str = Format.RGB24) -> Self:
        """A black picture in a packed format."""
        size = whole("width", width), whole("height", height)
        return cls._make(lib.asl_image_create, *size, choose(Format, format))

    def _lend(self) -> asl_image_view:
        memory = self._open()
        view: asl_image_view = lib.asl_image_get_view(memory.pointer)
        view.memory = memory
        return view

    @property
    def pixels(self) -> memoryview:
        """The pixels, for reading and writing: HxWx3, HxWx4 or HxW bytes. They stay valid as long
        as the memoryview is there, also after close()."""
        memory = self._open()
        view = self._lend()
        shape: tuple[int, ...] = (view.height, view.width)
        if CHANNELS[Format(view.format)] > 1:
            shape += (CHANNELS[Format(view.format)],)
        return lent_bytes(lib.asl_image_pixels(memory.pointer), view.stride * view.height,
                          memory).cast("B", shape)  # fmt: skip

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """For numpy.asarray(image): the pixels, without a copy where none is asked for."""
        import numpy

        array = numpy.asarray(self.pixels, dtype=dtype)
        return array.copy() if copy else array

    def __repr__(self) -> str:
        if self.closed:
            return "<libasl.Image, closed>"
        return f"<libasl.Image {self.width}x{self.height} {self.format.name}>"


def lent_bytes(pointer: int, size: int, memory: Memory) -> memoryview:
    """Bytes of the library, whose memory lives as long as the view does."""
    lent = (ctypes.c_uint8 * size).from_address(pointer)
    lent.memory = memory  # type: ignore[attr-defined]
    return memoryview(lent).cast("B")


def lend_source(
    source: Source, *, bgr: bool = False, format: Format | str | None = None
) -> asl_image_view:
    """The pixels of a picture, a file or a buffer."""
    return lend(source, Image, bgr=bgr, format=format)
