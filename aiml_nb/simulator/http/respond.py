"""Plays the plan of one chat completion: the right bytes at the right moments."""

import math

from aiohttp import web

from ..model.plan import Plan
from .chunks import DONE, ChunkWriter
from .context import Exchange
from .faulty_reply import misplay
from .openai_format import JSON_TYPE, STREAM_TYPE, write_completion
from .refusals import Refusal, refuse


async def play(exchange: Exchange) -> web.StreamResponse:
    """Answer a chat completion as its plan says.

    Raises
    ------
    Refusal, HangUp
        When the plan says so.
    """
    ticket, chat = exchange.ticket, exchange.chat
    await ticket.wait_for_slot()
    plan = ticket.plan
    if plan.fault is not None:
        exchange.service.note_fault(exchange.request.transport, plan.fault)
        if not plan.fault.is_played_as_usual:
            return await misplay(exchange, plan.fault)
    if plan.status != 200:
        await ticket.wait_until(plan.finished)
        raise _refuse(exchange)
    if chat.stream:
        return await _Stream(exchange).play()
    body = write_completion(plan, exchange.label)
    await ticket.wait_until(plan.finished)
    headers = exchange.write_headers(whole=True)
    return web.Response(body=body, content_type=JSON_TYPE, headers=headers)


def _refuse(exchange: Exchange) -> Refusal:
    """Build the refusal of a call that met a limit or a full queue."""
    plan, message = exchange.ticket.plan, ""
    for quota in plan.quotas:
        if quota.kind == plan.limit:
            message = f"Rate limit reached: {quota.limit} {quota.kind} a minute."
            if math.isfinite(quota.wait):
                message += f" Try again in {quota.wait:.3f} s."
            else:
                message = f"This request alone is over the limit: {message}"
    refusal = refuse(plan.status or 500, message, limit=plan.limit)
    refusal.headers = exchange.write_headers(whole=False)
    return refusal


class _Stream:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._ticket = exchange.ticket
        self._service = exchange.service
        self._read_clock = exchange.ticket.read_clock
        self._writer = ChunkWriter(
            exchange.ticket.plan, exchange.label, include_usage=exchange.chat.include_usage
        )

    async def play(self) -> web.StreamResponse:
        plan, record = self._ticket.plan, self._ticket.record
        role, response = self._writer.write_roles(), None
        if self._service.settings.sends_role_at_once:
            response = await self._begin()
            await response.write(role)
            role = b""
        await self._ticket.wait_until(plan.token_due(0))
        if response is None:
            response = await self._begin()
        record.status = 200
        record.first_token = self._read_clock()
        await self._send_tokens(response, plan, role)
        return response

    async def _begin(self) -> web.StreamResponse:
        response = web.StreamResponse(headers=self._exchange.write_headers(whole=False))
        response.headers["Content-Type"] = STREAM_TYPE
        response.headers["Cache-Control"] = "no-cache"
        await response.prepare(self._exchange.request)
        self._ticket.record.first_byte = self._read_clock()
        return response

    async def _send_tokens(self, response: web.StreamResponse, plan: Plan, role: bytes) -> None:
        """Send each token at its moment; those that are due already go in one write."""
        pending, sent, count = role, 0, plan.length
        while True:
            due = _count_due(plan, count, self._read_clock(), least=sent + 1)
            pending += self._writer.write_tokens(due - sent)
            sent = due
            if sent == count:
                break
            await response.write(pending)
            pending = b""
            await self._ticket.wait_until(plan.token_due(sent))
        # Stamped before the last bytes leave: who has them may ask again at once, and must not
        # be counted as two in flight.
        pending += self._writer.write_finish() + self._writer.write_usage() + DONE
        self._service.finish(self._ticket)
        await response.write_eof(pending)


def _count_due(plan: Plan, count: int, now: float, *, least: int) -> int:
    """Count the tokens that have left by `now`: one at least, as a sleep may end early."""
    if plan.token_time <= 0:
        return count
    due = int((now - plan.token_due(0)) / plan.token_time) + 1
    return min(count, max(least, due))
