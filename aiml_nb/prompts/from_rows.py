"""From the rows of a table to prompts, by a template; rows that cannot be asked are told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..messages import Message, argument
from .cells import text_of
from .delimiters import ID_NAMES, PROMPT_NAMES, normalize
from .ids import unique_ids
from .prompt import Prompt, shorten
from .rows import Row, Rows
from .template import Template

ON_BAD = ("raise", "skip")
_SHOWN = 5  # places of bad rows, of each kind
_KINDS = 4  # of problems


class Bad(NamedTuple):
    """What cannot be asked: where it stands, and why."""

    place: str
    problem: str


def check_on_bad(on_bad: object) -> None:
    """Raise ValueError unless `on_bad` is one of `ON_BAD`."""
    if on_bad not in ON_BAD:
        raise ValueError(
            argument("on_bad") + f" must be one of {', '.join(map(repr, ON_BAD))}; not {on_bad!r}."
        )


def prompts_from_rows(
    table: Rows, template: Template, *, system: Template | None = None, on_bad: str = "raise"
) -> list[Prompt]:
    """Return one prompt for each row of a table, in its order.

    Parameters
    ----------
    template
        The prompt, with the names of columns in braces.
    system
        The system message, which may have such names, too.
    on_bad
        ``"skip"`` keeps rows that cannot be asked as prompts with a ``problem``, which are not
        sent.

    Raises
    ------
    ValueError
        If a field is no column; or for rows that cannot be asked, all of them counted.
    """
    for each in filter(None, (template, system)):
        each.check_fields(table.columns, elsewhere=table.elsewhere)
    fields = dict.fromkeys([*template.fields, *(system.fields if system else ())])
    ids = unique_ids([*_ids_of(table)])
    prompts, bad = [], list[Bad]()
    for row, custom_id in zip(table.rows, ids, strict=True):
        texts = {field: text_of(row.cells.get(field)) for field in fields}
        problem = row.problem or _explain_empty(row, texts)
        if problem:
            bad.append(Bad(row.place, problem))
            at = f"{table.unit} {row.place}"
            prompts.append(unasked(f"{problem} in {at}", row=_own(row), custom_id=custom_id))
        else:
            prompts.append(_ask(row, table, custom_id, template, system, texts))
    if bad and (on_bad == "raise" or len(bad) == len(prompts)):
        raise ValueError(explain_bad(bad, table, asked=len(prompts)))
    return prompts


def prompt_column(table: Rows, column: str | int | None = None) -> Template:
    """Return the template of a table whose prompts stand in one column, as they are.

    Raises
    ------
    TypeError
        If none is named, and none is called ``prompt``.
    ValueError
        If there is no such column.
    """
    names = table.columns
    if column is None:
        found = [each for each in names if normalize(each) in PROMPT_NAMES]
        if not found:
            raise TypeError(_ask_for_template(table))
        return Template.of_column(found[0])
    if column in names:
        return Template.of_column(str(column))
    if str(column).isdecimal() and 1 <= int(column) <= len(names):
        return Template.of_column(names[int(column) - 1])
    raise ValueError(
        f"{_describe(table)}, and no column {column!r}. Give its name, or its number from 1 to "
        f"{len(names)}.{table.elsewhere}"
    )


def explain_bad(bad: Sequence[Bad], table: Rows, *, asked: int) -> Message:
    """Return one sentence on all rows that cannot be asked: how many, why, where the first are."""
    by_problem: dict[str, list[str]] = {}
    for each in bad:
        by_problem.setdefault(each.problem, []).append(each.place)
    kinds = [f"{what} in {_list_places(table.unit, at)}" for what, at in by_problem.items()]
    if len(kinds) > _KINDS:
        kinds[_KINDS:] = [f"and {len(kinds) - _KINDS} other kinds"]
    of_file = f" of {table.source}" if table.source else ""
    rows = f"{asked:,} rows" if asked > 1 else "1 row"
    advice = Message('on_bad="skip"', "--on-bad skip")
    return (
        Message(f"{len(bad):,} of {rows}{of_file} cannot be asked: {'; '.join(kinds)}. ")
        + "Fill them in, or pass over them: "
        + advice
        + ". They stay in the table of answers, not asked."
    )


def _list_places(unit: str, places: Sequence[str]) -> str:
    shown = ", ".join(places[:_SHOWN])
    more = f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
    return f"{unit} {shown}{more}"


def _ask_for_template(table: Rows) -> Message:
    longest = max(table.columns, key=lambda name: _length(table, name), default="text")
    asked = f"'Summarise: {{{longest}}}'"
    return (
        f"{_describe(table)}, and none is called 'prompt'. Write what to ask of each row, with the "
        "names of columns in braces: "
        + Message(f"prompt={asked}", f"--prompt {asked}")
        + "."
        + table.elsewhere
    )


def _describe(table: Rows) -> str:
    what = table.source or "prompts"
    names = ", ".join(map(repr, table.columns))
    return f"{what} is a table with the columns {shorten(names)[1:-1]}"


def _length(table: Rows, name: str) -> int:
    cells = (row.cells.get(name) for row in table.rows[:20])
    return sum(len(each) for each in cells if isinstance(each, str))


def _ids_of(table: Rows) -> Iterator[str | None]:
    names = [each for known in ID_NAMES for each in table.columns if normalize(each) == known]
    name = names[0] if names else None
    for row in table.rows:
        yield text_of(row.cells.get(name)) if name else None


def _explain_empty(row: Row, texts: Mapping[str, str | None]) -> str | None:
    empty = [field for field, text in texts.items() if text is None]
    if not empty:
        return None
    absent = [field for field in empty if field not in row.cells]
    return f"no {absent[0]!r}" if absent else f"{' and '.join(map(repr, empty))} empty"


def _own(row: Row) -> dict[str, Any]:
    return {**row.label, **row.cells} if row.label else row.cells


def unasked(
    problem: str, *, row: dict[str, Any] | None = None, custom_id: str | None = None
) -> Prompt:
    """Return what stands in the place of a prompt that cannot be asked."""
    nothing = [{"role": "user", "content": ""}]
    return Prompt(messages=nothing, custom_id=custom_id, row=row, problem=problem)


def _ask(
    row: Row,
    table: Rows,
    custom_id: str | None,
    template: Template,
    system: Template | None,
    texts: Mapping[str, Any],
) -> Prompt:
    place = f"{table.unit.capitalize()} {row.place}"
    return Prompt(
        messages=template.messages(texts),
        parameters={"system": system.fill(texts)} if system and system.fields else {},
        custom_id=custom_id,
        place=f"{place} of {table.source}" if table.source else place,
        row=_own(row),
    )
