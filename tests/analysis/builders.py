"""Runs written as literals, so that a test's numbers can be checked by hand."""

from __future__ import annotations

from typing import Any

from aiml_nb.records import Attempt, Call, Comparison, Outcome, Run

LONG = "who won the hockey game?"
SHORT = "what is 2+2?"


def call(
    started: float | None = None,
    finished: float | None = None,
    *,
    first_token: float | None = None,
    outcome: Outcome = "ok",
    attempts: list[Attempt] | None = None,
    **fields: Any,
) -> Call:
    """Make a call submitted at 0, with one attempt if it started and none are given."""
    if attempts is None:
        attempts = []
        if started is not None:
            attempts.append(Attempt(number=1, started=started, finished=finished))
    known: dict[str, Any] = {"index": 0, "custom_id": "", "prompt": "", "submitted": 0.0}
    return Call(
        **known | fields,
        started=started,
        finished=finished,
        first_token=first_token,
        outcome=outcome,
        attempts=attempts,
    )


def make_run(*calls: Call, prompts: list[str] | None = None, **fields: Any) -> Run:
    """Make a gather run of calls, numbered in the order given; no limit unless one is."""
    for i, made in enumerate(calls):
        made.index = i
        made.custom_id = f"call-{i + 1:06d}"
        if prompts is not None:
            made.prompt = prompts[i]
    settings: dict[str, Any] = {
        "strategy": "gather",
        "max_concurrency": max(len(calls), 1),
        "stream": any(made.first_token is not None for made in calls),
        "model": "m",
        "base_url": "http://127.0.0.1:1/v1",
        "simulated": False,
        "started_at": 0.0,
        "calls": list(calls),
    }
    return Run(**settings | fields)


def make_sync(*calls: Call, **fields: Any) -> Run:
    """Make a sequential run."""
    settings: dict[str, Any] = {"strategy": "sequential", "max_concurrency": 1}
    return make_run(*calls, **settings | fields)


def timed(*spans: tuple[float, float], **fields: Any) -> list[Call]:
    """Make ok calls from pairs of start and finish."""
    return [call(started, finished, **fields) for started, finished in spans]


def faq(*, stream: bool = True, **fields: Any) -> Comparison:
    """Return the two questions, one after another and at the same time."""
    long, short = "Wayne Gretzky and four more", "4"
    first = (0.62, 3.58, 0.71, 0.6) if stream else (None,) * 4
    sync = make_sync(
        call(0, 3.05, first_token=first[0], text=long),
        call(3.05, 4.21, first_token=first[1], text=short),
        prompts=[LONG, SHORT],
        **fields,
    )
    concurrent = make_run(
        call(0, 3.12, first_token=first[2], text=long),
        call(0, 1.29, first_token=first[3], text=short),
        prompts=[LONG, SHORT],
        **fields,
    )
    return Comparison(pairs=[(sync, concurrent)])


def with_retries(
    started: float, *, times: tuple[float, ...], outcome: Outcome = "ok", status: int = 429
) -> Call:
    """Make a call from the lengths of attempt, back-off, attempt and so on."""
    attempts: list[Attempt] = []
    now = started
    for i, length in enumerate(times):
        if i % 2 == 0:
            pause = times[i - 1] if i else 0.0
            attempts.append(
                Attempt(
                    number=i // 2 + 1,
                    started=now,
                    finished=now + length,
                    status=status,
                    error_type=str(status),
                    backoff_time=pause,
                )
            )
        now += length
    if outcome == "ok":
        attempts[-1].status, attempts[-1].error_type = 200, None
    error_type = None if outcome == "ok" else str(status)
    return call(started, now, outcome=outcome, attempts=attempts, error_type=error_type)


def watch_run(*calls: Call, **fields: Any) -> Run:
    """Make a run recorded from somebody's code: nobody queued, and no limit is ours."""
    for made in calls:
        made.submitted = made.started
    settings: dict[str, Any] = {"strategy": "watch"}
    return make_run(*calls, **settings | fields)


def item(started: float | None, finished: float | None, *children: Call, **fields: Any) -> Call:
    """Make the call of a function of the user's own, with what was made within it."""
    known: dict[str, Any] = {"api": "function", "children": list(children)}
    return call(started, finished, **known | fields)


def step(name: str, started: float, finished: float | None, *children: Call) -> Call:
    """Make a named part of a function."""
    return item(started, finished, *children, api="step", prompt=name)
