"""Answers to lesson 10."""

# ruff: noqa: RET503, S112  answers as learners write them

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress

from pydantic import ValidationError

from ...waiting import block
from .registry import right, wrong


@right("10.2")
async def by_recursion_10(ask, question, kind, attempts):
    if not attempts:
        return None
    try:
        return kind.model_validate_json(await ask(question))
    except ValidationError:
        return await by_recursion_10(ask, question, kind, attempts - 1)


@right("10.2")
async def counted_down(ask, question: str, kind, attempts: int):
    found = None
    while attempts and found is None:
        attempts -= 1
        with suppress(ValueError):  # a ValidationError is one
            found = kind.model_validate_json(await ask(question))
    return found


@right("10.2")
async def of_a_dictionary(ask, question, kind, attempts):
    for _ in range(attempts):
        text = await ask(question)
        try:
            return kind(**json.loads(text))
        except (json.JSONDecodeError, ValidationError):
            pass
    return None


@right("10.2")
async def told_what_is_wrong(ask, question, kind, attempts):
    asked = question
    for _ in range(attempts):
        text = await ask(asked)
        try:
            return kind.model_validate_json(text)
        except ValidationError as error:
            asked = f"{question}\nYour last answer did not fit: {error}"


@wrong("10.2", "gave up too early")
async def once_only(ask, question, kind, attempts):
    try:
        return kind.model_validate_json(await ask(question))
    except ValidationError:
        return None


@wrong("10.2", "each is paid for")
async def one_more(ask, question, kind, attempts):
    return await counted_down(ask, question, kind, attempts + 1)


@wrong("10.2", "Catch ValidationError and nothing else")
async def any_error(ask, question, kind, attempts):
    for _ in range(attempts):
        try:
            return kind.model_validate_json(await ask(question))
        except Exception:  # noqa: BLE001  the mistake
            continue


@wrong("10.2", "came out of your function")
async def outside_the_try(ask, question, kind, attempts):
    for _ in range(attempts):
        try:
            text = await ask(question)
        except ValidationError:
            continue
        return kind.model_validate_json(text)


@wrong("10.2", "each is paid for")
async def all_at_once(ask, question, kind, attempts):
    for text in await asyncio.gather(*(ask(question) for _ in range(attempts))):
        with suppress(ValidationError):
            return kind.model_validate_json(text)


@wrong("10.2", "the object that model_validate_json makes")
async def a_dictionary(ask, question, kind, attempts):
    found = await counted_down(ask, question, kind, attempts)
    return found and found.model_dump()


@wrong("10.2", "looks whether it fits")
async def constructed(ask, question, kind, attempts):
    for _ in range(attempts):
        text = await ask(question)
        with suppress(ValueError):
            return kind.model_construct(**json.loads(text))


