"""Where the journal of a run is, and which runs have one by default."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

from ..endpoint import Endpoint
from .functions.function import Function

JOURNALS = Path("aiml-nb-journals")  # where those are that have no name


def choose_journal_path(
    journal: object, endpoint: Endpoint | Function, *, is_needed: bool = False
) -> Path | None:
    """Return the path of the journal, or None for none.

    Parameters
    ----------
    is_needed
        The run cannot be without one.

    Raises
    ------
    ValueError
        If it is no path, or is not wanted where it is needed.
    """
    if journal is False and is_needed:
        raise ValueError(
            "keep_texts=False leaves the texts in the journal alone, and journal=False keeps none. "
            "Leave one of them out."
        )
    if journal is False or (journal is None and not is_needed and not _is_kept(endpoint)):
        return None
    if journal is None or journal is True:
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}.jsonl"
        return JOURNALS / name
    if isinstance(journal, str | os.PathLike) and os.fspath(journal) and "\0" not in str(journal):
        return Path(journal)
    raise ValueError(f"journal must be a file's name, True or False; not {journal!r}.")


def newest_journal() -> Path | None:
    """Return the newest of the journals here that have no name of their own; None without any."""
    return max(JOURNALS.glob("*.jsonl"), default=None)  # their names begin with the date


def _is_kept(endpoint: Endpoint | Function) -> bool:
    """Say whether runs have a journal by default: a server on this machine may bill as well."""
    return isinstance(endpoint, Endpoint) and not endpoint.simulated
