"""What an answer that has come turned out to be: ok, incomplete, refused, or a failed call."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..completion import choices_of, is_empty, is_refused, message_of, reasoning_of
from ..endings import End, end_of
from ..records import OUTCOMES, Outcome

# Ends that are not good, and why; all others are none that is known.
_INCOMPLETE: dict[End, str] = {
    "cut": "the answer reached max_tokens",
    "full": "the answer filled the model's context",
    "broken": "the server broke the answer off",
}
# What a server says is cut for good only after the key has been taken out: see `failures.quote`.
_HINT = "read it in call.reasoning, or allow more max_tokens"


class Verdict(NamedTuple):
    """What an answer is.

    Parameters
    ----------
    outcome
        As in `records.Call.outcome`.
    why
        In words, if it is not plainly ``ok``.
    server_error
        What the server says of a choice that failed.
    prefix
        Which of several choices decided.
    """

    outcome: Outcome
    why: str = ""
    server_error: Any = None
    prefix: str = ""

    @property
    def words(self) -> str | None:
        """What is to be said of it."""
        return f"{self.prefix}{self.why}" if self.why else None


_OK = Verdict("ok")
NOT_JUDGED = Verdict("error")


def judge(body: dict[str, Any] | None) -> Verdict:
    """Judge an answer that came to its end; of several choices the worst decides.

    One that has reasoning but no text is ``ok``, with a hint.
    """
    choices = choices_of(body)
    if len(choices) == 1:
        return _judge_choice(choices[0])
    if not choices:
        return Verdict("incomplete", "the answer has no choices")
    verdicts = [_judge_choice(choice) for choice in choices]
    worst = max(verdicts, key=_severity)
    return worst._replace(prefix=f"choices[{verdicts.index(worst)}]: ")


def explains_missing_message(choice: object) -> bool:
    """Say whether a choice tells why it has no message: it failed, or came to no good end."""
    if not isinstance(choice, dict):
        return False
    return bool(choice.get("error")) or end_of(choice.get("finish_reason")) not in {None, "good"}


def _judge_choice(choice: dict[str, Any]) -> Verdict:
    message, reason, error = message_of(choice), choice.get("finish_reason"), choice.get("error")
    end = end_of(reason)
    if error and (not isinstance(error, dict) or any(error.values())):
        return Verdict("error", server_error=error)
    if end == "failed":
        return Verdict("error", f"the answer ended with finish_reason {reason!r:.2000}")
    if end == "declined":
        return Verdict("refused", f"the model declined to answer (finish_reason {reason!r:.2000})")
    if is_refused(message):
        return Verdict("refused", "the model declined to answer")
    if end is None:
        return Verdict("incomplete", "the answer ended without a finish_reason")
    if end == "good":
        return _judge_message(message, reason)
    why = _INCOMPLETE.get(end, "the answer came to no good end")
    is_only_reasoning = is_empty(message) and reasoning_of(message)
    hint = f", all of it reasoning: {_HINT}" if is_only_reasoning else ""
    return Verdict("incomplete", f"{why} (finish_reason {reason!r:.2000}){hint}")


def _judge_message(message: dict[str, Any], reason: object) -> Verdict:
    if not is_empty(message):
        return _OK
    ended = f"(finish_reason {reason!r:.2000})"
    if not reasoning_of(message):
        return Verdict("incomplete", f"the answer is empty {ended}")
    return Verdict("ok", f"the answer is reasoning without a text {ended}: {_HINT}")


def _severity(verdict: Verdict) -> tuple[int, bool]:
    return OUTCOMES.index(verdict.outcome), bool(verdict.why)
