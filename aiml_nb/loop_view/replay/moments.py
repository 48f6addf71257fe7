"""From a recording to the moments of its replay: who runs, who is ready, who waits, for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .sentences import LATE, Part, Words

# A recording is what the recorder wrote: plain JSON.
Recording = Mapping[str, Any]

# Steps that lasted longer are drawn with their length, blocking or not.
LONG_STEP = 0.01
# The end of a task is told to those that wait for it in the loop's next round.
AT_ONCE = 0.001


@dataclass(frozen=True, slots=True)
class Moment:
    """What stands on the screen at one moment, and the sentence that says what happened.

    There is one before the first step, and two for each step: its task has taken the chair, its
    task has left it.

    Parameters
    ----------
    step
        Which step of the recording, from 0; -1 before the first.
    phase
        ``start``, ``run`` or ``leave``.
    begin, time
        Seconds: when it begins, and the moment that is shown. They differ where a task holds the
        loop for long.
    running
        The task in the chair.
    ready, waiting, done
        Tasks by their ids: those of `ready` in the order in which they run, those of `done` in the
        order in which they ended.
    sentence, outlook
        What happened; what follows from it, which the quiz asks for.
    """

    step: int
    phase: str
    begin: float
    time: float
    running: int | None
    ready: list[int]
    waiting: list[int]
    done: list[int]
    sentence: list[Part] = field(default_factory=list)
    outlook: list[Part] = field(default_factory=list)

    def as_json(self) -> list[Any]:
        """Return it as the page's script reads it: which step it is, its place tells."""
        times = [round(self.begin, 6), round(self.time, 6)]
        return [*times, self.ready, self.waiting, self.done, self.sentence, self.outlook]


def make_moments(recording: Recording) -> list[Moment]:
    """Return the moments of a recording, in order."""
    return list(_Replay(recording).moments())


class _Replay:
    """Goes through the steps once and keeps what is known of each task."""

    def __init__(self, recording: Recording) -> None:
        self._steps: list[dict[str, Any]] = recording["steps"]
        self._tasks = {task["id"]: task for task in recording["tasks"]}
        self._words = Words(recording)
        self._done: list[int] = []
        self._last: dict[int, dict[str, Any]] = {}
        # The numbers of each task's steps that are still to come; the next one is the last.
        self._to_come: dict[int, list[int]] = {number: [] for number in self._tasks}
        for number in reversed(range(len(self._steps))):
            self._to_come[self._steps[number]["task"]].append(number)

    def moments(self) -> Iterator[Moment]:
        begin = self._steps[0]["start"] if self._steps else 0.0
        queue = [number for number, task in self._tasks.items() if task["created"] <= begin]
        yield self._moment(-1, "start", begin, begin, queue=queue)
        for number, step in enumerate(self._steps):
            self._to_come[step["task"]].pop()
            yield self._run(number, step, queue)
            if step["ending"] is None and step["waits_for"] is None:
                return  # the recording was stopped in this step
            queue = step.get("queue") or []
            self._last[step["task"]] = step
            if step["ending"] is not None:
                self._done.append(step["task"])
            yield self._moment(number, "leave", step["end"], step["end"], queue=queue)

    def _run(self, number: int, step: dict[str, Any], queue: list[int]) -> Moment:
        held = step["blocked"] is not None or step["end"] - step["start"] > LONG_STEP
        time = step["end"] if held else step["start"]
        return self._moment(number, "run", step["start"], time, queue=queue, running=step["task"])

    def _moment(
        self,
        number: int,
        phase: str,
        begin: float,
        time: float,
        *,
        queue: list[int],
        running: int | None = None,
    ) -> Moment:
        alive = [
            task
            for task, facts in self._tasks.items()
            if (facts["created"] <= time or task in queue)
            and task not in self._done
            and task != running
        ]
        ready = [
            task
            for task in alive
            if task in queue
            or task not in self._last
            # In the pause before a step others became ready, too.
            or (phase == "run" and self._is_ready(task, begin))
            or (phase == "leave" and self._is_woken_by(task, number))
        ]
        ready.sort(key=self._turn)
        waiting = [task for task in alive if task not in ready]
        bare = Moment(number, phase, begin, time, running, ready, waiting, list(self._done))
        sentence, outlook = self._say(bare)
        return Moment(
            number, phase, begin, time, running, ready, waiting, list(self._done), sentence, outlook
        )

    def _say(self, moment: Moment) -> tuple[list[Part], list[Part]]:
        if moment.phase == "start":
            return self._words.start(moment.ready), []
        step = self._steps[moment.step]
        if moment.phase == "run":
            late = [task for task in moment.waiting if self._is_overdue(task, moment.time)]
            stopped = step["ending"] is None and step["waits_for"] is None
            outlook = self._words.end(is_left=True) if stopped else []
            return self._words.run(step, self._last.get(step["task"]), late=late), outlook
        following = moment.step + 1
        next_step = self._steps[following] if following < len(self._steps) else None
        is_left = bool(moment.ready or moment.waiting)
        outlook = self._words.outlook(step, next_step, ready=moment.ready, is_left=is_left)
        return self._words.leave(step, is_ready=step["task"] in moment.ready), outlook

    def _is_ready(self, task: int, time: float) -> bool:
        to_come = self._to_come[task]
        return bool(to_come) and self._steps[to_come[-1]]["ready"] <= time

    def _is_woken_by(self, task: int, number: int) -> bool:
        """Say whether a step woke a task, though the loop puts it in line a moment later."""
        step, to_come = self._steps[number], self._to_come[task]
        if not to_come or not self._is_ready(task, step["end"] + AT_ONCE):
            return False
        return bool((self._steps[to_come[-1]]["woken_by"] or {}).get("task") == step["task"])

    def _is_overdue(self, task: int, time: float) -> bool:
        """Say whether a task's timer has rung, and the task has not come to the chair since."""
        until = ((self._last.get(task) or {}).get("waits_for") or {}).get("until")
        return until is not None and time - until >= LATE

    def _turn(self, task: int) -> int:
        """Return the number of a task's next step: who runs first is first in READY."""
        to_come = self._to_come[task]
        return to_come[-1] if to_come else len(self._steps)
