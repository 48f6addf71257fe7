"""Whether the tokens that a server counts are tokens of text, and how fast the text came."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..records import Call, Run

# Characters of Latin text a token stands for, and tokens that any server makes in a second.
_CHARACTERS = (1.5, 8.0)
_MOST_TOKENS = 2000.0
# Text is judged if four in five of its characters are Latin, and if there is this much of it.
_LATIN = 0.8
_ENOUGH = 100


def usage_measures_text(run: Run) -> bool | None:
    """Tell whether the output tokens of a run can be the tokens of its text.

    They cannot if a token (without those spent on reasoning) stands for less than 1.5 or more than
    8 characters of Latin text, or if more than 2,000 came in a second of a call: then the server
    counts something else, such as billing units. The second rule is not applied to simulated runs,
    whose seconds may be shortened.

    Parameters
    ----------
    run
        The run; its ok calls that report tokens count.

    Returns
    -------
    bool or None
        None if there is too little text to tell.
    """
    calls = _counted(run)
    tokens, characters = visible_tokens(run), sum(len(call.text) for call in calls)
    if not calls or max(tokens, characters) < _ENOUGH:
        return None
    rate = _per_second(run, sum(call.output_tokens or 0 for call in calls))
    if not run.simulated and rate is not None and rate > _MOST_TOKENS:
        return False
    latin = sum(len(call.text.encode("latin-1", "ignore")) for call in calls)
    if latin < _LATIN * characters:
        return True
    least, most = _CHARACTERS
    return least * tokens <= characters <= most * tokens


def visible_tokens(run: Run) -> int:
    """Return the output tokens of the ok calls, without those spent on reasoning."""
    counts = ((c.output_tokens or 0) - (c.reasoning_tokens or 0) for c in _counted(run))
    return sum(max(0, count) for count in counts)


def tokens_per_second(run: Run) -> float | None:
    """Return the output tokens of the ok calls per second of their durations.

    Returns
    -------
    float or None
        None if no call reports tokens, or if they do not measure text (`usage_measures_text`).
    """
    if usage_measures_text(run) is False:
        return None
    return _per_second(run, sum(call.output_tokens or 0 for call in _counted(run)))


def characters_per_second(run: Run) -> float | None:
    """Return the characters of the ok calls' answers per second of their durations."""
    calls = [call for call in run.calls if call.outcome == "ok"]
    time = sum(call.duration or 0.0 for call in calls)
    characters = sum(len(call.text) for call in calls)
    return characters / time if time > 0 and characters else None


def _per_second(run: Run, tokens: int) -> float | None:
    time = sum(call.duration or 0.0 for call in _counted(run))
    return tokens / time if time > 0 and tokens else None


def _counted(run: Run) -> list[Call]:
    return [call for call in run.calls if call.outcome == "ok" and call.output_tokens]
