# SPDX-License-Identifier: MIT
"""From scores over time to letters, and from letters to text."""

from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Iterable
from typing import Any, NamedTuple, Union

from libasl._errors import call
from libasl._handle import Exclusive, Memory, create
from libasl._image import lend_source
from libasl._inferer import Prediction
from libasl._model import Floats, Model, floats
from libasl._native import lib
from libasl._picture import Format, Source
from libasl._structs import asl_speller_event, asl_speller_hints, asl_speller_options
from libasl._values import (
    Choice,
    Path,
    Region,
    choose,
    defaults,
    fill,
    name_bytes,
    path_bytes,
    real,
    rectangle,
    string,
    strings,
    text_bytes,
    whole,
)


class SpellerMethod(Choice):
    """How scores become a belief in each class."""

    HMM = 0
    AVERAGE = 1
    VOTE = 2


class SpellerProfile(Choice):
    """How fast the signer is."""

    DEFAULT = 0
    LEARNER = 1
    FLUENT = 2


class EventKind(Choice):
    """What happened; asl/speller.h says more. A later library may have others, as plain numbers."""

    CANDIDATE = 1
    PROGRESS = 2
    COMMIT = 3
    DELETE = 4
    SPACE = 5
    WORD = 6
    SUGGESTIONS = 7
    IDLE = 8
    FULL = 9
    EDIT = 10


@dataclasses.dataclass(frozen=True)
class SpellerEvent:
    """One event. COMMIT, DELETE, SPACE and EDIT change the text: removed characters go off its end,
    then text is appended. label is the class, if there is one."""

    kind: EventKind | int
    label: str | None
    removed: int
    time_ns: int
    since_ns: int
    progress: float
    belief: float
    text: str


class WordCount(NamedTuple):
    """Words that a list gave, and lines of it that were skipped."""

    used: int
    skipped: int


def _kind(value: int) -> EventKind | int:
    return EventKind(value) if value in EventKind.__members__.values() else value


def _options(
    method: SpellerMethod | str, profile: SpellerProfile | str, values: dict[str, float]
) -> asl_speller_options:
    options, names = defaults(asl_speller_options), speller_option_names()
    chosen = choose(SpellerMethod, method), choose(SpellerProfile, profile)
    call(lib.asl_speller_options_preset, options, *chosen)
    for name in values:
        if name not in names:
            raise TypeError(f"a Speller has no option {name!r}; there are {', '.join(names)}")
    return fill(options, **values)


def speller_option_names() -> tuple[str, ...]:
    """What Speller() takes beside method and profile; asl/speller.h explains each."""
    return tuple(field[0] for field in asl_speller_options._fields_[2:])


def speller_defaults(
    method: SpellerMethod | str = SpellerMethod.HMM,
    profile: SpellerProfile | str = SpellerProfile.DEFAULT,
) -> dict[str, float]:
    """The values of all options for a method and a profile."""
    options = _options(method, profile, {})
    return {name: getattr(options, name) for name in speller_option_names()}


