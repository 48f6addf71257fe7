"""Prompts on their way into a journal: in a temporary file, in the lines that it will have."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from ..errors import JournalError
from ..formats.codec import own_row
from ..formats.journal_head import PROMPTS_A_LINE, prompts_line
from ..formats.line_file import LineFile
from ..prompts import Prompt
from ..prompts.stored import StoredPrompts, model_key
from ..typed import ResponseFormat
from .journal_inputs import to_journal_form
from .options import recordable_parameters

_LINE = 64 * 1024  # characters of prompts in a line, about: long ones stand in lines of fewer


class Spool:
    """Writes checked prompts to a temporary file, which has no name and ends with its readers."""

    def __init__(self) -> None:
        with _explained():
            self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._lines = LineFile(self._file)
        self._firsts, self._offsets, self._end = array("q"), array("q"), 0
        self._waiting: list[dict[str, Any]] = []
        self._size, self._are_texts = 0, True
        self._names: list[str] = []
        self._problems: dict[int, str] = {}
        self._aside: dict[int, Prompt] = {}
        self._parameter_names = set[str]()
        self._of_each_model = dict[str, int]()

    def add(self, prompt: Prompt, name: str) -> None:
        """Add the next prompt, which is called `name`."""
        record = {"custom_id": name, "messages": prompt.messages, "parameters": prompt.parameters}
        if prompt.parameters or prompt.row is not None or prompt.problem is not None:
            self._add_others(prompt, record)
        elif "" not in self._of_each_model:
            self._of_each_model[""] = len(self._names)
        self._waiting.append(record)
        self._names.append(name)
        for message in prompt.messages:
            content = message.get("content")
            if type(content) is str and len(message) == 2:
                self._size += len(content) + 100
            else:
                self._are_texts = False
                self._size += len(str(content)) + 100
        if self._size > _LINE or len(self._waiting) >= PROMPTS_A_LINE:
            self._write()

    def _add_others(self, prompt: Prompt, record: dict[str, Any]) -> None:
        self._are_texts = False
        at, own = len(self._names), prompt.parameters
        if prompt.problem is None:
            self._of_each_model.setdefault(model_key(own), at)
        if own:
            self._parameter_names.update(own)
            if not _is_plain(own):
                self._aside[at], record["parameters"] = prompt, {}
        record |= own_row(prompt.row)
        if prompt.problem is not None:
            self._problems[at] = record["problem"] = prompt.problem

    def end(self) -> StoredPrompts:
        """Return the prompts."""
        if self._waiting:
            self._write()
        with _explained():
            self._file.flush()
        return StoredPrompts(
            self._lines,
            self._firsts,
            self._offsets,
            self._names,
            problems=self._problems,
            aside=self._aside,
            parameter_names=self._parameter_names,
            of_each_model=self._of_each_model.values() or (0,),
        )

    def _write(self) -> None:
        first = len(self._names) - len(self._waiting)
        line = prompts_line(first, self._waiting, are_texts=self._are_texts).encode()
        self._firsts.append(first)
        self._offsets.append(self._end)
        with _explained():
            self._end += self._file.write(line)
        self._waiting, self._size, self._are_texts = [], 0, True


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JournalError(
            f"The prompts cannot be written to a temporary file in '{tempfile.gettempdir()}' "
            f"({error.strerror}), on their way into the journal: nothing was sent. Make room "
            "there, or name another folder first: export TMPDIR=/another/folder"
        ) from None


def _is_plain(own: dict[str, Any]) -> bool:
    """Say whether a file gives parameters back as they are: headers stand in none, nor classes."""
    is_class = isinstance(own.get("response_format"), ResponseFormat)
    return not is_class and recordable_parameters(own) is own and to_journal_form(own) == own
