"""`as_prompts`, `read_prompts`: from texts, messages, a table column or a file to prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..messages import message_of
from .files import PARQUET, WORKBOOKS, split_file
from .from_rows import check_on_bad, prompt_column, prompts_from_rows, unasked
from .ids import unique_ids
from .prompt import Prompt, as_prompt, is_message, shorten
from .refusals import advise_on_single, explain_lines, is_file, refuse_all, refuse_file_names
from .rows import index_labels, is_series, is_table, rows_of, values_of
from .table_file import read_rows
from .template import Template


def as_prompts(
    prompts: object,
    *,
    prompt: object = None,
    system: object = None,
    on_bad: str = "raise",
    header: bool | None = None,
    column: str | int | None = None,
    encoding: str | None = None,
) -> list[Prompt]:
    """Return `prompts` as a list of `Prompt`.

    Parameters
    ----------
    prompts
        Texts, message lists, `Prompt` objects or mappings (``{"prompt": …}`` or ``{"messages": …}``
        plus parameters, or an OpenAI Batch request) in a list or a table's column; a table, with a
        column ``prompt`` or the argument of that name; or the path of a file of any of them: see
        `read_prompts`.
    prompt
        What to ask of each row of a table, a list of dictionaries or a file: a text, or messages,
        with the names of columns in braces (``"Classify: {review}"``). All columns are then the
        user's own; ids come from one called ``custom_id`` or ``id``.
    system
        With `prompt`, the system message as a template of the same kind.
    on_bad
        ``"skip"`` keeps rows that cannot be asked as prompts with a ``problem``.
    header, column, encoding
        Of a file, as in `read_prompts`.

    Raises
    ------
    TypeError
        If `prompts` is a single text, or one of them is neither text nor messages.
    ValueError
        If there are none, one is empty, a field of the template is no column, or a line of the file
        cannot be read.
    """
    check_on_bad(on_bad)
    template = None if prompt is None else Template(prompt)
    about = Template(system, name="system") if isinstance(system, str) and template else None
    path = Path(prompts) if is_file(prompts) else None  # type: ignore[arg-type]
    if path and template is None and path.suffix.lower() not in WORKBOOKS + PARQUET:
        return _read_file_or_refuse(path, on_bad, header=header, column=column, encoding=encoding)
    if path is None and template is None and not is_table(prompts):
        return _from_list(prompts, on_bad)
    fields = template.fields + (about.fields if about else ()) if template else ()
    if path is None:
        refuse_file_names(prompts)
    if path:
        table = read_rows(path, fields, header=header, encoding=encoding)
    else:
        table = rows_of(prompts, fields)
    if not table.rows:
        raise ValueError("prompts is a table without rows. Give at least one.")
    return prompts_from_rows(
        table, template or prompt_column(table, column), system=about, on_bad=on_bad
    )


def _read_file_or_refuse(path: Path, on_bad: str, **how: Any) -> list[Prompt]:
    if on_bad == "raise":
        return read_prompts(path, **how)
    found = _read_file(path, **how)
    refuse_all(found)
    return found


def _from_list(prompts: object, on_bad: str) -> list[Prompt]:
    # A string is iterable as well: it would become one prompt per letter.
    if isinstance(prompts, str | bytes | Mapping):
        raise TypeError(
            f"prompts must be a list, not the single {type(prompts).__name__} "
            f"{shorten(prompts)}{advise_on_single(prompts)}"
        )
    if not isinstance(prompts, Iterable):
        raise TypeError(
            f"prompts must be a list of texts or of message lists, not {shorten(prompts)}."
        )
    found = values_of(prompts) or list(prompts)
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
    refuse_file_names(found)
    index = getattr(prompts, "index", None) if is_series(prompts) else None
    labels = [{}] * len(found) if index is None else index_labels(index)
    read = (_read_or_skip(item, number, on_bad) for number, item in enumerate(found, 1))
    made = [
        replace(each, row=dict(row)) if row else each
        for each, row in zip(read, labels, strict=True)
    ]
    refuse_all(made)
    return made


def _read_or_skip(item: object, number: int, on_bad: str) -> Prompt:
    place = f"Prompt {number}"
    try:
        return as_prompt(item, place)
    except (TypeError, ValueError) as error:
        if on_bad == "raise":
            raise
        return unasked(str(error))


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
    found = _read_file(Path(path), check, header=header, column=column, encoding=encoding)
    bad = [(each.place, each.problem) for each in found if each.problem is not None]
    if bad and on_bad is None:
        raise ValueError(explain_lines(bad))
    for _, problem in bad:
        if on_bad is not None:
            on_bad(problem)
    return [each for each in found if each.problem is None]


def _read_file(
    path: Path, check: Callable[[Prompt], None] | None = None, **how: Any
) -> list[Prompt]:
    """Return the prompts of a file, those that cannot be asked with a ``problem``."""
    found: list[Prompt] = []
    named: dict[str, str] = {}
    for name, item in split_file(path, **how):
        try:
            prompt = _read_item(item, f"{name} of {str(path)!r}")
            if check:
                check(prompt)
            if prompt.row is None:  # those of tables are made unique below
                _check_id(prompt, named, name)
            found.append(prompt)
        except (TypeError, ValueError) as error:
            found.append(replace(unasked(message_of(error)), place=name))
    if not found:
        raise ValueError(f"The prompts file {str(path)!r} is empty. Write one prompt per line.")
    if not any(prompt.row for prompt in found):
        return found
    ids = unique_ids([each.custom_id for each in found])
    return [replace(each, custom_id=name) for each, name in zip(found, ids, strict=True)]


def _check_id(prompt: Prompt, named: dict[str, str], line: str) -> None:
    if prompt.custom_id in named:
        raise ValueError(
            f"{prompt.place} has the custom_id {shorten(prompt.custom_id)} of "
            f"{named[prompt.custom_id].lower()}. Give each its own, or none."
        )
    if prompt.custom_id:
        named[prompt.custom_id] = line


def _read_item(item: object, place: str) -> Prompt:
    if isinstance(item, ValueError):
        raise ValueError(f"{place} {item}")
    return replace(as_prompt(item, place), place=place)
