"""The keys that requests carry, wherever a provider wants them: they must not be written down.

A request of somebody else's code has its key in a header of any name, in the address, or both.
"""

from __future__ import annotations

import binascii
import os
import re
import time
from base64 import b64decode
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

from ..formats.plain import redact_with
from .keys import ApiKey

_SECRET = re.compile(
    r"key|token|auth|secret|passw|pwd|cookie|credential|session|signature|^(?:sig|code)$", re.I
)
_NO_SECRET = re.compile(r"idempotency|sec-websocket|author$|authority", re.I)
_PAIR = re.compile(r'[\w.-]+="?([^\s="]+)=*"?')
NO_KEY = ApiKey("", source="nowhere")
_MAX_SEEN = 64
_SHORTEST_KNOWN = 12
_MAX_UNREAD = 256
_seen: dict[str, ApiKey] = {}
_named: tuple[tuple[int, int], tuple[ApiKey, ...]] = (0, 0), ()
_unread: deque[SentHead] = deque()


class SentHead:
    """The head of a request of any HTTP client, in which keys are looked for when they are needed.

    It is the request's own, so that what an authentication has changed in it meanwhile is seen.

    Parameters
    ----------
    request
        The request.
    """

    __slots__ = ("_headers", "_keys", "_url")

    def __init__(self, request: Any) -> None:
        self._headers, self._url = request.headers, request.url
        self._keys: tuple[ApiKey, ...] | None = None
        _unread.append(self)
        if len(_unread) > _MAX_UNREAD:
            _read_all()

    def is_of(self, request: Any) -> bool:
        """Say whether this is the head of a request, and has not been read before."""
        return self._headers is request.headers

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """The keys in it."""
        headers, url = self._headers, self._url  # another thread may be doing the same
        if self._keys is None:
            self._keys = _find_keys(headers, url)
            self._headers = self._url = None
        return self._keys


def _read_all() -> None:
    with suppress(IndexError):  # another thread was faster
        while _unread:
            _unread.popleft().keys  # noqa: B018


def key_for(text: str) -> ApiKey | None:
    """Return the key of this text; None if there is nothing in it."""
    text = text.strip()
    key = _seen.get(text)
    if key is None and text:
        key = ApiKey(text, source="a request")
        if len(_seen) >= _MAX_SEEN:
            _seen.pop(next(iter(_seen)), None)
        _seen[text] = key
    return key


def keys_in(request: Any) -> tuple[ApiKey, ...]:
    """Return the keys that a request of any HTTP client carries in its head."""
    return _find_keys(request.headers, request.url)


def _find_keys(headers: Any, url: Any) -> tuple[ApiKey, ...]:
    fields = getattr(headers, "raw", None)
    if fields is None:
        fields = [(str(name).encode(), str(value).encode()) for name, value in headers.items()]
    names, values = zip(*fields, strict=True) if fields else ((), ())
    texts: list[str] = []
    for at in _secret_places(names):
        texts += _texts_in(values[at].decode("latin-1"))
    # To write an URL takes long, and few have such parts.
    if getattr(url, "query", True) or getattr(url, "userinfo", True):
        texts += _texts_of_address(str(url))
    return tuple(filter(None, map(key_for, texts)))


@lru_cache(maxsize=64)  # the requests of one client have the same headers
def _secret_places(names: tuple[bytes, ...]) -> tuple[int, ...]:
    return tuple(at for at, name in enumerate(names) if is_secret(name))


@lru_cache(maxsize=512)
def is_secret(name: bytes) -> bool:
    """Say whether a header, or a parameter of an address, of this name holds a key."""
    text = name.decode(errors="replace")
    return bool(_SECRET.search(text)) and not _NO_SECRET.search(text)


def redact_seen(text: str) -> str:
    """Return a text without the keys of the latest requests."""
    _read_all()
    return redact(text, list(_seen.values()))


def redact_known(value: Any) -> Any:
    """Return JSON without the keys of the latest requests and those in the environment.

    Not without short ones: placeholders such as ``none`` are words of any text.
    """
    for key in _known_in(value):
        value = key.redact_all(value)
    return value


def known_keys_in(value: Any) -> tuple[str, ...]:
    """Return the keys that `redact_known` takes out of JSON, for a process that has not sent them.

    Whoever gets the JSON has them in it, too.
    """
    return tuple(key.reveal() for key in _known_in(value) if key.redact_all(value) != value)


def _known_in(value: Any) -> Iterator[ApiKey]:
    """Yield the keys that are known here and may be in JSON."""
    _read_all()
    keys = {*_seen.values(), *_keys_of_environment()}
    written = _write(value) if keys else None
    for key in keys:
        is_long = len(key.reveal()) >= _SHORTEST_KNOWN
        if is_long and (written is None or key.may_be_in(written)):
            yield key


def _keys_of_environment() -> tuple[ApiKey, ...]:
    """Return the keys in the environment as it was half a second ago, or has a new variable."""
    global _named
    at = len(os.environ), int(2 * time.monotonic())
    if at != _named[0]:  # to go through it takes longer than all else that is done for a result
        texts = (text for name, text in os.environ.items() if name.endswith("_API_KEY"))
        _named = at, tuple(filter(None, map(key_for, texts)))
    return _named[1]


def _write(value: Any) -> bytes | None:
    """Return JSON in bytes, for a quick look; None where that cannot be."""
    from pydantic_core import to_json

    try:
        return to_json(value)
    except ValueError:  # a lone surrogate
        return None


def redact(text: str, keys: Iterable[ApiKey]) -> str:
    """Return a text without any of the keys."""
    for key in keys:
        text = key.redact(text)
    return text


def bare_address(url: str) -> str:
    """Return an address without what may hold a key: user, password, parameters."""
    scheme, separator, rest = url.partition("?")[0].partition("#")[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}".rstrip("/")


def _texts_in(value: str) -> Iterator[str]:
    """Return what is secret in a header: the word after a scheme, the values of cookies."""
    scheme, _, word = value.strip().partition(" ")
    if ";" in value or "," in value:
        yield from (part.partition("=")[2].strip('" ') for part in re.split("[;,]", value))
    elif pair := _PAIR.fullmatch(value.strip()):  # a single cookie
        yield from (value.strip(), pair[1])
    elif scheme.lower() == "basic":
        yield word
        try:
            yield b64decode(word, validate=True).decode("latin-1").partition(":")[2]
        except (binascii.Error, ValueError):
            return
    else:
        yield word or scheme


def _texts_of_address(address: str) -> Iterator[str]:
    """Return what is secret in an address, as it is meant and as it is written."""
    parts = urlsplit(address)
    for field in parts.query.split("&"):
        name, _, value = field.partition("=")
        if is_secret(unquote(name).encode()):
            yield from {value, unquote_plus(value)}
    if password := parts.password:
        yield from {password, unquote(password)}


redact_with(redact_known)
