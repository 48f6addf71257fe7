"""Lesson 9, Waiting well: checks, hints and questions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from ..engine.exercises import Exercise, NotYet, require
from ..engine.expect import expect_function
from ..engine.fake_model import FakeModel
from ..engine.prepared import Prepared, is_unawaited
from ..engine.questions import Question
from ..engine.watched_task import Ending, watch_task
from . import first_answer_exercise, generator_exercise, workers_exercise

QUESTION = "Why?"
# Seconds; so close together that no other time than `seconds` is right in both cases.
_IN_TIME, _TOO_LATE = 0.5, 0.6


def check_answer_or_none(answer_or_none: object) -> str:
    """Try an answer in time, one too late, a failure, and a cancellation from outside."""
    function = expect_function(answer_or_none, "answer_or_none")
    in_time = FakeModel([_IN_TIME])
    ending = watch_task(lambda: function(in_time.ask, QUESTION, 2.0), in_time)
    _require_asked(in_time, ending)
    _pass_on(ending)
    said = f"the answer was there after {_IN_TIME} s, 2 s were allowed, and you gave "
    said += f"{ending.value!r:.60}"
    require(ending.value is not None, f"{said}. Return the answer; wait for `seconds`.")
    require(ending.value == in_time.answer_to(QUESTION), f"{said}. Return the answer.")
    done = in_time.calls[0].finished or 0.0
    require(
        not ending.is_later_than(done),
        f"the answer was there after {done:g} s, and you returned it long after, when "
        f"{ending.took:g} s had passed. Return it as soon as it is there.",
    )
    _require_none_too_late(function)
    failing = FakeModel([0.01], statuses=[500])
    ending = watch_task(lambda: function(failing.ask, QUESTION, 2.0), failing)
    require(
        ending.error is not None and not isinstance(ending.error, TimeoutError),
        f"ask failed with status 500, and you gave {ending.value!r:.60}: an error that is no "
        "timeout is to go through. Catch TimeoutError and nothing else.",
    )
    _require_cancellable(lambda model: function(model.ask, QUESTION, 5.0))
    return "An answer in time, or None; and nobody is left waiting for it."


def _require_none_too_late(function: Callable[..., Any]) -> None:
    late = FakeModel([_TOO_LATE])
    ending = watch_task(lambda: function(late.ask, QUESTION, 0.1), late)
    (call,) = late.calls
    require(
        call.finished is None,
        f"with 0.1 s allowed it waited for an answer of {_TOO_LATE} s. Put the await into  async "
        "with asyncio.timeout(seconds):",
    )
    require(
        not ending.left and call.outcome == "cancelled",
        "it did not wait longer, but the call goes on, and is paid for. timeout and wait_for "
        "cancel it; asyncio.wait and shield do not.",
    )
    require(
        not isinstance(ending.error, TimeoutError),
        "the TimeoutError came out of your function. Return None for it.",
    )
    _pass_on(ending)
    require(ending.value is None, f"out of time it gave {ending.value!r:.60}, and not None.")


def _require_cancellable(work: Callable[[FakeModel], Any]) -> None:
    model = FakeModel([1.5])
    ending = watch_task(lambda: work(model), model, cancel_when=lambda: bool(model.calls))
    require(
        isinstance(ending.error, asyncio.CancelledError),
        "cancelled from outside, it went on as if nothing had happened. Do not catch "
        "CancelledError, or raise it again.",
    )


def _require_asked(model: FakeModel, ending: Ending) -> None:
    require(
        model.calls or not model.discard_prepared(),
        "ask(question) was called, and never awaited: calling it only prepares the work.",
    )
    require(
        not is_unawaited(ending.value), "it returned what is to be awaited, and nobody awaited it."
    )
    require(
        len(model.calls) == 1 or ending.error,
        f"ask was called {len(model.calls)} times, and once is wanted. Call ask(question).",
    )


def _pass_on(ending: Ending) -> None:
    """Raise what the learner's code raised, for `check` to tell."""
    if ending.error is not None:
        raise ending.error


