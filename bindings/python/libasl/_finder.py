# SPDX-License-Identifier: MIT
"""Where in a picture the hand is."""

from __future__ import annotations

import ctypes
import dataclasses

from libasl._errors import call
from libasl._handle import Exclusive, Memory, create
from libasl._image import lend_source
from libasl._model import Model
from libasl._native import lib
from libasl._picture import Format, Source
from libasl._structs import asl_finder_options, asl_hand, asl_inferer_options
from libasl._values import Region, defaults, fill, rectangle, string


@dataclasses.dataclass(frozen=True)
class Hand:
    """A hand in a picture, in pixels of the whole picture: score tells how sure it is that there is
    one. x and y are the centre, and side the longer side, of the smallest upright rectangle around
    it, and box the square to recognise; these are None when none was found."""

    found: bool
    score: float
    x: float | None
    y: float | None
    side: float | None
    box: Region | None


class Finder(Exclusive):
    """A model whose classes are places, such as Model.builtin("hands"), on one backend. A thread at
    a time may use it; threads may each have one of the same model."""

    def __init__(
        self,
        model: Model,
        *,
        looks: int | None = None,
        threshold: float | None = None,
        margin: float | None = None,
        threads: int | None = None,
        backend: str | None = None,
        isa: str | None = None,
        precision: str | None = None,
    ) -> None:
        if not isinstance(model, Model):
            raise TypeError(f"a Model is needed, not {model!r}")
        running = fill(
            defaults(asl_inferer_options),
            threads=threads,
            backend=backend,
            isa=isa,
            precision=precision,
        )
        options = fill(
            defaults(asl_finder_options), looks=looks, threshold=threshold, margin=margin
        )
        options.inferer = ctypes.pointer(running)
        memory = model._open()
        pointer, _ = create(lib.asl_finder_create, memory.pointer, options)
        super().__init__(Memory(pointer, lib.asl_finder_free, memory))

    @property
    def backend(self) -> str:
        """Which backend runs, and why."""
        return string(lib.asl_finder_backend(self._open().pointer))

    def find(
        self,
        picture: Source,
        *,
        region: Region | None = None,
        bgr: bool = False,
        format: Format | str | None = None,
    ) -> Hand:
        """Look for one hand, the most certain one, in a picture or in the part of it inside region
        (x, y, width, height). What is found can be read at once, since the region None stands for
        the whole picture: inferer.classify(picture, region=finder.find(picture).box)

        The picture is an Image, a View, a path, or an array of bytes as View takes it, with bgr or
        format."""
        view, part = lend_source(picture, bgr=bgr, format=format), rectangle(region)
        hand = asl_hand()
        with self._using() as pointer:
            call(lib.asl_finder_find, hand, pointer, view, part)
        if not hand.found:
            return Hand(False, hand.score, None, None, None, None)
        box = hand.box.x, hand.box.y, hand.box.width, hand.box.height
        return Hand(True, hand.score, hand.x, hand.y, hand.side, box)

    def __repr__(self) -> str:
        if self.closed:
            return "<libasl.Finder, closed>"
        return f"<libasl.Finder on {self.backend}>"
