"""A stopwatch keeps a record of each call that other code makes, in tasks and in threads."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import aiml_nb as nb
from aiml_nb.course import Stopwatch

from ...waiting import block, take


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch(nb.connect(seed=4, speed=50, verbose=False))


async def test_calls_in_tasks_overlap_and_keep_their_questions(watch: Stopwatch) -> None:
    async def ask(question: str, seconds: float) -> None:
        with watch.time(question):
            await take(seconds)

    await asyncio.gather(ask("long", 0.2), ask("short", 0.1))

    first, second = watch.run.calls
    assert [first.prompt, second.prompt] == ["long", "short"]
    assert {first.outcome, second.outcome} == {"ok"}
    assert first.finished > second.finished
    assert watch.peak_in_flight == 2


def test_calls_in_threads_have_numbers_of_their_own(watch: Stopwatch) -> None:
    together = threading.Barrier(8)

    def ask(number: int) -> None:
        together.wait()
        with watch.time(f"question {number}"):
            block(0.01)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))

    assert [call.index for call in watch.run.calls] == list(range(8))
    assert len({call.prompt for call in watch.run.calls}) == 8


def test_an_error_goes_on_and_is_the_calls_outcome(watch: Stopwatch) -> None:
    with pytest.raises(KeyError), watch.time("Why?"):
        raise KeyError("why")

    (call,) = watch.run.calls
    assert call.outcome == "error"
    assert call.finished is not None


def test_a_wait_counts_from_when_the_question_was_due(watch: Stopwatch) -> None:
    block(0.1)
    with watch.time("late", due=0.05):
        pass
    with watch.time("on time", due=watch.now):
        pass

    late, on_time = watch.run.calls
    assert late.queue_time >= 0.05
    assert late.submitted == 0.05
    assert on_time.queue_time < late.queue_time


def test_a_question_sent_before_it_was_due_was_not_waiting(watch: Stopwatch) -> None:
    with watch.time("early", due=5.0):
        pass

    assert watch.run.calls[0].queue_time == 0


def test_its_run_is_shown_as_simulated_and_says_where_it_went(watch: Stopwatch) -> None:
    with watch.time("Why?"):
        block(0.01)

    run = watch.run
    assert run.simulated
    assert run.seed == 4
    assert run.base_url == watch.endpoint.base_url
    assert "imulated" in run._repr_mimebundle_()["text/plain"]
