"""The progress bar of a run, in notebooks and terminals, and the status text beside it."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..loop import in_kernel
from ..printable import printable, say
from ..records import Call
from .progress_lines import ProgressLines

if TYPE_CHECKING:
    from tqdm import tqdm

    from .remaining import Remaining


_TICK = 1.0  # seconds
# As tqdm's own, but for what is left: its estimate goes by the rate so far, which pauses, limits
# and calls of different lengths make wrong.
_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{left}, {rate_fmt}{postfix}]"


class Status:
    """The current reason why a run does not send, such as a pause.

    Attributes
    ----------
    text
        Empty if there is none.
    on_change
        Called with each new text.
    say
        Prints a sentence that stays on the screen.
    remaining
        Tells how long the run will still take; None before it begins.
    """

    def __init__(self) -> None:
        self.text = ""
        self.remaining: Remaining | None = None
        self.on_change: Callable[[str], None] = _print_once_per_kind()
        self.say: Callable[[str], None] = _print

    def left(self) -> str:
        """Return how long the run will still take, in words; empty if it is not known."""
        return self.remaining.text() if self.remaining else ""

    def set(self, text: str) -> None:
        """Show `text` in place of the one before."""
        if text != self.text:
            self.text = text
            self.on_change(text)


@contextmanager
def show_progress(
    n_calls: int,
    *,
    title: str,
    wanted: bool | None,
    status: Status | None = None,
    lines: bool = False,
) -> Iterator[Callable[[Call], None]]:
    """Show a bar for `n_calls` and yield the function to call with each finished call.

    A bar that cannot be shown is left out: no run fails for it.

    Parameters
    ----------
    title
        Shown before the bar.
    wanted
        None shows the bar in a notebook or a terminal only.
    status
        Shown after the bar. Without a bar its texts are printed, once for each kind.
    lines
        Print a line now and then where nobody wants a bar, or none can be shown.
    """
    status = status or Status()
    if wanted is None and lines and not _is_interactive():
        printed = ProgressLines(n_calls, now=time.monotonic, left=status.left, say=_print)
        with _ticking(printed.tick):
            yield printed.finish
        return
    if wanted is False or (wanted is None and not _is_interactive()):
        yield lambda call: None
        return
    failed = 0
    with _bar_class()(
        total=n_calls, desc=title, unit="call", leave=bool(wanted), status=status
    ) as bar:
        if bar.disable:
            yield lambda call: None
            return

        def write(text: str, *, at_once: bool = True) -> None:
            parts = [f"{failed} failed" if failed else "", printable(text)]
            bar.set_postfix_str(", ".join(filter(None, parts)), refresh=at_once)

        def advance(call: Call) -> None:
            nonlocal failed
            if call.outcome in {"error", "timeout"}:
                failed += 1
                write(status.text, at_once=False)
            bar.update()

        def say(text: str) -> None:
            with suppress(OSError, ValueError):
                bar.write(printable(text), file=sys.stderr)

        status.on_change, status.say = write, say
        try:
            with _ticking(bar.refresh):
                yield advance
        finally:
            status.set("")
            status.on_change, status.say = _ignore, _print


@contextmanager
def _ticking(tick: Callable[[], object]) -> Iterator[None]:
    """Call `tick` each second, also while no call finishes: what is left grows less all the same.

    Where there are no threads, as in a browser, it is not called.
    """
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(_TICK):
            tick()

    thread = threading.Thread(target=work, name="aiml_nb progress", daemon=True)
    with suppress(RuntimeError):
        thread.start()
    try:
        yield
    finally:
        ended.set()


def _ignore(text: str) -> None:
    pass


def _print_once_per_kind() -> Callable[[str], None]:
    """Return a function that prints a text unless one with other numbers was printed before."""
    said = set[str]()

    def say(text: str) -> None:
        kind = re.sub(r"\d+", "", text)
        if kind and kind not in said:
            said.add(kind)
            _print(text)

    return say


def _print(text: str) -> None:
    with suppress(OSError, ValueError):  # stderr may be closed
        say(f"aiml_nb: {text}", file=sys.stderr, flush=True)


def _is_interactive() -> bool:
    return in_kernel() or (sys.stderr is not None and sys.stderr.isatty())


# Imported and defined at the first bar: runs without one do not pay for tqdm.
@cache
def _bar_class() -> type[tqdm[Any]]:
    from tqdm.auto import tqdm as auto_tqdm
    from tqdm.notebook import tqdm_notebook

    is_widget = issubclass(auto_tqdm, tqdm_notebook)

    class Bar(auto_tqdm):  # type: ignore[type-arg]
        """A bar that fails silently, and is shown in the cell that created it.

        Kernels may find the cell by the context variables alone, and a thread has its own:
        ipykernel 7.0 raises LookupError there. Before its widget is closed, its output is emptied:
        who looks later, as Voila does, would find a widget that is gone.
        """

        def __init__(self, *, status: Status, **options: Any) -> None:
            self._status = status
            options["bar_format"] = _BAR
            self._context = copy_context()
            self._shown: Any = None
            if is_widget:
                options["display"] = False
            try:
                super().__init__(**options)
                if is_widget and not self.disable:
                    self._show()
            except Exception:  # noqa: BLE001
                self.disable = True

        @property
        def format_dict(self) -> Any:
            # tqdm asks for it before a bar that cannot be shown is complete.
            status = getattr(self, "_status", None)
            left = status.remaining.in_figures() if status and status.remaining else ""
            return {**super().format_dict, "left": left or "?"}

        def display(self, *arguments: Any, **options: Any) -> Any:
            try:
                # A copy, because two threads cannot run in the same context at once.
                context = self._context.copy()
                if options.get("close") and self._shown:
                    nothing = {"text/html": "", "text/plain": ""}
                    context.run(self._shown.update, nothing, raw=True)
                return context.run(super().display, *arguments, **options)
            except Exception:  # noqa: BLE001
                self.disable = True

        def _show(self) -> None:
            bar: Any = self  # what tqdm's bar in notebooks has, its other one has not
            # Where that bar is, IPython is; calls are made without it, too.
            self._shown = import_module("IPython.display").display(bar.container, display_id=True)

        def refresh(self, nolock: bool = False, lock_args: Any = None) -> Any:
            # tqdm's own refresh does not release the global lock if it is interrupted.
            with self.get_lock():  # type: ignore[no-untyped-call]
                return super().refresh(nolock=True)

    return Bar
