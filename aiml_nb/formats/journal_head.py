"""The head of a journal of many prompts: lines of some hundred each, which are read one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .lines import encode, encode_record

PROMPTS = "aiml_nb_prompts"  # marks a line with more of the prompts of the head above it
PROMPTS_A_LINE = 500  # so that they can be read one after the other


def head_lines(head: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a head: very many prompts follow in lines of their own.

    Raises
    ------
    TypeError, ValueError
        If it holds what JSON does not know.
    """
    prompts, size = head["prompts"], PROMPTS_A_LINE
    if len(prompts) <= size:
        yield encode(head)
        return
    yield encode({**head, "n_prompts": len(prompts), "prompts": prompts[:size]})
    for first in range(size, len(prompts), size):
        yield prompts_line(first, prompts[first : first + size])


def prompts_line(first: int, prompts: list[dict[str, Any]], *, are_texts: bool = False) -> str:
    """Return a line with some of the prompts of a run.

    Parameters
    ----------
    first
        The number of the first of them, from 0.
    are_texts
        All they hold is text, which needs no second look.
    """
    return (encode_record if are_texts else encode)({PROMPTS: first, "prompts": prompts})
