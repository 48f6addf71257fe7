"""The arguments ``cluster`` and ``processes`` of a run: which workers send its calls."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ...endpoint import Endpoint
from ...errors import EndpointError
from ...messages import argument
from ...printable import say
from ..functions.function import Function
from ..limits.in_flight import MAX_TASKS
from ..options import BLOCKING, RunOptions
from .secret_headers import refuse_secret_headers

if TYPE_CHECKING:
    from distributed import Client

    from ..plan import Plan
    from .pool import WorkerPool

_CONNECT = 10.0  # seconds for the scheduler to reply
MAX_PROCESSES = 1000
_ADDRESS = re.compile(r"((tcp|tls|wss?|ucx)://)?[^/\s]+:\d+/?|inproc://.+")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which workers send the calls of a run.

    Parameters
    ----------
    address
        The scheduler's; None for processes of this machine.
    security
        How the scheduler is connected to, as Dask has it; None for Dask's settings.
    processes
        How many processes of this machine; None for a cluster that is there.
    """

    address: str | None = None
    security: Any = None
    processes: int | None = None

    @property
    def argument(self) -> str:
        """The argument of `run` that named it."""
        return "cluster" if self.processes is None else "processes"

    @asynccontextmanager
    async def open_pool(self, plan: Plan) -> AsyncIterator[WorkerPool]:
        """Have workers ready for a run, for as long as the block lasts; raises as `open`."""
        # Its import takes a second, in which other runs in this loop are not to be held up.
        await asyncio.to_thread(import_module, "distributed")
        from .backend import target_of
        from .pool import WorkerPool

        target = target_of(plan)
        async with self.open(plan.endpoint, progress=plan.options.progress) as client:
            if self.processes is None:
                patience, worker = plan.options.outage, "worker of the cluster"
                advice = f"Start one:  dask worker {client.scheduler.address}"
            else:
                patience, worker = 0.0, "worker process"  # no other takes the place of one
                advice = "Start the run again, with fewer if they had too little memory."
            async with WorkerPool(
                client,
                target,
                plan.run.run_id,
                patience=patience,
                words=(worker, advice),
                is_quiet=plan.options.progress is False,
            ) as pool:
                yield pool

    @asynccontextmanager
    async def open(
        self, endpoint: Endpoint | Function, *, progress: bool | None = None
    ) -> AsyncIterator[Client]:
        """Connect to the scheduler, or start the processes, for as long as the block lasts.

        Parameters
        ----------
        endpoint
            Where calls go.
        progress
            Say what is started; False says nothing.

        Raises
        ------
        EndpointError
            If nobody answers at the address, or the processes do not start.
        """
        if self.processes is not None:
            from .local import local_cluster

            own = isinstance(endpoint, Endpoint) and not endpoint.simulated
            key = endpoint.key if own and endpoint.key.source != "nowhere" else None
            if progress is not False:
                number = f"{self.processes} worker process" + "es" * (self.processes > 1)
                say(f"Starting {number} on this machine.")
            async with local_cluster(self.processes, key) as client:
                yield client
            return
        from distributed import Client
        from distributed.versions import VersionMismatchWarning

        client = Client(
            self.address,
            security=self.security,
            asynchronous=True,
            set_as_default=False,
            timeout=_CONNECT,
        )
        try:
            with warnings.catch_warnings():
                if isinstance(endpoint, Endpoint):  # which packages of users' do not matter to
                    warnings.simplefilter("ignore", VersionMismatchWarning)
                await client
        except BaseException as error:  # Dask's, and what another kind of server causes
            await client.close()
            if isinstance(error, Warning) or not isinstance(error, Exception):
                raise
            raise EndpointError(
                f"No Dask scheduler answers at {self.address!r} ({_first_line(error)}). Start one "
                "(dask scheduler), and workers (dask worker ADDRESS), or use processes of this "
                "machine: " + argument("processes", 2) + "."
            ) from None
        try:
            yield client
        finally:
            await client.close()


