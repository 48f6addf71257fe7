"""The simulator as a child process: registers services from stdin, ends with its parent."""

import asyncio
import json
import os
import sys
import threading
from typing import Any

from ..errors import SimulatorError
from ..settings import Settings
from .server import start_server
from .service import Registry
from .sockets import connection_limit, open_socket, print_base_url


async def serve_parent() -> None:
    """Serve on a free port of 127.0.0.1 until stdin closes.

    The first line on stdout is the base URL. Each line on stdin is a JSON object, ``{"token",
    "settings"}``, answered by one on stdout: ``{"ok": true}`` or ``{"ok": false, "error"}``.
    """
    registry = Registry()
    listener = open_socket("127.0.0.1", 0)
    server = await start_server(listener, registry, max_connections=connection_limit())
    print_base_url(server.base_url)
    threading.Thread(target=_read_commands, args=(registry,), daemon=True).start()
    # For ever: the thread ends the process.
    await asyncio.Event().wait()


def _read_commands(registry: Registry) -> None:
    # In a thread and not in the loop: reading pipes works so on every platform, and registering
    # a service does not wait for a busy loop.
    try:
        for line in sys.stdin.buffer:
            sys.stdout.write(json.dumps(_register(registry, line)) + "\n")
            sys.stdout.flush()
    finally:
        # The pipe also closes when the parent is killed. Nothing needs saving.
        os._exit(0)


def _register(registry: Registry, line: bytes) -> dict[str, Any]:
    try:
        command = json.loads(line)
        registry.register(command["token"], Settings.from_dict(command["settings"]))
    except SimulatorError as error:
        return {"ok": False, "error": str(error)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {"ok": False, "error": 'a line must be {"token": "...", "settings": {...}}.'}
    return {"ok": True}
