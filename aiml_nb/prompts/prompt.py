"""`Prompt`: what one call asks, and the forms in which users write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..apis import APIS, CHAT, Api, shorten_texts
from ..messages import Message

ADVICE = (
    'Write {"prompt": "a question"} or {"messages": [{"role": "user", "content": "a question"}]}.'
)
_BY_URL = {f"/v1{api.path}": api for api in APIS.values()}


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
    api
        The API that it is for, as in `records.Call.api`; None where it does not say.
    """

    messages: list[dict[str, Any]]
    parameters: dict[str, Any] = field(default_factory=dict)
    custom_id: str | None = None
    place: str | None = field(default=None, compare=False, repr=False)
    row: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    problem: str | None = field(default=None, compare=False, repr=False)
    api: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse a prompt without messages."""
        for each in self.messages:
            if type(each) is dict and type(each.get("role")) is str:  # the usual case
                continue
            if not (is_message(each) or _is_item(each)):
                break
        else:
            if self.messages:
                return
        raise ValueError(f"messages must be a list of messages; not {shorten(self.messages)}.")

    @property
    def label(self) -> str:
        """The text of the last user message; of the last message if none is the user's."""
        users = [message for message in self.messages if message.get("role") == "user"]
        content = shorten_texts((users or self.messages)[-1].get("content"))
        if isinstance(content, str):
            return content
        parts = content if isinstance(content, list) else []
        texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
        return " ".join(text for text in texts if isinstance(text, str))


def as_prompt(item: object, place: str, *, source: str | None = None) -> Prompt:
    """Read one prompt in any of its forms.

    Parameters
    ----------
    item
        A `Prompt`, a text, messages, or a mapping.
    place
        Names the item in messages.
    source
        Where it was read, to be kept as `Prompt.place`.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If it is empty, or a Batch request for another service.
    """
    if isinstance(item, Prompt):
        return item
    if type(item) is dict:  # the lines of a file
        return _from_mapping(item, place, source)
    if isinstance(item, str):
        return Prompt(messages=_ask(item, place), place=source)
    if isinstance(item, list | tuple) and item and all(is_message(part) for part in item):
        return Prompt(messages=[dict(part) for part in item], place=source)
    if isinstance(item, list | tuple) and item and all(map(_is_text, item)):
        return Prompt(messages=[{"role": "user", "content": list(item)}], place=source)
    if isinstance(item, Mapping):
        return _from_mapping(item, place, source)
    raise TypeError(
        f"{place} is {shorten(item)}, which is neither text nor messages. "
        "Write 'a question' or [{'role': 'user', 'content': 'a question'}]."
    )


def _ask(text: str, place: str) -> list[dict[str, Any]]:
    if not text.strip():
        raise ValueError(f"{place} is empty. Leave it out or write a question.")
    return [{"role": "user", "content": text}]


def _from_mapping(item: Mapping[str, Any], place: str, source: str | None) -> Prompt:
    """Read a Batch line, ``{"custom_id", "body"}``, or a mapping with messages or a prompt."""
    parameters = item.get("body", item)
    if parameters is not item and not isinstance(parameters, Mapping):
        raise TypeError(f"{place} has the body {shorten(parameters)}. {ADVICE}")
    api = _find_api(item, place) if "body" in item else None
    # A copy without the names: the rest are request parameters.
    parameters = {key: each for key, each in parameters.items() if key not in {"custom_id", "id"}}
    if api in (None, CHAT):
        messages = _pop_messages(parameters, item, place)
    else:
        given = parameters.pop(api.member, None)
        talks = api.has_conversations
        messages = _as_messages(given, api.member, place, is_conversation=talks)
    if parameters.get("stream") is False:  # the default; True is refused later by its name
        del parameters["stream"]
    return Prompt(
        messages=messages,
        parameters=parameters,
        custom_id=_find_custom_id(item, place),
        place=source,
        api=api.name if api else None,
    )


