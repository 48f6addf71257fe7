"""`Prompt`: messages reduced to what an answer depends on."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# About four characters of English: a short word with the space before it, or half a long one.
_TOKEN = re.compile(r"\s*\w{1,5}|\s*[^\w\s]{1,3}|\s+")

# Chat templates add a few tokens to each message.
_TOKENS_PER_MESSAGE = 4

# ``function`` belongs to the deprecated functions.
_TOOL_ROLES = ("tool", "function")
_CALLS = frozenset(("tool_calls", "function_call"))


def split_tokens(text: str) -> tuple[str, ...]:
    """Split a text into its tokens, about four characters each; joined they are the text."""
    return tuple(_TOKEN.findall(text))


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation as the model sees it.

    ``key`` is a hash of its messages, ``text`` the text of the last user message (of the last
    message, if there is no user message) and ``tokens`` the count over all messages;
    ``tool_results`` are the tool messages at its end.
    """

    key: str
    text: str
    tokens: int
    tool_results: tuple[str, ...] = ()

    @classmethod
    def from_text(cls, text: str) -> "Prompt":
        """Make the prompt of a single user message."""
        return cls.from_messages([{"role": "user", "content": text}])

    @classmethod
    def from_messages(cls, messages: Sequence[Mapping[str, Any]]) -> "Prompt":
        """Make the prompt of messages in the form of OpenAI's chat completions."""
        pairs = [(str(message.get("role")), message.get("content")) for message in messages]
        texts = [_read_text(content) for _, content in pairs]
        asked = [text for (role, _), text in zip(pairs, texts, strict=True) if role == "user"]
        # Keys are sorted, so that the order of members in a message does not matter.
        label = json.dumps(pairs, sort_keys=True).encode()
        return cls(
            key=hashlib.blake2b(label, digest_size=16).hexdigest(),
            text=(asked or texts)[-1],
            tokens=sum(len(_TOKEN.findall(text)) + _TOKENS_PER_MESSAGE for text in texts)
            + sum(_count_calls(each) for each in messages if not _CALLS.isdisjoint(each)),
            tool_results=_find_results(pairs, texts) if pairs[-1][0] in _TOOL_ROLES else (),
        )


def _count_calls(message: Mapping[str, Any]) -> int:
    """Count the tokens of the tool calls in an assistant message."""
    calls = message.get("tool_calls") or message.get("function_call")
    return len(_TOKEN.findall(json.dumps(calls))) if calls else 0


def _find_results(pairs: Sequence[tuple[str, Any]], texts: Sequence[str]) -> tuple[str, ...]:
    count = len(pairs)
    while count and pairs[count - 1][0] in _TOOL_ROLES:
        count -= 1
    return tuple(texts[count:])


def _read_text(content: Any) -> str:
    """Give the text of a message, whose content may be a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, Mapping))
    return "".join(part for part in parts if isinstance(part, str))
