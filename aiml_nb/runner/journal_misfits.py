"""Journals that do not fit the run that is to go on: another place, other prompts than it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..endpoint import Endpoint
from ..errors import JournalError
from ..prompts.items import Item
from ..prompts.stored import StoredPrompts
from .functions.function import Function
from .journal_inputs import JournalInputs
from .plan import Plan


def refuse_lost_items(plan: Plan, path: Path) -> None:
    """Raise JournalError if a function is to be called with an item that no journal can hold."""
    for call in () if isinstance(plan.prompts, StoredPrompts) else plan.unfinished:
        item = plan.prompts[call.index]
        if isinstance(item, Item) and item.is_lost:
            raise JournalError(
                f"'{path}' does not hold the item {item.label} itself: only how Python shows it, "
                "or all but a key. Give the items again: "
                f"aiml_nb.resume({str(path)!r}, {plan.run.model}, prompts=items)."
            )


def check_kind(
    inputs: JournalInputs, function: Function | None, saved: dict[str, Any], path: Path
) -> None:
    """Raise JournalError if a function made the calls of a journal and an endpoint is to go on.

    Or the other way round.
    """
    if inputs.are_items and function is None:
        name = saved["model"]
        raise JournalError(
            f"'{path}' is the journal of a run with a function, {name!r}, which no journal holds. "
            f"Give the function: aiml_nb.resume({str(path)!r}, {name})."
        )
    if not inputs.are_items and function is not None:
        raise JournalError(
            f"'{path}' is the journal of a run at {saved['base_url']}, not of one with a function. "
            f"Leave {function.name} out: aiml_nb.resume({str(path)!r})."
        )


def check_place(
    saved: dict[str, Any], endpoint: Endpoint | Function, model: str | None, path: Path
) -> None:
    """Raise JournalError if a journaled run was made elsewhere, or with another model."""
    if endpoint.simulated != saved["simulated"] or (
        not endpoint.simulated and endpoint.base_url != saved["base_url"]
    ):
        here = "the simulator" if endpoint.simulated else endpoint.base_url
        there = "the simulator" if saved["simulated"] else saved["base_url"]
        raise JournalError(
            f"'{path}' is the journal of a run at {there}, not at {here}. Connect to the same "
            "address."
        )
    if model not in {None, saved["model"]}:
        raise JournalError(
            f"'{path}' is the journal of a run with the model {saved['model']!r}, not {model!r}. "
            "Leave the model out, or name a new journal."
        )
