"""Schedules of known durations: as they should be, and as the classic mistakes make them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from heapq import heapreplace

from aiml_nb.records import Run

from .builders import make_run, timed


def seeded(seed: int) -> random.Random:
    """Return a source of numbers that are the same each time."""
    return random.Random(seed)  # noqa: S311  an experiment, not a secret


def first_come(durations: Sequence[float], *, slots: int, gap: float = 0.0) -> Run:
    """Start each call in the slot that is free first, `gap` seconds after it is."""
    free, spans = [0.0] * slots, []
    for duration in durations:
        start = free[0] + gap
        heapreplace(free, start + duration)
        spans.append((start, start + duration))
    return make_run(*timed(*spans), max_concurrency=slots)


def chunked(durations: Sequence[float], *, slots: int) -> Run:
    """Start as many calls as there are slots, and the next ones when all of them are done."""
    now, spans = 0.0, []
    for i in range(0, len(durations), slots):
        chunk = durations[i : i + slots]
        spans += [(now, now + duration) for duration in chunk]
        now += max(chunk)
    return make_run(*timed(*spans), max_concurrency=slots, strategy="batches")


def serialised(durations: Sequence[float], *, slots: int) -> Run:
    """Start each call when the one before it is done."""
    now, spans = 0.0, []
    for duration in durations:
        spans.append((now, now + duration))
        now += duration
    return make_run(*timed(*spans), max_concurrency=slots)
