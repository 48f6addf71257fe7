"""Runs that are read from a file in which their texts stay: rows of results, or a journal."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ..records import Call, Run
from ..records.stored_calls import shed
from .codec import from_dict
from .journal_file import read_journal
from .journal_run import api_of, known_settings, made_call, planned_call, read_footer
from .line_file import LineFile
from .results import call_from_row, check_run, read_row, run_from_rows
from .stored_records import PromptLines, StoredRecords

_NOWHERE = -1


class Stored(NamedTuple):
    """A run, and the numbers of the lines that are damaged, and of those that were edited."""

    run: Run
    damaged: list[int]
    edited: list[int]


class _Texts:
    """Reads whole calls from the file, by their index; who goes through a run asks for one thrice.

    Parameters
    ----------
    read
        Returns a call; raises JournalError if it cannot be read any more.
    plan
        Returns it as it was before it was made, if that is to be had without its answer.
    """

    def __init__(
        self, read: Callable[[int], Call], plan: Callable[[int], Call] | None = None
    ) -> None:
        self._read, self._plan = read, plan or self.answered
        self._last: Call | None = None

    def asked(self, index: int, name: str) -> Any:
        """Return the ``prompt``, the ``parameters`` or the ``row`` of a call."""
        return getattr(self._plan(index), name)

    def answered(self, index: int) -> Call:
        """Return a call with its answer."""
        last = self._last
        if last is None or last.index != index:
            self._last = last = self._read(index)
        return last


def read_stored_run(path: Path) -> Stored | None:
    """Read a run so that its texts stay in the file; None if it is not as we write it, or a grid.

    Raises
    ------
    JournalError, OSError, ValueError
        If it cannot be read.
    """
    with open(path, "rb") as file:
        if b'"aiml_nb_journal"' in file.readline(100):
            return _read_stored_journal(file.fileno(), path)
    lines = LineFile(open(path, "rb"))  # noqa: SIM115  it closes it
    return _read_stored_rows(lines, path) if lines.is_plain() else None


def _read_stored_rows(lines: LineFile, path: Path) -> Stored | None:
    file, places, damaged = LineFile(path), dict[int, int](), list[int]()
    texts = _Texts(lambda index: file.parsed(places[index], partial(_read_row_of, index)))
    heads, calls = list[dict[str, Any]](), list[Call]()
    for number, (place, line) in enumerate(lines.lines(), 1):
        if line.isspace():
            continue
        try:
            row = read_row(line.decode())
        except ValueError:
            damaged.append(number)
            continue
        if not heads or "limit_history" in row["run"]:
            heads.append(row)
        check_run(row, heads[0]["run"])
        call = call_from_row(row)
        if "varied" in row["run"] or call.index in places:
            return None
        places[call.index] = place
        calls.append(_shed(call, texts))
    if not heads:
        return None
    run = run_from_rows(heads)
    run.calls = sorted(calls, key=lambda call: call.index)
    return Stored(run, damaged, [])


def _read_row_of(index: int, line: str) -> Call:
    call = call_from_row(read_row(line))
    if call.index != index:
        raise ValueError("It is the row of another call.")
    return call


def _read_stored_journal(handle: int, path: Path) -> Stored | None:
    contents, _ = read_journal(handle, path, stored=True, takes_edited=True)
    section, calls = contents.sections[-1], contents.calls
    if section.prompt_lines is None or not isinstance(calls, StoredRecords):
        return None
    settings = section.head.get("settings")
    if not isinstance(settings, Mapping):
        raise ValueError("Its settings must be an object.")
    fields = known_settings(settings) | {"run_id": str(section.head.get("run_id") or "")}
    for record in section.records[1:]:
        if "aiml_nb_end" in record:
            fields |= read_footer(record)
    fields["calls"] = []
    run = from_dict(Run, fields)
    prompts, api = section.prompt_lines, api_of(settings)
    run.calls = _JournalCalls(calls, prompts, api, path).all(contents.sent)
    return Stored(run, [*contents.damaged], [*contents.edited])


class _JournalCalls:
    """The calls of a journal: what was asked and what was answered are in lines of their own."""

    def __init__(self, records: StoredRecords, prompts: PromptLines, api: str, path: Path) -> None:
        self._records, self._prompts, self._api = records, prompts, api
        self._file, self._places = LineFile(path), array("q")
        self._line, self._items = _NOWHERE, list[Mapping[str, Any]]()

    def all(self, sent: Mapping[str, Any]) -> list[Call]:
        """Return them, without the texts that are in lines as they were written."""
        texts, found = _Texts(self._read, self._planned), list[Call]()
        for items in self._prompts:
            for item in items:
                call = planned = self._plan(item, len(found))
                place = self._records.place_of(call.custom_id)
                self._places.append(_NOWHERE if place is None else place)
                record = self._records.get(call.custom_id)
                if record is not None:
                    call = made_call(record, planned)
                elif call.custom_id in sent:
                    call.outcome = "cancelled"
                is_edited = record is not None and place is None
                are_own = call.parameters == planned.parameters
                found.append(call if is_edited else _shed(call, texts, keeps=not are_own))
        return found

    def _plan(self, item: Mapping[str, Any], index: int) -> Call:
        return planned_call(item, index=index, name=item["custom_id"], api=self._api)

    def _planned(self, index: int) -> Call:
        line = bisect_right(self._prompts.firsts, index) - 1
        if line != self._line:
            record = self._file.record(self._prompts.offsets[line])
            self._line, self._items = line, record["prompts"]
        return self._plan(self._items[index - self._prompts.firsts[line]], index)

    def _read(self, index: int) -> Call:
        planned, place = self._planned(index), self._places[index]
        if place == _NOWHERE:
            return planned
        return made_call(self._file.record(place, name=planned.custom_id), planned)


def _shed(call: Call, texts: _Texts, *, keeps: bool = False) -> Call:
    """Take the texts out of the record of a call, but for one that holds others.

    Parameters
    ----------
    keeps
        Its parameters are not those of its prompt.
    """
    if call.children:
        return call
    call.outcome, call.api = map(sys.intern, (call.outcome, call.api))  # type: ignore[assignment]
    return shed(call, texts, keeps_parameters=keeps)
