"""Exercises 11.4 and 11.5: a time limit for a call, and another attempt where it may help."""

from __future__ import annotations

import asyncio
import time
from types import FrameType
from typing import Any

from ...engine.exercises import Exercise, NotYet, require
from ...engine.expect import expect_function
from ...engine.practice_server import PracticeServer
from ...engine.virtual_time import noting_sleeps
from .expect import QUESTIONS, gaps_of, judge, outcome_of, recorded_sleeps

_MAYBE_PAID = "nobody knows whether the server works on it, and whether it has to be paid"
_OF_ONE_ATTEMPT = (
    "The seconds are those of one attempt: the wait between two attempts does not count."
)
# Seconds, as the exercise says; a shorter wait between two attempts counts as none.
_MIN_WAIT = 0.05
# Seconds; a longer wait is none of 0.05 s, on a busy machine either.
_MAX_WAIT = 0.6
# What the server says with Retry-After, in seconds, less what its clock may be wrong.
_TOLD, _TOLD_AT_LEAST = 1, 0.97


def check_ask_in_time(given: object) -> str:
    """Check silence, an answer that trickles in, one that is slow but in time, and an error."""
    ask_in_time = expect_function(given, "ask_in_time")
    judge(
        (_in_time, ask_in_time),
        (_too_late, ask_in_time, "stall", "says nothing at all", 0.2),
        (_too_late, ask_in_time, "trickle-body:0.05", "sends its answer letter by letter", 0.4),
    )
    return "It gives up when the time is over, and then nothing is left in flight."


async def _in_time(ask_in_time: Any) -> None:
    fine, slow, failing = QUESTIONS[:3]
    async with PracticeServer(QUESTIONS[:3], faults={slow: "slow:0.9", failing: 503}) as server:
        found = await asyncio.gather(
            *(outcome_of(ask_in_time, server.client, each, 5.0) for each in server.questions)
        )
        for question, (answer, error) in zip((fine, slow), found[:2], strict=True):
            require(
                not isinstance(error, TimeoutError),
                "an answer after 0.9 s was not waited for, with seconds=5. How long to wait is in "
                "the argument `seconds`.",
            )
            require(error is None, f"the call goes well, and it raised {error!r:.80}.")
            require(
                answer == server.answer_to(question),
                f"the answer was {server.answer_to(question)!r:.40}, and it returned "
                f"{answer!r:.40}. Return what  await ask(client, question)  gives.",
            )
        await _require_once(server)
        answer, error = found[2]
        require(
            getattr(error, "status_code", None) == 503,
            f"the server refused with status 503, and the function gave {error or answer!r:.60}. "
            "An error that is no timeout goes on as it is: catch nothing here.",
        )


async def _too_late(ask_in_time: Any, fault: str, what: str, seconds: float) -> None:
    question, case = QUESTIONS[3], f"when the server {what}, with seconds={seconds}"
    async with PracticeServer([question], faults={question: fault}) as server:
        began = time.monotonic()
        try:
            found, error = await outcome_of(
                ask_in_time, server.client, question, seconds, at_most=3.0
            )
        except NotYet:
            raise NotYet(
                f"{case}, it was still waiting after 3 s. The time is for the whole call: put "
                "asyncio.timeout(seconds) around it. (The client's own timeout= counts the silence "
                "between two pieces only.)"
            ) from None
        took = time.monotonic() - began
        await _require_once(server)
        require(
            isinstance(error, TimeoutError),
            f"{case}, it gave {error or found!r:.60}. Let the TimeoutError go on: whoever calls "
            "must learn that there is no answer.",
        )
        require(
            seconds <= took < seconds + 0.5,
            f"{case}, it gave up after {took:.2f} s.",
        )
        require(
            await server.wait_for(in_flight=0, at_most=1.5),
            f"{case}, the function ended and its call is still in flight: the server goes on, and "
            "you pay. asyncio.timeout cancels what it surrounds; a task that only you stop waiting "
            "for goes on.",
        )


async def _require_once(server: PracticeServer) -> None:
    asked = [each.question for each in await server.requests()]
    for question in asked:
        require(
            asked.count(question) == 1,
            f"{question!r} was asked {asked.count(question)} times, and each may have to be paid "
            "for. Ask once: another attempt is a part of the next exercise.",
        )


def check_ask_again(given: object) -> str:
    """Check which failures are tried again, how often, and after which wait."""
    ask_again = expect_function(given, "ask_again")
    judge((_wait_blocks_nobody, ask_again))
    judge((_all_attempts, ask_again))
    return "Asked again where it may help, when the server says so, three times at most."


# Question to its fault, how many attempts it is worth, and what its end is.
_CASES = (
    ("answers at once", (), 1, None),
    ("answers 503 once", (503,), 2, None),
    ("answers 429, then 500", (429, 500), 3, None),
    ("answers 429 with Retry-After: 1", (f"retry-after:{_TOLD}",), 2, None),
    ("answers 400", (400, 400, 400), 1, 400),
    ("answers 503, then 404", (503, 404, 404, 404), 2, 404),
    ("answers 503 again and again", (503,) * 6, 3, 503),
    ("says nothing at all", "stall", 1, "timeout"),
    ("breaks the connection off", ("close",) * 6, 1, "no status"),
)
_ASKED = [*QUESTIONS, "Why do cats purr?"]


