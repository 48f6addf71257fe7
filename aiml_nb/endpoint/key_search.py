"""Find a key in a text, whatever stands between its letters that nobody sees.

What is no printable ASCII may be taken away on the way to a reader: zero-width spaces, soft
hyphens, marks of direction, accents. A key is printable ASCII; so no such character between two of
its letters hides it, as it is or escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MIN_LENGTH = 6  # characters of a key; fewer would blot out ordinary words
_PREFIX_LENGTH = 9  # of these it is known by

_HEX = "[0-9a-fA-F]"
_INVISIBLE = rf"(?-i:(?:[^ -~]|\\(?:u{_HEX}{{4}}|U{_HEX}{{8}}|x{_HEX}{{2}}))*+)"
_INVISIBLE_RUN = re.compile(_INVISIBLE)
_INVISIBLE_IN_JSON = rb"(?:[^ -~]|\\(?:u[0-9a-fA-F]{4}|[bfnrt]))*+"
# What becomes another character, an ASCII one, when a text is brought into its composed form.
_LOOKALIKES = str.maketrans({"\u212a": "K", "\u037e": ";", "\u1fef": "`"})
_LOOKALIKES_IN_JSON = re.compile(rb"\xe2\x84\xaa|\xcd\xbe|\xe1\xbf\xaf|\\u(?:212a|037e|1fef)", re.I)
_OPTIONALLY_ESCAPED = re.compile(rb'["/\\]')  # what JSON may also write with a backslash before it
_ESCAPED = re.compile(rb"\\[bfu]")
_UNICODE_ESCAPE = re.compile(rb"\\u00[2-7]")  # characters that keys have

Span = tuple[int, int]


def make_finder(key: str) -> Callable[[str], list[Span]]:
    """Return what finds a key in a text, in capitals or not: from where to where it stands.

    Its end may be cut off by the text's.
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
    """Return what says whether a text may hold a key, more quickly than by finding it."""
    if len(key) < MIN_LENGTH:
        return lambda _: False
    search = re.compile(_INVISIBLE.join(map(re.escape, key[:_PREFIX_LENGTH]))).search

    def is_in(text: str) -> bool:
        return search(text if text.isascii() else text.translate(_LOOKALIKES)) is not None

    return is_in


def make_json_test(key: str) -> Callable[[bytes], bool]:
    """Return what says whether JSON may hold a key: a look or two tells that most does not."""
    begin = key[:_PREFIX_LENGTH].encode("utf-8", "replace")
    if len(key) < MIN_LENGTH:
        return lambda _: False
    if _OPTIONALLY_ESCAPED.search(begin):
        return lambda _: True
    letters = [re.escape(begin[at : at + 1]) for at in range(len(begin))]
    search = re.compile(_INVISIBLE_IN_JSON.join(letters)).search

    def may_be_in(data: bytes) -> bool:
        # It may be in an encoding with NULs.
        if begin in data or b"\0" in data[:4]:
            return True
        if data.isascii() and (b"\\" not in data or not _ESCAPED.search(data)):
            return False
        # JSON may write any character by its number.
        if b"\\" in data and _UNICODE_ESCAPE.search(data):
            return True
        return search(data) is not None or _LOOKALIKES_IN_JSON.search(data) is not None

    return may_be_in


def _match_rest(rest: str, text: str, at: int) -> int | None:
    """Return where the rest of a key ends that begins at a place; None if it goes on otherwise."""
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
