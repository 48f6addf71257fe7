"""What was asked: messages reduced to what an answer depends on."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# About four characters of English: a short word with the space before it, or half a long one.
_TOKEN = re.compile(r"\s*\w{1,5}|\s*[^\w\s]{1,3}|\s+")

# A chat model wraps each message in a few tokens of its own.
_TOKENS_PER_MESSAGE = 4


def split_tokens(text: str) -> tuple[str, ...]:
    """Split a text into its tokens, about four characters each; joined they are the text."""
    return tuple(_TOKEN.findall(text))


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation as the model sees it.

    ``key`` is a hash of its messages, ``text`` the text of the last user message (of the last
    message, if no user wrote one) and ``tokens`` the count over all messages.
    """

    key: str
    text: str
    tokens: int

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
        label = json.dumps(pairs, sort_keys=True).encode()
        return cls(
            key=hashlib.blake2b(label, digest_size=16).hexdigest(),
            text=(asked or texts)[-1],
            tokens=sum(len(_TOKEN.findall(text)) + _TOKENS_PER_MESSAGE for text in texts),
        )


def _read_text(content: Any) -> str:
    """Give the text of a message, whose content may be a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, Mapping))
    return "".join(part for part in parts if isinstance(part, str))
