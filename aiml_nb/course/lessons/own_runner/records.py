"""Exercise 11.6: a record of each call, however it ends."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from ...engine.exercises import Exercise, NotYet, require
from ...engine.expect import expect_function
from ...engine.practice_server import PracticeServer
from .expect import QUESTIONS, judge, outcome_of

FIELDS = ("question", "outcome", "answer", "error", "started", "finished")
# Seconds that the slow call takes at least.
_SLOW = 0.3

# What the server does, and the outcome.
_CASES: tuple[tuple[str, Any, str], ...] = (
    ("answers at once", (), "ok"),
    ("answers late", f"slow:{_SLOW}", "ok"),
    ("answers 503, then well", (503,), "ok"),
    ("answers 400", 400, "error"),
    ("answers 503 again and again", (503,) * 6, "error"),
    ("says nothing at all", "stall", "timeout"),
    ("breaks the connection off", ("close",) * 6, "error"),
)


def check_ask_record(given: object) -> str:
    """Check the record of calls that end well, with an error, late, and by cancellation."""
    ask_record = expect_function(given, "ask_record")
    judge((_every_end, ask_record), (_cancelled, ask_record))
    return "However a call ends, there is a record; and it can still be cancelled."


async def _every_end(ask_record: Any) -> None:
    questions = QUESTIONS[: len(_CASES)]
    faults = {q: fault for q, (_, fault, _) in zip(questions, _CASES, strict=True) if fault}
    async with PracticeServer(questions, faults=faults) as server:
        began = time.perf_counter()
        found = await asyncio.gather(
            *(outcome_of(ask_record, server.client, question, 1.2) for question in questions)
        )
        ended = time.perf_counter()
        for question, (what, _, outcome), (record, error) in zip(
            questions, _CASES, found, strict=True
        ):
            when = f"when the server {what},"
            require(
                error is None,
                f"{when} it raised {type(error).__name__}, and one failed call would stop all "
                "others. Catch it, and note it down.",
            )
            require_fields(record, when)
            _require_outcome(server, question, record, outcome, when)
            _require_times(record, began, ended, when)
        slow = found[1][0]
        took = slow["finished"] - slow["started"]
        require(
            took >= _SLOW,
            f"a call that takes {_SLOW} s has started and finished {took:.2f} s apart. Read the "
            "clock just before the call, and again when it has ended.",
        )
        require(
            len({id(record) for record, _ in found}) == len(found),
            "two calls got the same dictionary. Make a new one inside the function.",
        )


def require_fields(record: Any, when: str) -> None:
    """Require a dictionary with all fields of a record."""
    require(
        isinstance(record, dict),
        f"{when} it gave {record!r:.60}. Return the dictionary, in every case.",
    )
    if isinstance(record.get("error"), NotImplementedError):
        raise record["error"]  # a part that is not begun, which the learner's except has caught
    missing = [name for name in FIELDS if name not in record]
    require(not missing, f"{when} the record has no {' and no '.join(map(repr, missing))}.")


def _require_outcome(
    server: PracticeServer, question: str, record: dict[str, Any], outcome: str, when: str
) -> None:
    require(
        record["question"] == question,
        f"{when} the question is {record['question']!r:.50} in its record, and was {question!r}.",
    )
    require(
        record["outcome"] == outcome,
        f'{when} the outcome is {record["outcome"]!r:.40}, and "{outcome}" is wanted. '
        'TimeoutError is "timeout", each other Exception is "error"; of several  except  the first '
        "that fits is taken.",
    )
    if outcome == "ok":
        require(
            record["answer"] == server.answer_to(question),
            f"{when} the record's answer is {record['answer']!r:.50}. It is what ask_again gives.",
        )
        require(record["error"] is None, f"{when} error is {record['error']!r:.50}, not None.")
        return
    require(
        record["answer"] is None, f"{when} answer is {record['answer']!r:.50}, and there is none."
    )
    require(
        isinstance(record["error"], Exception),
        f"{when} error is {record['error']!r:.50}. Keep the exception itself: it knows its kind "
        "and its status.",
    )


def _require_times(record: dict[str, Any], began: float, ended: float, when: str) -> None:
    started, finished = record["started"], record["finished"]
    for name, stamp in (("started", started), ("finished", finished)):
        require(
            isinstance(stamp, float),
            f"{when} {name} is {stamp!r:.40}. Both times are there however the call ends: "
            "perf_counter().",
        )
    require(
        began <= started <= finished <= ended,
        f"{when} started is {started:.2f} and finished is {finished:.2f}, and it was called at "
        f"{began:.2f} and done by {ended:.2f}, on perf_counter()'s clock.",
    )


async def _cancelled(ask_record: Any) -> None:
    question = QUESTIONS[0]
    async with PracticeServer([question], faults={question: "stall"}) as server:
        task = asyncio.ensure_future(ask_record(server.client, question, 5.0))
        arrived = await server.wait_for(in_flight=1)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=3.0)
        require(arrived, "no question reached the server. What awaits ask_again?")
        if not done or not task.cancelled():
            raise NotYet(
                "a call that is cancelled went on as if it had failed. Catch  Exception: a "
                "cancellation is none of these, and must go through, or nobody can stop your run."
            )


ASK_RECORD = Exercise(
    check_ask_record,
    hints=(
        "Begin with the record of a call that is not answered: answer and error are None.",
        'try: the answer of ask_again, and outcome "ok". except TimeoutError first, then except '
        "Exception: a TimeoutError is an Exception, too. The time finished goes into finally.",
        'record = {…, "started": perf_counter(), …}; try: record["answer"] = await ask_again(…) '
        'and outcome "ok"; except TimeoutError as reason: record["error"] = reason and outcome '
        '"timeout"; except Exception the same with "error"; finally: record["finished"] = '
        "perf_counter(); return record after that.",
    ),
)
