"""Hooks on the clients' classes, in place only while something is watched.

``request`` of an openai client begins and ends a call; ``send`` of httpx2, and of httpx where it is
installed, is an attempt of the call in whose context it runs, or a call of its own. What anybody
else has put on top meanwhile stays there.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ..endpoint.failures import explain_failure
from ..endpoint.transport import current_attempt
from ..loop import import_in_thread
from .kinds import OTHER, Json, kind_of
from .recording import Recording, current_call, guarded, is_sending, key_of, open_places
from .tee import tee

_NOTHING: Json = {}
_MAX_REQUEST = 4 * 2**20  # bytes of a request that is read for what it asks
_PROXY = "_self_wrapper"  # an attribute that wrapt's proxies of functions have
_lock = threading.Lock()
_users = 0
_patches: list[_Patch] = []


@contextmanager
def hooks() -> Iterator[None]:
    """Have calls recorded while the block lasts, in all threads; blocks may overlap."""
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            _install()
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                for patch in _patches:
                    patch.remove()


class _Patch:
    """A method of a class with ours around it."""

    def __init__(self, owner: type, name: str, wrap: Callable[[Any], Any]) -> None:
        self.owner, self.name = owner, name
        self.is_removed = False
        self._original = owner.__dict__[name]
        self.wrapper = wrap(self._original)
        setattr(owner, name, self.wrapper)

    def is_in_place(self) -> bool:
        """Say whether ours is still called, perhaps below somebody else's."""
        return any(each is self.wrapper for each in _layers(self.owner.__dict__[self.name]))

    def remove(self) -> None:
        """Take ours out, also from below a wrapper of somebody else's that lets us."""
        top = self.owner.__dict__[self.name]
        if top is self.wrapper:
            setattr(self.owner, self.name, self._original)
            self.is_removed = True
            return
        for layer in _layers(top):
            # A proxy (wrapt's) calls what its attribute names. A function does not care about its
            # attribute: ours stays below it, and passes everything on.
            if getattr(layer, "__wrapped__", None) is self.wrapper and hasattr(layer, _PROXY):
                layer.__wrapped__ = self._original
                self.is_removed = True
                return

    def remove_if_idle(self) -> None:
        """Take ours out if it was left in place below another, which has gone since."""
        with _lock:
            if _users == 0 and self.owner.__dict__[self.name] is self.wrapper:
                self.remove()


def _layers(top: Any) -> Iterator[Any]:
    seen = 0
    while top is not None and seen < 50:
        yield top
        top, seen = getattr(top, "__wrapped__", None), seen + 1


def _install() -> None:
    """Put the hooks in place, where they are not already."""
    import_in_thread("openai")
    from openai._base_client import AsyncAPIClient, SyncAPIClient

    wanted: list[tuple[type, str, Callable[[Any], Any]]] = [
        (SyncAPIClient, "request", _wrap_request),
        (AsyncAPIClient, "request", _wrap_async_request),
    ]
    for name in ("httpx2", "httpx"):
        if find_spec(name):
            module = import_module(name)
            wanted += [
                (module.Client, "send", _wrap_send),
                (module.AsyncClient, "send", _wrap_async_send),
            ]
    # One that another has put out of sight is kept, to be taken out when it comes to light.
    _patches[:] = [patch for patch in _patches if not patch.is_removed]
    present = {(patch.owner, patch.name) for patch in _patches if patch.is_in_place()}
    _patches.extend(_Patch(*each) for each in wanted if each[:2] not in present)


def _left_over(wrapper: Any) -> Recording | None:
    """Take a hook out that is called though nothing is watched; return no record."""
    for patch in _patches:
        if patch.wrapper is wrapper:
            patch.remove_if_idle()
    return None


def _wrap_request(original: Any) -> Any:
    @functools.wraps(original)
    def request(self: Any, cast_to: Any, options: Any, **rest: Any) -> Any:
        call = _begin(self, options) if _users else _left_over(request)
        if call is None:
            return original(self, cast_to, options, **rest)
        token = current_call.set(call)
        try:
            result = original(self, cast_to, options, **rest)
        except BaseException as error:
            _fail(call, error)
            raise
        finally:
            current_call.reset(token)
        _finish(call)
        return result

    return request


def _wrap_async_request(original: Any) -> Any:
    @functools.wraps(original)
    async def request(self: Any, cast_to: Any, options: Any, **rest: Any) -> Any:
        call = _begin(self, options) if _users else _left_over(request)
        if call is None:
            return await original(self, cast_to, options, **rest)
        token = current_call.set(call)
        try:
            result = await original(self, cast_to, options, **rest)
        except BaseException as error:
            _fail(call, error)
            raise
        finally:
            # A coroutine that is closed by the garbage collector has another context.
            with suppress(ValueError):
                current_call.reset(token)
        _finish(call)
        return result

    return request


