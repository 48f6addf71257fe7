"""Answers to lessons 4 and 5."""

# ruff: noqa: RET503  answers as learners write them

from __future__ import annotations

import asyncio
import contextlib
from contextlib import suppress
from decimal import Decimal
from time import perf_counter

import numpy as np
import openai

import aiml_nb as nb

from ...waiting import block
from .registry import right, wrong

PASSES = {429, 500, 502, 503, 504}


def text_of(chunk) -> str:
    """Return the text of a chunk; empty if it has none."""
    return (chunk.choices[0].delta.content or "") if chunk.choices else ""


@right("4.2")
def by_next(stream, begin):
    return next((perf_counter() - begin for chunk in stream if text_of(chunk)), None)


@right("4.2")
def rounded(stream, begin: float) -> float | None:
    for chunk in stream:
        match chunk.choices:
            case [choice, *_] if choice.delta.content:
                return round(perf_counter() - begin, 2)
    return None


@right("4.2")
def in_a_while(stream, begin):
    chunks, found = iter(stream), None
    while found is None:
        try:
            chunk = next(chunks)
        except StopIteration:
            break
        if text_of(chunk):
            found = perf_counter() - begin
    stream.close()
    return found


@right("4.2")
def in_decimals(stream, begin):
    with stream:
        for chunk in stream:
            if text_of(chunk):
                return Decimal(perf_counter()) - Decimal(begin)
    return None


@wrong("4.2", "no text: it gave up too early")
def the_second_chunk(stream, begin):
    next(stream)
    return perf_counter() - begin if text_of(next(stream)) else None


@wrong("4.2", "which has no text")
def any_content(stream, begin):
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content is not None:
            return perf_counter() - begin
    return None


@wrong("4.2", "Return as soon as there is text")
def all_read(stream, begin):
    first = [perf_counter() - begin for chunk in list(stream) if text_of(chunk)]
    return first[0] if first else None


@wrong("4.2", "Look at the watch when the text is there")
def watch_before_the_loop(stream, begin):
    now = perf_counter()
    for chunk in stream:
        if text_of(chunk):
            return now - begin
    return None


@wrong("4.2", "Count from the begin that is given")
def own_begin(stream, begin):
    begin = perf_counter()
    return by_next(stream, begin)


@wrong("4.2", "milliseconds")
def in_milliseconds(stream, begin):
    found = by_next(stream, begin)
    return found and 1000 * found


@wrong("4.2", "got 0.0")
def nought_for_silence(stream, begin):
    return by_next(stream, begin) or 0.0


@right("4.4")
def with_try(call):
    try:
        return (call.finished - call.first_token) / (call.output_tokens - 1)
    except ZeroDivisionError:
        return None


right("4.4")(
    lambda call: (
        np.divide(call.finished - call.first_token, call.output_tokens - 1)
        if call.output_tokens > 1
        else None
    )
)


@right("4.4")
def by_the_first(call) -> float | None:
    streaming = call.duration - call.time_to_first_token
    further = call.output_tokens - 1
    return streaming / further if further else None


@wrong("4.4", "do not count it")
def all_tokens(call):
    if call.output_tokens == 1:
        return None
    return (call.finished - call.first_token) / call.output_tokens


@wrong("4.4", "whole number")
def in_whole_seconds(call):
    return (
        (call.finished - call.first_token) // (call.output_tokens - 1)
        if call.output_tokens > 1
        else None
    )


@wrong("4.4", "Return None")
def nought_for_one(call):
    return (call.finished - call.first_token) / max(call.output_tokens - 1, 1)


@wrong("4.4", "Those are tokens a second")
def tokens_a_second(call):
    return (call.output_tokens - 1) / (call.finished - call.first_token or 1)


right("4.5")(lambda call: sum((call.queue_time, call.time_to_first_token)))
right("4.5")(lambda call: call.first_token.__sub__(call.submitted))


@right("4.5")
def less_the_rest(call):
    return Decimal(str(call.total_time)) - Decimal(str(call.finished - call.first_token))


wrong("4.5", "The wait for a slot is missing")(lambda call: call.time_to_first_token)
wrong("4.5", "the wait for a slot alone")(lambda call: call.queue_time)
wrong("4.5", "Swap the two")(lambda call: call.submitted - call.first_token)
wrong("4.5", "a number of seconds")(lambda call: f"{call.first_token - call.submitted} s")


@right("4.7")
async def in_a_block(stream, enough):
    pieces: list[str] = []
    async with stream:
        async for chunk in stream:
            pieces.append(text_of(chunk))
            if sum(map(len, pieces)) >= enough:
                break
    return "".join(pieces)


@right("4.7")
async def with_anext(stream, enough: int) -> str:
    text = ""
    try:
        while len(text) < enough:
            text += text_of(await anext(stream))
    except StopAsyncIteration:
        pass
    finally:
        await stream.close()
    return text


@right("4.7")
async def returns_within(stream, enough):
    text = ""
    async with contextlib.aclosing(stream) as chunks:
        async for chunk in chunks:
            if len(text := text + text_of(chunk)) >= enough:
                return text
    return text


