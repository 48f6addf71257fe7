"""Find an API key in a text, even with invisible characters between its letters.

Characters outside printable ASCII may be dropped or hidden on the way to a reader: zero-width
spaces, soft hyphens, direction marks, combining accents. Keys are printable ASCII, so any such
character between two letters, plain or escaped, is skipped by the search.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MIN_LENGTH = 6  # characters; a shorter key would redact ordinary words
_PREFIX_LENGTH = 9  # characters that identify a key whose end may be cut off

_HEX = "[0-9a-fA-F]"
_INVISIBLE = rf"(?-i:(?:[^ -~]|\\(?:u{_HEX}{{4}}|U{_HEX}{{8}}|x{_HEX}{{2}}))*+)"
_INVISIBLE_RUN = re.compile(_INVISIBLE)
_INVISIBLE_IN_JSON = rb"(?:[^ -~]|\\(?:u[0-9a-fA-F]{4}|[bfnrt]))*+"
# Characters that Unicode normalization (NFC) turns into ASCII: the Kelvin sign, the Greek question
# mark, the Greek varia.
_LOOKALIKES = str.maketrans({"\u212a": "K", "\u037e": ";", "\u1fef": "`"})
_LOOKALIKES_IN_JSON = re.compile(rb"\xe2\x84\xaa|\xcd\xbe|\xe1\xbf\xaf|\\u(?:212a|037e|1fef)", re.I)
_OPTIONALLY_ESCAPED = re.compile(rb'["/\\]')  # JSON may write these with a backslash
_ESCAPED = re.compile(rb"\\[bfu]")
_UNICODE_ESCAPE = re.compile(rb"\\u00[2-7]")  # of printable ASCII, which keys consist of

Span = tuple[int, int]


def make_finder(key: str) -> Callable[[str], list[Span]]:
    """Return a function that finds the spans of a key in a text, ignoring case.

    A key that is cut off by the end of the text is found, too.
    """
    if len(key) < MIN_LENGTH:
        return lambda _: []
    begin = re.compile(_INVISIBLE.join(map(re.escape, key[:_PREFIX_LENGTH])), re.IGNORECASE)
    rest = key[_PREFIX_LENGTH:]

    def find(text: str) -> list[Span]:
        text = text if text.isascii() else text.translate(_LOOKALIKES)
        found: list[Span] = []
        at = 0
        while match := begin.search(text, at):
            end = _match_rest(rest, text, match.end())
            at = match.start() + 1 if end is None else end
            if end is not None:
                found.append((match.start(), end))
        return found

    return find


def make_test(key: str) -> Callable[[str], bool]:
    """Return a function that says whether a text may hold a key, faster than a full search."""
    if len(key) < MIN_LENGTH:
        return lambda _: False
    search = re.compile(_INVISIBLE.join(map(re.escape, key[:_PREFIX_LENGTH]))).search

    def is_in(text: str) -> bool:
        return search(text if text.isascii() else text.translate(_LOOKALIKES)) is not None

    return is_in


def make_json_test(key: str) -> Callable[[bytes], bool]:
    """Return a function that says whether JSON may hold a key; most is excluded very fast."""
    begin = key[:_PREFIX_LENGTH].encode("utf-8", "replace")
    if len(key) < MIN_LENGTH:
        return lambda _: False
    if _OPTIONALLY_ESCAPED.search(begin):
        return lambda _: True
    letters = [re.escape(begin[at : at + 1]) for at in range(len(begin))]
    search = re.compile(_INVISIBLE_IN_JSON.join(letters)).search

    def may_be_in(data: bytes) -> bool:
        # NULs mean UTF-16 or UTF-32, which the byte pattern does not cover.
        if begin in data or b"\0" in data[:4]:
            return True
        if data.isascii() and (b"\\" not in data or not _ESCAPED.search(data)):
            return False
        # Letters of the key may be written as escapes: only a full search of the text can tell.
        if b"\\" in data and _UNICODE_ESCAPE.search(data):
            return True
        return search(data) is not None or _LOOKALIKES_IN_JSON.search(data) is not None

    return may_be_in


def _match_rest(rest: str, text: str, at: int) -> int | None:
    """Return where the rest of a key, beginning at `at`, ends; None if the text differs."""
    if text.startswith(rest, at):
        return at + len(rest)
    for letter in rest:
        invisible = _INVISIBLE_RUN.match(text, at)
        at = invisible.end() if invisible else at
        if at == len(text):
            return at
        if text[at].lower() != letter.lower():
            return None
        at += 1
    return at
