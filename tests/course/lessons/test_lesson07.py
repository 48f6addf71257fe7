"""Lesson 7: each check passes the solution and tells a learner what is wrong with the rest."""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from dataclasses import replace

import pytest

import aiml_nb as nb
from aiml_nb.analysis.pairs import pair_ratios
from aiml_nb.course import check
from aiml_nb.course.engine import loop_lag

from ...rows import slow
from ...waiting import block, take


def typical(ratios):
    return math.prod(ratios) ** (1 / len(ratios))


def by_logarithms(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


@pytest.mark.parametrize("answer", [typical, statistics.geometric_mean, by_logarithms])
def test_the_geometric_mean_passes(answer: object) -> None:
    assert check("7.3", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (statistics.mean, "that is the mean"),
        (statistics.median, "in the middle"),
        (math.prod, "Its root is missing"),
        (lambda ratios: math.prod(ratios) ** 1 / len(ratios), "put brackets"),
        (lambda ratios: 0 * math.prod(ratios), "Begin with 1"),
        (lambda ratios: ratios[0], "the geometric mean is 1"),
        (lambda ratios: 1 / typical(ratios), "the geometric mean is"),
        (lambda ratios: None, "None (which"),
        (lambda ratios: str(typical(ratios)), "and wants a number"),
        (1.8, "the function itself"),
    ],
)
def test_other_means_are_told_which_they_are(answer: object, said: str) -> None:
    verdict = check("7.3", answer)

    assert not verdict
    assert said in verdict.text


def test_compare_takes_the_same_mean_with_another_seed_too() -> None:
    endpoint = nb.connect(scenario="classroom", seed=5, speed=100, verbose=False)

    result = nb.compare(["Why?", "How?"], endpoint, repeats=3, progress=False)

    assert result.speedup == pytest.approx(typical(pair_ratios(result)))


def within_95(run):
    done = sorted(call.duration for call in run.calls if call.outcome == "ok")
    return done[round(0.95 * len(done)) - 1]


def interpolated(run):
    done = [call.duration for call in run.calls if call.outcome == "ok"]
    return statistics.quantiles(done, n=20, method="inclusive")[-1]


def by_pandas(run):
    table = run.to_frame()
    return table[table["outcome"] == "ok"]["duration"].quantile(0.95)


@pytest.mark.parametrize("answer", [within_95, interpolated, by_pandas])
def test_the_95th_percentile_of_answered_calls_passes(answer: object) -> None:
    assert check("7.6", answer)


def of_all_calls(run):
    done = sorted(call.duration for call in run.calls)
    return done[round(0.95 * len(done)) - 1]


def by_finished(run):
    done = sorted((c for c in run.calls if c.outcome == "ok"), key=lambda call: call.finished)
    return done[round(0.95 * len(done)) - 1].duration


def finished_at(run):
    done = sorted(call.finished for call in run.calls if call.outcome == "ok")
    return done[round(0.95 * len(done)) - 1]


def unsorted(run):
    done = [call.duration for call in run.calls if call.outcome == "ok"]
    return done[round(0.95 * len(done)) - 1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (of_all_calls, "the refused calls"),
        (by_finished, "not by finished"),
        (lambda run: within_95(replace(run, calls=run.calls[1:])), "take the 19th"),
        (finished_at, "when a call finished"),
        (unsorted, "Sort the durations"),
        (lambda run: statistics.mean(c.duration for c in run.calls if c.outcome == "ok"), "mean"),
        (lambda run: max(call.duration for call in run.calls), "within that all were done"),
        (lambda run: statistics.median(c.duration for c in run.calls), "take the 19th"),
        (lambda run: 0.95 * max(c.duration for c in run.calls), "95 % of the longest"),
        (lambda run: run.summary()["duration_p95"], "a Series"),
        (lambda run: None, "None (which"),
        (lambda run: [c.duration for c in run.calls], "a number of seconds"),
        (lambda run: run.summary().duration_p99, "a number of seconds"),
    ],
)
def test_other_numbers_are_told_what_they_are(answer: object, said: str) -> None:
    verdict = check("7.6", answer)

    assert not verdict
    assert said in verdict.text


