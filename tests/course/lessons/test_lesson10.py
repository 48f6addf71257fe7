"""Lesson 10: each check passes right answers in several styles and tells mistakes what they are."""

from __future__ import annotations

import asyncio
import json

import pytest
from pydantic import ValidationError

from aiml_nb.course import check

from ...rows import slow
from ...waiting import block, take


async def with_continue(ask, question, kind, attempts):
    for _ in range(attempts):
        try:
            return kind.model_validate_json(await ask(question))
        except ValidationError:
            continue
    return None


async def with_while(ask, question, kind, attempts):
    found = None
    while found is None and attempts > 0:
        attempts -= 1
        text = await ask(question)
        try:
            found = kind.model_validate_json(text)
        except ValueError:  # a ValidationError is one
            found = None
    return found


async def with_itself(ask, question, kind, attempts):
    if not attempts:
        return None
    try:
        return kind.model_validate_json(await ask(question))
    except ValidationError as error:
        return await with_itself(ask, f"{question} Not so: {error}", kind, attempts - 1)


@pytest.mark.parametrize("answer", [with_continue, with_while, with_itself])
def test_asking_until_it_fits_passes(answer: object) -> None:
    assert check("10.2", answer)


async def once(ask, question, kind, attempts):
    try:
        return kind.model_validate_json(await ask(question))
    except ValidationError:
        return None


async def comes_out(ask, question, kind, attempts):
    return kind.model_validate_json(await ask(question))


async def once_more(ask, question, kind, attempts):
    return await with_continue(ask, question, kind, attempts + 1)


async def always_three(ask, question, kind, attempts):
    return await with_continue(ask, question, kind, 3)


async def all_of_them(ask, question, kind, attempts):
    found = None
    for _ in range(attempts):
        try:
            found = found or kind.model_validate_json(await ask(question))
        except ValidationError:
            continue
    for _ in range(attempts):
        await ask(question)
    return found


async def the_last(ask, question, kind, attempts):
    found = None
    for _ in range(attempts):
        try:
            found = kind.model_validate_json(await ask(question))
        except ValidationError:
            continue
    return found


async def at_once(ask, question, kind, attempts):
    for text in await asyncio.gather(*(ask(question) for _ in range(attempts))):
        try:
            return kind.model_validate_json(text)
        except ValidationError:
            continue
    return None


async def any_error(ask, question, kind, attempts):
    for _ in range(attempts):
        try:
            return kind.model_validate_json(await ask(question))
        except Exception:  # noqa: BLE001, S112  the mistake
            continue
    return None


async def asked_outside(ask, question, kind, attempts):
    text = await ask(question)
    for _ in range(attempts):
        try:
            return kind.model_validate_json(text)
        except ValidationError:
            continue
    return None


async def json_will_do(ask, question, kind, attempts):
    for _ in range(attempts):
        try:
            return json.loads(await ask(question))
        except json.JSONDecodeError:
            continue
    return None


async def the_text(ask, question, kind, attempts):
    for _ in range(attempts):
        text = await ask(question)
        try:
            kind.model_validate_json(text)
        except ValidationError:
            continue
        return text
    return None


async def another_question(ask, question, kind, attempts):
    for _ in range(attempts):
        try:
            return kind.model_validate_json(await ask(question))
        except ValidationError as error:
            question = str(error)
    return None


async def in_a_list(ask, question, kind, attempts):
    return await with_continue(ask, [question], kind, attempts)


async def ask_not_awaited(ask, question, kind, attempts):
    for _ in range(attempts):
        try:
            return kind.model_validate_json(ask(question))
        except ValidationError:
            continue
    return None


async def kind_validates(ask, question, kind, attempts):
    for _ in range(attempts):
        try:
            return kind.model_validate(await ask(question))
        except ValidationError:
            continue
    return None


async def kind_returned(ask, question, kind, attempts):
    return kind if await with_continue(ask, question, kind, attempts) else None


async def kind_called(ask, question, kind, attempts):
    return kind(await ask(question))


