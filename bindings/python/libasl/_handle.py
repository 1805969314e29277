# SPDX-License-Identifier: MIT
"""What all objects of the library have in common: their memory, closing, and who may use them.

An object holds a Memory, which frees what is in the library once nobody refers to it. Whoever is
inside a call, or hands out a view of the memory, holds the Memory too; so closing an object is
safe at any time and from any thread, and what is still in use is freed afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import threading
import weakref
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from libasl._errors import BusyError, ClosedError, call

if TYPE_CHECKING:
    from typing_extensions import Self


class Memory:
    """One handle of the library; keep is what must live as long, such as callbacks."""

    __slots__ = ("pointer", "keep", "__weakref__")

    def __init__(self, pointer: int, free: Callable[[int], None], keep: object = None) -> None:
        self.pointer = pointer
        self.keep = keep
        finalizer = weakref.finalize(self, free, pointer)
        # When the interpreter ends, other threads may be inside the library still.
        finalizer.atexit = False


def create(function: Any, *arguments: Any) -> tuple[int, int]:
    """Call a function that makes one handle: the handle, and the status."""
    out = ctypes.c_void_p()
    status = call(function, ctypes.byref(out), *arguments)
    return out.value or 0, status


class Handle:
    """An object of the library."""

    def __init__(self, memory: Memory) -> None:
        self._memory: Memory | None = memory

    def _open(self) -> Memory:
        """The memory, for as long as the caller keeps it."""
        memory: Memory | None = getattr(self, "_memory", None)
        if memory is None:
            raise ClosedError(f"this {type(self).__name__} is closed")
        return memory

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return getattr(self, "_memory", None) is None

    def close(self) -> None:
        """Let go of the object's memory; it cannot be used afterwards. Closing twice is fine."""
        self._memory = None

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError(f"a {type(self).__name__} belongs to this process and cannot be copied")


class Exclusive(Handle):
    """An object that one thread may use at a time."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory)
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def _using(self) -> Iterator[int]:
        """The handle, for this thread alone."""
        memory = self._open()
        if not self._lock.acquire(blocking=False):
            raise BusyError(
                f"this {type(self).__name__} is inside a call already, of another thread or of its "
                "own callback: give each thread its own"
            )
        try:
            yield memory.pointer
        finally:
            self._lock.release()
            del memory
