"""What is known of one thing that was sent for a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..endpoint.failures import Failure
from ..records import Attempt


class Sent:
    """An attempt, with stamps as the clock gives them.

    Parameters
    ----------
    started
        When it was sent.
    """

    __slots__ = (
        *("error_type", "finished", "first_token", "headers", "possibly_billed"),
        *("started", "status"),
    )

    def __init__(self, started: float) -> None:
        self.started = started
        self.first_token: float | None = None
        self.finished: float | None = None
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}
        self.error_type: str | None = None
        self.possibly_billed = False

    def note_failure(self, failure: Failure) -> None:
        """Take what went wrong with it, as far as its reply has not said so."""
        self.error_type = self.error_type or failure.error_type
        self.status = self.status or failure.status
        self.possibly_billed = failure.possibly_billed


def write_attempts(
    attempts: list[Attempt],
    sent: Sequence[Sent],
    *,
    origin: float,
    clean: Callable[[Any], Any],
) -> list[Attempt]:
    """Write what was sent into the attempts of a call, new ones for what has none, and return them.

    Parameters
    ----------
    origin
        What the stamps of the call count from.
    clean
        Takes keys out of a text.
    """
    before = 0.0
    for number, each in enumerate(sent):
        started, first, finished = each.started - origin, each.first_token, each.finished
        written = Attempt(
            number=number + 1,
            started=started,
            first_token=None if first is None else first - origin,
            finished=None if finished is None else finished - origin,
            status=each.status,
            error_type=each.error_type,
            backoff_time=started - before if number else 0.0,
            request_id=clean(each.headers.get("x-request-id")),
            possibly_billed=each.possibly_billed,
        )
        if number < len(attempts):  # somebody may have it already
            for name in Attempt.__slots__:
                setattr(attempts[number], name, getattr(written, name))
        else:
            attempts.append(written)
        before = written.finished or 0.0
    return attempts
