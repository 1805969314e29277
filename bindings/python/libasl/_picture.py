# SPDX-License-Identifier: MIT
"""Pixels of the host, lent to the library without a copy."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, Union

from libasl._errors import ArgumentError, ClosedError, call
from libasl._native import lib
from libasl._structs import asl_image_view
from libasl._values import Choice, Path, Region, choose, path_bytes, rectangle, whole

if TYPE_CHECKING:
    from array import array
    from mmap import mmap

    from libasl._image import Image


class Array(Protocol):
    """An array of NumPy, or one that lends its memory likewise."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


Buffer = Union[bytes, bytearray, memoryview, "array[int]", "mmap", Array]


class Format(Choice):
    """Pixel formats."""

    RGB24 = 0
    BGR24 = 1
    RGBA32 = 2
    BGRA32 = 3
    GRAY8 = 4
    YUYV = 5
    NV12 = 6
    I420 = 7


class Encoding(Choice):
    """Kinds of picture files that can be written."""

    PNG = 0
    JPEG = 1


# By the number of bytes a pixel has, and whether blue comes first.
BY_CHANNELS = {
    (1, False): Format.GRAY8,
    (3, False): Format.RGB24,
    (3, True): Format.BGR24,
    (4, False): Format.RGBA32,
    (4, True): Format.BGRA32,
    (2, False): Format.YUYV,
}
CHANNELS = {kind: channels for (channels, _), kind in BY_CHANNELS.items()}
PLANAR = (Format.NV12, Format.I420)


class Py_buffer(ctypes.Structure):
    """As in Python.h."""

    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


PyBUF_FULL_RO = 0x11C


def address(memory: memoryview) -> int:
    """Where the first element lies, also in memory that is read-only or has gaps. Valid as long as
    the memoryview is not released."""
    get, release = ctypes.pythonapi.PyObject_GetBuffer, ctypes.pythonapi.PyBuffer_Release
    get.argtypes = (ctypes.py_object, ctypes.POINTER(Py_buffer), ctypes.c_int)
    release.argtypes = (ctypes.POINTER(Py_buffer),)
    release.restype = None
    buffer = Py_buffer()
    get(memory, ctypes.byref(buffer), PyBUF_FULL_RO)
    found: int = buffer.buf or 0
    release(ctypes.byref(buffer))
    return found


def memory_of(buffer: Any, what: str) -> memoryview:
    """Any object that lends its memory."""
    try:
        return memoryview(buffer)
    except (TypeError, ValueError, BufferError) as error:
        raise TypeError(f"{what}, not {type(buffer).__name__}: {error}") from None


class Picture:
    """What can be looked at: an Image or a View."""

    def _lend(self) -> asl_image_view:
        """The pixels as the library takes them. The struct keeps the memory alive."""
        raise NotImplementedError

    @property
    def width(self) -> int:
        """Pixels in a row."""
        return int(self._lend().width)

    @property
    def height(self) -> int:
        """Rows."""
        return int(self._lend().height)

    @property
    def stride(self) -> int:
        """Bytes from one row to the next."""
        return int(self._lend().stride)

    @property
    def format(self) -> Format:
        """The pixel format."""
        return Format(self._lend().format)

    def convert(
        self, format: Format | str = Format.RGB24, *, region: Region | None = None
    ) -> Image:
        """A copy in another packed format, or of the part inside region (x, y, width, height)."""
        return _image(
            lib.asl_image_convert, self._lend(), rectangle(region), choose(Format, format)
        )

    def resize(self, width: int, height: int, *, region: Region | None = None) -> Image:
        """A copy in RGB scaled to this size, as the library scales for its networks."""
        size = whole("width", width), whole("height", height)
        return _image(lib.asl_image_resize, self._lend(), rectangle(region), *size)

    def encode(self, encoding: Encoding | str = Encoding.PNG, *, quality: int = 0) -> bytes:
        """The bytes of a picture file; quality is 1..100 for JPEG, and 0 the library's default."""
        data, size = ctypes.c_void_p(), ctypes.c_size_t()
        kind, quality = choose(Encoding, encoding), whole("quality", quality)
        view = self._lend()
        call(lib.asl_image_encode, ctypes.byref(data), ctypes.byref(size), view, kind, quality)
        try:
            return ctypes.string_at(data.value or 0, size.value)
        finally:
            lib.asl_free(data)

    def save(self, path: Path, *, quality: int = 0) -> None:
        """Write a file, whose kind follows the name's ending: .png, .jpg or .jpeg."""
        call(lib.asl_image_save, self._lend(), path_bytes(path), whole("quality", quality))


def _image(function: Any, *arguments: Any) -> Image:
    from libasl._image import Image

    return Image._make(function, *arguments)


