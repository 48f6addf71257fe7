"""Parse the faults of a script, in the forms that `faults` describes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from ..errors import SettingsError
from .catalog import ARGUMENTS, FAULTS
from .fault import Fault, is_position

FaultSpec: TypeAlias = int | str | Mapping[str, Any]
"""A fault as a script gives it: a status, a name with its argument, or fields of a `Fault`."""

FaultScript: TypeAlias = FaultSpec | Sequence[FaultSpec]
"""One fault for every request, or a list of faults for one request each, and then none."""

# The fields of a custom fault, and their types.
_FIELDS: Mapping[str, Any] = {
    "status": int,
    "headers": Mapping,
    "body": str,
    "message": str,
    "code": str,
    "text": str,
    "finish_reason": str,
    "choice_error": str,
    "insert": str,
    "place": str,
    "without": (list, tuple),
    "delay": (int, float),
    "cut": (int, str),
    "then": str,
    "linger": (int, float),
}
_CHOICES = {
    "then": ("close", "reset", "stall"),
    "place": ("first", "end", "done"),
    "calls": ("interleaved", "whole", "same-index", "no-index"),
}
_PARTS = ("finish", "done", "delta", "choices", "message", "content")
_MAX_SECONDS = 3600.0


def read_fault(spec: Any) -> Fault | None:
    """Parse one fault; ``None`` means no fault.

    Raises
    ------
    SettingsError
        If it is in none of the forms, or its name is unknown.
    """
    if isinstance(spec, Mapping):
        return _read_fields(spec)
    if isinstance(spec, str) and not spec.isdecimal():
        return _read_name(spec)
    if isinstance(spec, bool) or not isinstance(spec, int | str):
        raise SettingsError(
            "a fault must be a status such as 503, a name such as 'reset', or a dictionary such as "
            f"{{'status': 429, 'headers': {{'retry-after': '2'}}}}; not {spec!r}."
        )
    status = int(spec)
    return None if status == 200 else _check(Fault(name=str(status), status=status))


def _read_name(spec: str) -> Fault:
    name, colon, argument = spec.partition(":")
    if name not in FAULTS:
        raise SettingsError(f"a fault must be one of {', '.join(FAULTS)}; not {spec!r}.")
    fault = replace(FAULTS[name], name=spec)
    if name not in ARGUMENTS:
        if colon:
            raise SettingsError(f"the fault {name!r} takes no argument; not {spec!r}.")
        return fault
    field, default = ARGUMENTS[name]
    given = argument if colon else default
    try:
        value = _CONVERTERS.get(field, str)(given)
    except ValueError:
        raise SettingsError(
            f"the fault {name!r} takes an argument such as {name}:{default}; not {spec!r}."
        ) from None
    changes: dict[str, Any] = {"argument": given, field: value}
    return _check(replace(fault, **changes))


def _read_fields(spec: Mapping[str, Any]) -> Fault:
    base = read_fault(spec.get("fault", 200)) or Fault()
    changes = {name: value for name, value in spec.items() if name != "fault"}
    for name, value in changes.items():
        if name not in _FIELDS:
            known = ", ".join(("fault", *_FIELDS))
            raise SettingsError(f"{name!r} is not a field of a fault; they are {known}.")
        if isinstance(value, bool) or not isinstance(value, _FIELDS[name]):
            raise SettingsError(f"the field {name!r} of a fault cannot be {value!r}.")
    if "headers" in changes:
        changes["headers"] = base.headers + _read_headers(changes["headers"])
    if "insert" in changes:
        changes["insert"] = changes["insert"].encode("utf-8", "backslashreplace")
    if "without" in changes:
        changes["without"] = tuple(changes["without"])
    return _check(replace(base, name=base.name or "custom", **changes))


def _read_headers(headers: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    pairs = tuple((str(name).lower(), str(value)) for name, value in headers.items())
    for name, value in pairs:
        if not (name + value).isprintable() or not name.isascii() or ":" in name or not name:
            raise SettingsError(f"a fault cannot have the header {name!r}: {value!r}.")
    return pairs


def _check(fault: Fault) -> Fault:
    if fault.status not in (200, *range(300, 600)):
        raise SettingsError(
            f"a fault's status must be from 300 to 599 (200: no fault); not {fault.status!r}."
        )
    if not fault.argument.isprintable():
        raise SettingsError(f"the argument of a fault cannot be {fault.argument!r}.")
    for name, choices in _CHOICES.items():
        value = getattr(fault, name)
        if value is not None and value not in choices:
            raise SettingsError(f"{name} must be one of {', '.join(choices)}; not {value!r}.")
    for part in fault.without:
        if part not in _PARTS:
            raise SettingsError(f"without must hold some of {', '.join(_PARTS)}; not {part!r}.")
    if fault.hangs_up and fault.then == "stall":
        raise SettingsError("hang-up takes close or reset; not 'stall'.")
    for name in ("cut", "shorten", "split"):
        value = getattr(fault, name)
        if value is not None and not is_position(value):
            raise SettingsError(
                f"{name} must be a position such as 120, -10 or 50%; not {value!r}."
            )
    for name in ("delay", "pace", "seconds", "linger"):
        value = getattr(fault, name)
        if not 0 <= value <= _MAX_SECONDS:
            raise SettingsError(
                f"{name} must be from 0 to {_MAX_SECONDS:g} seconds; not {value!r}."
            )
    return fault


def _read_position(argument: str) -> int | str:
    return argument if argument.endswith("%") else int(argument)


_CONVERTERS: Mapping[str, Any] = {
    "status": int,
    "cut": _read_position,
    "shorten": _read_position,
    "split": _read_position,
    "pace": float,
    "delay": float,
    "seconds": float,
    "linger": float,
}

EVERY_PROMPT = "*"
"""The key of a script for every prompt."""


def read_script(script: FaultScript) -> list[Fault | None] | Fault | None:
    """Parse the fault of a script, or its list of faults."""
    if isinstance(script, Sequence) and not isinstance(script, str):
        return [read_fault(spec) for spec in script]
    return read_fault(script)
