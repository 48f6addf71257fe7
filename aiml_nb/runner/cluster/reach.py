"""How a function is called in a worker: by Dask's operation ``run``, which every worker has."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import metadata
from typing import Any

from .orders import pack

_CONNECT = 2.0  # seconds for a connection to a worker; else all goes through the scheduler
_REPLY = 5.0  # seconds for the version of a worker's package
_NO_ARGUMENTS = pack({})

# Calls a function in the worker: the function, and its arguments.
Reach = Callable[..., Awaitable[Any]]


async def reach_worker(client: Any, address: str) -> Reach:
    """Return what calls functions in a worker: directly, or through the scheduler.

    Parameters
    ----------
    client
        An open client of the cluster.
    """
    import distributed.core as dask

    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_CONNECT):
            comm = await dask.connect(address, **client.connection_args)
        await comm.close()
        return _reach_by(client.rpc(address).run)

    async def run(**message: Any) -> Any:
        message["op"] = "run"
        return await client.scheduler.proxy(worker=address, msg=message)

    return _reach_by(run)


def _reach_by(run: Callable[..., Awaitable[Any]]) -> Reach:
    from distributed.core import clean_exception

    names: dict[Any, bytes] = {}

    async def reach(function: Any, *arguments: Any) -> Any:
        if function not in names:
            names[function] = pack(function)
        reply = await run(
            function=names[function],
            args=pack(arguments),
            kwargs=_NO_ARGUMENTS,
            wait=True,
        )
        if reply["status"] != "OK":
            raise clean_exception(**reply)[1]
        return reply["result"]

    return reach


async def find_problem(reach: Reach, *, calls_function: bool) -> str | None:
    """Return why a worker cannot be used; None if it can.

    Parameters
    ----------
    calls_function
        It gets a function, which only the same Python can read.
    """
    here = metadata.version("aiml_nb")
    try:
        async with asyncio.timeout(_REPLY):
            there = await reach(metadata.version, "aiml_nb")
            python = await reach(platform.python_version) if calls_function else ""
    except metadata.PackageNotFoundError:
        return "it has no aiml_nb. Type there:  pip install 'aiml_nb[cluster]'"
    if there != here:
        return (
            f"it has aiml_nb {there}, and {here} is here. Install the same on both: "
            f"pip install aiml_nb=={here}"
        )
    own = ".".join(platform.python_version_tuple()[:2])
    if python and not python.startswith(f"{own}."):
        return (
            f"it has Python {python}, and {own} is here: a function is read by the same alone. "
            f"Start it with Python {own}."
        )
    return None
