"""A progress bar over the calls of a run, where somebody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..records import Call


@contextmanager
def show_progress(
    n_calls: int, *, title: str, wanted: bool | None
) -> Iterator[Callable[[Call], None]]:
    """Show a bar for `n_calls` and yield what to tell of each finished call.

    Parameters
    ----------
    title
        Stands before the bar.
    wanted
        None shows it in a notebook or a terminal only.
    """
    if wanted is False or (wanted is None and not _somebody_looks()):
        yield lambda call: None
        return
    from tqdm.auto import tqdm

    failed = 0
    with tqdm(total=n_calls, desc=title, unit="call", leave=bool(wanted)) as bar:

        def advance(call: Call) -> None:
            nonlocal failed
            if call.outcome in {"error", "timeout"}:
                failed += 1
                bar.set_postfix_str(f"{failed} failed", refresh=False)
            bar.update()

        yield advance


def _somebody_looks() -> bool:
    return "ipykernel" in sys.modules or sys.stderr.isatty()
