"""Caps on tokens and cost are passed by no more than is stated, however the server reports."""

from __future__ import annotations

from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.runner.limits.budget import Budget
from aiml_nb.runner.limits.caps import Caps, describe_caps
from aiml_nb.runner.limits.estimate import Estimate
from aiml_nb.runner.limits.tokens import count_tokens, least_tokens

from ..rows import exhaustive, slow
from .caps_table import CAP, ROWS, Row, bound_of, connect_to, reply, run_row, telling_rows
from .gated_server import Reply, gated_server

# Costs that are none.
NO_COSTS = [..., None, 0, -1.0, "0.1", float("nan"), True, 10**400]


# One row in seven has every way to report, with every script and as many in flight as there are.
OTHERS = [
    slow(row) if number % 7 == 0 else exhaustive(row)
    for number, row in enumerate(row for row in ROWS if row not in [*telling_rows()])
]


@pytest.mark.parametrize("row", [*telling_rows(), *OTHERS], ids=str)
def test_a_cap_on_tokens_is_passed_by_no_more_than_is_stated(row: Row) -> None:
    run, used = run_row(row)

    assert used - CAP <= bound_of(row, run)
    assert used > CAP / 2
    assert run.stopped is not None
    assert "max_total_tokens" in run.stopped
    said = [notice for notice in run.notices if "counted by their texts" in notice]
    assert len(said) == (row.report != "right")


def run_with_costs(costs: list[Any], **options: Any) -> tuple[nb.Run, int]:
    """Let answers name these costs, the last for ever; return how many were asked for, too."""
    given = iter(costs)

    def answer(body: dict[str, Any]) -> Reply:
        meta = {"usage": {"usd_spent": next(given, costs[-1])}}
        told = meta["usage"]["usd_spent"] is not ...
        return reply("Yes.", meta=meta if told else ...)

    with gated_server(chat=answer) as server:
        endpoint = connect_to(server.base_url, provider="aimlapi")
        run = nb.run(["Who?"] * 40, endpoint, progress=False, **options)
        return run, len(server.chats)


@pytest.mark.parametrize("strategy", ["sequential", "threads", "gather"])
@pytest.mark.parametrize("cost", NO_COSTS[:2], ids=repr)
def test_a_cost_that_no_answer_names_ends_the_run_after_one(strategy: str, cost: object) -> None:
    run, sent = run_with_costs([cost], strategy=strategy, max_cost=1.0)

    assert sent == 1
    assert run.stopped is not None
    assert "prices=(input, output)" in run.stopped
    assert [call.outcome for call in run.calls] == ["ok"] + ["not_started"] * 39


@pytest.mark.parametrize("cost", NO_COSTS[2:], ids=str)
def test_a_cost_that_is_none_is_not_named(cost: object) -> None:
    assert run_with_costs([cost], max_cost=1.0)[1] == 1


def test_an_answer_that_names_no_cost_counts_as_the_dearest_before_it() -> None:
    run, sent = run_with_costs([0.1, ...], max_cost=1.0, max_concurrency=20)

    assert sent == 10
    assert any("Some answers name no cost" in notice for notice in run.notices)


def test_with_prices_the_larger_cost_counts() -> None:
    _, sent = run_with_costs([0.1], max_cost=1.0, prices=(1, 1), max_tokens=9, max_concurrency=1)

    assert sent == 10


def test_who_finds_no_room_waits_for_those_in_flight() -> None:
    budget = Budget(Caps(max_total_tokens=1000))
    call = nb.Call(index=0, custom_id="a", prompt="", input_tokens=10, output_tokens=20)
    first = budget.reserve(Estimate(10, 500))
    assert first is not None
    budget.reconcile(first, call, billed=True, answered=True)

    second = budget.reserve(Estimate(10, 500))
    assert second is not None
    assert budget.reserve(Estimate(10, 500)) is None
    budget.reconcile(second, call, billed=True, answered=True)
    assert budget.reserve(Estimate(10, 500)) is not None
    with pytest.raises(nb.BudgetError, match="60 are spent"):
        budget.reserve(Estimate(10, 990))


def test_lost_attempts_whose_price_nobody_knows_end_the_run() -> None:
    budget = Budget(Caps(max_cost=1.0))
    lost = nb.Call(index=0, custom_id="a", prompt="")
    for _ in range(3):
        reserved = budget.reserve(Estimate(10, 500))
        assert reserved is not None
        budget.reconcile(reserved, lost, billed=True, answered=False)

    with pytest.raises(nb.BudgetError, match="prices="):
        budget.reserve(Estimate(10, 500))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The quick brown fox jumps over the lazy dog", 9),
        ("今天天气很好,我们去公园散步吧", 14),
        ("आज मौसम बहुत अच्छा है", 17),
        ("Сегодня хорошая погода", 9),
        ("🙂🙃👩‍🚀", 9),
        ('{"a": [1, 2.5], "b": null}', 16),
        ("\ud83d", 1),
    ],
)
def test_a_text_is_guessed_high_and_has_a_least(text: str, tokens: int) -> None:
    assert tokens <= count_tokens(text) <= 3 * tokens
    assert least_tokens(text) <= tokens


def test_the_plan_says_how_well_caps_are_kept() -> None:
    caps = Caps(max_total_tokens=1000)

    assert describe_caps(Caps(), is_unlimited=True) == ""
    assert "above 4,096 tokens" in describe_caps(caps, is_unlimited=True)
    assert "if the server keeps to max_tokens" in describe_caps(caps, is_unlimited=False)
    assert "dearest" in describe_caps(Caps(max_cost=1.0), is_unlimited=False)


def test_a_server_that_ignores_max_tokens_is_found_out_by_one_call() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 3000, "total_tokens": 3010}
    with gated_server(chat=lambda body: reply("word " * 3000, usage=usage)) as server:
        run = nb.run(
            ["Who?"] * 50,
            connect_to(server.base_url),
            max_tokens=10,
            max_total_tokens=20_000,
            progress=False,
        )

    assert 15_000 < sum((c.input_tokens or 0) + (c.output_tokens or 0) for c in run.calls) <= 20_000
    assert any("longer than max_tokens" in notice for notice in run.notices)
