"""Answers to lessons 0 and 1."""

from __future__ import annotations

import asyncio
import heapq
import math
import operator
import time
from decimal import Decimal

import numpy as np
import pandas as pd

import aiml_nb as nb

from .registry import right, wrong

right("0.3")(operator.attrgetter("total_time"))


@right("0.3")
def by_numpy(call):
    return np.subtract(call.finished, call.submitted)


@right("0.3")
def by_its_parts(call) -> float:
    """Add the wait in the queue and the call itself."""
    queue, duration = call.queue_time, call.duration
    return queue + duration


@right("0.3")
def in_decimals(call):
    return Decimal(str(call.finished)) - Decimal(str(call.submitted))


@wrong("0.3", "rounded")
def in_whole_seconds(call):
    return int(call.finished - call.submitted)


@wrong("0.3", "a number of seconds")
def in_words(call):
    return f"{call.finished - call.submitted:.2f} s"


@wrong("0.3", "wait in the queue alone")
def the_queue_alone(call):
    return call.started - call.submitted


@wrong("0.3", "From which stamp to which")
def on_another_clock(call):
    return time.perf_counter() - call.submitted


@wrong("0.3", "None")
def printed(call):
    print(call.finished - call.submitted)


def asked(questions, **options):
    """Return a maker of a run, for the check is given a run and no function."""

    def make():
        endpoint = nb.connect(simulate=True, speed=60, seed=0, verbose=False)
        return nb.run(questions, endpoint, **options)

    make.makes_value = True
    return make


OWN = ("How deep is the sea?", "Why is grass green?", "¿Cuántos años tienes?")
right("0.4")(asked(OWN))
right("0.4")(asked(pd.Series(OWN), stream=True))
right("0.4")(asked([question.upper() for question in OWN], strategy="sequential"))
wrong("0.4", "the same")(asked([OWN[0], OWN[0] + " ", OWN[1]]))
wrong("0.4", "one of them is ours")(asked([*OWN[:2], "what is 2+2?"]))
wrong("0.4", "the run has 2 questions")(asked(OWN[:2]))
wrong("0.4", "is empty")(asked([*OWN[:2], "…"]))


@right("1.3")
def by_numpy_order(run):
    prompts = np.array([call.prompt for call in run.calls])
    return prompts[np.argsort([call.finished for call in run.calls])]


@right("1.3")
def a_generator(run):
    for call in sorted(run.calls, key=operator.attrgetter("finished")):
        yield call.prompt


@right("1.3")
def from_a_heap(run):
    heap = [(call.finished, call.prompt) for call in run.calls]
    heapq.heapify(heap)
    return [heapq.heappop(heap)[1] for _ in range(len(heap))]


@right("1.3")
def a_column(run) -> pd.Series:
    return run.to_frame().sort_values("finished").prompt


@right("1.3")
def keys_of_a_dictionary(run):
    stamps = {call.prompt: call.finished for call in run.calls}
    return dict(sorted(stamps.items(), key=lambda item: item[1])).keys()


@right("1.3")
def bubbles(run):
    calls = list(run.calls)
    for _ in calls:
        for i in range(len(calls) - 1):
            if calls[i].finished > calls[i + 1].finished:
                calls[i], calls[i + 1] = calls[i + 1], calls[i]
    return tuple(map(lambda call: call.prompt, calls))  # noqa: C417


@wrong("1.3", "check tried it with another run")
def of_the_lesson(run):
    return list(reversed(nb.prompts.FAQ))


@wrong("1.3", "the last one comes first")
def largest_first(run):
    return [c.prompt for c in sorted(run.calls, key=lambda c: c.finished, reverse=True)]


@wrong("1.3", "no stamp")
def by_total_time(run):
    return [c.prompt for c in sorted(run.calls, key=lambda c: c.total_time)]


@wrong("1.3", "check tried it with another run")
def first_two(run):
    one, two = sorted(run.calls[:2], key=lambda c: c.finished)
    return [one.prompt, two.prompt]


@wrong("1.3", "something else than prompts")
def with_times(run):
    return [(c.prompt, c.finished) for c in sorted(run.calls, key=lambda c: c.finished)]


@wrong("1.3", "a str")
def one_text(run):
    return ", ".join(c.prompt for c in sorted(run.calls, key=lambda c: c.finished))


collected = []


@wrong("1.3", "earlier call")
def into_an_old_list(run, order=collected):
    order += [c.prompt for c in sorted(run.calls, key=lambda c: c.finished)]
    return order


@right("1.5")
def with_numpy(durations):
    times = np.array(durations)
    return times.sum(), times.max()


