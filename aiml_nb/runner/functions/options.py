"""The options of a run with a function: unsuitable ones are refused, others get defaults."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

from ...endpoint import Endpoint
from ...prompts.prompt import shorten
from ...suggestions import closest
from ..options import BLOCKING, CAPS, OPTIONS, STRATEGIES
from .function import Function, may_be_async, name_of

# Options that cannot apply, since only the function knows what is sent, and what to use instead.
_OFF = (("stream", False), ("retry_invalid", 0))
_UNKNOWN = {
    "api": "calls are known only to the function. Leave it out",
    "tokens_per_minute": "tokens are known only to the function. Limit how many items are begun: "
    "requests_per_minute=60, or max_concurrency=4",
    "max_total_tokens": "tokens are known only to the function. Limit how often it is called: "
    "max_calls=100",
    "max_cost": "costs are known only to the function. Limit how often it is called: max_calls=100",
    "prices": "tokens and costs are known only to the function. Leave it out, and limit how often "
    "it is called: max_calls=100",
    "retry_invalid": "answers are read by the function. Leave it out, and raise an error there, "
    "with max_attempts=3",
    "stream": "requests are made by the function. Leave it out, and write stream=True there, where "
    "it makes its request",
}


def refuse_misplaced(items: object, endpoint: object, given: dict[str, Any]) -> None:
    """Raise TypeError for a function that stands elsewhere than second."""
    others = {name: each for name, each in given.items() if name not in OPTIONS | CAPS}
    if callable(endpoint) or isinstance(endpoint, Endpoint):
        return
    for place, value in {"The first argument": items, **others}.items():
        if inspect.isroutine(value):
            name = name_of(value)
            what = place if value is items else f"{place}="
            raise TypeError(
                f"{what} is the function {name}, which is expected in the second place, after the "
                f"items. Write run(items, {name})."
            )


def complete_options(function: Function, given: dict[str, Any]) -> tuple[Function, dict[str, Any]]:
    """Check the options of a run with a function, and add defaults for missing ones.

    Raises
    ------
    TypeError
        If an option cannot apply to a function, or the strategy does not fit it.
    """
    given = {name: each for name, each in given.items() if not _is_default(name, each)}
    for name, value in given.items():
        if name in _UNKNOWN:
            raise TypeError(
                f"{name}={shorten(value)} cannot hold for {function.name}: its {_UNKNOWN[name]}."
            )
        if name not in OPTIONS | CAPS:
            near = closest(name, OPTIONS | CAPS | {"journal", "fresh"})
            raise TypeError(
                f"{name}={shorten(value)} is no option of a run, and what is sent is "
                f"{function.name}'s own affair: it is called with the item alone. Use {name} in "
                "the function, or leave it out." + (f" Or did you mean {near}?" if near else "")
            )
    _check_strategy(function, given.get("strategy"))
    function = replace(function, is_chosen="strategy" in given)
    default = "gather" if function.is_async else "threads"
    # A function may have done half of its work, so it is retried only on request.
    given = {"strategy": default, "max_attempts": 1} | given
    return function, given if given["max_attempts"] != 1 else given | _check_outage(given)


def _check_outage(given: dict[str, Any]) -> dict[str, Any]:
    """Turn outage handling off; a wrong value is left for the regular check."""
    outage = given.get("outage", 0)
    return {"outage": 0} if isinstance(outage, int | float) and outage >= 0 else {}


def complete_resumed_options(
    function: Function, options: dict[str, Any], given: dict[str, Any]
) -> tuple[Function, dict[str, Any]]:
    """Check and complete the options of a resumed run.

    Parameters
    ----------
    options
        Those of the journal, overridden by `given`.
    given
        The options given now.
    """
    chosen = given.get("strategy") is not None
    if not chosen and (options["strategy"] in BLOCKING) == function.is_async:
        others = {"strategy", "max_concurrency"}  # for the one it was, not for this one
        options = {name: each for name, each in options.items() if name not in others} | given
    if given.get("max_attempts") and "outage" not in given:
        options = {name: each for name, each in options.items() if name != "outage"}
    function, options = complete_options(function, options)
    return replace(function, is_chosen=chosen), options


def _is_default(name: str, value: object) -> bool:
    return (value is None and name != "outage") or (name, value) in _OFF


def _check_strategy(function: Function, strategy: object) -> None:
    """Raise TypeError if the function is known not to fit the strategy."""
    if strategy not in STRATEGIES:
        return  # refused elsewhere
    if strategy in BLOCKING and function.is_async:
        raise TypeError(refuse_strategy(function.name, strategy, is_async=True))
    if strategy not in BLOCKING and not function.is_async and not may_be_async(function.call):
        raise TypeError(refuse_strategy(function.name, strategy, is_async=False))


def refuse_strategy(name: str, strategy: object, *, is_async: bool) -> str:
    """Return the message that a function does not fit a strategy, with those that do."""
    others = ", ".join(repr(each) for each in STRATEGIES if each not in BLOCKING)
    if is_async:
        return (
            f"strategy={strategy!r} is for functions that block, and {name} is async: what it "
            f"returns is awaited. Leave the strategy out, or write one of {others}."
        )
    return (
        f"strategy={strategy!r} awaits what it calls, and {name} is not async: it would block all "
        "others. Leave the strategy out, write 'threads' or 'sequential', or make it an async def."
    )
