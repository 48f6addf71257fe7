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
        Set: nothing passes, and nobody is told. Once cleared, what was held passes, as TCP has it.
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
    is_over = threading.Event()

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
                wait_for_line()
                found.passed += data
                let_pass(len(data) / found.rate if found.rate else 0.0)
                sink.sendall(data)
            wait_for_line()
            sink.shutdown(socket.SHUT_WR)

    def wait_for_line() -> None:
        while found.is_cut.is_set():
            if is_over.wait(0.01):
                raise OSError

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield found
    finally:
        is_over.set()
        listener.close()
        for each in sockets:
            each.close()
