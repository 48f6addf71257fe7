"""The servers that a race can be run on: scenarios of the simulator, under names for a class."""

from __future__ import annotations

from typing import Any

from ..endpoint import Endpoint
from ..simulator import SCENARIOS

NAMES = {
    "calm": "faq",
    "limit of seven": "seven",
    "tight": "tight",
    "slow start": "slow-start",
    "chaos": "chaos",
}
AS_CONNECTED = "as connected"


def server_names(asked: dict[str, Any]) -> list[str]:
    """Return the names to choose from, that of the simulator as it was connected first.

    Parameters
    ----------
    asked
        What `connect` was given for it.
    """
    own = {name for name in asked if name not in ("scenario", "seed", "speed")}
    scenario = asked.get("scenario", "faq")
    name = next((name for name, each in NAMES.items() if each == scenario), None)
    first = AS_CONNECTED if own or name is None else name
    return [first, *(each for each in NAMES if each != first)]


def settings_for(name: str, asked: dict[str, Any], *, seed: int, speed: float) -> dict[str, Any]:
    """Return what `connect` is given for a server of this name."""
    settings = dict(asked) if name == AS_CONNECTED else {"scenario": NAMES[name]}
    return settings | {"seed": seed, "speed": speed}


def describe_server(name: str, asked: dict[str, Any]) -> str:
    """Say in a sentence what this server does."""
    scenario = str(asked.get("scenario", "faq") if name == AS_CONNECTED else NAMES[name])
    purpose = SCENARIOS.get(scenario, "")
    return f"Server {name!r}, scenario {scenario!r}. {purpose}".strip()


def describe_clock(endpoint: Endpoint, speed: float) -> str:
    """Say that answers are simulated, and how fast their clock runs; empty for a real server."""
    if not endpoint.simulated:
        return ""
    if speed == 1:
        return "Simulated, in real time."
    return f"Simulated; its clock runs {speed:g} times as fast as real time."