@wrong("4.7", "left open")
async def returned_before_the_close(stream, enough):
    text = ""
    async for chunk in stream:
        text += text_of(chunk)
        if len(text) >= enough:
            return text
    await stream.close()
    return text


@wrong("4.7", "would do")
async def one_piece_too_many(stream, enough):
    text = ""
    async for chunk in stream:
        if len(text) >= enough:
            break
        text += text_of(chunk)
    await stream.close()
    return text


@wrong("4.7", "Look at its length")
async def six_pieces(stream, enough):
    pieces = []
    async for chunk in stream:
        if text_of(chunk):
            pieces.append(text_of(chunk))
        if len(pieces) >= 2:
            break
    await stream.close()
    return "".join(pieces)


@wrong("4.7", "do not cut")
async def cut_off(stream, enough):
    return (await in_a_block(stream, enough))[:enough]


@wrong("4.7", "nobody waited for it")
async def closed_by_a_task(stream, enough):
    text = ""
    async for chunk in stream:
        text += text_of(chunk)
        if len(text) >= enough:
            stream.close()
            break
    return text


@wrong("4.7", "may be None")
async def none_added(stream, enough):
    text = ""
    async for chunk in stream:
        if chunk.choices:
            text += chunk.choices[0].delta.content
        if len(text) >= enough:
            break
    await stream.close()
    return text


@wrong("4.7", "Add up the contents")
async def a_list(stream, enough):
    return list(await in_a_block(stream, enough))


@right("5.3")
async def by_gather(ask, question):
    [found] = await asyncio.gather(ask(question), return_exceptions=True)
    failed = isinstance(found, Exception)
    return {
        "question": question,
        "answer": None if failed else found,
        "error": found if failed else None,
    }


@right("5.3")
async def with_else(ask, question: str) -> dict[str, object]:
    """Keep the answer or the error."""
    record = dict.fromkeys(("question", "answer", "error"))
    record["question"] = question
    try:
        found = await ask(question)
    except (openai.OpenAIError, Exception) as reason:  # noqa: BLE001  as learners write it
        record["error"] = reason
    else:
        record["answer"] = found
    return record


@right("5.3")
async def by_a_task(ask, question):
    task = asyncio.create_task(ask(question))
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
    error = task.exception()
    return {"question": question, "answer": None if error else task.result(), "error": error}


@right("5.3")
async def cancellation_raised_again(ask, question):
    answer = error = None
    try:
        answer = await ask(question)
    except asyncio.CancelledError:
        raise
    except BaseException as reason:  # noqa: BLE001  as learners write it
        error = reason
    return {"question": question, "answer": answer, "error": error}


@wrong("5.3", "went on as if it had failed")
async def bare_except(ask, question):
    answer, error = None, None
    try:
        answer = await ask(question)
    except:  # noqa: E722  the mistake
        import sys

        error = sys.exc_info()[1]
    return {"question": question, "answer": answer, "error": error}


@wrong("5.3", "goes on")
async def left_on_the_way(ask, question):
    task = asyncio.create_task(ask(question))
    await asyncio.wait([task])
    error = task.exception()
    return {"question": question, "answer": None if error else task.result(), "error": error}


@wrong("5.3", "whatever it is")
async def nothing_for_empty(ask, question):
    record = await with_else(ask, question)
    return {**record, "answer": record["answer"] or None}


@wrong("5.3", "Keep the exception itself")
async def wrapped(ask, question):
    record = await with_else(ask, question)
    if record["error"]:
        record["error"] = RuntimeError(str(record["error"]))
    return record


@wrong("5.3", "and the record has")
async def another_question(ask, question):
    return {**await with_else(ask, question), "question": "one"}


@wrong("5.3", "not one kind alone")
async def values_and_timeouts(ask, question):
    try:
        return {"question": question, "answer": await ask(question), "error": None}
    except (openai.APIStatusError, ValueError, TimeoutError) as reason:
        return {"question": question, "answer": None, "error": reason}


@wrong("5.3", "Each would be paid for")
async def asks_once_more(ask, question):
    record = await with_else(ask, question)
    return record if not record["error"] else await with_else(ask, question)


@right("5.5")
async def by_the_clients_classes(ask, question):
    for left in reversed(range(3)):
        try:
            return await ask(question)
        except (openai.RateLimitError, openai.InternalServerError):
            if not left:
                raise
            await asyncio.sleep(0.05)


@right("5.5")
async def by_recursion(ask, question, attempts=3):
    try:
        return await ask(question)
    except openai.APIStatusError as error:
        if attempts == 1 or error.status_code not in PASSES:
            raise
    await asyncio.sleep(0.1 / attempts)
    return await by_recursion(ask, question, attempts - 1)


@right("5.5")
async def raised_at_the_end(ask, question):
    last: Exception | None = None
    for pause in (0, 0.05, 0.1):
        if pause:
            await asyncio.sleep(pause)
        try:
            return await ask(question)
        except openai.APIStatusError as error:
            last = error
            if error.status_code not in PASSES:
                break
    raise last


