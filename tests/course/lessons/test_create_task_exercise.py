"""Exercise 2.4: two at the same time pass, in three styles; the rest is told why not."""

from __future__ import annotations

import asyncio

import pytest

from aiml_nb.course import check

from ...rows import slow


async def with_a_task(ask, question, lay_table):
    answer = asyncio.create_task(ask(question))
    await lay_table()
    return await answer


async def with_gather(ask, question, lay_table):
    answer, _ = await asyncio.gather(ask(question), lay_table())
    return answer


async def with_a_group(ask, question, lay_table):
    async with asyncio.TaskGroup() as group:
        group.create_task(lay_table())
        answer = group.create_task(ask(question))
    return answer.result()


@pytest.mark.parametrize("answer", [with_a_task, slow(with_gather), slow(with_a_group)])
def test_both_at_the_same_time_pass(answer: object) -> None:
    assert check("2.4", answer)


async def answer_first(ask, question, lay_table):
    answer = await ask(question)
    await lay_table()
    return answer


async def table_first(ask, question, lay_table):
    await lay_table()
    return await ask(question)


async def task_awaited_at_once(ask, question, lay_table):
    answer = await asyncio.create_task(ask(question))
    await lay_table()
    return answer


async def task_created_too_late(ask, question, lay_table):
    await lay_table()
    answer = asyncio.create_task(ask(question))
    return await answer


async def task_returned(ask, question, lay_table):
    answer = asyncio.create_task(ask(question))
    await lay_table()
    return answer


async def table_not_awaited(ask, question, lay_table):
    task = asyncio.create_task(lay_table())
    answer = await ask(question)
    task.cancel()
    return answer


async def no_table(ask, question, lay_table):
    return await ask(question)


async def nothing_returned(ask, question, lay_table):
    await with_a_task(ask, question, lay_table)


async def both_returned(ask, question, lay_table):
    return await asyncio.gather(ask(question), lay_table())


async def asked_twice(ask, question, lay_table):
    await asyncio.gather(ask(question), lay_table())
    return await ask(question)


async def never_awaited(ask, question, lay_table):
    lay_table()
    return ask(question)


async def task_of_a_function(ask, question, lay_table):
    task = asyncio.create_task(ask)
    await lay_table()
    return await task


async def nobody_asked(ask, question, lay_table):
    await lay_table()
    return question


def not_async(ask, question, lay_table):
    return f"an answer to: {question}"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (answer_first, "only after the answer had come"),
        (task_awaited_at_once, "only after the answer had come"),
        slow(table_first, "Start it before"),
        slow(task_created_too_late, "Start it before"),
        slow(task_returned, "returned the task"),
        slow(table_not_awaited, "before the table was laid"),
        slow(no_table, "before the table was laid"),
        slow(nothing_returned, "Return the answer"),
        slow(both_returned, "the function returned ["),
        slow(asked_twice, "asked 2 times"),
        slow(nobody_asked, "was not asked"),
        slow(never_awaited, "never awaited"),
        slow(task_of_a_function, "write brackets behind the function's name"),
        slow(not_async, "async def"),
        slow("an answer", "the function itself"),
    ],
)
def test_another_order_is_told_what_it_is(answer: object, said: str) -> None:
    verdict = check("2.4", answer)

    assert not verdict
    assert said in verdict.text
