"""Lesson 5's exercise on retries: which failures, how often, and after which wait."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from ..engine.exercises import NotYet, require, show
from ..engine.expect import call_async, expect_function, judge_twice
from ..engine.fake_model import FakeModel, make_connection_error

# Seconds that an attempt takes.
_DURATION = 0.002
# Seconds; a shorter wait counts as none.
_MIN_WAIT = 0.005
# Seconds; a wait that is longer is none of 0.05 s, on a busy machine either.
_MAX_WAIT = 1.0
_MAX_ATTEMPTS = 3

# Errors that a model never raises: the mistake is in the learner's own code.
OWN_MISTAKES = (NotImplementedError, NameError, AttributeError, TypeError)


def check_ask_again(given: object) -> str:
    """Check what is retried, how often, and after which wait."""
    ask_again = expect_function(given, "ask_again")
    judge_twice(_try_failures, ask_again)
    for error in (ValueError("odd"), make_connection_error()):
        _check_other_error(ask_again, error)
    return "Asked again where it may help, three times at most, after a wait that blocks nobody."


def _try_failures(ask_again: Callable[..., Any]) -> None:
    _expect(ask_again, [], attempts=1, answered=True)
    _expect(ask_again, [503], attempts=2, answered=True)
    _expect(ask_again, [400], attempts=1, answered=False)
    _expect(ask_again, [429, 500], attempts=3, answered=True)
    _expect(ask_again, [503, 404], attempts=2, answered=False)
    _expect(ask_again, [500, 502, 503, 504, 500, 500], attempts=3, answered=False)
    _expect(ask_again, [504, 502], attempts=3, answered=True)


def _check_other_error(ask_again: Callable[..., Any], error: Exception) -> None:
    """Check that an error without a status goes on, and is not asked again."""
    asked = 0

    async def ask(question: str) -> str:
        nonlocal asked
        asked += 1
        raise error

    name = type(error).__name__
    try:
        call_async(ask_again, ask, "Why?")
    except type(error):
        require(asked == 1, f"{name} is an error without a status, and you ask {asked} times.")
    except AttributeError:
        raise NotYet(
            f"an error without a status, such as {name}, has no status_code. Catch "
            "openai.APIStatusError alone; the others go on by themselves."
        ) from None
    else:
        raise NotYet(
            f"{name} is an error without a status: let it go on. Catch openai.APIStatusError alone."
        )


def _expect(
    ask_again: Callable[..., Any], statuses: list[int], *, attempts: int, answered: bool
) -> None:
    model = FakeModel([_DURATION], statuses=statuses)
    case = f"When ask answers {_describe_statuses(statuses)}"
    answer, error = _try(ask_again, model)
    made = len(model.calls)
    prepared = model.discard_prepared()
    require(made or prepared, f"{case}, ask was never called.")
    require(
        made,
        f"{case}, ask was called and never awaited: calling it only prepares the work.",
    )
    if made > attempts:
        at_most = f"{_MAX_ATTEMPTS} attempts at most"
        why = at_most if attempts == _MAX_ATTEMPTS else f"{statuses[attempts - 1]} does not pass"
        raise NotYet(f"{case}, you ask {made} times: {why}.")
    if made < attempts and error is not None:
        raise NotYet(f"{case}, you give up after {made}. {statuses[made - 1]} may pass: ask again.")
    require(made == attempts, f"{case}, you ask {made} times, and {attempts} are to be made.")
    _check_waits(model, case)
    if answered:
        require(error is None, f"{case}, the last attempt went well, and you raise {show(error)}.")
        require(
            answer == "an answer to: Why?",
            f"{case}, the function returns {show(answer)}. Return what await ask(question) gave.",
        )
        return
    require(
        error is not None,
        f"{case}, the function returns {show(answer)}. Then nobody learns that it failed: a bare "
        " raise  inside except lets the error go on.",
    )
    require(
        not isinstance(error, UnboundLocalError),
        f"{case}, {error}. The name after `as` is gone after the except block: raise inside it.",
    )
    wanted = statuses[attempts - 1]
    require(
        getattr(error, "status_code", None) == wanted,
        f"{case}, you raise {show(error)}. Let the error with status {wanted} go on as it is.",
    )


def _try(ask_again: Callable[..., Any], model: FakeModel) -> tuple[Any, Exception | None]:
    try:
        return call_async(ask_again, model.ask, "Why?"), None
    except NotYet:
        raise
    except Exception as error:
        # _expect explains `raise error` after its except block.
        is_slip = isinstance(error, OWN_MISTAKES) and not isinstance(error, UnboundLocalError)
        if is_slip or not model.calls:
            raise
        return None, error


def _check_waits(model: FakeModel, case: str) -> None:
    for number, (before, call) in enumerate(pairwise(model.calls), start=1):
        waited = (call.started or 0.0) - (before.finished or 0.0)
        require(
            waited >= _MIN_WAIT,
            f"{case}, attempt {number + 1} follows at once. A server in trouble needs a moment: "
            "wait with  await asyncio.sleep(0.05).",
        )
        require(
            waited < _MAX_WAIT,
            f"{case}, you wait {waited:.2f} s. Wait a little: 0.05 s will do here.",
        )
        require(
            model.loop_ran_before[number],
            f"{case}, you wait {waited:.2f} s, and nobody else can go on meanwhile: time.sleep "
            "blocks all calls. Wait with  await asyncio.sleep(0.05).",
        )


def _describe_statuses(statuses: list[int]) -> str:
    if not statuses:
        return "well at once"
    shown = [str(status) for status in statuses[:_MAX_ATTEMPTS]]
    if len(statuses) > _MAX_ATTEMPTS:
        return f"{', '.join(shown)} and so on"
    return f"{', '.join(shown)} and then well"
