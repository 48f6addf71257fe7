"""Whether the tokens that a server counts are tokens of text, and how fast the text came."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import compress
from typing import NamedTuple

import numpy as np

from ..completion import message_of, plain_text_of, reasoning_of, text_of
from ..records import Call, Run
from .arrays import BoolArray, Columns, known, measure

# The least text, in characters or tokens, that can be judged.
_MIN_TEXT = 100
# Tokens of an answer that may have no text, such as those that mark its beginning and end.
_UNSEEN = 16
# The least and most characters that a token of Latin words stands for on average. Other scripts and
# code differ too much: the rule applies where this share of the text is Latin letters and blanks,
# and answers are at least this long on average.
_CHARACTERS = (1.5, 8.0)
_WORDS = 0.8
_LONG = 40
_OTHER = ("audio", "images")
_SAMPLE = 1000  # answers that are read, where there are more: a whole run could take seconds
_LETTERS = bytes(i for i in range(256) if chr(i).isalpha() or chr(i).isspace())


@measure
def usage_measures_text(run: Columns) -> bool | None:
    """Tell whether the output tokens of a run can be the tokens of its text.

    They cannot if there are more of them than the text has bytes (16 of each answer that may show
    nothing left aside); nor, in answers of some length in Latin words, if a token stands for less
    than 1.5 or more than 8 characters. Then the server counts something else, such as billing
    units. The rate is no criterion: some servers make thousands in a second. Every choice counts
    as text, and so do calls of tools, and reasoning unless its tokens are reported separately.

    Parameters
    ----------
    run
        The run; its answers that report tokens count, of very many an even sample.

    Returns
    -------
    bool or None
        None if there is too little text to tell.
    """
    counted = run.select(_is_counted(run))
    calls = [call for call in counted[:: max(1, len(counted) // _SAMPLE)] if _is_text(call)]
    texts = [output_text(call) for call in calls]
    tokens, visible = sum(call.output_tokens or 0 for call in calls), sum(map(_visible, calls))
    if not calls or max(visible, sum(map(len, texts))) < _MIN_TEXT:
        return None
    # Some servers count reasoning tokens among the output tokens, others beside them.
    return any(_can_be(number, texts) for number in {visible, tokens})


def output_text(call: Call) -> str:
    """Return everything that the tokens of an answer stand for, as far as the server sent it."""
    if call.body is None:
        return call.text
    plain = plain_text_of(call.body)
    if plain is not None:
        return plain
    words = []
    for message in map(message_of, call.choices):
        words.append(text_of(message))
        if not call.reasoning_tokens:
            words.append(reasoning_of(message))
        calls = message.get("tool_calls") or message.get("function_call")
        if calls:
            words.append(json.dumps(calls, ensure_ascii=False))
    return "".join(words) if words else call.text


def _is_text(call: Call) -> bool:
    """Tell whether an answer is text alone: the tokens of sounds and pictures measure no text."""
    return not any(
        message.get(each) for message in map(message_of, call.choices) for each in _OTHER
    )


def _visible(call: Call) -> int:
    return max(0, (call.output_tokens or 0) - (call.reasoning_tokens or 0))


def _can_be(tokens: int, texts: list[str]) -> bool:
    """Tell whether these texts can have so many tokens."""
    characters = sum(map(len, texts))
    if tokens > sum(map(_count_bytes, texts)) + _UNSEEN * len(texts):
        return False
    if characters < _LONG * len(texts) or not _are_words(texts):
        return True
    least, most = _CHARACTERS
    return least * tokens <= characters <= most * tokens


def _count_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def _are_words(texts: list[str]) -> bool:
    """Tell whether texts are Latin letters and blanks for the most part."""
    # To encode and to delete bytes is far faster than a loop over the characters.
    latin = "".join(texts).encode("latin-1", "ignore")
    letters = len(latin) - len(latin.translate(None, _LETTERS))
    return letters >= _WORDS * sum(map(len, texts))


class Length(NamedTuple):
    """How the length of answers is measured.

    Parameters
    ----------
    unit
        ``tokens`` or ``characters``.
    of
        Returns the length of each call's answer.
    """

    unit: str
    of: Callable[[Columns], list[int]]


def find_length(*runs: Run) -> Length:
    """Return how the answers of runs are to be measured: in tokens, reasoning included.

    In characters of the text where a server counts something else, or not all answers.
    """
    columns = list(map(Columns.of, runs))
    all_count = all(bool(_has_tokens(run)[run.answered].all()) for run in columns)
    if all_count and all(usage_measures_text(run) for run in columns):
        return Length("tokens", lambda run: [n or 0 for n in run.values("output_tokens")])
    return Length("characters", _character_counts)


@measure
def visible_tokens(run: Columns) -> int:
    """Return the output tokens of the answers, without those spent on reasoning."""
    return sum(map(_visible, run.select(_is_counted(run))))


@measure
def count_characters(run: Columns) -> int:
    """Return the characters of the answers, as far as the server sent them."""
    return sum(compress(_character_counts(run), run.answered.tolist()))


@measure
def tokens_per_second(run: Columns) -> float | None:
    """Return the output tokens of the answers per second of their durations.

    Returns
    -------
    float or None
        None if no call reports tokens, or if they do not measure text (`usage_measures_text`).
    """
    counted = _is_counted(run)
    if not counted.any() or usage_measures_text(run) is False:
        return None
    time = sum(known(run.duration[counted]).tolist())
    return sum(run.values("output_tokens", where=counted)) / time if time > 0 else None


@measure
def characters_per_second(run: Columns) -> float | None:
    """Return the characters of the answers per second of their durations."""
    time, characters = float(np.sum(known(run.duration[run.answered]))), count_characters(run)
    return characters / time if time > 0 and characters else None


@measure
def _character_counts(run: Columns) -> list[int]:
    return [len(output_text(call)) for call in run.calls]


@measure
def _is_counted(run: Columns) -> BoolArray:
    """Tell which calls are answers that report tokens."""
    return _has_tokens(run) & run.answered


@measure
def _has_tokens(run: Columns) -> BoolArray:
    return np.fromiter(map(bool, run.values("output_tokens")), np.bool_, len(run.calls))
