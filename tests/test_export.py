"""What ``--json`` writes is complete, documented and plain."""

from __future__ import annotations

import json

import aiml_nb as nb
from aiml_nb.export import comparison_to_dict, run_to_dict, to_json

RUN_KEYS = [
    *("strategy", "max_concurrency", "makespan", "lower_bound", "overtakes", "loop_lag_max"),
    "calls",
]
CALL_KEYS = [
    *("index", "prompt", "submitted", "started", "first_token", "finished", "outcome"),
    *("error_type", "text", "input_tokens", "output_tokens", "cost", "attempts"),
]


def make_run(*finished: float, text: str = "Yes.") -> nb.Run:
    calls = [
        nb.Call(
            index=index,
            custom_id=f"call-{index}",
            prompt="Who?",
            submitted=0.0,
            started=0.0,
            finished=finish,
            outcome="ok",
            text=text,
            attempts=[nb.Attempt(number=1, started=0.0, finished=finish, status=200)],
        )
        for index, finish in enumerate(finished)
    ]
    return nb.Run(
        strategy="gather",
        max_concurrency=2,
        stream=False,
        model="gpt-4o",
        base_url="http://127.0.0.1/v1",
        simulated=True,
        seed=0,
        started_at=0.0,
        calls=calls,
    )


def test_a_run_has_its_documented_fields_in_order() -> None:
    data = run_to_dict(make_run(5.0, 1.0))

    assert list(data) == RUN_KEYS
    assert list(data["calls"][0]) == CALL_KEYS
    assert (data["makespan"], data["lower_bound"], data["overtakes"]) == (5.0, 5.0, 1)
    assert data["calls"][0]["first_token"] is None
    assert data["calls"][0]["attempts"][0]["status"] == 200


def test_pairs_are_written_when_there_are_several() -> None:
    pair = (make_run(2.0, 3.0), make_run(2.0, 1.0))

    one = comparison_to_dict(nb.Comparison(pairs=[pair]))
    two = comparison_to_dict(nb.Comparison(pairs=[pair, pair], order_seed=0))

    assert one["version"] == 1
    assert one["interval"] is None
    assert "pairs" not in one
    assert [[run["makespan"] for run in runs] for runs in two["pairs"]] == [[3.0, 2.0]] * 2
    assert json.loads(to_json(two))["pairs"] == two["pairs"]


def test_hostile_answers_and_numbers_become_plain_json() -> None:
    run = make_run(1.0, text="\ud800 \x00 \x1b[31m \u2028")
    run.calls[0].cost = float("nan")

    text = to_json(run_to_dict(run))

    assert text.isascii()
    assert json.loads(text)["calls"][0]["text"] == run.calls[0].text
    assert json.loads(text)["calls"][0]["cost"] is None
