"""A recorded loop as rows and as text: a line for each step."""

from __future__ import annotations

from typing import Any

LATE = 0.02  # seconds from which a timer counts as late
_MAX_ROWS = 60
_TOLD = {"sleep": "sleeps {seconds:.3g} s", "turn": "lets the others go first"}


def to_rows(recording: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each step.

    Parameters
    ----------
    recording
        A recorded loop.
    """
    return [_row(step, recording) for step in recording["steps"]]


def to_text(recording: dict[str, Any]) -> str:
    """Return the steps as a table in text, with the notes below.

    Parameters
    ----------
    recording
        A recorded loop.
    """
    steps, tasks = recording["steps"], recording["tasks"]
    head = (
        f"LoopView: {_count(tasks, 'task')} in {_count(steps, 'step')}, "
        f"{recording['seconds']:.2f} s"
    )
    names = max([len(task["name"]) for task in tasks], default=0)
    rows = [_line(row, names) for row in to_rows(recording)[:_MAX_ROWS]]
    more = len(steps) - len(rows)
    rest = [f"… and {_count(range(more), 'step')} more: see .steps"] if more > 0 else []
    return "\n".join([head, *rows, *rest, *recording["notes"]])


def sentence(step: dict[str, Any], recording: dict[str, Any]) -> str:
    """Say how a step ended: what its task waits for now, or how it ended.

    Parameters
    ----------
    step
        One of the recording's.
    recording
        A recorded loop.
    """
    wait = step["waits_for"]
    told = "did not let go of the loop"
    if wait is not None:
        told = _TOLD.get(wait["kind"], "waits for {text}").format_map(wait)
        if wait["timeout"]:
            told += f", at most {wait['timeout']['seconds']:.3g} s"
    elif step["ending"] == "returned":
        told = f"returned {recording['tasks'][step['task']]['value']}"
    elif step["ending"]:
        told = f"{step['ending']} {step['error'] or ''}".rstrip()
    if step["blocked"]:
        told += f"; held the loop for {step['blocked']['seconds']:.2f} s"
        if step["blocked"]["text"]:
            told += f" in `{step['blocked']['text']}`"
    if late := _late(step):
        told += f"; late by {late:.2f} s"
    return told


def _row(step: dict[str, Any], recording: dict[str, Any]) -> dict[str, Any]:
    source = step["source"]
    return {
        "task": recording["tasks"][step["task"]]["name"],
        "start": step["start"],
        "end": step["end"],
        "file": None if source is None else recording["sources"][source]["file"],
        "line": step["line"],
        "function": step["function"],
        "woken_by": step["woken_by"]["text"],
        "what": sentence(step, recording),
        "late": _late(step) or None,
        "blocked": step["blocked"] and step["blocked"]["seconds"],
        "printed": step["printed"],
    }


def _line(row: dict[str, Any], names: int) -> str:
    line = f"line {row['line']}" if row["line"] is not None else ""
    return f"{row['start']:8.3f} s  {row['task']:{names}}  {line:9} {row['what']}".rstrip()


def _late(step: dict[str, Any]) -> float:
    late = 0.0 if step["due"] is None else step["start"] - step["due"]
    return float(late) if late >= LATE else 0.0


def _count(several: Any, word: str) -> str:
    return f"{len(several)} {word}" + ("" if len(several) == 1 else "s")
