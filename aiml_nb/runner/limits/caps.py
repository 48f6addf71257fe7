"""The caps of a run as the user gives them: their checks, and how exactly they can be kept."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import BudgetError
from ...messages import Message, argument, join
from .usage import DEFAULT_RESERVE, RESERVE_FACTOR

# Notices about the caps, shown once each: what makes them less exact.
NO_TOKENS_REPORTED = (
    "The server does not say how many tokens its answers used, or fewer than they have: for the "
    "caps they are counted by their texts, four letters or one Chinese character a token."
)
PRICES = Message("prices=(input, output)", "--prices IN OUT")
NO_COST_REPORTED = (
    "Some answers name no cost: for "
    + argument("max_cost")
    + " each counts as the dearest before it. Give the prices too, in dollars per million tokens: "
    + PRICES
    + "."
)
MAX_TOKENS_IGNORED = (
    "The server's answers are longer than max_tokens allows: fewer calls are in flight, for the "
    "caps to be kept."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The caps of a run; None is no cap.

    Parameters
    ----------
    max_calls
        The most requests, retries included.
    max_total_tokens
        The most tokens, in and out.
    max_cost
        The most US dollars.
    prices
        US dollars per million tokens, ``(input, output)``, where the provider reports no cost.
    """

    max_calls: int | None = None
    max_total_tokens: int | None = None
    max_cost: float | None = None
    prices: tuple[float, float] | None = None


def describe_caps(caps: Caps, *, is_unlimited: bool) -> str:
    """Say by how much the caps on tokens and cost may be exceeded; empty without such caps.

    Parameters
    ----------
    is_unlimited
        Some calls have no ``max_tokens``.
    """
    names = [name for name in ("max_total_tokens", "max_cost") if getattr(caps, name) is not None]
    if not names:
        return ""
    named = join(" and ", [argument(name, getattr(caps, name)) for name in names])
    if is_unlimited:
        return (
            " " + named + " may be passed only by what answers in flight have above "
            f"{DEFAULT_RESERVE:,} tokens and {RESERVE_FACTOR} x the largest before; the last call "
            "by what it has above the largest. With max_tokens not at all, and more may be in "
            "flight."
        )
    if caps.max_cost is not None and caps.prices is None:
        return (
            " "
            + named
            + f" may be passed only by what answers in flight cost above {RESERVE_FACTOR} x "
            "the dearest before; the last call by what it costs above the dearest."
        )
    return " " + named + " may not be passed if the server keeps to max_tokens."


def explain_unknown_cost(caps: Caps) -> str:
    """Say that the cap on the cost cannot be kept, and what to type."""
    return (
        argument("max_cost", caps.max_cost)
        + " cannot be kept: the server does not say what a call cost. Give its prices, in dollars "
        "per million tokens: " + PRICES
    )


def explain_overshoot(caps: Caps, *, tokens: int, cost: float) -> str:
    """Say by how much a cap was passed by what was used, and why; empty if none was."""
    most = caps.max_total_tokens
    if most is not None and tokens > most:
        passed = argument("max_total_tokens", most) + f" was passed by {tokens - most} tokens"
    elif caps.max_cost is not None and cost > caps.max_cost:
        more = cost - caps.max_cost
        passed = argument("max_cost", caps.max_cost) + f" was passed by ${more:.6f}"
    else:
        return ""
    return (
        passed
        + ": calls in flight used more than all before them let expect. Set max_tokens, or fewer "
        "in flight with " + argument("max_concurrency") + "."
    )


def check_caps(caps: Caps) -> None:
    """Check the values of the caps.

    Raises
    ------
    BudgetError
        If a cap is not above 0, and so below the first call.
    TypeError, ValueError
        If a value has the wrong type, or prices are not two finite numbers from 0.
    """
    for name in ("max_calls", "max_total_tokens", "max_cost"):
        cap = getattr(caps, name)
        if cap is None:
            continue
        if isinstance(cap, bool) or not isinstance(cap, int if name != "max_cost" else int | float):
            raise TypeError(argument(name) + f" must be a number, or None for no cap; not {cap!r}.")
        if not cap > 0:
            given = argument(name, repr(cap))
            raise BudgetError(given + " is below the first call. Leave it out or raise it.")
    _check_prices(caps.prices)


def check_reported_cost(caps: Caps, *, reports_cost: bool) -> None:
    """Raise BudgetError if the cost is capped, but neither reported nor given by prices.

    Parameters
    ----------
    reports_cost
        The provider reports the cost of each call.
    """
    if caps.max_cost is not None and caps.prices is None and not reports_cost:
        raise BudgetError(
            argument("max_cost")
            + " cannot be kept here: this provider does not report what a call cost. Give its "
            "prices too, in dollars per million tokens: " + PRICES + "."
        )


def _check_prices(prices: object) -> None:
    if prices is None:
        return
    two = isinstance(prices, tuple | list) and len(prices) == 2
    numbers = two and all(isinstance(each, int | float) for each in prices)  # type: ignore[attr-defined]
    if not numbers or not all(0 <= each < math.inf for each in prices):  # type: ignore[attr-defined]
        raise ValueError(
            argument("prices")
            + " must be two numbers from 0, dollars per million tokens in and out; "
            f"not {prices!r}."
        )
