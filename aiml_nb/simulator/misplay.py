"""Plays the plan of a chat completion that has a fault."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from email.utils import formatdate

from aiohttp import web

from .chat import ChatRequest
from .clockwork import Plan
from .fault import Fault
from .profiles import refuse_as_planned, render_refusal
from .service import Service, Ticket
from .spoil import Piece, Reply, send_spoiled
from .wire import JSON_TYPE, STREAM_TYPE, ChunkWriter, Label, write_completion


async def misplay(
    ticket: Ticket,
    fault: Fault,
    *,
    label: Label,
    chat: ChatRequest,
    service: Service,
    request: web.BaseRequest,
    headers: Mapping[str, str],
) -> web.Response:
    """Answer a chat completion as its fault says.

    Raises
    ------
    HangUp
        When the reply went over the bare connection, which is closing.
    """
    if fault.has_answer:
        reply = _answer(ticket.plan, fault, label=label, chat=chat, service=service)
    else:
        reply = _refuse(ticket.plan, fault, request, pace=fault.pace / ticket.speed)
    extra = {name: _fill(value, fault, request) for name, value in fault.headers}
    reply = replace(reply, headers={**headers, **reply.headers, **extra})
    if not fault.is_proper:
        await send_spoiled(reply, fault, ticket=ticket, request=request)
    await ticket.wait_until(ticket.plan.finished)
    body = b"".join(data for _, data in reply.pieces)
    return web.Response(status=reply.status, headers=reply.headers, body=body)


def _answer(
    plan: Plan, fault: Fault, *, label: Label, chat: ChatRequest, service: Service
) -> Reply:
    form = fault.form or ("stream" if chat.stream else "json")
    if form == "json":
        body = write_completion(plan, label)
        return Reply(200, {"content-type": JSON_TYPE}, [(plan.finished, body)], len(body))
    writer = ChunkWriter(label, include_usage=chat.include_usage, refuses=fault.refuses)
    pieces = _stream(plan, fault, writer, at_once=service.settings.sends_role_at_once)
    return Reply(200, {"content-type": STREAM_TYPE}, pieces, None)


def _stream(plan: Plan, fault: Fault, writer: ChunkWriter, *, at_once: bool) -> Iterator[Piece]:
    first = plan.token_due(0)
    yield plan.started if at_once else first, writer.write_role()
    for index, token in enumerate(plan.tokens):
        yield plan.token_due(index), writer.write_tokens([token])
        if index == 0:
            yield first, fault.insert
    yield plan.finished, writer.write_end(plan, without=fault.without)


def _refuse(plan: Plan, fault: Fault, request: web.BaseRequest, *, pace: float) -> Reply:
    body = fault.body
    if body is None:
        message = fault.message and _fill(fault.message, fault, request)
        body = render_refusal(refuse_as_planned(fault.status, message=message, code=fault.code))
    if isinstance(body, str):
        body = _fill(body, fault, request).encode("utf-8", "backslashreplace")
    # What takes its time to send has no length to tell beforehand.
    size = None if pace else len(body) * fault.times
    pieces = _repeat(body, plan.finished, pace=pace, times=fault.times)
    return Reply(fault.status, {"content-type": JSON_TYPE}, pieces, size)


def _repeat(body: bytes, due: float, *, pace: float, times: int) -> Iterable[Piece]:
    return ((due + index * pace, body) for index in range(times))


def _fill(text: str, fault: Fault, request: web.BaseRequest) -> str:
    """Fill in what a header or body says about the request and the moment."""
    if "{" not in text:
        return text
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    values = {"{argument}": fault.argument, "{key}": key, "{url}": str(request.url)}
    if "{date}" in text:
        values["{date}"] = formatdate(time.time() + float(fault.argument), usegmt=True)
    for name, value in values.items():
        text = text.replace(name, value)
    return text
