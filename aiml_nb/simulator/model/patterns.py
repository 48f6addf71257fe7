"""Generate a text that matches a regular expression of a JSON schema (ECMA-262)."""

import re
import string
from dataclasses import dataclass
from typing import TypeAlias

_MAX_PATTERN = 1000
_MAX_MATCH = 2000
_MAX_DEPTH = 20
_MAX_TRIES = 20

_DIGITS, _WORD = string.digits, string.ascii_lowercase + string.digits + string.ascii_uppercase
_PRINTABLE = _WORD + "_ " + string.punctuation
_CLASSES = {
    "d": _DIGITS,
    "w": _WORD + "_",
    "s": " ",
    "D": string.ascii_lowercase,
    "W": "-",
    "S": _WORD,
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d{1,4})(,?)(\d{0,4})\})[?+]?")
_GROUP = re.compile(r"\?(?::|P?<\w+>)")
_HEX_ESCAPE = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})")


class PatternError(ValueError):
    """No text can be made for a pattern; the message says why."""


@dataclass(frozen=True, slots=True)
class _Repeat:
    """A set of characters, or alternatives, between `least` and `most` times."""

    content: "str | _Options"
    least: int = 1
    most: int = 1


_Options: TypeAlias = list[list[_Repeat]]
"""Alternatives, each a sequence."""


def make_match(pattern: str, number: int, *, least: int = 0) -> str:
    """Return a text that matches a pattern.

    Parameters
    ----------
    number
        Selects among the possible characters.
    least
        The minimum length, if the pattern allows it.

    Raises
    ------
    PatternError
        If the pattern is invalid, too long, or not supported: look-around, back-references, word
        boundaries.
    """
    options = _Parser(pattern).parse()
    text, extra = _generate(options, number, 0), 0
    for _ in range(_MAX_TRIES):
        if len(text) >= least:
            break
        grown = len(_generate(options, number, extra + 1)) - len(text)
        extra += max(1, (least - len(text)) // max(1, grown))
        text = _generate(options, number, extra)
    return text


def _generate(options: _Options, number: int, extra: int) -> str:
    text = ""
    for part in options[0]:
        # The fewest repetitions, but at least one: an empty text would show nothing.
        count = min(part.most, max(part.least, 1) + extra)
        content = part.content
        once = (
            content[number % len(content)]
            if isinstance(content, str)
            else _generate(content, number, extra)
        )
        text += once * min(count, _MAX_MATCH + 1)
        if len(text) > _MAX_MATCH:
            raise PatternError("what it matches is too long")
    return text


class _Parser:
    def __init__(self, pattern: str) -> None:
        if len(pattern) > _MAX_PATTERN:
            raise PatternError(f"it is longer than {_MAX_PATTERN} characters")
        self._pattern = pattern
        self._at = 0

    def parse(self) -> _Options:
        options = self._read_options(0)
        if self._at < len(self._pattern):
            raise PatternError("a bracket was never opened")
        return options

    def _read_options(self, depth: int) -> _Options:
        if depth > _MAX_DEPTH:
            raise PatternError("its groups are too deep")
        options: _Options = [[]]
        while (char := self._peek()) not in ("", ")"):
            if char == "|":
                options.append([])
                self._at += 1
            else:
                self._read_part(options[-1], depth)
        return options

    def _read_part(self, sequence: list[_Repeat], depth: int) -> None:
        char = self._next()
        if char == "^" and not sequence:
            return
        if char == "$" and self._peek() in ("", "|", ")"):
            return
        if char in "^$*+?":
            raise PatternError(f"{char!r} stands where nothing can match it")
        content = self._read_group(depth) if char == "(" else self._read_characters(char)
        sequence.append(self._read_quantifier(content))

    def _read_group(self, depth: int) -> _Options:
        if self._peek() == "?":
            named = _GROUP.match(self._pattern, self._at)
            if named is None:
                raise PatternError("look-around is not understood")
            self._at = named.end()
        options = self._read_options(depth + 1)
        if self._next() != ")":
            raise PatternError("a bracket was never closed")
        return options

    def _read_quantifier(self, content: "str | _Options") -> _Repeat:
        found = _QUANTIFIER.match(self._pattern, self._at)
        if found is None:
            return _Repeat(content)
        self._at = found.end()
        char, least, comma, most = found.groups()
        if char:
            return _Repeat(content, int(char == "+"), 1 if char == "?" else _MAX_MATCH)
        fewest = int(least)
        return _Repeat(content, fewest, int(most) if most else (_MAX_MATCH if comma else fewest))

    def _read_characters(self, char: str) -> str:
        if char == ".":
            return _WORD
        if char == "\\":
            return self._read_escape()
        return self._read_class() if char == "[" else char

    def _read_escape(self) -> str:
        code = _HEX_ESCAPE.match(self._pattern, self._at)
        if code is not None:
            self._at = code.end()
            return chr(int(code[1] or code[2], 16))
        char = self._next()
        if char in _CLASSES:
            return _CLASSES[char]
        if char == "" or (char.isalnum() and char not in _CONTROLS):
            raise PatternError(f"\\{char} is not understood")
        return _CONTROLS.get(char, char)

    def _read_class(self) -> str:
        excludes = self._peek() == "^"
        self._at += excludes
        found = ""
        while (char := self._next()) != "]":
            if not char:
                raise PatternError("a bracket was never closed")
            first = self._read_escape() if char == "\\" else char
            if len(first) == 1 and re.match(r"-[^\]]", self._pattern[self._at : self._at + 2]):
                self._at += 1
                last = self._next()
                last = self._read_escape() if last == "\\" else last
                first = "".join(map(chr, range(ord(first), min(ord(last[0]), ord(first) + 99) + 1)))
            found += first
        chosen = "".join(each for each in _PRINTABLE if each not in found) if excludes else found
        if not chosen:
            raise PatternError("a set of characters is empty")
        return chosen

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._peek()
        self._at += 1
        return char
