"""Lesson 9 as a script: answers as they come, at most so many at once, each with a timeout."""

import asyncio
from contextlib import aclosing

import aiml_nb as nb


async def answer_or_none(ask, question, seconds):
    try:
        async with asyncio.timeout(seconds):
            return await ask(question)
    except TimeoutError:
        return None


async def as_they_come(ask, questions, limit):
    slots = asyncio.Semaphore(limit)

    async def ask_one(question):
        async with slots:
            return question, await answer_or_none(ask, question, 1.5)

    tasks = [asyncio.create_task(ask_one(question)) for question in questions]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for task in tasks:
            task.cancel()


async def main():
    endpoint = nb.connect(simulate=True, scenario="stragglers", seed=3, speed=4)

    async with endpoint.open_async() as client:

        async def ask(question):
            messages = [{"role": "user", "content": question}]
            reply = await client.chat.completions.create(model=endpoint.model, messages=messages)
            return reply.choices[0].message.content

        async with aclosing(as_they_come(ask, nb.prompts.TWENTY, 10)) as pairs:
            async for question, answer in pairs:
                print(f"{question[:30]:30} {'no answer in time' if answer is None else 'answered'}")


if __name__ == "__main__":
    asyncio.run(main())
