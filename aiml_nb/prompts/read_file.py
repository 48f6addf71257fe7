"""`read_prompts`: the prompts of a file of lines, or of a table with a column for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..messages import message_of
from .files import LINES, split_file
from .from_rows import unasked
from .ids import unique_ids
from .prompt import Prompt, as_prompt, shorten
from .refusals import explain_lines


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
    found = read_file(Path(path), check, header=header, column=column, encoding=encoding)
    bad = [(each.place, each.problem) for each in found if each.problem is not None]
    if bad and on_bad is None:
        raise ValueError(explain_lines(bad))
    for _, problem in bad:
        if on_bad is not None:
            on_bad(problem)
    return [each for each in found if each.problem is None]


def read_file(
    path: Path, check: Callable[[Prompt], None] | None = None, **how: Any
) -> list[Prompt]:
    """Return the prompts of a file, those that cannot be asked with a ``problem``."""
    found = [*_read_items(path, check, **how)]
    if not any(prompt.row for prompt in found):
        return found
    ids = unique_ids([each.custom_id for each in found])
    return [replace(each, custom_id=name) for each, name in zip(found, ids, strict=True)]


def _read_items(
    path: Path, check: Callable[[Prompt], None] | None = None, **how: Any
) -> Iterator[Prompt]:
    """Yield the prompts of a file; the ids of tables are not unique yet."""
    named: dict[str, str] = {}
    name = None
    whose = f" of {str(path)!r}"
    for name, item in split_file(path, **how):
        try:
            prompt = _read_item(item, name + whose)
            if check:
                check(prompt)
            own = None if prompt.row else prompt.custom_id  # those of tables become unique later
            if own and named.setdefault(own, name) is not name:
                raise ValueError(_explain_id(prompt, named[own]))
        except (TypeError, ValueError) as error:
            prompt = replace(unasked(message_of(error)), place=name)
        yield prompt
    if name is None:
        raise ValueError(f"The prompts file {str(path)!r} is empty. Write one prompt per line.")


def _explain_id(prompt: Prompt, line: str) -> str:
    name = shorten(prompt.custom_id)
    return f"{prompt.place} has the custom_id {name} of {line.lower()}. Give each its own, or none."


def _read_item(item: object, place: str) -> Prompt:
    if isinstance(item, ValueError):
        raise ValueError(f"{place} {item}")
    prompt = as_prompt(item, place, source=place)
    return prompt if prompt.place is not None else replace(prompt, place=place)


def iter_file(
    path: Path,
    *,
    on_bad: str = "raise",
    check: Callable[[Prompt], None] | None = None,
    **how: Any,
) -> Iterator[Prompt]:
    """Yield the prompts of a file, as `read_prompts` reads it.

    Parameters
    ----------
    on_bad
        ``"skip"`` yields a line that is wrong as a prompt with a ``problem``.
    check
        As in `read_prompts`.

    Raises
    ------
    ValueError
        As `read_prompts`; if lines are wrong, after the last.
    """
    bad: list[tuple[str | None, str]] = []
    lines = path.suffix.lower() in LINES
    for prompt in _read_items(path, check, **how) if lines else read_file(path, check, **how):
        if prompt.problem is not None:
            bad.append((prompt.place, prompt.problem))
        if prompt.problem is None or on_bad == "skip":
            yield prompt
    if bad and on_bad == "raise":
        raise ValueError(explain_lines(bad))
