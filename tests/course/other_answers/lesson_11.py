"""Answers to lesson 11, which build on the right ones of its other tests."""

# ruff: noqa: C408, RET503, RET504, S311  answers as learners write them

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from contextlib import AsyncExitStack, suppress
from time import perf_counter

import openai

from ...waiting import block
from ..lessons.own_runner.right import ask, ask_again, ask_in_time, ask_record
from .registry import right, wrong

PASSES = {429, 500, 502, 503, 504}


@right("11.2")
async def a_generator(client, questions):
    tasks = [asyncio.ensure_future(ask(client, question)) for question in questions]
    await asyncio.wait(tasks)
    return (task.result() for task in tasks)


class Runner:
    """Asks with one client."""

    def __init__(self, client):
        self.client = client

    async def ask_all(self, questions) -> tuple[str, ...]:
        found = {}
        async with asyncio.TaskGroup() as group:
            for number, question in enumerate(questions):
                group.create_task(self.note(found, number, question))
        return tuple(found[number] for number in range(len(questions)))

    async def note(self, found, number, question):
        found[number] = await ask(self.client, question)


@right("11.2")
async def by_a_class(client, questions):
    return await Runner(client).ask_all(questions)


@right("11.2")
async def sorted_afterwards(client, questions):
    async def numbered(number, question):
        return number, await ask(client, question)

    calls = [numbered(*pair) for pair in enumerate(questions)]
    pairs = [await call for call in asyncio.as_completed(calls)]
    return [answer for number, answer in sorted(pairs)]


@wrong("11.2", "at most 10 in flight")
async def ten_at_most(client, questions):
    slots = asyncio.Semaphore(10)

    async def one(question):
        async with slots:
            return await ask(client, question)

    return await asyncio.gather(*map(one, questions))


@wrong("11.2", "in another order")
async def as_they_come(client, questions):
    calls = [ask(client, question) for question in questions]
    return [await call for call in asyncio.as_completed(calls)]


@wrong("11.2", "at most 1 in flight")
async def lazy_tasks(client, questions):
    tasks = map(asyncio.create_task, (ask(client, question) for question in questions))
    return [await task for task in tasks]


@wrong("11.2", "asked 2 times")
async def warmed_up(client, questions):
    await ask(client, questions[0])
    return await asyncio.gather(*(ask(client, question) for question in questions))


@wrong("11.2", "a list: the answers")
async def by_question(client, questions):
    return dict(zip(questions, await a_generator(client, questions), strict=True))


@right("11.3")
async def a_window_of_tasks(client, questions, limit):
    tasks, window = [], set()
    for question in questions:
        while len(window) >= limit:
            _, window = await asyncio.wait(window, return_when=asyncio.FIRST_COMPLETED)
        tasks.append(asyncio.create_task(ask(client, question)))
        window.add(tasks[-1])
    return await asyncio.gather(*tasks)


@right("11.3")
async def by_hand(client, questions, limit: int) -> list[str]:
    slots = asyncio.BoundedSemaphore(limit)

    async def one(question):
        await slots.acquire()
        try:
            return await ask(client, question)
        finally:
            slots.release()

    return list(await asyncio.gather(*[one(question) for question in questions]))


@right("11.3")
async def by_workers(client, questions, limit):
    left, found = deque(enumerate(questions)), {}

    async def work():
        while left:
            number, question = left.popleft()
            found[number] = await ask(client, question)

    await asyncio.gather(*(work() for _ in range(limit)))
    return map(found.__getitem__, range(len(questions)))


@wrong("11.3", "trap of batches")
async def dealt_out(client, questions, limit):
    found = {}

    async def lane(mine):
        for question in mine:
            found[question] = await ask(client, question)

    await asyncio.gather(*(lane(questions[n::limit]) for n in range(limit)))
    return [found[question] for question in questions]


@wrong("11.3", "at most 4 in flight")
async def four_at_most(client, questions, limit):
    return await by_hand(client, questions, min(limit, 4))


@wrong("11.3", "4 calls were in flight")
async def one_too_many(client, questions, limit):
    return await by_hand(client, questions, limit + 1)


@wrong("11.3", "no question reached the server")
async def returned_from_the_slot(client, questions, limit):
    slots = asyncio.Semaphore(limit)

    async def one(question):
        async with slots:
            return ask(client, question)

    return await asyncio.gather(*map(one, questions))


@wrong("11.3", "was asked 0 times")
async def the_first_ones_only(client, questions, limit):
    return await asyncio.gather(*(ask(client, question) for question in questions[:limit]))


@right("11.4")
async def until_a_deadline(client, question, seconds):
    async with asyncio.timeout_at(asyncio.get_running_loop().time() + seconds):
        answer = await ask(client, question)
    return answer


