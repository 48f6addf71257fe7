"""The names of prompts that come from a column of ids: text, and each once."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WHOLE = re.compile(r"([+-]?\d+)(\.0+)?")


def unique_ids(found: Sequence[str | None]) -> list[str | None]:
    """Return the ids, each once: the second ``7`` becomes ``7 (2)``.

    Where all are whole numbers, and some written ``1.0``, as a spreadsheet writes them, they become
    ``1``.
    """
    numbers = [_WHOLE.fullmatch(each) for each in found if each]
    if all(numbers):
        found = [each and each.partition(".")[0] for each in found]
    taken = {each for each in found if each}
    seen: dict[str, int] = {}
    return [each and _number(each, seen, taken) for each in found]


def _number(name: str, seen: dict[str, int], taken: set[str]) -> str:
    count = seen[name] = seen.get(name, 0) + 1
    if count == 1:
        return name
    while (numbered := f"{name} ({count})") in taken:
        count += 1
    seen[name] = count
    taken.add(numbered)
    return numbered