def message(call, result):
    return {"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)}


@right("10.4")
async def in_two_steps(calls, functions):
    running = [functions[c.function.name](**json.loads(c.function.arguments)) for c in calls]
    results = await asyncio.gather(*running)
    return (message(call, result) for call, result in zip(calls, results, strict=True))


@right("10.4")
async def as_a_group(calls, functions) -> list[dict[str, str]]:
    tasks = {}
    async with asyncio.TaskGroup() as group:
        for call in calls:
            arguments = json.loads(call.function.arguments)
            tasks[call.id] = group.create_task(functions[call.function.name](**arguments))
    return [message(call, tasks[call.id].result()) for call in calls]


@right("10.4")
async def in_a_loop_of_awaits(calls, functions):
    tasks = []
    for call in calls:
        match call.function.name:
            case "add":
                given = json.loads(call.function.arguments)
                tasks.append(asyncio.create_task(functions["add"](given["a"], given["b"])))
            case name:
                given = json.loads(call.function.arguments).values()
                tasks.append(asyncio.create_task(functions[name](*given)))
    return tuple([message(call, await task) for call, task in zip(calls, tasks, strict=True)])


@wrong("10.4", "each was awaited before the next")
async def in_turn(calls, functions):
    return [
        message(call, await functions[call.function.name](**json.loads(call.function.arguments)))
        for call in calls
    ]


@wrong("10.4", "arguments of another one")
async def weather_for_all(calls, functions):
    given = (json.loads(call.function.arguments) for call in calls)
    results = await asyncio.gather(*(functions["get_weather"](**each) for each in given))
    return [message(call, result) for call, result in zip(calls, results, strict=True)]


@wrong("10.4", "the arguments are a text")
async def arguments_as_text(calls, functions):
    async with asyncio.TaskGroup() as group:

        async def one(call):
            return message(call, await functions[call.function.name](**call.function.arguments))

        tasks = [group.create_task(one(call)) for call in calls]
    return [task.result() for task in tasks]


@wrong("10.4", "in the order of the calls")
async def as_they_are_done(calls, functions):
    async def one(call):
        arguments = json.loads(call.function.arguments)
        return message(call, await functions[call.function.name](**arguments))

    return [await each for each in asyncio.as_completed([one(call) for call in calls])]


@wrong("10.4", "A content is a text")
async def bare_results(calls, functions):
    found = await as_a_group(calls, functions)
    return [{**each, "content": json.loads(each["content"])} for each in found]


@wrong("10.4", "'tool_call_id'")
async def named_id(calls, functions):
    found = await as_a_group(calls, functions)
    return [{"role": "tool", "id": m["tool_call_id"], "content": m["content"]} for m in found]


@wrong("10.4", "a message for each call")
async def results_by_id(calls, functions):
    return {each["tool_call_id"]: each for each in await as_a_group(calls, functions)}


@right("10.6")
async def in_a_group_10(first, second, texts):
    async def through(text):
        written = await first(text)
        return await second(written)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(through(text)) for text in texts]
    return tuple(task.result() for task in tasks)


@right("10.6")
async def by_two_queues(first, second, texts):
    written, results = asyncio.Queue(), [None] * len(texts)

    async def write(number, text):
        await written.put((number, await first(text)))

    async def check(number, text):
        results[number] = await second(text)

    writers = [asyncio.create_task(write(*pair)) for pair in enumerate(texts)]
    checkers = []
    for _ in texts:
        checkers.append(asyncio.create_task(check(*await written.get())))
    await asyncio.gather(*writers, *checkers)
    return results


@right("10.6")
async def as_completed_and_sorted(first, second, texts):
    async def through(number, text):
        return number, await second(await first(text))

    found = {}
    for each in asyncio.as_completed([through(*pair) for pair in enumerate(texts)]):
        number, result = await each
        found[number] = result
    return [found[number] for number in range(len(texts))]


@wrong("10.6", "the quick texts waited")
async def step_by_step(first, second, texts):
    written = await asyncio.gather(*map(first, texts))
    return await asyncio.gather(*map(second, written))


@wrong("10.6", "took turns")
async def one_by_one(first, second, texts):
    return [await second(await first(text)) for text in texts]


@wrong("10.6", "waited for another")
async def second_steps_in_turn(first, second, texts):
    results = {}
    tasks = {text: asyncio.create_task(first(text)) for text in texts}
    for each in asyncio.as_completed(tasks.values()):
        written = await each
        results[written] = await second(written)
    return [results[task.result()] for task in tasks.values()]


@wrong("10.6", "the quick texts waited")
async def in_the_order_of_the_texts(first, second, texts):
    tasks = [asyncio.create_task(first(text)) for text in texts]
    seconds = [asyncio.create_task(second(await task)) for task in tasks]
    return [await task for task in seconds]


@wrong("10.6", "not in the order of the texts")
async def as_they_are_done_10(first, second, texts):
    async def through(text):
        return await second(await first(text))

    return [await each for each in asyncio.as_completed([through(text) for text in texts])]


@wrong("10.6", "Each once")
async def first_twice(first, second, texts):
    await asyncio.gather(*map(first, texts))
    return await in_a_group_10(first, second, texts)


@wrong("10.6", "took turns")
async def ten_at_a_time(first, second, texts):
    slots = asyncio.Semaphore(10)

    async def through(text):
        async with slots:
            return await second(await first(text))

    return await asyncio.gather(*map(through, texts))


