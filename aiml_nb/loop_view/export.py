"""From what was recorded to plain JSON: names, sentences, sources."""

from __future__ import annotations

import platform
import re
from typing import Any

from ..watching.blocked import is_users
from .lines import Place
from .recorder import Recorder, Step, TaskNotes
from .sources import Sources
from .started import SHORT, name_tasks
from .waits import NEXT, Wait
from .wakers import tell_waker

BLOCKED = 0.05  # seconds from which a step has held the loop up
_MAX_LINES = 40
_MAX_TEXT = 80
_MAX_VALUE = 200


class Export:
    """Makes the recording of what a recorder has written down.

    Parameters
    ----------
    recorder
        It has ended, or is frozen.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.steps = list(recorder.steps)
        self.sources = Sources()
        self.names = name_tasks([(each.task.get_name(), each.started) for each in recorder.tasks])
        self._unretrieved = [
            number
            for number, each in enumerate(recorder.tasks)
            if getattr(each.task, "_log_traceback", False)  # as asyncio's own complaint
        ]
        self.endings = [_ending_of(each) for each in recorder.tasks]

    def to_dict(self) -> dict[str, Any]:
        """Return the recording, without what is said of the whole."""
        steps = self._recorder.steps
        idle = self._recorder.idle
        last = max([step.end or step.start for step in steps], default=0.0)
        made = {
            "tasks": [self._task(*each) for each in enumerate(self._recorder.tasks)],
            "steps": [self._step(each) for each in steps],
        }
        return {
            "version": 1,
            "python": platform.python_version(),
            "seconds": _round(max([last, *(until for _, until in idle)])),
            "overhead": _round(self._recorder.clock.overhead),
            "sources": self.sources.found,
            **made,
            "idle": [[_round(began), _round(ended)] for began, ended in idle],
        }

    def tell_line(self, place: Place | None) -> str:
        """Return where a line is: ``line 3 of cell 2``."""
        number = None if place is None else self.sources.number_of(place[0])
        if place is None or number is None:
            return "a line that cannot be shown"
        return f"line {place[1]} of {self.sources.found[number]['file']}"

    def _task(self, number: int, notes: TaskNotes) -> dict[str, Any]:
        started, task = notes.started, notes.task
        ending, error = self.endings[number]
        code, place = started.code, started.place
        last = notes.steps[-1].end if ending != "unfinished" else None
        return {
            "id": number,
            "name": self.names[number],
            "label": started.label,
            "function": started.function,
            "source": code and self.sources.number_of(code),
            "line": code and code.co_firstlineno,
            "yours": started.is_own,
            "started_by": started.by,
            "how": started.how,
            "started_at": place and {"source": self.sources.number_of(place[0]), "line": place[1]},
            "created": _round(notes.created),
            "finished": None if last is None else _round(last),
            "ending": ending,
            "value": SHORT.repr(task.result())[:_MAX_VALUE] if ending == "returned" else None,
            "error": error,
        }

    def _step(self, step: Step) -> dict[str, Any]:
        notes = self._recorder.tasks[step.task]
        at = next(place for place, each in enumerate(notes.steps) if each is step)
        before = notes.steps[at - 1] if at else None
        ending, error = self.endings[step.task] if step.is_last else (None, None)
        place = _raised_at(notes.task) if ending == "raised" else None
        place = place or step.place
        source = None if place is None else self.sources.number_of(place[0])
        first = before.place if before else next(iter(step.lines), None)
        lines = ([first] if before and first else []) + step.lines
        return {
            "task": step.task,
            "ready": _round(step.ready),
            "start": _round(step.start),
            "end": _round(step.end if step.end is not None else step.start),
            "due": None if step.waker.due is None else _round(step.waker.due),
            "function": place[0].co_name if place else notes.started.function,
            "source": source,
            "line": place[1] if place and source is not None else None,
            "first_line": first[1] if first and self._is_in(first, source) else None,
            "lines": [each[1] for each in lines if self._is_in(each, source)][:_MAX_LINES],
            "awaits": self.sources.text_of(*place)[:_MAX_TEXT] if step.wait and place else None,
            "waits_for": self._wait(step),
            "woken_by": self._waker(step, before),
            "ending": ending,
            "error": error,
            "blocked": self._blocked(step),
            "queue": step.queue,
            "printed": step.printed,
        }

    def _wait(self, step: Step) -> dict[str, Any] | None:
        wait = step.wait
        if wait is None:
            return None
        tasks, text = self._awaited_tasks(step, wait), wait.text
        if wait.kind == "wait" and text == NEXT and tasks:
            text = f"the next of {len(tasks)}"
        if "{}" in text:
            text = text.format(self.names[tasks[0]]) if tasks else "task"
        until = None if wait.seconds is None else (step.end or step.start) + wait.seconds
        timeout = step.timeout and {
            "seconds": _round(step.timeout[0]),
            "until": _round(step.timeout[1]),
        }
        return {
            "kind": wait.kind,
            "text": text,
            "seconds": wait.seconds,
            "until": None if until is None else _round(until),
            "tasks": tasks,
            "timeout": timeout,
        }

    def _awaited_tasks(self, step: Step, wait: Wait) -> list[int]:
        found = [self._recorder.number_of(each) for each in wait.futures]
        if wait.text == NEXT and not found:  # asyncio.as_completed does not say it in all versions
            found = [
                number
                for number, each in enumerate(self._recorder.tasks)
                if (each.started.how, each.started.by) == ("as_completed", step.task)
                and not self._has_ended(number, step.end or step.start)
            ]
        return sorted(number for number in found if number is not None)

    def _waker(self, step: Step, before: Step | None) -> dict[str, Any]:
        waker = step.waker
        ending = None
        if waker.task is not None and self._has_ended(waker.task, step.ready):
            ending = self.endings[waker.task][0]
        name = "" if waker.task is None else self.names[waker.task]
        text = tell_waker(waker, before.wait if before else None, name, ending)
        return {"kind": waker.kind, "task": waker.task, "text": text}

    def _has_ended(self, task: int, at: float) -> bool:
        """Say whether a task had come to its end, or was in its last step, at a time."""
        steps = self._recorder.tasks[task].steps
        return bool(steps) and steps[-1].is_last and steps[-1].start <= at

    def _blocked(self, step: Step) -> dict[str, Any] | None:
        seconds = (step.end if step.end is not None else step.start) - step.start
        if seconds < BLOCKED:
            return None
        seen = max(step.seen, key=step.seen.__getitem__, default=None)
        place = step.slowest or seen or step.place
        source = None if place is None else self.sources.number_of(place[0])
        started = self._recorder.tasks[step.task].started
        return {
            "seconds": _round(seconds),
            "function": place[0].co_name if place else started.function,
            "source": source,
            "line": place[1] if place and source is not None else None,
            "text": self.sources.text_of(*place)[:_MAX_TEXT] if place else "",
        }

    def _is_in(self, place: Place, source: int | None) -> bool:
        return source is not None and self.sources.number_of(place[0]) == source

    @property
    def unretrieved(self) -> list[int]:
        """The tasks that have failed, and whose exceptions nobody has looked at."""
        return self._unretrieved


def _ending_of(notes: TaskNotes) -> tuple[str, str | None]:
    """Return how a task has ended, as far as it was recorded, and with which error."""
    task = notes.task
    if not notes.steps or not notes.steps[-1].is_last:
        return "unfinished", None
    if task.cancelled():
        return "cancelled", None
    error = task.exception()
    if error is None:
        return "returned", None
    return "raised", tell_error(error)


def tell_error(error: BaseException) -> str:
    """Return the last line of a traceback."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  the user's own
        text = ""
    # asyncio describes the whole task there.
    text = re.sub(r"Task <Task .*> got Future <.*> attached", "Task got Future attached", text)
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    name = type(error).__name__
    told = f"{name}: {text}" if text else name
    if isinstance(error, BaseExceptionGroup):
        told += f": {tell_error(error.exceptions[0])}"
    return told if len(told) <= _MAX_VALUE else f"{told[:80]} … {told[83 - _MAX_VALUE :]}"


def _raised_at(task: Any) -> Place | None:
    """Return the innermost line of the user's from which an exception came."""
    found = None
    traceback = task.exception().__traceback__
    while traceback is not None:
        if is_users(traceback.tb_frame.f_code):
            found = (traceback.tb_frame.f_code, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found


def _round(seconds: float) -> float:
    return round(seconds, 6)
