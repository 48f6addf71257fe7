"""Read a chat completion: choices, messages, text, reasoning, tool calls, usage.

Servers differ in details, and any member may have a wrong type: what cannot be read is ignored, and
nothing here raises.
"""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

if TYPE_CHECKING:
    pass

# Providers name reasoning differently; it may also be in parts of the content.
_REASONING = (
    *("reasoning_content", "reasoning", "thinking", "reasoning_details"),
    *("thinking_blocks", "reasoning_text"),
)
_REASONING_TYPES = ("thinking", "reasoning", "redacted_thinking")
_TEXT_MEMBERS = ("text", "thinking", "reasoning", "summary", "content")
EMPTY: dict[str, Any] = {}
_OTHER_CONTENT = ("tool_calls", "function_call", "audio", "images")  # neither text nor reasoning
_MAX_DEPTH = 5  # Mistral nests lists of parts in parts
# More than any answer has; larger numbers would overflow the sums of a table.
_MAX_TOKENS = 10**12


def choices_of(body: object) -> list[dict[str, Any]]:
    """Return the choices of a completion."""
    return _dicts(body.get("choices")) if isinstance(body, dict) else []


def message_of(choice: object) -> dict[str, Any]:
    """Return the message of a choice."""
    message = choice.get("message") if isinstance(choice, dict) else None
    return message if isinstance(message, dict) else {}


def tool_calls_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tool calls of a message."""
    calls = message.get("tool_calls")
    return [calls] if isinstance(calls, dict) else _dicts(calls)


def named_arguments(tool_call: dict[str, Any]) -> dict[str, Any]:
    """Return the name and the arguments of a tool call: their value if they are JSON, else text."""
    kind = tool_call.get("type")
    inner = tool_call.get(kind) if isinstance(kind, str) else None
    inner = inner if isinstance(inner, dict) else tool_call.get("function")
    inner = inner if isinstance(inner, dict) else tool_call
    arguments = inner.get("arguments", inner.get("input"))
    if isinstance(arguments, str) and kind != "custom":
        with suppress(ValueError, TypeError):  # TypeError: a lone surrogate
            arguments = from_json(arguments, allow_inf_nan=False)
    return {"name": inner.get("name"), "arguments": arguments}


def plain_text_of(body: dict[str, Any] | None) -> str | None:
    """Fast path: return the text of a completion with one choice and only text; else None."""
    choices = body.get("choices") if body else None
    if not isinstance(choices, list) or len(choices) != 1:
        return None
    message = message_of(choices[0])
    content = message.get("content")
    if not isinstance(content, str):
        return None
    # A loop, since any() with a generator would double the time.
    for name, value in message.items():
        if value and name not in ("content", "role"):
            return None
    return content


def text_of(message: dict[str, Any]) -> str:
    """Return the text of a message: its content, with parts joined, and its refusal."""
    content, refusal = message.get("content"), message.get("refusal")
    text = content if isinstance(content, str) else _text_of_content(content)
    return text + refusal if refusal and isinstance(refusal, str) else text


def reasoning_of(message: dict[str, Any]) -> str:
    """Return the reasoning in a message; empty if there is none."""
    for name in _REASONING:
        if name in message and (text := _join_texts(message[name])):
            return text
    parts = _parts(message.get("content"))
    return "".join(_join_texts(part) for part in parts if _is_reasoning(part))


def is_in_parts(message: dict[str, Any]) -> bool:
    """Say whether the text or the reasoning of a message is a list of parts."""
    content = message.get("content")
    if not (content is None or isinstance(content, str)):
        return True
    return "reasoning_details" in message or "thinking_blocks" in message


def is_refused(message: dict[str, Any]) -> bool:
    """Say whether a message is a refusal, as a whole or in a part."""
    if message.get("refusal"):
        return True
    content = message.get("content")
    return not isinstance(content, str) and any(_get(part, "refusal") for part in _parts(content))


def is_empty(message: dict[str, Any]) -> bool:
    """Say whether a message has no text, tool call, audio or image; it may have reasoning."""
    if text_of(message) or any(map(message.get, _OTHER_CONTENT)):
        return False
    parts = _parts(message.get("content"))
    return all(_is_reasoning(part) or "text" in str(_get(part, "type")) for part in parts)


def fields_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a `records.Call` that are read from a completion."""
    choice = first_choice(body)
    usage = body.get("usage")
    usage = usage if isinstance(usage, dict) else EMPTY
    if usage and "prompt_tokens" not in usage:
        usage = _rename_usage(usage)
    details = usage.get("completion_tokens_details")
    meta = body.get("meta")  # AIML API reports the cost there
    return {
        "text": text_of(message_of(choice)),
        "finish_reason": _text(choice.get("finish_reason")),
        "input_tokens": _count(usage.get("prompt_tokens")),
        "output_tokens": _count(usage.get("completion_tokens")),
        "reasoning_tokens": _count(_get(details or usage, "reasoning_tokens")),
        "cost": amount_of(_get(_get(meta, "usage"), "usd_spent")) if meta else None,
        "model": _text(body.get("model")),
    }


def first_choice(body: dict[str, Any]) -> dict[str, Any]:
    """Return the choice with the lowest index, whatever the order."""
    choices = body.get("choices")
    if isinstance(choices, list) and len(choices) == 1 and isinstance(choices[0], dict):
        return choices[0]
    return min(_dicts(choices), key=_index, default=EMPTY)


def _index(choice: dict[str, Any]) -> int:
    index = choice.get("index")
    return index if type(index) is int else 0


def _rename_usage(usage: dict[str, Any]) -> dict[str, Any]:
    """Return a usage in other words (``input_tokens``) with the names of chat completions."""
    names = {"input_tokens": "prompt_tokens", "output_tokens": "completion_tokens"}
    names["output_tokens_details"] = "completion_tokens_details"
    return {names.get(name, name): value for name, value in usage.items()}


def _get(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _parts(content: object) -> list[Any]:
    if isinstance(content, list):
        return content
    return [content] if isinstance(content, dict) else []


def _is_reasoning(part: object) -> bool:
    return str(_get(part, "type")).startswith(_REASONING_TYPES)


def _text_of_content(content: object) -> str:
    """Join the parts of a content; other JSON is returned as JSON text."""
    if isinstance(content, list):
        return "".join(map(_text_of_part, content))
    is_part = isinstance(content, dict) and not {"type", "text"}.isdisjoint(content)
    if is_part or content in (None, {}):
        return _text_of_part(content)
    return json.dumps(content, ensure_ascii=False)


def _text_of_part(part: object) -> str:
    if isinstance(part, str):
        return part
    text = None if _is_reasoning(part) else _get(part, "text") or _get(part, "refusal")
    text = text.get("value") if isinstance(text, dict) else text
    return text if isinstance(text, str) else ""


def _join_texts(value: object, depth: int = _MAX_DEPTH) -> str:
    if isinstance(value, str) or not (value and depth):
        return value if isinstance(value, str) else ""
    if isinstance(value, list):
        return "".join(_join_texts(each, depth - 1) for each in value)
    found = (_join_texts(_get(value, name), depth - 1) for name in _TEXT_MEMBERS)
    return next(filter(None, found), "")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= _MAX_TOKENS else None


def amount_of(value: object) -> float | None:
    """Return a finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        amount = float(value)
    except OverflowError:
        return None
    return amount if math.isfinite(amount) else None
