"""The context of one request: its service, pending response, headers, and what it asks for."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from .chat import ChatRequest
from .openai_format import Label, name_completion
from .profiles import describe_plan, find_cost
from .service import PendingResponse, Service


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A request, its service, its times, and the headers that every answer to it carries."""

    request: web.BaseRequest
    service: Service
    pending: PendingResponse
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChatContext(RequestContext):
    """A chat completion: what it asks for, and what every answer to it carries."""

    chat: ChatRequest
    label: Label

    def write_headers(self, *, whole: bool) -> dict[str, str]:
        """Write the headers of an answer that is whole, or of a stream, as they are now."""
        pending, profile = self.pending, self.service.settings.profile
        elapsed = pending.read_clock() - pending.record.received
        described = describe_plan(pending.plan, profile, elapsed=elapsed, whole=whole)
        return {**self.headers, **described}


def open_chat_context(
    request: web.BaseRequest,
    chat: ChatRequest,
    service: Service,
    pending: PendingResponse,
    headers: Mapping[str, str],
) -> ChatContext:
    """Open the context of a chat completion that was admitted."""
    plan, settings = pending.plan, service.settings
    name = name_completion(plan, seed=settings.seed, prompt_key=chat.prompt.key)
    label = Label(
        id=name,
        created=int(time.time()),
        model=chat.model,
        cost=find_cost(plan, settings.profile),
        reasoning=settings.reasoning,
        top_logprobs=chat.top_logprobs,
    )
    return ChatContext(request, service, pending, headers, chat, label)
