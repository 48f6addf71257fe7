"""Runs and calls that nobody made, for checks and fake models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...records import Call, Run


def answer_to(question: object) -> str:
    """Return what a call with this question is answered.

    Parameters
    ----------
    question
        What was asked.
    """
    return f"an answer to: {question}"


def answered_call(
    prompt: str, *, started: float, finished: float, index: int = 0, **fields: Any
) -> Call:
    """Make a call that went well.

    Parameters
    ----------
    prompt
        What was asked.
    started, finished
        Seconds since the run began.
    index
        The call's place in its run.
    fields
        More fields of `Call`.
    """
    return Call(
        index=index,
        custom_id=f"call-{index:06}",
        prompt=prompt,
        submitted=0.0,
        started=started,
        finished=finished,
        outcome="ok",
        text=answer_to(prompt),
        **fields,
    )


def answered_run(stamps: Mapping[str, tuple[float, float]]) -> Run:
    """Make a run of calls that were all submitted at 0 and answered.

    Parameters
    ----------
    stamps
        Each prompt and when its call started and finished, in seconds.
    """
    return practice_run(
        [
            answered_call(prompt, started=started, finished=finished, index=index)
            for index, (prompt, (started, finished)) in enumerate(stamps.items())
        ]
    )


def practice_run(calls: Sequence[Call]) -> Run:
    """Make a run of these calls, as if all of them had been sent at once.

    Parameters
    ----------
    calls
        In the order of their index.
    """
    return Run(
        strategy="gather",
        max_concurrency=max(1, len(calls)),
        stream=False,
        model="practice",
        base_url="",
        simulated=True,
        started_at=0.0,
        calls=list(calls),
    )
