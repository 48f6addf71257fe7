"""Where calls go: the address, the model, the key, and the two openai clients for them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import warmup
from .errors import EndpointError
from .keys import ApiKey
from .loop import import_in_thread
from .printable import say
from .providers import PROVIDERS, check_base_url, find_key
from .transport import GuardedClient, hide_in_logs, is_loopback, open_async_http, open_http
from .warmup import Known

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A place that answers prompts. Made by `connect`; holds no connection.

    Parameters
    ----------
    base_url
        The address that ``/chat/completions`` is added to.
    model
        The model asked for, unless a prompt or a run names another.
    provider
        ``aimlapi``, ``openai``, ``ollama``, ``simulator`` or ``other``.
    simulated, seed, knobs
        True for the embedded simulator, its seed, and what else it was asked for.
    known
        The models that it has listed, or that have answered.
    """

    base_url: str
    model: str
    provider: str
    simulated: bool = False
    seed: int | None = None
    knobs: dict[str, Any] = field(default_factory=dict)
    key: ApiKey = field(repr=False)
    known: Known = field(default_factory=Known, repr=False, compare=False)

    @property
    def reports_cost(self) -> bool:
        """True if the provider says what a call cost."""
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

        return AsyncOpenAI(**self._client_settings(timeout), http_client=http)

    def warm_up(self, client: OpenAI) -> None:
        """Open a connection and read the list of models, at no cost (``GET /models``).

        Raises
        ------
        EndpointError
            If nothing can be sent to this address. A list that is refused, or does not name the
            model, is no error: the first call tells.
        """
        warmup.warm_up(client, self.known, base_url=self.base_url, key=self.key)

    async def warm_up_async(self, client: AsyncOpenAI) -> None:
        """Do as `warm_up`, with the async client."""
        await warmup.warm_up_async(client, self.known, base_url=self.base_url, key=self.key)

    def find_address(self, client: OpenAI) -> str | None:
        """Return another path on the same host at which a model server answers, at no cost."""
        return warmup.find_address(client, self.base_url)

    async def find_address_async(self, client: AsyncOpenAI) -> str | None:
        """Do as `find_address`, with the async client."""
        return await warmup.find_address_async(client, self.base_url)

    def _client_settings(self, timeout: float) -> dict[str, Any]:
        hide_in_logs(self.key)
        return {
            "base_url": self.base_url,
            "api_key": self.key.reveal(),
            "max_retries": 0,  # its retries would hide inside one call's duration
            "timeout": timeout,
            "default_headers": _without_ambient_headers(),
        }


def connect(
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    model: str | None = None,
    provider: str | None = None,
    simulate: bool = False,
    seed: int | None = None,
    speed: float | None = None,
    scenario: str | None = None,
    verbose: bool = True,
) -> Endpoint:
    """Choose where calls go, and say which.

    With no arguments that is AIML API if ``AIML_API_KEY`` is set, else the embedded simulator,
    which needs no key and costs nothing. Nothing is sent yet.

    Parameters
    ----------
    base_url
        Any OpenAI-compatible server. ``AIML_API_KEY`` is sent to api.aimlapi.com or this machine
        only; for another host give `api_key`.
    api_key
        The key; better kept in the environment than in a cell.
    model
        The model to ask for; each provider has a default.
    provider
        ``aimlapi``, ``openai`` or ``ollama``.
    simulate
        Use the simulator, whatever keys are set.
    seed, speed, scenario
        The simulator's seed, a factor that divides all its times, and the name of its scenario.
        They choose the simulator if nothing else is named.
    verbose
        Print the one line that says which.

    Raises
    ------
    EndpointError
        If the address or the key cannot be used, or the simulator does not start.
    ValueError
        If the arguments contradict each other or one is unknown.
    """
    given_key = ApiKey(api_key, source="api_key=") if isinstance(api_key, str) else None
    kind = type(api_key).__name__
    del api_key  # tracebacks may print local variables
    if given_key is None and kind != "NoneType":
        raise TypeError(f"api_key must be text, not {kind}.")
    base_url = _without_password(base_url)
    for name, text in {"base_url": base_url, "model": model, "provider": provider}.items():
        if text is not None and (not isinstance(text, str) or not text.strip()):
            raise ValueError(f"{name} must be text that is not empty; not {text!r}.")
    knobs = {"seed": seed, "speed": speed, "scenario": scenario}
    set_knobs = {name: value for name, value in knobs.items() if value is not None}
    named = {"base_url": base_url, "provider": provider, "api_key": given_key}
    simulate = _decide_to_simulate(simulate, named, set_knobs)
    if simulate:
        endpoint = _connect_simulator(model, set_knobs)
    else:
        endpoint = _connect_server(base_url, given_key, model, provider)
    if verbose:
        say(describe_endpoint(endpoint))
    return endpoint


