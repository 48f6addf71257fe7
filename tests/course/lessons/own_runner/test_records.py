"""Exercise 11.6: a record, however the call ends."""

# ruff: noqa: BLE001, N805  answers as learners write them, and no methods

from __future__ import annotations

import time
from time import perf_counter
from typing import Any

import openai
import pytest

from aiml_nb.course import check

from .answers import right_answers, told, wrong_answers
from .right import Record, ask_again, ask_in_time


def record_with(**changes):
    """Return Record.update with some fields changed by functions of the record."""

    async def ask_record(client, question, seconds):
        record = await Record.update(client, question, seconds)
        for name, change in changes.items():
            record[name] = change(record)
        return record

    return ask_record


SHARED: dict[str, object] = {}


class NotRecord:
    no_finish_of_failures = told(
        "finished is None", record_with(finished=lambda r: r["finished"] if r["answer"] else None)
    )
    text_of_the_error = told(
        "Keep the exception itself", record_with(error=lambda r: r["error"] and str(r["error"]))
    )
    no_timeouts = told(
        "of several  except  the first that fits",
        record_with(outcome=lambda r: "error" if r["error"] else "ok"),
    )
    always_ok = told('"error" is wanted', record_with(outcome=lambda r: "ok"))
    no_answer = told("the record's answer is None", record_with(answer=lambda r: None))
    error_as_answer = told(
        "and there is none", record_with(answer=lambda r: r["answer"] or str(r["error"]))
    )
    no_time_between = told(
        "Read the clock just before the call", record_with(started=lambda r: r["finished"])
    )
    other_clock = told("on perf_counter()'s clock", record_with(started=lambda r: time.time()))

    async def raises(client, question, seconds):
        """has no 'started' and no 'finished'"""
        answer = await ask_again(client, question, seconds)
        return dict.fromkeys(("question", "outcome", "answer", "error"), answer)

    async def only_status_errors(client, question, seconds):
        """Return the dictionary, in every case"""
        try:
            return await ask_again(client, question, seconds)
        except openai.APIStatusError as reason:
            return reason

    async def no_outcome(client, question, seconds):
        """has no 'outcome'"""
        record = await Record.update(client, question, seconds)
        del record["outcome"]
        return record

    async def one_for_all(client, question, seconds):
        """in its record, and was"""
        SHARED.update(await Record.update(client, question, seconds))
        return SHARED

    async def unstoppable(client, question, seconds):
        """a cancellation is none of these"""
        try:
            return await Record.update(client, question, seconds)
        except BaseException as reason:
            now = perf_counter()
            return {
                "question": question,
                "outcome": "error",
                "answer": None,
                "error": reason,
                "started": now,
                "finished": now,
            }

    async def without_retries(client, question, seconds):
        """answers 503, then well, the outcome is 'error'"""

        async def once(client, question, seconds):
            return await ask_in_time(client, question, seconds)

        record = {"question": question, "outcome": "ok", "answer": None, "error": None}
        record["started"] = perf_counter()
        try:
            record["answer"] = await once(client, question, seconds)
        except Exception as reason:
            late = isinstance(reason, TimeoutError)
            record |= {"outcome": "timeout" if late else "error", "error": reason}
        record["finished"] = perf_counter()
        return record


@pytest.mark.parametrize(("key", "answer"), right_answers("11.6", Record))
def test_right_answers_pass_in_three_styles(key: str, answer: Any) -> None:
    assert check(key, answer)


@pytest.mark.parametrize(("key", "answer"), wrong_answers("11.6", NotRecord))
def test_each_known_mistake_is_named(key: str, answer: Any) -> None:
    verdict = check(key, answer)

    assert not verdict
    assert answer.__doc__ in str(verdict)
