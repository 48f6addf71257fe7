"""Prompts that are in a file and not in memory: checked once, read again one by one."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, overload

from ..formats.line_file import LineFile
from ..formats.stored_records import PromptLines
from .prompt import Prompt

_KEPT = 64  # lines whose prompts are in memory: those of the calls in flight are asked for again


class StoredPrompts(Sequence[Prompt]):
    """Prompts in lines of a journal, or of a temporary file in the same form.

    Parameters
    ----------
    file
        Where they are.
    firsts, offsets
        Of each line the number of its first prompt, from 0, and where it begins.
    names
        What each is called.
    problems
        Why some of them cannot be asked, by their number.
    aside
        Prompts that no such line can hold as they are, by their number: some have headers.
    parameter_names
        The names of the parameters that any of them has.
    of_each_model
        One for each model that they name, by its number; without parameters the first.

    Attributes
    ----------
    change
        Is done to the parameters of each that is read.
    """

    def __init__(
        self,
        file: LineFile,
        firsts: Sequence[int],
        offsets: Sequence[int],
        names: list[str],
        *,
        problems: Mapping[int, str] | None = None,
        aside: Mapping[int, Prompt] | None = None,
        parameter_names: Iterable[str] = (),
        of_each_model: Iterable[int] = (0,),
    ) -> None:
        self._file, self._firsts, self._offsets = file, array("q", firsts), array("q", offsets)
        self.names, self.problems = names, problems or {}
        self.aside, self.parameter_names = aside or {}, frozenset(parameter_names)
        self.of_each_model = [*of_each_model]
        self.change: Callable[[dict[str, Any]], dict[str, Any]] | None = None
        self._read = OrderedDict[int, list[Any]]()  # by line: records, or prompts made of them

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Prompt: ...
    @overload
    def __getitem__(self, index: slice) -> list[Prompt]: ...
    def __getitem__(self, index: int | slice) -> Prompt | list[Prompt]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self.names)))]
        if not -len(self.names) <= index < len(self.names):
            raise IndexError(f"There is no prompt {index}.")
        at = index % len(self.names)
        return self.aside[at] if at in self.aside else self._read_prompt(at)

    def __iter__(self) -> Iterator[Prompt]:
        return (self[at] for at in range(len(self.names)))

    def _read_prompt(self, index: int) -> Prompt:
        line = bisect_right(self._firsts, index) - 1
        found = self._read.get(line)
        if found is None:
            found = self._file.record(self._offsets[line])["prompts"]
            self._read[line] = found
            while len(self._read) > _KEPT:
                self._read.popitem(last=False)
        at = index - self._firsts[line]
        if not isinstance(prompt := found[at], Prompt):
            prompt = prompt_of(prompt)
            if self.change is not None and prompt.parameters:
                prompt = replace(prompt, parameters=self.change(prompt.parameters))
            found[at] = prompt
        return prompt

    def has_lines_of(self, other: Sequence[Prompt]) -> bool:
        """Say whether the lines of other prompts are the same: then these are, too."""
        if not isinstance(other, StoredPrompts) or self._firsts != other._firsts:
            return False
        return all(mine == theirs for mine, theirs in zip(self.lines(), other.lines(), strict=True))

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield the lines as they are in the file, each with the number of its first prompt."""
        return zip(self._firsts, map(self._file.line, self._offsets), strict=True)

    def move_to(self, file: LineFile, offsets: Sequence[int] | None = None) -> None:
        """Read them from another file from now on, with the same lines, perhaps elsewhere."""
        self._offsets = self._offsets if offsets is None else array("q", offsets)
        self._file = file
        self._read.clear()


def prompt_of(record: Mapping[str, Any]) -> Prompt:
    """Return the prompt that a journal holds; raise KeyError, TypeError or ValueError if none."""
    return Prompt(
        messages=record["messages"],
        parameters=record.get("parameters", {}),
        custom_id=record["custom_id"],
        row=record.get("row"),
        problem=record.get("problem"),
    )


def store_lines(lines: PromptLines) -> StoredPrompts:
    """Return the prompts of a journal; raise KeyError, TypeError or ValueError if one is none."""
    names = list[str]()
    problems = dict[int, str]()
    parameter_names, of_each_model = set[str](), dict[str, int]()
    for records in lines:
        for at, record in enumerate(records, len(names)):
            names.append(record["custom_id"])
            own = record.get("parameters") or {}
            if "problem" in record:
                problems[at] = record["problem"]
            else:
                of_each_model.setdefault(model_key(own), at)
            parameter_names.update(own)
    return StoredPrompts(
        lines.file,
        lines.firsts,
        lines.offsets,
        names,
        problems=problems,
        parameter_names=parameter_names,
        of_each_model=of_each_model.values() or (0,),
    )


def model_key(own: Mapping[str, Any]) -> str:
    """Return what is the same for prompts whose own parameters name the same model."""
    return f"{own.get('model')} {own.get('extra_body')}" if own else ""
