"""Lesson 5, When it fails: checks, hints and questions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ..engine.exercises import Exercise, NotYet, require, show
from ..engine.expect import call_async, expect_function
from ..engine.fake_model import FakeModel, make_status_error
from ..engine.prepared import discard_coroutine
from ..engine.questions import Question
from ..engine.watched_task import watch_task
from .retry_exercise import OWN_MISTAKES, check_ask_again
from .stop_exercise import check_stop_after_five


def check_ask_safely(given: object) -> str:
    """Check that failures become records, and that a cancellation goes through."""
    ask_safely = expect_function(given, "ask_safely")
    for text in ("an answer", ""):
        _check_answer(ask_safely, text)
    for error in (make_status_error(400), ValueError("odd"), TimeoutError("late"), Exception()):
        _compare_record(_record_of(ask_safely, _Source(error)), error)
    model = FakeModel([5.0])
    ending = watch_task(
        lambda: ask_safely(model.ask, "Why?"), model, cancel_when=lambda: bool(model.calls)
    )
    require(
        isinstance(ending.error, asyncio.CancelledError),
        "a cancelled call went on as if it had failed. Catch  Exception: a cancellation is none of "
        "these, and must go through, or nobody can stop your run.",
    )
    require(
        not ending.left,
        "your function was cancelled, and its call goes on: the server works, and you pay. Await "
        "ask(question) itself: asyncio.wait and shield do not cancel what they wait for.",
    )
    return "Failures are noted down, and a run can still be cancelled."


class _Source:
    """Answers with a text, or raises an error, and counts how often it was asked."""

    def __init__(self, result: str | Exception) -> None:
        self._result = result
        self.questions: list[str] = []

    async def ask(self, question: str) -> str:
        """Answer or fail after a moment."""
        self.questions.append(question)
        await asyncio.sleep(0)
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


def _check_answer(ask_safely: Callable[..., Any], text: str) -> None:
    record = _record_of(ask_safely, source := _Source(text))
    answer = record["answer"]
    require(
        not discard_coroutine(answer),
        "answer is a coroutine, and no answer: ask was called, and nobody has awaited it.",
    )
    require(source.questions, "ask was never called.")
    require(
        answer == text and record["error"] is None,
        f"a call that is answered with {text!r} gives the answer {_show(answer)} and the error "
        f"{_show(record['error'])}. The answer belongs into answer, whatever it is, and error "
        "stays None.",
    )
    require(
        record["question"] == "Why?",
        f"the question was 'Why?', and the record has {_show(record['question'])}.",
    )


def _record_of(ask_safely: Callable[..., Any], source: _Source) -> dict[str, Any]:
    try:
        record = call_async(ask_safely, source.ask, "Why?", virtual_time=True)
    except UnboundLocalError as error:
        raise NotYet(
            f"{error}. Both names need a value on every way: set them to None first. And Python "
            "takes the name after `as` away at the end of its block: keep the error under another."
        ) from None
    except (NotYet, *OWN_MISTAKES):
        raise
    except Exception as error:  # noqa: BLE001  any exception that ask_safely did not catch
        name = type(error).__name__
        raise NotYet(
            f"when ask raises {name}, ask_safely raises it, too. Put  try  around await "
            "ask(question), and catch every Exception, not one kind alone."
        ) from None
    if not isinstance(record, dict) or not {"question", "answer", "error"} <= record.keys():
        raise NotYet("ask_safely is to return the dictionary of its last line. Leave it there.")
    asked = source.questions
    require(len(asked) < 2, f"ask was called {len(asked)} times. Each would be paid for.")
    require(asked in ([], ["Why?"]), f"the question was 'Why?', and ask got {asked}.")
    return record


def _compare_record(record: dict[str, Any], error: Exception) -> None:
    name = type(error).__name__
    require(
        record["error"] is not None,
        f"ask raised {name}, and error is None. Why the call failed would be forgotten: "
        "except Exception as reason  gives you the error.",
    )
    require(
        record["error"] is error,
        f"ask raised {name}, and error is {_show(record['error'])}. Keep the exception itself: it "
        "knows its kind and its status.",
    )
    require(
        record["answer"] is None,
        f"ask raised {name}, and answer is {_show(record['answer'])}. There is none.",
    )


def _show(value: object) -> str:
    return "None" if value is None else show(value)


EXERCISES: dict[str, Exercise] = {
    "5.3": Exercise(
        check_ask_safely,
        hints=(
            "Put  try  around the one line that may fail.",
            "except Exception as reason  catches everything but a cancellation. The name after "
            "`as` is gone after the block: keep it under another one.",
            "Set answer and error to None; then try: answer = await ask(question); then except "
            "Exception as reason: error = reason.",
        ),
    ),
    "5.5": Exercise(
        check_ask_again,
        hints=(
            "A loop over the attempts 1, 2, 3, and in it a try that returns the answer.",
            "In  except openai.APIStatusError as error:  raise again if the status is not in "
            "PASSES, or if this was the third attempt. After the except, wait.",
            "for attempt in (1, 2, 3): try: return await ask(question); except …: if "
            "error.status_code not in PASSES or attempt == 3: raise; then await "
            "asyncio.sleep(0.05).",
        ),
    ),
    "5.7": Exercise(
        check_stop_after_five,
        hints=(
            "Look again and again how far it is, and let the run go on meanwhile.",
            "handle.progress[0] is the number of finished calls. In the while loop you need an "
            "await: without it the run gets no turn, and the loop never ends.",
            "while handle.progress[0] < 5: await asyncio.sleep(0.01); then handle.cancel().",
        ),
    ),
}

QUESTIONS: dict[str, Question] = {
    "5.8": Question(
        "A call fails with status 400: the question is too long. What helps?",
        {
            "Ask again after a second.": "It will be as long then. A 400 does not pass by itself.",
            "Ask with fewer calls in flight.": "That helps against 429, too many requests.",
            "Shorten the question.": "A 400 says that something is wrong with the question.",
            "Give it a longer timeout.": "The answer came at once, and it was no.",
        },
        right="Shorten the question.",
    ),
    "5.9": Question(
        "Lesson 4 again: an answer is streamed, and the stream ends. How does a program know that "
        "the answer is whole?",
        {
            "The last chunk says finish_reason 'stop'": "The model was done. With 'length' the "
            "answer was cut off, and without any reason the line broke.",
            "There is text in it": "There is text in half an answer, too.",
            "The stream has ended": "It ends when a line breaks, too.",
        },
        right="The last chunk says finish_reason 'stop'",
    ),
}
