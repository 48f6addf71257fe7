"""The replay's sentences: one for what a task did, one for what follows from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple


class Code(NamedTuple):
    """A piece of code in a sentence."""

    text: str


# Prose, code, or a task by its id: the page writes code and names in their own type.
Part = str | Code | int
Step = Mapping[str, Any]

# Less is not worth a word: timers of the system itself are late by a millisecond.
LATE = 0.02

# What a pause begins with, up to where its arguments begin.
_PAUSE = re.compile(r"\bawait\s+[\w.]+(?:\(\)\.[\w.]+)*|\basync\s+(?:with|for)\s+[^:(]+")
_ARTICLES = {
    "barrier": "the ",
    "condition": "the ",
    "event": "the ",
    "future": "a ",
    "gather": "a ",
    "group": "a ",
    "lock": "the ",
    "queue": "the ",
    "semaphore": "the ",
    "answer": "the ",
}


def format_seconds(seconds: float) -> str:
    """Write a time as the class reads it: ``0.49 s``, and ``12 ms`` below a tenth."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 99.5 else f"{seconds:.0f} s"


def format_length(seconds: float) -> str:
    """Write a time as it was asked for: ``0.1 s``."""
    return f"{seconds:.3g} s"


def lateness(step: Step) -> float:
    """Return how many seconds after its timer a step began; 0 where that is not worth a word."""
    due = step.get("due")
    late: float = 0.0 if due is None else step["start"] - due
    return late if late >= LATE else 0.0


def without_comment(line: str) -> str:
    """Return a line of code without the comment at its end."""
    return line.split("  #")[0].rstrip()


