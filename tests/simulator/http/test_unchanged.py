"""What a seed gave once, it gives for ever: lessons and saved runs are compared with it."""

from __future__ import annotations

import hashlib
import json

import pytest

from aiml_nb.simulator import Arrival, Settings, scenario, simulate
from aiml_nb.simulator.http.chunks import DONE, ChunkWriter
from aiml_nb.simulator.http.openai_format import Label, write_completion

from ..caller import LONG, SHORT

PROMPTS = [LONG, SHORT, *(f"Question {number}?" for number in range(60))]
ARRIVALS = [
    Arrival(number / 7, PROMPTS[number * 13 % len(PROMPTS)], None if number % 5 else 20)
    for number in range(300)
]
LABEL = Label("chatcmpl-1", 1, "gpt-4o")
NAMES = (
    "number", "repeat", "arrived", "started", "first_token", "finished", "token_time",
    "prompt_tokens", "tokens", "status", "limit",
)  # fmt: skip


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def read_plan(plan):
    values = [getattr(plan, name) for name in NAMES]
    rounded = [round(value, 6) if isinstance(value, float) else value for value in values]
    return json.dumps([*rounded, plan.fault and plan.fault.name])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("faq", "194476b9ea687815"),
        ("classroom", "c21252a1d96bed2b"),
        ("tight", "c988878dad8c9dfd"),
        ("crowded", "4fbb700b22036f3d"),
        ("stragglers", "ddf45369cbfad07a"),
        ("seven", "db8b3f167d2a0f6e"),
        ("rate-limits", "f3da2036f6323644"),
        ("hiccups", "b0baf61a636e568c"),
        ("chaos", "8b087d35b38f0fa4"),
    ],
)
def test_the_plans_of_the_scenarios(name, expected):
    plans = simulate(ARRIVALS, scenario(name, seed=3))

    assert digest("\n".join(map(read_plan, plans)).encode()) == expected


def test_the_bytes_of_whole_answers_and_of_streams():
    plans = [plan for plan in simulate(ARRIVALS, Settings(seed=3)) if plan.status == 200]
    whole, streamed = [], []
    for plan in plans:
        whole.append(write_completion(plan, LABEL))
        for include_usage in (False, True):
            writer = ChunkWriter(plan, LABEL, include_usage=include_usage)
            streamed += [writer.write_roles(), writer.write_tokens(plan.length)]
            streamed += [writer.write_finish(), writer.write_usage(), DONE]

    assert digest(b"".join(whole)) == "ce5129b05e8a52e6"
    assert digest(b"".join(streamed)) == "b0fb6daa6a505221"