async def _all_attempts(ask_again: Any) -> None:
    faults = {q: case[1] for q, case in zip(_ASKED, _CASES, strict=True) if case[1]}
    async with PracticeServer(_ASKED, faults=faults) as server:
        found = await asyncio.gather(
            *(outcome_of(ask_again, server.client, question, 0.9) for question in _ASKED)
        )
        asked = [each.question for each in await server.requests()]
        for question, case, (answer, error) in zip(_ASKED, _CASES, found, strict=True):
            _require_attempts(asked.count(question), case, error)
            _require_end(server, question, case, answer, error)
            for begin, end in await gaps_of(server, question):
                _require_wait(end - begin, case)


def _require_attempts(made: int, case: tuple[Any, ...], error: Any) -> None:
    what, _, wanted, end = case
    when = f"when the server {what},"
    require(made, f"{when} no question reaches it. What awaits ask_in_time?")
    if made > wanted:
        reasons = {
            "timeout": f"{_MAYBE_PAID}: once is enough",
            "no status": f"{_MAYBE_PAID}: once is enough",
            503: "three attempts are enough",
            None: "it was answered",
        }
        raise NotYet(f"{when} you ask {made} times: {reasons.get(end, f'{end} does not pass')}.")
    require(
        made == wanted or not isinstance(error, TimeoutError),
        f"{when} the time was over at attempt {made}. {_OF_ONE_ATTEMPT}",
    )
    require(made == wanted, f"{when} you give up after {made} of {wanted} attempts. That may pass.")


def _require_end(
    server: PracticeServer, question: str, case: tuple[Any, ...], answer: Any, error: Any
) -> None:
    what, _, _, end = case
    when = f"when the server {what},"
    if end is None:
        require(
            not isinstance(error, TimeoutError),
            f"{when} it raised TimeoutError. {_OF_ONE_ATTEMPT}",
        )
        require(error is None, f"{when} the last attempt goes well, and it raised {error!r:.60}.")
        require(
            answer == server.answer_to(question),
            f"{when} it returned {answer!r:.50}. Return the answer that came at last.",
        )
        return
    require(
        error is not None,
        f"{when} it returned {answer!r:.50}. Then nobody learns that it failed: raise the error.",
    )
    late = isinstance(error, TimeoutError)
    got = "timeout" if late else getattr(error, "status_code", "no status")
    require(got == end, f"{when} it raised {error!r:.60}. Let the last error go on as it is.")


def _require_wait(waited: float, case: tuple[Any, ...]) -> None:
    when = f"when the server {case[0]},"
    if case[1] == (f"retry-after:{_TOLD}",):
        require(
            waited >= _TOLD_AT_LEAST,
            f"{when} you ask again after {waited:.2f} s. Wait as long as it says: "
            'float(error.response.headers["retry-after"]), if the header is there.',
        )


async def _wait_blocks_nobody(ask_again: Any) -> None:
    for script in ((503,), (429, 500)):
        question, blocked = QUESTIONS[0], list[FrameType]()
        async with PracticeServer([question], faults={question: script}) as server:
            with recorded_sleeps() as sleeps, noting_sleeps(blocked):
                await outcome_of(ask_again, server.client, question, 0.9)
            waits = sum(seconds >= _MIN_WAIT for seconds in sleeps)
            gaps = [end - begin for begin, end in await gaps_of(server, question)]
        require(
            min(gaps, default=0) < _MAX_WAIT,
            f"between two attempts {min(gaps, default=0):.2f} s pass. Where the server says "
            "nothing, 0.05 s will do.",
        )
        require(
            waits >= len(gaps) and not blocked,
            f"between two attempts {min(gaps, default=0):.2f} s pass, and nothing is awaited that "
            "takes at least 0.05 s. A server in trouble needs a moment, and time.sleep would hold "
            "the loop: wait with  await asyncio.sleep(0.05).",
        )


ASK_IN_TIME = Exercise(
    check_ask_in_time,
    hints=(
        "Lesson 5 says why the client's own timeout= is not enough. asyncio has one for any block.",
        "async with asyncio.timeout(seconds):  cancels what it surrounds, and raises TimeoutError.",
        "async with asyncio.timeout(seconds): return await ask(client, question)",
    ),
)
ASK_AGAIN = Exercise(
    check_ask_again,
    hints=(
        "A loop over the attempts 1, 2, 3; in it a try that returns what ask_in_time gives.",
        "except openai.APIStatusError as error:  raise again if the status is not in PASSES, or at "
        'the third attempt. How long to wait: error.response.headers.get("retry-after", 0.05).',
        "for attempt in (1, 2, 3): try: return await ask_in_time(client, question, seconds); "
        "except openai.APIStatusError as error: if error.status_code not in PASSES or attempt == "
        '3: raise; wait = float(error.response.headers.get("retry-after", 0.05)); and after the '
        "except: await asyncio.sleep(wait)",
    ),
)
