"""Errors of many calls, grouped by their message and counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..records import Call

# What differs between replies with the same cause: identifiers, and numbers that stand alone. Those
# within names stay: errors about two models have two causes.
_VARIABLE_PARTS = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\b(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{10,}\b"  # letters and figures mixed, such as a hash
    r"|\b[a-z]+[_-](?=[0-9a-z]*\d)[0-9a-z]{6,}\b"  # req_011CSHoEeqs5
    r"|(?<![\w.-])[-+]?\d[\d,.:]*(?:ms|[smhd])?(?:\d+(?:ms|[smhd]))*\b",
    re.I,
)


class ErrorGroup(NamedTuple):
    """Calls with one error.

    Parameters
    ----------
    outcome, error_type
        Of all of them.
    message
        That of the first; those of the others differ in numbers and identifiers at most.
    calls
        How many there are.
    """

    outcome: str
    error_type: str | None
    message: str
    calls: int


def group_errors(calls: Iterable[Call]) -> list[ErrorGroup]:
    """Group the calls that have an error by what it says, the most frequent first."""
    first: dict[tuple[str, str | None, str], str] = {}
    counts: Counter[tuple[str, str | None, str]] = Counter()
    for call in calls:
        if call.error:
            kind = (call.outcome, call.error_type, _VARIABLE_PARTS.sub("#", call.error))
            first.setdefault(kind, call.error)
            counts[kind] += 1
    return [ErrorGroup(kind[0], kind[1], first[kind], n) for kind, n in counts.most_common()]
