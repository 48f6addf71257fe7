"""Hooks on the clients' classes, in place only while something is watched.

``request`` of an openai client begins and ends a call; ``send`` of httpx2, and of httpx where it is
installed, is an attempt of the call in whose context it runs, or a call of its own. What anybody
else has put on top meanwhile stays there.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

from ..endpoint.failures import explain_failure
from ..endpoint.transport import client_classes
from ..loop import import_in_thread
from .begin import begin_call, begin_send, forget_addresses
from .patches import Patch
from .places import current_call, guarded, is_sending, note_problem
from .recording import Recording
from .tee import tee
from .threads import wrap_start, wrap_submit
from .unread import read_ended

_lock = threading.Lock()
_users = 0
_patches: list[Patch] = []


@contextmanager
def hooks() -> Iterator[None]:
    """Have calls recorded while the block lasts, in all threads; blocks may overlap.

    A call that has begun holds them until it returns: it may have to send something again.
    """
    _hold()
    try:
        yield
    finally:
        _release()


def _hold() -> None:
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            _install()


def _release() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            for patch in _patches:
                patch.remove()
            forget_addresses()
            read_ended()  # nothing of what was sent is kept any longer


def _install() -> None:
    """Put the hooks in place, where they are not already."""
    import_in_thread("openai")
    from openai._base_client import AsyncAPIClient, SyncAPIClient

    wanted: list[tuple[type, str, Callable[[Any], Any]]] = [
        (SyncAPIClient, "request", _wrap_request),
        (AsyncAPIClient, "request", _wrap_async_request),
        (threading.Thread, "start", wrap_start),
        (ThreadPoolExecutor, "submit", wrap_submit),
    ]
    for blocking, awaited in client_classes():
        wanted += [(blocking, "send", _wrap_send), (awaited, "send", _wrap_async_send)]
    # One that another has put out of sight is kept, to be taken out when it comes to light.
    _patches[:] = [patch for patch in _patches if not patch.is_removed]
    present = {(patch.owner, patch.name) for patch in _patches if patch.is_in_place()}
    _patches.extend(Patch(*each) for each in wanted if each[:2] not in present)


def _left_over(wrapper: Any) -> Recording | None:
    """Take a hook out that is called though nothing is watched; return no record."""
    for patch in _patches:
        if patch.wrapper is wrapper:
            with _lock:
                if _users == 0 and patch.is_on_top():
                    patch.remove()
    return None


def _wrap_request(original: Any) -> Any:
    @functools.wraps(original)
    def request(self: Any, cast_to: Any, options: Any, **rest: Any) -> Any:
        __tracebackhide__ = True
        call = begin_call(self, options) if _users else _left_over(request)
        if call is None:
            return original(self, cast_to, options, **rest)
        with _Requested(call):
            return original(self, cast_to, options, **rest)

    return request


def _wrap_async_request(original: Any) -> Any:
    @functools.wraps(original)
    async def request(self: Any, cast_to: Any, options: Any, **rest: Any) -> Any:
        __tracebackhide__ = True
        call = begin_call(self, options) if _users else _left_over(request)
        if call is None:
            return await original(self, cast_to, options, **rest)
        with _Requested(call):
            return await original(self, cast_to, options, **rest)

    return request


class _Requested:
    """Record what a request comes to, and what is sent for it."""

    __slots__ = ("_call", "_token")

    def __init__(self, call: Recording) -> None:
        self._call = call

    def __enter__(self) -> None:
        _hold()
        self._token = current_call.set(self._call)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        _reset(current_call, self._token)
        _release()
        call = self._call
        try:
            if error is not None:
                call.fail(error)
                return
            call.is_returned = True
            if not call.waits_for_body:
                call.finish()
        except Exception as problem:  # noqa: BLE001  see `guarded`
            note_problem(call.places, problem)


def _reset(variable: ContextVar[Any], token: Token[Any]) -> None:
    """Give a context variable its former value."""
    try:
        variable.reset(token)
    except ValueError:  # a coroutine that is closed by the garbage collector has another context
        return


def _wrap_send(original: Any) -> Any:
    @functools.wraps(original)
    def send(self: Any, request: Any, **rest: Any) -> Any:
        __tracebackhide__ = True
        call = begin_send(request) if _users else _left_over(send)
        if call is None:
            return original(self, request, **rest)
        with _Sending(call, request):
            response = original(self, request, **rest)
        _take_reply(call, response)
        return response

    return send


def _wrap_async_send(original: Any) -> Any:
    @functools.wraps(original)
    async def send(self: Any, request: Any, **rest: Any) -> Any:
        __tracebackhide__ = True
        call = begin_send(request) if _users else _left_over(send)
        if call is None:
            return await original(self, request, **rest)
        with _Sending(call, request):
            response = await original(self, request, **rest)
        _take_reply(call, response)
        return response

    return send


class _Sending:
    """Record that something could not be sent; what is sent meanwhile belongs to it."""

    __slots__ = ("_call", "_request", "_token")

    def __init__(self, call: Recording, request: Any) -> None:
        self._call, self._request = call, request

    def __enter__(self) -> None:
        self._token = is_sending.set(True)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        _reset(is_sending, self._token)
        if error is None:
            return
        call = self._call
        with guarded(call.places):
            call.add_keys(self._request)
            call.end_attempt(explain_failure(error) if isinstance(error, Exception) else None)
            if _is_whole_call(call):
                call.fail(error)


def _is_whole_call(call: Recording) -> bool:
    """Say whether a call is what is sent alone, with no request of an openai client around it."""
    return current_call.get() is not call


def _take_reply(call: Recording, response: Any) -> None:
    """Read a reply, now or as it comes; close the record of a call that consists of it."""
    try:
        is_own = _is_whole_call(call)
        call.add_keys(response.request)  # an authentication may have added some
        call.note_head(response.status_code, response.headers)
        if response.status_code >= 300:
            call.end_attempt()
            if is_own:
                is_read = response.is_stream_consumed
                call.fail(_StatusError(response.status_code, response if is_read else None))
        elif not response.is_stream_consumed:
            call.read_pieces(is_own=is_own)
            tee(call, response)
        else:
            call.read_whole(response.content)
            if is_own:
                call.finish()
    except Exception as problem:  # noqa: BLE001  see `guarded`
        note_problem(call.places, problem)


class _StatusError(Exception):
    """A reply with a bad status, in the shape in which `endpoint.failures` reads it."""

    def __init__(self, status: int, response: Any) -> None:
        super().__init__()
        self.status_code, self.response = status, response
