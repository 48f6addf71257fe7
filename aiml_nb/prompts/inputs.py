"""`as_prompts`, `read_prompts`: from texts, messages, a table column or a file to prompts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from ..messages import message_of
from .files import ENDINGS, split_file
from .prompt import ADVICE, Prompt, as_prompt, is_message, shorten

__all__ = ["FAQ", "TWENTY", "Prompt", "as_prompts", "read_prompts"]

FAQ = [
    "List the 5 most famous hockey players of the 20th century.",
    "What is 2+2?",
]
"""The two questions of the AIML API FAQ: a long answer asked for first, a short one second."""

TWENTY = [
    "Name three rivers in Europe.",
    "Explain why the sky is blue to a ten-year-old.",
    "What is the boiling point of water at sea level?",
    "Write a haiku about the first snow.",
    "Summarise the story of Cinderella in two sentences.",
    "List four uses of a paper clip.",
    "What does HTTP stand for?",
    "Describe how a bicycle stays upright.",
    "Translate 'good morning' into French, Spanish and Italian.",
    "Why do cats purr?",
    "Give a recipe for pancakes.",
    "Who painted the Mona Lisa?",
    "Explain recursion with an everyday example.",
    "What is the capital of Australia?",
    "List the planets in order from the sun.",
    "How does a vaccine work?",
    "Suggest three names for a sailing boat.",
    "What is the difference between weather and climate?",
    "Convert 100 kilometres to miles.",
    "Write a limerick about a forgetful wizard.",
]
"""Twenty everyday questions with answers of different lengths."""


def as_prompts(prompts: object) -> list[Prompt]:
    """Return `prompts` as a list of `Prompt`.

    Parameters
    ----------
    prompts
        Texts, message lists, `Prompt` objects or mappings (``{"prompt": …}`` or ``{"messages": …}``
        plus parameters, or an OpenAI Batch request) in a list or a table's column; or the path of
        a file of them: see `read_prompts`.

    Raises
    ------
    TypeError
        If `prompts` is a single text, or one of them is neither text nor messages.
    ValueError
        If there are none, one is empty, or a line of the file cannot be read.
    """
    if isinstance(prompts, os.PathLike) or _is_file_name(prompts):
        return read_prompts(Path(prompts))  # type: ignore[arg-type]
    # A string is iterable as well: it would become one prompt per letter.
    if isinstance(prompts, str | bytes | Mapping):
        raise TypeError(
            f"prompts must be a list, not the single {type(prompts).__name__} "
            f"{shorten(prompts)}{_advise_on_single(prompts)}"
        )
    # A whole DataFrame is iterable, too, over the names of its columns.
    if hasattr(prompts, "columns"):
        raise TypeError(
            f"prompts is a whole table with the columns {shorten(list(prompts.columns))}"
            f"{_advise_on_table(prompts)}"
        )
    if not isinstance(prompts, Iterable):
        raise TypeError(
            f"prompts must be a list of texts or of message lists, not {shorten(prompts)}."
        )
    found = list(prompts)
    if not found:
        raise ValueError(
            "prompts is empty. Give at least one, for example aiml_nb.prompts.FAQ (the FAQ's two)."
        )
    # Each message would become a prompt of its own.
    if all(is_message(item) for item in found):
        raise TypeError(
            "prompts is one conversation (a list of messages), and a list of conversations is "
            "expected. Put it in a list: [messages]."
        )
    return [as_prompt(item, f"Prompt {number}") for number, item in enumerate(found, 1)]


def read_prompts(
    path: str | Path,
    *,
    header: bool | None = None,
    column: str | int | None = None,
    encoding: str | None = None,
    on_bad: Callable[[str], None] | None = None,
    check: Callable[[Prompt], None] | None = None,
) -> list[Prompt]:
    """Read prompts from a file; its ending tells which kind it is.

    - JSONL (``.jsonl``, ``.ndjson``): on each line ``{"prompt": "…"}`` or ``{"messages": […]}``
      with request parameters beside it and a ``custom_id`` (or ``id``) if it is to have a name; an
      OpenAI Batch request, ``{"custom_id", "method", "url", "body"}``; or a text in quotes.
    - JSON (``.json``): a list of the same.
    - CSV (``.csv``, ``.tsv``; comma, semicolon, tab or bar): the column ``prompt``; names are
      taken from a column ``custom_id`` or ``id``, and other columns are passed over. A table
      without these names in its first line needs `header` or `column`.
    - Anything else: text with one prompt per line.

    Parameters
    ----------
    path
        The file.
    header
        Whether a table's first line names its columns; None finds out, or asks.
    column
        The prompts' column in a table: its name, or its number from 1.
    encoding
        As Python names it, such as ``cp1252``; None takes UTF-8, or UTF-16 that says so.
    on_bad
        Called with the message for each wrong line, which is then skipped; None raises.
    check
        Raises TypeError or ValueError for a prompt that is wrong for another reason.

    Raises
    ------
    ValueError
        If the file cannot be read, has no prompt, or a line is wrong; its number is given. Of two
        lines with one custom_id the later is wrong.
    """
    path, prompts, bad = Path(path), [], 0
    named: dict[str, str] = {}
    for name, item in split_file(path, header=header, column=column, encoding=encoding):
        try:
            prompt = _read_item(item, f"{name} of {str(path)!r}")
            if check:
                check(prompt)
            if prompt.custom_id in named:
                raise ValueError(
                    f"{prompt.place} has the custom_id {shorten(prompt.custom_id)} of "
                    f"{named[prompt.custom_id].lower()}. Give each its own, or none."
                )
            if prompt.custom_id:
                named[prompt.custom_id] = name
            prompts.append(prompt)
        except (TypeError, ValueError) as error:
            if on_bad is None:
                raise ValueError(message_of(error)) from None
            bad += 1
            on_bad(message_of(error))
    if not prompts and not bad:
        raise ValueError(f"The prompts file {str(path)!r} is empty. Write one prompt per line.")
    return prompts


def _read_item(item: object, place: str) -> Prompt:
    if isinstance(item, ValueError):
        raise ValueError(f"{place} {item}")
    return replace(as_prompt(item, place), place=place)


def _advise_on_single(given: str | bytes | Mapping[str, object]) -> str:
    if isinstance(given, bytes):
        return ", which is not text. Decode it and put it in a list."
    if isinstance(given, str) or {"prompt", "messages", "body"} & given.keys():
        return f". Put it in a list: [{shorten(given)}]."
    if given and all(isinstance(text, str) for text in given.values()):
        return ". Give its texts: list(prompts.values())."
    return f", which has no prompt and no messages. {ADVICE} Put it in a list."


def _advise_on_table(table: Any) -> str:
    """Suggest the column called `prompt`, or the one with the longest texts."""
    names = list(table.columns)
    if "prompt" in names:
        return ". Give one of them: table['prompt']."
    sizes = {
        name: sum(len(each) for each in islice(table[name], 20) if isinstance(each, str))
        for name in names
    }
    found = max(names, key=lambda name: sizes[name], default=None)
    if not sizes.get(found):
        return ", and none of them is text. Give a column of questions."
    return f". Give one of them: table[{found!r}]."


def _is_file_name(prompts: object) -> bool:
    return isinstance(prompts, str) and prompts.lower().endswith(ENDINGS) and "\n" not in prompts
