"""How a race stands, in words: who is ahead, who is done, by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ..report.wording import format_ratio, format_seconds, pace
from .side import Side

# Seconds by which the loop may be late before it is said: on any machine it is now and then.
_LATE = 0.1


def headline(sides: Sequence[Side]) -> str:
    """Say in a sentence or two what has happened; it changes only when something does."""
    done = _in_order(sides)
    if not done:
        return "Running."
    if len(done) < len(sides):
        first = done[0]
        (other,) = (side for side in sides if side.letter != first.letter)
        end = first.run.makespan
        left = sum(call.finished is None or call.finished > end for call in other.run.calls)
        done_after = f"{first.letter} is done after {format_seconds(end)}"
        return f"{done_after}. {other.letter} has {left:,} left."
    times = (f"{side.letter} after {format_seconds(side.run.makespan)}" for side in done)
    return f"Both are done: {', '.join(times)}."


def running_speedup(sides: Sequence[Side]) -> str:
    """Say how many times faster one side is so far; empty once both are done: see `finding`."""
    done = _in_order(sides)
    if len(done) == len(sides):
        return ""
    if done:
        (other,) = (side for side in sides if side.letter != done[0].letter)
        ratio = other.elapsed / (done[0].run.makespan or 1.0)
        faster = f"{done[0].letter} is at least {format_ratio(ratio)} faster"
        return f"Now {other.letter} has {other.left:,} left: {faster}."
    ahead, behind = sorted(sides, key=lambda side: -side.answered)
    if ahead.answered == behind.answered:
        return "Level so far." if ahead.answered else ""
    score = f"{ahead.letter} is ahead, {ahead.answered} to {behind.answered}"
    if not behind.answered:
        return f"{score}."
    return f"{score}: {pace(ahead.answered / behind.answered)} so far."


def podium(sides: Sequence[Side]) -> str:
    """Return who finished when, as HTML; a side that is not done has its place open."""
    done = _in_order(sides)
    steps = [
        f"<li><b>{place}</b> {side.letter} · {escape(format_seconds(side.run.makespan))}</li>"
        for place, side in zip(("1st", "2nd"), done, strict=False)
    ]
    steps += [f"<li><b>{place}</b> …</li>" for place in ("1st", "2nd")[len(done) :]]
    return f'<ol class="aiml-nb-podium" aria-label="Who finished when">{"".join(steps)}</ol>'


def lateness(seconds: float) -> str:
    """Say by how much this computer was late; empty if that is nothing unusual."""
    if seconds <= _LATE:
        return ""
    return f"This computer was late by {format_seconds(seconds)}: it is busy with other things."


def notices(said: Mapping[str, str]) -> str:
    """Say why a side sends nothing at present, by its letter; empty if both send."""
    return " ".join(f"{letter}: {text}." for letter, text in sorted(said.items()) if text)


def _in_order(sides: Sequence[Side]) -> list[Side]:
    return sorted((side for side in sides if side.over), key=lambda side: side.run.makespan)
