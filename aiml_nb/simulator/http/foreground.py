"""The simulator in the foreground: one service for everybody, until Ctrl-C."""

import asyncio
import contextlib
import os
import socket
from pathlib import Path
from typing import TextIO

from ..errors import SimulatorError
from ..settings import Settings
from .sockets import announce, count_places, open_socket


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


async def _serve(listener: socket.socket, settings: Settings, log_file: TextIO | None) -> None:
    # aiohttp takes 0.15 s to import: who only asks the core, or starts a child, does without.
    from .server import start_server
    from .service import Registry, Service

    service = Service(settings, write_log=None if log_file is None else log_file.write)
    server = await start_server(listener, Registry(service), max_connections=count_places())
    announce(server.base_url)
    await server.play_outages(service)
    await asyncio.Event().wait()


def _open_log(path: Path) -> TextIO:
    try:
        return path.open("a", buffering=1, encoding="utf-8")
    except OSError as error:
        raise SimulatorError(
            f"The log cannot be written to {str(path)!r} ({error.strerror}). "
            "Give a file in a folder that exists and is yours."
        ) from error
