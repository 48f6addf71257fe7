"""The named settings that lessons and tests use."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .errors import SettingsError
from .settings import Settings


@dataclass(frozen=True)
class _Scenario:
    name: str
    purpose: str
    settings: Settings


_SCENARIOS = (
    _Scenario(
        "faq",
        "One long and one short question: about 5.5 s and 0.5 s; nothing goes wrong.",
        Settings(),
    ),
    _Scenario(
        "classroom",
        "Answers of one to three seconds that differ a lot; at most 20 are served at once.",
        Settings(first_token_spread=0.6, token_time_spread=0.3, capacity=20),
    ),
    _Scenario(
        "tight",
        "Only 5 calls are served at once, the others queue: more in flight gains nothing.",
        Settings(capacity=5),
    ),
    _Scenario(
        "one-fails",
        "The third request is refused with status 400, which a retry would not mend.",
        Settings(faults={3: 400}),
    ),
    _Scenario(
        "hiccups",
        "Requests 2, 5 and 9 get statuses 503, 429 and 500; asking again mends each.",
        Settings(faults={2: 503, 5: 429, 9: 500}),
    ),
    _Scenario(
        "instant",
        "Answers without any delay: what remains is the time of client and wire.",
        Settings(first_token_time=0, prompt_token_time=0, token_time=0),
    ),
)


SCENARIOS: Mapping[str, str] = {each.name: each.purpose for each in _SCENARIOS}
"""The names of the scenarios and what each is for, the default first."""


def scenario(name: str, **changes: Any) -> Settings:
    """Give the settings of the scenario `name`, with `changes` applied.

    Raises
    ------
    SettingsError
        If there is no such scenario, or a changed setting is outside its range.

    Examples
    --------
    >>> scenario("tight", seed=7).capacity
    5
    """
    for each in _SCENARIOS:
        if each.name == name:
            return replace(each.settings, **changes)
    known = ", ".join(map(repr, SCENARIOS))
    raise SettingsError(f"scenario must be one of {known}; not {name!r}.")
