"""One attempt of a call: one request, and the record of what became of it, sync and async.

The two ways differ in their ``await`` and in nothing else; what an answer means is in `answer`,
what an exception means in `failures`. Neither function lets an ``Exception`` out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..failures import Failure, explain_failure
from ..records import Attempt
from .answer import Answer

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


def send(
    client: OpenAI,
    request: dict[str, Any],
    attempt: Attempt,
    clock: Callable[[], float],
    *,
    timeout: float,
) -> tuple[Answer, Failure | None]:
    """Send `request` and wait for the whole answer, blocking the thread.

    Parameters
    ----------
    client
        An open blocking client.
    request
        The arguments of ``chat.completions.create``.
    attempt
        The record to complete; its ``started`` is stamped already.
    clock
        Tells the seconds since the run's origin.
    timeout
        Seconds after which the attempt is given up.

    Returns
    -------
    tuple
        What came of the answer, and what went wrong if anything did.
    """
    answer = Answer(clock)
    failure: Failure | None = None
    try:
        reply = client.chat.completions.create(**request, timeout=timeout)
        if request["stream"]:
            with reply:
                answer.begin_stream(reply.response.headers)
                if answer.is_whole:
                    answer.add_body(reply.response.read())
                else:
                    for chunk in reply:
                        answer.add_chunk(chunk)
        else:
            answer.add_completion(reply)
    except Exception as error:  # noqa: BLE001  whatever a call raises becomes its record
        failure = explain_failure(error)
    _complete(attempt, answer, failure, clock)
    return answer, failure


async def send_async(
    client: AsyncOpenAI,
    request: dict[str, Any],
    attempt: Attempt,
    clock: Callable[[], float],
    *,
    timeout: float,  # noqa: ASYNC109  the attempt's own
) -> tuple[Answer, Failure | None]:
    """Send `request` and wait for the whole answer; otherwise as `send`."""
    answer = Answer(clock)
    failure: Failure | None = None
    try:
        async with asyncio.timeout(timeout):
            reply = await client.chat.completions.create(**request)
            if request["stream"]:
                async with reply:
                    answer.begin_stream(reply.response.headers)
                    if answer.is_whole:
                        answer.add_body(await reply.response.aread())
                    else:
                        async for chunk in reply:
                            answer.add_chunk(chunk)
            else:
                answer.add_completion(reply)
    except Exception as error:  # noqa: BLE001
        failure = explain_failure(error)
    _complete(attempt, answer, failure, clock)
    return answer, failure


def _complete(
    attempt: Attempt, answer: Answer, failure: Failure | None, clock: Callable[[], float]
) -> None:
    attempt.finished = clock()
    attempt.first_token = answer.first_token
    attempt.request_id = answer.request_id
    if failure is None:
        attempt.status = 200
        return
    attempt.status = failure.status
    attempt.error_type = failure.error_type
    attempt.possibly_billed = failure.possibly_billed
    attempt.request_id = failure.request_id or answer.request_id
