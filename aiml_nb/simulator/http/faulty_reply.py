"""Plays the plan of a chat completion that has a fault."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from email.utils import formatdate

from aiohttp import web

from ..faults.fault import Fault
from ..model.plan import Plan
from .chunks import DONE, ChunkWriter
from .context import Exchange, Visit
from .corrupt import Piece, Reply, send_spoiled
from .openai_format import JSON_TYPE, STREAM_TYPE, write_completion
from .profiles import write_refusal
from .refusals import refuse


async def misplay(exchange: Exchange, fault: Fault) -> web.Response:
    """Answer a chat completion as its fault says.

    Raises
    ------
    HangUp
        When the reply went over the bare connection, which is closing.
    """
    if fault.has_answer:
        reply = _answer(exchange, fault)
    else:
        reply = _refuse(exchange, fault, exchange.write_headers(whole=False))
    return await _send(exchange, fault, reply)


async def misplay_body(visit: Visit, fault: Fault, body: bytes) -> web.Response:
    """Answer a request other than a chat completion as a fault says.

    Parameters
    ----------
    body
        What the answer would be.

    Raises
    ------
    HangUp
        When the reply went over the bare connection, which is closing.
    """
    headers = {**visit.headers, "content-type": JSON_TYPE}
    if fault.has_answer:
        reply = Reply(200, headers, [(visit.ticket.plan.finished, body)], len(body))
    else:
        reply = _refuse(visit, fault, headers)
    return await _send(visit, fault, reply)


async def _send(visit: Visit, fault: Fault, reply: Reply) -> web.Response:
    ticket, request = visit.ticket, visit.request
    extra = {name: _fill(value, fault, request) for name, value in fault.headers}
    reply = replace(reply, headers={**reply.headers, **extra})
    if not fault.is_proper:
        finish = visit.service.finish
        await send_spoiled(reply, fault, ticket=ticket, request=request, finish=finish)
    await ticket.wait_until(ticket.plan.finished)
    body = b"".join(data for _, data in reply.pieces)
    return web.Response(status=reply.status, headers=reply.headers, body=body)


def _answer(exchange: Exchange, fault: Fault) -> Reply:
    plan, label = exchange.ticket.plan, exchange.label
    form = fault.form or ("stream" if exchange.chat.stream else "json")
    headers = exchange.write_headers(whole=form == "json")
    if form == "json":
        body = write_completion(plan, label)
        headers["content-type"] = JSON_TYPE
        return Reply(200, headers, [(plan.finished, body)], len(body))
    headers["content-type"] = STREAM_TYPE
    writer = ChunkWriter(plan, label, include_usage=exchange.chat.include_usage)
    at_once = exchange.service.settings.sends_role_at_once
    return Reply(200, headers, _stream(plan, fault, writer, at_once=at_once), None)


def _stream(plan: Plan, fault: Fault, writer: ChunkWriter, *, at_once: bool) -> Iterator[Piece]:
    first = plan.token_due(0)
    yield plan.started if at_once else first, writer.write_roles()
    for index in range(plan.length):
        yield plan.token_due(index), writer.write_tokens(1)
        if index == 0 and fault.place == "first":
            yield first, fault.insert
    ends = {"finish": writer.write_finish(), "usage": writer.write_usage(), "done": DONE}
    for name in fault.without:
        ends.pop(name, None)
    place = {"end": "finish", "done": "done"}.get(fault.place, "")
    if place:
        ends[place] = ends.get(place, b"") + fault.insert
    yield plan.finished, b"".join(ends.values())


def _refuse(visit: Visit, fault: Fault, headers: Mapping[str, str]) -> Reply:
    """Make the reply of a fault that has no answer: its own body, or an error of the profile."""
    request, ticket = visit.request, visit.ticket
    body, content_type = fault.body, JSON_TYPE
    if body is None:
        message = _fill(fault.message or "", fault, request)
        body, content_type = write_refusal(
            refuse(fault.status, message, code=fault.code, param=fault.param),
            visit.service.settings.profile,
            path=request.path,
            request_id=visit.headers["x-request-id"],
        )
    elif isinstance(body, str):
        body = _fill(body, fault, request).encode("utf-8", "backslashreplace")
    headers = {**headers, "content-type": content_type}
    pace = fault.pace / ticket.speed
    # What takes its time to send has no length to tell beforehand.
    size = None if pace else len(body) * fault.times
    return Reply(fault.status, headers, _repeat(body, ticket.plan.finished, pace, fault), size)


def _repeat(body: bytes, due: float, pace: float, fault: Fault) -> Iterable[Piece]:
    return ((due + index * pace, body) for index in range(fault.times))


def _fill(text: str, fault: Fault, request: web.BaseRequest) -> str:
    """Fill in what a header or body says about the request and the moment."""
    if "{" not in text:
        return text
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    values = {"{argument}": fault.argument, "{key}": key, "{url}": str(request.url)}
    if "{date}" in text:
        values["{date}"] = formatdate(time.time() + fault.seconds, usegmt=True)
    for name, value in values.items():
        text = text.replace(name, value)
    return text
