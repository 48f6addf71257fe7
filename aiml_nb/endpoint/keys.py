"""`ApiKey`: find, check and hide an API key, so that no display, log or traceback shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ..errors import EndpointError
from .key_search import Span, make_finder, make_json_test, make_test

PLACEHOLDER = "[key]"  # in place of a redacted key
# Members that hold a part of a text: a key may be split between two parts.
_TEXT_MEMBERS = ("text", "token", "thinking", "reasoning", "summary", "refusal", "decoded_token")


class ApiKey:
    """An API key that can be used but is not shown.

    The text is kept in a closure: ``repr``, ``vars`` and tracebacks that print variables show its
    length at most, and it cannot be pickled. White space around the key is dropped.

    Parameters
    ----------
    text
        The key as the user gave it; `check` validates it.
    source
        Where it came from, for messages: ``AIML_API_KEY``, ``api_key=``.

    Attributes
    ----------
    reveal
        Returns its text.
    may_be_in
        Says whether JSON, in bytes, may hold it; a fast filter.
    """

    __slots__ = ("__weakref__", "_find", "_is_in", "may_be_in", "reveal", "source")

    def __init__(self, text: str, *, source: str) -> None:
        stripped = text.strip()
        self.reveal: Callable[[], str] = lambda: stripped
        self.may_be_in = make_json_test(stripped)
        self._is_in = make_test(stripped)
        self._find = make_finder(stripped)
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

        Neither invisible characters between its letters nor capitals hide it. A beginning of the
        key at the end of a text that was cut off is redacted, too.
        """
        found = self._find(text)
        return _cut_out(found, text) if found else text

    def redact_all(self, value: Any) -> Any:
        """Return a JSON value redacted: its texts, its names, and texts split into parts."""
        try:
            return self._redact_value(value) if _may_contain(self._is_in, value) else value
        except RecursionError:  # circular: no writer accepts it, so nothing can leak
            return value

    def unredact_all(self, value: Any) -> Any:
        """Return a JSON value with the key in place of every ``[key]``."""
        if isinstance(value, str):
            return value.replace(PLACEHOLDER, self.reveal())
        if isinstance(value, dict):
            return {name: self.unredact_all(each) for name, each in value.items()}
        return [self.unredact_all(each) for each in value] if isinstance(value, list) else value

    def _redact_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            shown = {name: self.redact(name) if isinstance(name, str) else name for name in value}
            return {shown[name]: self._redact_value(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._redact_value(each) for each in self._redact_parts(value)]
        return value

    def _redact_parts(self, parts: Sequence[Any]) -> list[Any]:
        """Redact a key that is split between parts, such as the tokens of logprobs."""
        texts = [_text_of_part(part) for part in parts]
        found = self._find("".join(text for _, text in texts))
        cleaned, begin = [], 0
        for part, (name, text) in zip(parts, texts, strict=True):
            left = _cut_out(found, text, begin)
            begin += len(text)
            if left != text:
                # A token repeats its text as bytes, and in its alternatives.
                others = {each: None for each in ("bytes", "top_logprobs") if each in part}
                part = {**part, **others, name: left} if isinstance(part, dict) else left
            cleaned.append(part)
        return cleaned

    def __repr__(self) -> str:
        return f"<ApiKey from {self.source}, {len(self.reveal())} characters>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("An ApiKey is not written to disk. Connect again where it is needed.")


def _cut_out(found: list[Span], text: str, begin: int = 0) -> str:
    """Return a text with the found spans replaced; `begin` is its offset in the joined text."""
    left, at = "", 0
    for start, end in found:
        start, end = start - begin, end - begin
        if end > 0 and start < len(text):
            left += text[at : max(start, 0)] + (PLACEHOLDER if start >= 0 else "")
            at = end
    return left + text[at:]


def _may_contain(is_in: Callable[[str], bool], value: Any) -> bool:
    """Say whether a text, a name, or the parts of a text together may hold a key."""
    if isinstance(value, str):
        return is_in(value)
    if isinstance(value, dict):
        return any(
            _may_contain(is_in, name) or _may_contain(is_in, each) for name, each in value.items()
        )
    if isinstance(value, list | tuple):
        return any(_may_contain(is_in, each) for each in value) or is_in(
            "".join(text for _, text in map(_text_of_part, value))
        )
    return False


def _text_of_part(part: Any) -> tuple[str, str]:
    """Return the member that holds the text of a part, and the text."""
    if isinstance(part, dict):
        for name in _TEXT_MEMBERS:
            if isinstance(text := part.get(name), str):
                return name, text
    return "", part if isinstance(part, str) else ""
