"""Exercise 11.9: the whole runner, which can be stopped and keeps what it has."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from contextlib import suppress
from typing import Any

from ...engine.exercises import Exercise, NotYet, require
from ...engine.expect import expect_function
from ...engine.practice_server import PracticeServer
from .expect import QUESTIONS, judge, outcome_of
from .records import FIELDS, require_fields

_ARGUMENTS = ("client", "questions", "records", "limit", "seconds")
_MIXED = {
    QUESTIONS[1]: 400,
    QUESTIONS[3]: (503,),
    QUESTIONS[5]: (429, 500),
    QUESTIONS[6]: (503,) * 6,
}
# Seconds that a call may take; the one that is too slow takes four times as long.
_ALLOWED = 0.5
_OUTCOMES = {QUESTIONS[1]: "error", QUESTIONS[6]: "error"}


def check_run_all(given: object) -> str:
    """Check a run with failures, one with many in the queue, and two that are stopped."""
    run_all = expect_function(given, "run_all")
    try:
        inspect.signature(run_all).bind(*_ARGUMENTS)
    except TypeError:
        raise NotYet(f"check calls it as run_all({', '.join(_ARGUMENTS)}).") from None
    judge(
        (_with_failures, run_all, 3),
        (_with_failures, run_all, 5),
        (_long_queue, run_all),
        (_one_too_slow, run_all),
    )
    # One after another: each looks which tasks are left.
    judge((_stopped_in_silence, run_all))
    judge((_stopped_in_the_middle, run_all))
    return "A runner: limited, patient, complete, and stopped without a trace."


async def _with_failures(run_all: Any, limit: int) -> None:
    records: list[Any] = []
    async with PracticeServer(QUESTIONS, seconds=0.2, faults=_MIXED) as server:
        _, error = await outcome_of(run_all, server.client, list(QUESTIONS), records, limit, 5.0)
        peak = await server.peak_in_flight()
    require(
        error is None,
        f"one call failed, and run_all raised {type(error).__name__}. Use ask_record: it raises "
        "nothing, so the other calls go on.",
    )
    _require_records(records, "after the run")
    require(peak <= limit, f"with limit={limit}, {peak} calls were in flight. Use one semaphore.")
    require(
        peak == limit,
        f"with limit={limit} and {len(QUESTIONS)} questions, at most {peak} were in flight. Start "
        "all of them at once, and let each wait for its slot.",
    )
    for record in records:
        wanted = _OUTCOMES.get(record["question"], "ok")
        require(
            record["outcome"] == wanted,
            f"after the run the outcome of {record['question']!r} is {record['outcome']!r}, and "
            f'"{wanted}" is wanted. Put what ask_record returns into the record: '
            "record.update(…).",
        )
        _require_answer(server, record)


def _require_answer(server: PracticeServer, record: dict[str, Any]) -> None:
    answer = server.answer_to(record["question"]) if record["outcome"] == "ok" else None
    require(
        record["answer"] == answer,
        f"the record of {record['question']!r} has the answer {record['answer']!r:.50}. Each "
        "record takes the answer to its own question.",
    )
    require(
        (record["error"] is None) == (record["outcome"] == "ok"),
        f"a record with the outcome {record['outcome']!r} has the error {record['error']!r:.50}.",
    )


def _require_records(records: list[Any], when: str) -> None:
    require(
        records,
        f"{when} the list `records` is empty. Fill the list that you were given: records.append(…) "
        "or records += […]. With  records = […]  you make another list.",
    )
    for record in records:
        require_fields(record, f"{when}")
    asked = [record["question"] for record in records]
    is_whole = sorted(asked) == sorted(QUESTIONS)
    require(
        asked == QUESTIONS,
        f"{when} `records` "
        + ("is in the order of finishing" if is_whole else f"holds {len(asked)} records")
        + f". It must be one for each of the {len(QUESTIONS)} questions, in their order: make all "
        "of them before the first call.",
    )


async def _long_queue(run_all: Any) -> None:
    """Let the last call wait longer for its slot than any call may take."""
    records: list[Any] = []
    async with PracticeServer(QUESTIONS, seconds=0.2) as server:
        await outcome_of(run_all, server.client, list(QUESTIONS), records, 2, 0.6)
    late = [record for record in records if record["outcome"] == "timeout"]
    require(
        not late,
        f"{len(late)} calls are timeouts, although each takes 0.2 s and may take 0.6: the time in "
        "the queue was counted. Call ask_record inside the semaphore, not outside.",
    )
    starts = sorted(record["started"] for record in records)
    require(
        starts[-1] - starts[0] > 0.3,
        "all calls `started` at the same time, with limit=2. A call starts when it gets its slot.",
    )


async def _one_too_slow(run_all: Any) -> None:
    """Let one call take longer than a call may, and much less than all together."""
    slow, records = QUESTIONS[2], list[Any]()
    async with PracticeServer(QUESTIONS, faults={slow: f"slow:{4 * _ALLOWED}"}) as server:
        await outcome_of(run_all, server.client, list(QUESTIONS), records, 3, _ALLOWED)
    (outcome,) = (record["outcome"] for record in records if record["question"] == slow)
    require(
        outcome == "timeout",
        f"with seconds={_ALLOWED}, a call of {4 * _ALLOWED} s has the outcome {outcome!r:.40}. "
        "Hand `seconds` on to ask_record as it is.",
    )


async def _stopped_in_silence(run_all: Any) -> None:
    limit = 3
    records: list[Any] = []
    faults = dict.fromkeys(QUESTIONS, "stall")
    async with PracticeServer(QUESTIONS, faults=faults) as server:
        await _start_and_stop(run_all, server, records, limit=limit, in_flight=limit)
        made = len(await server.requests())
    _require_records(records, "after a stop")
    require(
        made == limit,
        f"after the stop, {made - limit} more calls were sent. What sends them must be cancelled, "
        "too.",
    )
    _require_outcomes(records, {"cancelled": limit, "not started": len(QUESTIONS) - limit})


async def _stopped_in_the_middle(run_all: Any) -> None:
    """Stop a run of which three calls are answered, and two in flight."""
    records: list[Any] = []
    faults = dict.fromkeys(QUESTIONS[3:], "stall")
    async with PracticeServer(QUESTIONS, faults=faults) as server:
        await _start_and_stop(run_all, server, records, limit=2, in_flight=2, after=5)
        _require_records(records, "after a stop")
        for record in records[:3]:
            require(
                record["outcome"] == "ok",
                f"{record['question']!r} was answered before the stop, and the outcome in its "
                f"record is {record['outcome']!r}. Fill the records while the run goes on: what is "
                "paid for is kept.",
            )
            _require_answer(server, record)
    _require_outcomes(records, {"ok": 3, "cancelled": 2, "not started": 3})


async def _start_and_stop(
    run_all: Any,
    server: PracticeServer,
    records: list[Any],
    *,
    limit: int,
    in_flight: int,
    after: int = 0,
) -> None:
    """Cancel the run when so many calls are in flight, and require that nothing is left."""
    before = asyncio.all_tasks()
    task = asyncio.ensure_future(run_all(server.client, list(QUESTIONS), records, limit, 8.0))
    try:
        arrived = await server.wait_for(in_flight=in_flight, requests=after)
        if task.done() and not task.cancelled():
            task.result()  # raises the error that the learner is to see
        sent = len(await server.requests())
        require(
            arrived,
            f"with limit={limit} and a server that does not answer all, only {sent} of "
            f"{max(after, in_flight)} calls were sent in 3 s. Each call takes a slot as soon as "
            "one is free, without waiting for a batch to end.",
        )
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=3.0)
        require(done, "after task.cancel() the run had not ended in 3 s.")
        require(
            task.cancelled(),
            "task.cancel() was swallowed: the run ended as if all were well. Let CancelledError go "
            "on; catch Exception at most.",
        )
        left = asyncio.all_tasks() - before - {task}
        running = (await asyncio.wait(left, timeout=1.0))[1] if left else set()
        if running or not await server.wait_for(in_flight=0, at_most=1.5):
            raise NotYet(
                "the run was cancelled, and some of its calls go on: the server works, and you "
                "pay. asyncio.gather and TaskGroup cancel what they wait for; tasks that you start "
                "yourself, you must cancel yourself, in finally."
            )
    finally:
        for each in asyncio.all_tasks() - before:
            each.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await each


def _require_outcomes(records: list[dict[str, Any]], wanted: dict[str, int]) -> None:
    found = Counter(record["outcome"] for record in records)
    more = found["cancelled"] - wanted["cancelled"]
    require(
        more <= 0 or not found["not started"],
        f"{more} of the calls took a slot after the stop: a call that is stopped gives its slot "
        "back, and the next one takes it. Cancel all before you await any of them; gather does.",
    )
    require(
        found == wanted,
        f"after a stop the outcomes are {dict(found)}, and {wanted} are right. A record begins as "
        '"not started"; when its call gets a slot it becomes "cancelled", which it stays unless '
        "ask_record says otherwise.",
    )


RUN_ALL = Exercise(
    check_run_all,
    hints=(
        "First fill `records`: one dictionary for each question, all fields of "
        f'{", ".join(FIELDS)}, outcome "not started", the rest None. Then start the calls.',
        'A small async function gets one record: async with the slots, outcome "cancelled" (if '
        "nothing else becomes of it), then record.update(await ask_record(…)).",
        "Last, one gather (or a TaskGroup) of that function for each record: it cancels all calls "
        "when it is cancelled itself, and lets the CancelledError go on. Nothing has to be caught.",
    ),
)