class View(Picture):
    """Pixels in a buffer of the host, such as a frame of a camera; nothing is copied, so what is
    written there later is seen.

    An array of bytes shaped HxWx3, HxWx4 or HxW speaks for itself: RGB, RGBA or grey, and BGR or
    BGRA with bgr=True (OpenCV). Rows may lie apart, as in frame[10:90, 20:80]. A flat buffer needs
    width, height and format, and stride when its rows do not follow each other at once; so do the
    camera formats YUYV, NV12 and I420."""

    def __init__(
        self,
        buffer: Buffer,
        *,
        width: int | None = None,
        height: int | None = None,
        stride: int | None = None,
        format: Format | str | None = None,
        bgr: bool = False,
    ) -> None:
        memory = memory_of(buffer, "pixels lie in a buffer")
        if memory.itemsize != 1 or memory.format not in ("B", "<B", "c", "<c"):
            raise ArgumentError(
                f"pixels must be unsigned bytes (uint8), not items of kind {memory.format!r} with "
                f"{memory.itemsize} bytes"
            )
        chosen = None if format is None else choose(Format, format)
        if chosen is not None and bgr:
            raise ArgumentError(f"bgr=True and format={chosen.name} contradict: give one of them")
        if memory.ndim == 1:
            described = _flat(memory, width, height, stride, chosen)
        elif width is None and height is None and stride is None:
            described = _shaped(memory, chosen, bgr)
        else:
            raise ArgumentError("width, height and stride are for flat buffers; this one has them")
        self._view: asl_image_view | None = described
        described.pixels = address(memory)
        described.memory = memory

    def _lend(self) -> asl_image_view:
        view = self._view
        if view is None:
            raise ClosedError("this View is closed")
        return view

    def close(self) -> None:
        """Let go of the buffer. Closing twice is fine."""
        self._view = None

    def __enter__(self) -> View:
        self._lend()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _flat(
    memory: memoryview,
    width: int | None,
    height: int | None,
    stride: int | None,
    format: Format | None,
) -> asl_image_view:
    if width is None or height is None or format is None:
        raise ArgumentError(
            f"a flat buffer of {memory.nbytes} bytes does not tell its shape: give width, height "
            "and format, or an array of HxWx3; Image.decode() reads the bytes of a file"
        )
    if not memory.c_contiguous:
        raise ArgumentError("a flat buffer must be contiguous")
    width, height = whole("width", width), whole("height", height)
    least = width * CHANNELS.get(format, 1)
    stride = least if stride is None else whole("stride", stride, 64)
    if width < 1 or height < 1 or stride < least:
        raise ArgumentError(f"a picture of {width}x{height} with rows of {stride} bytes cannot be")
    if format in PLANAR:
        if height % 2 or width % 2:
            raise ArgumentError(f"{format.name} needs even sizes, not {width}x{height}")
        needed = stride * height // 2 * 3
    else:
        needed = stride * (height - 1) + least
    if memory.nbytes < needed:
        raise ArgumentError(
            f"{memory.nbytes} bytes are too few for {width}x{height} {format.name} with rows of "
            f"{stride} bytes: {needed} are needed"
        )
    return asl_image_view(None, width, height, stride, format)


def _shaped(memory: memoryview, format: Format | None, bgr: bool) -> asl_image_view:
    shape, strides = memory.shape or (), memory.strides or ()
    if memory.ndim not in (2, 3) or 0 in shape:
        raise ArgumentError(f"a picture is shaped HxWx3, HxWx4 or HxW, not {_times(shape)}")
    channels = shape[2] if memory.ndim == 3 else 1
    kind = format
    if kind is None:
        if bgr and channels == 1:
            raise ArgumentError("a grey picture has no order of colours: leave bgr out")
        if channels == 2 or (channels, bgr) not in BY_CHANNELS:
            raise ArgumentError(f"a picture is shaped HxWx3, HxWx4 or HxW, not {_times(shape)}")
        kind = BY_CHANNELS[channels, bgr]
    if kind in PLANAR or CHANNELS[kind] != channels:
        hint = ": pass it flat, with width and height" if kind in PLANAR else ""
        raise ArgumentError(f"an array shaped {_times(shape)} does not hold {kind.name}{hint}")
    if (memory.ndim == 3 and channels > 1 and strides[2] != 1) or (
        shape[1] > 1 and strides[1] != channels
    ):
        raise ArgumentError(
            "the pixels of a row must follow each other: copy the array "
            "(numpy.ascontiguousarray), and use bgr=True instead of reversing its colours"
        )
    stride = strides[0] if shape[0] > 1 else shape[1] * channels
    if stride < shape[1] * channels:
        raise ArgumentError("rows run backwards or overlap: copy the array")
    return asl_image_view(
        None, whole("width", shape[1]), whole("height", shape[0]), stride, kind
    )


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a single number"


Source = Union[Picture, str, "os.PathLike[str]", Buffer]


def lend(
    source: Source,
    load: Callable[[Path], Picture],
    *,
    bgr: bool = False,
    format: Format | str | None = None,
) -> asl_image_view:
    """The pixels of a picture, a file or a buffer."""
    if isinstance(source, Picture) or isinstance(source, (str, os.PathLike)):
        if bgr or format is not None:
            raise ArgumentError("bgr and format describe a buffer; a picture or file has its own")
        return (source if isinstance(source, Picture) else load(source))._lend()
    if source is None:
        raise TypeError("a picture is needed: an Image, a View, a path or a buffer, not None")
    return View(source, bgr=bgr, format=format)._lend()
