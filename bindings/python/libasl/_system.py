# SPDX-License-Identifier: MIT
"""The library itself, and the machine that it runs on."""

from __future__ import annotations

import ctypes
import dataclasses
from typing import NamedTuple

from libasl._errors import call
from libasl._native import lib
from libasl._structs import asl_backend_info
from libasl._values import string


@dataclasses.dataclass(frozen=True)
class Backend:
    """An engine that runs networks; reason says why it is not available, or what it would use."""

    name: str
    description: str
    available: bool
    reason: str


class MemoryUsage(NamedTuple):
    """Bytes of the library's memory in use now, and the most there ever were."""

    current: int
    peak: int


def version() -> str:
    """The version of the library as it runs, "MAJOR.MINOR.PATCH"."""
    return string(lib.asl_version())


def identity() -> str:
    """What the library says it is."""
    return string(lib.asl_identity())


def cpu_features() -> str:
    """Features of this machine's processor that the library can use."""
    return string(lib.asl_cpu_features())


def memory_usage() -> MemoryUsage:
    """How much memory the library uses."""
    current, peak = ctypes.c_size_t(), ctypes.c_size_t()
    lib.asl_memory_usage(ctypes.byref(current), ctypes.byref(peak))
    return MemoryUsage(current.value, peak.value)


def backends() -> tuple[Backend, ...]:
    """The engines of this build, in the order in which "auto" tries them."""
    found = []
    for i in range(lib.asl_backend_count()):
        native = asl_backend_info()
        call(lib.asl_backend_get_info, native, i)
        found.append(
            Backend(
                name=string(native.name),
                description=string(native.description),
                available=bool(native.available),
                reason=string(native.reason),
            )
        )
    return tuple(found)
