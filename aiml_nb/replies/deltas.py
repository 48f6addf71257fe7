"""Merge the deltas of a stream into its message, whatever shape a provider gives them."""

from __future__ import annotations

from itertools import islice
from typing import Any

from .parse import parse_json, shorten

# Members that are sent whole, once or in every delta, and must not be concatenated.
_CONSTANT_MEMBERS = frozenset(
    {"id", "type", "role", "object", "format", "status", "channel", "recipient"}
)
# A part of one of these types continues the part before it, if that has the same type.
_CONTINUED = ("text", "output_text", "thinking", "reasoning", "refusal")
# How far back in a list an item is searched: without a bound long streams take quadratic time.
_MAX_LOOKBACK = 128


class _GrowingText(list[str]):
    """The fragments of a text that is still growing: joined once, at the end."""


def add_to_message(message: dict[str, Any], delta: dict[str, Any]) -> str | None:
    """Merge a delta into a message; return a description of what cannot be read."""
    problem = None
    for name, value in delta.items():
        old = message.get(name)
        if type(old) is _GrowingText and type(value) is str:  # nearly always
            old.append(value)
        elif name == "content":
            problem = _add_content(message, value)
        elif name == "tool_calls" and isinstance(value, list):
            calls = message[name] = old if isinstance(old, list) else []
            for position, call in enumerate(value):
                _add_tool_call(calls, call, position if len(value) > 1 else None)
        else:
            _add(message, name, value)
    return problem


def find_growing(message: dict[str, Any]) -> list[str] | None:
    """Return the fragments of the content so far, to which more can be appended; None if others."""
    content = message.get("content")
    return content if type(content) is _GrowingText else None


def close(message: dict[str, Any]) -> None:
    """Turn an assembled message into the plain data of an unstreamed one."""
    _close(message)
    message.setdefault("content", None)
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        # Deltas of parallel calls may arrive in any order.
        calls.sort(key=_position_of)
        for call in calls:
            if isinstance(call, dict):
                call.pop("index", None)  # as in an unstreamed message


def _add_content(message: dict[str, Any], value: Any) -> str | None:
    """Extend the content: a text, or, from the first part on, a list of parts."""
    old = message.get("content")
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, list) and type(old) is _GrowingText:
        before = [{"type": "text", "text": old}] if any(old) else []
        message["content"] = before
    elif isinstance(value, str) and isinstance(old, list):
        value = [{"type": "text", "text": value}] if value else []
    elif not isinstance(value, str | list) and value:
        return f"has no text for content but {shorten(value)}"
    if value is not None or "content" not in message:
        _add(message, "content", value if isinstance(value, str | list) else None)
    return None


def _add(into: dict[str, Any], name: str, value: Any) -> None:
    """Extend a member; a value of another type than the earlier ones is ignored."""
    old = into.get(name)
    if value is None:
        into.setdefault(name, None)
    elif isinstance(value, dict | list):
        grown = into[name] = type(value)() if old is None else old
        if type(grown) is dict and isinstance(value, dict):
            for key, each in value.items():
                _add(grown, key, each)
        elif type(grown) is list and isinstance(value, list):
            for each in value:
                _add_item(grown, each)
    elif isinstance(value, str):
        _add_text(into, name, old, value)
    elif not isinstance(old, dict | list):
        into[name] = value


def _add_text(into: dict[str, Any], name: str, old: Any, value: str) -> None:
    if name in _CONSTANT_MEMBERS:
        into[name] = old or value
    elif name == "name":
        # Sent once, repeated in every delta, or in fragments: a repetition starts with the old.
        is_whole = not isinstance(old, str) or value.startswith(old)
        into[name] = value if is_whole else old + value
    elif type(old) is _GrowingText:
        old.append(value)
    elif not isinstance(old, dict | list):
        into[name] = _GrowingText([value])


def _add_item(items: list[Any], item: Any) -> None:
    """Extend the item with the same index, or the last of the same type, or append a new one."""
    if not isinstance(item, dict):
        return items.append(item)
    index, kind = item.get("index"), item.get("type")
    lookback = _MAX_LOOKBACK if type(index) is int else int(kind in _CONTINUED)
    for known in islice(reversed(items), lookback):
        has_same_index = isinstance(known, dict) and known.get("index") == index
        if has_same_index and kind in (None, known.get("type")):
            return _grow(items, known, item)
    return _grow(items, None, item)


def _add_tool_call(calls: list[Any], call: Any, position: int | None) -> None:
    """Extend the tool call with the same index and id, or append a new one.

    Parameters
    ----------
    position
        In its delta; serves as the index of a call that has neither index nor id.
    """
    if not isinstance(call, dict):
        return calls.append(call)
    index, name = call.get("index"), call.get("id")
    if position is not None and not name and type(index) is not int:
        index = position
        call = {**call, "index": index}
    known = None
    for each in islice(reversed(calls), _MAX_LOOKBACK):
        if not isinstance(each, dict) or (type(index) is int and each.get("index") != index):
            continue
        # Some servers leave the index at 0: then the id decides. Others give each delta a new id:
        # then the index does, and `_begins_another` tells a new call.
        if name and each.get("id") == name:
            return _grow(calls, each, call)
        known = known or each
        if not name:
            break
    begins = known is not None and _begins_another(known, call)
    return _grow(calls, None if begins else known, call)


def _begins_another(known: dict[str, Any], call: dict[str, Any]) -> bool:
    """Say whether a delta starts a new call although its index is that of `known`, or missing.

    A call begins with its function's name, but some servers repeat the name in every delta.
    """
    old, new = known.get("function"), call.get("function")
    if not (isinstance(old, dict) and old.get("name")):
        return False
    if not (isinstance(new, dict) and new.get("name")):
        return False
    if known.get("id") and call.get("id"):
        return True
    arguments = old.get("arguments")
    return isinstance(arguments, dict) or _is_whole(arguments)


def _is_whole(arguments: Any) -> bool:
    """Say whether the arguments of a call are complete, that is, parse as JSON."""
    if type(arguments) is not _GrowingText or len(arguments) > _MAX_LOOKBACK:
        return False
    try:
        parse_json("".join(arguments).encode("utf-8", "replace"))
    except ValueError:
        return False
    return True


def _grow(items: list[Any], known: dict[str, Any] | None, item: dict[str, Any]) -> None:
    if known is None:
        known = {}
        items.append(known)
    for name, value in item.items():
        _add(known, name, value)


def _position_of(call: Any) -> int:
    index = call.get("index") if isinstance(call, dict) else None
    return index if type(index) is int else 0


def _close(value: Any) -> Any:
    if type(value) is _GrowingText:
        return "".join(value)
    if isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, dict | list):
                value[name] = _close(each)
    elif isinstance(value, list):
        value[:] = map(_close, value)
    return value
