"""What is at which address: models, chat completions, and those that were stored."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiohttp import web

from .chat import read_chat_request, read_object
from .door import read_json_body
from .exchange import Exchange, open_exchange
from .log import Record
from .outages import AWAY
from .play import play
from .refusals import Refusal, refuse_model
from .service import Service
from .spoil import HangUp, reset
from .wire import JSON_TYPE, describe_model, encode_json, list_models, write_completion

_CHAT = "/chat/completions"


@dataclass(frozen=True, slots=True)
class _Visit:
    """What an answer at an address may depend on."""

    service: Service
    name: str
    query: Mapping[str, str]
    body: bytes


def _show_model(visit: _Visit) -> Any:
    settings = visit.service.settings
    if visit.name not in settings.models and not settings.accepts_anything:
        raise refuse_model(visit.name)
    return describe_model(visit.name)


def _delete_model(visit: _Visit) -> Any:
    return {"id": visit.name, "object": "model", "deleted": True}


def _change_completion(visit: _Visit) -> Any:
    return visit.service.store.change(visit.name, read_object(visit.body).get("metadata"))


_ONE = _CHAT + r"/([^/]+)"

_Addresses: TypeAlias = Mapping[str, Mapping[str, Callable[[_Visit], Any]]]

_USUAL: _Addresses = {
    r"/models()": {"GET": lambda visit: list_models(visit.service.settings)},
    r"/models/(.+)": {"GET": _show_model},
    _CHAT + "()": {},
}
_CONFORMANCE: _Addresses = {
    **_USUAL,
    r"/models/(.+)": {"GET": _show_model, "DELETE": _delete_model},
    _CHAT + "()": {"GET": lambda visit: visit.service.store.list_completions(visit.query)},
    _ONE: {
        "GET": lambda visit: visit.service.store.find(visit.name),
        "POST": _change_completion,
        "DELETE": lambda visit: visit.service.store.delete(visit.name),
    },
    _ONE + "/messages": {
        "GET": lambda visit: visit.service.store.list_messages(visit.name, visit.query)
    },
}


async def route(
    request: web.BaseRequest, service: Service, record: Record, headers: dict[str, str]
) -> web.StreamResponse:
    """Answer a request at the address it is for.

    Raises
    ------
    Refusal, HangUp
        If there is nothing, or the plan says so.
    """
    # The FAQ's base URL has no /v1, others do: both work.
    path, method = request.path.removeprefix("/v1"), request.method
    if path == _CHAT and method == "POST":
        return await _complete_chat(request, service, record, headers)
    addresses = _CONFORMANCE if service.settings.accepts_anything else _USUAL
    matches = {pattern: re.fullmatch(pattern, path) for pattern in addresses}
    pattern, found = next((each for each in matches.items() if each[1]), ("", None))
    if found is None:
        raise Refusal(404, f"There is nothing at {method} {request.path[:200]}.")
    answers = addresses[pattern]
    if method not in answers:
        raise _refuse_method(request, ["POST", *answers] if path == _CHAT else [*answers])
    body = await read_json_body(request) if method == "POST" else b""
    answer = answers[method](_Visit(service, found[1], request.query, body))
    return web.Response(body=encode_json(answer), content_type=JSON_TYPE, headers=headers)


async def _complete_chat(
    request: web.BaseRequest, service: Service, record: Record, headers: dict[str, str]
) -> web.StreamResponse:
    chat = read_chat_request(await read_json_body(request), service.settings)
    exchange = open_exchange(request, chat, service, service.admit(chat, record), headers)
    try:
        reset_at = exchange.ticket.plan.reset_at
        played = play(exchange)
        response = await (played if reset_at is None else _break_off(played, exchange, reset_at))
        if service.settings.accepts_anything:
            _store(exchange)
        return response
    finally:
        service.dismiss(exchange.ticket)


async def _break_off(
    played: Coroutine[Any, Any, web.StreamResponse], exchange: Exchange, moment: float
) -> web.StreamResponse:
    """Let an answer be played until an outage begins; then its connection is reset."""
    try:
        async with asyncio.timeout(moment - exchange.ticket.read_clock()) as scope:
            return await played
    except TimeoutError:
        if not scope.expired():
            raise
        exchange.ticket.record.fault = AWAY.name
        reset(exchange.request.transport)
        raise HangUp from None


def _store(exchange: Exchange) -> None:
    plan, stored = exchange.ticket.plan, exchange.chat.stored
    if stored is not None and plan.completion_tokens:
        completion = json.loads(write_completion(plan, exchange.label))
        exchange.service.store.keep(completion, stored.messages, stored.metadata)


def _refuse_method(request: web.BaseRequest, allowed: list[str]) -> Refusal:
    return Refusal(
        405,
        f"{request.path[:200]} takes {' or '.join(allowed)} requests; not {request.method}.",
        code="method_not_supported",
        headers={"Allow": ", ".join(allowed)},
    )
