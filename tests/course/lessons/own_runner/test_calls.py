"""Exercises 11.2 and 11.3: all at once, and at most so many at once."""

# ruff: noqa: N805  answers as learners write them, and no methods

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiml_nb.course import check

from .answers import right_answers, wrong_answers
from .right import AskAll, Limit, ask

GLOBAL_SLOTS = asyncio.Semaphore(3)


class NotAskAll:
    async def one_after_another(client, questions):
        """at most 1 in flight"""
        return [await ask(client, question) for question in questions]

    async def as_they_finish(client, questions):
        """in another order"""
        calls = [ask(client, question) for question in questions]
        return [await call for call in asyncio.as_completed(calls)]

    async def all_in_one_call(client, questions):
        """takes one at a time"""
        return await asyncio.gather(ask(client, questions))

    async def no_return(client, questions):
        """check got None"""
        await asyncio.gather(*(ask(client, question) for question in questions))

    async def not_awaited(client, questions):
        """before the work was done"""
        return asyncio.gather(*(ask(client, question) for question in questions))

    async def tasks_not_awaited(client, questions):
        """What awaits the calls?"""
        return [asyncio.create_task(ask(client, question)) for question in questions]

    async def first_one_twice(client, questions):
        """was asked 2 times"""
        await ask(client, questions[0])
        return await asyncio.gather(*(ask(client, question) for question in questions))

    async def last_one_left_out(client, questions):
        """was asked 0 times"""
        return await asyncio.gather(*(ask(client, question) for question in questions[:-1]))

    async def whole_replies(client, questions):
        """Return the answers themselves"""
        return await asyncio.gather(
            *(
                client.chat.completions.create(
                    model="gpt-4o", messages=[{"role": "user", "content": question}]
                )
                for question in questions
            )
        )

    def plain(client, questions):
        """Begin it with  async def"""
        return list(questions)


class NotLimit:
    async def all_at_once(client, questions, limit):
        """limit=3: 8 calls were in flight"""
        return await asyncio.gather(*(ask(client, question) for question in questions))

    async def a_semaphore_each(client, questions, limit):
        """the same semaphore, made once"""

        async def ask_one(question):
            async with asyncio.Semaphore(limit):
                return await ask(client, question)

        return await asyncio.gather(*map(ask_one, questions))

    async def around_the_gather(client, questions, limit):
        """each call enters it by itself"""
        async with asyncio.Semaphore(limit):
            return await asyncio.gather(*(ask(client, question) for question in questions))

    async def batches(client, questions, limit):
        """the trap of batches"""
        answers = []
        for start in range(0, len(questions), limit):
            part = questions[start : start + limit]
            answers += await asyncio.gather(*(ask(client, question) for question in part))
        return answers

    async def one_at_a_time(client, questions, limit):
        """at most 1 in flight"""
        slots = asyncio.Semaphore(limit)
        answers = []
        for question in questions:
            async with slots:
                answers.append(await ask(client, question))
        return answers

    async def always_three(client, questions, limit):
        """limit=1: 2 calls were in flight"""
        return await Limit.semaphore(client, questions, 3)

    async def one_too_many(client, questions, limit):
        """limit=3: 4 calls were in flight"""
        return await Limit.semaphore(client, questions, limit + 1)

    async def one_too_few(client, questions, limit):
        """limit=3: at most 2 in flight"""
        return await Limit.semaphore(client, questions, max(1, limit - 1))

    async def of_another_cell(client, questions, limit):
        """in flight at one moment"""

        async def ask_one(question):
            async with GLOBAL_SLOTS:
                return await ask(client, question)

        return await asyncio.gather(*map(ask_one, questions))

    async def plain_with(client, questions, limit):
        """async with, not with  with"""
        slots = asyncio.Semaphore(limit)

        async def ask_one(question):
            with slots:
                return await ask(client, question)

        return await asyncio.gather(*map(ask_one, questions))

    async def never_given_back(client, questions, limit):
        """a slot that nobody gives back"""
        slots = asyncio.Semaphore(limit)

        async def ask_one(question):
            await slots.acquire()
            return await ask(client, question)

        return await asyncio.gather(*map(ask_one, questions))

    async def as_they_finish(client, questions, limit):
        """in another order"""
        slots = asyncio.Semaphore(limit)
        answers = []

        async def ask_one(question):
            async with slots:
                answers.append(await ask(client, question))

        await asyncio.gather(*map(ask_one, questions))
        return answers


@pytest.mark.parametrize(
    ("key", "answer"), right_answers("11.2", AskAll) + right_answers("11.3", Limit)
)
def test_right_answers_pass_in_three_styles(key: str, answer: Any) -> None:
    assert check(key, answer)


@pytest.mark.parametrize(
    ("key", "answer"), wrong_answers("11.2", NotAskAll) + wrong_answers("11.3", NotLimit)
)
def test_each_known_mistake_is_named(key: str, answer: Any) -> None:
    verdict = check(key, answer)

    assert not verdict
    assert answer.__doc__ in str(verdict)
