"""OpenTelemetry's own instrumentors beside a watch, in every order: both see all, none is left."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from ..kernels.environments import NEST, REPOSITORY, Environment, python_of
from .tool_server import tool_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OPENTELEMETRY = Environment(
    "opentelemetry",
    (
        *("opentelemetry-sdk>=1.45", "opentelemetry-instrumentation-httpx>=0.66b2"),
        *("opentelemetry-instrumentation-openai-v2>=2.4b0", "opentelemetry-util-genai>=0.4b0,<1"),
        *(*NEST, "openai[aiohttp]>=3,<4", "httpx>=0.28", "tqdm>=4.66"),
    ),
)
# How many of four calls each instrumentor sees: two are of openai clients, which send with httpx2,
# and two of httpx alone.
SEES = {"HTTPXClientInstrumentor": 2, "HTTPX2ClientInstrumentor": 2, "OpenAIInstrumentor": 2}


def test_an_instrumentor_and_a_watch_come_and_go_in_any_order() -> None:
    with tool_server() as base_url:
        done = subprocess.run(
            [python_of(OPENTELEMETRY), "-m", "tests.watch.programs_opentelemetry", base_url],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"instr')]

    assert [each["instrumentor"] for each in told] == [name for name in SEES for _ in range(6)]
    for each in told:
        check(each)


def check(told: dict[str, Any]) -> None:
    """Look at one order: who is on sees every call, who is off none, and all is as it was."""
    is_on = {"watch": False, "instrumentor": False}
    for step, recorded, spans in told["seen"]:
        who, _, how = step.partition(" ")
        is_on[who] = how == "on"
        expected = (4 * is_on["watch"], SEES[told["instrumentor"]] * is_on["instrumentor"])
        assert (recorded, spans) == expected, told
    assert told["outcomes"] == ["ok"]
    assert told["changed"] == []
