"""Records coroutines on a loop of their own."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from ..endpoint.sent_keys import redact_known
from ..loop.threads import call_with_main
from .export import Export
from .notes import tell_forgotten, tell_limit, tell_steps
from .outside import outside_recorded
from .program import ProgramThread
from .recorder import MAX_TASKS

Runnable = Coroutine[Any, Any, Any] | Callable[[], Coroutine[Any, Any, Any]]


def record(programs: Sequence[Runnable], *, max_steps: int, max_seconds: float) -> dict[str, Any]:
    """Run coroutines, or async functions, once; return what their loop did, as plain JSON.

    Parameters
    ----------
    programs
        Each is a task from the beginning, in this order.
    max_steps
        After so many steps of tasks it is stopped.
    max_seconds
        After so many seconds it is stopped, also in a step that does not end.
    """
    thread = ProgramThread(partial(_make_coroutines, programs), max_steps=max_steps)
    limits = {"max_steps": max_steps, "max_seconds": max_seconds}
    with outside_recorded(thread.recorder, thread.ident) as forgotten:
        thread.begin()
        has_ended = False
        try:
            has_ended = call_with_main(partial(thread.wait, max_seconds), thread.stop)
        finally:
            if not has_ended:
                thread.stop()
        made = _export(thread, limits, in_time=has_ended)
    made["notes"] += dict.fromkeys(map(tell_forgotten, forgotten))
    cleaned: dict[str, Any] = redact_known(made)
    return cleaned


def _make_coroutines(programs: Sequence[Runnable]) -> list[Coroutine[Any, Any, Any]]:
    return [each if inspect.iscoroutine(each) else each() for each in programs]  # type: ignore[operator]


def _export(thread: ProgramThread, limits: dict[str, Any], *, in_time: bool) -> dict[str, Any]:
    """Return what was recorded, and let go of it: so forgotten coroutines come to light."""
    export = Export(thread.recorder)
    made = export.to_dict() | limits | {"complete": thread.is_complete}
    limit = None if thread.is_complete else "steps" if in_time else "seconds"
    notes = [*tell_limit(made, limit), *thread.notes, *tell_steps(export, made)]
    if thread.recorder.has_nested:
        notes.append("A loop was run inside of a step: what it did is not in the picture.")
    if thread.recorder.has_others:
        notes.append(f"There were more tasks: the first {MAX_TASKS} are in the picture.")
    for number in map(thread.recorder.number_of, thread.left):
        if number is not None:
            notes.append(f"{export.names[number]} did not end when it was cancelled.")
    thread.left.clear()
    thread.recorder.forget()
    gc.collect(1)  # some are in circles, with the exceptions that have ended their callers
    return made | {"notes": notes}
