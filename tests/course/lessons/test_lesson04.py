"""Lesson 4: each check passes the solution and tells a learner what is wrong with the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.course import check
from aiml_nb.simulator import Arrival, scenario, simulate


def first_text(stream: Any, begin: float) -> float | None:
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            return perf_counter() - begin
    return None


def texts_alone(stream: Any, begin: float) -> float | None:
    texts = (c.choices[0].delta.content for c in stream if c.choices)
    return next((perf_counter() - begin for text in texts if text), None)


def first_chunk(stream: Any, begin: float) -> float | None:
    for _ in stream:
        return perf_counter() - begin
    return None


def what_is_not_none(stream: Any, begin: float) -> float | None:
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content is not None:
            return perf_counter() - begin
    return None


def at_the_end(stream: Any, begin: float) -> float | None:
    texts = [chunk.choices[0].delta.content for chunk in stream if chunk.choices]
    return perf_counter() - begin if any(texts) else None


def choices_unseen(stream: Any, begin: float) -> float | None:
    for chunk in stream:
        if chunk.choices[0].delta.content:
            return perf_counter() - begin
    return None


def none_after_the_first_chunk(stream: Any, begin: float) -> float | None:
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            return perf_counter() - begin
        return None
    return None


def read_to_the_end(stream: Any, begin: float) -> float | None:
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            perf_counter() - begin  # the mistake
    return None


def closes_the_stream(stream: Any, begin: float) -> float | None:
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            stream.close()
            return perf_counter() - begin
    return None


def with_the_stream(stream: Any, begin: float) -> float | None:
    with stream:
        return first_text(stream, begin)


def by_next(stream: Any, begin: float) -> float | None:
    while (chunk := next(stream, None)) is not None:
        if any(choice.delta.content for choice in chunk.choices):
            return perf_counter() - begin
    return None


def a_stamp(stream: Any, begin: float) -> float | None:
    return None if first_text(stream, begin) is None else perf_counter()


def never_none(stream: Any, begin: float) -> float:
    return first_text(stream, begin) or 0.0


def other_begin(stream: Any, begin: float) -> float | None:
    return first_text(stream, perf_counter())


def turned_over(stream: Any, begin: float) -> float | None:
    seconds = first_text(stream, begin)
    return None if seconds is None else -seconds


def next_alone(stream: Any, begin: float) -> float:
    next(stream)
    return perf_counter() - begin


def text_itself(stream: Any, begin: float) -> Iterator[str]:
    return (chunk for chunk in stream)


MISTAKES: list[tuple[Any, str]] = [
    (first_chunk, "which has no text"),
    (what_is_not_none, "Look for content that is neither"),
    (next_alone, "which has no text"),
    (other_begin, "Count from the begin that is given"),
    (turned_over, "less than nothing"),
    (at_the_end, "from inside the loop"),
    (choices_unseen, "whose list of choices is empty"),
    (a_stamp, "a reading of the watch"),
    (never_none, "Nothing came, so return None"),
    (text_itself, "a number of seconds"),
    (lambda stream, begin: print(first_text(stream, begin)), "returns None there"),
    (none_after_the_first_chunk, "it gave up too early"),
    (read_to_the_end, "read on to the end"),
]


@contextmanager
def busy() -> Iterator[None]:
    """Let threads burn the processor: watches are read, and sleeps end, much too late."""
    over = threading.Event()

    def burn() -> None:
        while not over.is_set():
            sum(range(20_000))

    threads = [threading.Thread(target=burn) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


class TestFirstToken:
    @pytest.mark.parametrize(
        "answer", [first_text, texts_alone, closes_the_stream, with_the_stream, by_next]
    )
    def test_a_watch_that_stops_at_the_first_text_passes(self, answer: object) -> None:
        assert check("4.2", answer)

    @pytest.mark.parametrize(("answer", "said"), MISTAKES)
    def test_the_rest_is_told_why_not(self, answer: object, said: str) -> None:
        verdict = check("4.2", answer)

        assert not verdict
        assert said in verdict.text

    def test_a_busy_machine_changes_no_verdict(self) -> None:
        with busy():
            assert check("4.2", first_text)
            assert "neither" in check("4.2", what_is_not_none).text
            assert "Count from the begin" in check("4.2", other_begin).text

    @pytest.mark.parametrize(("scenario", "seed"), [("faq", 3), ("role-first", 0)])
    def test_it_agrees_with_the_record_of_a_real_stream(self, scenario: str, seed: int) -> None:
        endpoint = nb.connect(scenario=scenario, seed=seed, speed=10, verbose=False)
        messages: Any = [{"role": "user", "content": nb.prompts.FAQ[0]}]
        with endpoint.open() as client:
            endpoint.warm_up(client)
            begin = perf_counter()
            stream = client.chat.completions.create(model="gpt-4o", messages=messages, stream=True)
            first = first_text(stream, begin)
            rest = first_text(stream, begin)

        assert first is not None
        assert rest is not None
        assert 0.02 < first < rest


def tokens(call: Any) -> float | None:
    if call.output_tokens < 2:
        return None
    return float((call.finished - call.first_token) / (call.output_tokens - 1))


class TestTimePerToken:
    @pytest.mark.parametrize("answer", [tokens, lambda call: call.time_per_output_token])
    def test_what_comes_after_the_first_token_passes(self, answer: object) -> None:
        assert check("4.4", answer)

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (lambda c: (c.finished - c.first_token) / c.output_tokens, "do not count it"),
            (lambda c: c.duration / c.output_tokens, "Begin at first_token"),
            (lambda c: c.duration / (c.output_tokens - 1), "Begin at first_token"),
            (lambda c: (c.output_tokens - 1) / (c.finished - c.first_token), "Turn it over"),
            (lambda c: c.finished - c.first_token, "for all tokens together"),
            (lambda c: (c.finished - c.first_token) / (c.output_tokens - 1), "divides by 0"),
            (lambda c: tokens(c) or 0.0, "Return None"),
            (lambda c: c.finished, "Divide the time from"),
            (lambda c: None, "got None"),
            (lambda c: c.tokens, "AttributeError"),
            (0.02, "the function itself"),
        ],
    )
    def test_the_rest_is_told_what_it_is(self, answer: object, said: str) -> None:
        verdict = check("4.4", answer)

        assert not verdict
        assert said in verdict.text


class TestWait:
    @pytest.mark.parametrize(
        "answer",
        [
            lambda call: call.first_token - call.submitted,
            lambda call: call.queue_time + call.time_to_first_token,
        ],
    )
    def test_from_asking_to_the_first_word_passes(self, answer: object) -> None:
        assert check("4.5", answer)

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (lambda call: call.time_to_first_token, "The wait for a slot is missing"),
            (lambda call: call.first_token, "Stamps count from the beginning"),
            (lambda call: call.queue_time, "the wait for a slot alone"),
            (lambda call: call.total_time, "the last word"),
            (lambda call: call.submitted - call.first_token, "Swap the two"),
            (lambda call: str(call.first_token), "a number of seconds"),
        ],
    )
    def test_the_rest_is_told_what_it_is(self, answer: object, said: str) -> None:
        verdict = check("4.5", answer)

        assert not verdict
        assert said in verdict.text


@pytest.mark.parametrize("seed", [0, 8])
def test_what_the_lesson_shows_holds_with_another_seed(seed: int) -> None:
    arrivals = [Arrival(0.0, text) for text in nb.prompts.FAQ]
    plan = simulate(arrivals, scenario("faq", seed=seed, speed=10))[0]

    assert plan.first_token is not None
    assert plan.first_token < plan.finished / 4
    # A busy machine is later than the plan; streamed or not, nothing is ever sooner.
    for stream in (False, True):
        endpoint = nb.connect(scenario="faq", seed=seed, speed=10, verbose=False)
        call = nb.run(nb.prompts.FAQ, endpoint, stream=stream, progress=False).calls[0]
        assert (call.duration or 0.0) > 0.95 * plan.finished
        assert stream == (call.first_token is not None)
