"""Send one attempt and record its result, sync and async.

The two functions differ only in their ``await``. How an answer is read is in `answer`, what an
exception means in `endpoint.failures`. Neither function raises an ``Exception``. Requests go
through the client's ``post`` and not ``chat.completions.create``, which checks every parameter
again and builds models of the answer, in twice the time (``python -m tests.benchmarks``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ..endpoint.failures import Failure
from ..endpoint.transport import Reply, current_attempt
from ..records import Attempt
from .answer import Answer
from .pacing.deadlines import Deadline
from .post import open_stream, post, read_form_file

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

OpenAnswer = Callable[[Callable[[], float], Mapping[str, Any]], Answer]
_TRAILER_TIMEOUT = 0.1  # seconds to read what follows the last event of a stream


class Request(NamedTuple):
    """A request.

    Parameters
    ----------
    url
        The whole URL; the client accepts a path, too, but joins it anew for each request.
    name
        The ``X-Client-Request-Id``.
    body
        The JSON body.
    headers, query
        Sent besides the client's own.
    open_answer
        Returns the reader of its reply, given a clock and the body.
    path
        A file to be sent in a form with the body; None sends JSON.
    """

    url: str
    name: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    query: Mapping[str, Any]
    open_answer: OpenAnswer
    path: str | None = None

    @property
    def kind(self) -> Hashable:
        """What requests have in common that differ in name and body alone."""
        if not self.headers and not self.query:
            return self.url, self.streams
        return self.url, self.streams, str(self.headers), str(self.query)

    @property
    def streams(self) -> bool:
        """True if the answer is requested as a stream."""
        return bool(self.body.get("stream"))

    def options(self, timeout: float | None) -> Any:
        """Return the options of the client's ``post``.

        Parameters
        ----------
        timeout
            Seconds; None where a `Deadline` keeps the time.
        """
        return {
            "headers": {"X-Client-Request-Id": self.name, **self.headers},
            "params": self.query,
            "timeout": timeout,
            # Each of these is the client's default as well; given here, because computing a
            # default takes the client longer.
            "idempotency_key": self.name,
            "max_retries": 0,
            "security": {"bearer_auth": True},
        }


def send(
    client: OpenAI,
    request: Request,
    attempt: Attempt,
    clock: Callable[[], float],
    *,
    timeout: float,
    on_stream_start: Callable[[], None] | None = None,
    on_first_token: Callable[[float], None] | None = None,
) -> tuple[Answer, Failure | None]:
    """Send `request` and wait for the whole answer, blocking the thread.

    Parameters
    ----------
    client
        An open blocking client.
    request
        What to send.
    attempt
        The record to complete; its ``started`` is already set.
    clock
        Returns the seconds since the run's origin.
    timeout
        Seconds after which the attempt is given up.
    on_stream_start
        Called when the head of a streamed answer has arrived.
    on_first_token
        Called with the time of its first token, as soon as that has arrived.

    Returns
    -------
    tuple
        The answer as far as it arrived, and the failure, or None.
    """
    answer = request.open_answer(clock, request.body)
    options, body = request.options(timeout), request.body
    token = current_attempt.set(attempt)  # the transport counts reconnects in it
    try:
        if request.streams:
            from openai import Stream  # here: the client's import takes a second

            with client.post(
                request.url,
                body=body,
                options=options,
                cast_to=object,
                stream=True,
                stream_cls=Stream[object],
            ) as stream:
                incoming = answer.begin_stream(stream.response.headers, on_first_token)
                if on_stream_start:
                    on_stream_start()
                for data in stream.response.iter_bytes():
                    if incoming.feed(data):
                        break
                answer.end_stream()
        else:
            files = read_form_file(request.path, options) if request.path else None
            reply = client.post(request.url, body=body, options=options, cast_to=Reply, files=files)
            answer.add_reply(reply.headers, reply.content)
        failure = answer.finish()
    except Exception as error:  # noqa: BLE001  whatever a call raises becomes its record
        failure = answer.finish(error)
    finally:
        current_attempt.reset(token)
    _complete_record(attempt, answer, failure, clock)
    return answer, failure


async def send_async(
    client: AsyncOpenAI,
    request: Request,
    attempt: Attempt,
    clock: Callable[[], float],
    *,
    deadline: Deadline,
    on_stream_start: Callable[[], None] | None = None,
    on_first_token: Callable[[float], None] | None = None,
) -> tuple[Answer, Failure | None]:
    """Send `request` and wait for the whole answer, until `deadline`; otherwise as `send`."""
    answer = request.open_answer(clock, request.body)
    token = current_attempt.set(attempt)
    try:
        with deadline:
            if request.streams:
                async with open_stream(client, request) as stream:
                    incoming = answer.begin_stream(stream.headers, on_first_token)
                    if on_stream_start:
                        on_stream_start()
                    while data := await stream.read():
                        if incoming.feed(data):
                            await _read_to_end(stream)
                            break
                    answer.end_stream()
            else:
                reply = await post(client, request)
                answer.add_reply(reply.headers, reply.content)
        failure = answer.finish()
    except Exception as error:  # noqa: BLE001
        failure = answer.finish(error)
    finally:
        current_attempt.reset(token)
    _complete_record(attempt, answer, failure, clock)
    return answer, failure


async def _read_to_end(stream: Any) -> None:
    """Read what follows the last event: else the connection could not be reused."""
    with suppress(Exception):
        async with asyncio.timeout(_TRAILER_TIMEOUT):
            while await stream.read():
                pass


def _complete_record(
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
    # An answer that has begun is billed, however it ended. So may be the first copy of a request
    # that was sent again on a new connection, even if the second copy never left.
    attempt.possibly_billed = (
        failure.possibly_billed or answer.first_token is not None or attempt.reconnects > 0
    )
    attempt.request_id = failure.request_id or answer.request_id