async def nothing(ask, question, kind, attempts):
    await with_continue(ask, question, kind, attempts)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (once, "gave up too early"),
        (asked_outside, "gave up too early"),
        (comes_out, "the ValidationError came out"),
        (once_more, "4 times, and each is paid for"),
        (always_three, "2 times, and each is paid for"),
        (all_of_them, "each is paid for"),
        (the_last, "each is paid for"),
        (at_once, "each is paid for"),
        (any_error, "Catch ValidationError and nothing else"),
        (json_will_do, "Wanted is the object"),
        (the_text, "Wanted is the object"),
        (another_question, "belongs into every attempt"),
        (in_a_list, "belongs into every attempt"),
        (ask_not_awaited, "never awaited"),
        (kind_called, "model_validate_json(text) makes the object"),
        (kind_validates, "and by nothing else"),
        (kind_returned, "it returned the kind itself"),
        (nothing, "Return the object"),
        (lambda ask, question, kind, attempts: None, "async def"),
        ("an answer", "the function itself"),
    ],
)
def test_another_way_to_ask_again_is_told_what_it_does(answer: object, said: str) -> None:
    verdict = check("10.2", answer)

    assert not verdict
    assert said in verdict.text


def message_of(call, content):
    return {"role": "tool", "tool_call_id": call.id, "content": content}


async def with_gather(calls, functions):
    async def run_one(call):
        arguments = json.loads(call.function.arguments)
        return message_of(call, str(await functions[call.function.name](**arguments)))

    return await asyncio.gather(*(run_one(call) for call in calls))


async def with_a_group(calls, functions):
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(functions[c.function.name](**json.loads(c.function.arguments)))
            for c in calls
        ]
    return [
        message_of(call, json.dumps(task.result())) for call, task in zip(calls, tasks, strict=True)
    ]


async def results_first(calls, functions):
    found = await asyncio.gather(
        *[functions[c.function.name](**json.loads(c.function.arguments)) for c in calls]
    )
    return tuple(message_of(*pair) for pair in zip(calls, map(str, found), strict=True))


@pytest.mark.parametrize("answer", [with_gather, with_a_group, results_first])
def test_all_tools_at_once_pass(answer: object) -> None:
    assert check("10.4", answer)


def tools_with(run_one):
    async def run_tools(calls, functions):
        return await asyncio.gather(*(run_one(call, functions) for call in calls))

    return run_tools


async def good(call, functions):
    return message_of(
        call, str(await functions[call.function.name](**json.loads(call.function.arguments)))
    )


async def one_after_another(calls, functions):
    return [await good(call, functions) for call in calls]


async def in_order_of_arrival(calls, functions):
    return [await each for each in asyncio.as_completed([good(call, functions) for call in calls])]


async def text_for_arguments(call, functions):
    return message_of(call, await functions[call.function.name](**call.function.arguments))


async def in_one_piece(call, functions):
    arguments = json.loads(call.function.arguments)
    return message_of(call, str(await functions[call.function.name](arguments)))


async def first_argument_alone(call, functions):
    arguments = json.loads(call.function.arguments)
    return message_of(call, str(await functions["get_weather"](str(*list(arguments.values())[:1]))))


async def no_id(call, functions):
    return {**(await good(call, functions)), "tool_call_id": call.function.name}


async def another_role(call, functions):
    return {**(await good(call, functions)), "role": "user"}


async def a_number(call, functions):
    arguments = json.loads(call.function.arguments)
    return message_of(call, await functions[call.function.name](**arguments))


async def result_alone(call, functions):
    return (await good(call, functions))["content"]


async def no_content(call, functions):
    return {"role": "tool", "tool_call_id": call.id, "text": await good(call, functions)}


async def arguments_sent_back(call, functions):
    await good(call, functions)
    return message_of(call, call.function.arguments)


async def first_call_alone(calls, functions):
    return [await good(call, functions) for call in calls[:1]]


async def always_the_weather(call, functions):
    result = await functions["get_weather"](**json.loads(call.function.arguments))
    return message_of(call, str(result))


async def never_called(call, functions):
    return message_of(call, "sunny")


async def tool_not_awaited(call, functions):
    arguments = json.loads(call.function.arguments)
    return message_of(call, str(functions[call.function.name](**arguments)))


async def name_of_the_call(call, functions):
    return message_of(call, await functions[call.name](**call.arguments))


