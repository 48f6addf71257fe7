"""Check the settings that hold faults, and copy them, so that later changes have no effect."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import SettingsError
from .scripts import FaultScript, FaultSpec, read_fault


def check_scripts(scripts: Any) -> dict[int | str, FaultScript]:
    """Check `Settings.faults` and copy it.

    Raises
    ------
    SettingsError
        If a key or a fault is in none of the forms.
    """
    if not isinstance(scripts, Mapping):
        raise SettingsError(
            "faults must map the number of a request, the text of a prompt, or '*' to faults, "
            f"as in {{3: 400, 'What is 2+2?': (429, 'reset')}}; not {scripts!r}."
        )
    for key in scripts:
        is_number = isinstance(key, int) and not isinstance(key, bool) and key >= 1
        if not (is_number or (isinstance(key, str) and key)):
            raise SettingsError(
                "a fault belongs to the number of a request (from 1), to the text of a prompt, or "
                f"to '*'; not to {key!r}."
            )
    return {key: copy_script(script) for key, script in scripts.items()}


def check_shares(shares: Any) -> dict[str, float]:
    """Check `Settings.fault_shares` and copy it, with all keys as strings.

    Raises
    ------
    SettingsError
        If a fault is unknown, or the shares are not from 0 to 1, together at most 1.
    """
    if not isinstance(shares, Mapping):
        raise SettingsError(
            f"fault_shares must map faults to shares, as in {{503: 0.1}}; not {shares!r}."
        )
    for spec, share in shares.items():
        read_fault(spec)
        is_number = isinstance(share, int | float) and not isinstance(share, bool)
        if not (is_number and 0 <= share <= 1):
            raise SettingsError(
                f"the share of the fault {spec!r} must be from 0 to 1; not {share!r}."
            )
    if sum(shares.values()) > 1 + 1e-9:
        raise SettingsError(f"fault_shares must be 1 at most together; not {sum(shares.values())}.")
    return {str(spec): float(share) for spec, share in shares.items()}


def check_refusals(refusals: Any) -> dict[str, FaultSpec]:
    """Check `Settings.refused_parameters` and copy it.

    Raises
    ------
    SettingsError
        If it does not map names to faults that refuse.
    """
    if not isinstance(refusals, Mapping) or not all(
        isinstance(name, str) and name.isidentifier() for name in refusals
    ):
        raise SettingsError(
            "refused_parameters must map the names of parameters to faults, as in "
            f"{{'stream_options': 400}}; not {refusals!r}."
        )
    for name, spec in refusals.items():
        fault = read_fault(spec)
        if fault is None or fault.has_answer:
            raise SettingsError(
                f"the fault of the refused parameter {name!r} must refuse it, as 400 does; "
                f"not {spec!r}."
            )
    return {name: _copy_spec(spec) for name, spec in refusals.items()}


def copy_script(script: Any) -> FaultScript:
    """Check the fault of a script, or its list of faults, and copy it.

    Raises
    ------
    SettingsError
        If one is in none of the forms.
    """
    if isinstance(script, Sequence) and not isinstance(script, str | bytes):
        return tuple(_copy_spec(spec) for spec in script)
    return _copy_spec(script)


def _copy_spec(spec: Any) -> FaultSpec:
    read_fault(spec)
    if not isinstance(spec, Mapping):
        return spec  # type: ignore[no-any-return]
    copied = dict(spec)
    if "headers" in copied:
        copied["headers"] = dict(copied["headers"])
    if "without" in copied:
        copied["without"] = list(copied["without"])
    return copied
