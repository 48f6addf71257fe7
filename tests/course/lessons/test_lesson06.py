"""Lesson 6: each check passes the solution and tells a learner what is wrong with the rest."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.course import check
from aiml_nb.course.engine.practice_run import answered_run
from aiml_nb.report.findings import caveat

from ...rows import slow
from ...waiting import block, take


async def pause_and_ask(ask, question):
    await take(0.2)
    return await ask(question)


async def pause_in_a_thread(ask, question):
    await asyncio.to_thread(time.sleep, 0.2)
    return await ask(question)


async def pause_that_blocks(ask, question):
    block(0.2)  # the mistake
    return await ask(question)


async def pause_not_awaited(ask, question):
    asyncio.sleep(0.2).close()
    return await ask(question)


async def pause_afterwards(ask, question):
    answer = await ask(question)
    await take(0.2)
    return answer


async def question_not_awaited(ask, question):
    await take(0.2)
    return ask(question)


async def nothing_returned(ask, question):
    await take(0.2)
    await ask(question)


async def question_returned(ask, question):
    await take(0.2)
    await ask(question)
    return question


turns = asyncio.Semaphore(1)


async def pauses_in_turn(ask, question):
    async with turns:
        await take(0.2)
        return await ask(question)


async def sleep_awaited(ask, question):
    await time.sleep(0.2)  # noqa: ASYNC251
    return await ask(question)


async def sleep_called_for_the_thread(ask, question):
    await asyncio.to_thread(time.sleep(0.2))  # noqa: ASYNC251
    return await ask(question)


def not_async(ask, question):
    return f"an answer to: {question}"


@pytest.mark.parametrize("answer", [pause_and_ask, pause_in_a_thread])
def test_a_pause_that_lets_go_passes(answer: object) -> None:
    assert check("6.3", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (pause_that_blocks, "Which sleep lets go"),
        (pause_not_awaited, "await it, before you ask"),
        (pause_afterwards, "await it, before you ask"),
        (question_not_awaited, "prepared but not asked"),
        (nothing_returned, "None for an answer"),
        (question_returned, "where ask had answered"),
        (pauses_in_turn, "took turns"),
        (not_async, "async def"),
        (sleep_awaited, "Which sleep can be awaited"),
        (sleep_called_for_the_thread, "with a comma between them"),
        ("an answer", "the function itself"),
    ],
)
def test_another_pause_is_told_what_it_does(answer: object, said: str) -> None:
    verdict = check("6.3", answer)

    assert not verdict
    assert said in verdict.text


async def in_threads(ask, questions):
    return await asyncio.gather(*(asyncio.to_thread(ask, question) for question in questions))


async def in_a_task_group(ask, questions):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asyncio.to_thread(ask, question)) for question in questions]
    return [task.result() for task in tasks]


async def in_the_loop(ask, questions):
    return [ask(question) for question in questions]


async def async_in_name_only(ask, questions):
    async def ask_one(question):
        return ask(question)

    return await asyncio.gather(*(ask_one(question) for question in questions))


async def called_too_early(ask, questions):
    return await asyncio.gather(*(asyncio.to_thread(ask(question)) for question in questions))


async def one_thread_after_another(ask, questions):
    return [await asyncio.to_thread(ask, question) for question in questions]


async def in_order_of_arrival(ask, questions):
    calls = [asyncio.to_thread(ask, question) for question in questions]
    return [await call for call in asyncio.as_completed(calls)]


async def without_a_return(ask, questions):
    await asyncio.gather(*(asyncio.to_thread(ask, question) for question in questions))


async def never_awaited(ask, questions):
    return [asyncio.to_thread(ask, question) for question in questions]


async def gathered_but_not_awaited(ask, questions):
    return asyncio.gather(*(asyncio.to_thread(ask, question) for question in questions))


async def tasks_returned(ask, questions):
    return [asyncio.create_task(asyncio.to_thread(ask, question)) for question in questions]


async def gathered_without_threads(ask, questions):
    return await asyncio.gather(*(ask(question) for question in questions))


async def all_as_one_question(ask, questions):
    return await asyncio.to_thread(ask, questions)


async def another_way_to_ask(ask, questions):
    run = await nb.run_async(questions, nb.connect(speed=100, verbose=False), strategy="threads")
    return [call.text for call in run.calls]


async def some_only(ask, questions):
    return await asyncio.gather(*(asyncio.to_thread(ask, q) for q in questions[:2]))


@pytest.mark.parametrize("answer", [in_threads, in_a_task_group])
def test_a_function_that_blocks_in_threads_passes(answer: object) -> None:
    assert check("6.5", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (in_the_loop, "Let a thread call it"),
        (async_in_name_only, "Let a thread call it"),
        (called_too_early, "with a comma between them"),
        (one_thread_after_another, "one question was asked at a time"),
        (in_order_of_arrival, "in the order in which they were ready"),
        (without_a_return, "None (a function without a return line"),
        (never_awaited, "What awaits it"),
        (gathered_but_not_awaited, "Put await before gather"),
        (tasks_returned, "still a task"),
        (gathered_without_threads, "ask is a plain function"),
        (all_as_one_question, "one question at a time"),
        (another_way_to_ask, "ask was never called"),
        (some_only, "2 answers to 3 questions"),
    ],
)
def test_other_ways_to_ask_are_told_what_they_do(answer: object, said: str) -> None:
    verdict = check("6.5", answer)

    assert not verdict
    assert said in verdict.text


LAGS = {"save_answers": 0.004, "count_words": 0.28, "look_for_news": 0.02}


def test_the_lag_beside_the_culprit_passes() -> None:
    assert check("6.8", LAGS)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "says nothing about save_answers, count_words, look_for_news"),
        ("count_words", "The evidence is wanted"),
        (["count_words", 0.3], "a list"),
        (LAGS | {"count_words": 0.01}, "into one asyncio.gather"),
        (LAGS | {"look_for_news": 0.28}, "a gather of its own"),
        ({name: 1000 * lag for name, lag in LAGS.items()}, "milliseconds"),
        (LAGS | {"count_words": None}, "no number of seconds"),
        (LAGS | {"count_words": answered_run({"Why?": (0.0, 1.0)})}, "Only its loop_lag_max"),
        ({"count_words": 0.28}, "says nothing about save_answers, look_for_news"),
        ({"suspect": 0.28}, "it has ['suspect']"),
        ({print: 0.28}, "suspect.__name__"),
    ],
)
def test_other_lags_are_told_what_is_missing(answer: object, said: str) -> None:
    verdict = check("6.8", answer)

    assert not verdict
    assert said in verdict.text


@pytest.mark.parametrize(("seed", "speed"), [(0, 5.0), slow(7, 4.0)])
async def test_the_measured_lag_tells_who_it_was_with_other_seeds_too(
    seed: int, speed: float
) -> None:
    endpoint = nb.connect(simulate=True, seed=seed, speed=speed, verbose=False)

    async def save_answers():
        await take(0.3)
        await asyncio.to_thread(time.sleep, 0.5)

    async def count_words():
        await take(0.3)
        end = time.perf_counter() + 0.5
        while time.perf_counter() < end:
            sum(range(100))

    async def look_for_news():
        for _ in range(25):
            await take(0.02)

    lags = {}
    for suspect in (save_answers, count_words, look_for_news):
        run, _ = await asyncio.gather(nb.run_async(nb.prompts.TWENTY[:8], endpoint), suspect())
        lags[suspect.__name__] = run.loop_lag_max

    assert max(lags, key=lambda name: lags[name] or 0.0) == "count_words"
    assert check("6.8", lags)


def test_the_lesson_quotes_what_the_pictures_say() -> None:
    source = Path(__file__).parents[3] / "notebooks" / "sources" / "06-do-not-block.py"
    prose = re.sub(r"\s+", " ", source.read_text().replace("\n# ", " "))
    quoted = re.findall(r"small print[^*]*\*([^*]+)\*", prose)
    blocked = answered_run({"Why?": (0.0, 1.0), "When?": (1.0, 2.0), "Where?": (2.0, 3.0)})
    late = answered_run({"Why?": (0.0, 1.0), "When?": (0.0, 0.9)})
    late.loop_lag_max = late.loop_lag_total = 0.8
    said = caveat(blocked) + caveat(late)

    assert len(quoted) == 2
    assert all(quote in said for quote in quoted)
