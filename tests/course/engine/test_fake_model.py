"""The fake model waits and fails as it is told, and records what was asked."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import pytest
from openai import APIStatusError

from aiml_nb.course import FakeModel, run_answer
from aiml_nb.course.engine import fake_model
from aiml_nb.records import Run


async def ask_both(ask):
    return await asyncio.gather(ask("long"), ask("short"))


async def ask_in_turn(ask):
    return [await ask("long"), await ask("short")]


def test_calls_at_once_overlap_and_finish_by_their_durations() -> None:
    model = FakeModel([0.06, 0.02])

    answers = run_answer(ask_both, model.ask)

    assert answers == [model.answer_to("long"), model.answer_to("short")]
    assert model.peak_in_flight == 2
    assert model.finishing_order == ["short", "long"]
    assert 0.06 <= model.run.makespan < 10


def test_calls_in_turn_do_not_overlap() -> None:
    model = FakeModel([0.02, 0.01])

    run_answer(ask_in_turn, model.ask)

    assert model.peak_in_flight == 1
    assert model.finishing_order == ["long", "short"]


def test_a_cancelled_call_is_recorded_as_cancelled() -> None:
    model = FakeModel([5])

    async def give_up():
        async with asyncio.timeout(0.02):
            await model.ask("long")

    with pytest.raises(TimeoutError):
        run_answer(give_up)
    assert [call.outcome for call in model.calls] == ["cancelled"]


def test_the_first_calls_fail_with_the_statuses_given() -> None:
    model = FakeModel([0.0], statuses=[503, 400])

    for status in (503, 400):
        with pytest.raises(APIStatusError) as caught:
            run_answer(model.ask, "long")
        assert caught.value.status_code == status
    assert run_answer(model.ask, "long") == model.answer_to("long")
    assert [call.outcome for call in model.calls] == ["error", "error", "ok"]


def test_one_at_a_time_a_call_waits_for_those_before_it() -> None:
    model = FakeModel([0.06, 0.02], one_at_a_time=True)

    run_answer(ask_both, model.ask)

    assert model.peak_in_flight == 2
    assert model.finishing_order == ["long", "short"]


@pytest.mark.parametrize(("wait", "ran"), [(time.sleep, False), (asyncio.sleep, True)])
def test_it_is_noted_whether_the_loop_ran_between_two_calls(wait, ran: bool) -> None:
    model = FakeModel([0.0])

    async def ask_twice():
        await model.ask("long")
        pause = wait(0.001)
        if pause is not None:
            await pause
        await model.ask("short")

    run_answer(ask_twice)
    assert model.loop_ran_before == [True, ran]


def test_blocking_calls_in_threads_overlap_and_are_recorded() -> None:
    model = FakeModel({"long": 0.2, "short": 0.1})

    async def ask_in_threads():
        return await ask_both(partial(asyncio.to_thread, model.ask_blocking))

    answers = run_answer(ask_in_threads)

    assert answers == [model.answer_to("long"), model.answer_to("short")]
    assert model.peak_in_flight == 2
    assert {call.prompt for call in model.calls} == {"long", "short"}


async def test_the_timeline_is_shown_whatever_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Run] = []
    monkeypatch.setattr(fake_model, "has_front_end", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    model = FakeModel([0.001])

    for question in (["Why?", "When?"], None, "Why?"):
        await model.ask(question)  # type: ignore[arg-type]
    model.show_timeline()

    (run,) = shown
    assert "['Why?', 'When?']" in str(run._repr_mimebundle_())
