"""Exercise 11.9: the whole runner, and its stop."""

# ruff: noqa: N805, SIM105  answers as learners write them, and no methods

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiml_nb.course import check

from .answers import right_answers, wrong_answers
from .right import RunAll, ask_record, begin, fill


class NotRunAll:
    async def records_at_the_end(client, questions, records, limit, seconds):
        """after a stop the list `records` is empty"""
        own = []
        await RunAll.gather(client, questions, own, limit, seconds)
        records += own

    async def a_new_list(client, questions, records, limit, seconds):
        """you make another list"""
        records = []
        await RunAll.gather(client, questions, records, limit, seconds)
        return records

    async def as_they_finish(client, questions, records, limit, seconds):
        """in the order of finishing"""
        slots = asyncio.Semaphore(limit)

        async def one(question):
            async with slots:
                records.append(await ask_record(client, question, seconds))

        await asyncio.gather(*map(one, questions))

    async def without_records(client, questions, limit, seconds):
        """run_all(client, questions, records, limit, seconds)"""
        return await asyncio.gather(*(ask_record(client, q, seconds) for q in questions))

    async def no_limit(client, questions, records, limit, seconds):
        """calls were in flight. Use one semaphore"""
        await RunAll.gather(client, questions, records, 99, seconds)

    async def always_three(client, questions, records, limit, seconds):
        """with limit=5 and 8 questions, at most 3"""
        await RunAll.gather(client, questions, records, 3, seconds)

    async def more_seconds(client, questions, records, limit, seconds):
        """Hand `seconds` on to ask_record as it is"""
        await RunAll.gather(client, questions, records, limit, 10 * seconds)

    async def goes_on_after_the_stop(client, questions, records, limit, seconds):
        """took a slot after the stop"""
        begin(records, questions)
        slots = asyncio.Semaphore(limit)
        tasks = [asyncio.create_task(fill(client, r, slots, seconds)) for r in records]
        try:
            for task in tasks:
                await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def one_after_another(client, questions, records, limit, seconds):
        """at most 1 were in flight"""
        begin(records, questions)
        for record in records:
            await fill(client, record, asyncio.Semaphore(limit), seconds)

    async def tasks_left_running(client, questions, records, limit, seconds):
        """you must cancel yourself, in finally"""
        begin(records, questions)
        slots = asyncio.Semaphore(limit)
        tasks = [asyncio.create_task(fill(client, r, slots, seconds)) for r in records]
        await asyncio.wait(tasks)

    async def workers_left_running(client, questions, records, limit, seconds):
        """you must cancel yourself, in finally"""
        begin(records, questions)
        left = iter(records)

        async def work():
            for record in left:
                record["outcome"] = "cancelled"
                record |= await ask_record(client, record["question"], seconds)

        await asyncio.wait([asyncio.create_task(work()) for _ in range(limit)])

    async def swallows_the_stop(client, questions, records, limit, seconds):
        """task.cancel() was swallowed"""
        try:
            await RunAll.gather(client, questions, records, limit, seconds)
        except asyncio.CancelledError:
            pass

    async def deaf(client, questions, records, limit, seconds):
        """some of its calls go on"""
        await asyncio.shield(RunAll.gather(client, questions, records, limit, seconds))

    async def queue_counts_as_time(client, questions, records, limit, seconds):
        """the time in the queue was counted"""
        begin(records, questions)
        slots = asyncio.Semaphore(limit)

        async def one(record):
            try:
                async with asyncio.timeout(seconds):
                    await fill(client, record, slots, 60)
            except TimeoutError as reason:
                record |= {"outcome": "timeout", "error": reason, "started": 0.0}

        await asyncio.gather(*map(one, records))

    async def marked_too_early(client, questions, records, limit, seconds):
        """{'cancelled': 8}"""
        begin(records, questions)
        slots = asyncio.Semaphore(limit)
        for record in records:
            record["outcome"] = "cancelled"
        await asyncio.gather(*(fill(client, record, slots, seconds) for record in records))

    async def never_marked(client, questions, records, limit, seconds):
        """{'not started': 8}"""
        begin(records, questions)
        slots = asyncio.Semaphore(limit)

        async def one(record):
            async with slots:
                record.update(await ask_record(client, record["question"], seconds))

        await asyncio.gather(*map(one, records))

    async def answers_lost_by_a_stop(client, questions, records, limit, seconds):
        """Fill the records while the run goes on"""
        begin(records, questions)
        slots = asyncio.Semaphore(limit)

        async def one(record):
            async with slots:
                record["outcome"] = "cancelled"
                return await ask_record(client, record["question"], seconds)

        for record, found in zip(records, await asyncio.gather(*map(one, records)), strict=True):
            record.update(found)

    async def stops_at_a_failure(client, questions, records, limit, seconds):
        """Use ask_record: it raises nothing"""
        await RunAll.gather(client, questions, records, limit, seconds)
        for record in records:
            if record["outcome"] == "error":
                raise record["error"]

    async def batches(client, questions, records, limit, seconds):
        """without waiting for a batch to end"""
        begin(records, questions)
        slots = asyncio.Semaphore(limit)
        for start in range(0, len(records), limit):
            part = records[start : start + limit]
            await asyncio.gather(*(fill(client, record, slots, seconds) for record in part))


@pytest.mark.parametrize(("key", "answer"), right_answers("11.9", RunAll))
def test_right_answers_pass_in_three_styles(key: str, answer: Any) -> None:
    assert check(key, answer)


@pytest.mark.parametrize(("key", "answer"), wrong_answers("11.9", NotRunAll))
def test_each_known_mistake_is_named(key: str, answer: Any) -> None:
    verdict = check(key, answer)

    assert not verdict
    assert answer.__doc__ in str(verdict)
