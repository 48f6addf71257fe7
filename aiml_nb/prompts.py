"""From what users have (texts, messages, a table's column, a file) to prompts that can be sent."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What one call asks.

    Parameters
    ----------
    messages
        As the chat completions API takes them.
    parameters
        Request parameters of this prompt alone; they win over those of the run.
    custom_id
        The prompt's own name, None for a numbered one.
    """

    messages: list[dict[str, Any]]
    parameters: dict[str, Any] = field(default_factory=dict)
    custom_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse a prompt that asks nothing."""
        if not self.messages or not all(map(_is_message, self.messages)):
            raise ValueError(f"messages must be a list of messages; not {_shorten(self.messages)}.")

    @property
    def label(self) -> str:
        """The text of the last user message; of the last message if none is the user's."""
        users = [message for message in self.messages if message.get("role") == "user"]
        content = (users or self.messages)[-1].get("content")
        if isinstance(content, str):
            return content
        parts = content if isinstance(content, list) else []
        texts = [part.get("text") for part in parts if isinstance(part, dict)]
        return " ".join(text for text in texts if isinstance(text, str))


def as_prompts(prompts: object) -> list[Prompt]:
    """Return `prompts` as a list of `Prompt`.

    Parameters
    ----------
    prompts
        Texts, message lists, `Prompt` objects or Batch-like mappings (``{"messages": …}`` plus
        parameters, or ``{"custom_id", "body"}``) in a list or a table's column; or the path of a
        JSONL file of OpenAI Batch requests, or of a text file with one prompt per line.

    Raises
    ------
    TypeError
        If `prompts` is a single text, or one of them is neither text nor messages.
    ValueError
        If there are none, one is empty, or a line of the file cannot be read.
    """
    if isinstance(prompts, os.PathLike) or _is_file_name(prompts):
        return read_prompts(Path(prompts))  # type: ignore[arg-type]
    if isinstance(prompts, str | bytes | Mapping):
        raise TypeError(
            f"prompts must be a list, not the single {type(prompts).__name__} "
            f"{_shorten(prompts)}. Put it in a list: [{_shorten(prompts)}]."
        )
    if hasattr(prompts, "columns"):
        names = list(prompts.columns)
        raise TypeError(
            f"prompts is a whole table with the columns {_shorten(names)}. Give one of them: "
            f"table[{names[0]!r}]."
            if names
            else "prompts is a table without columns."
        )
    if not isinstance(prompts, Iterable):
        raise TypeError(
            f"prompts must be a list of texts or of message lists, not {_shorten(prompts)}."
        )
    found = list(prompts)
    if not found:
        raise ValueError(
            "prompts is empty. Give at least one, for example aiml_nb.prompts.FAQ (the FAQ's two)."
        )
    if all(_is_message(item) for item in found):
        raise TypeError(
            "prompts is one conversation (a list of messages), and a list of conversations is "
            "expected. Put it in a list: [messages]."
        )
    return [_as_prompt(item, f"Prompt {number}") for number, item in enumerate(found, 1)]


def read_prompts(path: Path, *, on_bad: Callable[[str], None] | None = None) -> list[Prompt]:
    """Read prompts from a file: JSONL of Batch requests, CSV, or text with one prompt per line.

    A CSV file has its prompts in the column ``prompt``, or has one column only.

    Parameters
    ----------
    path
        The file; its ending tells which it is.
    on_bad
        Is told of each wrong line, which is then passed over; None raises.

    Raises
    ------
    ValueError
        If the file cannot be read, has no prompt, or a line is wrong; its number is given.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"The prompts file '{path}' cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ValueError(f"The prompts file '{path}' cannot be read: it is not UTF-8.") from None
    prompts, bad = [], 0
    for number, item in _split(text, path):
        try:
            prompts.append(_read_item(item, f"Line {number} of '{path}'"))
        except ValueError as error:
            if on_bad is None:
                raise
            bad += 1
            on_bad(str(error))
    if not prompts and not bad:
        raise ValueError(f"The prompts file '{path}' is empty. Write one prompt per line.")
    return prompts


def _split(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    """Yield each line's number and what it holds: JSON text still to be read, or a prompt."""
    if path.suffix == ".csv":
        yield from _split_csv(text, path)
        return
    as_json = path.suffix in {".jsonl", ".ndjson"}
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.encode() if as_json else line.strip()


def _split_csv(text: str, path: Path) -> Iterator[tuple[int, str]]:
    rows = csv.DictReader(io.StringIO(text))
    names = list(rows.fieldnames or [])
    if "prompt" not in names and len(names) != 1:
        raise ValueError(
            f"'{path}' has the columns {_shorten(names)}, and none is called 'prompt'. Rename one."
        )
    column = "prompt" if "prompt" in names else names[0]
    for row in rows:
        yield rows.line_num, row[column] or ""


def _read_item(item: str | bytes, place: str) -> Prompt:
    try:
        return _as_prompt(json.loads(item) if isinstance(item, bytes) else item, place)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{place} is not JSON: {error}.") from None
    except TypeError as error:
        raise ValueError(str(error)) from None


def _as_prompt(item: object, place: str) -> Prompt:
    if isinstance(item, Prompt):
        return item
    if isinstance(item, str):
        if not item.strip():
            raise ValueError(f"{place} is empty. Leave it out or write a question.")
        return Prompt(messages=[{"role": "user", "content": item}])
    if isinstance(item, list | tuple) and item and all(_is_message(part) for part in item):
        return Prompt(messages=[dict(part) for part in item])
    if isinstance(item, Mapping):
        return _from_mapping(item, place)
    raise TypeError(
        f"{place} is {_shorten(item)}, which is neither text nor messages. "
        "Write 'a question' or [{'role': 'user', 'content': 'a question'}]."
    )


def _from_mapping(item: Mapping[str, Any], place: str) -> Prompt:
    """Read a Batch line, ``{"custom_id", "body"}``, or its body alone."""
    body = item.get("body", item)
    messages = body.get("messages") if isinstance(body, Mapping) else None
    if not (isinstance(messages, list) and messages and all(map(_is_message, messages))):
        raise TypeError(
            f"{place} is {_shorten(item)}, which has no messages. "
            "Write {'messages': [{'role': 'user', 'content': 'a question'}]}."
        )
    parameters = {key: value for key, value in body.items() if key != "messages"}
    if parameters.get("stream") is False:  # that is what it means when it is not there
        del parameters["stream"]
    custom_id = item.get("custom_id", parameters.pop("custom_id", None))
    if custom_id is not None and not isinstance(custom_id, str):
        raise TypeError(f"{place} has the custom_id {_shorten(custom_id)}, which is not text.")
    return Prompt(messages=messages, parameters=parameters, custom_id=custom_id)


def _is_message(item: object) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("role"), str)


def _is_file_name(prompts: object) -> bool:
    return isinstance(prompts, str) and prompts.endswith((".jsonl", ".ndjson", ".csv"))


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
