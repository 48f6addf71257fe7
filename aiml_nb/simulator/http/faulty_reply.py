"""Answer a request that has a fault: build the reply, then send it corrupted or as it is."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from email.utils import formatdate

from aiohttp import web

from ..faults.fault import Fault
from ..model.plan import Plan
from .context import ChatContext, RequestContext
from .corrupt import Reply, TimedBytes, send_corrupted
from .form import StreamWriter
from .openai_format import JSON_TYPE, STREAM_TYPE
from .profiles import write_refusal
from .refusals import refuse


async def faulty_reply(context: ChatContext, fault: Fault) -> web.Response:
    """Answer a chat completion as its fault says.

    Raises
    ------
    ConnectionClosed
        When the reply was written to the raw connection, which is closing.
    """
    if fault.has_answer:
        reply = _answer(context, fault)
    else:
        reply = _refuse(context, fault, context.write_headers(whole=False))
    return await _send(context, fault, reply)


async def faulty_body_reply(context: RequestContext, fault: Fault, body: bytes) -> web.Response:
    """Answer a request other than a chat completion as a fault says.

    Parameters
    ----------
    body
        The regular answer.

    Raises
    ------
    ConnectionClosed
        When the reply was written to the raw connection, which is closing.
    """
    headers = {**context.headers, "content-type": JSON_TYPE}
    if fault.has_answer:
        reply = Reply(200, headers, [(context.pending.plan.finished, body)], len(body))
    else:
        reply = _refuse(context, fault, headers)
    return await _send(context, fault, reply)


async def _send(context: RequestContext, fault: Fault, reply: Reply) -> web.Response:
    pending, request = context.pending, context.request
    extra = {name: _fill(value, fault, request) for name, value in fault.headers}
    reply = replace(reply, headers={**reply.headers, **extra})
    if not fault.is_proper:
        finish = context.service.finish
        await send_corrupted(reply, fault, pending=pending, request=request, finish=finish)
    # A well-formed reply can be sent by aiohttp; it leaves when planned.
    await pending.wait_until(pending.plan.finished)
    body = b"".join(data for _, data in reply.chunks)
    return web.Response(status=reply.status, headers=reply.headers, body=body)


def _answer(context: ChatContext, fault: Fault) -> Reply:
    plan, label = context.pending.plan, context.label
    form = fault.form or ("stream" if context.chat.stream else "json")
    headers = context.write_headers(whole=form == "json")
    if form == "json":
        body = context.chat.form.write_whole(plan, label)
        headers["content-type"] = context.chat.form.content_type
        return Reply(200, headers, [(plan.finished, body)], len(body))
    headers["content-type"] = STREAM_TYPE
    writer = context.chat.form.open_writer(plan, label)
    at_once = context.service.settings.sends_role_at_once
    return Reply(200, headers, _stream(plan, fault, writer, at_once=at_once), None)


def _stream(
    plan: Plan, fault: Fault, writer: StreamWriter, *, at_once: bool
) -> Iterator[TimedBytes]:
    first = plan.token_due(0)
    yield plan.started if at_once else first, writer.write_roles()
    for index in range(plan.length):
        yield plan.token_due(index), writer.write_tokens(1)
        if index == 0 and fault.place == "first":
            yield first, fault.insert
    ends = {"finish": writer.write_finish(), "usage": writer.write_usage(), "done": writer.done}
    for name in fault.without:
        ends.pop(name, None)
    place = {"end": "finish", "done": "done"}.get(fault.place, "")
    if place:
        ends[place] = ends.get(place, b"") + fault.insert
    yield plan.finished, b"".join(ends.values())


def _refuse(context: RequestContext, fault: Fault, headers: Mapping[str, str]) -> Reply:
    """Build the reply of a fault without an answer: its own body, or an error of the profile."""
    request, pending = context.request, context.pending
    body, content_type = fault.body, JSON_TYPE
    if body is None:
        message = _fill(fault.message or "", fault, request)
        body, content_type = write_refusal(
            refuse(fault.status, message, code=fault.code, param=fault.param),
            context.service.settings.profile,
            path=request.path,
            request_id=context.headers["x-request-id"],
        )
    elif isinstance(body, str):
        body = _fill(body, fault, request).encode("utf-8", "backslashreplace")
    headers = {**headers, "content-type": content_type}
    pace = fault.pace / pending.speed
    # A body that is sent slowly is chunked, as servers do that do not know its length.
    size = None if pace else len(body) * fault.times
    return Reply(fault.status, headers, _repeat(body, pending.plan.finished, pace, fault), size)


def _repeat(body: bytes, due: float, pace: float, fault: Fault) -> Iterable[TimedBytes]:
    return ((due + index * pace, body) for index in range(fault.times))


def _fill(text: str, fault: Fault, request: web.BaseRequest) -> str:
    """Replace the placeholders for the request and the current time in a header or body."""
    if "{" not in text:
        return text
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    values = {"{argument}": fault.argument, "{key}": key, "{url}": str(request.url)}
    if "{date}" in text:
        values["{date}"] = formatdate(time.time() + fault.seconds, usegmt=True)
    for name, value in values.items():
        text = text.replace(name, value)
    return text
