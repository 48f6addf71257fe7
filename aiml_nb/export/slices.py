"""Slices of trace events: a call, its phases, and what was made within it, nested exactly."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..analysis.kinds import HOLDERS
from ..analysis.lanes import first_free
from ..records import CHAT, STEP, Call
from ..report.labels import sanitize

Event = dict[str, Any]
_Span = tuple[int, int]  # microseconds
# Calls nested deeper than this are left out: no viewer shows them.
_MAX_DEPTH = 64
# Answers and prompts are cut to this many characters.
_TEXT_WIDTH = 200


def call_slices(call: Call, *, origin: float, end: float, texts: bool) -> list[tuple[int, Event]]:
    """Return the slices of a call and of all within it, each with its row from 0.

    What overlaps is in different rows, so that the slices of a row nest. What goes on after its
    parent, or the attempt of it in which it began, has ended is cut off there.

    Parameters
    ----------
    call
        The call, which has started.
    origin, end
        The stamps that are 0, and at which what never ended is cut off.
    texts
        True adds the beginnings of prompts and answers.
    """
    start = micros(call.started or 0.0, origin)
    stop = max(start, micros(end if call.finished is None else call.finished, origin))
    return _Slices(origin, texts).of(call, f"call {call.index + 1}", (start, stop), depth=0)


def split_slices(
    slices: list[tuple[int, Event]], starts: list[int]
) -> Iterator[tuple[int, int, Event]]:
    """Yield the slices of a call with the part of it that each is in, the call's own in each.

    Parameters
    ----------
    slices
        As `call_slices` returns them, those of the call first.
    starts
        When the parts after the first begin, in microseconds.
    """
    (row, whole), *others = slices
    begin, stop = whole["ts"], whole["ts"] + whole["dur"]
    edges = [begin, *(min(max(start, begin), stop) for start in starts), stop]
    for part, (start, end) in enumerate(pairwise(edges)):
        yield part, row, whole | {"ts": start, "dur": end - start}
    for row, event in others:
        yield bisect_right(edges, event["ts"], 1, len(edges) - 1) - 1, row, event


def micros(stamp: float, origin: float) -> int:
    """Return a stamp in whole microseconds since the origin, so that slices nest exactly."""
    return round((stamp - origin) * 1e6)


@dataclass(frozen=True, slots=True)
class _Slices:
    """What the slices of a call and of those within it have in common."""

    origin: float
    texts: bool

    def of(self, call: Call, name: str, span: _Span, *, depth: int) -> list[tuple[int, Event]]:
        """Return the slices of a call that is shown between two times."""
        kind = "call" if not depth else "step" if call.api in HOLDERS else "inner call"
        facts = _facts(call, self.texts)
        found: list[tuple[int, Event]] = [(0, _slice(name, kind, span) | {"args": facts})]
        phases = list(self._phases(call, span))
        found += [(0, _slice(phase, "phase", part)) for phase, part in phases if phase]
        if depth < _MAX_DEPTH:
            for children in self._children(call, [part for _, part in phases]):
                found += self._below(children, depth=depth + 1)
        return found

    def _below(self, children: list[tuple[Call, _Span]], *, depth: int) -> list[tuple[int, Event]]:
        """Return the slices of children, those at once in different rows."""
        children.sort(key=lambda each: each[1])
        made = [self.of(child, _name(child), span, depth=depth) for child, span in children]
        # As many rows for each as the one with the most needs.
        rows = max((1 + row for slices in made for row, _ in slices), default=1)
        starts = [float(start) for _, (start, _) in children]
        ends = [float(max(stop, start + 1)) for _, (start, stop) in children]
        return [
            (place * rows + row, event)
            for place, slices in zip(first_free(starts, ends), made, strict=True)
            for row, event in slices
        ]

    def _children(self, call: Call, parts: list[_Span]) -> list[list[tuple[Call, _Span]]]:
        """Return the children that began in each part of a call, cut off where it ends."""
        found: list[list[tuple[Call, _Span]]] = [[] for _ in parts]
        first, last = parts[0][0], parts[-1][1]
        for child in call.children:
            if child.started is None:
                continue
            start = micros(child.started, self.origin)
            stop = last if child.finished is None else micros(child.finished, self.origin)
            if start > last or max(start, stop) < first:
                continue
            start = max(start, first)
            place = max(i for i, (begin, _) in enumerate(parts) if begin <= start)
            found[place].append((child, (start, max(start, min(stop, parts[place][1])))))
        return found

    def _phases(self, call: Call, span: _Span) -> Iterator[tuple[str, _Span]]:
        """Yield the parts of a call, one after the other; the last of a holder has no name."""
        begin, stop = span
        for attempt, following in pairwise(call.attempts):
            after = self._within(following.started, begin, stop)
            end = after
            if attempt.finished is not None:
                end = min(after, self._within(attempt.finished, begin, stop))
            yield "retried", (begin, end)
            yield "back-off", (end, after)
            begin = after
        if call.children or call.api in HOLDERS:
            yield "", (begin, stop)
        elif call.first_token is None:
            yield "in flight", (begin, stop)
        else:
            first = self._within(call.first_token, begin, stop)
            yield "waiting", (begin, first)
            yield "streaming", (first, stop)

    def _within(self, stamp: float, begin: int, stop: int) -> int:
        return min(max(micros(stamp, self.origin), begin), stop)


def _slice(name: str, kind: str, span: _Span) -> Event:
    return {"ph": "X", "name": name, "cat": kind, "ts": span[0], "dur": span[1] - span[0]}


def _name(child: Call) -> str:
    if child.api == STEP:
        return sanitize(child.prompt) or "step"
    return sanitize(child.api)


def _facts(call: Call, texts: bool) -> Event:
    facts: Event = {
        "outcome": call.outcome,
        "error_type": call.error_type,
        "attempts": len(call.attempts),
        "output_tokens": call.output_tokens,
    }
    if call.api != CHAT:
        facts["api"] = sanitize(call.api)
    if texts:
        facts |= {
            "prompt": sanitize(call.prompt, width=_TEXT_WIDTH),
            "text": sanitize(call.text, width=_TEXT_WIDTH),
        }
    return facts
