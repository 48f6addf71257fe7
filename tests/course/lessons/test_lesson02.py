"""Lesson 2: each check passes the solution and tells a learner what is wrong with the rest."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

import aiml_nb as nb
from aiml_nb.course import check


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


def test_shouting_the_answer_passes() -> None:
    assert check("2.2", shout)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (forgot_to_await, "Write await before it"),
        (runs_in_a_run, "Inside an async def a loop is running"),
        (whispers, "not in capital letters"),
        (asks_twice, "asked 2 times"),
        (asks_nobody, "was not asked"),
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


def test_knowing_the_loop_passes_wherever_the_check_is_called() -> None:
    assert check("2.8", is_loop_running)


async def test_knowing_the_loop_passes_in_a_running_loop_too() -> None:
    assert check("2.8", is_loop_running)


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
        (asks_for_a_loop, "Use a plain def"),
        (True, "the function itself"),
    ],
)
def test_what_does_not_know_is_told_why(answer: object, said: str) -> None:
    verdict = check("2.8", answer)

    assert not verdict
    assert said in verdict.text


async def two_at_once(endpoint: nb.Endpoint) -> list[nb.Run]:
    return await asyncio.gather(
        nb.run_async(nb.prompts.FAQ, endpoint, progress=False),
        nb.run_async(nb.prompts.TWENTY[:5], endpoint, progress=False),
    )


@pytest.mark.parametrize(("seed", "speed"), [(2, 20), (11, 40)])
async def test_two_runs_at_once_pass_with_any_seed(seed: int, speed: float) -> None:
    endpoint = nb.connect(seed=seed, speed=speed, verbose=False)

    assert check("2.7", await two_at_once(endpoint))


async def test_what_is_not_two_runs_at_once_is_told_why(endpoint: nb.Endpoint) -> None:
    first, second = await two_at_once(endpoint)
    later = await nb.run_async(nb.prompts.TWENTY[:5], endpoint, progress=False)
    again = await nb.run_async(nb.prompts.FAQ, endpoint, progress=False)
    failed = replace(second, calls=[replace(second.calls[0], outcome="error"), *second.calls[1:]])
    wrong = [
        ([again, later], "the second run began when the first was over"),
        ([first, first], "the same run"),
        ([first, replace(first, run_id="x")], "the same questions"),
        ([first], "two runs, and got 1"),
        (first, "a list: the two runs"),
        ([first, failed], "Run the cell again"),
        ([first, nb.prompts.FAQ], "Put await before gather"),
        (asyncio.gather(asyncio.sleep(0)), "Put await before gather"),
        (nb.run_async(nb.prompts.FAQ, endpoint), "write  await"),
    ]
    for answer, said in wrong:
        verdict = check("2.7", answer)

        assert not verdict
        assert said in verdict.text
