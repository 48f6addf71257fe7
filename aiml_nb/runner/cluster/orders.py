"""What the process that starts a run and its workers say to each other.

Both sides pickle: Dask itself does, and trusts all who can connect. No key is in it: a worker has
its own from its environment.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import cloudpickle

from ...endpoint.failures import Failure
from ...records import Call
from ...replies.outcome import Verdict

KEY_NAME = "AIML_NB_WORKER_KEY"  # a variable of a worker's environment: the key of its server

# Where so many orders are on their way, both sides wait for so many seconds before they send: each
# message costs processor time, whatever is in it.
BUSY, LINGER = 16, 0.004
MAX_BYTES = 1_000_000  # of orders or events in one message, unless one alone is larger

Kind = Literal["send", "call", "warm_up", "probe", "find_address", "cancel", "go"]
EventKind = Literal["late", "head", "token", "done", "failed"]


class Order(NamedTuple):
    """Something for a worker to do.

    Parameters
    ----------
    number
        Tells the events of this order from those of others.
    kind
        What to do; ``cancel`` breaks off the order of that number, ``go`` replies to ``late``.
    value
        What `kind` needs, pickled.
    """

    number: int
    kind: Kind
    value: bytes = b""


class Event(NamedTuple):
    """What came of an order.

    Parameters
    ----------
    kind
        ``late``: the order came after a silence, and waits for ``go``; ``head`` and ``token`` of a
        stream that begins, ``done`` with a value, ``failed`` with an exception.
    value
        Pickled.
    """

    number: int
    kind: EventKind
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTarget:
    """The server that a worker sends to.

    Parameters
    ----------
    has_key
        The starter has a key: the worker needs one, too, from its environment.
    token
        Tells the simulator's sessions apart; no secret. None for other servers.
    """

    base_url: str
    model: str
    provider: str
    api: str
    timeout: float
    max_connections: int
    has_key: bool
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTarget:
    """The function that a worker calls.

    Parameters
    ----------
    function
        Pickled by value where it can be.
    simulated
        The addresses at which simulators answer: what is called there is marked.
    """

    function: bytes
    name: str
    is_async: bool
    is_chosen: bool
    strategy: str
    simulated: frozenset[str]


Target = ServerTarget | FunctionTarget


class Sending(NamedTuple):
    """A request to send: `send.Request` without what only a process itself can have."""

    name: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    query: Mapping[str, Any]
    path: str | None
    seconds: float


class Sent(NamedTuple):
    """What came of a request, its stamps in the worker's ``perf_counter`` seconds."""

    started: float
    finished: float
    first_token: float | None
    reconnects: int
    possibly_billed: bool
    request_id: str | None
    body: Any
    headers: Mapping[str, str]
    verdict: Verdict
    failure: Failure | None


class Listed(NamedTuple):
    """What the list of models told a worker, as `endpoint.preflight.KnownModels` keeps it."""

    models: set[str]
    failure: Failure | None


class Called(NamedTuple):
    """What came of one call of a function, its stamps in the worker's ``perf_counter`` seconds.

    Parameters
    ----------
    value
        What it returned, pickled.
    failure
        What an exception means; None for none.
    exit
        Class and arguments of an exception that ends the whole run, pickled; None for none.
    misfit
        Why the function cannot be called in this way; None if it can.
    children, simulated, notices
        What was recorded of the calls that it made.
    keys
        The keys that it has sent and returned, which are taken out where that is written.
    """

    started: float
    finished: float
    value: bytes
    failure: Failure | None
    exit: bytes | None
    misfit: str | None
    children: list[Call]
    simulated: bool
    notices: list[str]
    keys: tuple[str, ...] = ()


def pack(value: Any) -> bytes:
    """Return plain data pickled; quickly, unless something in it is of the user's own program."""
    try:
        packed = pickle.dumps(value, 5)
    except Exception:  # noqa: BLE001  what cannot be found by its name
        return pack_own(value)
    return pack_own(value) if b"__main__" in packed else packed


def pack_own(value: Any) -> bytes:
    """Return something of the user's own pickled: what no other process can import, by value."""
    packed: bytes = cloudpickle.dumps(value)
    return packed


def unpack(packed: bytes) -> Any:
    """Return what was pickled."""
    return pickle.loads(packed)  # noqa: S301  from a process that Dask lets in
