"""What a worker does for a run with a server: it sends requests and reads their answers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ...apis import APIS
from ...endpoint import Endpoint
from ...endpoint.failures import Failure
from ...endpoint.keys import ApiKey
from ...endpoint.providers import PROVIDERS, find_key
from ...errors import EndpointError
from ...records import Attempt
from ...replies.outcome import Verdict
from ..answer import Answer
from ..other_answer import COST_HEADER, opener_of
from ..pacing.deadlines import Deadline, SharedTimer
from ..probe import probe_async
from ..send import Request, send_async
from .orders import KEY_NAME, Listed, Order, Sending, Sent, ServerTarget, unpack


class ServerWork:
    """Sends the requests of one run.

    Parameters
    ----------
    target
        The server.
    """

    def __init__(self, target: ServerTarget) -> None:
        self._target = target
        self._endpoint = _open_endpoint(target)
        self._url = f"{target.base_url}{APIS[target.api].path}"
        reads_cost = self._endpoint.reports_cost and not self._endpoint.simulated
        self._open_answer = opener_of(APIS[target.api], reads_cost=reads_cost)
        self._deadlines = SharedTimer()

    async def __aenter__(self) -> ServerWork:
        self._client = await self._endpoint.open_async(
            timeout=self._target.timeout, max_connections=self._target.max_connections
        ).__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def do(self, order: Order, tell: Callable[[Any, Any], None]) -> Any:
        """Carry out an order: see `orders.Kind`."""
        if order.kind == "send":
            return await self._send(Sending(*unpack(order.value)), tell)
        if order.kind == "probe":
            return await probe_async(self._client, seconds=unpack(order.value))
        if order.kind == "find_address":
            return await self._endpoint.find_address_async(self._client)
        await self._endpoint.warm_up_async(self._client)
        known = self._endpoint.known
        return Listed(known.models, _redact(known.failure, self._endpoint.key))

    async def _send(self, sending: Sending, tell: Callable[[Any, Any], None]) -> Sent:
        clock = time.perf_counter
        attempt = Attempt(number=1, started=clock())
        name, body, headers, query, path, seconds = sending
        request = Request(self._url, name, body, headers, query, self._open_answer, path)
        answer, failure = await send_async(
            self._client,
            request,
            attempt,
            clock,
            deadline=Deadline(self._deadlines, seconds),
            on_stream_start=lambda: tell("head", None),
            on_first_token=lambda at: tell("token", at),
        )
        key = self._endpoint.key
        return Sent(
            started=attempt.started,
            finished=attempt.finished or clock(),
            first_token=answer.first_token,
            reconnects=attempt.reconnects,
            possibly_billed=attempt.possibly_billed,
            request_id=attempt.request_id and key.redact(attempt.request_id),
            body=_without_key(answer, key),
            headers={COST_HEADER: cost} if (cost := answer.header(COST_HEADER)) else {},
            verdict=Verdict(*map(key.redact_all, answer.verdict)),
            failure=_redact(failure, key),
        )


def _redact(failure: Failure | None, key: ApiKey) -> Failure | None:
    """Return a failure without the key, wherever the server may have said it."""
    if failure is None:
        return None
    names = ("message", "request_id", "code", "param")
    return replace(failure, **{name: key.redact_all(getattr(failure, name)) for name in names})


def _without_key(answer: Answer, key: ApiKey) -> Any:
    may_be_in = answer.raw is None or key.may_be_in(answer.raw)
    return key.redact_all(answer.body) if may_be_in else answer.body


def _open_endpoint(target: ServerTarget) -> Endpoint:
    """Return the endpoint, with the key of this process's own environment.

    Raises
    ------
    EndpointError
        If it needs a key and this environment has none for it.
    """
    return Endpoint(
        base_url=target.base_url,
        model=target.model,
        provider=target.provider,
        simulated=target.token is not None,
        key=_find_key(target),
    )


def _find_key(target: ServerTarget) -> ApiKey:
    if target.token is not None:
        return ApiKey(target.token, source="the simulator")
    if own := os.environ.get(KEY_NAME):
        key = ApiKey(own, source=KEY_NAME)
        key.check()
        return key
    provider = PROVIDERS.get(target.provider)
    name = provider.key_name if provider else "AIML_API_KEY"
    found: ApiKey | None = None
    with suppress(EndpointError):
        found = find_key(target.base_url, name)
    if found is None or (target.has_key and found.source == "nowhere"):
        known = f"{name} or {KEY_NAME}" if provider and name else KEY_NAME
        raise EndpointError(
            f"The workers have no key for {target.base_url}: keys are not sent to them. Set "
            f"{known} in the environment in which they are started, and start them again."
        )
    found.check()
    return found
