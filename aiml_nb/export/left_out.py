"""What a file does not hold of what functions returned, said in one line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..formats.plain import plain_data_of
from ..printable import say
from ..records import Call, Run
from ..records.stored_calls import StoredCall


def say_without_results(runs: Iterable[Run], path: Path, *, writer: str) -> None:
    """Say that results of functions are left out, as all texts are, and how to have them.

    Parameters
    ----------
    writer
        The name of the function that has written the file.
    """
    names = [run.model or "the function" for run in runs if _returned(run)]
    if names:
        whose = " and ".join(dict.fromkeys(names))
        say(
            f"'{path}' is without texts, and without what {whose} returned. "
            f"{writer}(…, texts=True) writes both."
        )


def say_unwritable(run: Run, path: Path) -> None:
    """Say which results are left out as no JSON can hold them."""
    lost = [call for call in _returned(run) if not _is_writable(call)]
    if lost:
        say(
            f"'{path}' is without the results of {len(lost)} of {len(run.calls)} calls, which JSON "
            f"cannot hold, such as that of {lost[0].custom_id}: they are in `results` alone."
        )


def _returned(run: Run) -> list[Call]:
    # What stands in a journal can be written; to read it all only for that would take long.
    held = (call for call in run.calls if not isinstance(call, StoredCall))
    return [call for call in held if call.result is not None]


def _is_writable(call: Call) -> bool:
    try:
        plain_data_of(call.result)
    except ValueError:
        return False
    return True
