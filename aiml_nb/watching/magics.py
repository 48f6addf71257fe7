"""``%%timeline``: the timeline of a cell below it, whatever the cell is.

A cell magic that runs its body itself cannot have ``await`` in it. So the first line of the cell is
made a comment, the cell runs as any other, and what IPython calls before and after it begins and
ends the watch.
"""

from __future__ import annotations

from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from .watcher import RECOGNISED, Watch

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

_MAGIC = "%%timeline"
_USAGE = "Write %%timeline, or %%timeline NAME to keep the run under a name"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add ``%%timeline`` and ``%timeline`` to an IPython shell: ``%load_ext aiml_nb``."""
    if not hasattr(shell, _ATTRIBUTE):
        timeline = _Timeline(shell)
        setattr(shell, _ATTRIBUTE, timeline)
        timeline.register()


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take them away again: ``%unload_ext aiml_nb``."""
    timeline = getattr(shell, _ATTRIBUTE, None)
    if timeline is not None:
        timeline.unregister()
        delattr(shell, _ATTRIBUTE)


_ATTRIBUTE = "_aiml_nb_timeline"


class _Timeline:
    """The magics of one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._is_on = False
        # The cells that run now; one may run another. A name, or "" for none.
        self._running: list[tuple[ExecutionInfo, Watch | None, str, bool]] = []

    def register(self) -> None:
        """Put everything in its place."""
        shell = self._shell
        shell.input_transformers_cleanup.append(self.hide_first_line)
        shell.events.register("pre_run_cell", self.begin)
        shell.events.register("post_run_cell", self.end)
        magics = shell.magics_manager
        magics.register_function(self.switch, "line", "timeline")
        magics.register_function(_watch_cell, "cell", "timeline")
        # Only reached where the line was not the first.
        magics.register_function(_refuse, "line", "%timeline")

    def unregister(self) -> None:
        """Take everything from its place."""
        shell = self._shell
        shell.input_transformers_cleanup.remove(self.hide_first_line)
        shell.events.unregister("pre_run_cell", self.begin)
        shell.events.unregister("post_run_cell", self.end)
        for kind, name in (("line", "timeline"), ("line", "%timeline"), ("cell", "timeline")):
            shell.magics_manager.magics[kind].pop(name, None)
        for _, watch, _, _ in self._running:
            if watch is not None:
                watch.__exit__()
        self._running.clear()

    def hide_first_line(self, lines: list[str]) -> list[str]:
        """Make the first line a comment, where it is ours; another magic may follow it."""
        if not lines or not _is_ours(lines[0]):
            return lines
        _read_name(lines[0])  # raises where it is wrong
        comment = f"# {lines[0]}"
        if len(lines) > 1 and lines[1].startswith("%%"):
            return [lines[1], comment, *lines[2:]]
        return [comment, *lines[1:]]

    def begin(self, info: ExecutionInfo) -> None:
        """Begin to watch a cell that asks for it."""
        first = _first_line(info.raw_cell)
        watch, name, is_asked = None, "", False
        if first is not None:
            try:
                name, is_asked = _read_name(first), True
            except Exception:  # noqa: BLE001  said when the cell is read
                first = None
        if is_asked or self._is_on:
            watch = Watch("cell")
            run = watch.__enter__()
            if name:
                self._shell.user_ns[name] = run
        self._running.append((info, watch, name, is_asked))

    def end(self, result: ExecutionResult) -> None:
        """End the watch of a cell and show its timeline below it."""
        at = next((n for n, each in enumerate(self._running) if each[0] is result.info), None)
        if at is None:
            return
        _, watch, _, is_asked = self._running.pop(at)
        if watch is None:
            return
        watch.__exit__()
        if watch.run.calls:
            from IPython.display import display

            display(watch.run)  # type: ignore[no-untyped-call]
        elif is_asked and watch.has_runs:
            print("Calls of run() and compare() keep records of their own: show what they return.")
        elif is_asked and result.success:
            print(f"No call to a model was seen in this cell. Recognised are {RECOGNISED}.")

    def switch(self, line: str) -> None:
        """``%timeline on``: every cell that calls a model shows its timeline; ``off`` ends it."""
        word = line.strip()
        if word not in ("on", "off"):
            _raise(f"%timeline takes on or off, not {word!r}. {_USAGE} for one cell.")
        self._is_on = word == "on"


def _watch_cell(line: str, cell: str) -> None:
    """Show the timeline of the calls to models that a cell makes, below it.

    ``%%timeline`` is the first line of the cell; ``%%timeline NAME`` keeps the run under a name.
    The cell may be anything: blocking code, ``await``, another magic in the next line.
    ``%timeline on`` does the same for every cell, until ``%timeline off``.
    """
    _raise("%%timeline stands in this cell once more. Take one of the two away.")


def _refuse(line: str) -> None:
    _raise("%%timeline must be the first line of its cell. Move it up, above everything else.")


def _first_line(cell: str | None) -> str | None:
    """Return our line among the magics that a cell begins with."""
    for line in (cell or "").lstrip().splitlines():
        if not line.startswith("%%"):
            return None
        if _is_ours(line):
            return line
    return None


def _is_ours(line: str) -> bool:
    return line.split(maxsplit=1)[:1] == [_MAGIC]


def _read_name(line: str) -> str:
    """Return the name after the magic, "" if there is none."""
    words = line.split()[1:]
    if not words:
        return ""
    if len(words) > 1 or words[0].startswith("-"):
        _raise(f"%%timeline has no option {' '.join(words)!r}. {_USAGE}.")
    if not words[0].isidentifier() or iskeyword(words[0]):
        _raise(f"{words[0]!r} cannot be the name of a variable. {_USAGE}.")
    return words[0]


def _raise(text: str) -> Any:
    from IPython.core.error import UsageError

    raise UsageError(text)
