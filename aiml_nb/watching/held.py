"""What is said of functions that held an event loop, and of a process that was stopped."""

from __future__ import annotations

from pathlib import Path

from ..records import LoopDelay
from .blocked import HELD, Held


def tell_stops(stops: list[float]) -> list[str]:
    """Say for how long the process stood still; nothing if it never did."""
    if not stops:
        return []
    return [
        f"The process was stopped for {sum(stops):.1f} s, as by a computer that sleeps: what took "
        "longer for that is nobody's fault."
    ]


def tell_held(held: list[Held]) -> list[str]:
    """Say which functions held an event loop, how often and for how long: a sentence for each."""
    return list(map(_tell, _by_function(held)))


def delays_of(held: list[Held], *, origin: float) -> list[LoopDelay]:
    """Return steps that held an event loop as they are recorded.

    Parameters
    ----------
    origin
        When the run began, in ``perf_counter`` seconds.
    """
    return [
        LoopDelay(
            started=max(0.0, each.started - origin),
            duration=each.duration,
            function=each.function,
            file=Path(each.file).name,
            line=each.line,
        )
        for each in held
        if each.duration >= HELD
    ]


def notable(held: list[Held]) -> list[Held]:
    """Return the steps that `tell_held` speaks of: not the few that made a client."""
    return [each for its in _by_function(held) for each in its]


def _by_function(held: list[Held]) -> list[list[Held]]:
    found: dict[tuple[str, str, bool], list[Held]] = {}
    for each in held:
        found.setdefault((each.function, each.file, each.makes_client), []).append(each)
    return [its for its in found.values() if sum(each.duration for each in its) >= HELD]


def _tell(its: list[Held]) -> str:
    longest = max(its, key=lambda each: each.duration)
    place = Path(longest.file).name
    where = f"line {longest.line}" + ("" if "ipykernel" in longest.file else f" of {place}")
    often = "" if len(its) == 1 else f" {len(its)} times,"
    told = f"{longest.function}() held the event loop{often} for"
    if longest.makes_client:
        total = sum(each.duration for each in its)
        return (
            f"{longest.function}() held the event loop for about {total * 1000:.0f} ms in all "
            f"while it made clients ({where}). Make one client, and use it for all calls."
        )
    most = "" if len(its) == 1 else " at most"
    return (
        f"{told} {longest.duration * 1000:.0f} ms{most} ({where}): no other task could go on. "
        "Await what it waits for, or write await asyncio.to_thread(…)."
    )
