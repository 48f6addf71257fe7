"""The context of one request: its service, pending response, headers and parameters."""

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
    """A request, its service, its times, and the headers of every answer to it."""

    request: web.BaseRequest
    service: Service
    pending: PendingResponse
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChatContext(RequestContext):
    """The context of a chat completion, with its parameters and the label of its answer."""

    chat: ChatRequest
    label: Label

    def write_headers(self, *, whole: bool) -> dict[str, str]:
        """Return the headers of an answer at this moment; a stream's lack the cost."""
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
    key, prefix = chat.prompt.key, chat.form.prefix
    name = name_completion(plan, seed=settings.seed, prompt_key=key, prefix=prefix)
    label = Label(
        id=name,
        created=int(time.time()),
        model=chat.model,
        cost=find_cost(plan, settings.profile),
        reasoning=settings.reasoning,
        top_logprobs=chat.top_logprobs,
    )
    return ChatContext(request, service, pending, headers, chat, label)
