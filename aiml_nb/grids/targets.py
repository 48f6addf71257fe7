"""Where the calls of several variants go: endpoints, or functions, each with a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from ..endpoint import Endpoint, connect
from ..report.labels import sanitize
from ..report.subjects import MAX_NAME
from ..runner.functions.function import Function, find_target
from .variants import check_values

Target: TypeAlias = Endpoint | Callable[[Any], Any]


def find_targets(endpoint: object) -> dict[str, Endpoint | Function]:
    """Return the endpoints or functions by their names.

    Raises
    ------
    TypeError
        If one is neither.
    ValueError
        If there are none, or one is there twice.
    """
    if isinstance(endpoint, Mapping):
        check_values("endpoint", [*endpoint.values()])
        return {sanitize(str(name)): _as_target(each) for name, each in endpoint.items()}
    if isinstance(endpoint, list | tuple):
        check_values("endpoint", endpoint)
        return _name_targets([*map(_as_target, endpoint)])
    return {"endpoint": _as_target(endpoint)}


def _as_target(given: object) -> Endpoint | Function:
    return find_target(given) or connect()


def _name_targets(targets: Sequence[Endpoint | Function]) -> dict[str, Endpoint | Function]:
    """Name endpoints by what differs between them: host, path, model, settings of the simulator."""
    words = [_words_of(each) for each in targets]
    named: dict[str, Endpoint | Function] = {}
    for own, target in zip(words, targets, strict=True):
        differing = [part for i, part in enumerate(own) if len({each[i] for each in words}) > 1]
        name = sanitize(", ".join(filter(None, differing)) or own[0], width=MAX_NAME)
        named[f"{name} ({len(named) + 1})" if name in named else name] = target
    return named


def _words_of(target: Endpoint | Function) -> tuple[str, ...]:
    if isinstance(target, Function):
        return (target.name, "", "", "", "")
    parts = urlsplit(target.base_url)
    place = ("simulator", "") if target.simulated else (parts.netloc, parts.path)
    settings = {name: each for name, each in target.simulator_settings.items() if name != "seed"}
    said = ", ".join(f"{name}={settings[name]}" for name in sorted(settings))
    seed = "" if target.seed is None else f"seed={target.seed}"
    return (*place, target.model, said, seed)


def refuse_varied_functions(
    targets: Mapping[str, Endpoint | Function], varied: Mapping[str, list[Any]]
) -> None:
    """Raise TypeError if request parameters are varied of a function, which makes its own."""
    for found in targets.values():
        if isinstance(found, Function) and varied:
            name = next(iter(varied))
            raise TypeError(
                f"{name} is varied, and {found.name} is a function of your own, which is called "
                "with the item alone: what it sends is its own affair. Give a function for each "
                f"value: grid(items, {{'{name}={varied[name][0]}': …, …}})."
            )
