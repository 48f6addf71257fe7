"""Answers to lesson 6."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import aiml_nb as nb

from .registry import right, wrong


@right("6.3")
async def paused_in_a_thread(ask, question):
    await asyncio.to_thread(time.sleep, 0.2)
    return await ask(question)


@right("6.3")
async def woken_by_the_loop(ask, question: str) -> str:
    loop = asyncio.get_running_loop()
    bell = loop.create_future()
    loop.call_later(0.2, bell.set_result, None)
    await bell
    return await ask(question)


@right("6.3")
async def waits_for_nothing(ask, question):
    try:
        async with asyncio.timeout(0.2):
            await asyncio.Event().wait()
    except TimeoutError:
        pass
    return await asyncio.create_task(ask(question))


class Pause:
    """Pauses as a block."""

    async def __aenter__(self):
        await asyncio.sleep(0.2)

    async def __aexit__(self, *error):
        pass


@right("6.3")
async def by_a_context(ask, question):
    async with Pause():
        return await ask(question)


@wrong("6.3", "pause came beside it")
async def pause_beside(ask, question):
    answer, _ = await asyncio.gather(ask(question), asyncio.sleep(0.2))
    return answer


@wrong("6.3", "keeps the loop to itself")
async def counts_down(ask, question):
    end = time.perf_counter() + 0.2
    while time.perf_counter() < end:
        pass
    return await ask(question)


@wrong("6.3", "far too short")
async def in_tenths(ask, question):
    await asyncio.sleep(0.02)
    return await ask(question)


@wrong("6.3", "pause is 0.2 s long")
async def two_seconds(ask, question):
    await asyncio.sleep(2)
    return await ask(question)


TURN: dict[object, asyncio.Lock] = {}


@wrong("6.3", "took turns")
async def one_at_a_time(ask, question):
    loop = asyncio.get_running_loop()
    async with TURN.setdefault(loop, asyncio.Lock()):
        await asyncio.sleep(0.2)
    return await ask(question)


@wrong("6.3", "beside it or after it")
async def the_task_begins(ask, question):
    asked = asyncio.create_task(ask(question))
    await asyncio.sleep(0.2)
    return await asked


@wrong("6.3", "without a pause")
async def pause_not_awaited(ask, question):
    asyncio.sleep(0.2).close()
    return await ask(question)


@right("6.5")
async def own_pool(ask, questions):
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=len(questions)) as pool:
        futures = [loop.run_in_executor(pool, ask, question) for question in questions]
        return await asyncio.gather(*futures)


@right("6.5")
async def a_group_of_threads(ask, questions: list[str]) -> list[str]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asyncio.to_thread(ask, each)) for each in questions]
    return [task.result() for task in tasks]


@right("6.5")
async def one_thread_that_has_a_pool(ask, questions):
    def work():
        with ThreadPoolExecutor(len(questions)) as pool:
            return tuple(pool.map(ask, questions))

    return await asyncio.to_thread(work)


@right("6.5")
async def bare_threads(ask, questions):
    loop, answers = asyncio.get_running_loop(), {}
    done = asyncio.Event()

    def note(number, answer):
        answers[number] = answer
        if len(answers) == len(questions):
            done.set()

    def work(number, question):
        loop.call_soon_threadsafe(note, number, ask(question))

    for pair in enumerate(questions):
        threading.Thread(target=work, args=pair, daemon=True).start()
    await done.wait()
    return [answers[number] for number in range(len(questions))]


@wrong("6.5", "s late")
async def waits_for_the_pool(ask, questions):
    with ThreadPoolExecutor(len(questions)) as pool:
        return list(pool.map(ask, questions))


@wrong("6.5", "only one question was asked at a time")
async def one_thread_for_all(ask, questions):
    return await asyncio.to_thread(lambda: [ask(question) for question in questions])


@wrong("6.5", "at most 16 of")
async def sixteen(ask, questions):
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(16) as pool:
        return await asyncio.gather(*(loop.run_in_executor(pool, ask, q) for q in questions))


@wrong("6.5", "the order in which they were ready")
async def ready_first(ask, questions):
    calls = [asyncio.to_thread(ask, question) for question in questions]
    return [await call for call in asyncio.as_completed(calls)]


@wrong("6.5", "Let asyncio.to_thread call it")
async def wrapped_only(ask, questions):
    return await asyncio.gather(*(ask(question) for question in questions))


@wrong("6.5", "s late")
async def async_in_name_only(ask, questions):
    async def one(question):
        return ask(question)

    return await asyncio.gather(*map(one, questions))


@wrong("6.5", "a comma between them")
async def called_too_early(ask, questions):
    return await asyncio.gather(*(asyncio.to_thread(ask(question)) for question in questions))


@wrong("6.5", "only one question was asked at a time")
async def lazily_started(ask, questions):
    tasks = map(asyncio.create_task, (asyncio.to_thread(ask, q) for q in questions))
    return [await task for task in tasks]


questions = nb.prompts.TWENTY[:8]
slow = nb.connect(simulate=True, seed=0, speed=5, verbose=False)


@right("6.8")
async def run_as_a_task(suspect):
    running = asyncio.create_task(nb.run_async(questions, slow))
    await suspect()
    return (await running).loop_lag_max


@right("6.8")
async def by_a_handle(suspect) -> float:
    handle = nb.start(questions, slow)
    await asyncio.gather(suspect(), handle)
    return handle.partial.loop_lag_max


@right("6.8")
async def in_a_group(suspect):
    async with asyncio.TaskGroup() as group:
        run = group.create_task(nb.run_async(questions, slow))
        group.create_task(suspect())
    return run.result().summary()["loop_lag_max"].item()


@wrong("6.8", "Put the run and the suspect into one gather")
async def first_the_one_then_the_other(suspect):
    run = await nb.run_async(questions, slow)
    await suspect()
    return run.loop_lag_max


@wrong("6.8", "worst single delay")
async def always_half_a_second(suspect):
    await asyncio.gather(nb.run_async(questions, slow), suspect())
    return 0.5


@wrong("6.8", "Put the run and the suspect into one gather")
async def the_mean_of_it(suspect):
    run, _ = await asyncio.gather(nb.run_async(questions, slow), suspect())
    return run.loop_lag_max / len(run.calls)


@wrong("6.8", "not how long it all took")
async def how_long_it_took(suspect):
    began = time.perf_counter()
    await asyncio.gather(nb.run_async(questions, slow), suspect())
    return time.perf_counter() - began


@wrong("6.8", "whole run")
async def the_run(suspect):
    run, _ = await asyncio.gather(nb.run_async(questions, slow), suspect())
    return run


@wrong("6.8", "never called")
async def brackets_forgotten(suspect):
    async def beside():
        suspect  # noqa: B018  the mistake

    run, _ = await asyncio.gather(nb.run_async(questions, slow), beside())
    return run.loop_lag_max