async def nothing_returned(calls, functions):
    await with_gather(calls, functions)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (one_after_another, "at most 1 of 3"),
        (in_order_of_arrival, "in the order of the calls"),
        (tools_with(text_for_arguments), "the arguments are a text"),
        (tools_with(in_one_piece), "Two stars"),
        (tools_with(first_argument_alone), "the calls asked for"),
        (tools_with(always_the_weather), "the arguments of another one"),
        (tools_with(no_id), "'tool_call_id' is to be"),
        (tools_with(another_role), "'role' is to be 'tool'"),
        (tools_with(a_number), "A content is a text"),
        (tools_with(result_alone), "A message is a dictionary"),
        (tools_with(no_content), "Its 'content' is what came"),
        (tools_with(arguments_sent_back), "to be what came of it"),
        (first_call_alone, "1 of 3 functions were called"),
        (tools_with(never_called), "0 of 3 functions were called"),
        (tools_with(tool_not_awaited), "never awaited"),
        (tools_with(name_of_the_call), "as in call.function.name"),
        (nothing_returned, "a list: a message for each call"),
        ([], "the function itself"),
    ],
)
def test_other_tools_are_told_what_they_do(answer: object, said: str) -> None:
    verdict = check("10.4", answer)

    assert not verdict
    assert said in verdict.text


async def pipeline(first, second, texts):
    async def go_through(text):
        return await second(await first(text))

    return await asyncio.gather(*(go_through(text) for text in texts))


async def pipeline_of_tasks(first, second, texts):
    async def go_through(text):
        written = await first(text)
        return await second(written)

    tasks = [asyncio.create_task(go_through(text)) for text in texts]
    return [await task for task in tasks]


async def pipeline_with_a_queue(first, second, texts):
    written: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    results = {}

    async def make(number, text):
        await written.put((number, await first(text)))

    async def check_one(number, text):
        results[number] = await second(text)

    async with asyncio.TaskGroup() as group:
        for number, text in enumerate(texts):
            group.create_task(make(number, text))
        for _ in texts:
            group.create_task(check_one(*await written.get()))
    return [results[number] for number in range(len(texts))]


@pytest.mark.parametrize("answer", [pipeline, pipeline_of_tasks, pipeline_with_a_queue])
def test_texts_that_do_not_wait_for_each_other_pass(answer: object) -> None:
    assert check("10.6", answer)


async def step_by_step(first, second, texts):
    written = await asyncio.gather(*map(first, texts))
    return await asyncio.gather(*map(second, written))


async def text_by_text(first, second, texts):
    return [await second(await first(text)) for text in texts]


async def first_not_awaited(first, second, texts):
    return await asyncio.gather(*(second(first(text)) for text in texts))


async def text_for_both(first, second, texts):
    async def go_through(text):
        await first(text)
        return await second(text)

    return await asyncio.gather(*(go_through(text) for text in texts))


async def first_alone(first, second, texts):
    return await asyncio.gather(*map(first, texts))


async def as_it_comes(first, second, texts):
    async def go_through(text):
        return await second(await first(text))

    return [await each for each in asyncio.as_completed([go_through(text) for text in texts])]


async def in_pairs(first, second, texts):
    found = []
    for start in range(0, len(texts), 2):
        found += await pipeline(first, second, texts[start : start + 2])
    return found


async def no_return(first, second, texts):
    await pipeline(first, second, texts)


async def tasks_returned(first, second, texts):
    async def go_through(text):
        return await second(await first(text))

    tasks = [asyncio.create_task(go_through(text)) for text in texts]
    if tasks:
        await asyncio.wait(tasks)
    return tasks


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (step_by_step, "the quick texts waited"),
        (text_by_text, "they took turns"),
        (in_pairs, "they took turns"),
        (first_not_awaited, "second got a coroutine"),
        (text_for_both, "It wants what first gave"),
        (first_alone, "is wanted"),
        (as_it_comes, "not in the order of the texts"),
        (no_return, "a list: a result for each text"),
        (tasks_returned, "still to be awaited"),
        (None, "the function itself"),
    ],
)
def test_another_pipeline_is_told_what_it_does(answer: object, said: str) -> None:
    verdict = check("10.6", answer)

    assert not verdict
    assert said in verdict.text


