"""One choice of an answer: its tokens in the order in which they are sent, by kind."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

SectionKind: TypeAlias = Literal[
    "reasoning", "content", "refusal", "audio", "tool_call", "custom_call", "function_call"
]
"""``audio`` holds the transcript; ``function_call`` belongs to the deprecated ``functions``."""


@dataclass(frozen=True, slots=True)
class Section:
    """A run of tokens of one kind. The first token of a call is the name of the tool."""

    kind: SectionKind
    tokens: tuple[str, ...]
    id: str = ""

    @property
    def is_call(self) -> bool:
        """Whether a tool is called."""
        return self.kind.endswith("_call")

    @property
    def text(self) -> str:
        """The text; of a call, its arguments."""
        return "".join(self.tokens[1:] if self.is_call else self.tokens)


@dataclass(frozen=True)
class Choice:
    """The sections of one choice, one after another, and why it ends."""

    sections: tuple[Section, ...]
    finish_reason: str = "stop"

    @cached_property
    def size(self) -> int:
        """The number of its tokens."""
        return sum(len(section.tokens) for section in self.sections)

    def count(self, kind: SectionKind) -> int:
        """Count the tokens of one kind."""
        return sum(len(each.tokens) for each in self.sections if each.kind == kind)

    def find_text(self, kind: SectionKind) -> str | None:
        """Give the text of one kind, ``None`` if there is no section of it."""
        texts = [section.text for section in self.sections if section.kind == kind]
        return "".join(texts) if texts else None

    def cut(self, max_tokens: int | None) -> "Choice":
        """Return the choice truncated to `max_tokens`; a text in it may become empty."""
        if max_tokens is None or self.size <= max_tokens:
            return self
        kept, left = [], max_tokens
        for section in self.sections:
            if left or not section.is_call:
                kept.append(replace(section, tokens=section.tokens[:left]))
            left = max(0, left - len(section.tokens))
        return Choice(tuple(kept), "length")