def describe_endpoint(endpoint: Endpoint) -> str:
    """Say in one line where calls go and what they cost."""
    if endpoint.simulated:
        why = "no key needed, no cost; set AIML_API_KEY to use a live model"
        return f"Calls go to the simulator (seed {endpoint.seed}; {why})."
    has_key = endpoint.key.source != "nowhere"
    key = f"with the key from {endpoint.key.source}" if has_key else "without a key"
    cost = " They may cost money." if endpoint.may_cost else ""
    return f"Calls go to {endpoint.base_url}, model {endpoint.model}, {key}.{cost}"


def _without_password(base_url: str | None) -> str | None:
    """Take the user out of an address that is going to be refused for having one."""
    if not isinstance(base_url, str) or "@" not in base_url:
        return base_url
    return f"https://…@{base_url.rpartition('@')[2]}"


def _decide_to_simulate(simulate: bool, named: dict[str, Any], knobs: dict[str, Any]) -> bool:
    server = next((name for name, value in named.items() if value is not None), None)
    if simulate or knobs:
        if server:
            cause = "simulate=True" if simulate else f"{next(iter(knobs))}="
            raise ValueError(
                f"{server}= and {cause} contradict each other: one names a server, the other "
                "belongs to the simulator. Leave one of them out."
            )
        return True
    return server is None and not os.environ.get("AIML_API_KEY")


def _connect_simulator(model: str | None, knobs: dict[str, Any]) -> Endpoint:
    from . import simulator

    asked = dict(knobs)
    try:
        settings = simulator.scenario(knobs.pop("scenario", "faq"), **knobs)
        process = simulator.shared_process()
        token = process.register(settings)
    except simulator.SimulatorError as error:
        raise EndpointError(str(error)) from None
    return Endpoint(
        base_url=process.base_url,
        model=model or settings.models[0],
        provider="simulator",
        simulated=True,
        seed=settings.seed,
        knobs=asked,
        key=ApiKey(token, source="the simulator"),
    )


def _connect_server(
    base_url: str | None, api_key: ApiKey | None, model: str | None, name: str | None
) -> Endpoint:
    if name is not None and name not in PROVIDERS:
        known = ", ".join(map(repr, PROVIDERS))
        raise ValueError(f"provider must be one of {known}; not {name!r}.")
    provider = PROVIDERS[name or "aimlapi"]
    address = check_base_url(base_url or provider.base_url)
    key = api_key or find_key(address, provider.key_name)
    key.check()
    return Endpoint(
        base_url=address,
        model=model or provider.model,
        provider=name or ("other" if base_url else "aimlapi"),
        key=key,
    )


def _without_ambient_headers() -> dict[str, Any]:
    """Return headers that take back what the client adds from ``OPENAI_*`` variables.

    They were set for another provider: its organisation, its project, its gateway's secrets.
    """
    from openai import Omit

    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
    names = [line.partition(":")[0].strip() for line in lines if ":" in line]
    names += ["OpenAI-Organization", "OpenAI-Project"]
    return {name: Omit() for name in names}