def test_the_summary_agrees_for_a_run_with_another_seed() -> None:
    endpoint = nb.connect(scenario="stragglers", seed=3, speed=100, verbose=False)

    run = nb.run(nb.prompts.TWENTY * 2, endpoint, progress=False)

    ranked = sorted(call.duration or 0.0 for call in run.calls)
    assert within_95(run) == ranked[37]
    assert ranked[36] <= float(run.summary()["duration_p95"].iloc[0]) <= ranked[38]


def on_schedule_with(ask_one):
    async def on_schedule(ask, questions, gap):
        start = time.perf_counter()
        return await asyncio.gather(
            *(ask_one(ask, question, n * gap, start) for n, question in enumerate(questions))
        )

    return on_schedule


async def from_due(ask, question, due, start):
    await take(start + due - time.perf_counter())
    await ask(question)
    return time.perf_counter() - start - due


async def at_a_time(ask, question, due, start):
    loop = asyncio.get_running_loop()
    moment = loop.time() - (time.perf_counter() - start) + due
    async with asyncio.timeout_at(moment + 30):
        await take(max(0.0, moment - loop.time()))
        await ask(question)
    return loop.time() - moment


async def in_steps(ask, question, due, start):
    while time.perf_counter() < start + due:
        await take(0.005)
    answered = await ask(question) and time.perf_counter()
    return answered - start - due


async def from_sending(ask, question, due, start):
    await take(due)
    sent = time.perf_counter()
    await ask(question)
    return time.perf_counter() - sent


async def not_on_time(ask, question, due, start):
    await ask(question)
    return time.perf_counter() - start - due


async def from_the_start(ask, question, due, start):
    await take(due)
    await ask(question)
    return time.perf_counter() - start


async def looked_too_early(ask, question, due, start):
    await take(due)
    waited = time.perf_counter() - start - due
    await ask(question)
    return waited


async def never_asked(ask, question, due, start):
    await take(due)
    ask(question).close()
    return 0.0


async def nothing_returned(ask, question, due, start):
    await take(due)
    await ask(question)


async def all_after_one_gap(ask, question, due, start):
    await take(0.08)
    await ask(question)
    return time.perf_counter() - start - due


async def one_gap_later(ask, question, due, start):
    return await from_due(ask, question, due + 0.08, start)


async def blocks(ask, question, due, start):
    block(0.08)  # the mistake
    await ask(question)
    return time.perf_counter() - start - due


async def backwards(ask, question, due, start):
    await take(due)
    await ask(question)
    return start + due - time.perf_counter() - 1


async def closed_loop(ask, questions, gap):
    waits = []
    for question in questions:
        began = time.perf_counter()
        await ask(question)
        waits.append(time.perf_counter() - began)
        await take(gap)
    return waits


@pytest.mark.parametrize("ask_one", [from_due, slow(at_a_time), slow(in_steps)])
def test_a_schedule_that_is_kept_passes(ask_one: object) -> None:
    assert check("7.11", on_schedule_with(ask_one))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        slow(closed_loop, "The schedule does not wait for the server"),
        (on_schedule_with(not_on_time), "question 6 was sent after 0."),
        (on_schedule_with(all_after_one_gap), "question 6 was sent after 0."),
        slow(on_schedule_with(one_gap_later), "counts from 0"),
        slow(on_schedule_with(blocks), "Which sleep lets go"),
        (on_schedule_with(backwards), "is no wait"),
        (on_schedule_with(from_the_start), "Measure from when it was due"),
        (on_schedule_with(looked_too_early), "after ask has answered"),
        (on_schedule_with(never_asked), "never awaited"),
        (on_schedule_with(from_sending), "you measure from when it was sent"),
        slow(on_schedule_with(nothing_returned), "from ask_one"),
        ([0.1, 0.2], "the function itself"),
    ],
)
def test_another_schedule_is_told_what_it_does(answer: object, said: str) -> None:
    verdict = check("7.11", answer)

    assert not verdict
    assert said in verdict.text


async def test_a_function_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_lag, "_TIMEOUT", 0.3)

    async def until_when(ask, question, due, start):
        await take(start + due)

    verdict = check("7.11", on_schedule_with(until_when))

    assert not verdict
    assert "not until when" in verdict.text