@right("1.5")
def with_a_loop(durations: list[float]) -> tuple[float, float]:
    one_after_another = all_at_once = 0.0
    for seconds in durations:
        one_after_another += seconds
        if seconds > all_at_once:
            all_at_once = seconds
    return one_after_another, all_at_once


right("1.5")(lambda durations: (math.fsum(durations), heapq.nlargest(1, durations)[0]))
right("1.5")(lambda durations: np.array([sum(durations), max(durations)]))
right("1.5")(
    lambda durations: (
        sum(map(Decimal, map(str, durations))),
        max(map(Decimal, map(str, durations))),
    )
)
right("1.5")(lambda durations: tuple(pd.Series(durations).agg(["sum", "max"])))


@wrong("1.5", "one after another")
def of_the_first_case(durations):
    return 5.5, 5.0


@wrong("1.5", "all at once. All begin together")
def the_mean(durations):
    return sum(durations), sum(durations) / len(durations)


@wrong("1.5", "the times add up")
def all_but_the_last(durations):
    return sum(durations[:-1]), max(durations)


@wrong("1.5", "the times add up")
def each_once(durations):
    return sum(set(durations)), max(durations)


@wrong("1.5", "All begin together")
def the_first(durations):
    return sum(durations), durations[0]


@wrong("1.5", "two numbers")
def the_difference(durations):
    return sum(durations) - max(durations)


@right("1.6")
async def with_a_task_group(ask, questions):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(question)) for question in questions]
    return tuple(task.result() for task in tasks)


@right("1.6")
async def with_wait(ask, questions):
    tasks = [asyncio.ensure_future(ask(each)) for each in questions]
    await asyncio.wait(tasks)
    return (task.result() for task in tasks)


@right("1.6")
async def with_as_completed(ask, questions):
    async def numbered(number, question):
        return number, await ask(question)

    calls = [numbered(*pair) for pair in enumerate(questions)]
    found = [await call for call in asyncio.as_completed(calls)]
    return [answer for _, answer in sorted(found)]


class Asker:
    """Asks by its call."""

    async def __call__(self, ask, questions):
        self.answers = {}
        await asyncio.gather(*[self.note(ask, question) for question in questions])
        return [self.answers[question] for question in questions]

    async def note(self, ask, question):
        self.answers[question] = await ask(question)


right("1.6")(Asker())


@right("1.6")
async def filled_in_place(ask, questions):
    answers = [""] * len(questions)

    async def fill(place):
        answers[place] = await ask(questions[place])

    await asyncio.gather(*map(fill, range(len(questions))))
    return np.array(answers)


@wrong("1.6", "never more than 1 call")
async def lazy_tasks(ask, questions):
    return [await task for task in map(asyncio.create_task, map(ask, questions))]


@wrong("1.6", "at most 10 of")
async def tens(ask, questions):
    answers = []
    for begin in range(0, len(questions), 10):
        answers += await asyncio.gather(*map(ask, questions[begin : begin + 10]))
    return answers


@wrong("1.6", "at most 20 of")
async def limited_to_twenty(ask, questions):
    slots = asyncio.Semaphore(20)

    async def ask_one(question):
        async with slots:
            return await ask(question)

    return await asyncio.gather(*map(ask_one, questions))


@wrong("1.6", "not done")
async def after_a_second(ask, questions):
    tasks = [asyncio.create_task(ask(question)) for question in questions]
    await asyncio.sleep(1)
    return [task.result() for task in tasks]


@wrong("1.6", "Mind the default")
async def into_a_default(ask, questions, answers=[]):  # noqa: B006
    answers += await asyncio.gather(*map(ask, questions))
    return answers


@wrong("1.6", "in the order of arrival")
async def as_they_come(ask, questions):
    return [await each for each in asyncio.as_completed(list(map(ask, questions)))]


@wrong("1.6", "at most 3 of")
async def the_first_three(ask, questions):
    first = await asyncio.gather(*(ask(q) for q in questions[:3]))
    return [*first, *[await ask(q) for q in questions[3:]]]


@wrong("1.6", "a dict")
async def by_question(ask, questions):
    answers = await asyncio.gather(*map(ask, questions))
    return dict(zip(questions, answers, strict=True))


@wrong("1.6", "ask was never called")
async def made_up(ask, questions):
    await asyncio.sleep(0.1)
    return [f"an answer to: {question}" for question in questions]


@wrong("1.6", "were not waited for")
async def tasks_alone(ask, questions):
    return [asyncio.create_task(ask(question)) for question in questions]


@wrong("1.6", "gather(*calls)")
async def star_forgotten(ask, questions):
    return await asyncio.gather([ask(question) for question in questions])


@wrong("1.6", "Ask each of them once")
async def one_warm_up(ask, questions):
    await ask(questions[0])
    return await asyncio.gather(*map(ask, questions))
