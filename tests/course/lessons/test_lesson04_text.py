"""What lesson 4 says of its streams and runs is what these are."""

from __future__ import annotations

from heapq import heapreplace
from statistics import median
from time import perf_counter
from typing import Any

import aiml_nb as nb
from aiml_nb.simulator import Arrival, scenario, simulate


def read_chunks(name: str) -> list[tuple[str | None, str | None]]:
    endpoint = nb.connect(simulate=True, scenario=name, seed=0, speed=50, verbose=False)
    messages: Any = [{"role": "user", "content": nb.prompts.FAQ[0]}]
    with endpoint.open() as client:
        stream = client.chat.completions.create(
            model=endpoint.model, messages=messages, stream=True
        )
        choices = [chunk.choices[0] for chunk in stream]
    return [(choice.delta.content, choice.finish_reason) for choice in choices]


def test_the_first_and_the_last_chunk_carry_no_text_and_all_others_do() -> None:
    for name in ("faq", "role-first"):
        chunks = read_chunks(name)

        assert chunks[0] == ("", None)
        assert chunks[-1] == (None, "stop")
        assert all(text and reason is None for text, reason in chunks[1:-1])


def test_the_pause_is_seen_and_the_first_word_comes_after_a_tenth_of_it() -> None:
    (plan,) = simulate([Arrival(0.0, nb.prompts.FAQ[0])], scenario("faq", seed=0, speed=3))

    assert plan.first_token is not None
    assert plan.finished > 1.5
    assert plan.first_token < plan.finished / 8


def test_create_returns_when_the_answer_begins_and_not_when_it_is_whole() -> None:
    (plan,) = simulate([Arrival(0.0, nb.prompts.FAQ[0])], scenario("faq", seed=0, speed=3))
    endpoint = nb.connect(simulate=True, scenario="faq", seed=0, speed=3, verbose=False)
    messages: Any = [{"role": "user", "content": nb.prompts.FAQ[0]}]
    with endpoint.open() as client:
        began = perf_counter()
        stream = client.chat.completions.create(
            model=endpoint.model, messages=messages, stream=True
        )
        returned = perf_counter() - began
        stream.close()

    assert plan.first_token is not None
    assert 0.9 * plan.first_token < returned < 0.7 * plan.finished


def test_who_stops_at_the_first_chunk_of_an_eager_server_measures_next_to_nothing() -> None:
    settings = scenario("role-first", seed=0, speed=5)
    (plan,) = simulate([Arrival(0.0, nb.prompts.FAQ[0])], settings)

    assert plan.first_token is not None
    assert plan.first_token > 0.05


def read_by_a_crowd(limit: int) -> list[tuple[float, float]]:
    """Return each reader's queue time and time to first token: by the plan, whatever the load."""
    asked = [Arrival(1000.0 * i, text) for i, text in enumerate(nb.prompts.TWENTY)]
    free, found = [0.0] * limit, []
    for plan in simulate(asked, scenario("classroom", seed=0, speed=8)):
        assert plan.first_token is not None
        queued = heapreplace(free, free[0] + plan.finished - plan.arrived)
        found.append((queued, plan.first_token - plan.arrived))
    return found


def test_with_another_limit_the_readers_wait_moves_by_more_than_the_first_token_takes() -> None:
    five, ten = (median(map(sum, read_by_a_crowd(limit))) for limit in (5, 10))

    assert five - ten > 0.15
    assert median(first for _, first in read_by_a_crowd(5)) < five - ten


def test_most_readers_wait_longer_for_a_slot_than_for_the_first_token() -> None:
    waited = [queued > first for queued, first in read_by_a_crowd(5)]

    assert sum(waited) > len(waited) / 2


def test_two_streams_come_in_turns() -> None:
    arrivals = [Arrival(0.0, text) for text in nb.prompts.TWENTY[:2]]
    one, other = simulate(arrivals, scenario("faq", seed=0, speed=3))

    assert one.first_token is not None
    assert other.first_token is not None
    overlap = min(one.finished, other.finished) - max(one.first_token, other.first_token)
    assert overlap > 0.5 * min(one.finished, other.finished)
