# SPDX-License-Identifier: MIT
"""Pairs of times, and what may be said about them."""

import random
import statistics
import time

REST_SECONDS = 0.02  # lets the worker threads of the side before stop spinning


def block(call, repeats):
    """Mean seconds of a call, after a rest and a call that is not counted."""
    time.sleep(REST_SECONDS)
    call()
    begin = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - begin) / repeats


def single(call):
    """Seconds of a call that is long enough to need no warming."""
    time.sleep(REST_SECONDS)
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def repeats_for(call, seconds):
    """How often to repeat a call to fill `seconds`; the call is warm afterwards."""
    for _ in range(3):
        call()
    return max(1, round(seconds / block(call, 2)))


def interleave(ours, theirs, count):
    """`count` pairs of times (ours, theirs), in the order ABBA ABBA ...; each side is a function
    that runs its block and returns seconds."""
    pairs = []
    for i in range(count):
        if i % 2 == 0:
            a = ours()
            pairs.append((a, theirs()))
        else:
            b = theirs()
            pairs.append((ours(), b))
    return pairs


def summary(pairs, resamples=4000):
    """Medians of both sides, and the median of theirs / ours with its bootstrap 95 % interval."""
    ratios = [theirs / ours for ours, theirs in pairs]
    draw = random.Random(0)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios)))
                     for _ in range(resamples))  # fmt: skip
    return {
        "n": len(pairs),
        "ours_s": statistics.median(ours for ours, _ in pairs),
        "theirs_s": statistics.median(theirs for _, theirs in pairs),
        "ratio": statistics.median(ratios),
        "low": medians[round(0.025 * (resamples - 1))],
        "high": medians[round(0.975 * (resamples - 1))],
    }
