"""What a request asks, in words; and messages in the form that each API takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .json_values import Json

# To ask whether a dictionary is a mapping takes ten times as long as whether it is one.
_OBJECT = (dict, Mapping)


def label_of(asked: object) -> str:
    """Return what was asked in words: a text, the text of its parts, or the last of several."""
    if isinstance(asked, str):
        return asked
    if isinstance(asked, _OBJECT):
        for name in ("text", "content", "parts", "input_text"):
            if name in asked:
                return label_of(asked[name])
        return ""
    if isinstance(asked, list | tuple):
        words = [label_of(each) for each in asked if isinstance(each, (str, *_OBJECT))]
        return " ".join(filter(None, words))
    return ""


def last_message(body: Json) -> object:
    """Return the last message of the user in a request; else the last item."""
    messages = body.get("messages") or body.get("input") or body.get("contents")
    if not isinstance(messages, list):
        return messages
    for each in reversed(messages):
        if isinstance(each, _OBJECT) and each.get("role") == "user":
            return each
    return messages[-1:]


def first_input(body: Json) -> object:
    """Return the input of a request; of several texts the first, and how many more there are."""
    return shorten_texts(body.get("input") or body.get("prompt"))


def shorten_texts(given: object) -> object:
    """Return the first of several texts, and how many more there are; anything else as it is."""
    if isinstance(given, list) and len(given) > 1 and isinstance(given[0], str):
        return f"{given[0]} (and {len(given) - 1} more)"
    return given


def messages_of(messages: Sequence[Json]) -> Any:
    """Return messages as the chat API takes them."""
    return messages


def how_many(given: object) -> int:
    """Return how many inputs a request has: texts, or lists of tokens."""
    if not isinstance(given, list) or all(type(each) is int for each in given):
        return 1
    return len(given)


def put_format_in_text(body: dict[str, Any]) -> None:
    """Put the ``response_format`` of a request for chats where the responses API takes it."""
    given = body.pop("response_format", None)
    if not isinstance(given, Mapping):
        return
    inner = given.get("json_schema")
    described = inner if isinstance(inner, Mapping) else {}
    kept = {name: each for name, each in given.items() if name != "json_schema"}
    text = body.get("text")
    own = text if isinstance(text, Mapping) else {}
    body["text"] = {**own, "format": kept | dict(described)}


def content_of(messages: Sequence[Json]) -> Any:
    """Return what a prompt for an API without conversations asks: the content of its message."""
    return messages[-1].get("content")


def input_of(messages: Sequence[Json]) -> Any:
    """Return messages as the input of the responses API: one plain text stays one."""
    only = messages[0] if len(messages) == 1 else {}
    if only.keys() == {"role", "content"} and only["role"] == "user":
        content = only["content"]
        return content if isinstance(content, str) else list(messages)
    return list(messages)
