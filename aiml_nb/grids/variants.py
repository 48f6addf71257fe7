"""The variants of a grid: every combination of what is varied, and its calls out of the runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from ..analysis.asked import level_name
from ..prompts import Prompt
from ..prompts.prompt import shorten
from ..records import Call, Run
from ..report.labels import sanitize
from ..report.subjects import MAX_NAME
from ..runner.inputs import ARGUMENTS
from ..runner.new_run import name_call
from ..runner.options import CAPS, OPTIONS

# A list is their value, so only a list of lists varies them.
_LISTS = frozenset({"stop", "tools", "modalities", "functions"})
_FIRST = {"model": 0, "endpoint": 1}  # in names; the rest follows as it was given
_EXAMPLE = 'grid(prompts, model=["gpt-4o", "gpt-4o-mini"], temperature=[0, 1])'


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination: its name, what differs, and where its calls go."""

    name: str
    values: dict[str, Any]
    parameters: dict[str, Any]
    endpoint: str


def take_varied(given: dict[str, Any]) -> dict[str, list[Any]]:
    """Take what is given as a list of values out of `given`, and return it.

    Raises
    ------
    TypeError
        If an option of the whole run is given as a list.
    ValueError
        If a list is empty, or has a value twice.
    """
    found = {name: [*value] for name, value in given.items() if _is_varied(name, value)}
    for name, values in found.items():
        if name in OPTIONS | CAPS:
            raise TypeError(
                f"{name}={shorten(given[name])} is a list, and {name} is one for the whole grid: "
                f"its calls share it. Give one value; what is sent can be varied: {_EXAMPLE}."
            )
        check_values(name, values)
        del given[name]
    return found


def check_values(name: str, values: Sequence[Any]) -> None:
    """Raise ValueError if there are no values to try, or one is there twice."""
    if not values:
        raise ValueError(f"{name} is an empty list, so there is nothing to try. Write {_EXAMPLE}.")
    for i, value in enumerate(values):
        if any(value is other or _is_same(value, other) for other in values[:i]):
            raise ValueError(
                f"{name} has {shorten(value)} twice, and each variant needs a name of its own. "
                "Leave one of them out."
            )


def make_variants(endpoints: Sequence[str], varied: dict[str, list[Any]]) -> list[Variant]:
    """Return every combination, of the endpoints too if there are several, named by what differs.

    A value is part of the names only if there is another one.
    """
    made = []
    for endpoint, *values in product(endpoints, *varied.values()):
        parameters = dict(zip(varied, values, strict=True))
        differs = {"endpoint": endpoint} if len(endpoints) > 1 else {}
        differs |= {name: each for name, each in parameters.items() if len(varied[name]) > 1}
        # The model first, then where, then the rest: as one would say it.
        order = sorted(differs, key=lambda name: _FIRST.get(name, len(_FIRST)))
        words = [sanitize(level_name(name, differs[name]), width=MAX_NAME) for name in order]
        made.append(Variant(", ".join(words) or "all", differs, parameters, endpoint))
    return _with_own_names(made)


def _with_own_names(variants: list[Variant]) -> list[Variant]:
    seen: dict[str, int] = {}
    named = []
    for variant in variants:
        seen[variant.name] = count = seen.get(variant.name, 0) + 1
        named.append(variant if count == 1 else replace(variant, name=f"{variant.name} ({count})"))
    return named


def vary(prompts: Sequence[Prompt], variants: Sequence[Variant]) -> list[Prompt]:
    """Return each prompt once for each variant, with its parameters, prompt by prompt.

    In this order no variant waits until another is done.
    """
    if not variants:
        return [*prompts]
    return [
        replace(
            prompt,
            parameters=_merged(prompt.parameters, variant.parameters),
            custom_id=f"{prompt.custom_id} [{variant.name}]" if prompt.custom_id else None,
        )
        for prompt in prompts
        for variant in variants
    ]


def own_values(prompts: Iterable[Prompt], varied: Mapping[str, object]) -> dict[str, int]:
    """Return how many prompts have a value of their own for what is varied."""
    counts: dict[str, int] = {}
    for prompt in prompts:
        for name in prompt.parameters.keys() & varied.keys():
            counts[name] = counts.get(name, 0) + 1
    return counts


def split_run(whole: Run, prompts: Sequence[Prompt], variants: Sequence[Variant]) -> list[Run]:
    """Return the run of each variant, out of the one run that made the calls of all of them."""
    return [
        replace(
            whole,
            run_id=f"{whole.run_id}-{number}",
            model=variant.parameters.get("model") or whole.model,
            parameters=_merged(whole.parameters, _without_model(variant.parameters)),
            calls=[
                _own_call(call, index, prompts[index], variant)
                for index, call in enumerate(whole.calls[number - 1 :: len(variants)])
            ],
            variant=variant.name,
        )
        for number, variant in enumerate(variants, 1)
    ]


def _own_call(call: Call, index: int, prompt: Prompt, variant: Variant) -> Call:
    own = {n: each for n, each in call.parameters.items() if n not in variant.parameters}
    return replace(call, index=index, custom_id=name_call(prompt, index + 1), parameters=own)


def _without_model(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name != "model"}


def _merged(parameters: dict[str, Any], variant: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with those of a variant; one that is None there is not sent."""
    merged = parameters | variant
    return {name: value for name, value in merged.items() if variant.get(name, ...) is not None}


def _is_varied(name: str, value: object) -> bool:
    if isinstance(value, str | bytes | Mapping | set | frozenset) or not isinstance(
        value, Iterable
    ):
        return False
    if name in _LISTS:
        values = [*value]
        return bool(values) and all(isinstance(each, list | tuple | None) for each in values)
    return name not in ("prices", *ARGUMENTS)


def _is_same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)
