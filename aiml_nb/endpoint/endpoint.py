"""`Endpoint`: address, model and key of a server, and the two openai clients for it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..loop import import_in_thread
from . import preflight
from .keys import ApiKey
from .preflight import KnownModels
from .transport import GuardedClient, hide_in_logs, is_loopback, open_async_http, open_http

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


_simulated: set[str] = set()


def simulated_addresses() -> frozenset[str]:
    """Return the addresses at which simulators answer, as far as this process knows."""
    return frozenset(_simulated)


def note_simulated(addresses: Iterable[str]) -> None:
    """Take what another process knows: whoever calls there, answers are to be marked."""
    _simulated.update(addresses)


def is_simulated(base_url: str) -> bool:
    """Say whether the embedded simulator of this process answers at an address."""
    return base_url in _simulated


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server that answers prompts. Made by `connect`; holds no connection.

    Parameters
    ----------
    base_url
        The address that ``/chat/completions`` is added to.
    model
        The model of all calls, unless a prompt or a run names another.
    provider
        ``aimlapi``, ``openai``, ``ollama``, ``simulator`` or ``other``.
    simulated, seed, simulator_settings
        True for the embedded simulator, its seed, and its other settings.
    known
        The models that it has listed, or that have answered.
    """

    base_url: str
    model: str
    provider: str
    simulated: bool = False
    seed: int | None = None
    simulator_settings: dict[str, Any] = field(default_factory=dict)
    key: ApiKey = field(repr=False)
    known: KnownModels = field(default_factory=KnownModels, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Remember where answers are simulated: whoever calls there, they are to be marked."""
        if self.simulated:
            _simulated.add(self.base_url)

    @property
    def reports_cost(self) -> bool:
        """True if the provider reports the cost of a call."""
        return self.provider in {"aimlapi", "simulator"}

    @property
    def may_cost(self) -> bool:
        """True if calls may cost money: neither simulated nor answered by this machine."""
        return not self.simulated and not is_loopback(self.base_url)

    def open(self, *, timeout: float = 120.0, http: GuardedClient | None = None) -> OpenAI:
        """Return a blocking client for one call at a time, to be closed by the caller.

        It does not retry by itself.

        Parameters
        ----------
        timeout
            Seconds that a whole call may take.
        http
            What `transport.open_http` returned; None opens one.
        """
        import_in_thread("openai")
        http = http or open_http(self.base_url)
        from openai import OpenAI

        return OpenAI(**self._client_settings(timeout), http_client=http)

    def open_async(self, *, timeout: float = 120.0, max_connections: int = 1000) -> AsyncOpenAI:
        """Return an async client for the running loop; otherwise as `open`.

        Parameters
        ----------
        timeout
            Seconds that any single wait of a call may take.
        max_connections
            The most calls in flight at one moment.
        """
        import_in_thread("openai")
        http = open_async_http(self.base_url, max_connections=max_connections)
        from openai import AsyncOpenAI

        client = AsyncOpenAI(**self._client_settings(timeout), http_client=http)
        http.learn_from(client)
        return client

    def warm_up(self, client: OpenAI) -> None:
        """Open a connection and read the list of models, at no cost (``GET /models``).

        Raises
        ------
        EndpointError
            If nothing can be sent to this address. A list that is refused, or does not name the
            model, is not an error: the first call will tell.
        """
        preflight.warm_up(client, self.known, base_url=self.base_url, key=self.key)

    async def warm_up_async(self, client: AsyncOpenAI) -> None:
        """Do as `warm_up`, with the async client."""
        await preflight.warm_up_async(client, self.known, base_url=self.base_url, key=self.key)

    def find_address(self, client: OpenAI) -> str | None:
        """Return another path on the same host at which a model server answers, at no cost."""
        return preflight.find_address(client, self.base_url)

    async def find_address_async(self, client: AsyncOpenAI) -> str | None:
        """Do as `find_address`, with the async client."""
        return await preflight.find_address_async(client, self.base_url)

    def _client_settings(self, timeout: float) -> dict[str, Any]:
        hide_in_logs(self.key)  # before the client can log its first request
        return {
            "base_url": self.base_url,
            "api_key": self.key.reveal(),
            "max_retries": 0,  # the client's retries would be hidden in one call's duration
            "timeout": timeout,
            "default_headers": _without_ambient_headers(),
        }


def _without_ambient_headers() -> dict[str, Any]:
    """Return headers that remove those the client adds from ``OPENAI_*`` variables.

    They were set for another provider: its organisation, its project, its gateway's secrets.
    """
    from openai import Omit  # a value that makes the client leave a header out

    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
    names = [line.partition(":")[0].strip() for line in lines if ":" in line]
    names += ["OpenAI-Organization", "OpenAI-Project"]
    return {name: Omit() for name in names}
