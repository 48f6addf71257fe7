"""Lesson 2: each check passes the solution and tells a learner what is wrong with the rest."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

import aiml_nb as nb
from aiml_nb.course import check

from ...rows import slow


async def shout(ask, question):
    return (await ask(question)).upper()


async def forgot_to_await(ask, question):
    answer = ask(question)
    try:
        return answer.upper()
    finally:
        answer.close()


async def runs_in_a_run(ask, question):
    call = ask(question)
    try:
        return asyncio.run(call).upper()
    finally:
        call.close()


async def whispers(ask, question):
    return await ask(question)


async def asks_twice(ask, question):
    await ask(question)
    return (await ask(question)).upper()


async def asks_nobody(ask, question):
    return question.upper()


async def returns_nothing(ask, question):
    (await ask(question)).upper()


def brings_a_loop(ask, question):
    return asyncio.run(ask(question)).upper()


async def asks_in_another_loop(ask, question):
    return (await asyncio.to_thread(asyncio.run, ask(question))).upper()


def hands_on_a_coroutine(ask, question):
    return shout(ask, question)


async def in_a_task(ask, question):
    task = asyncio.create_task(ask(question))
    answer = await task
    return answer.upper()


async def shouts_one_answer_only(ask, question):
    await ask(question)
    return "AN ANSWER TO: WHY?"


async def gives_the_call_back(ask, question):
    return ask(question)


@pytest.mark.parametrize("answer", [shout, hands_on_a_coroutine, in_a_task])
def test_shouting_the_answer_passes(answer: object) -> None:
    assert check("2.2", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (forgot_to_await, "Write await before it"),
        (runs_in_a_run, "Inside an async def a loop is running"),
        (brings_a_loop, "running event loop"),
        (asks_in_another_loop, "in another event loop"),
        (shouts_one_answer_only, "the answer was"),
        (gives_the_call_back, "Calling it only prepares"),
        (lambda ask, question: "AN ANSWER", "shout is a plain function"),
        (whispers, "not in capital letters"),
        (asks_twice, "asked 2 times"),
        (asks_nobody, "never called"),
        (returns_nothing, "it returned None"),
        ("AN ANSWER", "the function itself"),
    ],
)
def test_what_does_not_shout_is_told_why(answer: object, said: str) -> None:
    verdict = check("2.2", answer)

    assert not verdict
    assert said in verdict.text


def is_loop_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def asks_for_a_loop() -> bool:
    return True


def asks_with_else() -> bool:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    return loop is not None and loop.is_running()


def asks_the_other_function() -> bool:
    return asyncio._get_running_loop() is not None


KNOWING = [is_loop_running, asks_with_else, asks_the_other_function]


@pytest.mark.parametrize("answer", KNOWING)
def test_knowing_the_loop_passes_wherever_the_check_is_called(answer: object) -> None:
    assert check("2.8", answer)


async def test_knowing_the_loop_passes_in_a_running_loop_too() -> None:
    assert check("2.8", is_loop_running)


def gets_a_loop() -> bool:
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        return False
    return True


def starts_a_loop() -> bool:
    nothing = asyncio.sleep(0)
    try:
        asyncio.run(nothing)
    except RuntimeError:
        return True
    finally:
        nothing.close()
    return False


def looks_for_its_task() -> bool:
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda: asyncio.get_running_loop().is_running(), "Catch that error"),
        (asyncio.get_running_loop, "Catch that error"),
        (lambda: True, "where no loop is running, it says True"),
        (lambda: False, "where a loop is running it says False"),
        (lambda: not is_loop_running(), "the wrong way round"),
        (lambda: "yes" if is_loop_running() else "no", "Return True or False"),
        (lambda: None, "Return True or False"),
        (gets_a_loop, "Use get_running_loop()"),
        (starts_a_loop, "started a loop to find out"),
        (looks_for_its_task, "which are no tasks"),
        (asks_for_a_loop, "Use a plain def"),
        (True, "the function itself"),
    ],
)
def test_what_does_not_know_is_told_why(answer: object, said: str) -> None:
    verdict = check("2.8", answer)

    assert not verdict
    assert said in verdict.text


def run_async(prompts, endpoint):
    return nb.run_async(prompts, endpoint, progress=False)


async def two_at_once(endpoint):
    return await asyncio.gather(
        run_async(nb.prompts.FAQ, endpoint), run_async(nb.prompts.TWENTY[:5], endpoint)
    )


async def as_tasks(endpoint):
    first = asyncio.create_task(run_async(nb.prompts.TWENTY[:5], endpoint))
    second = asyncio.create_task(run_async(nb.prompts.FAQ, endpoint))
    return await first, await second


async def in_a_group(endpoint):
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(run_async(prompts, endpoint))
            for prompts in (nb.prompts.FAQ, nb.prompts.TWENTY[:5])
        ]
    return [task.result() for task in tasks]


async def one_after_the_other(endpoint):
    first = await run_async(nb.prompts.FAQ, endpoint)
    return first, await run_async(nb.prompts.TWENTY[:5], endpoint)


def of(*prompts):
    async def make_two_runs(endpoint):
        return await asyncio.gather(*(run_async(each, endpoint) for each in prompts))

    return make_two_runs


async def the_same_run(endpoint):
    run = await run_async(nb.prompts.FAQ, endpoint)
    return run, run


async def elsewhere(endpoint):
    return await two_at_once(nb.connect(seed=9, speed=50, verbose=False))


async def not_awaited(endpoint):
    return asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))


async def with_the_prompts(endpoint):
    return await run_async(nb.prompts.FAQ, endpoint), nb.prompts.TWENTY[:5]


async def blocking_runs(endpoint):
    return await asyncio.gather(
        nb.run(nb.prompts.FAQ, endpoint, progress=False),
        nb.run(nb.prompts.TWENTY[:5], endpoint, progress=False),
    )


@pytest.mark.parametrize("answer", [two_at_once, slow(as_tasks), slow(in_a_group)])
def test_two_runs_at_once_pass(answer: object) -> None:
    assert check("2.7", answer)


async def test_two_runs_at_once_pass_inside_a_running_loop() -> None:
    assert check("2.7", two_at_once)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (one_after_the_other, "the second run began when the first was over"),
        (of(nb.prompts.FAQ, nb.prompts.TWENTY[:6]), "the first five"),
        (of(nb.prompts.FAQ, nb.prompts.TWENTY[1:6]), "the first five"),
        (of(nb.prompts.FAQ, nb.prompts.TWENTY), "the first five"),
        (of(nb.prompts.FAQ, nb.prompts.FAQ), "the same questions"),
        (of(nb.prompts.FAQ), "two runs, and got 1"),
        (the_same_run, "the same questions"),
        (elsewhere, "another endpoint"),
        (not_awaited, "Put await before gather"),
        (with_the_prompts, "and not a run"),
        (blocking_runs, ""),
        ([1, 2], "the function itself, without brackets: make_two_runs"),
    ],
)
def test_what_is_not_two_runs_at_once_is_told_why(answer: object, said: str) -> None:
    verdict = check("2.7", answer)

    assert not verdict
    assert said in verdict.text


def test_runs_that_failed_or_are_old_are_told_so() -> None:
    kept = []

    async def old(endpoint):
        if not kept:
            kept.extend(await two_at_once(endpoint))
        return kept

    async def failed(endpoint):
        one, other = await two_at_once(endpoint)
        return one, replace(other, calls=[replace(c, outcome="error") for c in other.calls])

    assert "not every call went well" in check("2.7", failed).text
    assert not check("2.7", old)
