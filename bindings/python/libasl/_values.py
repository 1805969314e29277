# SPDX-License-Identifier: MIT
"""Python's values into C and back. ctypes cuts numbers off and ends strings at a NUL without a
word; here such values are refused."""

from __future__ import annotations

import ctypes
import enum
import operator
import os
from collections.abc import Iterable
from typing import Any, TypeVar, Union

from libasl._errors import ArgumentError
from libasl._native import lib
from libasl._structs import Sized, asl_rect

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
Region = tuple[int, int, int, int]  # x, y, width, height

S = TypeVar("S", bound=Sized)


class Choice(enum.IntEnum):
    """Constants that are also known by their names, in any case: "one-cycle" is ONE_CYCLE."""


C = TypeVar("C", bound=Choice)


def choose(kind: type[C], value: int | str) -> C:
    """The constant for a member, its number or its name."""
    try:
        if isinstance(value, str):
            return kind[value.upper().replace("-", "_")]
        return kind(value)
    except (KeyError, ValueError):
        names = ", ".join(member.name.lower().replace("_", "-") for member in kind)
        raise ArgumentError(f"{value!r} is no {kind.__name__}: use one of {names}") from None


def whole(name: str, value: Any, bits: int = 32) -> int:
    """A signed whole number of so many bits."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, not {value!r}") from None
    if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise ArgumentError(f"{name} {number} does not fit into {bits} bits")
    return number


def unsigned(name: str, value: Any) -> int:
    """A whole number of 64 bits from 0 on."""
    number = whole(name, value, 65)
    if number < 0:
        raise ArgumentError(f"{name} {number} is out of range")
    return number


def text_bytes(name: str, value: str) -> bytes:
    """A string as the library takes it."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {value!r}")
    if "\0" in value:
        raise ArgumentError(f"{name} {value!r} holds a NUL")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ArgumentError(f"{name} {value!r} cannot be written in UTF-8") from None


def name_bytes(name: str, values: Iterable[str]) -> list[bytes]:
    """Names, such as those of classes, as the library takes them."""
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{name}s are a list of names, not the one string {values!r}")
    return [text_bytes(name, value) for value in values]


def path_bytes(path: Path) -> bytes:
    """A path as the library takes it."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise TypeError(f"a path is needed, not {path!r}")
    name = os.fsencode(path)
    if b"\0" in name:
        raise ArgumentError(f"the path {path!r} holds a NUL byte")
    return name


def string(data: bytes | None) -> str:
    """A string from the library; bytes of file names that are not UTF-8 survive as os.fsdecode()
    would keep them."""
    return (data or b"").decode("utf-8", "surrogateescape")


def strings(values: list[bytes]) -> ctypes.Array[ctypes.c_char_p]:
    """const char *const *"""
    return (ctypes.c_char_p * len(values))(*values)


def rectangle(region: Region | None) -> asl_rect | None:
    """None stands for the whole picture."""
    if region is None:
        return None
    try:
        x, y, width, height = region
    except (TypeError, ValueError):
        raise TypeError(f"a region is (x, y, width, height), not {region!r}") from None
    names = ("x", "y", "width", "height")
    return asl_rect(*map(whole, names, (x, y, width, height)))


def defaults(kind: type[S]) -> S:
    """Options as the library sets them."""
    options = kind()
    getattr(lib, kind.initialiser)(ctypes.byref(options), ctypes.sizeof(options))
    return options


def fill(options: S, **values: Any) -> S:
    """Set what is not None."""
    kinds = dict((field[0], field[1]) for field in options._fields_)
    for name, value in values.items():
        if value is None:
            continue
        kind = kinds[name]
        if kind is ctypes.c_char_p and not isinstance(value, bytes):
            value = text_bytes(name, value)
        elif kind is ctypes.c_double:
            value = real(name, value)
        elif kind in (ctypes.c_int32, ctypes.c_int64, ctypes.c_uint64):
            value = whole(name, value, 65)
        setattr(options, name, value)
        if isinstance(value, int) and getattr(options, name) != value:
            raise ArgumentError(f"{name} {value} is out of range")
    return options


def real(name: str, value: Any) -> float:
    """A number with a fraction."""
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name} must be a number, not {value!r}") from None
