"""How the attempts of a run are made: by an endpoint's server, or by a function of the user's own.

All else about a call is the same: when it may begin, what follows from a failure, its record.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

from ..endpoint.failures import Failure
from ..records import Attempt, Call
from .functions.function import Function
from .functions.send import Items, call_function
from .plan import Plan
from .probe import probe_async
from .requests import Requests
from .retries.outage import ProbeResult
from .send import send_async


class AnyRequest(Protocol):
    """What is sent, or what a function is called with."""

    @property
    def name(self) -> str:
        """What the journal calls the attempt."""


class AnyAnswer(Protocol):
    """What came of an attempt: an answer, or what a function returned."""

    body: Any
    raw: Any
    first_token: Any
    verdict: Any

    def fill(self, call: Call) -> None:
        """Write it into the record of the call."""


class MakesRequests(Protocol):
    """Makes the requests of one run."""

    def make(self, call: Call, attempt: Attempt) -> Any:
        """Return what is sent for an attempt."""

    def drop_rejected_option(self, failure: Failure, request: Any) -> bool:
        """Say whether the same is to be sent again in another form."""


class Backend(NamedTuple):
    """How the attempts of one run are made.

    Parameters
    ----------
    requests
        Makes what is sent.
    send_async
        Sends it, and waits for what comes.
    probe_async
        Probes whether the server is there, at no cost.
    """

    requests: MakesRequests
    send_async: Callable[..., Awaitable[tuple[AnyAnswer, Failure | None]]]
    probe_async: Callable[..., Awaitable[ProbeResult]]


def backend_of(plan: Plan) -> Backend:
    """Return how the attempts of `plan` are made."""
    if isinstance(plan.endpoint, Function):
        return Backend(Items(plan), call_function, _probe_nothing)
    if plan.cluster is not None:
        from .cluster.backend import probe_by_worker, send_by_worker  # needs the extra `cluster`

        return Backend(Requests(plan), send_by_worker, probe_by_worker)
    return Backend(Requests(plan), send_async, probe_async)


async def _probe_nothing(client: object, *, seconds: float) -> ProbeResult:
    """Probe no server: which one a function calls is not known, so the next call is the probe."""
    return ProbeResult.REPLIED
