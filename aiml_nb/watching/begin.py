"""Where a record begins: with a request of an openai client, or with something that is sent."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from ..apis import OTHER, Json, api_at, path_before
from ..endpoint.sent_keys import SentHead, bare_address, key_for
from ..endpoint.transport import current_attempt
from .places import current_call, guarded, is_sending, note_problem, note_run, open_places
from .recording import Recording

_NOTHING: Json = {}
_MAX_ADDRESSES = 100
_addresses: dict[int, tuple[Any, str]] = {}  # by the identity of the URL, which is kept for it
_MAX_REQUEST = 4 * 2**20  # bytes of a request that is read for what it asks


def begin_call(client: Any, options: Any) -> Recording | None:
    """Begin the record of a request; None for one that is not to be recorded."""
    places = open_places()
    if not places or is_sending.get() or current_call.get() is not None:
        return None
    method = str(options.method).lower()
    if _is_ours(client, method):
        note_run()
        return None
    try:
        asked = options.json_data if isinstance(options.json_data, dict) else _NOTHING
        url = str(options.url)
        # Others are such as reading an answer again that was stored.
        kind = api_at(url) or OTHER if method == "post" else OTHER
        label = f"{method.upper()} {bare_address(url)}" if kind is OTHER else ""
        key = getattr(client, "api_key", None)
        known = key_for(key) if isinstance(key, str) else None
        address = _address_of(client)
        return Recording(places, kind, base_url=address, asked=asked, label=label, key=known)
    except Exception as problem:  # noqa: BLE001  see `guarded`
        note_problem(places, problem)
        return None


def _address_of(client: Any) -> str:
    """Return the address of a client; to write an URL takes long, and it is always the same."""
    url = client._base_url  # `base_url` imports something each time
    known, address = _addresses.get(id(url), (None, ""))
    if known is not url:
        if len(_addresses) >= _MAX_ADDRESSES:
            _addresses.clear()
        address = bare_address(str(url))
        _addresses[id(url)] = url, address
    return address


def _is_ours(client: Any, method: str) -> bool:
    """Say whether the runner makes this request: it keeps the record itself."""
    if current_attempt.get() is not None or method != "get":
        return current_attempt.get() is not None
    return type(getattr(client, "_client", None)).__module__.startswith(__package__[:7])


def begin_send(request: Any) -> Recording | None:
    """Begin an attempt of the call that is being made here, or a call of its own."""
    if is_sending.get():
        return None
    call = current_call.get()
    if call is None and current_attempt.get() is None:
        kind = api_at(request.url.path) if request.method == "POST" else None
        places = open_places() if kind else ()
        if kind and places:
            with guarded(places):
                head = SentHead(request)
                url, path = bare_address(str(request.url)), request.url.path
                base_url = url.rstrip("/").removesuffix(path.rstrip("/")) + path_before(path)
                call = Recording(places, kind, base_url=base_url, asked=_read_request(request))
                call.begin_attempt(head)
    elif call is not None:
        try:
            call.begin_attempt(SentHead(request))
        except Exception as problem:  # noqa: BLE001  see `guarded`
            note_problem(call.places, problem)
    return call


def forget_addresses() -> None:
    """Keep no addresses of clients any longer: a key may be in them."""
    _addresses.clear()


def _read_request(request: Any) -> Json:
    """Return the JSON of a request that is not an openai client's."""
    asked: Any = None
    with suppress(Exception):  # files, forms, and what is sent in pieces
        if len(request.content) <= _MAX_REQUEST:
            asked = json.loads(request.content)
    return asked if isinstance(asked, dict) else _NOTHING
