"""`as_prompts`: from texts, messages, a table, a column or a file to prompts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .files import LINES, PARQUET, WORKBOOKS
from .from_rows import check_on_bad, prompt_column, prompts_from_rows, unasked
from .prompt import Prompt, as_prompt, is_message, shorten
from .read_file import iter_file, read_file, read_prompts
from .refusals import advise_on_single, is_file, refuse_all, refuse_file_names
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
    found = read_file(path, **how)
    refuse_all(found)
    return found


def iter_prompts(prompts: object, *, on_bad: str = "raise") -> Iterator[Prompt]:
    """Yield the same as `as_prompts` returns, without a template: one after the other.

    Of a list, or a file of lines, no more than one is in memory at a time; with ``"raise"`` the
    wrong lines of a file are named after the last.
    """
    check_on_bad(on_bad)
    path = Path(prompts) if is_file(prompts) else None  # type: ignore[arg-type]
    if path and path.suffix.lower() in LINES:
        yield from iter_file(path, on_bad=on_bad)
    elif path or is_table(prompts):
        yield from as_prompts(prompts, on_bad=on_bad)
    else:
        yield from _each_of_list(prompts, on_bad)


def _from_list(prompts: object, on_bad: str) -> list[Prompt]:
    made = [*_each_of_list(prompts, on_bad)]
    refuse_all(made)
    return made


def _each_of_list(prompts: object, on_bad: str) -> Iterator[Prompt]:
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
    for number, (item, row) in enumerate(zip(found, labels, strict=True), 1):
        read = _read_or_skip(item, number, on_bad)
        yield replace(read, row=dict(row)) if row else read


def _read_or_skip(item: object, number: int, on_bad: str) -> Prompt:
    place = f"Prompt {number}"
    try:
        return as_prompt(item, place)
    except (TypeError, ValueError) as error:
        if on_bad == "raise":
            raise
        return unasked(str(error))
