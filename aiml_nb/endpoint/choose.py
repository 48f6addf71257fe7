"""`connect`: choose a provider, any compatible server, or the simulator."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..errors import EndpointError
from ..messages import Message, argument
from ..printable import say
from .endpoint import Endpoint
from .keys import ApiKey
from .providers import PROVIDERS, check_base_url, find_key

if TYPE_CHECKING:
    from ..simulator import SimulatorError


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
    kind = type(api_key).__name__  # for the message: the value itself may be a key
    del api_key  # tracebacks may print local variables
    if given_key is None and kind != "NoneType":
        raise TypeError(f"api_key must be text, not {kind}.")
    base_url = _without_password(base_url)
    for name, text in {"base_url": base_url, "model": model, "provider": provider}.items():
        if text is not None and (not isinstance(text, str) or not text.strip()):
            raise ValueError(argument(name) + f" must be text that is not empty; not {text!r}.")
    settings = {"seed": seed, "speed": speed, "scenario": scenario}
    settings = {name: value for name, value in settings.items() if value is not None}
    named = {"base_url": base_url, "provider": provider, "api_key": given_key}
    simulate = _decide_to_simulate(simulate, named, settings)
    if simulate:
        endpoint = _connect_simulator(model, settings)
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
    """Remove user and password from an address; it is refused later for having them.

    Done first of all, so that no error text and no traceback shows the password.
    """
    if not isinstance(base_url, str) or "@" not in base_url:
        return base_url
    return f"https://…@{base_url.rpartition('@')[2]}"


def _decide_to_simulate(simulate: bool, named: dict[str, Any], settings: dict[str, Any]) -> bool:
    server = next((name for name, value in named.items() if value is not None), None)
    if simulate or settings:
        # A key or address given with simulate=True is probably a mistake; guessing could cost
        # money.
        if server:
            cause = ("simulate", True) if simulate else (next(iter(settings)), "")
            by_key = server == "api_key"
            given = Message("api_key=", "--api-key-env") if by_key else argument(server, "")
            raise ValueError(
                given
                + " and "
                + argument(*cause)
                + " contradict each other: one names a server, the other "
                "belongs to the simulator. Leave one of them out."
            )
        return True
    return server is None and not os.environ.get("AIML_API_KEY")


def _connect_simulator(model: str | None, asked: dict[str, Any]) -> Endpoint:
    from .. import simulator

    try:
        changes = {name: value for name, value in asked.items() if name != "scenario"}
        settings = simulator.scenario(asked.get("scenario", "faq"), **changes)
        process = simulator.shared_process()
        token = process.register(settings)
    except simulator.SimulatorError as error:
        raise refuse_settings(error) from None
    return Endpoint(
        base_url=process.base_url,
        model=model or settings.models[0],
        provider="simulator",
        simulated=True,
        seed=settings.seed,
        simulator_settings=asked,
        key=ApiKey(token, source="the simulator"),
    )


def refuse_settings(error: SimulatorError) -> EndpointError:
    """Return the error of the simulator as ours, with the argument or option that it names."""
    name = getattr(error, "setting", None)
    if name is None:
        return EndpointError(str(error))
    return EndpointError(argument(name) + str(error).removeprefix(name))


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
