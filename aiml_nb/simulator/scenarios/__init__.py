"""Scenarios: settings by name, for lessons, tests and ``aiml-nb simulate --scenario NAME``.

`catalog` has them all, `definition` says what one is. To add one, write it into the catalog. For
answers of which every tenth is empty::

    Scenario(
        "forgetful",
        "Every tenth answer has no text.",
        Settings(faults={number: "empty-text" for number in range(10, 10_001, 10)}),
    )

`Settings.faults` says which requests get which fault: by their numbers, by the text of the prompt,
or ``"*"`` for all. With ``fault_shares={"empty-text": 0.1}`` a tenth of the answers is drawn by
chance. `aiml_nb.simulator.faults` lists the faults: ``empty-text`` is an answer without text, and
``empty`` a reply without a body.

Without a change of the code the same goes into a file of JSON, ``--scenario forgetful.json`` or
``connect(scenario="forgetful.json")``; ``"scenario"`` names the one that it changes, else ``faq``::

    {"scenario": "classroom", "faults": {"10": "empty-text", "20": "empty-text"}}

For a fault of every call there is one already: ``--scenario every:empty-text``.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..settings import Settings
from .catalog import ALL_SCENARIOS

SCENARIOS: Mapping[str, str] = {each.title: each.purpose for each in ALL_SCENARIOS}
"""The scenarios and what each is for, the default first; after a colon, an argument to change."""


def scenario(name: str, **changes: Any) -> Settings:
    """Give the settings of the scenario `name`, or of a file of settings, with `changes` applied.

    Some scenarios take an argument after a colon, as in ``overthinking:20%``; `SCENARIOS` gives
    the one that they have without. The file holds a JSON object of settings and, if these change
    a named scenario, its name as ``"scenario"``.

    Raises
    ------
    SettingsError
        If there is no such scenario or file, or a setting is unknown or outside its range.

    Examples
    --------
    >>> scenario("tight", seed=7).capacity
    5
    """
    for each in ALL_SCENARIOS:
        if isinstance(name, str) and each.name == name.partition(":")[0]:
            return replace(each.make(name), **changes)
    if isinstance(name, str) and (name.endswith(".json") or os.path.isfile(name)):
        return replace(_read_file(Path(name)), **changes)
    known = ", ".join(map(repr, SCENARIOS))
    raise SettingsError(
        f"scenario must be one of {known}, or a file of settings; not {name!r}.", setting="scenario"
    )


def _read_file(path: Path) -> Settings:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror
    except (ValueError, RecursionError) as error:
        reason = f"it is not JSON: {error}"
    else:
        reason = "it holds no JSON object"
        if isinstance(values, dict):
            names = {each.name for each in ALL_SCENARIOS}
            base = values.pop("scenario", "faq")
            if isinstance(base, str) and base.partition(":")[0] in names:
                return _make(scenario(base).to_dict() | values)
            reason = f"its scenario is {base!r}, not one of {', '.join(SCENARIOS)}"
    raise SettingsError(
        f"The settings in {str(path)!r} cannot be used: {reason}. "
        'Give a file such as {"scenario": "faq", "capacity": 10, "faults": {"3": "reset"}}.'
    )


def _make(values: Mapping[str, Any]) -> Settings:
    try:
        return Settings.from_dict(values)
    except SettingsError as error:  # the setting stands in the file, and nowhere else
        raise SettingsError(str(error)) from None
