"""JSON that does not fit its schema, as models write it: to see what a client makes of it."""

import json
from typing import Any

_FORMS = ("cut", "words", "missing", "type", "comma")


def write_misfit(value: Any, number: int) -> str:
    """Write a value so that it does not fit the schema that it was made for.

    Parameters
    ----------
    number
        Chooses how: it breaks off, stands in words instead, lacks its first member, has a member
        of another type, or has a comma too many.
    """
    form = _FORMS[number % len(_FORMS)]
    text = json.dumps(value, ensure_ascii=False)
    if not (isinstance(value, dict) and value) or form == "words":
        return f"I would say that it is as follows: {text[1:40]} and so on."
    name, *_ = value
    if form == "missing":
        return json.dumps({n: each for n, each in value.items() if n != name}, ensure_ascii=False)
    if form == "type":
        # No schema of the simulator's has such a member, unless it takes any.
        return json.dumps({**value, name: {"unasked": [value[name]]}}, ensure_ascii=False)
    return text[: -1 - len(text) // 4] if form == "cut" else f"{text[:-1]}, }}"
