"""Exercises 11.2 and 11.3: all calls at once with one client, and at most so many at once."""

from __future__ import annotations

from typing import Any

from ...engine.exercises import Exercise, require
from ...engine.expect import expect_function
from ...engine.practice_server import PracticeServer
from .expect import QUESTIONS, judge, outcome_of, require_answers

# Seconds: one call that takes much longer than all others together.
_STRAGGLER = 0.8


def check_ask_all(given: object) -> str:
    """Check that all calls are in flight at once, and that answers are in order."""
    ask_all = expect_function(given, "ask_all")
    many = [f"What is {number} times {number}?" for number in range(12)]
    cases = (QUESTIONS[:4], QUESTIONS[5:3:-1], many)  # more than a limit that one might write
    judge(*((_all_at_once, ask_all, questions) for questions in cases))
    return "All at once through one client, and the answers are in the questions' order."


async def _all_at_once(ask_all: Any, questions: list[str]) -> None:
    # The first question is answered last.
    faults = {questions[0]: "slow:0.15"}
    seconds = 0.2 + len(questions) / 40
    async with PracticeServer(questions, seconds=seconds, faults=faults) as server:
        found, error = await outcome_of(ask_all, server.client, list(questions))
        require(error is None, f"all calls go well here, and it raised {error!r:.80}.")
        await require_answers(server, found)
        peak = await server.peak_in_flight()
    require(
        peak == len(questions),
        f"{len(questions)} questions were given, and at most {peak} in flight at one moment: an "
        "await within the loop waits for one answer before the next question. Give all calls to "
        "one gather.",
    )


def check_limit(given: object) -> str:
    """Check the peak for several limits, and that a slot is used again as soon as it is free."""
    ask_all = expect_function(given, "ask_all_limited")
    cases = ((3, 8), (1, 2), (5, 8), (6, 3))
    judge(*((_at_most, ask_all, QUESTIONS[:count], limit) for limit, count in cases))
    return "Never more than the limit, and a slot that is free is taken at once."


async def _at_most(ask_all: Any, questions: list[str], limit: int) -> None:
    straggler = questions[0]
    faults = {straggler: f"slow:{_STRAGGLER}"} if 1 < limit < len(questions) else {}
    async with PracticeServer(questions, seconds=0.15, faults=faults) as server:
        found, error = await outcome_of(ask_all, server.client, list(questions), limit)
        require(error is None, f"all calls go well here, and it raised {error!r:.80}.")
        await require_answers(server, found)
        peak, requests = await server.peak_in_flight(), await server.requests()
    given = f"{len(questions)} questions with limit={limit}"
    require(
        peak <= limit,
        f"{given}: {peak} calls were in flight at one moment. All calls need the same semaphore, "
        "made once, with `limit` slots; each call enters it by itself.",
    )
    require(
        peak == min(limit, len(questions)),
        f"{given}: at most {peak} in flight at one moment. Start all of them, and let each wait "
        "for its slot; the number of slots is `limit`.",
    )
    if not faults:
        return
    slow = next(each for each in requests if each.question == straggler)
    late = [each for each in requests if slow.ended is not None and each.received > slow.ended]
    require(
        not late,
        f"{given}: while one call took long, {len(late)} others waited for it, although slots were "
        "free. That is the trap of batches. Let each call take a slot as soon as there is one.",
    )


ASK_ALL = Exercise(
    check_ask_all,
    hints=(
        "ask(client, question) prepares one call. You need one for each question, and all at once.",
        "asyncio.gather takes the calls one by one: put a star before a list of them.",
        "return await asyncio.gather(*(ask(client, question) for question in questions))",
    ),
)
LIMIT = Exercise(
    check_limit,
    hints=(
        "Start all calls, as before. Each waits for its slot: asyncio.Semaphore(limit).",
        "Write a small async function inside yours, which enters the semaphore with  async with "
        " and asks one question. gather gets one call of it for each question.",
        "async def ask_one(question): async with slots: return await ask(client, question); then "
        "return await asyncio.gather(*map(ask_one, questions))",
    ),
)
