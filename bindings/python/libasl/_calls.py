# SPDX-License-Identifier: MIT
"""Calls into the library that call back: their exceptions, Ctrl-C, and the interpreter's end.

The library cannot unwind through its own frames. So what a callback raises is kept, the library is
asked to stop, and it is raised when the call has returned. The same goes for handlers of signals:
Python runs them when the next callback begins, where nobody could catch what they raise; while a
call runs in the main thread they are therefore replaced by ones that keep it."""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Optional, TypeVar

T = TypeVar("T")
Handler = Callable[[int, Optional[FrameType]], Any]

EXIT_SECONDS = 10.0  # for calls of daemon threads to come to an end

_running: set[Calls] = set()  # in any thread
_main: list[Calls] = []  # in the main thread, one within the other
_replaced: dict[int, Handler] = {}  # handlers of signals


class Calls:
    """One call into the library, as a context: it leaves with what was raised inside."""

    def __init__(self, stop: Callable[[], object] | None = None) -> None:
        """stop asks the library to end the call; called from any thread, perhaps twice."""
        self.error: BaseException | None = None
        self._stop = stop

    def fail(self, error: BaseException) -> None:
        """End the call and raise this."""
        if self.error is None:
            self.error = error
        stop = self._stop
        if stop is not None:
            stop()

    def guard(self, function: Callable[..., T] | None, *arguments: Any) -> T | None:
        """Call back, unless the call is ending already."""
        if function is None or self.error is not None:
            return None
        try:
            return function(*arguments)
        except BaseException as error:  # to be raised outside, whatever it is
            self.fail(error)
            return None

    def __enter__(self) -> Calls:
        if threading.get_ident() == threading.main_thread().ident:
            if not _main:
                _replace_handlers()
            _main.append(self)
        _running.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _running.discard(self)
        self._stop = None
        if self in _main:
            _main.remove(self)
            if not _main:
                _restore_handlers()
        if self.error is not None:
            raised, self.error = self.error, None
            raise raised


def _replace_handlers() -> None:
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        if callable(handler) and handler is not _on_signal:
            _replaced[number] = handler
            signal.signal(number, _on_signal)


def _restore_handlers() -> None:
    for number, handler in list(_replaced.items()):
        if signal.getsignal(number) is _on_signal:  # else a callback has set its own
            signal.signal(number, handler)
        del _replaced[number]


def _on_signal(number: int, frame: FrameType | None) -> None:
    """What the host's handler raises ends all calls that the main thread is in."""
    try:
        _replaced[number](number, frame)
    except BaseException as error:  # to be raised outside, whatever it is
        if not _main:  # it came while handlers were being replaced
            raise
        for calls in list(_main):
            calls.fail(error)


def _at_exit() -> None:
    """Daemon threads must not be inside a callback when the interpreter goes."""
    until = time.monotonic() + EXIT_SECONDS
    for calls in list(_running):
        calls.fail(SystemExit())
    while _running and time.monotonic() < until:
        time.sleep(0.005)


def _in_child() -> None:
    """Threads other than the one that forked are not here."""
    for calls in list(_running):
        if calls not in _main:
            _running.discard(calls)


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_in_child)
