"""Lesson 9: each check passes right answers in several styles and tells mistakes what they are."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from aiml_nb.course import check

from ...rows import slow
from ...waiting import block, take


async def with_a_block(ask, question, seconds):
    try:
        async with asyncio.timeout(seconds):
            return await ask(question)
    except TimeoutError:
        return None


async def with_wait_for(ask, question, seconds):
    try:
        return await asyncio.wait_for(ask(question), seconds)
    except TimeoutError:
        return None


async def with_wait(ask, question, seconds):
    task = asyncio.create_task(ask(question))
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
    finally:
        task.cancel()
    return task.result() if done else None


@pytest.mark.parametrize("answer", [with_a_block, slow(with_wait_for), slow(with_wait)])
def test_an_answer_in_time_or_none_passes(answer: object) -> None:
    assert check("9.2", answer)


async def for_ever(ask, question, seconds):
    return await ask(question)


async def call_left_on_the_way(ask, question, seconds):
    task = asyncio.create_task(ask(question))
    done, _ = await asyncio.wait([task], timeout=seconds)
    return task.result() if done else None


async def shielded(ask, question, seconds):
    try:
        return await asyncio.wait_for(asyncio.shield(ask(question)), seconds)
    except TimeoutError:
        return None


async def timeout_comes_out(ask, question, seconds):
    async with asyncio.timeout(seconds):
        return await ask(question)


async def any_error_is_none(ask, question, seconds):
    try:
        return await asyncio.wait_for(ask(question), seconds)
    except Exception:  # noqa: BLE001  the mistake
        return None


async def not_even_cancelled(ask, question, seconds):
    try:
        return await with_a_block(ask, question, seconds)
    except asyncio.CancelledError:
        return None


async def a_time_of_its_own(ask, question, seconds):
    return await with_a_block(ask, question, 0.2)


async def a_long_time_of_its_own(ask, question, seconds):
    return await with_a_block(ask, question, 1.0)


async def half_of_it(ask, question, seconds):
    return await with_a_block(ask, question, seconds / 10)


async def answer_forgotten(ask, question, seconds):
    await with_a_block(ask, question, seconds)


async def words_for_none(ask, question, seconds):
    return await with_a_block(ask, question, seconds) or "no answer"


async def asked_outside(ask, question, seconds):
    async with asyncio.timeout(seconds):  # noqa: ASYNC100  the mistake
        task = asyncio.create_task(ask(question))
    return await task


async def not_awaited(ask, question, seconds):
    return asyncio.create_task(ask(question))


async def never_asked(ask, question, seconds):
    return ask(question)


async def awaited_before(ask, question, seconds):
    return await asyncio.wait_for(await ask(question), seconds)


async def plain_with(ask, question, seconds):
    with asyncio.timeout(seconds):
        return await ask(question)


async def pauses(ask, question, seconds):
    await take(seconds)
    return await ask(question)


async def nobody_asked(ask, question, seconds):
    return f"an answer to: {question}"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (for_ever, "it waited for an answer of 0.6 s"),
        slow(asked_outside, "it waited for an answer of 0.6 s"),
        slow(a_long_time_of_its_own, "it waited for an answer of 0.6 s"),
        slow(pauses, "it waited for an answer of 0.6 s"),
        slow(call_left_on_the_way, "the call goes on"),
        slow(shielded, "the call goes on"),
        slow(timeout_comes_out, "Return None for it"),
        slow(any_error_is_none, "Catch TimeoutError and nothing else"),
        slow(not_even_cancelled, "Do not catch CancelledError"),
        slow(a_time_of_its_own, "wait for `seconds`"),
        slow(half_of_it, "wait for `seconds`"),
        slow(answer_forgotten, "Return the answer"),
        slow(words_for_none, "and not None"),
        slow(not_awaited, "nobody awaited it"),
        slow(never_asked, "never awaited"),
        slow(awaited_before, "without await"),
        slow(plain_with, "It is entered with  async with"),
        slow(nobody_asked, "ask was called 0 times"),
        slow(lambda ask, question, seconds: None, "async def"),
        slow("an answer", "the function itself"),
    ],
)
def test_another_end_of_a_wait_is_told_what_it_is(answer: object, said: str) -> None:
    verdict = check("9.2", answer)

    assert not verdict
    assert said in verdict.text


async def with_finally(open_line, question):
    line = await open_line()
    try:
        return await line.ask(question)
    finally:
        await line.close()


async def with_a_context_manager(open_line, question):
    @asynccontextmanager
    async def opened():
        line = await open_line()
        try:
            yield line
        finally:
            await line.close()

    async with opened() as line:
        return await line.ask(question)


async def with_except_and_raise(open_line, question):
    line = await open_line()
    try:
        answer = await line.ask(question)
    except BaseException:
        await line.close()
        raise
    await line.close()
    return answer


async def with_an_exit_stack(open_line, question):
    line = await open_line()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(line.close)
        return await line.ask(question)


@pytest.mark.parametrize(
    "answer",
    [
        with_finally,
        slow(with_a_context_manager),
        slow(with_except_and_raise),
        slow(with_an_exit_stack),
    ],
)
def test_a_line_that_is_closed_in_any_case_passes(answer: object) -> None:
    assert check("9.3", answer)


async def never_closed(open_line, question):
    line = await open_line()
    return await line.ask(question)


async def closed_after_an_answer(open_line, question):
    line = await open_line()
    answer = await line.ask(question)
    await line.close()
    return answer


async def closed_after_an_error(open_line, question):
    line = await open_line()
    try:
        answer = await line.ask(question)
    except Exception:
        await line.close()
        raise
    await line.close()
    return answer


async def close_not_awaited(open_line, question):
    line = await open_line()
    try:
        return await line.ask(question)
    finally:
        line.close()


async def returns_in_finally(open_line, question):
    line, answer = await open_line(), None
    try:
        answer = await line.ask(question)
    finally:
        await line.close()
        return answer  # noqa: B012  the mistake


async def swallows_cancellation(open_line, question):
    line = await open_line()
    try:
        return await line.ask(question)
    except asyncio.CancelledError:
        return None
    finally:
        await line.close()


async def closed_too_early(open_line, question):
    line = await open_line()
    await line.close()
    return await line.ask(question)


async def awaited_when_it_is_closed(open_line, question):
    line = await open_line()
    try:
        answer = line.ask(question)
    finally:
        await line.close()
    return await answer


async def closed_by_a_task(open_line, question):
    line = await open_line()
    try:
        return await line.ask(question)
    finally:
        closing.append(asyncio.create_task(line.close()))


closing: list[asyncio.Task[None]] = []


async def entered(open_line, question):
    async with await open_line() as line:
        return await line.ask(question)


async def closed_twice(open_line, question):
    line = await open_line()
    try:
        answer = await line.ask(question)
        await line.close()
        return answer
    finally:
        await line.close()


async def nothing_returned(open_line, question):
    await with_finally(open_line, question)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (never_closed, "it was answered, and the line was left open"),
        slow(closed_after_an_answer, "ask failed, and the line was left open"),
        slow(closed_after_an_error, "it was cancelled while it waited, and the line was left open"),
        slow(close_not_awaited, "nobody waited for it"),
        slow(returns_in_finally, "no return in finally"),
        slow(swallows_cancellation, "as if all were well"),
        slow(closed_too_early, "closed before it was asked"),
        slow(awaited_when_it_is_closed, "closed before it was asked"),
        slow(closed_by_a_task, "nobody waited for it"),
        slow(closed_twice, "closed 2 times"),
        slow(entered, "asynchronous context manager"),
        slow(nothing_returned, "you returned None"),
        slow("an answer", "the function itself"),
    ],
)
def test_another_line_is_told_what_is_wrong(answer: object, said: str) -> None:
    verdict = check("9.3", answer)

    assert not verdict
    assert said in verdict.text


async def first_answer(asks, question):
    tasks = [asyncio.create_task(ask(question)) for ask in asks]
    try:
        for task in asyncio.as_completed(tasks):
            try:
                return await task
            except OSError:
                pass
        return None
    finally:
        for task in tasks:
            task.cancel()


async def with_wait_first_completed(asks, question):
    pending = {asyncio.ensure_future(ask(question)) for ask in asks}
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not isinstance(task.exception(), OSError):
                    return task.result()
    finally:
        for task in pending:
            task.cancel()


async def with_a_queue(asks, question):
    came: asyncio.Queue[str | None] = asyncio.Queue()

    async def work(ask):
        try:
            await came.put(await ask(question))
        except OSError:
            await came.put(None)

    tasks = [asyncio.create_task(work(ask)) for ask in asks]
    answer = None
    for _ in tasks:
        answer = answer or await came.get()
        if answer:
            break
    for task in tasks:
        task.cancel()
    return answer


async def with_a_task_group(asks, question):
    class Found(Exception):  # noqa: N818
        """Ends the group."""

    answers = []

    async def work(ask):
        try:
            answers.append(await ask(question))
        except OSError:
            return
        raise Found

    with suppress(BaseExceptionGroup):
        async with asyncio.TaskGroup() as group:
            for ask in asks:
                group.create_task(work(ask))
    return answers[0] if answers else None


@pytest.mark.parametrize(
    "answer",
    [first_answer, slow(with_wait_first_completed), slow(with_a_queue), slow(with_a_task_group)],
)
def test_the_first_good_answer_passes(answer: object) -> None:
    assert check("9.6", answer)


async def nobody_cancelled(asks, question):
    for task in asyncio.as_completed([ask(question) for ask in asks]):
        try:
            return await task
        except OSError:
            pass
    return None


async def the_first_may_fail(asks, question):
    tasks = [asyncio.create_task(ask(question)) for ask in asks]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()


async def none_for_the_first_that_fails(asks, question):
    try:
        return await the_first_may_fail(asks, question)
    except OSError:
        return None


async def all_gathered(asks, question):
    answers = await asyncio.gather(*(ask(question) for ask in asks), return_exceptions=True)
    return next((each for each in answers if isinstance(each, str)), None)


async def last_of_all(asks, question):
    answers = []
    for task in asyncio.as_completed([ask(question) for ask in asks]):
        with suppress(OSError):
            answers.append(await task)
    return answers[0] if answers else None


async def one_after_another(asks, question):
    for ask in asks:
        try:
            return await ask(question)
        except OSError:
            pass
    return None


async def error_at_the_end(asks, question):
    answer = await first_answer(asks, question)
    if answer is None:
        raise ConnectionError("all are down")
    return answer


async def task_returned(asks, question):
    tasks = [asyncio.create_task(ask(question)) for ask in asks]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return done.pop()


async def answer_not_returned(asks, question):
    await first_answer(asks, question)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (nobody_cancelled, "went on after the answer was there"),
        slow(the_first_may_fail, "A server that is down is no answer"),
        slow(none_for_the_first_that_fails, "although there is an answer"),
        slow(all_gathered, "was the first with an answer"),
        slow(last_of_all, "Return as soon as there is one"),
        slow(one_after_another, "were asked at once"),
        slow(error_at_the_end, "A server that is down is no answer"),
        slow(task_returned, "returned a task"),
        slow(answer_not_returned, "although there is an answer"),
        slow("an answer", "the function itself"),
    ],
)
def test_another_race_is_told_what_it_is(answer: object, said: str) -> None:
    verdict = check("9.6", answer)

    assert not verdict
    assert said in verdict.text


async def work_off(ask, questions, number):
    queue: asyncio.Queue[str] = asyncio.Queue()
    answers = {}
    for question in questions:
        queue.put_nowait(question)

    async def work():
        while not queue.empty():
            question = queue.get_nowait()
            answers[question] = await ask(question)

    await asyncio.gather(*(work() for _ in range(number)))
    return answers


async def until_it_is_empty(ask, questions, number):
    queue: asyncio.Queue[str] = asyncio.Queue()
    answers = {}
    for question in questions:
        queue.put_nowait(question)

    async def work():
        while True:
            try:
                question = queue.get_nowait()
            except asyncio.QueueEmpty:
                return
            answers[question] = await ask(question)

    async with asyncio.TaskGroup() as group:
        for _ in range(number):
            group.create_task(work())
    return answers


async def join_and_cancel(ask, questions, number):
    queue: asyncio.Queue[str] = asyncio.Queue()
    answers = {}
    for question in questions:
        queue.put_nowait(question)

    async def work():
        while True:
            question = await queue.get()
            answers[question] = await ask(question)
            queue.task_done()

    tasks = [asyncio.create_task(work()) for _ in range(number)]
    await queue.join()
    for task in tasks:
        task.cancel()
    return answers


async def fed_with_none_at_the_end(ask, questions, number):
    queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=1)
    answers = {}

    async def feed():
        for question in [*questions, *[None] * number]:
            await queue.put(question)

    async def work():
        while (question := await queue.get()) is not None:
            answers[question] = await ask(question)

    await asyncio.gather(feed(), *(work() for _ in range(number)))
    return answers


@pytest.mark.parametrize(
    "answer",
    [
        work_off,
        slow(until_it_is_empty),
        slow(join_and_cancel),
        slow(fed_with_none_at_the_end),
    ],
)
def test_workers_that_share_a_queue_pass(answer: object) -> None:
    assert check("9.8", answer)


def workers_of(work):
    async def work_off(ask, questions, number):
        queue: asyncio.Queue[str] = asyncio.Queue()
        answers: dict[str, str] = {}
        for question in questions:
            queue.put_nowait(question)
        await asyncio.gather(*(work(queue, ask, answers) for _ in range(number)))
        return answers

    return work_off


async def one_each(queue, ask, answers):
    if not queue.empty():
        question = queue.get_nowait()
        answers[question] = await ask(question)


async def waits_for_ever(queue, ask, answers):
    while True:
        question = await queue.get()
        answers[question] = await ask(question)


async def does_not_look(queue, ask, answers):
    while True:
        question = queue.get_nowait()
        answers[question] = await ask(question)


async def takes_all_first(queue, ask, answers):
    mine = [queue.get_nowait() for _ in range(queue.qsize())]
    for question in mine:
        answers[question] = await ask(question)


async def gathers_all(queue, ask, answers):
    mine = [queue.get_nowait() for _ in range(queue.qsize())]
    found = await asyncio.gather(*map(ask, mine))
    answers.update(zip(mine, found, strict=True))


async def takes_two(queue, ask, answers):
    while not queue.empty():
        mine = [queue.get_nowait() for _ in range(min(2, queue.qsize()))]
        for question in mine:
            answers[question] = await ask(question)


async def awaits_nothing(queue, ask, answers):
    while not queue.empty():
        question = queue.get_nowait()
        answers[question] = ask(question)


async def get_not_awaited(queue, ask, answers):
    while not queue.empty():
        question = queue.get()
        answers[question] = await ask(question)


async def tasks_for_answers(queue, ask, answers):
    while not queue.empty():
        question = queue.get_nowait()
        answers[question] = asyncio.create_task(ask(question))


async def writes_nothing_down(queue, ask, answers):
    while not queue.empty():
        await ask(queue.get_nowait())


async def writes_the_question_down(queue, ask, answers):
    while not queue.empty():
        question = queue.get_nowait()
        await ask(question)
        answers[question] = question


async def in_batches(ask, questions, number):
    answers = {}
    for start in range(0, len(questions), number):
        batch = questions[start : start + number]
        found = await asyncio.gather(*map(ask, batch))
        answers.update(zip(batch, found, strict=True))
    return answers


async def dealt_out(ask, questions, number):
    answers = {}

    async def work(mine):
        for question in mine:
            answers[question] = await ask(question)

    await asyncio.gather(*(work(questions[n::number]) for n in range(number)))
    return answers


async def answers_alone(ask, questions, number):
    return list((await work_off(ask, questions, number)).values())


async def workers_left(ask, questions, number):
    answers, queue = {}, asyncio.Queue()
    for question in questions:
        queue.put_nowait(question)

    async def work():
        while True:
            question = await queue.get()
            answers[question] = await ask(question)
            queue.task_done()

    kept = [asyncio.create_task(work()) for _ in range(number)]
    await queue.join()
    assert kept
    return answers


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (workers_of(one_each), "2 were asked"),
        (workers_of(waits_for_ever), "waits for ever at an empty queue"),
        (workers_of(does_not_look), "QueueEmpty"),
        (workers_of(takes_all_first), "1 calls were in flight at once, and not 2"),
        (workers_of(gathers_all), "6 calls were in flight at once, and not 2"),
        (workers_of(takes_two), "had nothing to do"),
        (workers_of(awaits_nothing), "never awaited"),
        slow(workers_of(get_not_awaited), "ask got what  queue.get()  prepares"),
        slow(workers_of(tasks_for_answers), "still to be awaited"),
        (workers_of(writes_nothing_down), "answers has 0 entries"),
        (workers_of(writes_the_question_down), "another's answer"),
        (in_batches, "had nothing to do"),
        slow(dealt_out, "had nothing to do"),
        slow(answers_alone, "the dictionary answers"),
        slow(workers_left, "were left waiting"),
        slow({}, "the function itself"),
    ],
)
def test_other_workers_are_told_what_they_do(answer: object, said: str) -> None:
    verdict = check("9.8", answer)

    assert not verdict
    assert said in verdict.text


async def as_they_come(ask, questions, limit):
    slots = asyncio.Semaphore(limit)

    async def ask_one(question):
        async with slots:
            return question, await ask(question)

    tasks = [asyncio.create_task(ask_one(question)) for question in questions]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for task in tasks:
            task.cancel()


async def with_workers(ask, questions, limit):
    waiting = iter(questions)
    came: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def work():
        for question in waiting:
            await came.put((question, await ask(question)))

    tasks = [asyncio.create_task(work()) for _ in range(limit)]
    try:
        for _ in questions:
            yield await came.get()
    finally:
        for task in tasks:
            task.cancel()


async def with_pending(ask, questions, limit):
    waiting, pending = list(questions), {}
    try:
        while waiting or pending:
            while waiting and len(pending) < limit:
                question = waiting.pop(0)
                pending[asyncio.create_task(ask(question))] = question
            done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield pending.pop(task), task.result()
    finally:
        for task in pending:
            task.cancel()


@pytest.mark.parametrize("answer", [as_they_come, slow(with_workers), slow(with_pending)])
def test_answers_as_they_come_pass(answer: object) -> None:
    assert check("9.9", answer)


def limited(ask, limit):
    slots = asyncio.Semaphore(limit)

    async def ask_one(question):
        async with slots:
            return question, await ask(question)

    return ask_one


async def not_cancelled(ask, questions, limit):
    tasks = list(map(limited(ask, limit), questions))
    for task in asyncio.as_completed(tasks):
        yield await task


async def gathered(ask, questions, limit):
    for pair in await asyncio.gather(*map(limited(ask, limit), questions)):
        yield pair


async def in_the_order_of_asking(ask, questions, limit):
    tasks = [asyncio.create_task(each) for each in map(limited(ask, limit), questions)]
    for task in tasks:
        yield await task


async def collected_first(ask, questions, limit):
    for pair in [pair async for pair in as_they_come(ask, questions, limit)]:
        yield pair


async def sorted_by_length(ask, questions, limit):
    for pair in sorted([pair async for pair in as_they_come(ask, questions, limit)])[::-1]:
        yield pair


async def one_by_one(ask, questions, limit):
    for question in questions:
        yield question, await ask(question)


async def no_limit(ask, questions, limit):
    async for pair in as_they_come(ask, questions, 100):
        yield pair


async def a_semaphore_for_each(ask, questions, limit):
    async def ask_one(question):
        async with asyncio.Semaphore(limit):
            return question, await ask(question)

    for task in asyncio.as_completed(list(map(ask_one, questions))):
        yield await task


async def a_semaphore_around_all(ask, questions, limit):
    async with asyncio.Semaphore(limit):
        async for pair in as_they_come(ask, questions, len(questions)):
            yield pair


async def tasks_given(ask, questions, limit):
    for task in asyncio.as_completed(list(map(limited(ask, limit), questions))):
        yield task


async def answers_only(ask, questions, limit):
    async for _, answer in as_they_come(ask, questions, limit):
        yield answer


async def answer_first(ask, questions, limit):
    async for question, answer in as_they_come(ask, questions, limit):
        yield answer, question


async def with_the_wrong_question(ask, questions, limit):
    number = 0
    async for _, answer in as_they_come(ask, questions, limit):
        yield questions[number], answer
        number += 1


async def a_list(ask, questions, limit):
    return [pair async for pair in as_they_come(ask, questions, limit)]


def not_async(ask, questions, limit):
    for question in questions:
        yield question, f"an answer to: {question}"


async def first_alone(ask, questions, limit):
    async for pair in as_they_come(ask, questions[:1], limit):
        yield pair


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (not_cancelled, "its reader left after the first pair"),
        slow(gathered, "in the order of asking"),
        slow(in_the_order_of_asking, "in the order of asking"),
        slow(collected_first, "when all answers were there"),
        slow(sorted_by_length, "not in the order in which they came"),
        slow(one_by_one, "only 1 of the 2"),
        slow(no_limit, "the limit is 2"),
        slow(a_semaphore_for_each, "the limit is 2"),
        slow(a_semaphore_around_all, "in the coroutine that asks a single question"),
        slow(tasks_given, "yield await task"),
        slow(answers_only, "Wanted are pairs"),
        slow(answer_first, "the wrong way round"),
        slow(with_the_wrong_question, "let the coroutine return both"),
        slow(a_list, "no generator"),
        slow(not_async, "Begin with  async def"),
        slow(first_alone, "and 1 asked"),
        slow([], "the function itself"),
    ],
)
def test_another_generator_is_told_what_it_does(answer: object, said: str) -> None:
    verdict = check("9.9", answer)

    assert not verdict
    assert said in verdict.text


async def test_a_timeout_cannot_stop_what_does_not_await() -> None:
    began = time.perf_counter()
    async with asyncio.timeout(0.05):  # noqa: ASYNC100  as in question 9.4
        block(0.2)

    assert time.perf_counter() - began >= 0.2


@pytest.mark.parametrize("key", ["9.2", "9.3", "9.6", "9.8"])
def test_an_exercise_that_is_not_begun_stays_so(key: str) -> None:
    async def not_begun(*arguments):
        raise NotImplementedError(f"exercise {key}")

    with pytest.raises(NotImplementedError, match=key):
        check(key, not_begun)
