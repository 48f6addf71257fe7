"""Measure every lesson: ``python -m tests.notebooks [NN …]`` prints the table."""

from __future__ import annotations

import sys

from .lessons import LESSONS
from .run_all import run_all

HEAD = (
    "lesson",
    "cells",
    "words",
    "code median",
    "code max",
    "exercises",
    "Run All s",
    "peak MB",
    "failed",
)


def main(numbers: list[str]) -> int:
    """Print one row per lesson: what can be counted, and what its solution took to run."""
    print(("{:20}" + "{:>12}" * 8).format(*HEAD))
    wrong = 0
    for lesson in LESSONS:
        if numbers and lesson.number not in numbers:
            continue
        ran = run_all(lesson.solution)
        middle, most = lesson.code_lines
        wrong += len(ran.failed)
        print(
            f"{lesson.name:20}{len(lesson.cells):12}{lesson.words:12}{middle:12g}{most:12}"
            f"{len(lesson.exercises):12}{ran.seconds:12.1f}{ran.memory / 1e6:12.0f}"
            f"{len(ran.failed):12}",
            flush=True,
        )
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