def choose_cluster(cluster: object, processes: object) -> Cluster | None:
    """Return the workers that the arguments of a run name, None if it sends by itself.

    Raises
    ------
    EndpointError
        If Dask is not installed.
    TypeError, ValueError
        If an argument is wrong.
    """
    if cluster is None and processes is None:
        return None
    if cluster is not None and processes is not None:
        raise ValueError(
            argument("cluster", "…")
            + " is a cluster that is there already, and "
            + argument("processes", processes)
            + " starts workers on this machine. Leave one of them out."
        )
    _check_installed("Dask", "distributed", "cluster" if processes is None else "processes")
    if processes is not None:
        return Cluster(processes=_check_processes(processes))
    return _find_scheduler(cluster)


def _check_processes(processes: object) -> int:
    is_whole = isinstance(processes, int) and not isinstance(processes, bool)
    if not is_whole or not 1 <= processes <= MAX_PROCESSES:  # type: ignore[operator]
        raise ValueError(
            argument("processes")
            + f" must be a whole number from 1 to {MAX_PROCESSES}; not {processes!r}. One for each "
            "core is the most that helps."
        )
    _check_installed("cryptography", "cryptography", "processes")
    return processes  # type: ignore[return-value]


def _check_installed(what: str, module: str, name: str) -> None:
    if find_spec(module) is None:
        raise EndpointError(
            argument(name)
            + f" needs {what}, which is not installed here. Type:  pip install 'aiml_nb[cluster]'"
        )


def _find_scheduler(cluster: Any) -> Cluster:
    if isinstance(cluster, str):
        if _ADDRESS.fullmatch(cluster) is None:
            raise ValueError(
                argument("cluster", repr(cluster))
                + " is no address of a Dask scheduler. Write it like tcp://10.0.0.5:8786, as the "
                "scheduler prints it as it starts."
            )
        return Cluster(cluster)
    scheduler = getattr(cluster, "scheduler", None)  # of a client, or of a cluster
    address = getattr(scheduler, "address", None) or getattr(cluster, "scheduler_address", None)
    if type(cluster).__module__.startswith("distributed") and not isinstance(address, str):
        raise ValueError(
            "cluster is a Dask client, or a cluster, that is closed or was not started. Open "
            "another, or await it first."
        )
    if not isinstance(address, str):
        raise TypeError(
            "cluster must be a Dask client, a Dask cluster, or the address of its scheduler, as "
            f"tcp://10.0.0.5:8786; not {type(cluster).__name__}."
        )
    return Cluster(address, getattr(cluster, "security", None))


def on_cluster(plan: Plan, cluster: Cluster | None, given: dict[str, Any]) -> Plan:
    """Return a plan whose calls are sent by the workers of `cluster`; raises as `run.run`."""
    if cluster is None:
        return plan
    _refuse_blocking(plan.options, plan.endpoint)
    if cluster.processes is None and isinstance(plan.endpoint, Endpoint):
        refuse_secret_headers(plan)
    if plan.options.limit_notice is None:
        return replace(plan, cluster=cluster)
    # It was lowered for the open files of this process, and others open the connections.
    limit = given.get("max_concurrency") or min(len(plan.prompts), MAX_TASKS)
    plan.run.max_concurrency = limit
    options = replace(plan.options, max_concurrency=limit, limit_notice=None)
    return replace(plan, options=options, cluster=cluster)


def _refuse_blocking(options: RunOptions, endpoint: Endpoint | Function) -> None:
    """Raise ValueError for a strategy that no worker can follow."""
    if options.strategy in BLOCKING and isinstance(endpoint, Endpoint):
        raise ValueError(
            argument("strategy", repr(options.strategy))
            + " makes its calls with the blocking client, in this process. Workers send with the "
            "async one. Use " + argument("strategy", repr("gather")) + "."
        )


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
