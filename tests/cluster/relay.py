"""A relay of TCP between a process and another, which keeps what it passes on and can be cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from ..waiting import let_pass


@dataclass
class Relay:
    """Where it listens, what it has passed on, and whether it still does.

    Attributes
    ----------
    is_cut
        Set: nothing passes any more, and nobody is told.
    rate
        Bytes a second in each direction; 0 for as many as go.
    """

    port: int
    passed: bytearray = field(default_factory=bytearray)
    is_cut: threading.Event = field(default_factory=threading.Event)
    rate: float = 0.0


@contextmanager
def relay(target: int) -> Iterator[Relay]:
    """Relay to a port of this machine until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    found = Relay(listener.getsockname()[1])
    sockets: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                here, _ = listener.accept()
                there = socket.create_connection(("127.0.0.1", target))
                sockets.extend((here, there))
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if found.is_cut.is_set():
                    continue
                found.passed += data
                let_pass(len(data) / found.rate if found.rate else 0.0)
                sink.sendall(data)
            if not found.is_cut.is_set():
                sink.shutdown(socket.SHUT_WR)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield found
    finally:
        listener.close()
        for each in sockets:
            each.close()
