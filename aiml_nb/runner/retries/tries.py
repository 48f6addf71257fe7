"""How the attempts of a call ended so far, and what is to be done after the last."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Tries:
    """The attempts of one call so far, by how they ended.

    Parameters
    ----------
    failures, rate_limited, lost, unanswered
        Failures, 429s, attempts that may have reached the server as it went away; and of the
        failures, those sent and never answered, each of which may be billed.
    invalid
        Answers that are not what ``response_format`` asks for.
    mostly_refused
        The 429s in a row that came while the server refused most requests.
    """

    failures: int = 0
    rate_limited: int = 0
    lost: int = 0
    unanswered: int = 0
    mostly_refused: int = 0
    invalid: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a failed attempt.

    Parameters
    ----------
    wait
        Seconds until the next attempt; None: there is none.
    remark
        Added to the error if no attempt follows.
    stops_run
        No call of this run can succeed: nothing more is sent.
    pause
        Seconds of the Retry-After: all calls wait, whether or not this one is retried. 0 for none.
    """

    wait: float | None
    remark: str = ""
    stops_run: bool = False
    pause: float = 0.0
