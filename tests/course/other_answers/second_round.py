"""Answers of a second round: another library's ways, code that blocks, and slips of the hand."""

# ruff: noqa: ASYNC251, RET503, S110, S307, SIM105  answers as learners write them

from __future__ import annotations

import asyncio
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import anyio

import aiml_nb as nb

from .registry import right, wrong

# Another library's ways, which run on the same loop.


@right("1.6")
async def by_anyio(ask, questions):
    answers = {}

    async def note(question):
        answers[question] = await ask(question)

    async with anyio.create_task_group() as group:
        for question in questions:
            group.start_soon(note, question)
    return [answers[question] for question in questions]


@right("3.2")
async def by_a_limiter(ask, questions, limit):
    limiter, answers = anyio.CapacityLimiter(limit), {}

    async def note(question):
        async with limiter:
            answers[question] = await ask(question)

    async with anyio.create_task_group() as group:
        for question in questions:
            group.start_soon(note, question)
    return list(map(answers.get, questions))


@right("9.2")
async def moved_on(ask, question, seconds):
    with anyio.move_on_after(seconds):
        return await ask(question)


@right("9.3")
async def closed_in_a_shield(open_line, question):
    line = await open_line()
    try:
        return await line.ask(question)
    finally:
        with anyio.CancelScope(shield=True):
            await line.close()


@right("6.5")
async def anyio_threads(ask, questions):
    answers = {}

    async def note(question):
        answers[question] = await anyio.to_thread.run_sync(ask, question)

    async with anyio.create_task_group() as group:
        for question in questions:
            group.start_soon(note, question)
    return [answers[question] for question in questions]


@right("6.5")
async def collected_in_a_thread(ask, questions: list[str]) -> list[str]:
    def work():
        with ThreadPoolExecutor(len(questions)) as pool:
            places = {pool.submit(ask, question): n for n, question in enumerate(questions)}
            found = {places[future]: future.result() for future in as_completed(places)}
        return [found[number] for number in sorted(found)]

    return await asyncio.to_thread(work)


@right("2.2")
def a_plain_function_that_gives_a_coroutine(ask, question):
    async def shout():
        return (await ask(question)).upper()

    return shout()


@right("10.4")
async def by_name(calls, functions):
    async def one(id, function):  # noqa: A002  as learners write it
        given = json.loads(function.arguments)
        return {"content": f"{await functions[function.name](**given)}", "tool_call_id": id}

    found = await asyncio.gather(*(one(call.id, call.function) for call in calls))
    return [{"role": "tool", **each} for each in found]


# Code that blocks, where the check waits for nothing.


@wrong("1.6", "time.sleep")
async def sleeps_between(ask, questions):
    tasks = []
    for question in questions:
        tasks.append(asyncio.create_task(ask(question)))
        time.sleep(0.001)
    return await asyncio.gather(*tasks)


@wrong("2.4", "time.sleep")
async def sleeps_meanwhile(ask, question, lay_table):
    asked = asyncio.create_task(ask(question))
    await lay_table()
    time.sleep(0.01)
    return await asked


@wrong("3.2", "time.sleep")
async def sleeps_in_the_slot(ask, questions, limit):
    slots = asyncio.Semaphore(limit)

    async def one(question):
        async with slots:
            time.sleep(0.001)
            return await ask(question)

    return await asyncio.gather(*map(one, questions))


@wrong("9.2", "time.sleep")
async def looks_and_sleeps(ask, question, seconds):
    task = asyncio.create_task(ask(question))
    for _ in range(3):
        if task.done():
            return task.result()
        time.sleep(seconds / 100)
    return await asyncio.wait_for(task, seconds)


@wrong("9.8", "time.sleep")
async def sleeps_until_it_is_done(ask, questions, number):
    async def one(question):
        return question, await ask(question)

    tasks = [asyncio.create_task(one(question)) for question in questions]
    while not all(task.done() for task in tasks):
        time.sleep(0.01)
    return dict(task.result() for task in tasks)


@wrong("10.4", "time.sleep")
async def a_polite_pause(calls, functions):
    async def one(call):
        time.sleep(0.001)
        result = await functions[call.function.name](**json.loads(call.function.arguments))
        return {"role": "tool", "tool_call_id": call.id, "content": str(result)}

    return await asyncio.gather(*map(one, calls))


# Slips of the hand.


@wrong("1.6", "create_task")
async def wait_for_bare_calls(ask, questions):
    done, _ = await asyncio.wait([ask(question) for question in questions])
    return [task.result() for task in done]


