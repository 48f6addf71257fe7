"""What the checks of all parts of the runner share: call it, and look at what came of it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

from ...engine.exercises import NotEnded, NotYet, require
from ...engine.expect import expect_list, judge_twice
from ...engine.practice_server import PracticeServer, Seen
from ...engine.prepared import gone_through
from ...engine.run_answer import run_answer

QUESTIONS = [
    "Why is the sky blue?",
    "What is 2+2?",
    "Who painted the Mona Lisa?",
    "How many legs has a spider?",
    "What do pandas eat?",
    "Where do penguins live?",
    "When was the wheel invented?",
    "Which metal is liquid?",
]


def judge(*cases: tuple[Any, ...], limit: float = 15.0) -> None:
    """Run cases of a check at the same time, as `judge_twice`; the first that refuses is reported.

    Parameters
    ----------
    cases
        Each a coroutine function that raises `NotYet`, and what it is called with.
    limit
        Seconds that all may take.
    """
    judge_twice(partial(run_answer, _run_all, cases, limit=limit))


async def _run_all(cases: Sequence[tuple[Any, ...]]) -> None:
    found = await asyncio.gather(*(case(*rest) for case, *rest in cases), return_exceptions=True)
    for each in found:
        if each is not None:
            raise each


async def outcome_of(
    function: Callable[..., Any], *arguments: Any, at_most: float = 5.0
) -> tuple[Any, Exception | None]:
    """Await the learner's function; return its result and None, or None and the call's error.

    Parameters
    ----------
    function
        The learner's.
    arguments
        What it is called with.
    at_most
        Seconds until it counts as hanging.

    Raises
    ------
    NotYet
        If it has nothing to await, or hangs.
    """
    import openai

    work = function(*arguments)
    require(
        inspect.isawaitable(work),
        "the function gave its result without being awaited. Begin it with  async def.",
    )
    try:
        async with asyncio.timeout(at_most) as deadline:
            found = await work
    except (openai.OpenAIError, TimeoutError) as error:
        if not deadline.expired():
            return None, error
        raise NotEnded(
            f"your function had not ended after {at_most:g} s. Does it wait for something that "
            "never comes: a server that says nothing, a slot that nobody gives back?"
        ) from None
    except (TypeError, AttributeError, RuntimeError) as error:
        raise _explained(error) from None
    return _awaited(found), None


def _explained(error: Exception) -> Exception:
    """Return what says better than Python what is wrong, if it is a known mistake."""
    if "context manager" in str(error) or "__enter__" in str(error):
        return NotYet("semaphores and time limits are entered with  async with, not with  with.")
    if "different event loop" in str(error):
        return NotYet(
            "that semaphore was made in another cell, for another event loop. Make it inside the "
            "function."
        )
    if "'<=' not supported" in str(error) or "or a real number" in str(error):
        return NotYet(
            "asyncio.sleep wants a number of seconds. The header is a text, or None where the "
            "server says nothing: float(header) if header else 0.05."
        )
    return error


def _awaited(found: Any) -> Any:
    if asyncio.isfuture(found):
        raise NotYet("it returned before the work was done. Await the task, or the gather, first.")
    if inspect.iscoroutine(found):
        found.close()  # else Python warns of it in a later cell
        raise NotYet("it returned a call that nobody has awaited. Await it first.")
    return gone_through(found)


async def require_answers(server: PracticeServer, found: Any) -> None:
    """Require one answer to each question of a server, in their order, each asked once."""
    asked = [each.question for each in await server.requests()]
    require(asked, "no question reached the server. What awaits the calls?")
    require(
        set(asked) <= set(server.questions),
        "what was asked is none of the questions. ask(client, question) takes one at a time.",
    )
    for question in server.questions:
        require(
            asked.count(question) == 1,
            f"{question!r} was asked {asked.count(question)} times. Ask each question once.",
        )
    require(
        server.sent_by_client >= len(asked),
        f"{len(asked) - server.sent_by_client} calls went through another client than the one that "
        "is given. Making one takes time, and it opens connections of its own: use `client`.",
    )
    answers = expect_list(found, "the answers")
    wanted = [server.answer_to(question) for question in server.questions]
    require(
        len(answers) == len(wanted),
        f"{len(wanted)} questions were given, and {len(answers)} answers came back.",
    )
    require(
        all(isinstance(each, str) for each in answers),
        "not all that came back is text. Return the answers themselves: what ask(…) gives.",
    )
    require(
        sorted(answers) != sorted(wanted) or list(answers) == wanted,
        "all answers are there, in another order than the questions: whoever reads them takes one "
        "for another. gather gives them in order, however they finish.",
    )
    require(list(answers) == wanted, f"the server gave other answers than {answers[0]!r:.40} …")


async def gaps_of(server: PracticeServer, question: str) -> list[tuple[float, float]]:
    """Return when each wait between two attempts at a question began and ended."""
    made: list[Seen] = [each for each in await server.requests() if each.question == question]
    return [
        (before.ended if before.ended is not None else after.received, after.received)
        for before, after in pairwise(made)
    ]


@contextmanager
def recorded_sleeps() -> Iterator[list[float]]:
    """Note how long each ``asyncio.sleep`` is to last: a busy machine changes nothing about that.

    Only in a loop of asyncio's own, as `run_answer` has.
    """
    loop: Any = asyncio.get_running_loop()
    seconds: list[float] = []
    call_later = loop.call_later

    def note(delay: float, *rest: Any, **options: Any) -> asyncio.TimerHandle:
        seconds.append(delay)
        return call_later(delay, *rest, **options)  # type: ignore[no-any-return]

    loop.call_later = note
    try:
        yield seconds
    finally:
        del loop.call_later
