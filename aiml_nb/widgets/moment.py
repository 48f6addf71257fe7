"""A run as it was at a moment, and its unfinished calls as bars that end now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..records import Attempt, Call, Run


def as_it_was(run: Run, moment: float) -> Run:
    """Return a copy of a run with what was known of it at a moment.

    Parameters
    ----------
    run
        A run, in progress or over.
    moment
        Seconds since its origin.
    """
    return replace(run, calls=[_call_at(call, moment) for call in run.calls])


def as_of(run: Run, now: float) -> Run:
    """Return a copy of a run in which the unfinished calls end now, to draw it.

    Parameters
    ----------
    run
        A run in progress.
    now
        Seconds since its origin.
    """
    return replace(run, calls=[_ended(call, now, streamed=run.stream) for call in run.calls])


def moments(runs: Sequence[Run]) -> list[float]:
    """Return when something happened in runs: a call began, its first token came, it ended.

    In seconds since the origin of the run that began first.
    """
    found: set[float] = set()
    for run, offset in zip(runs, offsets(runs), strict=True):
        for call in run.calls:
            stamps = [call.finished]
            for each in call.attempts:
                stamps += (each.started, each.first_token, each.finished)
            found |= {offset + stamp for stamp in stamps if stamp is not None}
    return sorted(found)


def offsets(runs: Sequence[Run]) -> list[float]:
    """Return how many seconds after the first of the runs each began; 0 for what has not."""
    first = min((run.started_at for run in runs if run.started_at), default=0.0)
    return [max(0.0, run.started_at - first) for run in runs]


def _call_at(call: Call, moment: float) -> Call:
    if call.finished is not None and call.finished <= moment:
        return call
    attempts = [_attempt_at(each, moment) for each in call.attempts if each.started <= moment]
    return replace(
        call,
        started=_known(call.started, moment),
        first_token=attempts[-1].first_token if attempts else None,
        finished=None,
        outcome="not_started",
        attempts=attempts,
    )


def _attempt_at(attempt: Attempt, moment: float) -> Attempt:
    return replace(
        attempt,
        first_token=_known(attempt.first_token, moment),
        finished=_known(attempt.finished, moment),
    )


def _known(stamp: float | None, moment: float) -> float | None:
    return None if stamp is None or stamp > moment else stamp


def _ended(call: Call, now: float, *, streamed: bool) -> Call:
    if call.finished is not None or call.submitted is None:
        return call
    attempts, first = list(call.attempts), call.first_token
    if attempts and attempts[-1].finished is not None:
        # It waits to be sent again: with an attempt that begins now, its wait is drawn as one.
        attempts.append(Attempt(number=len(attempts) + 1, started=max(now, attempts[-1].finished)))
        first = None
    started = now if call.started is None else call.started
    end = max(now, started)
    first = end if streamed and first is None else first
    return replace(
        call, started=started, first_token=first, finished=end, outcome="ok", attempts=attempts
    )