@right("10.8")
async def with_wait_for(studio, prompt, pause, seconds):
    async def made():
        job = await studio.submit(prompt)
        while True:
            match job:
                case {"status": "completed", "video": {"url": url}}:
                    return url
                case {"status": "error", "error": {"message": message}}:
                    raise RuntimeError(message)
            await asyncio.sleep(pause)
            job = await studio.fetch(job["id"])

    return await asyncio.wait_for(made(), seconds)


@right("10.8")
async def by_an_own_clock(studio, prompt: str, pause: float, seconds: float) -> str:
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    job = await studio.submit(prompt)
    number = job["id"]
    while job["status"] not in {"completed", "error"}:
        if clock() + pause > end:
            await asyncio.sleep(end - clock())
            raise TimeoutError("no film in time")
        await asyncio.sleep(pause)
        job = await studio.fetch(number)
    if "error" in job:
        raise RuntimeError(job["error"]["message"])
    return job["video"]["url"]


@right("10.8")
async def by_a_generator(studio, prompt, pause, seconds):
    async def looks(number):
        while True:
            await asyncio.sleep(pause)
            yield await studio.fetch(number)

    async with asyncio.timeout(seconds):
        submitted = await studio.submit(prompt)
        async with aclosing(looks(submitted["id"])) as jobs:
            async for job in jobs:
                if job["status"] == "completed":
                    return job["video"]["url"]
                if job["status"] == "error":
                    raise RuntimeError(job["error"]["message"])


@wrong("10.8", "Submit once")
async def submits_again(studio, prompt, pause, seconds):
    async with asyncio.timeout(seconds):
        job = await studio.submit(prompt)
        while job["status"] in ("queued", "generating"):
            await asyncio.sleep(pause)
            await studio.submit(prompt)
            job = await studio.fetch(job["id"])
    if job["status"] == "error":
        raise RuntimeError(job["error"]["message"])
    return job["video"]["url"]


@wrong("10.8", "await asyncio.sleep(pause) before each look")
async def half_a_pause(studio, prompt, pause, seconds):
    return await by_a_generator(studio, prompt, pause / 2, seconds)


@wrong("10.8", "known of later")
async def seldom(studio, prompt, pause, seconds):
    return await by_a_generator(studio, prompt, 2 * pause, seconds)


@wrong("10.8", "Which sleep lets go")
async def blocks(studio, prompt, pause, seconds):
    async with asyncio.timeout(seconds):
        job = await studio.submit(prompt)
        while job["status"] in ("queued", "generating"):
            block(pause)
            job = await studio.fetch(job["id"])
    if job["status"] == "error":
        raise RuntimeError(job["error"]["message"])
    return job["video"]["url"]


@wrong("10.8", "no TimeoutError came out")
async def so_many_looks(studio, prompt, pause, seconds):
    job = await studio.submit(prompt)
    for _ in range(100):
        await asyncio.sleep(pause)
        job = await studio.fetch(job["id"])
        if job["status"] not in ("queued", "generating"):
            break
    if job["status"] == "error":
        raise RuntimeError(job["error"]["message"])
    return job["video"]["url"]


@wrong("10.8", "Raise RuntimeError")
async def none_for_an_error(studio, prompt, pause, seconds):
    with suppress(RuntimeError):
        return await with_wait_for(studio, prompt, pause, seconds)


@wrong("10.8", "Go on while it is")
async def until_it_is_made(studio, prompt, pause, seconds):
    async with asyncio.timeout(seconds):
        job = await studio.submit(prompt)
        while job["status"] == "queued":
            await asyncio.sleep(pause)
            job = await studio.fetch(job["id"])
    if job["status"] == "error":
        raise RuntimeError(job["error"]["message"])
    return job["video"]["url"]


@wrong("10.8", "no TimeoutError came out")
async def none_for_too_late(studio, prompt, pause, seconds):
    with suppress(TimeoutError):
        return await with_wait_for(studio, prompt, pause, seconds)
