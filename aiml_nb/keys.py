"""Find, check and hide an API key: its text is kept where no display, log or traceback looks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

from .errors import EndpointError

_SHORTEST = 6  # characters of a key
_BEGIN = 9  # of these it is known by
_TWO_WAYS = re.compile(rb'["/\\]')  # what JSON may also write with a backslash before it
_NUMBERED = re.compile(rb"\\u00[2-7]")  # characters that keys have
# Members of which texts are made that come in parts.
_PARTS = ("text", "token", "thinking", "reasoning", "summary", "refusal", "decoded_token")


class ApiKey:
    """An API key that can be used but is not shown.

    The text lives in a closure: ``repr``, ``vars`` and tracebacks that print variables show its
    length at most, and it refuses to be pickled. White space around the key is dropped.

    Parameters
    ----------
    text
        The key as the user gave it, right or wrong; `check` tells.
    source
        Where it came from, in words a user can act on: ``AIML_API_KEY``, ``api_key=``.

    Attributes
    ----------
    reveal
        Returns its text.
    may_be_in
        Says whether JSON, in bytes, may hold it.
    """

    __slots__ = ("may_be_in", "reveal", "source")

    def __init__(self, text: str, *, source: str) -> None:
        stripped = text.strip()
        self.reveal: Callable[[], str] = lambda: stripped
        self.may_be_in = _look_for(stripped)
        self.source = source

    def check(self) -> None:
        """Refuse a key that no server could accept.

        Raises
        ------
        EndpointError
            If the key is empty, holds white space, control or non-ASCII characters, or starts
            with ``Bearer``. The message gives its source and length, never the key.
        """
        problem = self._find_problem()
        if problem:
            raise EndpointError(
                f"The key from {self.source} ({len(self.reveal())} characters) {problem}. "
                "Copy it again from the provider's page: one word, nothing around it."
            ) from None

    def _find_problem(self) -> str | None:
        text = self.reveal()
        if not text:
            return "is empty"
        if text.lower().startswith("bearer"):
            return "starts with 'Bearer', which is the header's word and no part of the key"
        if any(char.isspace() for char in text):
            return "has a space or a line break inside"
        if not (text.isascii() and text.isprintable()):
            return "has characters that no key has"
        return None

    def redact(self, text: str) -> str:
        """Return `text` with every occurrence of the key replaced by ``[key]``.

        A text that was cut off in the middle of the key loses that part of it, too.
        """
        key = self.reveal()
        # A key of a few letters would blot out ordinary words; no real one is that short.
        if len(key) < _SHORTEST or key[:_BEGIN] not in text:
            return text
        return _without(_find(key, text), text)

    def redact_all(self, value: Any) -> Any:
        """Return what JSON holds as `redact` returns a text, with names and texts in parts."""
        key = self.reveal()
        if len(key) < _SHORTEST or not _mentions(key[:_BEGIN], value):
            return value
        return self._clean(value)

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            return {self.redact(name): self._clean(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._clean(each) for each in self._clean_parts(value)]
        return value

    def _clean_parts(self, parts: list[Any]) -> list[Any]:
        """Take the key out of parts, such as tokens, that hold it only together."""
        words = [_word_of(part) for part in parts]
        found = _find(self.reveal(), "".join(word for _, word in words))
        cleaned, begin = [], 0
        for part, (name, word) in zip(parts, words, strict=True):
            left = _without(found, word, begin)
            begin += len(word)
            if left != word:
                # A token is told in bytes, too, and the other tokens that it might have been.
                others = {each: None for each in ("bytes", "top_logprobs") if each in part}
                part = {**part, **others, name: left} if isinstance(part, dict) else left
            cleaned.append(part)
        return cleaned

    def __repr__(self) -> str:
        return f"<ApiKey from {self.source}, {len(self.reveal())} characters>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("An ApiKey is not written to disk. Connect again where it is needed.")


def _look_for(key: str) -> Callable[[bytes], bool]:
    """Return what says whether JSON may hold a key: a look or two tells that most does not."""
    begin = key[:_BEGIN].encode("utf-8", "replace")
    if len(key) < _SHORTEST:
        return lambda _: False
    if _TWO_WAYS.search(begin):
        return lambda _: True

    def may_be_in(data: bytes) -> bool:
        # JSON may write any character by its number, and be in an encoding with NULs.
        if begin in data or b"\0" in data[:4]:
            return True
        return b"\\u00" in data and _NUMBERED.search(data) is not None

    return may_be_in


def _find(key: str, text: str) -> list[tuple[int, int]]:
    """Return where the key is in a text, from where to where; its end may be cut off."""
    begin, found = key[:_BEGIN], []
    at = text.find(begin) if begin else -1
    while at >= 0:
        if key.startswith(text[at : at + len(key)]):
            found.append((at, at + len(key)))
        at = text.find(begin, at + (len(key) if found and found[-1][0] == at else 1))
    return found


def _without(found: list[tuple[int, int]], text: str, begin: int = 0) -> str:
    """Return a text, which begins at `begin`, without what was found."""
    left, at = "", 0
    for start, end in found:
        start, end = start - begin, end - begin
        if end > 0 and start < len(text):
            left += text[at : max(start, 0)] + ("[key]" if start >= 0 else "")
            at = end
    return left + text[at:]


def _mentions(begin: str, value: Any) -> bool:
    """Say whether a text, a name or parts of a text together have `begin` in them."""
    if isinstance(value, str):
        return begin in value
    if isinstance(value, dict):
        return any(begin in name or _mentions(begin, each) for name, each in value.items())
    if isinstance(value, list):
        return any(_mentions(begin, each) for each in value) or begin in "".join(
            word for _, word in map(_word_of, value)
        )
    return False


def _word_of(part: Any) -> tuple[str, str]:
    """Return the name and the text of what a part of a text says."""
    if isinstance(part, dict):
        for name in _PARTS:
            if isinstance(word := part.get(name), str):
                return name, word
    return "", part if isinstance(part, str) else ""
