"""Answers to lesson 9."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress

from .registry import right, wrong


@right("9.2")
async def until_a_deadline(ask, question, seconds):
    deadline = asyncio.get_running_loop().time() + seconds
    with suppress(TimeoutError):
        async with asyncio.timeout_at(deadline):
            return await ask(question)


@right("9.2")
async def raced_with_a_pause(ask, question: str, seconds: float) -> str | None:
    asked, pause = asyncio.create_task(ask(question)), asyncio.create_task(asyncio.sleep(seconds))
    try:
        await asyncio.wait({asked, pause}, return_when=asyncio.FIRST_COMPLETED)
        return asked.result() if asked.done() else None
    finally:
        asked.cancel()
        pause.cancel()


@right("9.2")
async def cancelled_by_the_loop(ask, question, seconds):
    task = asyncio.ensure_future(ask(question))
    bell = asyncio.get_running_loop().call_later(seconds, task.cancel, "late")
    try:
        return await task
    except asyncio.CancelledError as error:
        if error.args != ("late",):
            task.cancel()
            raise
        return None
    finally:
        bell.cancel()


@wrong("9.2", "the call goes on")
async def looks_again_and_again(ask, question, seconds):
    task, waited = asyncio.create_task(ask(question)), 0.0
    while not task.done() and waited < seconds:
        await asyncio.sleep(0.05)
        waited += 0.05
    return task.result() if task.done() else None


@wrong("9.2", "it waited for an answer of 0.6 s")
async def measured_afterwards(ask, question, seconds):
    clock = asyncio.get_running_loop().time
    began = clock()
    answer = await ask(question)
    return answer if clock() - began <= seconds else None


@wrong("9.2", "wait for `seconds`")
async def in_milliseconds(ask, question, seconds):
    try:
        async with asyncio.timeout(seconds / 1000):
            return await ask(question)
    except TimeoutError:
        return None


@wrong("9.2", "Do not catch CancelledError")
async def any_cancellation_is_none(ask, question, seconds):
    task = asyncio.create_task(ask(question))
    asyncio.get_running_loop().call_later(seconds, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return None


@wrong("9.2", "Catch TimeoutError and nothing else")
async def the_error_as_an_answer(ask, question, seconds):
    [found] = await asyncio.gather(asyncio.wait_for(ask(question), seconds), return_exceptions=True)
    return None if isinstance(found, TimeoutError) else found


@wrong("9.2", "long after")
async def waits_to_the_end_of_the_time(ask, question, seconds):
    task = asyncio.create_task(ask(question))
    try:
        await asyncio.sleep(seconds)
        return task.result() if task.done() else None
    finally:
        task.cancel()


@right("9.3")
async def on_a_stack(open_line, question):
    async with AsyncExitStack() as stack:
        line = await open_line()
        stack.push_async_callback(line.close)
        return await line.ask(question)


class Opened:
    """Opens a line and closes it, as a block."""

    def __init__(self, open_line):
        self._open = open_line

    async def __aenter__(self):
        self._line = await self._open()
        return self._line

    async def __aexit__(self, *error) -> None:
        await self._line.close()


@right("9.3")
async def by_a_class(open_line, question: str) -> str:
    async with Opened(open_line) as line:
        return await line.ask(question)


@right("9.3")
async def by_its_result(open_line, question):
    line = await open_line()
    try:
        [found] = await asyncio.gather(line.ask(question), return_exceptions=True)
    finally:
        await line.close()
    if isinstance(found, BaseException):
        raise found
    return found


@right("9.3")
async def closed_on_each_way(open_line, question):
    line = await open_line()
    try:
        answer = await line.ask(question)
    except:
        await line.close()
        raise
    else:
        await line.close()
        return answer


@wrong("9.3", "it was cancelled while it waited, and the line was left open")
async def not_if_it_is_cancelled(open_line, question):
    line = await open_line()
    try:
        return await line.ask(question)
    finally:
        if not asyncio.current_task().cancelling():
            await line.close()


@wrong("9.3", "as if all were well")
async def errors_suppressed(open_line, question):
    line = await open_line()
    try:
        with suppress(Exception):
            return await line.ask(question)
    finally:
        await line.close()


@wrong("9.3", "not cancelled")
async def another_error(open_line, question):
    line = await open_line()
    try:
        return await line.ask(question)
    except BaseException as error:
        raise RuntimeError("no answer") from error
    finally:
        await line.close()


@wrong("9.3", "ask failed, and the line was left open")
async def no_finally(open_line, question):
    @asynccontextmanager
    async def opened():
        line = await open_line()
        yield line
        await line.close()

    async with opened() as line:
        return await line.ask(question)


@wrong("9.3", "brackets are missing")
async def brackets_forgotten(open_line, question):
    line = await open_line()
    try:
        return await line.ask(question)
    finally:
        await line.close


@right("9.6")
async def by_a_future(asks, question):
    first = asyncio.get_running_loop().create_future()

    async def one(ask):
        with suppress(OSError):
            answer = await ask(question)
            if not first.done():
                first.set_result(answer)

    group = asyncio.gather(*map(one, asks))
    try:
        await asyncio.wait([group, first], return_when=asyncio.FIRST_COMPLETED)
        return first.result() if first.done() else None
    finally:
        group.cancel()
        first.cancel()


@right("9.6")
async def awaited_to_the_end(asks, question: str) -> str | None:
    tasks, answer = {asyncio.create_task(ask(question)) for ask in asks}, None
    pending = tasks
    while pending and answer is None:
        done, pending = await asyncio.wait(pending, return_when="FIRST_COMPLETED")
        good = [task.result() for task in done if task.exception() is None]
        answer = good[0] if good else None
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return answer


@right("9.6")
async def with_else(asks, question):
    tasks = [asyncio.ensure_future(ask(question)) for ask in asks]
    answer = None
    for each in asyncio.as_completed(tasks):
        try:
            answer = await each
        except ConnectionError:
            continue
        else:
            break
    [task.cancel() for task in tasks]
    return answer


@wrong("9.6", "was the first with an answer")
async def in_the_order_of_asking(asks, question):
    tasks = [asyncio.create_task(ask(question)) for ask in asks]
    try:
        for task in tasks:
            try:
                return await task
            except OSError:
                pass
    finally:
        for task in tasks:
            task.cancel()


@wrong("9.6", "returned None, although")
async def a_second_at_most(asks, question):
    tasks = [asyncio.create_task(ask(question)) for ask in asks]
    done, pending = await asyncio.wait(tasks, timeout=0.01, return_when="FIRST_COMPLETED")
    for task in pending:
        task.cancel()
    return next((task.result() for task in done if not task.exception()), None)


@wrong("9.6", "as soon as there is one")
async def after_half_a_second(asks, question):
    tasks = [asyncio.create_task(ask(question)) for ask in asks]
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    good = (task for task in tasks if not task.cancelled() and not task.exception())
    return next((task.result() for task in good), None)


@wrong("9.6", "not None")
async def words_for_none(asks, question):
    return await with_else(asks, question) or "all are down"


@wrong("9.6", "went on")
async def the_first_alone_cancelled(asks, question):
    tasks = [asyncio.create_task(ask(question)) for ask in asks]
    try:
        for each in asyncio.as_completed(tasks):
            with suppress(OSError):
                return await each
    finally:
        tasks[0].cancel()


def workers(work):
    """Make an answer of what its worker does."""

    async def work_off(ask, questions, number):
        queue, answers = asyncio.Queue(), {}
        for question in questions:
            queue.put_nowait(question)
        await asyncio.gather(*(work(queue, ask, answers) for _ in range(number)))
        return answers

    work_off.__name__ = work.__name__
    return work_off


@right("9.8")
@workers
async def until_it_raises(queue, ask, answers):
    with suppress(asyncio.QueueEmpty):
        while question := queue.get_nowait():
            answers[question] = await ask(question)


@right("9.8")
@workers
async def awaits_the_queue(queue, ask, answers):
    while queue.qsize():
        question = await queue.get()
        answers.update({question: await ask(question)})
        queue.task_done()


@right("9.8")
@workers
async def by_recursion(queue, ask, answers) -> None:
    if queue.empty():
        return
    question = queue.get_nowait()
    answers[question] = await ask(question)
    await by_recursion.worker(queue, ask, answers)


by_recursion.worker = by_recursion.__closure__[0].cell_contents


@wrong("9.8", "waits for ever at an empty queue")
@workers
async def pauses_before_it_takes(queue, ask, answers):
    while not queue.empty():
        await asyncio.sleep(0)
        question = await queue.get()
        answers[question] = await ask(question)


@wrong("9.8", "Ask empty() first")
@workers
async def ten_each(queue, ask, answers):
    for _ in range(10):
        question = queue.get_nowait()
        answers[question] = await ask(question)


@wrong("9.8", "in flight at once")
@workers
async def starts_all(queue, ask, answers):
    async def one(question):
        answers[question] = await ask(question)

    async with asyncio.TaskGroup() as group:
        while not queue.empty():
            group.create_task(one(queue.get_nowait()))


@wrong("9.8", "another's answer")
@workers
async def answers_of_the_last(queue, ask, answers):
    answer = None
    while not queue.empty():
        question = queue.get_nowait()
        answers[question] = answer
        answer = await ask(question)


@wrong("9.8", "entries")
@workers
async def by_the_answer(queue, ask, answers):
    while not queue.empty():
        answers[await ask(queue.get_nowait())] = "done"


@wrong("9.8", "were asked")
@workers
async def half_of_what_is_left(queue, ask, answers):
    for _ in range(queue.qsize() // 2):
        if not queue.empty():
            question = queue.get_nowait()
            answers[question] = await ask(question)


@wrong("9.8", "without a pause")
@workers
async def a_pause_after_each(queue, ask, answers):
    while not queue.empty():
        question = queue.get_nowait()
        answers[question] = await ask(question)
        await asyncio.sleep(1)


@right("9.9")
async def by_callbacks(ask, questions, limit):
    came, slots = asyncio.Queue(), asyncio.Semaphore(limit)

    async def one(question):
        async with slots:
            came.put_nowait((question, await ask(question)))

    group = asyncio.gather(*map(one, questions))
    try:
        for _ in questions:
            yield await came.get()
    finally:
        group.cancel()


@right("9.9")
async def in_a_group(ask, questions, limit):
    slots, came = asyncio.Semaphore(limit), asyncio.Queue()

    async def one(question):
        async with slots:
            came.put_nowait([question, await ask(question)])

    tasks = {asyncio.create_task(one(question)) for question in questions}
    try:
        left = len(tasks)
        while left:
            yield await came.get()
            left -= 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class AsTheyCome:
    """An iterator, not a generator."""

    def __init__(self, ask, questions, limit):
        self._slots, self._ask = asyncio.Semaphore(limit), ask
        self._pending = {asyncio.ensure_future(self._one(question)) for question in questions}
        self._done = deque()

    async def _one(self, question):
        async with self._slots:
            return question, await self._ask(question)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self._done:
            if not self._pending:
                raise StopAsyncIteration
            done, self._pending = await asyncio.wait(self._pending, return_when="FIRST_COMPLETED")
            self._done.extend(task.result() for task in done)
        return self._done.popleft()

    async def aclose(self):
        for task in self._pending:
            task.cancel()


right("9.9")(AsTheyCome)


@wrong("9.9", "left after the first pair")
async def cancelled_at_the_end(ask, questions, limit):
    slots = asyncio.Semaphore(limit)

    async def one(question):
        async with slots:
            return question, await ask(question)

    tasks = [asyncio.create_task(one(question)) for question in questions]
    for task in asyncio.as_completed(tasks):
        yield await task
    for task in tasks:
        task.cancel()


@wrong("9.9", "a group waits")
async def batches(ask, questions, limit):
    async def one(question):
        return question, await ask(question)

    for begin in range(0, len(questions), limit):
        tasks = [asyncio.create_task(one(q)) for q in questions[begin : begin + limit]]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            for task in tasks:
                task.cancel()


@wrong("9.9", "when all answers were there")
async def all_awaited_first(ask, questions, limit):
    slots, pairs = asyncio.Semaphore(limit), []

    async def one(question):
        async with slots:
            pairs.append((question, await ask(question)))

    await asyncio.gather(*map(one, questions))
    for pair in pairs:
        yield pair


@wrong("9.9", "Wanted are pairs")
async def one_text_each(ask, questions, limit):
    async with aclosing(by_callbacks(ask, questions, limit)) as pairs:
        async for question, answer in pairs:
            yield f"{question}: {answer}"
