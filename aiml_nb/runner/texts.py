"""The texts of a run that does not hold them in memory: where in its journal each of them is."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..formats.journal import call_from_dict
from ..formats.line_file import LineFile
from ..no_collection import no_collection
from ..prompts.stored import StoredPrompts
from ..records import SKIPPED, Call
from ..records.stored_calls import shed, stored_call
from ..typed import Reader, reread

if TYPE_CHECKING:
    from .journal import Journal

_NOWHERE = -1


class RunTexts:
    """Reads the texts of one run's calls from its journal.

    Parameters
    ----------
    prompts
        What its calls ask.
    for_record
        Returns a prompt's parameters as its record has them.

    Attributes
    ----------
    is_of_journal
        The prompts were read from the journal, which is gone on with.
    reader
        Returns what reads the answer of a call as the class that was given, None for nothing.
    """

    def __init__(
        self, prompts: StoredPrompts, for_record: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        self._prompts, self._for_record = prompts, for_record
        self._places = array("q", [_NOWHERE]) * len(prompts)
        self._journal: Journal | None = None
        self._file = LineFile(Path())
        self.is_of_journal = False
        self._last: tuple[int, Call] | None = None
        self.reader: Callable[[int], Reader | None] = _reads_nothing

    def calls(self, api: str) -> list[Call]:
        """Return a record for each prompt, none of them made yet."""
        with no_collection():
            calls: list[Call] = [
                stored_call(self, index=index, custom_id=name, api=api)
                for index, name in enumerate(self._prompts.names)
            ]
        for index, problem in self._prompts.problems.items():
            calls[index].error_type, calls[index].error = SKIPPED, problem
        return calls

    def asked(self, index: int, name: str) -> Any:
        """Return the ``prompt``, the ``parameters`` or the ``row`` of a call."""
        prompt = self._prompts[index]
        if name == "prompt":
            return prompt.label
        return self._for_record(prompt.parameters) if name == "parameters" else prompt.row

    def answered(self, index: int) -> Call:
        """Return a call with its answer.

        Raises
        ------
        JournalError
            If the journal cannot be read any more.
        """
        last = self._last
        if last is not None and last[0] == index:
            return last[1]
        name = self._prompts.names[index]
        call = call_from_dict(self._answers().record(self._places[index], name=name))
        if (reader := self.reader(index)) is not None:
            reread(call, reader)
        self._last = index, call
        return call

    def put_away(self, call: Call, place: int, *, own: Mapping[str, Any] | None = None) -> None:
        """Take the texts out of the record of a call, which the journal has at `place`.

        Parameters
        ----------
        own
            The parameters of its prompt, where its own may be others.
        """
        self._places[call.index] = place
        shed(call, self, keeps_parameters=own is not None and call.parameters != own)

    def open(self, journal: Journal) -> None:
        """Read answers from a journal that is being written, wherever it is by then."""
        self._journal = journal

    def _answers(self) -> LineFile:
        if self._journal is not None and self._file.path != self._journal.path:
            self._file = LineFile(self._journal.path)
        return self._file

    def close(self, journal: Journal) -> None:
        """Read everything from the journal, which is closed: no other file is needed any more."""
        self._journal, self._file = None, LineFile(journal.path)
        if journal.head:
            self._prompts.move_to(LineFile(journal.path), journal.head[1:])
        elif self.is_of_journal:
            self._prompts.move_to(LineFile(journal.path))


def _reads_nothing(index: int) -> None:
    return None
