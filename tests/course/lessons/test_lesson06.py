"""Lesson 6: each check passes the solution and tells a learner what is wrong with the rest."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
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


async def no_pause(ask, question):
    return await ask(question)


async def pause_beside_the_question(ask, question):
    _, answer = await asyncio.gather(take(0.2), ask(question))
    return answer


async def pause_too_short(ask, question):
    await take(0.1)
    return await ask(question)


async def pause_too_long(ask, question):
    await take(0.4)
    return await ask(question)


async def asks_nobody(ask, question):
    await take(0.2)
    return f"an answer to: {question}"


async def pause_beside_the_task(ask, question):
    pause = asyncio.create_task(asyncio.sleep(0.2))
    await pause
    return await asyncio.create_task(ask(question))


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


@pytest.mark.parametrize("answer", [pause_and_ask, pause_in_a_thread, pause_beside_the_task])
def test_a_pause_that_lets_go_passes(answer: object) -> None:
    assert check("6.3", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (pause_that_blocks, "Which sleep lets go"),
        (pause_not_awaited, "asyncio.sleep alone only prepares"),
        (pause_too_short, "before 0.2 s had passed"),
        (no_pause, "without a pause"),
        (pause_beside_the_question, "beside it or after it"),
        (pause_too_long, "The pause is 0.2 s long"),
        (asks_nobody, "ask was never called"),
        (pause_afterwards, "beside it or after it"),
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


async def in_a_pool(ask, questions):
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(len(questions)) as pool:
        calls = [loop.run_in_executor(pool, ask, question) for question in questions]
        return await asyncio.gather(*calls)


async def in_batches_of_two(ask, questions):
    answers = []
    for start in range(0, len(questions), 2):
        answers += await in_threads(ask, questions[start : start + 2])
    return answers


async def the_first_alone(ask, questions):
    first = await asyncio.to_thread(ask, questions[0])
    return [first, *await in_threads(ask, questions[1:])]


async def in_a_pool_of(size, ask, questions):
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(size) as pool:
        return await asyncio.gather(*(loop.run_in_executor(pool, ask, q) for q in questions))


def in_threads_of_a_plain_def(ask, questions):
    with ThreadPoolExecutor(len(questions)) as pool:
        return list(pool.map(ask, questions))


@pytest.mark.parametrize("answer", [in_threads, in_a_task_group, in_a_pool])
def test_a_function_that_blocks_in_threads_passes(answer: object) -> None:
    assert check("6.5", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (in_the_loop, "Let a thread call it"),
        slow(async_in_name_only, "Let a thread call it"),
        slow(called_too_early, "with a comma between them"),
        slow(one_thread_after_another, "one question was asked at a time"),
        (in_order_of_arrival, "in the order in which they were ready"),
        slow(without_a_return, "None (which a function gives"),
        (never_awaited, "What awaits it"),
        (gathered_but_not_awaited, "Put await before gather"),
        (tasks_returned, "still a task"),
        slow(gathered_without_threads, "ask is a plain function"),
        (all_as_one_question, "one question at a time"),
        (another_way_to_ask, "ask was never called"),
        (some_only, "Ask each of them once"),
        slow(in_batches_of_two, "at most 2 of 3"),
        slow(the_first_alone, "at most 2 of 3"),
        slow(partial(in_a_pool_of, 2), "at most 2 of 3"),
        slow(partial(in_a_pool_of, 8), "at most 8 of 30"),
        (in_threads_of_a_plain_def, "Begin it with  async def"),
    ],
)
def test_other_ways_to_ask_are_told_what_they_do(answer: object, said: str) -> None:
    verdict = check("6.5", answer)

    assert not verdict
    assert said in verdict.text


def run_beside(suspect, **options):
    endpoint = nb.connect(simulate=True, seed=0, speed=5, verbose=False)
    run = nb.run_async(nb.prompts.TWENTY[:8], endpoint, progress=False, **options)
    return run if suspect is None else asyncio.gather(run, suspect())


async def lag_beside(suspect):
    run, _ = await run_beside(suspect)
    return run.loop_lag_max


async def lag_of_tasks(suspect):
    task = asyncio.create_task(suspect())
    run = await run_beside(None)
    await task
    return run.loop_lag_max


async def lag_of_a_group(suspect):
    async with asyncio.TaskGroup() as group:
        group.create_task(suspect())
        run = group.create_task(run_beside(None))
    return run.result().loop_lag_max


async def one_after_the_other(suspect):
    run = await run_beside(None)
    await suspect()
    return run.loop_lag_max


async def alone(suspect):
    return (await run_beside(None)).loop_lag_max


async def made_up(suspect):
    await run_beside(suspect)
    return {"count_words": 0.5}.get(suspect.__name__, 0.4)


async def the_whole_run(suspect):
    return (await run_beside(suspect))[0]


async def in_milliseconds(suspect):
    return 1000 * await lag_beside(suspect)


async def the_sum(suspect):
    return (await run_beside(suspect))[0].loop_lag_total


async def not_returned(suspect):
    await lag_beside(suspect)


async def the_time_it_took(suspect):
    return (await run_beside(suspect))[0].makespan


@pytest.mark.parametrize("answer", [lag_beside, slow(lag_of_tasks), slow(lag_of_a_group)])
def test_the_lag_beside_a_suspect_passes(answer: object) -> None:
    assert check("6.8", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        slow(one_after_the_other, "into one gather"),
        (alone, "suspect was never called"),
        (made_up, "beside code that holds the loop for 0.3 s and then for 0.15 s you say"),
        (the_whole_run, "Only its loop_lag_max"),
        slow(in_milliseconds, "milliseconds"),
        slow(the_sum, "no sum of delays"),
        (not_returned, "and wants the lag in seconds"),
        slow(the_time_it_took, "loop_lag_max"),
        ({"count_words": 0.28}, "the function itself"),
        (0.5, "the function itself"),
    ],
)
def test_other_lags_are_told_what_is_missing(answer: object, said: str) -> None:
    verdict = check("6.8", answer)

    assert not verdict
    assert said in verdict.text


def test_the_lesson_quotes_what_the_pictures_say() -> None:
    source = Path(__file__).parents[3] / "notebooks" / "sources" / "06-do-not-block.py"
    prose = re.sub(r"\s+", " ", source.read_text().replace("\n# ", " "))
    quoted = re.findall(r"small text[^*]*\*([^*]+)\*", prose)
    blocked = answered_run({"Why?": (0.0, 1.0), "When?": (1.0, 2.0), "Where?": (2.0, 3.0)})
    late = answered_run({"Why?": (0.0, 1.0), "When?": (0.0, 0.9)})
    late.loop_lag_max = late.loop_lag_total = 0.8
    said = caveat(blocked) + caveat(late)

    assert len(quoted) == 2
    assert all(quote in said for quote in quoted)


def test_in_a_script_asyncio_can_name_the_step_that_takes_long() -> None:
    script = """
import asyncio, time
async def count_words():
    time.sleep(0.15)
async def main():
    await asyncio.create_task(count_words())
asyncio.run(main(), debug=True)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert "coro=<count_words()" in done.stderr
    assert "took 0." in done.stderr
