"""Lesson 8's exercises on bills: which calls may be paid twice, and what many calls will cost."""

from __future__ import annotations

from collections.abc import Callable
from math import isclose
from statistics import fmean, median
from typing import Any

from ...records import Attempt, Call, Run
from ..engine.digits import show_number
from ..engine.exercises import NotYet, require
from ..engine.expect import call_plain, expect_function, expect_list, expect_number
from ..engine.practice_run import answered_run

_GOOD = Attempt(number=2, started=1.0, finished=2.0, status=200)
_LOST = Attempt(number=1, started=0.0, error_type="no_reply", possibly_billed=True)
_LATE = Attempt(number=1, started=0.0, finished=9.0, error_type="deadline", possibly_billed=True)
_AWAY = Attempt(number=1, started=0.0, finished=0.1, status=429, error_type="429")
_FAR = Attempt(number=1, started=0.0, finished=0.1, error_type="connect")
# Each call: its custom_id, its attempts, and the tokens in and out of an answered one.
_Row = tuple[str, list[Attempt], tuple[int, int] | None]
_RUN: list[_Row] = [
    ("quick", [_GOOD], (100, 20)),
    ("lost", [_LOST, _GOOD], (200, 45)),
    ("turned-away", [_AWAY, _GOOD], (390, 30)),
    ("cut-twice", [_LOST, _LOST], None),
    ("never-sent", [], None),
]
_CALM: list[_Row] = [("a", [_GOOD], (1000, 3)), ("b", [_AWAY, _GOOD], (10, 500))]
_SLOW: list[_Row] = [
    ("z", [_AWAY, _LOST, _GOOD], (50, 50)),
    ("y", [_FAR, _GOOD], (70, 10)),
    ("w", [_AWAY, _AWAY], None),
    ("x", [_LATE], None),
]


def check_in_doubt(in_doubt: object) -> str:
    """Try runs with a lost request, one that got a 429, a failure, and none of these."""
    function = expect_function(in_doubt, "in_doubt")
    for rows, wanted in ((_RUN, ["cut-twice", "lost"]), (_CALM, []), (_SLOW, ["x", "z"])):
        try:
            names = expect_list(call_plain(function, _make_run(rows)), "custom_ids")
        except IndexError:
            raise NotYet(
                "a call that was never sent has no attempts, so there is no first and no last one. "
                "Go through those that there are, with  for  or  any."
            ) from None
        _compare_names(names, wanted, rows)
    return "Calls whose request was lost are in doubt. One that was only turned away is not."


def _compare_names(names: list[Any], wanted: list[str], rows: list[_Row]) -> None:
    require(
        not any(isinstance(name, Call) for name in names),
        "the list holds whole calls. Wanted are their custom_ids.",
    )
    require(
        "turned-away" not in names,
        "'turned-away' got status 429 at its first attempt, and costs nothing for that. How many "
        "attempts there were is not the question; look at attempt.possibly_billed.",
    )
    require(
        "quick" not in names,
        "'quick' had one attempt, which went well: nothing is in doubt there.",
    )
    require("never-sent" not in names, "'never-sent' was never sent, so nobody can bill it.")
    require(
        "lost" not in wanted or "lost" in names,
        "'lost' is missing: its first attempt is possibly billed, its second one went well. Look "
        "at all attempts of a call, not only at the last.",
    )
    require(
        "z" not in wanted or "z" in names,
        "'z' is missing: its second attempt of three is possibly billed. Look at all attempts.",
    )
    require(
        len(set(map(str, names))) == len(names),
        f"it gave {names}. Each call once: it is in doubt, however many attempts were lost.",
    )
    given = ", ".join(map(str, names)) or "none"
    require(
        sorted(map(str, names)) == wanted,
        f"in a run with {_in_words(rows)} it gave {given}. In doubt: {', '.join(wanted) or 'none'}"
        ". Look at possibly_billed, of every attempt.",
    )


def _in_words(rows: list[_Row]) -> str:
    """Return the calls of a run with what became of their attempts."""
    became = {
        id(_GOOD): "answered",
        id(_LOST): "possibly billed",
        id(_LATE): "possibly billed",
        id(_AWAY): "turned away",
        id(_FAR): "not reached",
    }
    return "; ".join(
        f"{name} ({', then '.join(became[id(each)] for each in attempts) or 'never sent'})"
        for name, attempts, _ in rows
    )


