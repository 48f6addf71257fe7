"""Plays the plan of one chat completion: the right bytes at the right moments."""

import time
from collections.abc import Mapping

from aiohttp import web

from .chat import ChatRequest
from .clockwork import Plan
from .misplay import misplay
from .profiles import refuse_as_planned
from .service import Service, Ticket
from .wire import (
    JSON_TYPE,
    STREAM_TYPE,
    ChunkWriter,
    Label,
    name_completion,
    write_completion,
)


async def play(
    ticket: Ticket,
    *,
    chat: ChatRequest,
    service: Service,
    request: web.BaseRequest,
    headers: Mapping[str, str],
) -> web.StreamResponse:
    """Answer a chat completion as its plan says.

    Raises
    ------
    Refusal, HangUp
        When the plan says so.
    """
    await ticket.wait_for_slot()
    plan = ticket.plan
    completion_id = name_completion(plan, seed=service.settings.seed, prompt_key=chat.prompt.key)
    label = Label(completion_id, int(time.time()), chat.model)
    if plan.fault is not None:
        return await misplay(
            ticket,
            plan.fault,
            label=label,
            chat=chat,
            service=service,
            request=request,
            headers=headers,
        )
    if plan.status is not None and plan.status != 200:
        await ticket.wait_until(plan.finished)
        raise refuse_as_planned(plan.status)
    if chat.stream:
        writer = ChunkWriter(label, include_usage=chat.include_usage)
        return await _Stream(ticket, writer, service=service).play(request, headers)
    body = write_completion(plan, label)
    await ticket.wait_until(plan.finished)
    return web.Response(body=body, content_type=JSON_TYPE, headers=headers)


class _Stream:
    def __init__(self, ticket: Ticket, writer: ChunkWriter, *, service: Service) -> None:
        self._ticket = ticket
        self._writer = writer
        self._service = service
        self._read_clock = service.log.read_clock

    async def play(
        self, request: web.BaseRequest, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        plan, record = self._ticket.plan, self._ticket.record
        response = web.StreamResponse(headers=headers)
        response.headers["Content-Type"] = STREAM_TYPE
        response.headers["Cache-Control"] = "no-cache"
        role = self._writer.write_role()
        if self._service.settings.sends_role_at_once:
            await response.prepare(request)
            record.first_byte = self._read_clock()
            await response.write(role)
            role = b""
        await self._ticket.wait_until(plan.token_due(0))
        if not response.prepared:
            await response.prepare(request)
            record.first_byte = self._read_clock()
        record.status = 200
        record.first_token = self._read_clock()
        await self._send_tokens(response, plan, role)
        return response

    async def _send_tokens(self, response: web.StreamResponse, plan: Plan, role: bytes) -> None:
        """Send each token at its moment; those that are due already go in one write."""
        pending, sent, count = role, 0, len(plan.tokens)
        while True:
            due = _count_due(plan, self._read_clock(), least=sent + 1)
            pending += self._writer.write_tokens(plan.tokens[sent:due])
            sent = due
            if sent == count:
                break
            await response.write(pending)
            pending = b""
            await self._ticket.wait_until(plan.token_due(sent))
        # Stamped before the last bytes leave: who has them may ask again at once, and must not
        # be counted as two in flight.
        pending += self._writer.write_end(plan)
        self._service.dismiss(self._ticket)
        self._service.log.close(self._ticket.record)
        await response.write_eof(pending)


def _count_due(plan: Plan, now: float, *, least: int) -> int:
    """Count the tokens that have left by `now`: one at least, as a sleep may end early."""
    count = len(plan.tokens)
    if plan.token_time <= 0:
        return count
    due = int((now - plan.token_due(0)) / plan.token_time) + 1
    return min(count, max(least, due))
