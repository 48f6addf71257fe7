"""What a run may spend, and what happens when it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.prompts import Prompt
from aiml_nb.records import Call
from aiml_nb.runner.limits.budget import Budget, Caps
from aiml_nb.runner.limits.estimate import Estimate, Estimator

from .conftest import connect_faulty, run_skipping
from .test_run import read_log

STRATEGIES = ["sequential", "threads", "gather", "workers"]


def chats(endpoint: nb.Endpoint) -> int:
    return sum(r["number"] is not None for r in read_log(endpoint)["requests"])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_max_calls_counts_every_request(strategy: str) -> None:
    endpoint = connect_faulty(faults={"*": [503]})

    run = run_skipping(
        [f"Q{n}" for n in range(20)], endpoint, strategy=strategy, max_concurrency=3, max_calls=7
    )

    assert chats(endpoint) == 7
    assert sum(len(call.attempts) for call in run.calls) == 7
    blocked = [call for call in run.calls if call.outcome == "not_started"]
    assert blocked
    assert {call.error_type for call in blocked} == {"blocked_by_budget"}
    assert run.stopped is not None
    assert "max_calls=7" in run.stopped


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_max_total_tokens_is_never_exceeded(strategy: str) -> None:
    endpoint = connect_faulty()

    run = run_skipping(
        ["Who?"] * 30,
        endpoint,
        strategy=strategy,
        max_concurrency=4,
        max_tokens=100,
        max_total_tokens=1000,
    )

    spent = sum((c.input_tokens or 0) + (c.output_tokens or 0) for c in run.calls)
    assert 500 < spent <= 1000
    assert any(call.error_type == "blocked_by_budget" for call in run.calls)


def test_max_cost_by_prices_is_never_exceeded() -> None:
    endpoint = connect_faulty()

    run = run_skipping(["Who?"] * 30, endpoint, max_tokens=100, max_cost=0.002, prices=(1.0, 10.0))

    cost = sum((c.input_tokens or 0) * 1e-6 + (c.output_tokens or 0) * 1e-5 for c in run.calls)
    assert 0 < cost <= 0.002
    assert any(call.error_type == "blocked_by_budget" for call in run.calls)


def test_max_cost_by_what_the_server_reports_begins_with_one_call() -> None:
    endpoint = connect_faulty(profile="aimlapi")

    alone = run_skipping(["Who?"], endpoint).calls[0].cost
    assert alone
    run = run_skipping(["Who?"] * 20, endpoint, max_cost=5.5 * alone, max_concurrency=10)

    assert sum(call.cost or 0.0 for call in run.calls) <= 5.5 * alone
    assert sum(call.outcome == "ok" for call in run.calls) >= 3
    first, second = sorted(call.started or 0.0 for call in run.calls if call.started)[:2]
    assert min(c.finished for c in run.calls if c.finished) <= second  # type: ignore[type-var]
    assert first < second


@pytest.mark.parametrize(
    ("caps", "error", "said"),
    [
        ({"max_calls": 0}, nb.BudgetError, "below the first call"),
        ({"max_total_tokens": -5}, nb.BudgetError, "max_total_tokens=-5"),
        ({"max_cost": 0.0}, nb.BudgetError, "max_cost=0.0"),
        ({"max_total_tokens": 5}, nb.BudgetError, "below the first call"),
        ({"max_cost": 1e-6, "prices": (1, 1)}, nb.BudgetError, "below the first call"),
        ({"max_calls": 1.5}, TypeError, "not 1.5"),
        ({"max_cost": True}, TypeError, "not True"),
        ({"max_cost": 1, "prices": (-1, 2)}, ValueError, r"prices .* not \(-1, 2\)"),
        ({"max_cost": 1, "prices": (float("nan"), 2)}, ValueError, r"prices .* \(nan, 2\)"),
        ({"max_cost": 1, "prices": (1,)}, ValueError, "prices must be two"),
        ({"max_cost": 1, "prices": "12"}, ValueError, "prices must be two"),
        ({"max_total_tokens": 999, "max_tokens": "many"}, ValueError, "max_tokens .* not 'many'"),
        ({"max_total_tokens": 999, "max_tokens": -600}, ValueError, "max_tokens .* not -600"),
        ({"temperature": float("nan")}, ValueError, "temperature must be a number; not nan"),
    ],
)
def test_caps_that_are_none_are_refused(
    caps: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        nb.run(["Who?"], connect_faulty(), **caps)


def test_a_cost_that_nobody_tells_cannot_be_capped() -> None:
    endpoint = nb.connect(base_url="http://127.0.0.1:1/v1", verbose=False)

    with pytest.raises(nb.BudgetError, match=r"prices=\(input, output\)"):
        nb.run(["Who?"], endpoint, max_cost=1.0)


def test_a_run_that_goes_on_keeps_its_caps(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    endpoint = nb.connect(scenario="instant", seed=2, verbose=False)
    nb.run(["A?", "B?", "C?", "D?"], endpoint, max_calls=3, journal=path, strategy="sequential")

    still = nb.resume(path)
    more = nb.resume(path, max_calls=4)

    assert [call.outcome for call in still.calls] == ["ok"] * 3 + ["not_started"]
    assert still.stopped is not None
    assert "max_calls=3" in still.stopped
    assert [call.outcome for call in more.calls] == ["ok"] * 4


def test_what_is_reserved_comes_back_when_less_was_used() -> None:
    budget = Budget(Caps(max_total_tokens=1000))
    call = Call(index=0, custom_id="a", prompt="", input_tokens=10, output_tokens=20)
    for _ in range(17):
        reserved = budget.reserve(Estimate(10, 500))
        assert reserved is not None
        budget.reconcile(reserved, call, billed=True, answered=True)
    with pytest.raises(nb.BudgetError, match="510 are spent"):
        budget.reserve(Estimate(10, 500))


def test_four_characters_count_as_a_token() -> None:
    content = "x" * 400

    assert estimate(content, max_tokens=50) == Estimate(104, 50)
    assert estimate(content).output_tokens == 500
    assert estimate(content, system="x" * 400).input_tokens == 208
    assert estimate(content, tools=["x" * 400]).input_tokens > 200
    assert estimate(content, max_tokens=50, n=3).output_tokens == 150
    assert estimate(content, max_tokens=50, n="many").output_tokens == 50
    assert estimate(content, max_tokens=50, extra_body={"max_tokens": 900}).output_tokens == 900


def test_a_prompts_own_parameters_count_first() -> None:
    own = Prompt(messages=[{"role": "user", "content": "x" * 400}], parameters={"max_tokens": 7})
    plain = Prompt(messages=own.messages)
    estimator = Estimator({"max_tokens": 50, "system": "x" * 400})

    assert estimator.estimate(own) == Estimate(208, 7)
    assert estimator.estimate(plain) == Estimate(208, 50)


def test_a_picture_is_no_long_text():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400_000}}
    content = [{"type": "text", "text": "What is it?"}, image]

    assert 1000 < estimate(content).input_tokens < 1100


def estimate(content: object, **parameters: object) -> Estimate:
    """Guess the tokens of a call that asks for `content` alone."""
    return Estimator(parameters).estimate(Prompt(messages=[{"role": "user", "content": content}]))