class _Line:
    """A line that is asked, and closed by awaiting ``close()``; both take time."""

    def __init__(self, model: FakeModel) -> None:
        self._model = model
        self.prepared = Prepared()
        self.close_called = self.closed = 0

    def ask(self, question: str) -> Coroutine[Any, Any, str]:
        return self.prepared.keep(self._ask(self._model.ask(question)), "ask")

    def close(self) -> Coroutine[Any, Any, None]:
        self.close_called += 1
        return self.prepared.keep(self._close(), "close")

    async def _ask(self, answer: Coroutine[Any, Any, str]) -> str:
        require(not self.close_called, "the line was closed before it was asked.")
        return await answer

    async def _close(self) -> None:
        await asyncio.sleep(0.01)
        self.closed += 1


def check_line(ask_on_a_line: object) -> str:
    """Try an answer, a failure, and a cancellation; the line is closed after each."""
    function = expect_function(ask_on_a_line, "ask_on_a_line")
    for case in ("it was answered", "ask failed", "it was cancelled while it waited"):
        model = FakeModel([0.01], statuses=[503] if "failed" in case else [])
        if "cancelled" in case:
            model = FakeModel([1.5])
        line = _Line(model)
        when = (lambda: bool(model.calls)) if "cancelled" in case else None  # noqa: B023
        ending = watch_task(
            lambda: function(_opener(line), QUESTION),  # noqa: B023
            model,
            line.prepared,
            cancel_when=when,
        )
        if "answered" in case:
            _pass_on(ending)
        _require_closed(line, case)
        _require_ending(ending, model, case)
    return "The line is closed after an answer, an error and a cancellation."


def _opener(line: _Line) -> Callable[[], Any]:
    async def open_line() -> _Line:
        await asyncio.sleep(0)
        return line

    return open_line


def _require_closed(line: _Line, case: str) -> None:
    require(line.close_called, f"{case}, and the line was left open. What is run in any case?")
    require(line.closed, f"{case}; close() was called, and nobody waited for it. Write await.")
    require(line.closed == 1, f"{case}, and the line was closed {line.closed} times.")


def _require_ending(ending: Ending, model: FakeModel, case: str) -> None:
    if "answered" in case:
        _require_asked(model, ending)
        require(
            ending.value == model.answer_to(QUESTION),
            f"{case} {model.answer_to(QUESTION)!r}, and you returned {ending.value!r:.60}.",
        )
        return
    require(
        ending.error is not None,
        f"{case}, and your function returned {ending.value!r:.60}, as if all were well. Let the "
        "error go through: no except, and no return in finally.",
    )
    if "cancelled" in case and not isinstance(ending.error, asyncio.CancelledError):
        raise NotYet(f"{case}, and it ended with {type(ending.error).__name__}, not cancelled.")


EXERCISES = {
    "9.2": Exercise(
        check_answer_or_none,
        hints=(
            "There are two ways to end a wait: a block, and a function.",
            "The block is  async with asyncio.timeout(seconds):  and in it the answer is awaited.",
            "In the block:  return await ask(question). Or, in one line:  return await "
            "asyncio.wait_for(ask(question), seconds).",
        ),
    ),
    "9.3": Exercise(
        check_line,
        hints=(
            "Which part of a try statement is run in any case?",
            "try:  ask, and return the answer.  finally:  close. Both take an await.",
            "try: return await line.ask(question) / finally: await line.close()",
        ),
    ),
    "9.6": first_answer_exercise.EXERCISE,
    "9.8": workers_exercise.EXERCISE,
    "9.9": generator_exercise.EXERCISE,
}

QUESTIONS = {
    "9.4": Question(
        "Lesson 6 again: inside  async with asyncio.timeout(1):  somebody calls time.sleep(5), and "
        "awaits nothing. When does the block end?",
        {
            "After 1 s": "To stop it, the loop would have to run. But time.sleep keeps the loop to "
            "itself, and the timeout with it.",
            "After 5 s": "Only what awaits can be cancelled. For five seconds not even the timeout "
            "gets its turn.",
            "At once, with an error": "Python does not know that sleep takes long before it does.",
        },
        right="After 5 s",
    ),
    "9.10": Question(
        "Lesson 5 again: one of five calls fails. Which way leaves the other four on the way, with "
        "nobody waiting for them?",
        {
            "await asyncio.gather(…)": "gather gives you the error at once, and cancels nobody. "
            "The others go on, are paid for, and their answers are lost.",
            "async with asyncio.TaskGroup()": "A task group cancels the others, and waits until "
            "they have ended.",
            "nb.run(…)": "It makes a record of the failure, and waits for the others.",
        },
        right="await asyncio.gather(…)",
    ),
}