class Speller(Exclusive):
    """Turns scores over time into letters, words and text, for a Model's classes or a list of
    names. Options beside method and profile are those of speller_defaults()."""

    def __init__(
        self,
        classes: Model | Iterable[str],
        *,
        method: SpellerMethod | str = SpellerMethod.HMM,
        profile: SpellerProfile | str = SpellerProfile.DEFAULT,
        **options: float,
    ) -> None:
        chosen = _options(method, profile, options)
        if isinstance(classes, Model):
            memory, self._labels = classes._open(), classes.labels
            pointer, _ = create(lib.asl_speller_create_for_model, memory.pointer, chosen)
        else:
            names = name_bytes("label", classes)
            self._labels = tuple(map(string, names))
            pointer, _ = create(lib.asl_speller_create, strings(names), len(names), chosen)
        super().__init__(Memory(pointer, lib.asl_speller_free))

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the scores."""
        self._open()
        return self._labels

    def look(
        self,
        picture: Source,
        *,
        region: Region | None = None,
        bgr: bool = False,
        format: Format | str | None = None,
    ) -> float:
        """Measure how much the hand moves, from the picture that the next scores are of: 0..1."""
        view, part = lend_source(picture, bgr=bgr, format=format), rectangle(region)
        motion = ctypes.c_double()
        with self._using() as pointer:
            call(lib.asl_speller_look, ctypes.byref(motion), pointer, view, part)
        return motion.value

    def push(
        self, scores: Prediction | Floats, time_ns: int, *, motion: float | None = None
    ) -> tuple[SpellerEvent, ...]:
        """Take one frame's scores and when it was taken, in ns on a clock that does not go back;
        motion is what the host measured in place of look(). Returns what happened."""
        plain = scores.scores if isinstance(scores, Prediction) else scores
        values, count = floats(plain, "scores")
        hints, time_ns = None, whole("time_ns", time_ns, 64)
        if motion is not None:
            hints = asl_speller_hints()
            hints.motion = real("motion", motion)
        with self._using() as pointer:
            call(lib.asl_speller_push, pointer, values, count, time_ns, hints)
            return self._events(pointer)

    def _events(self, pointer: int) -> tuple[SpellerEvent, ...]:
        events = []
        for i in range(lib.asl_speller_event_count(pointer)):
            native = asl_speller_event()
            call(lib.asl_speller_get_event, native, pointer, i)
            events.append(
                SpellerEvent(
                    kind=_kind(native.kind),
                    label=self._labels[native.label] if native.label >= 0 else None,
                    removed=native.removed,
                    time_ns=native.time_ns,
                    since_ns=native.since_ns,
                    progress=native.progress,
                    belief=native.belief,
                    text=string(native.text),
                )
            )
        return tuple(events)

    @property
    def events(self) -> tuple[SpellerEvent, ...]:
        """What the last push or edit caused."""
        with self._using() as pointer:
            return self._events(pointer)

    @property
    def text(self) -> str:
        """The text so far."""
        with self._using() as pointer:
            return string(lib.asl_speller_text(None, pointer))

    @property
    def belief(self) -> tuple[float, ...]:
        """The belief in every class."""
        with self._using() as pointer:
            return tuple(lib.asl_speller_belief(pointer)[: len(self._labels)])

    @property
    def suggestions(self) -> tuple[str, ...]:
        """Words offered for the last word of the text, the best first."""
        with self._using() as pointer:
            count = lib.asl_speller_suggestion_count(pointer)
            return tuple(string(lib.asl_speller_suggestion(pointer, i)) for i in range(count))

    def _edit(self, function: Any, *arguments: Any) -> tuple[SpellerEvent, ...]:
        with self._using() as pointer:
            call(function, pointer, *arguments)
            return self._events(pointer)

    def backspace(self) -> tuple[SpellerEvent, ...]:
        """Take the last character back, or the suggestion applied last."""
        return self._edit(lib.asl_speller_backspace)

    def insert(self, text: str) -> tuple[SpellerEvent, ...]:
        """Append to the text."""
        return self._edit(lib.asl_speller_insert, text_bytes("text", text))

    def clear(self) -> tuple[SpellerEvent, ...]:
        """Empty the text."""
        return self._edit(lib.asl_speller_clear)

    def apply_suggestion(self, index: int) -> tuple[SpellerEvent, ...]:
        """Put a suggestion and a space in place of the last word."""
        return self._edit(lib.asl_speller_apply_suggestion, whole("index", index))

    def reset(self) -> None:
        """Forget all but the word list."""
        with self._using() as pointer:
            lib.asl_speller_reset(pointer)

    def set_words(self, words: Union[str, bytes, Iterable[str]]) -> WordCount:
        """Use these words for suggestions in place of the last ones: an iterable of words, or text
        in lines, each perhaps with a blank and how often the word occurs."""
        text = words if isinstance(words, (str, bytes)) else "\n".join(words)
        data = text if isinstance(text, bytes) else text_bytes("words", text)
        return self._words(lib.asl_speller_set_words, data, len(data))

    def load_words(self, path: Path) -> WordCount:
        """The same from a file."""
        return self._words(lib.asl_speller_load_words, path_bytes(path))

    def _words(self, function: Any, *arguments: Any) -> WordCount:
        used, skipped = ctypes.c_int64(), ctypes.c_int64()
        with self._using() as pointer:
            call(function, ctypes.byref(used), ctypes.byref(skipped), pointer, *arguments)
        return WordCount(used.value, skipped.value)

    def __repr__(self) -> str:
        if self.closed:
            return "<libasl.Speller, closed>"
        return f"<libasl.Speller of {len(self._labels)} classes>"
