"""Who held the event loop of a run, in words."""

from __future__ import annotations

from ..records import LoopDelay, Run
from .wording import format_seconds, join_and

_MAX_NAMED = 2


def tell_loop_delays(run: Run) -> str:
    """Say which functions held the event loop, for how long, and on which lines.

    Parameters
    ----------
    run
        One with `loop_delays`.
    """
    found: dict[tuple[str, str], list[LoopDelay]] = {}
    for each in run.loop_delays:
        found.setdefault((each.function, each.file), []).append(each)
    groups = sorted(found.values(), key=_seconds, reverse=True)
    told = [_tell(its) for its in groups[:_MAX_NAMED]]
    if others := len(groups) - len(told):
        told.append(f"{others} other" + ("s" if others > 1 else ""))
    return f"held by {join_and(told)}"


def _seconds(its: list[LoopDelay]) -> float:
    return sum(each.duration for each in its)


def _tell(its: list[LoopDelay]) -> str:
    longest = max(its, key=lambda each: each.duration)
    name = f"{longest.function}()" if longest.function else "something"
    often = "" if len(its) == 1 else f", {len(its)} times"
    line = f" (line {longest.line}{often})" if longest.line else ""
    return f"{name} for {format_seconds(_seconds(its))}{line}"
