"""Read an event of a stream: the text that it adds, and what it tells of the reply as a whole."""

from __future__ import annotations

from .asked import label_of
from .json_values import NOTHING, Json, first_object_of, object_of

_LAST_EVENTS = frozenset(
    {"transcript.text.done", "speech.audio.done"}
    | {"image_generation.completed", "image_edit.completed"}
)


def of_media(event: Json) -> tuple[str, Json]:
    """Read an event such as ``transcript.text.delta`` or ``speech.audio.done``."""
    kind, delta = str(event.get("type")), event.get("delta")
    if kind.endswith("text.delta") and isinstance(delta, str):
        return delta, NOTHING
    return "", event if kind in _LAST_EVENTS else NOTHING


def of_messages(event: Json) -> tuple[str, Json]:
    """Read an event of Anthropic's API."""
    if event.get("type") == "message_start":
        return "", object_of(event.get("message"))
    delta = object_of(event.get("delta"))
    told = {name: event[name] for name in ("usage",) if name in event}
    if delta.get("stop_reason"):
        told["stop_reason"] = delta["stop_reason"]
    return label_of(delta), told


def of_candidates(event: Json) -> tuple[str, Json]:
    """Read an event of Gemini's API."""
    return label_of(first_object_of(event.get("candidates")).get("content")), event
