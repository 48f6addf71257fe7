"""Templates: a text, or messages, with the names of columns in braces.

``{review}`` is the cell of the column ``review``, and any name of a column may stand there, spaces
and all. Nothing is looked up but these names: a template reaches no attribute, calls nothing and
formats nothing. A brace that is meant as one is written twice, as in `str.format`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..messages import Message, argument
from ..suggestions import closest
from .delimiters import UNNAMED
from .prompt import is_message, shorten

_PIECES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_FORMAT = re.compile(r"[:!.\[]")  # begins what `str.format` does with a value
_SHOWN = 12  # names of columns in a message


class Template:
    """A text or messages to fill with the cells of a row.

    Parameters
    ----------
    written
        A text, or a list of messages.
    name
        The argument that it was given as, for messages.

    Raises
    ------
    TypeError
        If it is neither text nor messages.
    ValueError
        If a brace stands alone, or a text is empty.
    """

    def __init__(self, written: object, *, name: str = "prompt") -> None:
        self.written, self._name = written, name
        if isinstance(written, str):
            self._compiled: Any = self._compile(written)
        elif isinstance(written, list | tuple) and written and all(map(is_message, written)):
            self._compiled = self._compile(list(written))
        else:
            raise TypeError(
                argument(name)
                + f" must be a text or a list of messages, such as 'Classify: {{review}}'; not "
                f"{shorten(written)}."
            )
        if isinstance(written, str) and not written.strip():
            raise ValueError(argument(name) + " is empty. Write 'Classify: {review}', for example.")
        self.fields = tuple(dict.fromkeys(_fields_of(self._compiled)))

    @classmethod
    def of_column(cls, name: str) -> Template:
        """Return the template that is a column's cell as it stands, whatever its name."""
        template = cls("x")
        template._compiled, template.fields = _Text(iter([(name, True)])), (name,)
        return template

    def fill(self, cells: Mapping[str, str]) -> Any:
        """Return the text or the messages, with each field replaced."""
        return _fill(self._compiled, cells)

    def messages(self, cells: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return it filled, as messages: a text is the user's."""
        filled = self.fill(cells)
        return [{"role": "user", "content": filled}] if isinstance(filled, str) else filled

    def check_fields(self, names: Sequence[str], *, elsewhere: str = "") -> None:
        """Raise ValueError if a field is none of the names of columns.

        Parameters
        ----------
        elsewhere
            Where the field may be, for the message.
        """
        unknown = [field for field in self.fields if field not in names]
        if unknown:
            raise ValueError(self._refuse(unknown, names) + elsewhere)

    def _refuse(self, unknown: list[str], names: Sequence[str]) -> Message:
        what = " and ".join(f"{{{field}}}" for field in unknown)
        columns = ", ".join(map(repr, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
        said = argument(self._name) + f" has {what}, and the columns are {columns or 'none'}."
        column = _FORMAT.split(unknown[0])[0].strip()
        if column in names:
            return said + (
                f" In braces stands a column's name alone: {{{column}}}. What is to be made of it, "
                "put into a column of its own."
            )
        said += _propose(unknown[0], names)
        if any(mark in unknown[0] for mark in "\"':\n"):  # JSON, most likely
            said += " A brace that is meant as one is written twice: {{ and }}."
        return said

    def _compile(self, value: Any) -> Any:
        if isinstance(value, str):
            return _Text(self._split(value))
        if isinstance(value, Mapping):
            return {name: self._compile(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._compile(each) for each in value]
        return value

    def _split(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield the pieces of a text, and whether each is the name of a field."""
        at = 0
        for found in _PIECES.finditer(text):
            yield text[at : found.start()], False
            at = found.end()
            if found[1] is not None and found[1].strip():
                yield found[1].strip(), True
            elif found[0] in ("{{", "}}"):
                yield found[0][0], False
            else:
                around = text[max(0, found.start() - 15) : found.end() + 15]
                raise ValueError(
                    argument(self._name)
                    + f" has a brace that belongs to no field, in {around!r}. Write a column's "
                    "name in braces: {review}; a brace that is meant as one twice: {{ and }}."
                )
        yield text[at:], False


class _Text:
    """A text in pieces, those that are names of fields marked."""

    def __init__(self, pieces: Iterator[tuple[str, bool]]) -> None:
        self.pieces = [piece for piece in pieces if piece[0]]


def _fields_of(compiled: Any) -> Iterator[str]:
    if isinstance(compiled, _Text):
        yield from (piece for piece, is_field in compiled.pieces if is_field)
    elif isinstance(compiled, dict):
        for each in compiled.values():
            yield from _fields_of(each)
    elif isinstance(compiled, list):
        for each in compiled:
            yield from _fields_of(each)


def _fill(compiled: Any, cells: Mapping[str, str]) -> Any:
    if isinstance(compiled, _Text):
        return "".join(cells[piece] if is_field else piece for piece, is_field in compiled.pieces)
    if isinstance(compiled, dict):
        return {name: _fill(each, cells) for name, each in compiled.items()}
    if isinstance(compiled, list):
        return [_fill(each, cells) for each in compiled]
    return compiled


def _propose(unknown: str, names: Sequence[str]) -> str:
    near = closest(unknown, names, cutoff=0.7)
    if near:
        return f" Did you mean {{{near}}}?"
    if any(name.startswith(UNNAMED) for name in map(str, names)):
        return (
            " Some have no name in the first row. If the names stand below it, delete the rows "
            "above them; in Python pandas reads them with header=2, for the third row."
        )
    return " Write one of these names in braces."
