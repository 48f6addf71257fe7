"""Keys of prompts by their content: where and what is asked, with which model and parameters."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..formats.journal_sections import Record, Section, resolve
from .changes import describe_changes
from .journal_inputs import find_changes, find_parameters

# How an answer is sent and read changes nothing in it.
_DELIVERY = ("stream", "stream_options")


Key = tuple[bytes, int]


def content_keys(
    prompts: Iterable[Record], settings: Mapping[str, Any], parameters: Mapping[str, Any]
) -> Iterator[Key | None]:
    """Yield the key of each prompt: a digest of its content, and how often that came before."""
    place = settings["base_url"]
    if settings["simulated"]:
        place = f"simulator {settings['seed']} {_scenario(settings)}"
    before: Counter[bytes] = Counter()
    for prompt in prompts:
        own = {**parameters, **prompt.get("parameters", {})}
        asked = {n: each for n, each in own.items() if each is not None and n not in _DELIVERY}
        model = asked.pop("model", settings["model"])
        content = prompt["item"] if "item" in prompt else prompt["messages"]
        digest = _digest([place, settings.get("api"), model, asked, content])
        yield None if digest is None else (digest, before[digest])
        if digest is not None:
            before[digest] += 1


def _scenario(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a simulator was asked for, but for its speed, which changes no answer."""
    return {n: each for n, each in (settings.get("simulator") or {}).items() if n != "speed"}


def describe_difference(before: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return what is asked otherwise than before, of what is in the keys of all prompts."""
    was, is_ = _asked_of_all(before), _asked_of_all(settings)
    return describe_changes(was, find_changes(was, is_))


def _asked_of_all(settings: Mapping[str, Any]) -> dict[str, Any]:
    place = {"server": settings["base_url"]}
    if settings["simulated"]:
        place = {"server": "the simulator", "seed": settings["seed"], **_scenario(settings)}
    asked = {"api": settings.get("api"), "model": settings["model"], **_parameters_of(settings)}
    return place | {n: each for n, each in asked.items() if n not in _DELIVERY}


def _digest(content: object) -> bytes | None:
    try:
        text = json.dumps(content, sort_keys=True)
    except (TypeError, ValueError, RecursionError):  # refused where it is written
        return None
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def keys_in(sections: list[Section]) -> Iterator[tuple[Key, tuple[int, str]]]:
    """Yield the keys of all prompts that were sent, each with its section and its name there.

    A later one of the same key counts; so it must come later.
    """
    first = max((n for n, each in enumerate(sections) if _is_fresh(each)), default=0)
    for number, section in enumerate(sections[first:], first):
        if not section.records or not section.head.get("settings"):
            continue
        settings = section.head["settings"]
        sent = {each["custom_id"] for each in section.records if "sent" in each}
        prompts = [_as_asked(each, section, sections) for each in section.prompts.values()]
        asked = content_keys(prompts, settings, _parameters_of(settings))
        for prompt, key in zip(prompts, asked, strict=True):
            name = prompt["custom_id"]
            if key is not None and (name in sent or name in section.calls):
                yield key, (number, name)


def _is_fresh(section: Section) -> bool:
    return section.head.get("fresh") is True


def _parameters_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    # Journals of early versions keep the request parameters among the options.
    return find_parameters(settings.get("parameters", settings.get("options", {})))


def _as_asked(prompt: Record, section: Section, sections: list[Section]) -> Record:
    """Return a prompt whole, with the parameters that its record says it was asked with."""
    whole = resolve(prompt, sections)
    changed = section.calls.get(prompt["custom_id"], {}).get("parameters")
    return whole | {"parameters": whole.get("parameters", {}) | changed} if changed else whole
