"""Answers to lessons 2 and 3."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import threading
from collections import deque
from fractions import Fraction

import numpy as np

import aiml_nb as nb

from .registry import right, wrong


@right("2.2")
async def in_one_line(ask, question):
    return (await ask(question)).upper()


@right("2.2")
async def with_a_walrus(ask, question: str) -> str:
    """Return the answer in capitals."""
    if answer := await ask(question):
        return str.upper(answer)
    return ""


@right("2.2")
async def by_a_task_and_a_helper(ask, question):
    def loud(text):
        return "".join(letter.upper() for letter in text)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(ask(question))
    return loud(task.result())


@right("2.2")
async def first_of_a_gather(ask, question):
    [answer] = await asyncio.gather(ask(question))
    return answer.upper()


@right("2.2")
async def within_a_minute(ask, question):
    async with asyncio.timeout(60):
        answer = await ask(question)
    return answer.upper()


@wrong("2.2", "the dot")
async def the_dot_before_the_await(ask, question):
    return await ask(question).upper()


@wrong("2.2", "Brackets call it")
async def brackets_forgotten(ask, question):
    answer = await ask(question)
    return answer.upper


@wrong("2.2", "asked were 'WHY?'")
async def asks_loudly(ask, question):
    return await ask(question.upper())


@wrong("2.2", "another event loop")
async def in_a_loop_of_a_thread(ask, question):
    def work():
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(ask(question))
        finally:
            loop.close()

    answer = await asyncio.to_thread(work)
    return answer.upper()


@wrong("2.2", "it returned 'AN ANSWER TO: wHY?'")
async def swapped_case(ask, question):
    return (await ask(question)).swapcase()


@wrong("2.2", "never awaited")
async def made_up_loudly(ask, question):
    ask(question)
    return f"AN ANSWER TO: {question.upper()}"


@wrong("2.2", "None")
async def printed_loudly(ask, question):
    answer = await ask(question)
    print(answer.upper())


@right("2.4")
async def gathered(ask, question, lay_table):
    answer, _ = await asyncio.gather(ask(question), lay_table())
    return answer


@right("2.4")
async def both_in_a_group(ask, question, lay_table):
    async with asyncio.TaskGroup() as group:
        asked, _ = group.create_task(ask(question)), group.create_task(lay_table())
    return asked.result()


@right("2.4")
async def the_table_as_a_task(ask, question, lay_table):
    laying = asyncio.ensure_future(lay_table())
    answer = await ask(question)
    await laying
    return answer


@right("2.4")
async def waited_for(ask, question, lay_table):
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(ask(question)), loop.create_task(lay_table())]
    await asyncio.wait(tasks, return_when=asyncio.ALL_COMPLETED)
    return tasks[0].result()


@wrong("2.4", "long done")
async def long_enough(ask, question, lay_table):
    asked, laying = asyncio.create_task(ask(question)), asyncio.create_task(lay_table())
    await asyncio.sleep(5)
    await laying
    return asked.result()


@wrong("2.4", "not done yet")
async def not_long_enough(ask, question, lay_table):
    asked = asyncio.create_task(ask(question))
    await lay_table()
    return asked.result()


@wrong("2.4", "only after the answer had come")
async def started_and_awaited_at_once(ask, question, lay_table):
    answer = await asyncio.create_task(ask(question))
    await asyncio.create_task(lay_table())
    return answer


@wrong("2.4", "returned before the table was laid")
async def the_table_on_its_own(ask, question, lay_table):
    laying = asyncio.create_task(lay_table())
    answer = await ask(question)
    assert laying
    return answer


@wrong("2.4", "the function returned ['an answer")
async def whatever_gather_gives(ask, question, lay_table):
    return await asyncio.gather(ask(question), lay_table())


@wrong("2.4", "returned before the table was laid")
async def the_first_that_is_done(ask, question, lay_table):
    asked, laying = asyncio.create_task(ask(question)), asyncio.create_task(lay_table())
    await asyncio.wait([asked, laying], return_when=asyncio.FIRST_COMPLETED)
    return await asked


@wrong("2.4", "only after the table was laid")
async def a_task_too_late(ask, question, lay_table):
    await lay_table()
    return await asyncio.create_task(ask(question))


@right("2.7")
async def runs_in_a_group(endpoint):
    async with asyncio.TaskGroup() as group:
        runs = [
            group.create_task(nb.run_async(prompts, endpoint))
            for prompts in (nb.prompts.TWENTY[:5], nb.prompts.FAQ)
        ]
    return tuple(run.result() for run in runs)


@right("2.7")
async def runs_in_threads(endpoint):
    return await asyncio.gather(
        asyncio.to_thread(nb.run, nb.prompts.FAQ, endpoint),
        asyncio.to_thread(nb.run, nb.prompts.TWENTY[:5], endpoint),
    )


@right("2.7")
async def two_handles(endpoint):
    first = nb.start(nb.prompts.FAQ, endpoint, stream=True)
    second = nb.start(list(nb.prompts.TWENTY)[:5], endpoint)
    return [await first, await second]


@wrong("2.7", "the second run began when the first was over")
async def one_run_after_another(endpoint):
    tasks = (
        asyncio.create_task(nb.run_async(prompts, endpoint))
        for prompts in [nb.prompts.FAQ, nb.prompts.TWENTY[:5]]
    )
    return [await task for task in tasks]


@wrong("2.7", "another endpoint")
async def at_an_endpoint_of_its_own(endpoint):
    own = nb.connect(simulate=True, speed=40, verbose=False)
    return await asyncio.gather(
        nb.run_async(nb.prompts.FAQ, own), nb.run_async(nb.prompts.TWENTY[:5], own)
    )


@wrong("2.7", "first five of nb.prompts.TWENTY")
async def from_the_second_on(endpoint):
    return await asyncio.gather(
        nb.run_async(nb.prompts.FAQ, endpoint), nb.run_async(nb.prompts.TWENTY[1:6], endpoint)
    )


@wrong("2.7", "two runs, and got 1")
async def all_in_one(endpoint):
    return [await nb.run_async([*nb.prompts.FAQ, *nb.prompts.TWENTY[:5]], endpoint)]


@right("2.8")
def suppressed() -> bool:
    with contextlib.suppress(RuntimeError):
        return asyncio.get_running_loop().is_running()
    return False


@right("2.8")
def asked_for_tasks():
    try:
        asyncio.all_tasks()
        found = True
    except RuntimeError:
        found = False
    return found


@right("2.8")
def by_a_helper():
    def loop_or_none():
        try:
            return asyncio.get_running_loop()
        except Exception:  # noqa: BLE001  as learners write it
            return None

    return loop_or_none() is not None


@wrong("2.8", "no tasks; there it says False")
def by_the_current_task():
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


@wrong("2.8", "in a thread of its own")
def in_jupyter():
    return "asyncio" in sys.modules


@wrong("2.8", "loop is running it says False")
def in_the_main_thread():
    return threading.current_thread() is threading.main_thread()


@wrong("2.8", "Return True or False")
def the_loop_itself():
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


@wrong("2.8", "started a loop")
def tries_one():
    coroutine = asyncio.sleep(0)
    try:
        asyncio.run(coroutine)
    except RuntimeError:
        coroutine.close()
        return True
    return False


class Gate:
    """Lets so many in at once."""

    def __init__(self, ask, limit):
        self._ask, self._free, self._waiting = ask, limit, deque()

    async def ask(self, question):
        if not self._free:
            self._waiting.append(turn := asyncio.get_running_loop().create_future())
            await turn
        else:
            self._free -= 1
        try:
            return await self._ask(question)
        finally:
            if self._waiting:
                self._waiting.popleft().set_result(None)
            else:
                self._free += 1


@right("3.2")
async def by_a_class(ask, questions, limit):
    gate = Gate(ask, limit)
    return await asyncio.gather(*map(gate.ask, questions))


@right("3.2")
async def by_workers(ask, questions: list[str], limit: int):
    answers, left = {}, deque(enumerate(questions))

    async def work() -> None:
        while left:
            number, question = left.popleft()
            answers[number] = await ask(question)

    async with asyncio.TaskGroup() as group:
        for _ in range(limit):
            group.create_task(work())
    return (answers[number] for number in sorted(answers))


@right("3.2")
async def with_a_set_of_tasks(ask, questions, limit):
    tasks, pending = [], set()
    for question in questions:
        if len(pending) == limit:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        tasks.append(asyncio.create_task(ask(question)))
        pending.add(tasks[-1])
    await asyncio.wait(pending)
    return [task.result() for task in tasks]


@right("3.2")
async def acquired_by_hand(ask, questions, limit):
    slots = asyncio.BoundedSemaphore(limit)

    async def one(question):
        await slots.acquire()
        try:
            return await ask(question)
        finally:
            slots.release()

    return tuple([await task for task in [asyncio.create_task(one(q)) for q in questions]])


@wrong("3.2", "slots stood empty")
async def dealt_out(ask, questions, limit):
    answers = {}

    async def lane(mine):
        for question in mine:
            answers[question] = await ask(question)

    await asyncio.gather(*(lane(questions[n::limit]) for n in range(limit)))
    return [answers[question] for question in questions]


@wrong("3.2", "at most 10 were in flight")
async def never_more_than_ten(ask, questions, limit):
    return await by_a_class(ask, questions, min(limit, 10))


@wrong("3.2", "4 were in flight at once")
async def one_too_many(ask, questions, limit):
    return await by_a_class(ask, questions, limit + 1)


@wrong("3.2", "had not ended")
async def never_released(ask, questions, limit):
    slots = asyncio.Semaphore(limit)

    async def one(question):
        await slots.acquire()
        return await ask(question)

    return await asyncio.gather(*map(one, questions))


@wrong("3.2", "slots stood empty")
async def paced(ask, questions, limit):
    slots = asyncio.Semaphore(limit)

    async def one(question):
        async with slots:
            answer = await ask(question)
            await asyncio.sleep(0.1)
            return answer

    return await asyncio.gather(*map(one, questions))


@wrong("3.2", "in the order of the questions")
async def as_they_finish(ask, questions, limit):
    slots, answers = asyncio.Semaphore(limit), []

    async def one(question):
        async with slots:
            answers.append(await ask(question))

    await asyncio.gather(*map(one, questions))
    return answers


@wrong("3.2", "Mind the default")
async def into_a_default(ask, questions, limit, answers={}):  # noqa: B006
    for question, answer in zip(questions, await by_a_class(ask, questions, limit), strict=True):
        answers[question, len(questions)] = answer
    return list(answers.values())


@wrong("3.2", "only one was ever in flight")
async def a_semaphore_and_a_loop(ask, questions, limit):
    slots, answers = asyncio.Semaphore(limit), []
    for question in questions:
        async with slots:
            answers.append(await ask(question))
    return answers


@wrong("3.2", "never awaited")
async def returned_from_the_slot(ask, questions, limit):
    slots = asyncio.Semaphore(limit)

    async def one(question):
        async with slots:
            return ask(question)

    return await asyncio.gather(*map(one, questions))


def durations_of(run):
    return [call.duration for call in run.calls]


@right("3.3")
def by_statistics(run, answers_per_minute):
    return statistics.fmean(durations_of(run)) * answers_per_minute / 60


@right("3.3")
def in_fractions(run, answers_per_minute):
    mean = sum(map(Fraction, durations_of(run))) / len(run.calls)
    return Fraction(answers_per_minute, 60) * mean


@right("3.3")
def by_numpy_rounded_up(run, answers_per_minute) -> int:
    return np.ceil(np.mean(durations_of(run)) * answers_per_minute / 60)


@right("3.3")
def by_the_table(run, answers_per_minute):
    return run.to_frame()["duration"].mean() * (answers_per_minute / 60)


@wrong("3.3", "You took the median")
def by_the_median(run, answers_per_minute):
    return statistics.median_high(durations_of(run)) * answers_per_minute / 60


@wrong("3.3", "what this run had in flight")
def what_the_run_had(run, answers_per_minute):
    return sum(durations_of(run)) / run.makespan


@wrong("3.3", "divided by 60 twice")
def sixty_twice(run, answers_per_minute):
    return answers_per_minute / 60 / 60 * statistics.fmean(durations_of(run))


@wrong("3.3", "for a minute of 60")
def seconds_times_minutes(run, answers_per_minute):
    return answers_per_minute * statistics.fmean(durations_of(run))


@wrong("3.3", "Rounded down")
def rounded(run, answers_per_minute):
    return round(statistics.fmean(durations_of(run)) * answers_per_minute / 60)


@wrong("3.3", "With 120 answers")
def limit_of_the_run(run, answers_per_minute):
    return run.max_concurrency


def run_at(scenario="seven", prompts=None, **options):
    endpoint = nb.connect(simulate=True, scenario=scenario, speed=12, seed=0, verbose=False)
    return lambda: nb.run(prompts or nb.prompts.TWENTY, endpoint, **options)


def made(answer):
    answer.makes_value = True
    return answer


right("3.6")(made(run_at(max_concurrency=7)))
right("3.6")(made(run_at(max_concurrency=7, strategy="workers")))
right("3.6")(made(run_at(max_concurrency=7, stream=True)))
wrong("3.6", "Choose a larger limit")(made(run_at(max_concurrency=6)))
wrong("3.6", "Choose a smaller limit")(made(run_at(max_concurrency=8)))
wrong("3.6", "only 7 questions")(made(run_at(prompts=nb.prompts.TWENTY[:7], max_concurrency=20)))
wrong("3.6", "that was another server")(made(run_at("faq", max_concurrency=9)))
wrong("3.6", "Leave the strategy as it is")(made(run_at(max_concurrency=7, strategy="batches")))
wrong("3.6", "Choose a larger limit")(made(run_at(max_concurrency=7, strategy="sequential")))
wrong("3.6", "check got an int")(made(lambda: 7))
