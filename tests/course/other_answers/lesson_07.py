"""Answers to lesson 7."""

# ruff: noqa: RET503  answers as learners write them

from __future__ import annotations

import asyncio
import math
import operator
import statistics
import time
from decimal import Decimal
from functools import reduce

import numpy as np
import pandas as pd

from ...waiting import block
from .registry import right, wrong

right("7.3")(statistics.geometric_mean)
right("7.3")(lambda ratios: math.prod(ratios) ** (1 / len(ratios)))
right("7.3")(lambda ratios: np.exp(np.log(ratios).mean()))
right("7.3")(
    lambda ratios: reduce(operator.mul, map(Decimal, ratios)) ** (Decimal(1) / len(ratios))
)
right("7.3")(lambda ratios: pd.Series(ratios).prod() ** (1 / len(ratios)))
wrong("7.3", "square root")(lambda ratios: math.sqrt(math.prod(ratios)))
wrong("7.3", "the mean")(statistics.mean)
wrong("7.3", "harmonic")(statistics.harmonic_mean)
wrong("7.3", "in the middle")(statistics.median)
wrong("7.3", "logarithms")(lambda ratios: statistics.fmean(map(math.log, ratios)))


@wrong("7.3", "the return stands inside the loop")
def returns_in_the_loop(ratios):
    product = 1.0
    for ratio in ratios:
        product *= ratio
        return product ** (1 / len(ratios))


def ok_durations(run):
    return [call.duration for call in run.calls if call.outcome == "ok"]


right("7.6")(lambda run: np.percentile(ok_durations(run), 95))
right("7.6")(lambda run: np.quantile(ok_durations(run), 0.95, method="inverted_cdf"))
right("7.6")(lambda run: statistics.quantiles(ok_durations(run), n=20)[-1])
right("7.6")(lambda run: statistics.quantiles(ok_durations(run), n=100, method="inclusive")[94])


@right("7.6")
def by_the_table(run):
    calls = run.to_frame()
    return calls.loc[calls["outcome"] == "ok", "duration"].quantile(0.95)


@right("7.6")
def by_counting(run):
    done = ok_durations(run)
    for seconds in sorted(done):
        if sum(each <= seconds for each in done) >= 0.95 * len(done):
            return seconds


wrong("7.6", "refused calls")(
    lambda run: np.percentile([c.duration for c in run.calls if c.duration is not None], 95)
)
wrong("7.6", "all were done")(
    lambda run: sorted(ok_durations(run))[int(0.95 * len(ok_durations(run)))]
)
wrong("7.6", "Sort the durations")(
    lambda run: ok_durations(run)[round(0.95 * len(ok_durations(run))) - 1]
)
wrong("7.6", "counted from the slowest")(
    lambda run: sorted(ok_durations(run), reverse=True)[round(0.95 * len(ok_durations(run))) - 1]
)
wrong("7.6", "95 % of the longest")(lambda run: 0.95 * max(ok_durations(run)))
wrong("7.6", "do not exceed")(lambda run: sorted(ok_durations(run))[18])
wrong("7.6", "do not exceed")(
    lambda run: statistics.fmean(ok_durations(run)) + 1.645 * statistics.stdev(ok_durations(run))
)
wrong("7.6", "not only 95 of 100")(lambda run: max(ok_durations(run)))
wrong("7.6", "None")(lambda run: sorted(c.duration for c in run.calls)[-2])


@right("7.8")
async def by_a_class(ask, questions, limit):
    class Watch:
        def __init__(self, question):
            self.question = question

        async def go(self):
            async with slots:
                self.started = time.monotonic()
                await ask(self.question)
                self.finished = time.monotonic()

    slots, begin = asyncio.Semaphore(limit), time.monotonic()
    watches = [Watch(question) for question in questions]
    await asyncio.gather(*(watch.go() for watch in watches))
    return [(watch.started - begin, watch.finished - watch.started) for watch in watches]


@right("7.8")
async def by_columns(ask, questions, limit):
    slots, queue, took = asyncio.Semaphore(limit), {}, {}
    begin = time.perf_counter()

    async def one(question):
        async with slots:
            queue[question] = time.perf_counter() - begin
            await ask(question)
            took[question] = time.perf_counter() - begin - queue[question]

    await asyncio.gather(*map(one, questions))
    return zip([queue[q] for q in questions], [took[q] for q in questions], strict=True)


@right("7.8")
async def as_an_array(ask, questions, limit):
    return np.array(list(await by_columns(ask, questions, limit))).round(2)


async def measured(ask, questions, limit, ask_one):
    slots, begin = asyncio.Semaphore(limit), time.perf_counter()
    return await asyncio.gather(*(ask_one(ask, q, slots, begin) for q in questions))


