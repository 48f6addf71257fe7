"""A proxy that lets requests through, or fails in one of many ways."""

from __future__ import annotations

import math
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.raw_server import read_request

# What stands in place of a way through.
FAILURES: dict[str, bytes | None] = {
    "403": b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
    "407": b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n",
    "502": b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\n\r\n<p>no way</p>",
    "504": b"HTTP/1.0 504 Gateway Timeout\r\n\r\n",
    "302": b"HTTP/1.1 302 Log in\r\nlocation: http://portal/\r\ncontent-length: 0\r\n\r\n",
    "garbage": b"\x05\xff nothing of HTTP\r\n\r\n",
    "hangs up": b"",
    "is silent": None,
}


@dataclass
class ProxyServer:
    """Where it listens, and the heads of the requests it saw."""

    port: int
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def proxy_server(
    server_port: int = 0,
    *,
    failure: bytes | None = b"",
    fails_after: float = math.inf,
    tls: ssl.SSLContext | None = None,
) -> Iterator[ProxyServer]:
    """Connect whoever asks, wherever to, with `server_port` of this machine.

    Parameters
    ----------
    failure
        Sent in place of that, before the connection is closed; None for nothing, ever.
    fails_after
        So many are connected before.
    tls
        The way to the proxy is encrypted.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = ProxyServer(listener.getsockname()[1])
    open_sockets: list[socket.socket] = [listener]

    def serve(client: socket.socket) -> None:
        with suppress(OSError), client:
            if tls:
                client = tls.wrap_socket(client, server_side=True)
                open_sockets.append(client)
            proxy.requests.append(read_request(client))
            if len(proxy.requests) > fails_after:
                if failure is None:
                    client.settimeout(None)
                    client.recv(1)
                else:
                    client.sendall(failure)
                return
            with socket.create_connection(("127.0.0.1", server_port)) as server:
                open_sockets.append(server)
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                client.settimeout(None)
                forth = threading.Thread(target=_pass_on, args=(client, server), daemon=True)
                forth.start()
                _pass_on(server, client)
                forth.join()
        client.close()

    def accept() -> None:
        with suppress(OSError):
            while True:
                open_sockets.append(listener.accept()[0])
                threading.Thread(target=serve, args=(open_sockets[-1],), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield proxy
    finally:
        for each in open_sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        accepting.join(5)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(2**16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
