"""The outcome of a complete answer: ok, incomplete, refused, or a failed call."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..apis import CHAT, Api, Json
from ..completion import choices_of, is_empty, is_refused, message_of, reasoning_of
from ..endings import End, end_of
from ..records import OUTCOMES, Outcome

# Explanations of the ends that leave an answer incomplete.
_INCOMPLETE: dict[End, str] = {
    "cut": "the answer reached max_tokens",
    "full": "the answer filled the model's context",
    "broken": "the server broke the answer off",
}
# Quoted text is limited to 2,000 characters here; the final cut follows in `failures.quote`, after
# the key is redacted, since a cut through the middle of a key would hide it from the search.
_HINT = "read it in call.reasoning, or allow more max_tokens"


class Verdict(NamedTuple):
    """The judgement of an answer.

    Parameters
    ----------
    outcome
        As in `records.Call.outcome`.
    why
        The reason, if it is not plainly ``ok``.
    server_error
        The error object of a choice that failed.
    prefix
        Names the choice that decided, if there are several.
    """

    outcome: Outcome
    why: str = ""
    server_error: Any = None
    prefix: str = ""

    @property
    def words(self) -> str | None:
        """The text for `records.Call.error`."""
        return f"{self.prefix}{self.why}" if self.why else None


_OK = Verdict("ok")
NOT_JUDGED = Verdict("error")


def judge(body: dict[str, Any] | None) -> Verdict:
    """Judge a complete answer; of several choices the worst decides.

    An answer with reasoning but no text is ``ok``, with a hint.
    """
    choices = choices_of(body)
    if len(choices) == 1:
        return _judge_choice(choices[0])
    if not choices:
        return Verdict("incomplete", "the answer has no choices")
    verdicts = [_judge_choice(choice) for choice in choices]
    worst = max(verdicts, key=_severity)
    return worst._replace(prefix=f"choices[{verdicts.index(worst)}]: ")


def judge_reply(api: Api, completion: Json | None) -> Verdict:
    """Judge a whole reply of any API; one without a text is ok once it is there.

    Parameters
    ----------
    completion
        What `Api.complete` made of it.
    """
    has_text = api is CHAT or (completion is not None and "choices" in completion)
    return judge(dict(completion or {})) if has_text else _OK


def explains_missing_message(choice: object) -> bool:
    """Say whether a choice without a message gives a reason: an error or a bad finish_reason."""
    if not isinstance(choice, dict):
        return False
    return bool(choice.get("error")) or end_of(choice.get("finish_reason")) not in {None, "good"}


def _judge_choice(choice: dict[str, Any]) -> Verdict:
    message, reason, error = message_of(choice), choice.get("finish_reason"), choice.get("error")
    end = end_of(reason)
    # Some servers send error objects whose members are all null.
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
