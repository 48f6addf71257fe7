"""What steps do besides: what they print, coroutines that they forget to await, forks."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from .recorder import Recorder

_recorders: dict[int, Recorder] = {}  # by the thread of their loop


class Forgotten(NamedTuple):
    """A coroutine that was never awaited, and the line that made it."""

    function: str
    file: str
    line: int


@contextmanager
def outside_recorded(recorder: Recorder, thread: int) -> Iterator[list[Forgotten]]:
    """Note what a thread prints, forgets and forks; what it prints appears as always.

    Parameters
    ----------
    recorder
        Is told what is printed, and that the process was forked.
    thread
        That of the loop. This one only waits for it meanwhile.

    Yields
    ------
    list
        Gets the coroutines that were never awaited.
    """
    _recorders[thread] = recorder
    forgotten: list[Forgotten] = []
    printed = sys.stdout
    tee = _Tee(printed, recorder, thread)
    if printed is not None:  # a program without a terminal
        sys.stdout = tee
    here = {thread, threading.get_ident()}
    # Called by Python itself, by this name, when a coroutine is deleted that was never awaited.
    name = "_warn_unawaited_coroutine"
    warn = getattr(warnings, name, None)

    def note_unawaited(coroutine: Any) -> None:
        origin = getattr(coroutine, "cr_origin", None)
        if origin and threading.get_ident() in here:
            file, line, _ = origin[0]
            forgotten.append(Forgotten(coroutine.__qualname__.rpartition(".")[-1], file, line))
        elif warn is not None:
            warn(coroutine)

    setattr(warnings, name, note_unawaited)
    try:
        yield forgotten
    finally:
        if sys.stdout is tee:
            sys.stdout = printed
        if getattr(warnings, name, None) is note_unawaited:
            setattr(warnings, name, warn)
        _recorders.pop(thread, None)


class _Tee:
    """Hands on everything to a stream, and tells a recorder what one thread writes."""

    def __init__(self, stream: Any, recorder: Recorder, thread: int) -> None:
        self._stream, self._recorder, self._thread = stream, recorder, thread

    def write(self, text: str) -> Any:
        if threading.get_ident() == self._thread and isinstance(text, str):
            self._recorder.note_printed(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _note_fork() -> None:
    if (recorder := _recorders.get(threading.get_ident())) is not None:
        recorder.note_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_parent=_note_fork)