@wrong("1.6", "gather is awaited")
async def gather_in_async_for(ask, questions):
    return [answer async for answer in asyncio.gather(*map(ask, questions))]


@wrong("1.6", "gather(*calls)")
async def a_generator_for_gather(ask, questions):
    return await asyncio.gather(ask(question) for question in questions)


@wrong("1.6", "use await")
async def asyncio_run_inside(ask, questions):
    return [asyncio.run(ask(question)) for question in questions]


@wrong("1.6", "write brackets")
async def tasks_of_functions(ask, questions):
    return await asyncio.gather(*(asyncio.create_task(ask) for question in questions))


@wrong("1.6", "Several calls become one with gather")
async def awaits_a_map(ask, questions):
    return await map(ask, questions)


@wrong("1.6", "It is entered with  async with")
async def plain_with(ask, questions):
    with asyncio.TaskGroup() as group:
        return [group.create_task(ask(question)) for question in questions]


@wrong("1.6", "never awaited")
async def counts_them(ask, questions):
    return [ask(question) for question in questions]


@wrong("1.6", "KeyError")
async def in_a_group_with_a_slip(ask, questions):
    answers = {}

    async def note(question):
        await ask(question)
        return answers[question]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(note(question)) for question in questions]
    return [task.result() for task in tasks]


@wrong("10.4", "JSON, and no Python")
async def evaluated(calls, functions):
    async def one(call):
        result = await functions[call.function.name](**eval(call.function.arguments))
        return {"role": "tool", "tool_call_id": call.id, "content": str(result)}

    return await asyncio.gather(*map(one, calls))


@wrong("10.4", "'role'")
async def role_forgotten(calls, functions):
    return [{**each, "role": "user"} for each in await by_name(calls, functions)]


@wrong("2.2", "use await")
async def its_own_run(ask, question):
    return asyncio.run(ask(question)).upper()


@wrong("6.3", "The time was over")
async def timed_out(ask, question):
    await asyncio.wait_for(asyncio.sleep(1), 0.2)
    return await ask(question)


@wrong("5.3", "Both names need a value")
async def the_name_after_as(ask, question):
    answer = None
    try:
        answer = await ask(question)
    except Exception as error:  # noqa: BLE001, F841  the mistake
        pass
    return {"question": question, "answer": answer, "error": error}  # noqa: F821


# Errors whose names alone say little.


@wrong("4.2", "found nothing more")
def the_next_text(stream, begin):
    next(c for c in stream if c.choices and c.choices[0].delta.content)
    return time.perf_counter() - begin


@wrong("4.7", "found nothing more")
async def anext_for_ever(stream, enough):
    text = ""
    while len(text) < enough:
        chunk = await anext(stream)
        if chunk.choices:
            text += chunk.choices[0].delta.content or ""
    await stream.close()
    return text


@wrong("5.7", "cannot be compared")
async def a_pair_below_five(questions, endpoint):
    handle = nb.start(questions, endpoint, max_concurrency=2)
    while handle.progress < 5:
        await asyncio.sleep(0.01)
    handle.cancel()
    return handle.partial


@wrong("1.5", "calls itself without an end")
def adds_by_recursion(durations):
    return durations[0] + adds_by_recursion(durations[1:] or durations)[0], max(durations)


@wrong("1.3", "different numbers of items")
def takes_pairs(run):
    stamps = [(call.finished, call.prompt) for call in run.calls]
    return [prompt for finished, prompt, _ in sorted(stamps)]


@wrong("7.6", "There was nothing in it")
def of_failures(run):
    return max(call.duration for call in run.calls if call.outcome == "failed")


@wrong("7.3", "There was nothing in it")
def mean_of_the_losses(ratios):
    return statistics.fmean(ratio for ratio in ratios if ratio < 0)


@wrong("8.7", "is no number")
def reads_the_name(run, number, prices):
    return sum(float(call.custom_id) for call in run.calls) * number


@wrong("10.2", "is no JSON")
async def reads_json_unchecked(ask, question, kind, attempts):
    for _ in range(attempts):
        text = await ask(question)
        found = json.loads(text)
        if isinstance(found["stars"], int):
            return kind(**found)


@wrong("2.4", "claimed")
async def asserts(ask, question, lay_table):
    answer = await ask(question)
    assert answer is None
    return answer


@wrong("9.8", "nothing to wait for")
async def waits_for_nobody(ask, questions, number):
    tasks = [asyncio.create_task(ask(question)) for question in questions[: number - 100]]
    await asyncio.wait(tasks)
    return {}