async def make_film(studio, prompt, pause, seconds):
    async with asyncio.timeout(seconds):
        job = await studio.submit(prompt)
        while job["status"] in ("queued", "generating"):
            await take(pause)
            job = await studio.fetch(job["id"])
    if job["status"] == "error":
        raise RuntimeError(job["error"]["message"])
    return job["video"]["url"]


async def look_at_once(studio, prompt, pause, seconds):
    async def wait():
        film = (await studio.submit(prompt))["id"]
        while True:
            job = await studio.fetch(film)
            match job["status"]:
                case "completed":
                    return job["video"]["url"]
                case "error":
                    raise RuntimeError(job["error"]["message"])
            await take(pause)

    return await asyncio.wait_for(wait(), seconds)


async def with_a_deadline(studio, prompt, pause, seconds):
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    job = await studio.submit(prompt)
    while job["status"] not in ("completed", "error"):
        if loop.time() + pause > end:
            raise TimeoutError
        await take(pause)
        job = await studio.fetch(job["id"])
    if job["status"] == "completed":
        return job["video"]["url"]
    raise RuntimeError(job["error"]["message"])


async def with_a_generator(studio, prompt, pause, seconds):
    async def look(film):
        while True:
            await take(pause)
            yield await studio.fetch(film)

    async with asyncio.timeout(seconds):
        film = (await studio.submit(prompt))["id"]
        async for job in look(film):
            if "error" in job:
                raise RuntimeError(job["error"]["message"])
            if "video" in job:
                return job["video"]["url"]
    return None


@pytest.mark.parametrize(
    "answer",
    [make_film, slow(look_at_once), slow(with_a_deadline), slow(with_a_generator)],
)
def test_a_film_that_is_waited_for_well_passes(answer: object) -> None:
    assert check("10.8", answer)


async def poll(studio, film, pause, *, while_in=("queued", "generating")):
    job = {"id": film, "status": "queued"}
    while job["status"] in while_in:
        await take(pause)
        job = await studio.fetch(film)
    return job


async def no_pause(studio, prompt, pause, seconds):
    return await make_film(studio, prompt, 0, seconds)


async def fetch_forgotten(studio, prompt, pause, seconds):
    job = await studio.submit(prompt)
    while job["status"] != "completed":
        await take(pause)
    return job["video"]["url"]


async def fetches_the_job(studio, prompt, pause, seconds):
    job = await studio.submit(prompt)
    return (await studio.fetch(job))["video"]["url"]


async def looks_once(studio, prompt, pause, seconds):
    job = await studio.submit(prompt)
    await take(pause)
    return (await studio.fetch(job["id"]))["video"]["url"]


async def while_queued(studio, prompt, pause, seconds):
    job = await studio.submit(prompt)
    return (await poll(studio, job["id"], pause, while_in=("queued",)))["video"]["url"]


async def submits_again(studio, prompt, pause, seconds):
    job = await studio.submit(prompt)
    for _ in range(3):
        await take(pause)
        job = await studio.submit(prompt)
    return f"{job['id']}.mp4"


async def blocks(studio, prompt, pause, seconds):
    job = await studio.submit(prompt)
    while job["status"] in ("queued", "generating"):
        block(pause)  # the mistake
        job = await studio.fetch(job["id"])
    return job["video"]["url"]


async def error_unseen(studio, prompt, pause, seconds):
    async with asyncio.timeout(seconds):
        job = await studio.submit(prompt)
        job = await poll(studio, job["id"], pause)
    return job["video"]["url"]


async def until_completed(studio, prompt, pause, seconds):
    async with asyncio.timeout(seconds):
        job = await studio.submit(prompt)
        while job["status"] != "completed":
            await take(pause)
            job = await studio.fetch(job["id"])
    return job["video"]["url"]


async def none_for_an_error(studio, prompt, pause, seconds):
    async with asyncio.timeout(seconds):
        job = await studio.submit(prompt)
        job = await poll(studio, job["id"], pause)
    return job["video"]["url"] if "video" in job else None


