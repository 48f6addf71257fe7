"""`Prompt`: what one call asks, and the forms in which users write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ADVICE = (
    'Write {"prompt": "a question"} or {"messages": [{"role": "user", "content": "a question"}]}.'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What one call asks.

    Parameters
    ----------
    messages
        As the chat completions API takes them.
    parameters
        Request parameters of this prompt alone; they win over those of the run.
    custom_id
        The prompt's own name, None for a numbered one.
    place
        Where it was read, for messages: ``Line 3 of 'questions.jsonl'``.
    row
        The user's own row of a table that it was made from, by column; None for none.
    problem
        Why it cannot be asked, where that is passed over; None for all others.
    """

    messages: list[dict[str, Any]]
    parameters: dict[str, Any] = field(default_factory=dict)
    custom_id: str | None = None
    place: str | None = field(default=None, compare=False, repr=False)
    row: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    problem: str | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse a prompt without messages."""
        if not self.messages or not all(map(is_message, self.messages)):
            raise ValueError(f"messages must be a list of messages; not {shorten(self.messages)}.")

    @property
    def label(self) -> str:
        """The text of the last user message; of the last message if none is the user's."""
        users = [message for message in self.messages if message.get("role") == "user"]
        content = (users or self.messages)[-1].get("content")
        if isinstance(content, str):
            return content
        parts = content if isinstance(content, list) else []
        texts = [part.get("text") for part in parts if isinstance(part, dict)]
        return " ".join(text for text in texts if isinstance(text, str))


def as_prompt(item: object, place: str) -> Prompt:
    """Read one prompt in any of its forms.

    Parameters
    ----------
    item
        A `Prompt`, a text, messages, or a mapping.
    place
        Names the item in messages.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If it is empty, or a Batch request for another service.
    """
    if isinstance(item, Prompt):
        return item
    if isinstance(item, str):
        if not item.strip():
            raise ValueError(f"{place} is empty. Leave it out or write a question.")
        return Prompt(messages=[{"role": "user", "content": item}])
    if isinstance(item, list | tuple) and item and all(is_message(part) for part in item):
        return Prompt(messages=[dict(part) for part in item])
    if isinstance(item, Mapping):
        return _from_mapping(item, place)
    raise TypeError(
        f"{place} is {shorten(item)}, which is neither text nor messages. "
        "Write 'a question' or [{'role': 'user', 'content': 'a question'}]."
    )


def _from_mapping(item: Mapping[str, Any], place: str) -> Prompt:
    """Read a Batch line, ``{"custom_id", "body"}``, or a mapping with messages or a prompt."""
    parameters = item.get("body", item)
    if not isinstance(parameters, Mapping):
        raise TypeError(f"{place} has the body {shorten(parameters)}. {ADVICE}")
    if "body" in item:
        _check_target(item, place)
    # A copy without the names: the rest are request parameters.
    parameters = {key: each for key, each in parameters.items() if key not in {"custom_id", "id"}}
    messages = _pop_messages(parameters, item, place)
    if parameters.get("stream") is False:  # the default; True is refused later by its name
        del parameters["stream"]
    return Prompt(messages=messages, parameters=parameters, custom_id=_find_custom_id(item, place))


def _pop_messages(
    parameters: dict[str, Any], item: Mapping[str, Any], place: str
) -> list[dict[str, Any]]:
    """Remove the messages, or the prompt, from the parameters, and return messages."""
    messages, prompt = parameters.pop("messages", None), None
    if "body" not in item:  # a Batch request has messages only
        prompt = parameters.pop("prompt", None)
    if prompt is not None and messages is not None:
        raise TypeError(f"{place} has both a prompt and messages. Leave one of them out.")
    if prompt is not None:
        if not isinstance(prompt, str):
            raise TypeError(f"{place} has the prompt {shorten(prompt)}, which is not text.")
        return as_prompt(prompt, place).messages
    if not (isinstance(messages, list) and messages and all(map(is_message, messages))):
        raise TypeError(
            f"{place} is {shorten(item)}, which has no prompt and no messages. {ADVICE}"
        )
    return messages


def _check_target(item: Mapping[str, Any], place: str) -> None:
    """Refuse a Batch request for anything but chat completions."""
    for name, expected in {"url": "/v1/chat/completions", "method": "POST"}.items():
        if item.get(name, expected) != expected:
            raise ValueError(
                f"{place} has the {name} {shorten(item[name])}, and {expected!r} is all that is "
                "sent. Write that, or leave the line out."
            )


def _find_custom_id(item: Mapping[str, Any], place: str) -> str | None:
    inside = item.get("body", {})
    found = [each.get(key) for each in (item, inside) for key in ("custom_id", "id")]
    name = next((each for each in found if each is not None), None)
    if isinstance(name, int) and not isinstance(name, bool) and name == item.get("id"):
        return str(name)  # tables and databases number their rows
    if name is not None and not isinstance(name, str):
        raise TypeError(f"{place} has the custom_id {shorten(name)}, which is not text.")
    return name or None


def is_message(item: object) -> bool:
    """Say whether `item` is one message of a conversation."""
    return isinstance(item, Mapping) and isinstance(item.get("role"), str)


def shorten(value: object) -> str:
    """Return the beginning of `value`, for an error message."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
