"""The command line speaks of its own options, and leaves other words alone."""

from __future__ import annotations

import pytest

from aiml_nb.cli.wording import speak_options

SENTENCES = {
    "max_calls=4 is used up": "--max-calls 4 is used up",
    "do not fit into max_cost=1.0, of which": "do not fit into --max-cost 1.0, of which",
    "max_cost needs prices=(input, output).": "--max-cost needs --prices IN OUT.",
    "base_url= and simulate=True contradict": "--base-url and --simulate contradict",
    "seed= and base_url= contradict": "--seed and --base-url contradict",
    "strategy must be one of 'gather'": "--strategy must be one of 'gather'",
    "model must be text": "--model must be text",
    "run_timeout=5 s": "--run-timeout 5 s",
    "without: connect(simulate=True), on the command line --simulate.": "without: --simulate.",
    "Give connect(base_url=…, api_key=…), on the command line --api-key-env NAME.": (
        "Give --api-key-env NAME."
    ),
    "'x' (model=, on the command line --model)?": "'x' (--model)?",
    "Go on: aiml_nb.resume('a(b).jsonl'), in a shell --resume.": "Go on: add --resume.",
    "retry_failed=True sends it again.": "--retry-failed sends it again.",
    "write extra_body={'top_k': …}.": 'write "extra_body": {"top_k": …}.',
    "to each run: extra_query={'version': …, 'a': …}.": (
        'in each line of the prompts: "extra_query": {"version": …, "a": …}.'
    ),
    "The model must answer before the timeout; max_tokens=5.": (
        "The model must answer before the timeout; max_tokens=5."
    ),
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_arguments_become_options(sentence: str) -> None:
    assert speak_options(sentence) == SENTENCES[sentence]
