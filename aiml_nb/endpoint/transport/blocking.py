"""The blocking client: one connection, a real deadline, and one resend if it was closed.

httpcore2's read timeout restarts with every chunk, so a server that sends one byte at a time never
times out. Here the timeout is for the whole exchange: a timer shuts the socket down.
"""

from __future__ import annotations

import ssl
from typing import Any

import httpcore2
import httpx2

from . import open_files
from .blocking_body import GuardedStream, PlainBody, find_broken
from .body import Body
from .environment import Proxy
from .guard import (
    KEEP_ALIVE,
    MAX_HEAD_BYTES,
    PLAIN_REPLY,
    check_head_size,
    describe_os_error,
    fix_charset,
    note_reconnect,
)
from .network import Exchange, Network
from .safe_errors import NO_REPLY, BrokenReplyError

# What httpcore2 raises if the server has closed the connection.
_CONNECTION_LOST = (httpcore2.RemoteProtocolError, httpcore2.ReadError, httpcore2.WriteError)


class GuardedClient(httpx2.Client):
    """A client for one call at a time.

    Parameters
    ----------
    base_url
        The server.
    certificates
        Verify the server; None for plain http.
    proxy
        The proxy, or None.
    """

    def __init__(
        self, base_url: str, *, certificates: ssl.SSLContext | None, proxy: Proxy | None
    ) -> None:
        self._network = Network(proxy)
        self._connections = _Transport(self._network, certificates, proxy)
        super().__init__(
            base_url=base_url,
            transport=self._connections,
            trust_env=False,
            headers=PLAIN_REPLY,
        )

    def send(
        self, request: httpx2.Request, *, stream: bool = False, **options: Any
    ) -> httpx2.Response:
        """Send as httpx2 does; the read timeout is for the whole exchange.

        A request on a reused connection that is closed without a byte of a reply is sent once
        more, on a new connection and within the same time.
        """
        seconds = request.extensions.get("timeout", {}).get("read")
        exchange = Exchange(self._network, seconds)
        broken: BrokenReplyError | None = None
        try:
            response = self._send(request, exchange, options)
            guarded = GuardedStream(response, exchange, self._connections.close_unusable)
            response.stream = guarded
            try:
                if self._network.received > MAX_HEAD_BYTES:
                    check_head_size(response.headers.raw)
                guarded.begin(Body(response, by_event=stream))
                fix_charset(response)
                if not stream:
                    response.read()
            except BaseException:
                response.close()
                raise
        except BaseException as error:
            exchange.end()
            if isinstance(error, Exception):
                exchange.check(error)
            broken = find_broken(error)
            if broken is None:
                raise
        if broken:  # outside `except`: its context would quote the reply, which may hold the key
            raise broken
        return response

    def abort(self) -> None:
        """Break off the exchange in progress, and refuse any other."""
        self._network.is_aborted = True
        self._network.shutdown_socket()

    def _send(
        self, request: httpx2.Request, exchange: Exchange, options: dict[str, Any]
    ) -> httpx2.Response:
        try:
            return super().send(request, stream=True, **options)
        except _CONNECTION_LOST:
            if exchange.is_late or not self._network.died_unanswered:
                raise
        note_reconnect()
        return super().send(request, stream=True, **options)


class _Transport(httpx2.BaseTransport):
    """Carries requests over httpcore2, whose pool has one connection."""

    def __init__(
        self, network: Network, certificates: ssl.SSLContext | None, proxy: Proxy | None
    ) -> None:
        self._network = network
        self._proxy = proxy
        self._pool = _open_pool(network, certificates, proxy)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        address = httpcore2.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        try:
            reply = self._pool.handle_request(
                httpcore2.Request(
                    request.method,
                    address,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        except (httpcore2.ProxyError, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            if self._proxy is None or not self._network.is_before_proxy:
                raise
            if isinstance(error, httpcore2.ProxyError):
                raise self._proxy.refuse(int(str(error)[:3]), url.host) from None
            late = "does not answer in time"
            raise self._proxy.fail(late if self._network.is_late else _explain(error)) from None
        return httpx2.Response(
            reply.status,
            headers=reply.headers,
            stream=PlainBody(reply.stream),
        )

    def close_unusable(self, request: httpx2.Request) -> None:
        """After a reply, close a connection that must not be reused."""
        # GET is only used for the list of models; as in the async client, calls open connections
        # of their own.
        closes = request.method == "GET" or open_files.are_files_scarce()
        for connection in self._pool.connections:
            if closes or _has_unread_data(connection):
                connection.close()

    def close(self) -> None:
        self._pool.close()


def _open_pool(
    network: Network, certificates: ssl.SSLContext | None, proxy: Proxy | None
) -> httpcore2.ConnectionPool:
    settings: dict[str, Any] = {
        "ssl_context": certificates,
        # Each thread has a client of its own, which makes one call at a time.
        "max_connections": 1,
        "keepalive_expiry": KEEP_ALIVE,
        "network_backend": network,
    }
    if proxy is None:
        return httpcore2.ConnectionPool(**settings)
    if proxy.is_encrypted:
        settings["proxy_ssl_context"] = certificates
    return httpcore2.HTTPProxy(proxy.url, proxy_headers=[*proxy.headers.items()], **settings)


def _explain(error: Exception) -> str:
    """Return how a proxy failed to open a tunnel."""
    if isinstance(error, httpcore2.ConnectError):
        return f"does not answer ({describe_os_error(error)})"
    hung_up = isinstance(error, httpcore2.NetworkError) or NO_REPLY in str(error)
    return "hung up" if hung_up else "does not speak HTTP"


def _has_unread_data(connection: Any) -> bool:
    """Say whether bytes after the reply were read: they would be taken for the next reply.

    Unread bytes in the socket are noticed by the pool itself; those already read are only known to
    the parser.
    """
    while (inner := getattr(connection, "_connection", None)) is not None:
        connection = inner
    parser = getattr(connection, "_h11_state", None)
    return parser is not None and bool(parser.trailing_data[0])
