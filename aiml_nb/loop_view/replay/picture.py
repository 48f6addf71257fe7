"""The whole timeline as one still picture, for where no script runs."""

from __future__ import annotations

import base64
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from .moments import Recording
from .sentences import LATE, Step, format_seconds, lateness, without_comment

_WIDTH, _LABELS, _LANE, _LETTER = 1100, 150, 32, 16
# A step lasts microseconds and a sleep half a second: each step is given some width of its own.
_STEP_SHARE, _WIDEST_STEP = 0.4, 40
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#F0E442")
_HELD, _INK, _SOFT, _RULE = "#C62828", "#1C1E21", "#565B62", "#767C85"


def make_picture(recording: Recording) -> str:
    """Return an ``img``: the loop's own lane and one for each task; the table has it in words."""
    lanes = _Lanes(recording)
    height = _LANE * (len(recording["tasks"]) + 1)
    texts = [*lanes.loop(), *lanes.tasks()]
    drawn = "".join([*lanes.bars(), *texts])
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="DejaVu Sans, Verdana, sans-serif" '
        f'font-size="{_LETTER}"><rect width="100%" height="100%" fill="white"/>{drawn}</svg>'
    )
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode('ascii')}"
    alt = escape(f"Timeline: {lanes.summary()}")
    return f'<img alt="{alt}" width="{_WIDTH}" height="{height}" src="{source}">'


class _Lanes:
    """Where the steps of a recording are, in pixels, and what is drawn there."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._steps: list[dict[str, Any]] = recording["steps"]
        self._starts = [step["start"] for step in self._steps]
        total = max(recording["seconds"], 1e-9)
        room = _WIDTH - _LABELS - 90
        self._own = min(_WIDEST_STEP, _STEP_SHARE * room / max(1, len(self._steps)))
        self._rate: float = (room - self._own * len(self._steps)) / total
        self._colours = {
            task["id"]: _COLOURS[number % len(_COLOURS)]
            for number, task in enumerate(recording["tasks"])
        }
        # Bars that look the same are one path: of hundreds of steps the picture stays small.
        self._paths: dict[str, list[str]] = defaultdict(list)

    def bars(self) -> Iterator[str]:
        """Return the bars of what has been drawn."""
        for look, places in self._paths.items():
            yield f'<path {look} d="{"".join(places)}"/>'

    def loop(self) -> Iterator[str]:
        """Draw who held the loop, and where it was idle."""
        yield _text(_LABELS - 12, 0, "the loop", anchor="end", bold=True)
        for begin, until in self._recording["idle"]:
            if until - begin >= LATE:
                left, right = self._place(begin), self._place(until)
                self._bar(left, right, 0, fill="none", edge=_RULE)
                idle = [f"idle {format_seconds(until - begin)}", "idle"]
                yield _fitted(left, right, 0, idle, colour=_SOFT)
        for number, step in enumerate(self._steps):
            yield from self._step(step, *self._span(number), 0)

    def tasks(self) -> Iterator[str]:
        """Draw a lane for each task."""
        for row, task in enumerate(self._recording["tasks"], 1):
            yield _text(_LABELS - 12, row, _short(task["name"]), anchor="end", bold=True)
            own = [n for n, step in enumerate(self._steps) if step["task"] == task["id"]]
            free = self._place(task["created"])
            for number in own:
                start, end = self._span(number)
                yield from self._pause(self._steps[number], free, start, row)
                yield from self._step(self._steps[number], start, end, row)
                free = end
            ended = {"returned": "✓ done", "raised": "✗ failed", "cancelled": "⊘ cancelled"}
            yield _text(free + 6, row, ended.get(task["ending"], "…"))

    def summary(self) -> str:
        """Return what the picture shows, in words."""
        held = [step["blocked"] for step in self._steps if step["blocked"]]
        said = [
            f"{without_comment(each['text'])} in line {each['line']} held the loop for "
            f"{format_seconds(each['seconds'])}."
            for each in held[:3]
        ]
        idle = format_seconds(sum(end - start for start, end in self._recording["idle"]))
        count, whole = len(self._recording["tasks"]), format_seconds(self._recording["seconds"])
        lanes = f"{count} tasks" if count != 1 else "1 task"
        return " ".join([f"{lanes} on one loop, {whole}, of which it was idle for {idle}.", *said])

    def _span(self, number: int) -> tuple[float, float]:
        step = self._steps[number]
        return self._at(step["start"], number), self._at(step["end"], number + 1)

    def _place(self, time: float) -> float:
        """Return where any time is; within a step that is its share of the step's own width."""
        begun = bisect_right(self._starts, time)
        step = self._steps[begun - 1] if begun else None
        if step is None or step["end"] <= time:
            return self._at(time, begun)
        share = (time - step["start"]) / (step["end"] - step["start"])
        return self._at(time, begun - 1 + share)

    def _at(self, time: float, steps_before: float) -> float:
        return _LABELS + time * self._rate + steps_before * self._own

    def _pause(self, step: Step, free: float, start: float, row: int) -> Iterator[str]:
        late = lateness(step)
        rang = max(free, self._place(step["due"])) if late else start
        self._bar(free, rang, row, fill=self._colours[step["task"]], opacity=0.25)
        if late:
            self._bar(rang, start, row, fill="#FDE7E5", edge=_HELD)
            yield _fitted(
                rang, start, row, [f"late by {format_seconds(late)}", "late"], colour="#B01C1C"
            )

    def _step(self, step: Step, start: float, end: float, row: int) -> Iterator[str]:
        held = step["blocked"]
        if not held:
            self._bar(start, end, row, fill=self._colours[step["task"]], edge="white")
            return
        self._bar(start, end, row, fill=_HELD)
        if row == 0:
            code, line = without_comment(held["text"]), f"line {held['line']}"
            words = [f"{code}, {line}", code, line]
            yield _fitted(start, end, row, words, colour="white")

    def _bar(
        self,
        left: float,
        right: float,
        row: int,
        *,
        fill: str,
        edge: str = "none",
        opacity: float = 1,
    ) -> None:
        look = f'fill="{fill}" stroke="{edge}" fill-opacity="{opacity:g}"'
        if right - left < 0.5:
            return
        width, height = f"{right - left:.1f}", _LANE - 10
        place = f"M{left:.1f} {row * _LANE + 5}h{width}v{height}h-{width}z"
        self._paths[look].append(place)


def _text(
    x: float, row: int, text: str, *, anchor: str = "start", bold: bool = False, colour: str = _INK
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{row * _LANE + _LANE * 0.67:.1f}" text-anchor="{anchor}" '
        f'fill="{colour}"{weight}>{escape(text)}</text>'
    )


def _fitted(left: float, right: float, row: int, words: Sequence[str], *, colour: str) -> str:
    """Write the first of some texts that fits into a bar in its middle; none, if none fits."""
    for text in words:
        if len(text) * _LETTER * 0.62 <= right - left:
            return _text((left + right) / 2, row, text, anchor="middle", colour=colour)
    return ""


def _short(name: str) -> str:
    room = int((_LABELS - 16) / (_LETTER * 0.7))
    return name if len(name) <= room else f"{name[: room - 1]}…"
