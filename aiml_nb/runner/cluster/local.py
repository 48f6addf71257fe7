"""Worker processes on this machine, for as long as one run lasts: how a machine uses all its cores.

The scheduler runs in the process of the run, so its end ends the workers. They are started by
Dask's own command line, not as copies of this process: a script needs no ``if __name__ ==
"__main__"``. Connections are encrypted with a certificate that is made for the run, as any program
of this machine could otherwise have the workers run code.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, TYPE_CHECKING

from ...endpoint.keys import ApiKey
from ...errors import EndpointError
from .orders import KEY_NAME

if TYPE_CHECKING:
    from distributed import Client

_START = 60.0  # seconds for the first worker to be there
_ANY_PORT = "127.0.0.1:0"  # for Dask's pages about a process's health
_STOP = 1.0  # seconds for a worker to end by itself


@asynccontextmanager
async def local_cluster(processes: int, key: ApiKey | None) -> AsyncIterator[Client]:
    """Start workers, and end them with the block.

    Parameters
    ----------
    key
        What the workers have for their server, in their environment; None if it is there already,
        or none is needed.
    """
    import dask.config
    from distributed import Client, Scheduler, Security

    security = Security.temporary()
    async with AsyncExitStack() as stack:
        stack.enter_context(_quiet_dask())
        folder = stack.enter_context(TemporaryDirectory(prefix="aiml-nb-"))
        # The scheduler keeps its files there, too.
        stack.enter_context(dask.config.set({"temporary-directory": folder}))
        scheduler = Scheduler(
            protocol="tls",
            host="127.0.0.1",
            port=0,
            security=security,
            dashboard=False,
            dashboard_address=_ANY_PORT,
        )
        await stack.enter_async_context(scheduler)
        environment = _environment(security, key)
        started = [
            await stack.enter_async_context(
                _worker(scheduler.address, str(number), folder, environment)
            )
            for number in range(1, processes + 1)
        ]
        client = await stack.enter_async_context(
            Client(scheduler.address, security=security, asynchronous=True, set_as_default=False)
        )
        await _wait_for(client, processes, started)
        yield client


@contextmanager
def _quiet_dask() -> Iterator[None]:
    """Keep Dask from telling of each worker that comes and goes."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _environment(security: object, key: ApiKey | None) -> dict[str, str]:
    """Return the environment of the workers: with their certificate, and their key."""
    tls = security.get_tls_config_for_role("worker")  # type: ignore[attr-defined]
    added = {
        "REQUIRE_ENCRYPTION": "True",
        "TLS__CA_FILE": tls["ca_file"],
        "TLS__WORKER__CERT": tls["cert"],
        "TLS__WORKER__KEY": tls["key"],
    }
    environment = {**os.environ, **{f"DASK_DISTRIBUTED__COMM__{n}": v for n, v in added.items()}}
    environment["DASK_DISTRIBUTED__LOGGING__DISTRIBUTED"] = "critical"
    if key is not None:
        environment[KEY_NAME] = key.reveal()
    return environment


@asynccontextmanager
async def _worker(
    address: str, name: str, folder: str, environment: dict[str, str]
) -> AsyncIterator[tuple[asyncio.subprocess.Process, IO[bytes]]]:
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address]
    command += ["--dashboard-address", _ANY_PORT]
    command += ["--no-nanny", "--no-dashboard", "--name", name, "--nthreads", "1"]
    command += ["--memory-limit", "0", "--host", "127.0.0.1", "--local-directory", folder]
    with TemporaryFile() as said:
        # A session of its own: Ctrl-C is for this process, which ends the workers in its order.
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            yield process, said
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP):
                await process.wait()
                return
        process.kill()
    await process.wait()


async def _wait_for(
    client: Client,
    processes: int,
    started: list[tuple[asyncio.subprocess.Process, IO[bytes]]],
) -> None:
    """Wait until all workers have joined; raise EndpointError if one ends before."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_START):
            while len(await client.nthreads()) < processes:
                for process, said in started:
                    if process.returncode is not None:
                        said.seek(0)
                        last = said.read()[-500:].decode(errors="replace").strip()
                        raise EndpointError(
                            f"A worker process ended as it began ({process.returncode}): {last}"
                        )
                await asyncio.sleep(0.05)
            return
    raise EndpointError(
        f"The worker processes were not there after {_START:.0f} s. Try fewer processes."
    )
