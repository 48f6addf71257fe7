"""Right answers to lesson 11's exercises, in three styles; later ones use the first of each."""

# ruff: noqa: BLE001, N805, RET503  answers as learners write them, and no methods

from __future__ import annotations

import asyncio
from time import perf_counter

import openai

PASSES = {429, 500, 502, 503, 504}


async def ask(client, question):
    reply = await client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": question}]
    )
    return reply.choices[0].message.content


class AskAll:
    """Exercise 11.2."""

    async def gather(client, questions):
        return await asyncio.gather(*(ask(client, question) for question in questions))

    async def tasks(client, questions):
        tasks = [asyncio.create_task(ask(client, question)) for question in questions]
        return [await task for task in tasks]

    async def task_group(client, questions):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(client, question)) for question in questions]
        return [task.result() for task in tasks]


class Limit:
    """Exercise 11.3."""

    async def semaphore(client, questions, limit):
        slots = asyncio.Semaphore(limit)

        async def ask_one(question):
            async with slots:
                return await ask(client, question)

        return await asyncio.gather(*map(ask_one, questions))

    async def workers(client, questions, limit):
        answers = [None] * len(questions)
        left = iter(enumerate(questions))

        async def work():
            for number, question in left:
                answers[number] = await ask(client, question)

        async with asyncio.TaskGroup() as group:
            for _ in range(limit):
                group.create_task(work())
        return answers

    async def queue(client, questions, limit):
        waiting = asyncio.Queue()
        answers = {}
        for number, question in enumerate(questions):
            waiting.put_nowait((number, question))

        async def work():
            while not waiting.empty():
                number, question = waiting.get_nowait()
                answers[number] = await ask(client, question)

        await asyncio.gather(*(work() for _ in range(limit)))
        return [answers[number] for number in sorted(answers)]


class InTime:
    """Exercise 11.4."""

    async def timeout(client, question, seconds):
        async with asyncio.timeout(seconds):
            return await ask(client, question)

    async def wait_for(client, question, seconds):
        return await asyncio.wait_for(ask(client, question), seconds)

    async def by_hand(client, question, seconds):
        task = asyncio.create_task(ask(client, question))
        done, _ = await asyncio.wait([task], timeout=seconds)
        if not done:
            task.cancel()
            raise TimeoutError
        return task.result()


ask_in_time = InTime.timeout


def wait_of(error):
    return float(error.response.headers.get("retry-after", 0.05))


class Again:
    """Exercise 11.5."""

    async def loop(client, question, seconds):
        for attempt in (1, 2, 3):
            try:
                return await ask_in_time(client, question, seconds)
            except openai.APIStatusError as error:
                if error.status_code not in PASSES or attempt == 3:
                    raise
                wait = wait_of(error)
            await asyncio.sleep(wait)

    async def recursion(client, question, seconds, left=2):
        try:
            return await ask_in_time(client, question, seconds)
        except openai.APIStatusError as error:
            if left == 0 or error.status_code not in PASSES:
                raise
            await asyncio.sleep(wait_of(error))
        return await Again.recursion(client, question, seconds, left - 1)

    async def while_true(client, question, seconds):
        attempts = 0
        while True:
            attempts += 1
            try:
                return await ask_in_time(client, question, seconds)
            except (openai.RateLimitError, openai.InternalServerError) as error:
                if attempts == 3:
                    raise
                header = error.response.headers.get("retry-after")
                await asyncio.sleep(float(header) if header else 0.05 * attempts)


ask_again = Again.loop


class Record:
    """Exercise 11.6."""

    async def update(client, question, seconds):
        record = {"question": question, "outcome": "ok", "answer": None, "error": None}
        record["started"] = perf_counter()
        try:
            record["answer"] = await ask_again(client, question, seconds)
        except TimeoutError as reason:
            record |= {"outcome": "timeout", "error": reason}
        except Exception as reason:
            record |= {"outcome": "error", "error": reason}
        finally:
            record["finished"] = perf_counter()
        return record

    async def variables(client, question, seconds):
        started, answer, error = perf_counter(), None, None
        try:
            answer = await ask_again(client, question, seconds)
        except Exception as reason:
            error = reason
        late = isinstance(error, TimeoutError)
        return {
            "question": question,
            "outcome": "timeout" if late else "error" if error else "ok",
            "answer": answer,
            "error": error,
            "started": started,
            "finished": perf_counter(),
        }

    async def gathered(client, question, seconds):
        started = perf_counter()
        (found,) = await asyncio.gather(
            ask_again(client, question, seconds), return_exceptions=True
        )
        if isinstance(found, asyncio.CancelledError):
            raise found
        record = dict.fromkeys(("answer", "error"))
        record["error" if isinstance(found, Exception) else "answer"] = found
        names = {str: "ok", TimeoutError: "timeout"}
        record["outcome"] = names.get(type(found), "error")
        return record | {"question": question, "started": started, "finished": perf_counter()}


ask_record = Record.update
EMPTY = dict.fromkeys(("answer", "error", "started", "finished"))


def begin(records, questions):
    records += [{"question": q, "outcome": "not started", **EMPTY} for q in questions]


async def fill(client, record, slots, seconds):
    async with slots:
        record["outcome"] = "cancelled"
        record.update(await ask_record(client, record["question"], seconds))


class RunAll:
    """Exercise 11.9."""

    async def gather(client, questions, records, limit, seconds):
        begin(records, questions)
        slots = asyncio.Semaphore(limit)
        await asyncio.gather(*(fill(client, record, slots, seconds) for record in records))

    async def task_group(client, questions, records, limit, seconds):
        begin(records, questions)
        slots = asyncio.Semaphore(limit)
        async with asyncio.TaskGroup() as group:
            for record in records:
                group.create_task(fill(client, record, slots, seconds))
        return records

    async def workers(client, questions, records, limit, seconds):
        begin(records, questions)
        left = iter(records)

        async def work():
            for record in left:
                record["outcome"] = "cancelled"
                record |= await ask_record(client, record["question"], seconds)

        workers = [asyncio.create_task(work()) for _ in range(limit)]
        try:
            await asyncio.wait(workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