class Words:
    """Sentences over one recording."""

    def __init__(self, recording: Mapping[str, Any]) -> None:
        self._recording = recording
        self._tasks = {task["id"]: task for task in recording["tasks"]}

    def text(self, parts: Iterable[Part]) -> str:
        """Return a sentence as plain text."""
        return "".join(map(self._text, parts))

    def start(self, ready: Sequence[int]) -> list[Part]:
        """Say who stands in READY before the first step."""
        if not ready:
            return ["Nothing has run."]
        if len(ready) == 1:
            return [ready[0], " stands in READY. The loop takes it first."]
        return [*_listed(ready), " stand in READY, in the order in which they were started."]

    def run(self, step: Step, before: Step | None, *, late: Sequence[int]) -> list[Part]:
        """Say why a task has the chair now, and whether it holds the loop for long."""
        task = step["task"]
        if before is None:
            said = [task, " takes the chair and starts at the top of ", Code(step["function"]), "."]
        else:
            said = self._why(step, before)
        return [*said, *self._holds(step, late)]

    def leave(self, step: Step, *, is_ready: bool) -> list[Part]:
        """Say where a task stopped, and what for."""
        task = step["task"]
        if step["ending"] == "returned":
            value = self._tasks[step["task"]].get("value")
            returned = [" and returned ", Code(value)] if value not in (None, "None") else []
            return [task, " is done", *returned, "."]
        if step["ending"] == "raised":
            return [task, " has failed with ", Code(step["error"] or "an exception"), "."]
        if step["ending"] == "cancelled":
            return [task, " was cancelled and has ended."]
        reached: list[Part] = [task, " reached ", *self._pause(step)]
        if is_ready or step["waits_for"] is None:
            return [*reached, " and lines up in READY again."]
        return [*reached, " and ", *self._waits(step["waits_for"]), "."]

    def outlook(
        self, step: Step, following: Step | None, *, ready: Sequence[int], is_left: bool
    ) -> list[Part]:
        """Say what the loop does next."""
        if following is None:
            return self.end(is_left=is_left)
        who = following["task"]
        if ready:
            return ["The loop is free. Next in READY: ", who, "."]
        if lateness(following) and following["due"] <= step["end"]:
            ago = format_seconds(step["end"] - following["due"])
            return ["The loop is free again. The timer of ", who, f" rang {ago} ago: it is next."]
        idle = following["start"] - step["end"]
        if idle < LATE / 4:
            return ["The loop is free. ", who, " is next."]
        until = self._until(following, who)
        idles = f"The loop is free and nobody is READY: it idles for {format_seconds(idle)}, "
        return [idles, *until]

    def end(self, *, is_left: bool) -> list[Part]:
        """Say how the recording ends."""
        notes: list[str] = self._recording.get("notes") or []
        if notes:
            return [" ".join(notes)]
        if is_left:
            return ["The recording ends here."]
        return [f"Nobody is left. It took {format_seconds(self._recording['seconds'])}."]

    def _why(self, step: Step, before: Step) -> list[Part]:
        """Say what woke a task and that it goes on."""
        waker = step.get("woken_by") or {}
        task, waited = step["task"], before.get("waits_for") or {}
        where = "" if before["line"] is None else f" from line {before['line']}"
        late = f", late by {format_seconds(lateness(step))}" if lateness(step) else ""
        goes_on = f" takes the chair and goes on{where}{late}."
        if waker.get("kind") == "timer" and waited.get("seconds") is not None:
            slept = format_length(waited["seconds"])
            return [f"The sleep of {slept} is over: ", task, goes_on]
        if waker.get("kind") == "cancel":
            raised: list[Part] = [" takes the chair: ", Code("CancelledError"), " is raised"]
            return [f"Woken by {waker['text']}, ", task, *raised, f"{where.replace('from', 'in')}."]
        if waker.get("kind") in (None, "turn", "start") or not waker.get("text"):
            return [task, goes_on]
        return [f"Woken by {waker['text']}, ", task, goes_on]

    def _holds(self, step: Step, late: Sequence[int]) -> list[Part]:
        held = step["blocked"]
        if held is None:
            return []
        line = f" in line {held['line']}" if held["line"] is not None else ""
        said: list[Part] = [" ", Code(without_comment(held["text"])), f"{line} holds the loop for "]
        said.append(f"{format_seconds(held['seconds'])}: nobody else can run")
        if late:
            are = "are" if len(late) > 1 else "is"
            said += [", and ", *_listed(late), f" {are} late"]
        return [*said, "."]

    def _pause(self, step: Step) -> list[Part]:
        awaits = step.get("awaits")
        if not awaits:
            return [f"line {step['line']}" if step["line"] is not None else "an await"]
        found = _PAUSE.search(awaits)
        return [Code(" ".join((found.group() if found else awaits).split()))]

    def _waits(self, wait: Mapping[str, Any]) -> list[Part]:
        limit = wait.get("timeout")
        at_most = f", at most {format_length(limit['seconds'])}" if limit else ""
        if wait["kind"] == "sleep" and wait.get("seconds") is not None:
            return [f"sleeps for {format_length(wait['seconds'])}{at_most}"]
        if wait["kind"] == "task" and len(wait.get("tasks") or ()) == 1:
            return ["waits for ", wait["tasks"][0], at_most]
        return [f"waits for {_ARTICLES.get(wait['kind'], '')}{wait['text']}{at_most}"]

    def _until(self, following: Step, who: Part) -> list[Part]:
        kind = (following.get("woken_by") or {}).get("kind")
        if kind in ("timer", "timeout"):
            return ["until the timer of ", who, " rings."]
        if kind == "thread":
            return ["until the thread of ", who, " is done."]
        if kind == "socket":
            return ["until something arrives for ", who, "."]
        return ["until ", who, " can go on."]

    def _text(self, part: Part) -> str:
        if isinstance(part, Code):
            return part.text
        return part if isinstance(part, str) else str(self._tasks[part]["name"])


def _listed(tasks: Sequence[int]) -> list[Part]:
    """Return ``tea, eggs and toast``; of more than four the first three."""
    shown, rest = list(tasks), len(tasks) - 3
    if rest > 1:
        shown = shown[:3]
        return [*_commas(shown), f" and {rest} more"]
    if len(shown) == 1:
        return [shown[0]]
    return [*_commas(shown[:-1]), " and ", shown[-1]]


def _commas(tasks: Sequence[int]) -> list[Part]:
    said: list[Part] = []
    for task in tasks:
        said += [", ", task] if said else [task]
    return said
