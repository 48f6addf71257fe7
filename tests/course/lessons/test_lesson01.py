"""Lesson 1: each check passes the solution and tells a learner what is wrong with the rest."""

from __future__ import annotations

import asyncio
import gc
from itertools import accumulate

import pytest

import aiml_nb as nb
from aiml_nb.course import check

from ...waiting import give_way

NEVER_AWAITED = pytest.mark.filterwarnings("ignore:.*never awaited")


def by_finish(run):
    return [call.prompt for call in sorted(run.calls, key=lambda call: call.finished)]


WRONG_ORDERS = [
    (lambda run: [call.prompt for call in run.calls], "that is the order of asking"),
    (lambda run: by_finish(run)[::-1], "the last one comes first"),
    (
        lambda run: [c.prompt for c in sorted(run.calls, key=lambda c: c.prompt)][1:],
        "all of its calls",
    ),
    (lambda run: sorted(run.calls, key=lambda call: call.finished), "something else than prompts"),
    (lambda run: by_finish(run).sort(), "None (which a function gives"),
    (lambda run: sorted(call.prompt for call in run.calls), "By which stamp"),
    (
        lambda run: [c.prompt for c in sorted(run.calls, key=lambda c: c.duration)],
        "By which stamp",
    ),
    (lambda run: [c.prompt for c in sorted(run.calls, key=lambda c: c.started)], "By which stamp"),
    (lambda run: list(nb.prompts.FAQ), "another run"),
]


def by_the_table(run):
    return run.to_frame().sort_values("finished")["prompt"].tolist()


def one_by_one_the_earliest(run):
    left, order = list(run.calls), []
    while left:
        order.append(min(left, key=lambda call: call.finished))
        left.remove(order[-1])
    return tuple(call.prompt for call in order)


@pytest.mark.parametrize("answer", [by_finish, by_the_table, one_by_one_the_earliest])
def test_the_order_of_arrival_passes(answer: object) -> None:
    assert check("1.3", answer)


@pytest.mark.parametrize(("answer", "said"), WRONG_ORDERS)
def test_another_order_is_told_which_it_is(answer: object, said: str) -> None:
    verdict = check("1.3", answer)

    assert not verdict
    assert said in verdict.text


def test_the_list_of_one_run_is_not_a_function_for_all() -> None:
    verdict = check("1.3", ["What is 2+2?"])

    assert not verdict
    assert "the function itself" in verdict.text


def test_sum_and_maximum_pass() -> None:
    assert check("1.5", lambda durations: (sum(durations), max(durations)))
    assert check("1.5", lambda durations: [sum(durations), max(durations)])
    assert check("1.5", lambda d: ([*accumulate(d)][-1], sorted(d)[-1]))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda d: (max(d), sum(d)), "the wrong way round"),
        (lambda d: (sum(d), sum(d) / len(d)), "when is the last of them done"),
        (lambda d: (sum(d), sum(d)), "when is the last of them done"),
        (lambda d: (len(d) * max(d), max(d)), "the times add up"),
        (lambda d: (5.5, 5.0), "the times add up"),
        (lambda d: sum(d), "two numbers"),
        (lambda d: (str(sum(d)), max(d)), "numbers of seconds"),
    ],
)
def test_other_totals_are_told_what_adds_up(answer: object, said: str) -> None:
    verdict = check("1.5", answer)

    assert not verdict
    assert said in verdict.text


async def gather_all(ask, questions):
    return await asyncio.gather(*(ask(question) for question in questions))


async def tasks(ask, questions):
    started = [asyncio.create_task(ask(question)) for question in questions]
    return [await task for task in started]


async def one_by_one(ask, questions):
    return [await ask(question) for question in questions]


async def as_they_come(ask, questions):
    # As tasks they start in the order of the questions; as_completed has no order of its own.
    calls = [asyncio.create_task(ask(question)) for question in questions]
    return [await call for call in asyncio.as_completed(calls)]


async def two_only(ask, questions):
    return await asyncio.gather(ask(questions[0]), ask(questions[1]))


async def not_waited_for(ask, questions):
    asyncio.gather(*(ask(question) for question in questions))
    await give_way()


async def nothing_returned(ask, questions):
    await asyncio.gather(*(ask(question) for question in questions))


async def gather_of_a_list(ask, questions):
    return await asyncio.gather([ask(question) for question in questions])


async def gather_of_answers(ask, questions):
    return await asyncio.gather(*[await ask(question) for question in questions])


async def await_of_a_list(ask, questions):
    return await [ask(question) for question in questions]


async def questions_given_back(ask, questions):
    return list(questions)


async def in_a_group(ask, questions):
    async with asyncio.TaskGroup() as group:
        started = [group.create_task(ask(question)) for question in questions]
    return [task.result() for task in started]


@pytest.mark.parametrize("answer", [gather_all, tasks, in_a_group])
def test_all_at_once_passes(answer: object) -> None:
    assert check("1.6", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (one_by_one, "An await inside a loop waits there"),
        (as_they_come, "in the order of arrival"),
        (two_only, "Ask each of them once"),
        (not_waited_for, "your function ended before they did"),
        (nothing_returned, "None (which a function gives"),
        (questions_given_back, "ask was never called"),
        pytest.param(gather_of_a_list, "put a star before", marks=NEVER_AWAITED),
        pytest.param(gather_of_answers, "without await", marks=NEVER_AWAITED),
        pytest.param(await_of_a_list, "await asyncio.gather(*calls)", marks=NEVER_AWAITED),
    ],
)
def test_what_is_not_all_at_once_in_order_is_told_why(answer: object, said: str) -> None:
    verdict = check("1.6", answer)
    gc.collect()  # calls that were never awaited warn here, and not in a later test

    assert not verdict
    assert said in verdict.text


def test_an_exercise_given_as_its_result_is_told_to_give_the_function() -> None:
    verdict = check("1.6", ["an answer"])

    assert not verdict
    assert "without brackets: ask_all" in verdict.text
