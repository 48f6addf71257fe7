"""The HTTP transport of calls: real deadlines, size limits, no redirects, no compressed bodies.

The only place that imports httpx2, on which the openai client is built, and aiohttp. A server may
be slow, dead, hostile or wrong; what a call sees of that is the same for the blocking client
(`blocking`) and the async one (`aio`).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import httpx2

from .blocking import GuardedClient
from .environment import check_key_log, find_proxy, is_loopback, trusted_certificates
from .guard import MAX_BYTES, ReplyTooLargeError, current_attempt
from .open_files import allow_files
from .safe_errors import hide_in_logs

if TYPE_CHECKING:
    from .aio import GuardedAsyncClient

__all__ = [
    "MAX_BYTES",
    "GuardedClient",
    "Reply",
    "ReplyTooLargeError",
    "client_classes",
    "current_attempt",
    "hide_in_logs",
    "is_loopback",
    "open_async_http",
    "open_http",
]

Reply = httpx2.Response  # as `cast_to`, it makes the openai client return a reply unparsed


def open_http(base_url: str) -> GuardedClient:
    """Return a blocking HTTP client for calls to `base_url`, one at a time.

    Proxy settings and certificates of the environment are used where they matter.

    Raises
    ------
    EndpointError
        If one of them cannot be used.
    """
    return GuardedClient(base_url, **_connection_settings(base_url))


def open_async_http(base_url: str, *, max_connections: int) -> GuardedAsyncClient:
    """Return the async HTTP client; otherwise as `open_http`.

    Parameters
    ----------
    max_connections
        The most connections at one moment.
    """
    settings = _connection_settings(base_url)
    from .aio import GuardedAsyncClient, Transport

    allow_files(max_connections)
    transport = Transport(**settings, max_connections=max_connections)
    return GuardedAsyncClient(base_url=base_url, transport=transport)


def client_classes() -> Iterator[tuple[type, type]]:
    """Yield the blocking and the async class of the clients that others may call models with.

    httpx, httpx2's forerunner, is there only if something else has installed it.
    """
    yield httpx2.Client, httpx2.AsyncClient
    if find_spec("httpx"):
        httpx = import_module("httpx")
        yield httpx.Client, httpx.AsyncClient


def _connection_settings(base_url: str) -> dict[str, Any]:
    """Return the certificates and the proxy for calls to `base_url`, from the environment."""
    check_key_log()  # Python reads that variable, too, and would fail later without a hint
    is_encrypted = base_url.startswith("https:")
    return {
        "certificates": trusted_certificates() if is_encrypted else None,
        "proxy": find_proxy(base_url),
    }
