"""How an attempt of a run goes to a worker, and what came of it goes into its record."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ...endpoint.endpoint import simulated_addresses
from ...endpoint.failures import Failure, explain_failure
from ...records import Attempt
from ..answer import Answer
from ..functions.function import Function
from ..pacing.deadlines import Deadline
from ..retries.outage import ProbeResult
from .link import WorkerLostError
from .orders import (
    Event,
    FunctionTarget,
    Sending,
    Sent,
    ServerTarget,
    Target,
    pack,
    pack_own,
    unpack,
)

if TYPE_CHECKING:
    from ..plan import Plan
    from ..send import Request
    from .pool import WorkerPool

# Seconds after a call's time that its worker has for telling how far the answer came.
_GRACE = 0.4


def target_of(plan: Plan) -> Target:
    """Return where the workers of a run send its calls.

    Raises
    ------
    TypeError
        If the function cannot be sent to other processes.
    """
    options, endpoint = plan.options, plan.endpoint
    if isinstance(endpoint, Function):
        return FunctionTarget(
            function=_pickle_function(endpoint, plan.cluster.argument if plan.cluster else ""),
            name=endpoint.name,
            is_async=endpoint.is_async,
            is_chosen=endpoint.is_chosen,
            strategy=options.strategy,
            simulated=simulated_addresses(),
        )
    return ServerTarget(
        base_url=endpoint.base_url,
        model=endpoint.model,
        provider=endpoint.provider,
        api=options.api,
        timeout=options.timeout,
        max_connections=options.max_concurrency,
        has_key=endpoint.key.source != "nowhere",
        token=endpoint.key.reveal() if endpoint.simulated else None,
    )


def _pickle_function(function: Function, argument: str) -> bytes:
    try:
        return pack_own(function.call)
    except Exception as error:  # noqa: BLE001  what it holds may raise anything
        raise TypeError(
            f"{function.name} cannot be sent to other processes ({type(error).__name__}: {error}). "
            f"Make what it uses inside of it, as a client or an open file, or leave {argument} out."
        ) from None


async def probe_by_worker(pool: WorkerPool, *, seconds: float) -> ProbeResult:
    """Have one worker do what `probe.probe_async` does."""
    try:
        return await (await pool.pick()).do("probe", pack(seconds))  # type: ignore[no-any-return]
    except WorkerLostError:
        return ProbeResult.NO_CONNECTION


async def send_by_worker(
    pool: WorkerPool,
    request: Request,
    attempt: Attempt,
    clock: Callable[[], float],
    *,
    deadline: Deadline,
    on_stream_start: Callable[[], None] | None = None,
    on_first_token: Callable[[float], None] | None = None,
) -> tuple[Answer, Failure | None]:
    """Have a worker send `request` and wait for the whole answer, as `send.send_async` does.

    The stamps are those of the worker, on the clock of the run.
    """
    answer = request.open_answer(clock, request.body)
    sending = Sending(
        request.name, request.body, request.headers, request.query, request.path, deadline.seconds
    )

    def tell(event: Event) -> None:
        if event.kind == "head" and on_stream_start is not None:
            on_stream_start()
        elif event.kind == "token" and on_first_token is not None:
            on_first_token(stamp(unpack(event.value), link.offset.seconds))

    def stamp(at: float, offset: float) -> float:
        """Return the run's time of a worker's stamp, which lies between `began` and now."""
        now = clock()
        return min(max(at + offset - time.perf_counter() + now, began), now)

    deadline.seconds += _GRACE
    began = attempt.started
    try:
        with deadline:
            link = await pool.pick()
            attempt.worker, asked = link.name, time.perf_counter()
            sent: Sent = await link.do("send", pack(tuple(sending)), tell)
    except WorkerLostError as error:
        return answer, _end(attempt, clock, explain_loss(error))
    except Exception as error:  # noqa: BLE001  as in `send_async`
        return answer, _end(attempt, clock, explain_failure(error))
    offset = link.offset.within(asked, sent.started, sent.finished, time.perf_counter())
    attempt.started, attempt.finished = stamp(sent.started, offset), stamp(sent.finished, offset)
    attempt.first_token = None if sent.first_token is None else stamp(sent.first_token, offset)
    attempt.reconnects, attempt.possibly_billed = sent.reconnects, sent.possibly_billed
    attempt.request_id, attempt.status = sent.request_id, 200
    if sent.failure is not None:
        attempt.status, attempt.error_type = sent.failure.status, sent.failure.error_type
    failure = sent.failure
    link.note_reach(reached=failure is None or failure.error_type != "connect")
    if failure is not None and link.rests and pool.can_others(link):
        # Not the server's fault, as far as is known: another worker sends it, at no cost.
        said = f"its worker {link.name} cannot reach the server: {failure.message}"
        failure = replace(failure, error_type="worker", message=said)
        attempt.error_type = "worker"
    answer.take(
        sent.body,
        headers=sent.headers,
        verdict=sent.verdict,
        first_token=attempt.first_token,
        request_id=attempt.request_id,
    )
    return answer, failure


def explain_loss(error: WorkerLostError) -> Failure:
    """Return the failure of what a lost worker was busy with."""
    return Failure("worker", None, error.was_sent, str(error))


def _end(attempt: Attempt, clock: Callable[[], float], failure: Failure) -> Failure:
    attempt.finished, attempt.status = clock(), failure.status
    attempt.error_type, attempt.possibly_billed = failure.error_type, failure.possibly_billed
    return failure
