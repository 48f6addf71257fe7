"""What is wrong with an answer, in words: the place in it, what stands there, and what should."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..printable import printable

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError as SchemaProblem
    from pydantic import ValidationError

_MAX_SHOWN = 2  # problems that are spelled out; the others are counted
_MAX_PLACE, _MAX_VALUE, _MAX_REASON = 60, 40, 100  # characters
_MISSING = re.compile(r"['\"](.*)['\"] is a required property", re.DOTALL)
_PREFIXES = ("Value error, ", "Assertion failed, ")  # pydantic's, before the user's own words


class InvalidAnswerError(ValueError):
    """An answer that is not what was asked for; the message says why."""


def explain_model(error: ValidationError) -> str:
    """Say what pydantic refused."""
    details = error.errors(include_url=False, include_context=False)
    return _join((_explain(each) for each in details), len(details))


def explain_schema(errors: Sequence[SchemaProblem]) -> str:
    """Say what a JSON schema does not allow."""
    return _join(map(_explain_problem, errors), len(errors))


def explain_raised(error: BaseException) -> str:
    """Say what a validator of the user's own raised."""
    name = type(error).__name__
    try:
        said = str(error)
    except Exception:  # noqa: BLE001  a __str__ of the user's own
        said = ""
    return f"it was refused with {name}: {_cut(said)}" if said else f"it was refused with {name}"


def _explain_problem(problem: SchemaProblem) -> str:
    missing = _MISSING.fullmatch(problem.message)
    if problem.validator == "required" and missing:
        return f"{_name_place([*problem.absolute_path, missing[1]])} is missing"
    place = f"{_name_place(problem.absolute_path)}: " if problem.absolute_path else ""
    return place + _cut(problem.message)


def _explain(detail: Any) -> str:
    place = _name_place(detail["loc"])
    if detail["type"] == "missing":
        return f"{place} is missing"
    reason = detail["msg"]
    for prefix in _PREFIXES:
        reason = reason.removeprefix(prefix)
    if reason.startswith("Input should be "):
        reason = f"not {reason.removeprefix('Input should be ')}"
    return f"{place} is {_show(detail['input'])}: {_cut(reason)}"


def _join(said: Iterable[str], n: int) -> str:
    shown = [each for each, _ in zip(said, range(_MAX_SHOWN), strict=False)]
    more = [f"and {n - _MAX_SHOWN} more"] if n > _MAX_SHOWN else []
    return "; ".join([*shown, *more])


def _name_place(steps: Iterable[Any]) -> str:
    """Name a place in a value: ``address.city``, ``items[0]``."""
    place = ""
    for step in steps:
        place += f"[{step}]" if isinstance(step, int) else f".{step}"
    place = place.removeprefix(".") or "the whole"
    return place if len(place) <= _MAX_PLACE else f"{place[: _MAX_PLACE - 1]}…"


def _show(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  a __repr__ of the user's own
        text = type(value).__name__
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 1]}…"


def _cut(reason: str) -> str:
    reason = " ".join(printable(reason).split())
    return reason if len(reason) <= _MAX_REASON else f"{reason[: _MAX_REASON - 1]}…"