def check_dollars(dollars: object) -> str:
    """Try runs with failed calls, whose mean is not their median, and prices that differ."""
    function = expect_function(dollars, "dollars")
    cases = ((_RUN, 10_000, (2.5, 10.0)), (_CALM, 30, (600.0, 150.0)), (_SLOW, 7_000, (3.0, 15.0)))
    right = [_try_price(function, *case) for case in cases]
    return f"10,000 such calls cost about ${right[0]:.0f}. Now you know before."


def _try_price(
    function: Callable[..., Any], rows: list[_Row], number: int, prices: tuple[float, float]
) -> float:
    tokens = [counts for _, _, counts in rows if counts]
    right = _mean_price(tokens, prices) * number
    try:
        answer = call_plain(function, _make_run(rows), number, prices)
    except (TypeError, AttributeError) as error:
        require("NoneType" not in str(error), _NO_TOKENS)
        require("tuple" not in str(error), _PAIR)
        raise
    require(
        type(answer).__name__ != "NAType",
        "it gave a missing value: here nobody reports a cost. Reckon with tokens and prices.",
    )
    found = expect_number(answer, "a number of dollars")
    require(found == found, _NO_TOKENS)
    said = f"for {number:,} calls it gave ${show_number(found, digits=4)}"
    for other, why in _wrong_prices(tokens, len(rows), number, prices):
        is_right = isclose(found, right, rel_tol=1e-6)
        require(is_right or not isclose(found, other, rel_tol=1e-6), f"{said}: {why}.")
    require(
        isclose(found, right, rel_tol=0.01),
        f"{said}, and ${show_number(right, digits=4)} is right.",
    )
    return right


def _mean_price(tokens: list[tuple[int, int]], prices: tuple[float, float]) -> float:
    return sum(_price(counts, prices) for counts in tokens) / len(tokens)


def _price(tokens: tuple[float, float], prices: tuple[float, float]) -> float:
    return (tokens[0] * prices[0] + tokens[1] * prices[1]) / 1e6


def _wrong_prices(
    tokens: list[tuple[int, int]], calls: int, number: int, prices: tuple[float, float]
) -> list[tuple[float, str]]:
    n, mean = len(tokens), _mean_price(tokens, prices)
    right = mean * number
    of_all = f"divide by the number of answered calls, {n}, not of all"
    middle = "you took the median. A bill is a sum, so the mean tells what many calls cost"
    medians = (median(into for into, _ in tokens), median(out for _, out in tokens))
    return [
        (right * 1e6, "prices are for a million tokens, and you took them for one"),
        (right * 1e3, "prices are for a million tokens, and you took them for a thousand"),
        (
            fmean(into + out for into, out in tokens) * fmean(prices) / 1e6 * number,
            "each price is for its own tokens: those in at prices[0], those out at prices[1]",
        ),
        (mean, "that is the cost of one call"),
        (mean * n, f"that is what the {n} answered calls have cost; scale it up"),
        (right * n, f"that is {n} times too much: take the mean of a call"),
        (right * n / calls, of_all),
        (
            _mean_price(tokens, prices[::-1]) * number,
            "prices is (input, output), and you have them the other way round",
        ),
        (
            _mean_price(tokens, (prices[0], prices[0])) * number,
            "tokens that come out have a price of their own",
        ),
        (_price(medians, prices) * number, middle),
        (median(_price(each, prices) for each in tokens) * number, middle),
        (_price(tokens[0], prices) * number, "that is the first call for all. Take the mean"),
        (_price(tokens[-1], prices) * number, "that is the last call for all. Take the mean"),
    ]


def _make_run(rows: list[_Row]) -> Run:
    """Make a run of calls that succeeded at one of their attempts, or not at all."""
    run = answered_run({f"the question of {name}": (0.0, 2.0) for name, *_ in rows})
    for call, (name, attempts, tokens) in zip(run.calls, rows, strict=True):
        call.custom_id, call.attempts = name, list(attempts)
        call.input_tokens, call.output_tokens = tokens or (None, None)
        if tokens is None:
            call.outcome = "timeout" if attempts else "not_started"
    return run


_PAIR = (
    "prices is a pair, without names: prices[0] is for a million tokens that go in, prices[1] for "
    "those that come out."
)
_NO_TOKENS = (
    "a call that failed has no tokens: they are None, and None is no number. Keep the calls whose "
    "outcome is 'ok'."
)
