"""Recordings as the recorder writes them, worked out by hand: of tasks that sleep and block."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

# How long a step lasts that does not block, and how late the loop wakes.
STEP = 0.00005
LAG = 0.0002
START = {"kind": "start", "task": None, "text": "its start by LoopView"}

Plan = Sequence[tuple[str, float]]


def record(plans: Mapping[str, Plan], code: Sequence[str], *, function: str = "boil") -> dict:
    """Play tasks, each a list of ``("sleep", seconds)`` and ``("block", seconds)``.

    ``sleep`` stands in line 2 of `code`, ``block`` in line 3, and the end in line 4.
    """
    plays = [deque(plan) for plan in plans.values()]
    tasks = [_task(number, name, function) for number, name in enumerate(plans)]
    ready, timers = deque((number, 0.0, None) for number in range(len(plays))), []
    steps, idle, now = [], [], 0.0
    while ready or timers:
        if not ready and timers[0][0] > now:
            idle.append([now, timers[0][0] + LAG])
            now = timers[0][0] + LAG
        elif not ready:
            now += LAG
        while timers and timers[0][0] <= now:
            due, number = heapq.heappop(timers)
            ready.append((number, now, due))
        number, since, due = ready.popleft()
        step = _step(number, since, now, due, function)
        step["first_line"] = 2 if any(each["task"] == number for each in steps) else 1
        now = _play(step, plays[number], tasks[number])
        if step["ending"] is None:
            heapq.heappush(timers, (step["waits_for"]["until"], number))
        step["queue"] = [each for each, _, _ in ready]
        steps.append(step)
    return {
        "version": 1,
        "python": "3.11.7",
        "seconds": now,
        "overhead": 0.001,
        "max_steps": 500,
        "max_seconds": 30.0,
        "complete": True,
        "notes": [],
        "sources": [{"file": "cell 3", "first_line": 1, "lines": list(code)}],
        "tasks": tasks,
        "steps": steps,
        "idle": idle,
    }


def _play(step: dict[str, Any], play: deque[tuple[str, float]], task: dict[str, Any]) -> float:
    """Let a task go on up to its next sleep or its end; return when that is."""
    now = step["start"] + STEP
    while play and play[0][0] == "block":
        seconds = play.popleft()[1]
        now += seconds
        step["blocked"] = _held(seconds, step["function"])
    if play:
        seconds = play.popleft()[1]
        wait = {"kind": "sleep", "text": f"sleep {seconds:g} s", "seconds": seconds}
        step["waits_for"] = {**wait, "until": now + seconds, "tasks": [], "timeout": None}
        step.update(line=2, awaits="await asyncio.sleep(seconds)", lines=[step["first_line"], 2])
    else:
        step.update(line=4, ending="returned", lines=[step["first_line"], 4])
        task.update(finished=now, ending="returned", value=repr(task["name"]))
        step["printed"] = f"{task['name']} is ready\n"
    step["end"] = now
    return now


def _held(seconds: float, function: str) -> dict[str, Any]:
    text = f"time.sleep({seconds:g})  # a slow disk"
    return {"seconds": seconds, "function": function, "source": 0, "line": 3, "text": text}


def _task(number: int, name: str, function: str) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "label": f"{function}({name!r})",
        "function": function,
        "source": 0,
        "line": 1,
        "yours": True,
        "started_by": None,
        "how": "LoopView",
        "started_at": None,
        "created": 0.0,
        "finished": None,
        "ending": "unfinished",
        "value": None,
        "error": None,
    }


def _step(
    number: int, since: float, now: float, due: float | None, function: str
) -> dict[str, Any]:
    woken = START if due is None else {"kind": "timer", "task": None, "text": "its timer"}
    return {
        "task": number,
        "ready": since,
        "start": now,
        "due": due,
        "function": function,
        "source": 0,
        "awaits": None,
        "waits_for": None,
        "woken_by": woken,
        "ending": None,
        "error": None,
        "blocked": None,
        "printed": "",
    }


BOIL = (
    "async def boil(what, seconds):",
    "    await asyncio.sleep(seconds)",
    "    time.sleep(stirring)  # a slow disk",
    "    return f'{what} is ready'",
)


def tea_and_eggs() -> dict[str, Any]:
    """Two tasks that are never in each other's way."""
    return record({"tea": [("sleep", 0.3)], "eggs": [("sleep", 0.2), ("sleep", 0.3)]}, BOIL)


def blocked() -> dict[str, Any]:
    """One of four holds the loop for half a second; the timers of three ring meanwhile."""
    plans: dict[str, Plan] = {name: [("sleep", 0.2)] for name in ("first", "second", "third")}
    return record({**plans, "notes": [("sleep", 0.1), ("block", 0.5), ("sleep", 0.1)]}, BOIL)


def crowd(count: int = 20) -> dict[str, Any]:
    """Many tasks, as many as calls in a lesson."""
    plans = {f"ask({i})": [("sleep", 0.2 + (7 * i % count) / 40)] for i in range(count)}
    return record(plans, BOIL)


def long(turns: int = 50) -> dict[str, Any]:
    """Four tasks of fifty turns each: as many steps as a recording should have."""
    names = ("tea", "eggs", "toast", "coffee")
    return record({n: [("sleep", 0.1 + i / 97)] * (turns - 1) for i, n in enumerate(names)}, BOIL)


EVIL = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='t'\">"


def hostile() -> dict[str, Any]:
    """A recording whose every text wants to be markup, a slot of the page or half a letter."""
    return _spoiled(tea_and_eggs())


def _spoiled(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _spoiled(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_spoiled(each, key) for each in value]
    if isinstance(value, str) and key not in ("kind", "ending"):
        return f"{value} {EVIL} {{{{data}}}} {{{{script}}}} & \ud800 \u2028 \u202e ]]> --> `"
    return value
