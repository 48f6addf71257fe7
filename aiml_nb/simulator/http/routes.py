"""Route requests to their handlers: models, calls of each API, stored completions."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiohttp import web

from ..faults.outages import AWAY
from .apis import CALLS, UPLOADS
from .chat import ChatRequest, read_object
from .context import ChatContext, RequestContext, open_chat_context
from .corrupt import ConnectionClosed, reset
from .faulty_reply import faulty_body_reply
from .guard import read_form, read_json_body
from .log import Record
from .made_up import MADE_UP
from .made_up import Answer as MadeUp
from .openai_format import JSON_TYPE, describe_model, encode_json, list_models, write_completion
from .refusals import Refusal, refuse_model
from .respond import respond
from .service import Service

_CHAT = "/chat/completions"


@dataclass(frozen=True, slots=True)
class _ResourceRequest:
    """A request for a resource: all that its handler may depend on."""

    service: Service
    name: str
    query: Mapping[str, str]
    body: bytes


def _show_model(resource: _ResourceRequest) -> Any:
    settings = resource.service.settings
    if resource.name not in settings.models and not settings.accepts_anything:
        raise refuse_model(resource.name)
    return describe_model(resource.name)


def _delete_model(resource: _ResourceRequest) -> Any:
    return {"id": resource.name, "object": "model", "deleted": True}


def _change_completion(resource: _ResourceRequest) -> Any:
    return resource.service.store.change(resource.name, read_object(resource.body).get("metadata"))


def _make_up(answer: MadeUp) -> Callable[[_ResourceRequest], Any]:
    return lambda resource: answer(resource.name, resource.service.settings, resource.body)


_STORED = _CHAT + r"/([^/]+)"

_Addresses: TypeAlias = Mapping[str, Mapping[str, Callable[[_ResourceRequest], Any]]]

_USUAL: _Addresses = {
    r"/models()": {"GET": lambda resource: list_models(resource.service.settings)},
    r"/models/(.+)": {"GET": _show_model},
    **{f"{path}()": {} for path in (*CALLS, *UPLOADS)},
}
_CONFORMANCE: _Addresses = {
    **_USUAL,
    r"/models/(.+)": {"GET": _show_model, "DELETE": _delete_model},
    _CHAT + "()": {"GET": lambda resource: resource.service.store.list_completions(resource.query)},
    _STORED: {
        "GET": lambda resource: resource.service.store.find(resource.name),
        "POST": _change_completion,
        "DELETE": lambda resource: resource.service.store.delete(resource.name),
    },
    _STORED + "/messages": {
        "GET": lambda resource: resource.service.store.list_messages(resource.name, resource.query)
    },
    **{
        pattern: {method: _make_up(answer) for method, answer in answers.items()}
        for pattern, answers in MADE_UP.items()
    },
}


async def route(
    request: web.BaseRequest, service: Service, record: Record, headers: dict[str, str]
) -> web.StreamResponse:
    """Answer a request by its path and method.

    Raises
    ------
    Refusal, ConnectionClosed
        If there is no such resource, or the plan says so.
    """
    # With and without /v1: the FAQ's base URL has none.
    path, method = request.path.removeprefix("/v1"), request.method
    is_form = request.content_type.startswith("multipart/")
    is_upload = path in UPLOADS and (is_form or path not in CALLS)
    if method == "POST" and path in CALLS and not is_upload:
        call = CALLS[path](await read_json_body(request), service.settings)
        return await _answer_call(request, service, record, headers, call)
    if method == "POST" and is_upload:
        call = UPLOADS[path](await read_form(request), service.settings)
        return await _answer_call(request, service, record, headers, call)
    addresses = _CONFORMANCE if service.settings.accepts_anything else _USUAL
    matches = {pattern: re.fullmatch(pattern, path) for pattern in addresses}
    pattern, matched = next((each for each in matches.items() if each[1]), ("", None))
    if matched is None:
        raise Refusal(404, f"There is nothing at {method} {request.path[:200]}.")
    answers = addresses[pattern]
    if method not in answers:
        is_called = path in CALLS or path in UPLOADS
        raise _refuse_method(request, ["POST", *answers] if is_called else [*answers])
    if is_form:
        await read_form(request)
    body = await read_json_body(request) if method == "POST" and not is_form else b""
    answer = answers[method](_ResourceRequest(service, matched[1], request.query, body))
    written = encode_json(answer)
    fault = service.pick_models_fault() if path.startswith("/models") else None
    if fault is not None:
        pending = service.open_pending(record, fault)
        service.note_fault(request.transport, fault)
        if not fault.is_sent_as_usual:
            return await faulty_body_reply(
                RequestContext(request, service, pending, headers), fault, written
            )
    return web.Response(body=written, content_type=JSON_TYPE, headers=headers)


async def _answer_call(
    request: web.BaseRequest,
    service: Service,
    record: Record,
    headers: dict[str, str],
    chat: ChatRequest,
) -> web.StreamResponse:
    context = open_chat_context(request, chat, service, service.admit(chat, record), headers)
    try:
        reset_at = context.pending.plan.reset_at
        answer = respond(context)
        response = await (answer if reset_at is None else _respond_until(answer, context, reset_at))
        # Only this scenario has stored completions, so others need not write the answer twice.
        if service.settings.accepts_anything:
            _store(context)
        return response
    finally:
        service.release_slot(context.pending)


async def _respond_until(
    answer: Coroutine[Any, Any, web.StreamResponse], context: ChatContext, moment: float
) -> web.StreamResponse:
    """Send an answer; reset its connection if an outage begins before its end."""
    try:
        async with asyncio.timeout(moment - context.pending.read_clock()) as scope:
            return await answer
    except TimeoutError:
        if not scope.expired():
            raise
        context.pending.record.fault = AWAY.name
        reset(context.request.transport)
        raise ConnectionClosed from None


def _store(context: ChatContext) -> None:
    plan, stored = context.pending.plan, context.chat.stored
    if stored is not None and plan.completion_tokens:
        completion = json.loads(write_completion(plan, context.label))
        context.service.store.keep(completion, stored.messages, stored.metadata)


def _refuse_method(request: web.BaseRequest, allowed: list[str]) -> Refusal:
    return Refusal(
        405,
        f"{request.path[:200]} takes {' or '.join(allowed)} requests; not {request.method}.",
        code="method_not_supported",
        headers={"Allow": ", ".join(allowed)},
    )
