"""Calls whose texts are in a file: their records hold the numbers, and read the words on demand."""

from __future__ import annotations

import sys
from typing import Any, Protocol

from .calls import Attempt, Call

_STORED: Any = object()  # in the place of what is in the file


class Texts(Protocol):
    """Reads what the records of a run do not hold."""

    def asked(self, index: int, name: str) -> Any:
        """Return the ``prompt``, the ``parameters`` or the ``row`` of a call."""

    def answered(self, index: int) -> Call:
        """Return a call with its answer: ``text``, ``body`` and ``result``."""


class StoredCall(Call):
    """A call that holds no texts: they are read from a file whenever somebody asks for them.

    While it is made it holds its answer, as any other; `shed` takes the texts out of it.
    """

    __slots__ = ()


def stored_call(texts: Texts, *, index: int, custom_id: str, api: str) -> StoredCall:
    """Return the record of a call that is not made yet; what it asks is in a file."""
    call: Any = Call(
        index=index,
        custom_id=custom_id,
        prompt=texts,  # type: ignore[arg-type]
        api=api,
        attempts=_NONE,
        parameters=_STORED,
        children=_NONE,
        row=_STORED,
    )
    call.__class__ = StoredCall
    return call  # type: ignore[no-any-return]


def shed(call: Call, texts: Texts, *, keeps_parameters: bool = False) -> StoredCall:
    """Take the texts out of the record of a call, which `texts` has; return it.

    Parameters
    ----------
    keeps_parameters
        Its parameters are not those of its prompt.
    """
    stored: Any = call
    if not keeps_parameters and type(call) is Call:
        stored.parameters = _STORED
    stored.__class__ = StoredCall
    stored.prompt, stored.children = texts, _NONE
    stored.text = stored.body = _STORED
    for name in ("row", "result"):  # most calls have none, and nobody has to look for it
        if _slot_of(name).__get__(call) is not None:
            setattr(stored, name, _STORED)
    stored.attempts = _compact(call)
    # The same few words in all records: each reply brings its own copy.
    stored.model = call.model and sys.intern(call.model)
    stored.finish_reason = call.finish_reason and sys.intern(call.finish_reason)
    return stored  # type: ignore[no-any-return]


def _compact(call: Call) -> Any:
    """Return the attempts of a call; of the usual, one that was answered, its ``request_id``."""
    attempts = call.attempts
    if len(attempts) != 1:
        return attempts or _NONE
    request_id = attempts[0].request_id or ""
    return request_id if attempts == [_usual(call, request_id)] else attempts


def _usual(call: Call, request_id: str) -> Attempt:
    return Attempt(
        number=1,
        started=call.started or 0.0,
        first_token=call.first_token,
        finished=call.finished,
        status=200,
        request_id=request_id or None,
    )


def _attempts(call: Call) -> list[Attempt]:
    kept: Any = _slot_of("attempts").__get__(call)
    if isinstance(kept, str):
        return [_usual(call, kept)]
    return [] if kept is _NONE else kept


def _children(call: Call) -> list[Call]:
    kept: Any = _slot_of("children").__get__(call)
    return [] if kept is _NONE else kept


def _prompt(call: Call) -> str:
    kept: Any = _slot_of("prompt").__get__(call)
    return kept if isinstance(kept, str) else kept.asked(call.index, "prompt")


def _read_asked(name: str) -> Any:
    def read(call: Call) -> Any:
        kept: Any = _slot_of(name).__get__(call)
        return _texts_of(call).asked(call.index, name) if kept is _STORED else kept

    return read


def _read_answered(name: str) -> Any:
    def read(call: Call) -> Any:
        kept: Any = _slot_of(name).__get__(call)
        return getattr(_texts_of(call).answered(call.index), name) if kept is _STORED else kept

    return read


def _texts_of(call: Call) -> Texts:
    return _slot_of("prompt").__get__(call)  # type: ignore[no-any-return]


def _slot_of(name: str) -> Any:
    return _SLOTS[name]


_NONE: Any = ()  # none yet: a list for each call would take as much memory as all its numbers
_READERS = {"prompt": _prompt, "attempts": _attempts, "children": _children}
_READERS |= {name: _read_asked(name) for name in ("parameters", "row")}
_READERS |= {name: _read_answered(name) for name in ("text", "body", "result")}
_SLOTS = {name: getattr(Call, name) for name in _READERS}
for _name, _reader in _READERS.items():
    setattr(StoredCall, _name, property(_reader, _SLOTS[_name].__set__))
