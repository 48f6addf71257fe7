"""What an answer that has come turned out to be: ok, incomplete, refused, or a failure after all.

Only ends that are known to be good are. Every make has words of its own for them: case, spaces and
underscores aside, those of OpenAI, TGI, Anthropic, Gemini, Mistral, Cohere, DeepSeek, Bedrock,
Together, GLM and LM Studio are told apart here.
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

from ..completion import choices_of, is_empty, is_refused, message_of, reasoning_of
from ..records import OUTCOMES, Outcome

End = Literal["good", "cut", "full", "declined", "failed", "unknown"]
_ENDS: dict[End, str] = {
    "good": "stop stopsequence toolcalls toolcall tooluse functioncall endturn eos eostoken "
    "eosfound endoftext complete completed",
    "cut": "length maxtokens maxlength maxnewtokens maxoutput maxoutputtokens maxcompletiontokens "
    "tokenlimit maxpredictedtokensreached",
    "full": "modellength contextlength contextlengthreached errorlimit contextwindowexceeded "
    "modelcontextwindowexceeded",
    "declined": "contentfilter contentfiltered safety recitation blocklist prohibitedcontent spii "
    "imagesafety imageprohibitedcontent imagerecitation refusal guardrailintervened sensitive "
    "errortoxic moderation",
    "failed": "error",
}
_KINDS: dict[str, End] = {word: end for end, words in _ENDS.items() for word in words.split()}


class Verdict(NamedTuple):
    """What an answer is.

    Parameters
    ----------
    outcome
        As in `records.Call.outcome`.
    why
        In words, if it is not plainly ``ok``.
    said
        What the server says of a choice that failed.
    place
        Which of several choices decided.
    """

    outcome: Outcome
    why: str = ""
    said: Any = None
    place: str = ""

    @property
    def words(self) -> str | None:
        """What is to be said of it."""
        return f"{self.place}{self.why}" if self.why else None


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
    worst = max(verdicts, key=_badness)
    return worst._replace(place=f"choices[{verdicts.index(worst)}]: ")


def _judge_choice(choice: dict[str, Any]) -> Verdict:
    message, reason, error = message_of(choice), choice.get("finish_reason"), choice.get("error")
    end = _end_of(reason)
    if error and (not isinstance(error, dict) or any(error.values())):
        return Verdict("error", said=error)
    if end == "failed":
        return Verdict("error", said=f"the answer ended with finish_reason {reason!r:.60}")
    if end == "declined":
        return Verdict("refused", f"the model declined to answer (finish_reason {reason!r:.60})")
    if is_refused(message):
        return Verdict("refused", "the model declined to answer")
    if end is None:
        return Verdict("incomplete", "the answer ended without a finish_reason")
    if end == "good":
        return _judge_message(message, reason)
    why = {
        "cut": "the answer reached max_tokens",
        "full": "the answer filled the model's context",
    }.get(end, "the answer came to no good end")
    return Verdict("incomplete", f"{why} (finish_reason {reason!r:.60})")


def _judge_message(message: dict[str, Any], reason: object) -> Verdict:
    if not is_empty(message):
        return _OK
    ended = f"(finish_reason {reason!r:.60})"
    if not reasoning_of(message):
        return Verdict("incomplete", f"the answer is empty {ended}")
    hint = "read it in call.reasoning, or allow more max_tokens"
    return Verdict("ok", f"the answer is reasoning without a text {ended}: {hint}")


def _end_of(reason: object) -> End | None:
    """Return the kind of an end; None if none is told."""
    if not isinstance(reason, str) or reason in ("", "null"):  # what some say while they write
        return None
    known = _KINDS.get(reason)
    return known or _KINDS.get(re.sub("[^a-z]", "", reason[:100].lower()), "unknown")


def _badness(verdict: Verdict) -> tuple[int, bool]:
    return OUTCOMES.index(verdict.outcome), bool(verdict.why)