def _pop_messages(
    parameters: dict[str, Any], item: Mapping[str, Any], place: str
) -> list[dict[str, Any]]:
    """Remove the messages, or the prompt, from the parameters, and return messages."""
    messages, prompt = parameters.pop("messages", None), None
    if "body" not in item:  # a Batch request has messages only
        prompt = parameters.pop("prompt", None)
        if prompt is None and messages is None and parameters.get("input") is not None:
            return _as_messages(parameters.pop("input"), "input", place)
    if prompt is not None and messages is not None:
        raise TypeError(f"{place} has both a prompt and messages. Leave one of them out.")
    if prompt is not None:
        if not isinstance(prompt, str):
            raise TypeError(
                f"{place} has the prompt {shorten(prompt)}, which is not text. Write a question in "
                "quotes; or, if it is a column of your own, what to ask: "
                + Message("prompt='… {prompt}'", "--prompt '… {prompt}'")
                + "."
            )
        return _ask(prompt, place)
    if not (isinstance(messages, list) and messages and all(map(is_message, messages))):
        raise TypeError(
            f"{place} is {shorten(item)}, which has no prompt and no messages. {ADVICE}"
        )
    return messages


def _as_messages(
    given: object, member: str, place: str, *, is_conversation: bool = False
) -> list[dict[str, Any]]:
    """Return as messages what a request's `member` asks: texts, tokens, parts or items."""
    items = given if isinstance(given, list) else []
    are_items = bool(items) and all(is_message(each) or _is_item(each) for each in items)
    if are_items and (is_conversation or any(map(is_message, items))):
        return [dict(each) for each in items]
    if not given or not isinstance(given, str | list) or not str(given).strip():
        raise TypeError(f"{place} has the {member} {shorten(given)}. Write a text there.")
    return [{"role": "user", "content": given}]


def _find_api(item: Mapping[str, Any], place: str) -> Api | None:
    """Return the API that a Batch line names by its url; None if it names none.

    Raises
    ------
    ValueError
        If there is no such API, or it is to be called in another way than by POST.
    """
    if item.get("method", "POST") != "POST":
        raise ValueError(
            f"{place} has the method {shorten(item['method'])}, and 'POST' is all that is sent. "
            "Write that, or leave the line out."
        )
    if "url" not in item:
        return None
    api = _BY_URL.get(item["url"]) if isinstance(item["url"], str) else None
    if api is None:
        raise ValueError(
            f"{place} has the url {shorten(item['url'])}, and these are known: "
            f"{', '.join(map(repr, _BY_URL))}. Write one of them, or leave the line out."
        )
    return api


def _find_custom_id(item: Mapping[str, Any], place: str) -> str | None:
    if type(name := item.get("custom_id")) is str and name:  # the usual case
        return name
    inside = item.get("body", {})
    found = [each.get(key) for each in (item, inside) for key in ("custom_id", "id")]
    name = next((each for each in found if each is not None), None)
    if isinstance(name, float) and name.is_integer():
        name = int(name)  # as a spreadsheet writes it beside an empty cell: 1.0
    if isinstance(name, int) and not isinstance(name, bool) and name == item.get("id"):
        return str(name)  # tables and databases number their rows
    if name is not None and not isinstance(name, str):
        raise TypeError(
            f"{place} has the custom_id {shorten(name)}, which is not text. Write it in "
            "quotes, or call it id."
        )
    return name or None


def is_message(item: object) -> bool:
    """Say whether `item` is one message of a conversation."""
    # The usual case first: to ask an abstract class takes longer than all else here.
    return isinstance(item, dict | Mapping) and isinstance(item.get("role"), str)


def _is_item(item: object) -> bool:
    """Say whether `item` is part of the input of a response without being a message."""
    return isinstance(item, Mapping) and isinstance(item.get("type"), str)


def _is_text(item: object) -> bool:
    return isinstance(item, str) and bool(item.strip())


def shorten(value: object) -> str:
    """Return the beginning of `value`, for an error message."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
