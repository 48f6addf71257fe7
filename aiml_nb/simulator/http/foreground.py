"""`serve`: the simulator in the foreground, one service for all keys, until Ctrl-C."""

import asyncio
import contextlib
import os
import socket
import sys
from pathlib import Path
from typing import BinaryIO

from ..errors import SimulatorError
from ..settings import Settings
from .sockets import connection_limit, open_socket, print_base_url


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    settings: Settings | None = None,
    *,
    log_path: str | os.PathLike[str] | None = None,
    is_public: bool = False,
) -> None:
    """Serve one service, with any key or none, until Ctrl-C.

    The first line on stdout is the base URL.

    Parameters
    ----------
    host
        A loopback address; another one only if it is meant to be public.
    port
        0 takes a free one.
    settings
        The defaults if missing.
    log_path
        A file that gets one JSON line for each request when it finishes.
    is_public
        Programs on other machines may call too, and there is no key that stops them.

    Raises
    ------
    SimulatorError
        If the address is not loopback and not meant to be public, or is in use, or the log cannot
        be written.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(open_socket(host, port, is_public=is_public))
        log_file = None if log_path is None else stack.enter_context(_open_log(Path(log_path)))
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        asyncio.run(_serve(listener, settings or Settings(), log_file))


async def _serve(listener: socket.socket, settings: Settings, log_file: BinaryIO | None) -> None:
    # aiohttp takes 0.15 s to import, and `simulate` and the parent of a child do not need it.
    from .server import start_server
    from .service import Registry, Service

    service = Service(settings, write_log=None if log_file is None else _LogFile(log_file).write)
    server = await start_server(listener, Registry(service), max_connections=connection_limit())
    print_base_url(server.base_url)
    await server.play_outages(service)
    await asyncio.Event().wait()


class _LogFile:
    """Writes lines, and reports on stderr, once, if one is lost, as on a full disk.

    Parameters
    ----------
    file
        Unbuffered: a buffer that could not be written would fail again at the close.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._is_torn = self._is_incomplete = False

    def write(self, line: str) -> None:
        """Write a line, as far as the disk has room."""
        # A line that was cut off gets its line end first.
        data = b"\n" * self._is_torn + line.encode()
        written, problem = 0, "only a part of a line"
        try:
            written = self._file.write(data)
        except OSError as error:
            problem = error.strerror or str(error)
        if written > 0:
            self._is_torn = written < len(data)
        if written < len(data) and not self._is_incomplete:
            self._is_incomplete = True
            text = f"The log is incomplete: lines could not be written to it ({problem})."
            with contextlib.suppress(OSError, ValueError):
                print(text, file=sys.stderr, flush=True)


def _open_log(path: Path) -> BinaryIO:
    try:
        return path.open("ab", buffering=0)
    except OSError as error:
        raise SimulatorError(
            f"The log cannot be written to {str(path)!r} ({error.strerror}). "
            "Give a file in a folder that exists and is yours."
        ) from error
