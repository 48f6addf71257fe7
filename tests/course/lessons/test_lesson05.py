"""Lesson 5: each check passes the solution and tells a learner what is wrong with the rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import openai
import pytest

import aiml_nb as nb
from aiml_nb.course import check

from ...rows import slow
from ...waiting import take

Ask = Callable[[str], Awaitable[str]]
PASSES = {429, 500, 502, 503, 504}


def record(question: str, answer: object, error: object) -> dict[str, object]:
    return {"question": question, "answer": answer, "error": error}


async def ask_safely(ask: Ask, question: str) -> dict[str, object]:
    answer, error = None, None
    try:
        answer = await ask(question)
    except Exception as reason:  # noqa: BLE001
        error = reason
    return record(question, answer, error)


async def catch_everything(ask: Ask, question: str) -> dict[str, object]:
    try:
        return record(question, await ask(question), None)
    except BaseException as reason:  # noqa: BLE001
        return record(question, None, reason)


async def catch_one_kind(ask: Ask, question: str) -> dict[str, object]:
    try:
        return record(question, await ask(question), None)
    except openai.APIStatusError as reason:
        return record(question, None, reason)


async def forget_the_reason(ask: Ask, question: str) -> dict[str, object]:
    try:
        return record(question, await ask(question), None)
    except Exception:  # noqa: BLE001
        return record(question, None, None)


async def keep_the_text(ask: Ask, question: str) -> dict[str, object]:
    try:
        return record(question, await ask(question), None)
    except Exception as reason:  # noqa: BLE001
        return record(question, None, str(reason))


async def answer_with_the_error(ask: Ask, question: str) -> dict[str, object]:
    try:
        return record(question, await ask(question), None)
    except Exception as reason:  # noqa: BLE001
        return record(question, reason, reason)


async def catch_nothing(ask: Ask, question: str) -> dict[str, object]:
    return record(question, await ask(question), None)


async def await_nothing(ask: Ask, question: str) -> dict[str, object]:
    answer: Any = ask(question)
    answer.close()
    return record(question, answer, None)


async def forget_to_set(ask: Ask, question: str) -> dict[str, object]:
    try:
        answer = await ask(question)
    except Exception as reason:  # noqa: BLE001
        error = reason
    return record(question, answer, error)


async def keep_the_name_after_as(ask: Ask, question: str) -> dict[str, object]:
    answer, error = None, None
    try:
        answer = await ask(question)
    except Exception as error:  # noqa: BLE001, F841  the mistake
        answer = None
    return record(question, answer, error)


async def only_true_answers(ask: Ask, question: str) -> dict[str, object]:
    try:
        answer = await ask(question)
    except Exception as reason:  # noqa: BLE001
        return record(question, None, reason)
    return record(question, answer or None, None)


async def asks_another(ask: Ask, question: str) -> dict[str, object]:
    return await ask_safely(ask, f"{question} And be brief.")


async def ask_twice(ask: Ask, question: str) -> dict[str, object]:
    try:
        await ask(question)
        return record(question, await ask(question), None)
    except Exception as reason:  # noqa: BLE001
        return record(question, None, reason)


async def by_gather(ask: Ask, question: str) -> dict[str, object]:
    (found,) = await asyncio.gather(ask(question), return_exceptions=True)
    if isinstance(found, asyncio.CancelledError):
        raise found
    failed = isinstance(found, Exception)
    return record(question, None if failed else found, found if failed else None)


async def with_else(ask: Ask, question: str) -> dict[str, object]:
    error = None
    try:
        answer = await ask(question)
    except asyncio.CancelledError:
        raise
    except BaseException as reason:  # noqa: BLE001
        answer, error = None, reason
    return record(question, answer, error)


async def misspelled(ask: Ask, question: str) -> dict[str, object]:
    try:
        return record(question, await ask(question), None)
    except Exeption as reason:  # noqa: F821  the mistake
        return record(question, None, reason)


async def leave_the_loop_out(ask: Ask, question: str) -> None:
    await ask_safely(ask, question)


class TestAskSafely:
    @pytest.mark.parametrize("answer", [ask_safely, with_else, by_gather])
    def test_a_record_for_each_passes(self, answer: object) -> None:
        assert check("5.3", answer)

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (catch_everything, "a cancellation is none of these"),
            (catch_one_kind, "catch every Exception"),
            (catch_nothing, "Put  try  around"),
            (forget_the_reason, "Why the call failed would be forgotten"),
            (keep_the_text, "Keep the exception itself"),
            (answer_with_the_error, "and answer is"),
            (await_nothing, "answer is a coroutine"),
            (forget_to_set, "set them to None first"),
            (keep_the_name_after_as, "keep the error under another"),
            (asks_another, "and ask got"),
            (only_true_answers, "whatever it is"),
            (ask_twice, "ask was called 2 times"),
            (misspelled, "name 'Exeption' is not defined in line"),
            (leave_the_loop_out, "the dictionary of its last line"),
        ],
    )
    def test_the_rest_is_told_why_not(self, answer: object, said: str) -> None:
        verdict = check("5.3", answer)

        assert not verdict
        assert said in verdict.text


def asking(
    *,
    passes: set[int] | None = None,
    attempts: int = 3,
    wait: Callable[[], Awaitable[None] | None] = lambda: asyncio.sleep(0.02),
    at_last: str = "raise",
) -> Callable[[Ask, str], Awaitable[str | None]]:
    """Make an ask_again with a mistake or without."""

    async def ask_again(ask: Ask, question: str) -> str | None:
        for attempt in range(1, attempts + 1):
            try:
                return await ask(question)
            except openai.APIStatusError as error:
                if error.status_code not in (PASSES if passes is None else passes):
                    raise
                if attempt == attempts and at_last == "raise":
                    raise
            waiting = wait()
            if waiting is not None:
                await waiting
        if at_last == "another":
            raise ValueError("given up")
        return None

    return ask_again


async def without_return(ask: Ask, question: str) -> None:
    await asking()(ask, question)


async def misspelled_again(ask: Ask, question: str) -> str:
    try:
        return await ask(question)
    except APIStatusError:  # noqa: F821  the mistake
        return await ask(question)


async def raises_after_the_loop(ask: Ask, question: str) -> str:
    for _ in range(3):
        try:
            return await ask(question)
        except openai.APIStatusError as error:
            if error.status_code not in PASSES:
                raise
            await take(0.01)
    raise error  # noqa: F821  the mistake


async def every_error(ask: Ask, question: str) -> str | None:
    for _ in range(2):
        try:
            return await ask(question)
        except Exception as error:
            if getattr(error, "status_code", 503) not in PASSES:
                raise
        await take(0.01)
    return await ask(question)


async def status_of_every_error(ask: Ask, question: str) -> str | None:
    for attempt in range(3):
        try:
            return await ask(question)
        except Exception as error:
            if error.status_code not in PASSES or attempt == 2:  # type: ignore[attr-defined]
                raise
        await take(0.01)
    return None


async def every_openai_error(ask: Ask, question: str) -> str | None:
    for attempt in range(3):
        try:
            return await ask(question)
        except openai.APIError as error:
            if error.status_code not in PASSES or attempt == 2:  # type: ignore[attr-defined]
                raise
        await take(0.01)
    return None


async def with_while(ask: Ask, question: str) -> str:
    left = 3
    while True:
        left -= 1
        try:
            answer = await ask(question)
        except openai.APIStatusError as error:
            if not left or error.status_code not in PASSES:
                raise
            await take(0.01)
        else:
            return answer


async def by_calling_itself(ask: Ask, question: str, left: int = 2) -> str:
    try:
        return await ask(question)
    except openai.APIStatusError as error:
        if left == 0 or error.status_code not in PASSES:
            raise
    await take(0.01)
    return await by_calling_itself(ask, question, left - 1)


async def prepares_only(ask: Ask, question: str) -> Any:
    ask(question)  # type: ignore[unused-coroutine]
    return question


async def never_asks(ask: Ask, question: str) -> str:
    return question


class TestAskAgain:
    @pytest.mark.parametrize("answer", [asking(), with_while, by_calling_itself])
    def test_three_attempts_with_waits_pass(self, answer: object) -> None:
        assert check("5.5", answer)

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (asking(passes=PASSES | {400, 404}), "400 does not pass"),
            (asking(passes=PASSES - {429}), "429 may pass"),
            (asking(attempts=9), "3 attempts at most"),
            (asking(attempts=2), "500 may pass: ask again"),
            (asking(attempts=1), "you give up after 1"),
            (asking(wait=lambda: None), "follows at once"),
            slow(asking(wait=lambda: asyncio.sleep(1.1)), "Wait a little"),
            (asking(wait=lambda: time.sleep(0.02)), "time.sleep blocks all calls"),
            (asking(at_last="none"), "nobody learns that it failed"),
            (asking(at_last="another"), "go on as it is"),
            (without_return, "Return what await ask"),
            (raises_after_the_loop, "gone after the except block"),
            (every_error, "an error without a status"),
            (status_of_every_error, "Catch openai.APIStatusError alone"),
            (every_openai_error, "such as APIConnectionError"),
            (prepares_only, "called and never awaited"),
            (never_asks, "ask was never called"),
            (misspelled_again, "name 'APIStatusError' is not defined in line"),
        ],
    )
    def test_the_rest_is_told_why_not(self, answer: object, said: str) -> None:
        verdict = check("5.5", answer)

        assert not verdict
        assert said in verdict.text


def stopping(*, at: int = 5, cancels: bool = True, gives: str = "partial") -> Any:
    """Make a stop_after_five with a mistake or without."""

    async def stop(questions: list[str], endpoint: nb.Endpoint) -> object:
        handle = nb.start(questions, endpoint, max_concurrency=2)
        while handle.progress[0] < at:
            await take(0.01)
        if cancels:
            handle.cancel()
        return handle.partial if gives == "partial" else handle

    return stop


async def wait_for_all(questions: list[str], endpoint: nb.Endpoint) -> object:
    return await nb.start(questions, endpoint, max_concurrency=2)


async def stop_at_once(questions: list[str], endpoint: nb.Endpoint) -> object:
    handle = nb.start(questions, endpoint, max_concurrency=2)
    handle.cancel()
    return handle.partial


async def await_what_was_cancelled(questions: list[str], endpoint: nb.Endpoint) -> object:
    handle = nb.start(questions, endpoint, max_concurrency=2)
    while handle.progress[0] < 5:
        await take(0.01)
    handle.cancel()
    return await handle


async def stop_after_a_pause(questions: list[str], endpoint: nb.Endpoint) -> object:
    handle = nb.start(questions, endpoint, max_concurrency=2)
    while handle.progress[0] < 1:
        await take(0.001)
    await take(0.26)  # right for one speed, perhaps
    handle.cancel()
    return handle.partial


async def stop_by_the_records(questions: list[str], endpoint: nb.Endpoint) -> object:
    handle = nb.start(questions, endpoint, max_concurrency=2)
    while sum(call.finished is not None for call in handle.partial.calls) < 5:
        await take(0.005)
    handle.cancel()
    return handle.partial


async def stop_in_a_task(questions: list[str], endpoint: nb.Endpoint) -> object:
    handle = nb.start(questions, endpoint, max_concurrency=2)

    async def watch() -> None:
        while True:
            done, _ = handle.progress
            if done >= 5:
                return
            await asyncio.sleep(0)

    await asyncio.create_task(watch())
    handle.cancel()
    return handle.partial


async def ask_five(questions: list[str], endpoint: nb.Endpoint) -> object:
    return await nb.run_async(questions[:5], endpoint, max_concurrency=2)


class TestStopAfterFive:
    @pytest.mark.parametrize("answer", [stopping(), stop_by_the_records, slow(stop_in_a_task)])
    def test_five_answers_kept_and_the_rest_given_up_pass(self, answer: object) -> None:
        assert check("5.7", answer)

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            slow(stopping(cancels=False), "the run went on"),
            (stopping(at=10), "Stop at the fifth"),
            (stopping(at=6), "Stop at the fifth"),
            (stopping(at=2), "when you stopped"),
            (stopping(gives="handle"), "wants the run"),
            slow(wait_for_all, "the run went on"),
            (stop_at_once, "only 0 answers"),
            slow(await_what_was_cancelled, "in handle.partial"),
            (stop_after_a_pause, " were "),
            (ask_five, "only 5 of the 12 questions"),
        ],
    )
    def test_the_rest_is_told_why_not(self, answer: object, said: str) -> None:
        verdict = check("5.7", answer)

        assert not verdict
        assert said in verdict.text
