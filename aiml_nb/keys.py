"""Find, check and hide an API key: its text is kept where no display, log or traceback looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from .errors import EndpointError


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
    """

    __slots__ = ("reveal", "source")

    def __init__(self, text: str, *, source: str) -> None:
        stripped = text.strip()
        self.reveal: Callable[[], str] = lambda: stripped
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
        begin = key[:9]
        # A key of a few letters would blot out ordinary words; no real one is that short.
        if len(key) < 6 or begin not in text:
            return text
        text = text.replace(key, "[key]")
        at = text.find(begin, max(0, len(text) - len(key)))
        while at >= 0 and not key.startswith(text[at:]):
            at = text.find(begin, at + 1)
        return text if at < 0 else f"{text[:at]}[key]"

    def __repr__(self) -> str:
        return f"<ApiKey from {self.source}, {len(self.reveal())} characters>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("An ApiKey is not written to disk. Connect again where it is needed.")
