"""What is said of a recording as a whole, in sentences: where it ended, what failed, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .export import Export
from .outside import Forgotten
from .sources import name_of_file
from .wakers import END

_OTHER_LOOP = ("different loop", "different event loop", "Event loop is closed")
_AWAITED_BEFORE = ("cannot reuse already awaited", "coroutine is being awaited already")


def tell_limit(made: dict[str, Any], limit: str | None) -> list[str]:
    """Say that it was stopped, and where it stood.

    Parameters
    ----------
    made
        The recording.
    limit
        What there was too much of: ``steps``, ``seconds``; None if it came to its end.
    """
    if limit is None:
        return []
    amount = made[f"max_{limit}"]
    counted = f"{amount:g} s" if limit == "seconds" else f"{amount} steps"
    last = made["steps"][-1] if made["steps"] else None
    if last is None or last["waits_for"] is not None or last["ending"] is not None:
        return [
            f"Stopped after {counted}, before all had ended. For more: LoopView(…, "
            f"max_{limit}={2 * amount:g})."
        ]
    held = last["blocked"] or last
    return [
        f"Stopped after {counted}: {made['tasks'][last['task']]['name']} held the loop and did not "
        f"let go. It stood{_tell_line(held, made) or ''} in {held['function']}()."
    ]


def tell_steps(export: Export, made: dict[str, Any]) -> list[str]:
    """Say which tasks failed, were left over, or forked.

    Parameters
    ----------
    export
        What the recording was made of.
    made
        The recording.
    """
    notes = []
    for task in made["tasks"]:
        is_root = task["how"] == "LoopView"
        if task["ending"] == "raised" and (is_root or task["id"] in export.unretrieved):
            notes.append(_tell_failure(task, made, is_root=is_root))
    for step in export.steps:
        name = export.names[step.task]
        if step.waker is END:
            notes.append(
                f"{name} was still running when the program ended, and was cancelled: asyncio.run "
                "does the same."
            )
        if step.forked_at:
            notes.append(
                f"{name} forked the process on {export.tell_line(step.forked_at)}: what the other "
                "process does is not in the picture."
            )
    return notes


def tell_forgotten(forgotten: Forgotten) -> str:
    """Say that a coroutine was never awaited, and which line has forgotten it."""
    function, file = forgotten.function, forgotten.file
    where = f"on line {forgotten.line} of {name_of_file(file)}" if Path(file).name else "somewhere"
    return (
        f"{function}() was called {where} and never awaited, so nothing of it has run: write  "
        f"await {function}(…)  there."
    )


def _tell_failure(task: dict[str, Any], made: dict[str, Any], *, is_root: bool) -> str:
    name, error = task["name"], task["error"]
    if any(each in error for each in _AWAITED_BEFORE):
        return (
            f"{name} could not run: a coroutine runs once, and this one has been awaited before. "
            f"Call {task['function']}(…) again for a new one."
        )
    last = next(step for step in reversed(made["steps"]) if step["task"] == task["id"])
    told = f"{name} raised {error}".rstrip(".") + f"{_tell_line(last, made)}"
    told += "." if is_root else ", and nobody awaited it."
    if any(each in error for each in _OTHER_LOOP):
        told += (
            " What it used was made in another event loop: a LoopView has a loop of its own. Make "
            "it inside of the coroutine."
        )
    return told


def _tell_line(step: dict[str, Any], made: dict[str, Any]) -> str:
    if step["line"] is None:
        return ""
    return f" on line {step['line']} of {made['sources'][step['source']]['file']}"
