"""Lesson 3: each check passes the solution and tells a learner what is wrong with the rest."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.course import check
from aiml_nb.records import Run

Ask = Callable[[str], Any]


async def with_semaphore(ask: Ask, questions: list[str], limit: int) -> list[str]:
    slots = asyncio.Semaphore(limit)

    async def ask_in_slot(question: str) -> str:
        async with slots:
            return await ask(question)

    return await asyncio.gather(*(ask_in_slot(question) for question in questions))


async def with_workers(ask: Ask, questions: list[str], limit: int) -> list[str]:
    answers, left = [""] * len(questions), iter(enumerate(questions))

    async def work() -> None:
        for place, question in left:
            answers[place] = await ask(question)

    await asyncio.gather(*(work() for _ in range(limit)))
    return answers


async def with_acquire(ask: Ask, questions: list[str], limit: int) -> list[str]:
    slots = asyncio.BoundedSemaphore(limit)

    async def ask_one(question: str) -> str:
        await slots.acquire()
        try:
            return await ask(question)
        finally:
            slots.release()

    tasks = [asyncio.create_task(ask_one(question)) for question in questions]
    return [await task for task in tasks]


async def all_at_once(ask: Ask, questions: list[str], limit: int) -> list[str]:
    return await asyncio.gather(*map(ask, questions))


async def a_semaphore_each(ask: Ask, questions: list[str], limit: int) -> list[str]:
    async def ask_in_slot(question: str) -> str:
        async with asyncio.Semaphore(limit):
            return await ask(question)

    return await asyncio.gather(*map(ask_in_slot, questions))


async def one_by_one(ask: Ask, questions: list[str], limit: int) -> list[str]:
    slots, answers = asyncio.Semaphore(limit), []
    for question in questions:
        async with slots:
            answers.append(await ask(question))
    return answers


async def in_groups(ask: Ask, questions: list[str], limit: int) -> list[str]:
    answers: list[str] = []
    for start in range(0, len(questions), limit):
        answers += await asyncio.gather(*map(ask, questions[start : start + limit]))
    return answers


async def always_two(ask: Ask, questions: list[str], limit: int) -> list[str]:
    return await with_semaphore(ask, questions, 2)


async def in_order_of_finishing(ask: Ask, questions: list[str], limit: int) -> list[str]:
    slots, answers = asyncio.Semaphore(limit), []

    async def ask_in_slot(question: str) -> None:
        async with slots:
            answers.append(await ask(question))

    await asyncio.gather(*map(ask_in_slot, questions))
    return answers


async def without_return(ask: Ask, questions: list[str], limit: int) -> None:
    await with_semaphore(ask, questions, limit)


async def without_await(ask: Ask, questions: list[str], limit: int) -> list[Any]:
    slots = asyncio.Semaphore(limit)
    waiting = []
    for question in questions:
        async with slots:
            waiting.append(ask(question))
    for coroutine in waiting:
        coroutine.close()
    return waiting


async def plain_with(ask: Ask, questions: list[str], limit: int) -> list[str]:
    slots: Any = asyncio.Semaphore(limit)

    async def ask_in_slot(question: str) -> str:
        with slots:
            return await ask(question)

    return await asyncio.gather(*map(ask_in_slot, questions))


def take_the_tickets_of_another_cell() -> Any:
    slots = asyncio.Semaphore(2)

    async def take_a_ticket(ask: Ask, question: str) -> str:
        async with slots:
            return await ask(question)

    async def ask_all(ask: Ask, questions: list[str], limit: int) -> list[str]:
        return await asyncio.gather(*(take_a_ticket(ask, question) for question in questions))

    # Whoever waits for a ticket first binds the semaphore to the loop of that moment.
    asyncio.run(ask_all(asyncio.sleep, [0, 0, 0], 2))
    return ask_all


async def without_a_star(ask: Ask, questions: list[str], limit: int) -> list[str]:
    waiting: Any = (ask(question) for question in questions)
    return await asyncio.gather(waiting)


async def with_the_tickets_of_the_lesson(ask: Ask, questions: list[str], limit: int) -> list[str]:
    slots = asyncio.Semaphore(2)

    async def ask_in_slot(question: str) -> str:
        async with slots:
            return await ask(question)

    return await asyncio.gather(*map(ask_in_slot, questions))


async def not_awaited_at_the_end(ask: Ask, questions: list[str], limit: int) -> Any:
    return asyncio.gather(*map(ask, questions))


class TestAskAll:
    @pytest.mark.parametrize("answer", [with_semaphore, with_workers, with_acquire])
    def test_a_limit_that_is_kept_and_used_passes(self, answer: object) -> None:
        assert check("3.2", answer)

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (all_at_once, "9 were in flight at once"),
            (a_semaphore_each, "the same semaphore"),
            (one_by_one, "awaited before the next one starts"),
            (in_groups, "A group waits for its slowest"),
            (always_two, "at most 2 were in flight"),
            (in_order_of_finishing, "not in the order of the questions"),
            (without_return, "reaches no return"),
            (without_await, "and never awaited"),
            (plain_with, "with  async with"),
            pytest.param(
                *(without_a_star, "put a star before"),
                marks=pytest.mark.filterwarnings("ignore:.*never awaited"),
            ),
            (not_awaited_at_the_end, "your function ended before they did"),
            (with_the_tickets_of_the_lesson, "a semaphore of your own"),
            ([], "the function itself, without brackets: ask_all"),
        ],
    )
    def test_the_rest_is_told_why_not(self, answer: object, said: str) -> None:
        verdict = check("3.2", answer)

        assert not verdict
        assert said in verdict.text

    def test_the_tickets_of_another_cell_are_none(self) -> None:
        verdict = check("3.2", take_the_tickets_of_another_cell())

        assert not verdict
        assert "for the loop of another cell" in verdict.text


def durations(run: Run) -> list[float]:
    return [call.duration or 0.0 for call in run.calls]


def mean(run: Run) -> float:
    return sum(durations(run)) / len(run.calls)


class TestInFlightNeeded:
    @pytest.mark.parametrize(
        "answer",
        [
            lambda run, rate: rate / 60 * mean(run),
            lambda run, rate: math.ceil(rate / 60 * mean(run)),
            lambda run, rate: rate * run.to_frame()["duration"].mean() / 60,
        ],
    )
    def test_littles_law_passes_rounded_up_or_not(self, answer: object) -> None:
        assert check("3.3", answer)

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (lambda run, rate: rate * mean(run), "for a minute of 60"),
            (lambda run, rate: 1000 * rate * mean(run), "you say 360,000."),
            (lambda run, rate: rate / 60, "the pace in a second"),
            (lambda run, rate: rate / 60 / mean(run), "multiplies"),
            (lambda run, rate: 60 / mean(run), "one slot answers in a minute"),
            (lambda run, rate: rate / 60 * run.makespan, "You took the makespan"),
            (lambda run, rate: rate / 60 * sum(durations(run)), "Divide by their number"),
            (lambda run, rate: rate / 60 * max(durations(run)), "the longest call"),
            (lambda run, rate: int(rate / 60 * mean(run)), "Rounded down"),
            (lambda run, rate: 7.5, "The law: calls in flight"),
            (lambda run, rate: int(rate / 60 * mean(run)) + 1, "a whole number stays"),
            (lambda run, rate: print(rate), "None"),
            (3.2, "the function itself"),
        ],
    )
    def test_the_rest_is_told_what_it_is(self, answer: object, said: str) -> None:
        verdict = check("3.3", answer)

        assert not verdict
        assert said in verdict.text


@pytest.mark.parametrize("seed", [0, 5])
class TestSeven:
    def run(self, seed: int, **options: Any) -> Run:
        endpoint = nb.connect(scenario="seven", seed=seed, speed=10, verbose=False)
        return nb.run(nb.prompts.TWENTY, endpoint, progress=False, **options)

    def test_seven_in_flight_pass(self, seed: int) -> None:
        assert check("3.6", self.run(seed, max_concurrency=7))

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"max_concurrency": 8, "max_attempts": 1}, "turned away"),
            ({"max_concurrency": 5}, "only 5 were in flight"),
            ({"max_concurrency": 7, "strategy": "batches"}, "Leave the strategy"),
        ],
    )
    def test_the_rest_is_told_where_to_go(
        self, seed: int, options: dict[str, Any], said: str
    ) -> None:
        verdict = check("3.6", self.run(seed, **options))

        assert not verdict
        assert said in verdict.text


def test_a_limit_alone_is_no_run() -> None:
    assert "wants the run" in check("3.6", 7).text