async def other_words(studio, prompt, pause, seconds):
    try:
        return await make_film(studio, prompt, pause, seconds)
    except RuntimeError:
        raise RuntimeError("no film") from None


async def the_whole_error(studio, prompt, pause, seconds):
    async with asyncio.timeout(seconds):
        job = await studio.submit(prompt)
        job = await poll(studio, job["id"], pause)
    if job["status"] == "error":
        raise RuntimeError(job["error"])
    return job["video"]["url"]


async def always_true(studio, prompt, pause, seconds):
    async with asyncio.timeout(seconds):
        job = await studio.submit(prompt)
        while job["status"] == "queued" or "generating":  # the mistake
            await take(pause)
            job = await studio.fetch(job["id"])


async def no_end(studio, prompt, pause, seconds):
    job = await studio.submit(prompt)
    job = await poll(studio, job["id"], pause)
    if job["status"] == "error":
        raise RuntimeError(job["error"]["message"])
    return job["video"]["url"]


async def timeout_of_each_look(studio, prompt, pause, seconds):
    job = await studio.submit(prompt)
    while job["status"] in ("queued", "generating"):
        await take(pause)
        async with asyncio.timeout(seconds):
            job = await studio.fetch(job["id"])
    if job["status"] == "error":
        raise RuntimeError(job["error"]["message"])
    return job["video"]["url"]


async def none_when_late(studio, prompt, pause, seconds):
    try:
        return await make_film(studio, prompt, pause, seconds)
    except TimeoutError:
        return None


async def late_and_told_so(studio, prompt, pause, seconds):
    began = asyncio.get_running_loop().time()
    url = await no_end(studio, prompt, pause, seconds)
    if asyncio.get_running_loop().time() - began > seconds:
        raise TimeoutError
    return url


async def the_job(studio, prompt, pause, seconds):
    job = await studio.submit(prompt)
    return await poll(studio, job["id"], pause)


async def nothing_at_all(studio, prompt, pause, seconds):
    await make_film(studio, prompt, pause, seconds)


async def nobody_looked(studio, prompt, pause, seconds):
    await studio.submit(prompt)
    return "https://films.invalid/film-1.mp4"


async def another_prompt(studio, prompt, pause, seconds):
    return await make_film(studio, "prompt", pause, seconds)


async def another_pause(studio, prompt, pause, seconds):
    return await make_film(studio, prompt, 0.05, seconds)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (no_pause, "before each look"),
        slow(fetch_forgotten, "tells how it is now"),
        slow(fetches_the_job, "film_id must be one of"),
        (looks_once, "the job had no 'video'"),
        slow(another_pause, "the pause is 0.15 s"),
        slow(while_queued, "the job had no 'video'"),
        slow(submits_again, "films were submitted"),
        slow(blocks, "Which sleep lets go"),
        slow(error_unseen, "has no video"),
        slow(until_completed, "it went on looking"),
        slow(none_for_an_error, "Raise RuntimeError"),
        slow(other_words, "Its text is job"),
        slow(the_whole_error, "Its text is job"),
        slow(always_true, "When does your loop end?"),
        slow(no_end, "no TimeoutError came out"),
        slow(timeout_of_each_look, "no TimeoutError came out"),
        slow(none_when_late, "no TimeoutError came out"),
        slow(late_and_told_so, "only when the film was ready"),
        slow(the_job, "the address is wanted"),
        slow(nothing_at_all, "Return the address"),
        slow(nobody_looked, "nobody looked"),
        slow(another_prompt, "and not the prompt"),
        slow(lambda studio, prompt, pause, seconds: None, "async def"),
        slow("a film", "the function itself"),
    ],
)
def test_another_way_to_wait_for_a_film_is_told_what_it_does(answer: object, said: str) -> None:
    verdict = check("10.8", answer)

    assert not verdict
    assert said in verdict.text


@pytest.mark.parametrize("key", ["10.2", "10.4", "10.6", "10.8"])
def test_an_exercise_that_is_not_begun_stays_so(key: str) -> None:
    async def not_begun(*arguments):
        raise NotImplementedError(f"exercise {key}")

    with pytest.raises(NotImplementedError, match=key):
        check(key, not_begun)