@right("11.4")
async def raced(client, question, seconds):
    asked = asyncio.create_task(ask(client, question))
    pause = asyncio.create_task(asyncio.sleep(seconds))
    try:
        await asyncio.wait([asked, pause], return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise TimeoutError(f"no answer in {seconds} s")
        return asked.result()
    finally:
        pause.cancel()
        asked.cancel()


@right("11.4")
async def on_a_stack(client, question: str, seconds: float) -> str:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(asyncio.timeout(seconds))
        return await ask(client, question)


@wrong("11.4", "client's own timeout")
async def the_clients_own(client, question, seconds):
    try:
        return await ask(client.with_options(timeout=seconds), question)
    except openai.APITimeoutError as error:
        raise TimeoutError from error


@wrong("11.4", "Let the TimeoutError go on")
async def a_text_for_it(client, question, seconds):
    try:
        return await asyncio.wait_for(ask(client, question), seconds)
    except TimeoutError:
        return "no answer in time"


@wrong("11.4", "still in flight")
async def shielded(client, question, seconds):
    return await asyncio.wait_for(asyncio.shield(ask(client, question)), seconds)


@wrong("11.4", "catch nothing here")
async def every_error_is_late(client, question, seconds):
    try:
        return await asyncio.wait_for(ask(client, question), seconds)
    except Exception as error:
        raise TimeoutError from error


@wrong("11.4", "`seconds`")
async def half_a_second(client, question, seconds):
    return await asyncio.wait_for(ask(client, question), 0.5)


def pause_of(error) -> float:
    header = error.response.headers.get("retry-after")
    return 0.05 if header is None else float(header)


@right("11.5")
async def countdown(client, question, seconds):
    for left in (2, 1, 0):
        try:
            return await ask_in_time(client, question, seconds)
        except openai.APIStatusError as error:
            if not left or error.status_code not in PASSES:
                raise error
            await asyncio.sleep(pause_of(error))


@right("11.5")
async def drawn_by_lot(client, question, seconds):
    attempt, wait = 1, 0.0
    while True:
        await asyncio.sleep(wait)
        try:
            return await ask_in_time(client, question, seconds)
        except openai.APIStatusError as error:
            if attempt >= 3 or error.status_code not in PASSES:
                raise
            wait = max(pause_of(error), random.uniform(0.05, 0.1))
            attempt += 1


@right("11.5")
async def the_last_one_raised(client, question, seconds):
    errors: list[openai.APIStatusError] = []
    while len(errors) < 3:
        if errors:
            await asyncio.sleep(pause_of(errors[-1]))
        try:
            return await ask_in_time(client, question, seconds)
        except openai.APIStatusError as error:
            errors.append(error)
            if error.status_code not in PASSES:
                break
    raise errors.pop()


@wrong("11.5", "Wait as long as it says")
async def header_ignored(client, question, seconds):
    for attempt in (1, 2, 3):
        try:
            return await ask_in_time(client, question, seconds)
        except openai.APIStatusError as error:
            if error.status_code not in PASSES or attempt == 3:
                raise
        await asyncio.sleep(0.05)


@wrong("11.5", "whether the server works on it")
async def timeouts_too(client, question, seconds):
    for attempt in (1, 2, 3):
        try:
            return await ask_in_time(client, question, seconds)
        except TimeoutError:
            if attempt == 3:
                raise
        except openai.APIStatusError as error:
            if error.status_code not in PASSES or attempt == 3:
                raise
            await asyncio.sleep(pause_of(error))


@wrong("11.5", "The seconds are those of one attempt")
async def seconds_for_all(client, question, seconds):
    async with asyncio.timeout(seconds):
        return await countdown(client, question, seconds)


@wrong("11.5", "hold the loop")
async def blocks(client, question, seconds):
    for attempt in (1, 2, 3):
        try:
            return await ask_in_time(client, question, seconds)
        except openai.APIStatusError as error:
            if error.status_code not in PASSES or attempt == 3:
                raise
            block(pause_of(error))


@wrong("11.5", "Mind the default")
async def counts_for_all(client, question, seconds, made=[]):  # noqa: B006
    while True:
        try:
            return await ask_in_time(client, question, seconds)
        except openai.APIStatusError as error:
            made.append(error)
            if error.status_code not in PASSES or len(made) >= 3:
                raise
            await asyncio.sleep(pause_of(error))


@right("11.6")
async def by_match(client, question, seconds):
    started, answer, error = perf_counter(), None, None
    try:
        answer = await ask_again(client, question, seconds)
    except Exception as reason:  # noqa: BLE001  as learners write it
        error = reason
    match error:
        case None:
            outcome = "ok"
        case TimeoutError():
            outcome = "timeout"
        case _:
            outcome = "error"
    stamps = {"started": started, "finished": perf_counter()}
    return {"question": question, "outcome": outcome, "answer": answer, "error": error} | stamps


class Record(dict):
    """A dictionary that times a block."""

    async def __aenter__(self):
        self.update(outcome="ok", answer=None, error=None, started=perf_counter())
        return self

    async def __aexit__(self, kind, error, traceback):
        self["finished"] = perf_counter()
        if isinstance(error, Exception):
            late = isinstance(error, TimeoutError)
            self.update(error=error, outcome="timeout" if late else "error")
            return True
        return False


@right("11.6")
async def by_a_block(client, question, seconds) -> dict[str, object]:
    async with Record(question=question) as record:
        record["answer"] = await ask_again(client, question, seconds)
    return record


@right("11.6")
async def by_returns(client, question, seconds):
    started = perf_counter()

    def record(outcome, answer=None, error=None):
        return dict(
            question=question,
            outcome=outcome,
            answer=answer,
            error=error,
            started=started,
            finished=perf_counter(),
        )

    try:
        return record("ok", answer=await ask_again(client, question, seconds))
    except TimeoutError as error:
        return record("timeout", error=error)
    except Exception as error:  # noqa: BLE001  as learners write it
        return record("error", error=error)


@wrong("11.6", "the first that fits")
async def errors_first(client, question, seconds):
    record = {**await by_returns(client, question, seconds)}
    if record["error"]:
        record["outcome"] = "error"
    return record


@wrong("11.6", "on perf_counter()'s clock")
async def on_another_clock(client, question, seconds):
    record = await by_returns(client, question, seconds)
    shift = time.time() - perf_counter()
    return record | {name: record[name] + shift for name in ("started", "finished")}


@wrong("11.6", "a cancellation is none of these")
async def cancelled_is_an_error(client, question, seconds):
    try:
        return await by_returns(client, question, seconds)
    except asyncio.CancelledError as error:
        return {"question": question, "outcome": "error", "answer": None, "error": error}


@wrong("11.6", "Mind the default")
async def one_for_all(client, question, seconds, record={}):  # noqa: B006
    record.update(await by_returns(client, question, seconds))
    return record


@wrong("11.6", "Keep the exception itself")
async def in_words(client, question, seconds):
    record = await by_returns(client, question, seconds)
    return record | {"error": record["error"] and str(record["error"])}


EMPTY = {"answer": None, "error": None, "started": None, "finished": None}


def begin(records, questions):
    for question in questions:
        records.append({"question": question, "outcome": "not started"} | EMPTY)


@right("11.9")
async def in_a_class(client, questions, records, limit, seconds):
    class Run:
        slots = asyncio.Semaphore(limit)

        async def fill(self, record):
            async with self.slots:
                record["outcome"] = "cancelled"
                record |= await ask_record(client, record["question"], seconds)

    begin(records, questions)
    async with asyncio.TaskGroup() as group:
        for record in records:
            group.create_task(Run().fill(record))


@right("11.9")
async def from_a_queue(client, questions, records, limit, seconds):
    begin(records, questions)
    queue = asyncio.Queue()
    for record in records:
        queue.put_nowait(record)

    async def work() -> None:
        while not queue.empty():
            record = queue.get_nowait()
            record["outcome"] = "cancelled"
            record.update(await ask_record(client, record["question"], seconds))

    await asyncio.gather(*(work() for _ in range(limit)))


@right("11.9")
async def marked_in_except(client, questions, records, limit, seconds):
    begin(records, questions)
    slots = asyncio.Semaphore(limit)

    async def fill(number):
        async with slots:
            try:
                found = await ask_record(client, questions[number], seconds)
            except asyncio.CancelledError:
                records[number]["outcome"] = "cancelled"
                raise
        records[number] = found

    await asyncio.gather(*map(fill, range(len(questions))))
    return records


@wrong("11.9", "{'cancelled': 8}")
async def marked_before_the_slot(client, questions, records, limit, seconds):
    begin(records, questions)
    slots = asyncio.Semaphore(limit)

    async def fill(record):
        record["outcome"] = "cancelled"
        async with slots:
            record.update(await ask_record(client, record["question"], seconds))

    await asyncio.gather(*map(fill, records))


@wrong("11.9", "some of its calls go on")
async def in_the_background(client, questions, records, limit, seconds):
    begin(records, questions)
    slots = asyncio.Semaphore(limit)

    async def fill(record):
        async with slots:
            record["outcome"] = "cancelled"
            record.update(await ask_record(client, record["question"], seconds))

    tasks = [asyncio.create_task(fill(record)) for record in records]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0.01)


@wrong("11.9", "was swallowed")
async def never_stopped(client, questions, records, limit, seconds):
    with suppress(asyncio.CancelledError):
        await in_a_class(client, questions, records, limit, seconds)


@wrong("11.9", "the time in the queue was counted")
async def slot_within_the_call(client, questions, records, limit, seconds):
    begin(records, questions)
    slots = asyncio.Semaphore(limit)

    async def fill(record):
        started = perf_counter()
        try:
            async with asyncio.timeout(seconds), slots:
                record["outcome"] = "cancelled"
                record.update(await ask_record(client, record["question"], 60))
        except TimeoutError as error:
            stamps = {"started": started, "finished": perf_counter()}
            record.update(outcome="timeout", error=error, **stamps)

    await asyncio.gather(*map(fill, records))


@wrong("11.9", "holds 16 records")
async def begun_twice(client, questions, records, limit, seconds):
    begin(records, questions)
    await in_a_class(client, questions, records, limit, seconds)
