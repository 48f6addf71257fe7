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
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, TYPE_CHECKING, NamedTuple

from ...endpoint.keys import ApiKey
from ...errors import EndpointError
from .orders import KEY_NAME

if TYPE_CHECKING:
    from distributed import Client

_START = 60.0  # seconds for the first worker to be there
_ANY_PORT = "127.0.0.1:0"  # for Dask's pages about a process's health
_STOP = 1.0  # seconds for a worker to end by itself
_ALONE = 30  # seconds without a scheduler, after which a worker ends by itself


class _Worker(NamedTuple):
    """A worker process, and the file of what it says."""

    process: asyncio.subprocess.Process
    said: IO[bytes]


@asynccontextmanager
async def local_cluster(processes: int, key: ApiKey | None) -> AsyncIterator[Client]:
    """Start workers, and end them with the block.

    Parameters
    ----------
    key
        What the workers have for their server, in their environment; None if it is there already,
        or none is needed.
    """
    from distributed import Client, Scheduler, Security

    security = Security.temporary()
    async with AsyncExitStack() as stack:
        stack.enter_context(_QuietDask())
        folder = stack.enter_context(TemporaryDirectory(prefix="aiml-nb-"))
        scheduler = Scheduler(
            protocol="tls",
            host="127.0.0.1",
            port=0,
            security=security,
            dashboard=False,
            dashboard_address=_ANY_PORT,
            local_directory=folder,
        )
        # Each is to be closed even if it is cancelled while it opens.
        stack.push_async_callback(scheduler.close)
        await scheduler
        workers: list[_Worker] = []
        stack.push_async_callback(_end, workers)
        environment = _environment(security, key)
        for number in range(1, processes + 1):
            workers.append(await _start(scheduler.address, str(number), folder, environment))
        client = Client(
            scheduler.address, security=security, asynchronous=True, set_as_default=False
        )
        stack.push_async_callback(client.close)
        await client
        await _wait_for(client, workers)
        yield client


class _QuietDask:
    """Keeps Dask from telling of each worker that comes and goes, while any run lasts."""

    _runs, _level, _lock = 0, 0, threading.Lock()

    def __enter__(self) -> None:
        kind, logger = type(self), logging.getLogger("distributed")
        with self._lock:
            if kind._runs == 0:
                kind._level = logger.level
                logger.setLevel(logging.CRITICAL)
            kind._runs += 1

    def __exit__(self, *_: object) -> None:
        kind = type(self)
        with self._lock:
            kind._runs -= 1
            if kind._runs == 0:
                logging.getLogger("distributed").setLevel(kind._level)


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
    # Functions may use modules that only this process finds, as those beside a script.
    environment["PYTHONPATH"] = os.pathsep.join(os.path.abspath(each) for each in sys.path)
    environment["DASK_DISTRIBUTED__LOGGING__DISTRIBUTED"] = "critical"
    if key is not None:
        environment[KEY_NAME] = key.reveal()
    return environment


async def _start(address: str, name: str, folder: str, environment: dict[str, str]) -> _Worker:
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address]
    command += ["--dashboard-address", _ANY_PORT, "--death-timeout", str(_ALONE)]
    command += ["--no-nanny", "--no-dashboard", "--name", name, "--nthreads", "1"]
    command += ["--memory-limit", "0", "--host", "127.0.0.1", "--local-directory", folder]
    said = TemporaryFile()  # noqa: SIM115  closed with the process
    # A session of its own: Ctrl-C is for this process, which ends the workers in its order.
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=said,
        start_new_session=True,
    )
    return _Worker(process, said)


async def _end(workers: list[_Worker]) -> None:
    """End all workers at once, those that do not end by themselves with a kill."""
    running = [each.process for each in workers if each.process.returncode is None]
    for process in running:
        with suppress(ProcessLookupError):
            process.terminate()
    if running:
        ends = [asyncio.ensure_future(process.wait()) for process in running]
        await asyncio.wait(ends, timeout=_STOP)
        for process in running:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
        await asyncio.wait(ends)
    for each in workers:
        each.said.close()


async def _wait_for(client: Client, workers: list[_Worker]) -> None:
    """Wait until all workers have joined; raise EndpointError if one ends before."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_START):
            while len(await client.nthreads()) < len(workers):
                for process, said in workers:
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
