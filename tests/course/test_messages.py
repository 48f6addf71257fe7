"""Whatever a learner hands over, the message names the mistake, in words and not in addresses."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from aiml_nb.course import check
from aiml_nb.course.engine.explain import _EXPLANATIONS

from .mutants import hurried, solved_exercises

KEYS = [solved.key for solved in solved_exercises()]


async def prepared() -> None:
    """Do nothing."""


def no_arguments() -> None:
    """Take nothing, and give nothing."""


async def nothing(*_: Any) -> None:
    """Return nothing, after a moment."""
    await asyncio.sleep(0)


ODD: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "a number": lambda: 42,
    "a text": lambda: "42",
    "a list of a list": lambda: [[]],
    "a class": lambda: type("Answer", (), {}),
    "a coroutine": lambda: prepared(),
    "no arguments": lambda: no_arguments,
    "nothing": lambda: lambda *_: None,
    "nothing, async": lambda: nothing,
    "itself": lambda: lambda *given: given,
    "an object": lambda: lambda *_: object(),
    "a coroutine in a function": lambda: lambda *_: prepared(),
    "too few": lambda: lambda *given: [][len(given)],
    "no key": lambda: lambda *_: {}["name"],
    "nothing to add": lambda: lambda *_: None + 1,  # type: ignore[operator]
    "a list as a key": lambda: lambda *_: {[]: 1},
}


def complaints(text: str) -> list[str]:
    """Return what a learner could not make sense of in a message."""
    found = re.findall(r"0x[0-9a-f]{4}|<coroutine|<function|<object", text)
    if "stopped with" in text and not text.endswith(tuple(_EXPLANATIONS.values())):
        found.append("an error that is not explained")
    return found if text.endswith((".", "?", ")")) else [*found, "no end"]


@pytest.mark.filterwarnings("ignore:.*never awaited")
@pytest.mark.parametrize("key", KEYS)
def test_no_odd_answer_passes_and_its_message_is_in_words(key: str) -> None:
    with hurried():
        verdicts = {name: check(key, make()) for name, make in ODD.items()}

    assert [name for name, verdict in verdicts.items() if verdict] == []
    assert [(name, v.text) for name, v in verdicts.items() if complaints(v.text)] == []
