"""Answer one chat completion as planned: the right bytes at the right times."""

import math

from aiohttp import web

from ..model.plan import Plan
from .context import ChatContext
from .faulty_reply import faulty_reply
from .openai_format import STREAM_TYPE
from .refusals import Refusal, refuse


async def respond(context: ChatContext) -> web.StreamResponse:
    """Answer a chat completion as its plan says.

    Raises
    ------
    Refusal, ConnectionClosed
        When the plan says so.
    """
    pending, chat = context.pending, context.chat
    # The plan is read afterwards: while the request is queued it may change.
    await pending.wait_for_slot()
    plan = pending.plan
    if plan.fault is not None:
        context.service.note_fault(context.request.transport, plan.fault)
        if not plan.fault.is_sent_as_usual:
            return await faulty_reply(context, plan.fault)
    if plan.status != 200:
        await pending.wait_until(plan.finished)
        raise _refuse(context)
    if chat.stream:
        return await _Stream(context).send()
    form = chat.form
    body = form.write_whole(plan, context.label)
    await pending.wait_until(plan.finished)
    headers = context.write_headers(whole=True)
    return web.Response(body=body, content_type=form.content_type, headers=headers)


def _refuse(context: ChatContext) -> Refusal:
    """Build the refusal of a call that met a limit or a full queue."""
    plan, message = context.pending.plan, ""
    for quota in plan.quotas:
        if quota.kind == plan.limit:
            message = f"Rate limit reached: {quota.limit} {quota.kind} a minute."
            if math.isfinite(quota.wait):
                message += f" Try again in {quota.wait:.3f} s."
            else:
                message = f"This request alone is over the limit: {message}"
    refusal = refuse(plan.status or 500, message, limit=plan.limit)
    refusal.headers = context.write_headers(whole=False)
    return refusal


class _Stream:
    def __init__(self, context: ChatContext) -> None:
        self._context = context
        self._pending = context.pending
        self._service = context.service
        self._read_clock = context.pending.read_clock
        self._writer = context.chat.form.open_writer(context.pending.plan, context.label)

    async def send(self) -> web.StreamResponse:
        plan, record = self._pending.plan, self._pending.record
        role, response = self._writer.write_roles(), None
        if self._service.settings.sends_role_at_once:
            response = await self._begin()
            await response.write(role)
            role = b""
        await self._pending.wait_until(plan.token_due(0))
        if response is None:
            response = await self._begin()
        record.status = 200
        record.first_token = self._read_clock()
        await self._send_tokens(response, plan, role)
        return response

    async def _begin(self) -> web.StreamResponse:
        response = web.StreamResponse(headers=self._context.write_headers(whole=False))
        response.headers["Content-Type"] = STREAM_TYPE
        # Nothing on the way may keep the stream for others.
        response.headers["Cache-Control"] = "no-cache"
        await response.prepare(self._context.request)
        self._pending.record.first_byte = self._read_clock()
        return response

    async def _send_tokens(self, response: web.StreamResponse, plan: Plan, role: bytes) -> None:
        """Send each token at its time; tokens that are due already go in one write."""
        buffer, sent, count = role, 0, plan.length
        while True:
            due = _count_due(plan, count, self._read_clock(), least=sent + 1)
            buffer += self._writer.write_tokens(due - sent)
            sent = due
            if sent == count:
                break
            await response.write(buffer)
            buffer = b""
            await self._pending.wait_until(plan.token_due(sent))
        # The record is closed before the last bytes are sent: a client that has them may send its
        # next request at once, and must not be counted as two in flight.
        buffer += self._writer.write_finish() + self._writer.write_usage()
        buffer += self._writer.done
        self._service.finish(self._pending)
        await response.write_eof(buffer)


def _count_due(plan: Plan, count: int, now: float, *, least: int) -> int:
    """Count the tokens that are due by `now`: at least `least`, as a sleep may end early."""
    if plan.token_time <= 0:
        return count
    due = int((now - plan.token_due(0)) / plan.token_time) + 1
    return min(count, max(least, due))
