"""Frameworks that others wrote: all of their calls are recorded, and nothing changes for them."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from ..kernels.environments import NEST, REPOSITORY, Environment, python_of
from .tool_server import ARGUMENTS, UNFIT, tool_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# What a watch needs, and the frameworks as they were when their rows were written.
OURS = (*NEST, "openai[aiohttp]>=3,<4", "tqdm>=4.66")
FRAMEWORKS = {
    "instructor": Environment("instructor", ("instructor>=1.17", *OURS)),
    "langchain": Environment("langchain-watched", ("langchain-openai>=1.3", *OURS)),
    "openai_agents": Environment("openai-agents", ("openai-agents>=0.24", *OURS)),
    "pydantic_ai": Environment("pydantic-ai", ("pydantic-ai-slim[openai]>=2.60", *OURS)),
    "litellm": Environment("litellm-watched", ("litellm>=1.110", *OURS)),
}
# The calls of each kind: what they are called, and what is special about them.
CHAT, STREAM, VECTORS = ["chat"], ["chat streamed"], ["embeddings"]
RETRIED, REFUSED, LEFT = ["chat after 429"], ["chat error 400"], ["chat streamed incomplete"]
RAISING = {"refused", "refused, async", "structured, unfit", "extract, unfit only"}
ROWS: dict[str, dict[str, list[str]]] = {
    "langchain": {
        "invoke": CHAT,
        "ainvoke": CHAT,
        "batch": CHAT * 3,
        "abatch": CHAT * 3,
        "stream": STREAM,
        "astream": STREAM,
        "astream, left": LEFT,
        "tools": CHAT,
        "structured, json_schema": CHAT,
        "structured, function_calling": CHAT,
        "structured, json_mode": CHAT,
        "structured, async": CHAT,
        "structured, unfit": CHAT,
        "chain": CHAT * 3,
        "chain, async": CHAT * 3,
        "chain, batch": CHAT * 9,
        "chain, stream": STREAM * 3,
        "chain, events": STREAM * 3,
        "parallel": CHAT * 5,
        "parallel, async": CHAT * 5,
        "embed query": VECTORS,
        "embed documents": VECTORS,
        "embed, async": VECTORS,
        "retried": RETRIED,
        "refused": REFUSED,
    },
    "litellm": {
        "completion": CHAT,
        "acompletion": CHAT,
        "stream": STREAM,
        "astream": STREAM,
        "stream, left": LEFT,
        "batch": CHAT * 3,
        "embedding": VECTORS,
        "aembedding": VECTORS,
        "retried": RETRIED,
        "refused": REFUSED,
        "refused, async": REFUSED,
    },
    "pydantic_ai": {
        "run_sync": CHAT * 2,
        "run_sync, no tool": CHAT,
        "run": CHAT * 2,
        "run_stream": STREAM * 2,
        "run_stream, output": STREAM * 2,
        "iterate": CHAT * 2,
        "output": CHAT * 2,
        "output, native": CHAT,
        "output, unfit": CHAT * 2,
        "retried": RETRIED * 2,
        "refused": REFUSED,
    },
    "openai_agents": {
        "run": CHAT * 2,
        "run_sync": CHAT,
        "run, output": CHAT,
        "run, handed off": CHAT * 2,
        "run_streamed": STREAM * 2,
        "retried": RETRIED,
        "refused": REFUSED,
    },
    "instructor": {
        "extract": CHAT,
        "extract, JSON": CHAT,
        "extract, with the answer": CHAT,
        "extract, in parts": STREAM,
        "extract, unfit first": CHAT * 2,
        "extract, unfit first, JSON": CHAT * 2,
        "extract, unfit only": CHAT,
        "extract, async, unfit first": CHAT * 2,
        "retried": RETRIED,
        "refused": REFUSED,
    },
}


def ask(framework: str) -> dict[str, Any]:
    """Run the program of a framework in its environment, and return what it tells of each kind."""
    with tool_server() as base_url:
        done = subprocess.run(
            [python_of(FRAMEWORKS[framework]), "-m", f"tests.watch.programs_{framework}", base_url],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"kind"')]
    return {line["kind"]: line for line in lines}


def describe(call: dict[str, Any]) -> str:
    """Name a call, and what is special about it."""
    earlier = [f"after {status}" for status in call["statuses"][:-1]]
    outcome = call["outcome"] if call["outcome"] != "ok" else ""
    words = [call["api"], "streamed" if call["streamed"] else "", *earlier, outcome]
    return " ".join(filter(None, [*words, call["error_type"]]))


@pytest.mark.parametrize("framework", ROWS)
def test_a_framework_is_recorded_and_gets_what_it_gets(framework: str) -> None:
    told = ask(framework)

    rows = {kind: list(map(describe, each["calls"])) for kind, each in told.items()}
    assert rows == ROWS[framework]
    for kind, each in told.items():
        assert each["within"] == each["without"], kind
        is_raised = kind in RAISING
        assert each["within"][0].startswith("raised") == is_raised, (kind, each["within"])
        assert [notice for notice in each["notices"] if "recorded" in notice] == []
        assert not each["leaks"]
        for call in each["calls"]:
            check(call)


def check(call: dict[str, Any]) -> None:
    """Look at what is the same in all calls."""
    assert call["prompt"]
    if call["outcome"] != "ok":
        return
    assert call["is_finished"]
    assert call["model"] == "served"
    assert call["tokens"] == (7 if call["api"] == "embeddings" else 10)
    assert call["statuses"][-1] == 200
    assert call["text"] in {"", ARGUMENTS, UNFIT}