def _wrap_send(original: Any) -> Any:
    @functools.wraps(original)
    def send(self: Any, request: Any, **rest: Any) -> Any:
        call = _begin_send(request) if _users else _left_over(send)
        if call is None:
            return original(self, request, **rest)
        is_own = current_call.get() is not call
        token = is_sending.set(True)
        try:
            response = original(self, request, **rest)
        except BaseException as error:
            _fail_send(call, error, is_own=is_own)
            raise
        finally:
            is_sending.reset(token)
        _take_reply(call, response, is_own=is_own)
        return response

    return send


def _wrap_async_send(original: Any) -> Any:
    @functools.wraps(original)
    async def send(self: Any, request: Any, **rest: Any) -> Any:
        call = _begin_send(request) if _users else _left_over(send)
        if call is None:
            return await original(self, request, **rest)
        is_own = current_call.get() is not call
        token = is_sending.set(True)
        try:
            response = await original(self, request, **rest)
        except BaseException as error:
            _fail_send(call, error, is_own=is_own)
            raise
        finally:
            with suppress(ValueError):
                is_sending.reset(token)
        _take_reply(call, response, is_own=is_own)
        return response

    return send


def _begin(client: Any, options: Any) -> Recording | None:
    """Begin the record of a request; None for one that is not to be recorded."""
    places = open_places()
    is_nested = is_sending.get() or current_call.get() is not None
    if not places or is_nested or _is_ours(client, options):
        return None
    with guarded(places):
        asked = options.json_data if isinstance(options.json_data, dict) else _NOTHING
        kind = kind_of(str(options.url)) or OTHER
        if str(options.method).lower() != "post":
            kind = OTHER  # such as reading an answer again that was stored
        key = getattr(client, "api_key", None)
        base_url = str(client.base_url).rstrip("/")
        return Recording(
            places,
            kind,
            base_url=base_url,
            asked=asked,
            key=key_of(key) if isinstance(key, str) else None,
        )
    return None


def _is_ours(client: Any, options: Any) -> bool:
    """Say whether the runner makes this request: it keeps the record itself."""
    if current_attempt.get() is not None:
        return True
    is_guarded = type(getattr(client, "_client", None)).__module__.startswith(__package__[:7])
    return is_guarded and str(options.method).lower() == "get"


def _begin_send(request: Any) -> Recording | None:
    """Begin an attempt of the call that is being made here, or a call of its own."""
    if is_sending.get():
        return None
    call = current_call.get()
    if call is None and current_attempt.get() is None:
        kind = kind_of(request.url.path) if request.method == "POST" else None
        places = open_places() if kind else ()
        if kind and places:
            with guarded(places):
                url, path = str(request.url.copy_with(query=None)), request.url.path
                base_url = url.removesuffix(path) + path.rpartition("/" + path.split("/")[-1])[0]
                authorization = request.headers.get("authorization") or ""
                secret = authorization or request.headers.get("x-api-key") or ""
                call = Recording(
                    places,
                    kind,
                    base_url=base_url,
                    asked=_read_request(request),
                    key=key_of(secret) if secret else None,
                )
    if call is not None:
        with guarded(call.places):
            call.begin_attempt()
    return call


def _read_request(request: Any) -> Json:
    """Return the JSON of a request that is not an openai client's."""
    asked: Any = None
    with suppress(Exception):  # files, forms, and what is sent in pieces
        if len(request.content) <= _MAX_REQUEST:
            asked = json.loads(request.content)
    return asked if isinstance(asked, dict) else _NOTHING


def _take_reply(call: Recording, response: Any, *, is_own: bool) -> None:
    """Read a reply, now or as it comes; close the record of a call that consists of it."""
    with guarded(call.places):
        call.note_head(response.status_code, response.headers)
        if response.status_code >= 300:
            call.end_attempt()
            if is_own:
                is_read = response.is_stream_consumed
                call.fail_with_status(response.status_code, response if is_read else None)
            return
        if response.is_stream_consumed:
            call.read_whole(response.content)
            if is_own:
                call.finish()
            return
        call.waits_for_body = True
        call.is_returned = is_own
        tee(call, response)


def _fail_send(call: Recording, error: BaseException, *, is_own: bool) -> None:
    with guarded(call.places):
        is_failure = isinstance(error, Exception)
        call.end_attempt(explain_failure(error) if is_failure else None)
        if is_own:
            call.fail(error)


def _fail(call: Recording, error: BaseException) -> None:
    with guarded(call.places):
        call.fail(error)


def _finish(call: Recording) -> None:
    with guarded(call.places):
        call.is_returned = True
        if not call.waits_for_body:
            call.finish()
