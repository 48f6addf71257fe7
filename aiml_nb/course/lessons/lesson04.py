"""Lesson 4, First token: checks, hints and questions."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from ...records import Call
from ..engine.digits import show_number
from ..engine.exercises import Exercise, NotYet, require, show
from ..engine.expect import call_plain, expect_function, expect_number
from ..engine.fake_stream import NO_CHOICES, FakeStream
from ..engine.practice_run import answered_call
from ..engine.questions import Question
from . import stream_exercise

# Seconds between the question and the call of the learner's function: more than the function can
# take on any machine, so a smaller answer was not measured from the given `begin`.
_HEAD_START = 60.0
# Seconds: two places after the point will do, and no wait between two chunks is as short.
_ROUNDING = 0.006


def check_first_token(given: object) -> str:
    """Check that the time ends at the first text, whatever chunks come before it."""
    function = expect_function(given, "time_to_first_token")
    _time_stream(function, (0, None), (0.01, ""), (0.05, "Yes"), (0.03, ", it"), (0.03, " is."))
    _time_stream(function, (0, ""), (0.01, NO_CHOICES), (0.04, "No"), (0.03, "."))
    silent = FakeStream((0, ""), (0.01, None), (0.01, NO_CHOICES))
    answer = _call_with_stream(function, silent)
    require(
        answer is None,
        f"a stream that ends without any text got {show(answer)}. Nothing came, so return None.",
    )
    return "The watch stops at the first text, and at nothing before it."


def _time_stream(function: Callable[..., Any], *pieces: tuple[float, str | None]) -> None:
    stream, begin = FakeStream(*pieces), time.perf_counter() - _HEAD_START
    answer = _call_with_stream(function, stream, begin)
    until = time.perf_counter() - begin
    first = next(i for i, (_, text) in enumerate(pieces) if text and text != NO_CHOICES)
    read = len(stream.given)
    require(
        answer is not None or read > first,
        f"the function returns None after chunk {read}, which has no text: it gave up too early. "
        "Go on to the next chunk, and return None only after the loop.",
    )
    require(
        answer is not None or read == len(pieces),
        f"chunk {first + 1} has text in it, and the function returns None there. Return the time.",
    )
    require(
        answer is not None,
        f"the function read on to the end and returns None, although chunk {first + 1} has text in "
        "it. Return from inside the loop as soon as there is text.",
    )
    answer = expect_number(answer, "a number of seconds")
    due = stream.given[first] - begin if read > first else until
    require(
        not due <= answer / 1000 <= until,
        f"you say {answer:.0f} s. Those are milliseconds; wanted are seconds.",
    )
    require(
        answer <= until + _ROUNDING,
        "that is a reading of the watch, not a difference. Take begin away from perf_counter().",
    )
    require(answer >= 0, "that is less than nothing. Take begin away from now, not now from begin.")
    require(
        answer >= _HEAD_START - _ROUNDING,
        f"you say {answer:.3f} s. Count from the begin that is given: the question was sent before "
        "the stream came.",
    )
    require(
        read > first,
        f"you say {answer:.3f} s at chunk {read}, which has no text: its content is None or ''. "
        "Look for content that is neither.",
    )
    next_asked = stream.asked[first + 1] - begin if len(stream.asked) > first + 1 else math.inf
    case = f"you say {answer:.3f} s, and the first text comes after {due:.3f} s."
    require(
        answer >= due - _ROUNDING, f"{case} Look at the watch when the text is there, not before."
    )
    require(
        answer <= next_asked + _ROUNDING,
        f"{case} Return as soon as there is text, from inside the loop.",
    )


def _call_with_stream(
    function: Callable[..., Any], stream: FakeStream, begin: float | None = None
) -> Any:
    try:
        return call_plain(function, stream, time.perf_counter() if begin is None else begin)
    except IndexError:
        raise NotYet(
            "choices[0] fails for a chunk whose list of choices is empty, as some servers send "
            "them. Ask first whether  chunk.choices  holds anything."
        ) from None


def check_time_per_token(given: object) -> str:
    """Check that the first token and the wait for it are left out."""
    function = expect_function(given, "time_per_token")
    for started, first, finished, tokens in ((1.0, 3.0, 8.0, 11), (0.2, 0.5, 2.5, 5), (3, 4, 6, 2)):
        call = _make_call(started, first, finished, tokens=tokens)
        call.submitted = 0.1  # so that total_time is another than finished
        answer = call_plain(function, call)
        wanted = f"a number of seconds, for an answer of {call.output_tokens} tokens"
        _judge_pace(expect_number(answer, wanted), call)
    try:
        alone = call_plain(function, _make_call(1.0, 3.0, 3.0, tokens=1))
    except ZeroDivisionError:
        raise NotYet(
            "an answer of one token divides by 0. It has no pace: return None before dividing."
        ) from None
    require(alone is None, f"an answer of one token has no pace, and got {alone!r}. Return None.")
    return "The time after the first token, for each of the others."


def _judge_pace(answer: float, call: Call) -> None:
    tokens, started, first = call.output_tokens or 0, call.started or 0.0, call.first_token or 0.0
    finished = call.finished or 0.0
    streamed, duration = finished - first, finished - started
    if _is_close(answer, streamed / (tokens - 1)):
        return
    case = f"{tokens} tokens streamed in {streamed:g} s, and you say {show_number(answer)} s each."
    mistakes = {
        streamed / tokens: "The first token came before the streaming began: do not count it.",
        duration / tokens: "The wait for the first token is in it. Begin at first_token.",
        duration / (tokens - 1): "The wait for the first token is in it. Begin at first_token.",
        finished / (tokens - 1): "Stamps count from the beginning of the run: take the difference.",
        (tokens - 1) / streamed: "Those are tokens a second. Turn it over.",
        tokens / streamed: "Those are tokens a second. Turn it over.",
        streamed: "That is for all tokens together.",
        streamed // (tokens - 1): "That is cut to a whole number. // cuts, / does not.",
    }
    for wrong, why in mistakes.items():
        if _is_close(answer, wrong):
            raise NotYet(f"{case} {why}")
    raise NotYet(f"{case} Divide the time from first_token to finished by the tokens but one.")


def check_wait(given: object) -> str:
    """Check that the wait for a slot is counted too."""
    function = expect_function(given, "wait_for_first_word")
    for call in (_make_call(2.0, 2.5, 6.0, tokens=9), _make_call(1.0, 1.75, 2.0, tokens=3)):
        submitted = call.submitted = 0.5
        started, first, finished = call.started or 0.0, call.first_token or 0.0, call.finished
        answer = call_plain(function, call)
        answer = expect_number(answer, "a number of seconds")
        case = (
            f"a call submitted at {submitted} s, started at {started} s, first token at {first} s, "
            f"got {show_number(answer)} s."
        )
        mistakes = {
            first - started: "That is the time to first token. The wait for a slot is missing.",
            started - submitted: "That is the wait for a slot alone. Then the model is to begin.",
            (finished or 0.0) - submitted: "That is the wait for the last word, not the first.",
            submitted - first: "That is a time before the beginning. Swap the two.",
            first: "Stamps count from the beginning of the run: from when on did the reader wait?",
        }
        for wrong, why in mistakes.items():
            require(not _is_close(answer, wrong), f"{case} {why}")
        require(
            _is_close(answer, first - submitted),
            f"{case} The reader waits from submitted to first_token.",
        )
    return "The wait for a slot, and then for the first token."


def _is_close(answer: float, other: float) -> bool:
    return math.isclose(answer, other, rel_tol=1e-6)


def _make_call(started: float, first: float, finished: float, *, tokens: int) -> Call:
    return answered_call(
        "question 1",
        started=started,
        finished=finished,
        first_token=first,
        output_tokens=tokens,
    )


EXERCISES: dict[str, Exercise] = {
    "4.2": Exercise(
        check_first_token,
        hints=(
            "Go through the stream with a for loop, and look at each chunk: is there text in it?",
            "Text is in chunk.choices[0].delta.content. It may be None or '', and chunk.choices "
            "may be empty. An if takes all three for false.",
            "In the loop: if chunk.choices and chunk.choices[0].delta.content: return "
            "perf_counter() - begin. After the loop: return None.",
        ),
    ),
    "4.4": Exercise(
        check_time_per_token,
        hints=(
            "Which two stamps lie around the dark part of the bar?",
            "Between first_token and finished come all tokens but the first.",
            "(call.finished - call.first_token) / (call.output_tokens - 1), and None if there are "
            "fewer than two tokens.",
        ),
    ),
    "4.5": Exercise(
        check_wait,
        hints=(
            "It is the length of a row in the picture, from its left end to where the dark part "
            "begins.",
            "Which stamp is the left end of the grey line?",
            "call.first_token - call.submitted; or the sum of queue_time and time_to_first_token.",
        ),
    ),
    "4.7": stream_exercise.EXERCISE,
}

QUESTIONS: dict[str, Question] = {
    "4.8": Question(
        "Somebody says: since we stream, our answers are done ten times sooner. What happened?",
        {
            "Their watch stops at the first token now.": "Most likely. The first token comes "
            "early; the end stays where it was.",
            "The model writes faster when streamed.": "It writes at the same pace. You saw the two "
            "bars end at the same place.",
            "Streamed answers are shorter.": "The same question got the same answer, streamed or "
            "not.",
        },
        right="Their watch stops at the first token now.",
    ),
    "4.9": Question(
        "Lesson 3 again: at most 5 calls in flight. Each answer is streamed for 2 s, and its first "
        "token is there after 0.5 s. How many answers a second are there at most?",
        {
            "2.5": "5 in flight, divided by 2 s. A slot is taken until the last token, whatever "
            "the reader has seen by then.",
            "10": "That is 5 divided by 0.5 s. But a call is in flight until its answer is whole.",
            "5": "That would be right if each call took a second.",
        },
        right="2.5",
    ),
}
