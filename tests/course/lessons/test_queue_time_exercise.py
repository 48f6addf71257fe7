"""Exercise 7.8: queue time and duration, each counted once, pass; the rest is told why not."""

from __future__ import annotations

import asyncio
from time import perf_counter

import pytest

from aiml_nb.course import check

from ...rows import slow


def measure_with(ask_one):
    async def measure(ask, questions, limit):
        slots, begin = asyncio.Semaphore(limit), perf_counter()
        return await asyncio.gather(*(ask_one(ask, q, slots, begin) for q in questions))

    return measure


async def both(ask, question, slots, begin):
    async with slots:
        started = perf_counter()
        await ask(question)
        finished = perf_counter()
    return started - begin, finished - started


async def acquire_and_release(ask, question, slots, begin):
    await slots.acquire()
    queued = perf_counter() - begin
    try:
        await ask(question)
    finally:
        slots.release()
    return [queued, perf_counter() - begin - queued]


async def with_workers(ask, questions, limit):
    begin, found = perf_counter(), {}
    waiting = iter(questions)

    async def work():
        for question in waiting:
            started = perf_counter()
            await ask(question)
            found[question] = (started - begin, perf_counter() - started)

    await asyncio.gather(*(work() for _ in range(limit)))
    return [found[question] for question in questions]


@pytest.mark.parametrize(
    "answer",
    [measure_with(both), slow(measure_with(acquire_and_release)), slow(with_workers)],
)
def test_both_times_pass(answer: object) -> None:
    assert check("7.8", answer)


async def queue_in_the_duration(ask, question, slots, begin):
    started = perf_counter()
    async with slots:
        await ask(question)
    return started - begin, perf_counter() - started


async def duration_from_begin(ask, question, slots, begin):
    async with slots:
        started = perf_counter()
        await ask(question)
    return started - begin, perf_counter() - begin


async def turned_round(ask, question, slots, begin):
    queued, took = await both(ask, question, slots, begin)
    return took, queued


async def queue_to_the_end(ask, question, slots, begin):
    async with slots:
        started = perf_counter()
        await ask(question)
    return perf_counter() - begin, perf_counter() - started


async def read_too_early(ask, question, slots, begin):
    async with slots:
        started = perf_counter()
        finished = perf_counter()
        await ask(question)
    return started - begin, finished - started


async def no_limit(ask, question, slots, begin):
    started = perf_counter()
    await ask(question)
    return started - begin, perf_counter() - started


async def one_number(ask, question, slots, begin):
    return sum(await both(ask, question, slots, begin))


async def nothing(ask, question, slots, begin):
    await both(ask, question, slots, begin)


async def never_asked(ask, question, slots, begin):
    return 0.0, 0.3


async def one_by_one(ask, questions, limit):
    slots, begin = asyncio.Semaphore(limit), perf_counter()
    return [await both(ask, question, slots, begin) for question in questions]


async def a_slot_for_each(ask, questions, limit):
    begin = perf_counter()
    return await asyncio.gather(
        *(both(ask, question, asyncio.Semaphore(limit), begin) for question in questions)
    )


async def in_another_order(ask, questions, limit):
    return (await measure_with(both)(ask, questions, limit))[::-1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (measure_with(queue_in_the_duration), "The wait for a slot is in the duration"),
        (measure_with(duration_from_begin), "not at begin"),
        slow(measure_with(turned_round), "the wrong way round"),
        slow(measure_with(queue_to_the_end), "not when the answer is there"),
        slow(measure_with(read_too_early), "before the answer was there"),
        slow(measure_with(no_limit), "the limit is 1"),
        slow(measure_with(one_number), "a pair of seconds"),
        slow(measure_with(nothing), "a pair of seconds"),
        slow(measure_with(never_asked), "never"),
        slow(one_by_one, "only 1 calls were in flight"),
        slow(a_slot_for_each, "the limit is 1"),
        slow(in_another_order, "Read the watch when the slot is free"),
        slow([(0.0, 0.3)], "the function itself"),
    ],
)
def test_other_times_are_told_what_they_are(answer: object, said: str) -> None:
    verdict = check("7.8", answer)

    assert not verdict
    assert said in verdict.text
