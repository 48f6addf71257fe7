"""Answers that are to be of a type: read once they have come, asked for again if they misfit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from ..apis import APIS
from ..completion import fields_of
from ..endpoint.failures import Failure, quote
from ..loop import call_in_thread, in_browser
from ..messages import argument
from ..records import INVALID_ANSWER, USAGE, Attempt, Call
from ..typed import InvalidAnswerError, Reader, ResponseFormat, reader_of, text_to_read
from ..typed.problems import explain_raised
from .backend import AnyAnswer
from .functions.function import Function
from .plan import Plan, is_typed
from .retries.tries import Tries

_MIN_SECONDS = 0.5  # that a validator has, however late its answer came
_MAX_REASON = 230  # characters, so that the advice after it fits into `Call.error`


class Reading(NamedTuple):
    """What an answer was read as, or why it is not what was asked for."""

    value: Any = None
    problem: str | None = None


class TypedAnswers:
    """Reads the answers of one run, if its requests have a ``response_format``.

    Functions of the user's own (validators) run in a thread, one at a time: one that blocks holds
    up neither the loop nor the time limits of other calls, and need not be thread-safe.

    Parameters
    ----------
    plan
        The run.
    redact
        Takes the key out of an answer: before it is read, for what is read is kept.
    """

    def __init__(self, plan: Plan, redact: Callable[[AnyAnswer, Attempt], None]) -> None:
        self._plan, self._redact_answer = plan, redact
        self._reader = reader_of(plan.options.parameters.get("response_format"))
        self._turn, self._turn_async = threading.Lock(), asyncio.Lock()
        self._redact = plan.endpoint.key.redact_all

    @classmethod
    def of(cls, plan: Plan, *, redact: Callable[[AnyAnswer, Attempt], None]) -> TypedAnswers | None:
        """Return what reads the answers of a run; None if nothing asks for a type."""
        if isinstance(plan.endpoint, Function):
            return None
        if not is_typed(plan.options.parameters, plan.prompts):
            return None
        if plan.texts is not None:
            plan.texts.reader = lambda index: own_reader(plan, plan.run.calls[index])
        return cls(plan, redact)

    def read(
        self,
        call: Call,
        attempt: Attempt,
        answer: AnyAnswer,
        failure: Failure | None,
        *,
        seconds: float,
    ) -> Reading | None:
        """Read the answer of an attempt; None if there is none to read.

        Parameters
        ----------
        seconds
            The time that a validator may take.
        """
        reader, work = self._prepare(call, attempt, answer, failure)
        if reader is None or not reader.runs_own_code or in_browser():
            return None if reader is None else work()
        with self._turn:
            future = call_in_thread(partial(_in_thread, work))
            try:
                return future.result(max(seconds, _MIN_SECONDS))
            except TimeoutError:
                return _explain_delay(answer, seconds)

    async def read_async(
        self,
        call: Call,
        attempt: Attempt,
        answer: AnyAnswer,
        failure: Failure | None,
        *,
        seconds: float,
    ) -> Reading | None:
        """Read the answer as `read`; the loop stays free."""
        reader, work = self._prepare(call, attempt, answer, failure)
        if reader is None or not reader.runs_own_code or in_browser():
            return None if reader is None else work()
        async with self._turn_async:
            waiting = asyncio.wrap_future(call_in_thread(partial(_in_thread, work)))
            try:
                done, _ = await asyncio.wait((waiting,), timeout=max(seconds, _MIN_SECONDS))
            finally:
                waiting.cancel()  # no effect on one that is done
            return waiting.result() if done else _explain_delay(answer, seconds)

    def _prepare(
        self, call: Call, attempt: Attempt, answer: AnyAnswer, failure: Failure | None
    ) -> tuple[Reader | None, Callable[[], Reading]]:
        """Return what reads an answer, None if nothing does, and the reading itself."""
        is_answer = failure is None and answer.verdict.outcome in ("ok", "incomplete")
        own = self._plan.prompts[call.index].parameters
        reader = self._reader
        if "response_format" in own:
            reader = reader_of(own["response_format"])
        if reader is None or not is_answer:
            return None, Reading
        self._redact_answer(answer, attempt)
        body = dict(APIS[self._plan.options.api].complete(answer.body) or {})
        text = text_to_read(fields_of(body)["text"], body)
        return reader, Reading if text is None else partial(self._read, reader, text, answer)

    def _read(self, reader: Reader, text: str, answer: AnyAnswer) -> Reading:
        try:
            return Reading(reader.read(text, self._redact))
        except InvalidAnswerError as error:
            # What broke off is not expected to fit, and its own words say why it did.
            return Reading(None, None if answer.verdict.outcome == "incomplete" else str(error))

    def judge(self, call: Call, attempt: Attempt, tries: Tries, problem: str) -> bool:
        """Record that an answer misfits; return whether to ask again."""
        tries.invalid += 1
        attempt.error_type, attempt.possibly_billed = INVALID_ANSWER, True
        call.error_type = INVALID_ANSWER
        said = quote(problem, self._plan.endpoint.key)
        if len(said) > _MAX_REASON:
            said = f"{said[: _MAX_REASON - 1]}…"
        again = tries.invalid <= self._plan.options.retry_invalid
        call.error = said
        if again:
            return True
        if tries.invalid > 1:
            call.error = f"{said} (given up after {tries.invalid} answers)"
        else:
            call.error = f"{said}. " + argument("retry_invalid", 1) + " asks again"
        return False


def own_reader(plan: Plan, call: Call) -> Reader | None:
    """Return what reads a call's answer if the user gave a class; else the journal knows it."""
    own, name = plan.prompts[call.index].parameters, "response_format"
    asked = own[name] if name in own else plan.options.parameters.get(name)
    return reader_of(asked) if isinstance(asked, ResponseFormat) else None


def keep_usage(call: Call, used: Call) -> None:
    """Add up what an answer used that does not fit, before the next one takes its place.

    Parameters
    ----------
    used
        The record with that answer: `call` itself, or the one that its journal holds.
    """
    sums = call.invalid_usage or dict.fromkeys(USAGE)
    for name in USAGE:
        value = getattr(used, name)
        if value is not None:
            sums[name] = value + (sums[name] or 0)
    call.invalid_usage = sums


def _in_thread(work: Callable[[], Reading]) -> Reading:
    try:
        return work()
    except BaseException as error:  # noqa: BLE001  no interrupt comes to a thread: it is its own
        return Reading(None, explain_raised(error))


def _explain_delay(answer: AnyAnswer, seconds: float) -> Reading:
    if answer.verdict.outcome == "incomplete":
        return Reading()
    seconds = max(seconds, _MIN_SECONDS)
    return Reading(None, f"a validator had not ended after {seconds:.3g} s, and goes on unseen")
