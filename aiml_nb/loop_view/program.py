"""Runs coroutines on a recorded loop, in a thread of its own, and ends what has no end."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from contextvars import copy_context
from typing import Any

from ..loop import block_sigint, goes_on, raise_in_thread
from ..watching.blocked import read_stack
from .loop import RecordedLoop
from .recorder import Recorder
from .wakers import END, START

LOOK = 0.02  # seconds between two looks at the thread
_FAREWELL = 1.0  # seconds that cancelled tasks have for what they do at last
Program = Callable[[], Iterable[Coroutine[Any, Any, Any]]]


class Stopped(BaseException):
    """Raised in a step that does not end."""


class ProgramThread:
    """The thread in which coroutines are run and recorded.

    Parameters
    ----------
    program
        Makes the coroutines; called in the thread.
    max_steps
        After so many steps it is ended.

    Attributes
    ----------
    notes
        Sentences about what happened to it.
    left
        Tasks that did not end when they were cancelled.
    is_complete
        False once it was ended.
    """

    def __init__(self, program: Program, *, max_steps: int) -> None:
        self.notes: list[str] = []
        self.left: list[asyncio.Task[Any]] = []
        self.is_complete = True
        self.recorder: Recorder
        self._program, self._max_steps = program, max_steps
        self._made, self._begin = threading.Event(), threading.Event()
        self._ended = threading.Event()
        self._loop: RecordedLoop
        self._failure: BaseException | None = None
        context = copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._work,), name="aiml_nb loop view", daemon=True
        )
        self._thread.start()
        self._made.wait()
        self.ident = self._thread.ident or 0

    def begin(self) -> None:
        """Begin with it."""
        self._begin.set()

    def wait(self, timeout: float) -> bool:
        """Wait until it has ended; False if it has not after so many seconds."""
        deadline = time.monotonic() + timeout
        while not self._ended.wait(LOOK):
            self.recorder.note_seen(read_stack(self.ident))
            if time.monotonic() > deadline:
                return False
        if self._failure is not None:
            raise self._failure
        return True

    def stop(self) -> None:
        """End it, also in a step that never ends."""
        self.is_complete = False
        with suppress(RuntimeError):  # it has just ended
            self._loop.call_soon_threadsafe(self._halt)
        if self._ended.wait(0.2):
            return
        if self.recorder.now_running is None and self._ended.wait(_FAREWELL):
            return
        # A step does not end. Nothing more of it is written down.
        self.recorder.note_seen(read_stack(self.ident))
        self.recorder.freeze()
        if goes_on(self.ident) and not self._ended.is_set():
            raise_in_thread(self.ident, Stopped)
            self._ended.wait(0.5)
        if not self._ended.is_set():
            self.notes.append(
                "It could not be stopped there, and was left behind in its thread: it ends with "
                "the kernel or program at the latest."
            )

    def _work(self) -> None:
        block_sigint()
        recorder = self.recorder = Recorder(self._max_steps, self._halt)
        self._loop = RecordedLoop(recorder)
        self._made.set()
        self._begin.wait()
        try:
            asyncio.set_event_loop(self._loop)
            self._loop.set_exception_handler(lambda loop, context: None)
            sys.set_coroutine_origin_tracking_depth(1)  # of this thread: where they were made
            self._run()
        except BaseException as error:  # noqa: BLE001  raised where it is waited for
            self._failure = error
        finally:
            recorder.lines.stop()
            asyncio.set_event_loop(None)
            self._ended.set()

    def _run(self) -> None:
        recorder, loop = self.recorder, self._loop
        recorder.clock.begin()
        recorder.current = START
        roots = {loop.create_task(each) for each in self._program()}
        recorder.current = None
        for root in roots:
            root.add_done_callback(lambda root: self._end_one(roots, root))
        try:
            self._turn()
            self._cancel_rest()
            recorder.is_on = False
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    def _turn(self) -> None:
        try:
            self._loop.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:
            self.notes.append(f"{type(error).__name__} was raised: it ended the program.")
        except Stopped:
            pass

    def _end_one(self, roots: set[asyncio.Task[Any]], root: asyncio.Task[Any]) -> None:
        roots.discard(root)
        if not roots:
            self._loop.stop()

    def _halt(self) -> None:
        """Stop the loop: nothing more is recorded."""
        self.is_complete = False
        self.recorder.is_on = False
        self._loop.stop()

    def _cancel_rest(self) -> None:
        """Cancel what is left, as ``asyncio.run`` does; it has a second for that."""
        loop = self._loop
        rest = asyncio.all_tasks(loop)
        self.recorder.current = END
        for task in rest:
            task.cancel()
        self.recorder.current = None
        if rest:
            end = loop.call_later(_FAREWELL, loop.stop)
            for task in rest:
                task.add_done_callback(lambda task: self._end_one(rest, task))
            self._turn()
            end.cancel()
        self.left.extend(rest)