def by(ask_one):
    """Make an answer of its inner function."""

    async def measure(ask, questions, limit):
        return await measured(ask, questions, limit, ask_one)

    measure.__name__ = ask_one.__name__
    return measure


@wrong("7.8", "wait for a slot is in the duration")
@by
async def started_outside(ask, question, slots, begin):
    started = time.perf_counter()
    async with slots:
        await ask(question)
        return started - begin, time.perf_counter() - started


@wrong("7.8", "not at begin")
@by
async def both_from_begin(ask, question, slots, begin):
    async with slots:
        started = time.perf_counter() - begin
        await ask(question)
        return started, time.perf_counter() - begin


@wrong("7.8", "process_time")
@by
async def processor_time(ask, question, slots, begin):
    begin = time.process_time()
    async with slots:
        started = time.process_time()
        await ask(question)
        return started - begin, time.process_time() - started


@wrong("7.8", "the limit is 1")
@by
async def asked_outside(ask, question, slots, begin):
    async with slots:
        started = time.perf_counter()
    await ask(question)
    return started - begin, time.perf_counter() - started


@wrong("7.8", "a pair of seconds")
@by
async def three_of_them(ask, question, slots, begin):
    async with slots:
        started = time.perf_counter()
        await ask(question)
    return question, started - begin, time.perf_counter() - started


@wrong("7.8", "milliseconds")
@by
async def in_milliseconds(ask, question, slots, begin):
    async with slots:
        started = time.perf_counter()
        await ask(question)
    return 1000 * (started - begin), 1000 * (time.perf_counter() - started)


@wrong("7.8", "wrong way round")
@by
async def duration_first(ask, question, slots, begin):
    async with slots:
        started = time.perf_counter()
        await ask(question)
    return time.perf_counter() - started, started - begin


def scheduled(ask_one):
    """Make an answer of its inner function."""

    async def on_schedule(ask, questions, gap):
        start = time.perf_counter()
        return await asyncio.gather(
            *(ask_one(ask, start, gap, number, q) for number, q in enumerate(questions))
        )

    on_schedule.__name__ = ask_one.__name__
    return on_schedule


@right("7.11")
@scheduled
async def by_a_thread(ask, start, gap, number, question):
    due = start + gap * number
    await asyncio.to_thread(time.sleep, max(0.0, due - time.perf_counter()))
    await ask(question)
    return time.perf_counter() - start - number * gap


@right("7.11")
async def sent_from_one_loop(ask, questions, gap):
    loop = asyncio.get_running_loop()
    begin, waits = loop.time(), {}

    async def one(number, question):
        await ask(question)
        waits[number] = loop.time() - (begin + number * gap)

    async with asyncio.TaskGroup() as group:
        for number, question in enumerate(questions):
            await asyncio.sleep(begin + number * gap - loop.time())
            group.create_task(one(number, question))
    return [waits[number] for number in range(len(questions))]


@right("7.11")
@scheduled
async def rung_by_the_loop(ask, start, gap, number, question):
    loop = asyncio.get_running_loop()
    due = start + number * gap
    bell = loop.create_future()
    loop.call_at(loop.time() + due - time.perf_counter(), bell.set_result, due)
    since = await bell
    await ask(question)
    return time.perf_counter() - since


@wrong("7.11", "from when it was sent")
@scheduled
async def from_sending(ask, start, gap, number, question):
    await asyncio.sleep(start + number * gap - time.perf_counter())
    sent = time.perf_counter()
    await ask(question)
    return time.perf_counter() - sent


@wrong("7.11", "Which sleep lets go")
@scheduled
async def blocks_until_due(ask, start, gap, number, question):
    due = start + number * gap
    block(0.4 if number else 0.0)
    await ask(question)
    return time.perf_counter() - due


@wrong("7.11", "does not wait for the server")
async def closed_loop(ask, questions, gap):
    start, waits = time.perf_counter(), []
    for number, question in enumerate(questions):
        due = start + number * gap
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await ask(question)
        waits.append(time.perf_counter() - due)
    return waits


@wrong("7.11", "counts")
@scheduled
async def from_one_on(ask, start, gap, number, question):
    due = start + (number + 1) * gap
    await asyncio.sleep(due - time.perf_counter())
    await ask(question)
    return time.perf_counter() - due


@wrong("7.11", "before it was due is in it")
@scheduled
async def from_the_start(ask, start, gap, number, question):
    await asyncio.sleep(start + number * gap - time.perf_counter())
    await ask(question)
    return time.perf_counter() - start


@wrong("7.11", "Each has to wait until it is due")
@scheduled
async def all_at_once(ask, start, gap, number, question):
    await ask(question)
    return time.perf_counter() - start
