"""The guard around the client's HTTP: no redirects, no proxies towards this machine.

The only file that may import httpx2, on which the openai client sits.
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

# An answer is asked for unpacked: a reply of a few kilobytes that unpacks to gigabytes is no risk.
PLAIN_REPLY = {"Accept-Encoding": "identity"}


def is_loopback(url: str) -> bool:
    """Say whether `url` names this machine itself."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def open_http(base_url: str, *, timeout: float, max_connections: int) -> Any:
    """Return the blocking HTTP client for calls to `base_url`.

    Parameters
    ----------
    base_url
        Where the calls go. Proxy settings and certificates of the environment are used, unless
        this is the machine itself: proxies would carry the calls, and the key, away from it.
    timeout
        Seconds that any single wait (connect, send, next bytes) may take.
    max_connections
        The most connections at one moment.
    """
    import httpx2

    return httpx2.Client(**_settings(base_url, timeout, max_connections))


def open_async_http(base_url: str, *, timeout: float, max_connections: int) -> Any:
    """Return the async HTTP client, over aiohttp; parameters as in `open_http`."""
    from openai import DefaultAioHttpClient

    return DefaultAioHttpClient(**_settings(base_url, timeout, max_connections))


def _settings(base_url: str, timeout: float, max_connections: int) -> dict[str, Any]:
    import httpx2

    return {
        "base_url": base_url,
        "timeout": httpx2.Timeout(timeout, pool=None),
        "limits": httpx2.Limits(
            max_connections=max_connections, max_keepalive_connections=max_connections
        ),
        "follow_redirects": False,
        "trust_env": not is_loopback(base_url),
        "headers": PLAIN_REPLY,
    }
