"""Keys of prompts by their content: where and what is asked, with which model and parameters."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..formats.journal_sections import Record

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


def _scenario(settings: Mapping[str, Any]) -> object:
    """Return what a simulator was asked for, but for its speed, which changes no answer."""
    return {n: each for n, each in (settings.get("simulator") or {}).items() if n != "speed"}


def _digest(content: object) -> bytes | None:
    try:
        text = json.dumps(content, sort_keys=True)
    except (TypeError, ValueError, RecursionError):  # refused where it is written
        return None
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
