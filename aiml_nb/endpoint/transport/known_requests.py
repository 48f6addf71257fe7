"""The requests of a run, sent without being built anew.

The openai client builds each request from its settings: options, headers, URL, and the models of
these took two thirds of a call's processor time (``python -m tests.benchmarks runner``). But the
requests of a run differ in body and name (``X-Client-Request-Id``) alone. So the client builds and
sends the first two of a kind. If their heads are equal but for name and length, the client has
nothing else to say about the next, which are sent with the same head.

All of them go through the client again while anybody looks at them on the way: a hook on a method
of the client or the HTTP libraries, a log that lists requests.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import httpx2

from .exchange import IncomingReply, ReadyRequest
from .posting import ReadyPost

if TYPE_CHECKING:
    from openai import AsyncOpenAI

NAME = "X-Client-Request-Id"
_MAX_KINDS = 32  # users may give each prompt headers of its own: these are not learned for ever
_MAX_BYTES = 2**18  # a larger body is sent in pieces, as the connection takes them
_MAX_WAIT = 1.0  # seconds for another request's connection
_COOKIES_LAST = 10.0  # seconds; the client drops those that have expired
# Headers that aiohttp would add itself if they were missing.
_NEEDED = ("accept", "accept-encoding", "user-agent", "content-type", "connection")
_LOGS = (
    (logging.getLogger("httpx2"), logging.INFO),
    (logging.getLogger("openai._base_client"), logging.DEBUG),
    (logging.getLogger("aiohttp.client"), logging.DEBUG),
)
_LIBRARIES = re.compile(r"[/\\](?:openai|httpx2|aiohttp)[/\\]\w+\.py$")
_CONTROLS = set("\r\n\0")
# As the client writes JSON.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Asked(NamedTuple):
    """A request that the client is asked to send.

    Parameters
    ----------
    kind
        What it has in common with others.
    name
        Its ``X-Client-Request-Id``.
    body
        Its JSON body.
    """

    kind: Hashable
    name: str
    body: Mapping[str, Any]


# The request that this task asks the client to send, if its head is to be learned.
_asked: ContextVar[Asked | None] = ContextVar("_asked", default=None)


def _write_body(body: Mapping[str, Any]) -> bytes | None:
    """Return a JSON body as the client writes it; None if only the client can say what it is."""
    try:
        data = _encode(body).encode()
    except (TypeError, ValueError, RecursionError):
        return None
    return data if len(data) <= _MAX_BYTES else None


class Head:
    """The head of all requests of a kind.

    Parameters
    ----------
    template
        Its bytes, with places for the name and the length of the body.
    request
        A request to the address.
    """

    __slots__ = ("_request", "_template", "has_cookies", "is_certain", "learned")

    def __init__(self, template: bytes, request: ReadyRequest, *, has_cookies: bool) -> None:
        self._template, self._request = template, request
        self.has_cookies, self.is_certain = has_cookies, False
        self.learned = time.monotonic()

    def is_like(self, other: Head) -> bool:
        """Say whether the client has built the same twice."""
        return self._template == other._template

    def write(self, name: str, body: bytes) -> ReadyRequest:
        """Return the request with a name and a body."""
        fields = {b"name": name.encode("ascii"), b"length": len(body)}
        return self._request.with_data(self._template % fields + body)


class KnownRequests:
    """The heads that a client builds, learned from what it sends.

    Parameters
    ----------
    client
        The client; another that shares its connections may have other headers.
    prepare
        Returns a request as the connector needs it.
    send
        Sends such a request.
    """

    def __init__(
        self,
        client: AsyncOpenAI,
        prepare: Callable[[httpx2.Request], ReadyRequest],
        send: Callable[[ReadyRequest], Awaitable[IncomingReply]],
    ) -> None:
        self._client, self._prepare, self._send = client, prepare, send
        self._heads: dict[Hashable, Head | None] = {}
        # Requests that the client builds, until they have their connections.
        self._on_their_way: dict[int, asyncio.Future[None]] = {}
        self._unhooked: tuple[Any, ...] = ()

    def make(
        self, client: AsyncOpenAI, kind: Hashable, name: str, body: Mapping[str, Any]
    ) -> ReadyPost | None:
        """Return a request that `client` need not build; None if it must. See `Asked`."""
        head = self._heads.get(kind)
        if head is None or not head.is_certain or client is not self._client:
            return None
        if head.has_cookies and time.monotonic() - head.learned > _COOKIES_LAST:
            del self._heads[kind]
            return None
        data = None if self._is_observed() else _write_body(body)
        return None if data is None else ReadyPost(self._send, head.write(name, data))

    @contextmanager
    def learning(self, kind: Hashable, name: str, body: Mapping[str, Any]) -> Iterator[None]:
        """Have the head learned of the request that the client sends in this block; see `Asked`."""
        asked = Asked(kind, name, body)
        token = _asked.set(asked)
        self._on_their_way[id(asked)] = asyncio.get_running_loop().create_future()
        try:
            yield
        finally:
            self._note_under_way(asked)
            _asked.reset(token)

    def note_connected(self) -> None:
        """Note that the request which is being learned in this task has its connection."""
        if (asked := _asked.get()) is not None:
            self._note_under_way(asked)

    def _note_under_way(self, asked: Asked) -> None:
        waiting = self._on_their_way.pop(id(asked), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    async def wait_for_others(self) -> None:
        """Wait for the connections of requests that the client builds.

        That takes longer, and they were made before: they are to arrive before.
        """
        if self._on_their_way:
            await asyncio.wait([*self._on_their_way.values()], timeout=_MAX_WAIT)

    def learn(self, request: httpx2.Request) -> None:
        """Learn the head of a request that the client sends."""
        sought = _asked.get()
        if sought is None:
            return
        if sought.kind not in self._heads:
            if len(self._heads) < _MAX_KINDS:
                self._heads[sought.kind] = self._read_head(request, sought)
            return
        known = self._heads[sought.kind]
        if known is not None and not known.is_certain:
            head = self._read_head(request, sought)
            known.is_certain = head is not None and head.is_like(known)
            if not known.is_certain:
                self._heads[sought.kind] = None  # it differs in more: the client must build each

    def forget(self) -> None:
        """Forget all heads: the client would build others now."""
        self._heads.clear()

    def _read_head(self, request: httpx2.Request, sought: Asked) -> Head | None:
        """Return the head of a request; None if it is not made of what is known of it."""
        body = _write_body(sought.body)
        if request.method != "POST" or body is None or request.content != body:
            return None
        if any(name not in request.headers for name in _NEEDED):
            return None
        ready = self._prepare(request)
        template = _write_template(ready, sought.name, len(body))
        has_cookies = "cookie" in request.headers
        return None if template is None else Head(template, ready, has_cookies=has_cookies)

    def _is_observed(self) -> bool:
        """Say whether somebody is to see each request: a hook, or a log."""
        if any(logger.isEnabledFor(level) for logger, level in _LOGS):
            return True
        kind = type(self._client)
        methods = (
            *(kind.post, kind.request, httpx2.AsyncClient.send),
            *(aiohttp.ClientSession.__init__, aiohttp.ClientSession._request),
        )
        if methods != self._unhooked:
            if not all(map(_is_original, methods)):
                return True
            self._unhooked = methods
        return any(self._client._client.event_hooks.values())


def _is_original(method: Any) -> bool:
    """Say whether a method is its library's own: a wrapper has code of another file."""
    code = getattr(method, "__code__", None)
    return code is not None and bool(_LIBRARIES.search(code.co_filename))


def _write_template(request: ReadyRequest, name: str, length: int) -> bytes | None:
    """Return the bytes of a head with places for name and length; None if they have no place."""
    places = {(NAME.lower(), name): "%(name)b", ("content-length", str(length)): "%(length)d"}
    lines = [f"{request.method} {request.url.raw_path_qs} HTTP/1.1".replace("%", "%%")]
    for key, value in request.headers.items():
        place = places.pop((key.lower(), value), None)
        lines.append(f"{key}: " + (place or value.replace("%", "%%")))
    if places or any(set(line) & _CONTROLS for line in lines):
        return None
    return "\r\n".join((*lines, "", "")).encode()
