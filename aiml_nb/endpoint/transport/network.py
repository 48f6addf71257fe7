"""The one connection of a blocking client, and the deadline that shuts it down."""

from __future__ import annotations

import ipaddress
import math
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from contextlib import suppress
from typing import Any

import httpcore2

from .dns import resolve
from .environment import Proxy
from .guard import READ_GRACE, STOPPED_AFTER, DeadlineError, describe_os_error
from .open_files import RETRY_INTERVAL, OutOfFilesError, is_out_of_files, note_shortage

_TIMER_SLACK = 0.05  # seconds by which a timeout may precede the timer for the same deadline
_POLL_INTERVAL = 0.1  # seconds between two checks for an abort during a DNS lookup


class Exchange:
    """One request and its reply, with a deadline.

    Parameters
    ----------
    network
        Its connection is shut down at the deadline.
    seconds
        None for no deadline.
    """

    def __init__(self, network: Network, seconds: float | None) -> None:
        self._network = network
        self.is_late = self._is_over = False
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._timer: threading.Timer | None = None
        network.begin(self)
        if seconds is not None:
            self._set_timer(seconds, self._on_timer)

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline; None without one."""
        return None if self._deadline is None else max(0.001, self._deadline - time.monotonic())

    def end(self) -> None:
        """Cancel the timer."""
        self._is_over = True
        if self._timer:
            self._timer.cancel()

    def check(self, cause: BaseException | None = None) -> None:
        """Raise DeadlineError if the deadline is why the connection failed."""
        if isinstance(cause, httpcore2.ConnectTimeout) and self._deadline is not None:
            # The connect timeout was set to the remaining time, and may fire before the timer.
            self.is_late |= time.monotonic() > self._deadline - _TIMER_SLACK
        if self.is_late:
            raise DeadlineError("no whole answer came in time") from cause

    def _set_timer(self, seconds: float, callback: Callable[[], None]) -> None:
        self._timer = threading.Timer(seconds, callback)
        self._timer.daemon = True
        self._timer.start()

    def _on_timer(self) -> None:
        if self._deadline is not None and time.monotonic() - self._deadline > STOPPED_AFTER:
            self._set_timer(READ_GRACE, self._expire)
        else:
            self._expire()

    def _expire(self) -> None:
        if not self._is_over:  # the exchange may end in the moment when the timer fires
            self.is_late = True
            self._network.shutdown_socket()


class Network(httpcore2.SyncBackend):
    """Opens the connections of one client, and keeps the socket of the last one.

    Attributes
    ----------
    received
        Bytes of the reply to the last request.
    is_aborted
        Nothing may be sent any more.
    """

    def __init__(self, proxy: Proxy | None) -> None:
        self._proxy = proxy
        self._exchange: Exchange | None = None
        self._socket: socket.socket | None = None
        self._is_new = False
        self._tls_layers = 0
        self._out_of_files: OutOfFilesError | None = None
        self.received = 0
        self.is_aborted = False

    @property
    def died_unanswered(self) -> bool:
        """True if the last request was sent on a reused connection that the server was closing."""
        return not (self._is_new or self.received or self.is_aborted)

    @property
    def is_late(self) -> bool:
        """True if the last request has missed its deadline."""
        return self._exchange is not None and self._exchange.is_late

    @property
    def is_before_proxy(self) -> bool:
        """True if the last connection has reached the proxy, but has no tunnel through it."""
        if self._proxy is None or not self._is_new:
            return False
        # TLS to the server is the last layer, on top of the one to an encrypted proxy.
        return self._tls_layers < 1 + self._proxy.is_encrypted

    def begin(self, exchange: Exchange) -> None:
        """Begin an exchange."""
        self._exchange, self._is_new, self.received = exchange, False, 0

    def shutdown_socket(self) -> None:
        """Shut the connection down; a thread that reads from it gets an error."""
        # Not close(): that would not wake a blocked read, and another thread could get the number
        # of the closed file.
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *options: Any, **settings: Any
    ) -> httpcore2.NetworkStream:
        """Open a connection; wait while the system has no file for it."""
        self._is_new, self._tls_layers = True, 0
        while True:
            self._check_usable()
            try:
                stream = self._connect(host, port, timeout, *options, **settings)
                break
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                if not is_out_of_files(error):
                    if self._proxy is None:
                        raise
                    raise self._proxy.fail(
                        f"does not answer ({describe_os_error(error)})"
                    ) from error
            note_shortage()
            self._out_of_files = OutOfFilesError()  # explains a deadline missed meanwhile
            time.sleep(RETRY_INTERVAL)
        self._out_of_files = None
        return self._wrap(stream)

    def secure(
        self,
        stream: httpcore2.NetworkStream,
        ssl_context: Any,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        """Begin to encrypt a connection."""
        self._tls_layers += 1
        self.received = 0
        return self._wrap(stream.start_tls(ssl_context, server_hostname, self._remaining(timeout)))

    def _connect(
        self, host: str, port: int, timeout: float | None, *options: Any, **settings: Any
    ) -> httpcore2.NetworkStream:
        """Try the addresses of a host, one after the other."""
        failure: Exception | None = None
        for address in self._find_addresses(host, port, self._remaining(timeout)):
            self._check_usable()
            remaining = self._remaining(timeout)
            try:
                return super().connect_tcp(address, port, remaining, *options, **settings)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError(f"{host} has no address")

    def _find_addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        """Resolve a host name; give up at the deadline or an abort."""
        with suppress(ValueError):
            return [str(ipaddress.ip_address(host))]
        lookup = resolve(host, port)
        ends = math.inf if timeout is None else time.monotonic() + timeout
        while not lookup.done() and (remaining := ends - time.monotonic()) > 0:
            wait([lookup], timeout=min(remaining, _POLL_INTERVAL))
            self._check_usable()
        if not lookup.done():
            raise httpcore2.ConnectTimeout("its name could not be looked up in time")
        if isinstance(error := lookup.exception(), OSError):
            raise httpcore2.ConnectError(str(error)) from error
        return list(dict.fromkeys(address[0] for *_, address in lookup.result()))

    def _wrap(self, stream: httpcore2.NetworkStream) -> httpcore2.NetworkStream:
        self._socket = stream.get_extra_info("socket")
        try:
            self._check_usable()
        except Exception:
            stream.close()
            raise
        return _Stream(self, stream)

    def _check_usable(self) -> None:
        """Raise if the deadline has passed or the client was aborted."""
        if self._exchange is not None:
            try:
                if self._out_of_files is not None:
                    raise self._out_of_files
            # As a context and not as a cause, which httpcore2's pool would drop.
            except OutOfFilesError:
                self._exchange.check()
            self._exchange.check()
        if self.is_aborted:
            raise httpcore2.ConnectError("interrupted")

    def _remaining(self, timeout: float | None) -> float | None:
        remaining = None if self._exchange is None else self._exchange.remaining
        return min((each for each in (timeout, remaining) if each is not None), default=None)


class _Stream(httpcore2.NetworkStream):
    """A connection whose bytes are counted."""

    def __init__(self, network: Network, stream: httpcore2.NetworkStream) -> None:
        self._network = network
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, timeout)
        if not self._network.received and not b"HTTP/".startswith(data[:5].lstrip(b"\r\n")):
            # The parser would wait for the end of the line, which may never come.
            raise httpcore2.RemoteProtocolError("no status line")
        self._network.received += len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def start_tls(self, *options: Any, **settings: Any) -> httpcore2.NetworkStream:
        return self._network.secure(self._stream, *options, **settings)
