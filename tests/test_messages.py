"""A message is text for Python, and says the same with options on the command line."""

from __future__ import annotations

import ast
import copy
import pickle
from pathlib import Path

import pytest

import aiml_nb
from aiml_nb.errors import BudgetError
from aiml_nb.messages import Message, argument, either, for_command_line, in_request, message_of

PACKAGE = Path(aiml_nb.__file__).parent


@pytest.mark.parametrize(
    ("message", "python", "command_line"),
    [
        (argument("max_cost"), "max_cost", "--max-cost"),
        (argument("max_calls", 1), "max_calls=1", "--max-calls 1"),
        (argument("simulate", True), "simulate=True", "--simulate"),
        (argument("seed", ""), "seed=", "--seed"),
        (either("model=", "--model"), "model=, on the command line --model", "--model"),
        (
            in_request("extra_body", "{'top_k': …}"),
            "extra_body={'top_k': …}",
            '"extra_body": {"top_k": …}',
        ),
        (
            "for " + argument("max_cost", 2) + " more",
            "for max_cost=2 more",
            "for --max-cost 2 more",
        ),
        (
            argument("seed", "") + " and " + argument("base_url", "") + " contradict",
            "seed= and base_url= contradict",
            "--seed and --base-url contradict",
        ),
        (Message("Same."), "Same.", "Same."),
    ],
)
def test_both_forms(message: Message, python: str, command_line: str) -> None:
    assert (message, for_command_line(message)) == (python, command_line)


def test_text_without_arguments_is_the_same() -> None:
    assert for_command_line("max_calls=4, said by a server") == "max_calls=4, said by a server"


@pytest.mark.parametrize("kind", [ValueError, TypeError, BudgetError])
def test_errors_are_texts_in_python_and_keep_the_other_form(kind: type[Exception]) -> None:
    error = kind(argument("max_calls", 4) + " is used up")

    assert (str(error), type(str(error))) == ("max_calls=4 is used up", str)
    assert for_command_line(error) == "--max-calls 4 is used up"
    assert for_command_line("No: " + message_of(error)) == "No: --max-calls 4 is used up"


def test_errors_of_ours_are_printable_in_both_forms() -> None:
    error = BudgetError(argument("max_calls", "\x1b[2J"))

    assert (str(error), for_command_line(error)) == ("max_calls=�[2J", "--max-calls �[2J")


def test_errors_of_others_are_what_they_say() -> None:
    assert (
        for_command_line(OSError(2, "No such file", "q.txt")) == "[Errno 2] No such file: 'q.txt'"
    )
    assert for_command_line(ValueError()) == ""


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))],  # noqa: S301  our own
)
def test_copies_keep_both_forms(again) -> None:  # type: ignore[no-untyped-def]
    made = again(argument("max_calls", 4))

    assert (made, for_command_line(made)) == ("max_calls=4", "--max-calls 4")


def test_no_f_string_takes_a_message_in() -> None:
    """It would keep the Python form alone, without a word."""
    makers = {"Message", "argument", "either", "in_request", "join"}
    sources = [path for path in PACKAGE.rglob("*.py") if "messages import" in path.read_text()]
    lost = [
        f"{path}:{node.lineno}"
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FormattedValue)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id in makers
    ]

    assert len(sources) > 20
    assert lost == []