class Retry:
    """Asks again, as a decorator would."""

    def __init__(self, times):
        self.times = times

    async def __call__(self, ask, question):
        while True:
            try:
                return await ask(question)
            except openai.APIError as error:
                self.times -= 1
                if getattr(error, "status_code", None) not in PASSES or not self.times:
                    raise
                await asyncio.sleep(0.05)


@right("5.5")
async def by_a_class(ask, question):
    return await Retry(3)(ask, question)


@wrong("5.5", "Mind the default")
async def one_count_for_all(ask, question, count=[0]):  # noqa: B006
    while True:
        try:
            return await ask(question)
        except openai.APIStatusError as error:
            count[0] += 1
            if error.status_code not in PASSES or count[0] == 3:
                raise
            await asyncio.sleep(0.05)


@wrong("5.5", "4 times")
async def three_more(ask, question):
    for _ in range(3):
        try:
            return await ask(question)
        except openai.APIStatusError as error:
            if error.status_code not in PASSES:
                raise
        await asyncio.sleep(0.05)
    return await ask(question)


@wrong("5.5", "blocks all calls")
async def blocks(ask, question):
    for attempt in range(3):
        try:
            return await ask(question)
        except openai.APIStatusError as error:
            if error.status_code not in PASSES or attempt == 2:
                raise
            block(0.05)


@wrong("5.5", "Then nobody learns that it failed")
async def the_error_returned(ask, question):
    try:
        return await by_recursion(ask, question)
    except openai.APIStatusError as error:
        return error


@wrong("5.5", "without a status")
async def no_status_counts_as_503(ask, question):
    for attempt in range(3):
        try:
            return await ask(question)
        except Exception as error:
            if getattr(error, "status_code", 503) not in PASSES or attempt == 2:
                raise
            await asyncio.sleep(0.05)


@wrong("5.5", "Let the error with status")
async def another_error(ask, question):
    try:
        return await by_recursion(ask, question)
    except openai.APIStatusError as error:
        raise RuntimeError(f"gave up: {error}") from error


@wrong("5.5", "400 does not pass")
async def any_status(ask, question):
    for attempt in range(3):
        try:
            return await ask(question)
        except openai.APIStatusError:
            if attempt == 2:
                raise
            await asyncio.sleep(0.05)


@wrong("5.5", "follows at once")
async def pause_not_awaited(ask, question):
    for attempt in range(3):
        try:
            return await ask(question)
        except openai.APIStatusError as error:
            if error.status_code not in PASSES or attempt == 2:
                raise
            asyncio.sleep(0.05).close()


@right("5.7")
async def in_an_endless_loop(questions, endpoint):
    handle = nb.start(questions, endpoint, max_concurrency=2)
    while True:
        finished, _ = handle.progress
        if finished >= 5:
            handle.cancel()
            break
        await asyncio.sleep(0)
    return handle.partial


@right("5.7")
async def with_an_async_generator(questions, endpoint):
    handle = nb.start(questions, endpoint, max_concurrency=2)

    async def looks():
        while True:
            yield handle.progress[0]
            await asyncio.sleep(0.005)

    async with contextlib.aclosing(looks()) as numbers:
        async for number in numbers:
            if number > 4:
                break
    handle.cancel()
    with suppress(asyncio.CancelledError):
        await handle
    return handle.partial


@right("5.7")
async def by_the_records(questions, endpoint):
    handle = nb.start(questions, endpoint, max_concurrency=2)
    try:
        while sum(call.outcome == "ok" for call in handle.partial.calls) < 5:
            await asyncio.sleep(0.01)
    finally:
        handle.cancel()
    return handle.partial


@wrong("5.7", "handle.cancel()")
async def never_cancelled(questions, endpoint):
    handle = nb.start(questions, endpoint, max_concurrency=2)
    while handle.progress[0] < 5:
        await asyncio.sleep(0.01)
    return handle.partial


@wrong("5.7", "when you stopped")
async def after_a_while(questions, endpoint):
    handle = nb.start(questions, endpoint, max_concurrency=2)
    await asyncio.sleep(0.25)
    handle.cancel()
    return handle.partial


@wrong("5.7", "has only 5 of the 12")
async def five_questions(questions, endpoint):
    return await nb.run_async(questions[:5], endpoint, max_concurrency=2)


@wrong("5.7", "when you stopped")
async def six_answers(questions, endpoint):
    handle = nb.start(questions, endpoint, max_concurrency=2)
    while handle.progress[0] <= 5:
        await asyncio.sleep(0.01)
    handle.cancel()
    return handle.partial


@wrong("5.7", "handle.partial")
async def the_handle_awaited(questions, endpoint):
    handle = nb.start(questions, endpoint, max_concurrency=2)
    while handle.progress[0] < 5:
        await asyncio.sleep(0.01)
    handle.cancel()
    return await handle


@wrong("5.7", "had not ended")
async def all_of_them_counted(questions, endpoint):
    handle = nb.start(questions, endpoint, max_concurrency=2)
    while handle.progress[1] < 5 or handle.progress[0] != 5.5:
        await asyncio.sleep(0.01)
    return handle.partial
