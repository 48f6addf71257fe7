"""The newest run of the process, for after an interrupt."""

from __future__ import annotations

from ..records import Run

_newest: Run | None = None


def last_run() -> Run | None:
    """Return the newest run, finished or not; after an interrupt, its records so far."""
    return _newest


def set_last_run(run: Run) -> None:
    """Make `run` the newest."""
    global _newest
    _newest = run
