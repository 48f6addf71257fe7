"""What is known about calls: plain data, and nothing about how it was obtained.

All times are seconds. Stamps are ``time.perf_counter()`` seconds since the run's origin, the moment
its first call was submitted; ``Run.started_at`` is the one wall-clock anchor.
"""

from .calls import (
    CHAT,
    INVALID_ANSWER,
    OUTCOMES,
    SKIPPED,
    STEP,
    USAGE,
    Attempt,
    Call,
    Outcome,
    without_steps,
)
from .grids import Grid
from .runs import WATCH, Comparison, LimitChange, LoopDelay, Run

__all__ = [
    "CHAT",
    "INVALID_ANSWER",
    "OUTCOMES",
    "SKIPPED",
    "STEP",
    "USAGE",
    "WATCH",
    "Attempt",
    "Call",
    "Comparison",
    "Grid",
    "LimitChange",
    "LoopDelay",
    "Outcome",
    "Run",
    "without_steps",
]
