"""What is known about a call and its attempts; what its stamps come to is in `times`.

All times are seconds. Stamps are ``time.perf_counter()`` seconds since the run's origin, the moment
its first call was submitted; ``Run.started_at`` is the one wall-clock anchor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ..answered import Answered
from ..times import Timed

Outcome = Literal["ok", "incomplete", "refused", "error", "timeout", "cancelled", "not_started"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
SKIPPED = "skipped"  # the error_type of a row that cannot be asked and was passed over
# The answer came, and is not what ``response_format`` asks for.
INVALID_ANSWER = "invalid_answer"
USAGE = ("input_tokens", "output_tokens", "cost")
CHAT = "chat"  # the kind of call that `Call.api` names unless something else is said
STEP = "step"  # a part of somebody's own code, which `aiml_nb.step` names


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One request of a call: sent once, answered, failed or given up.

    Parameters
    ----------
    number
        1 for the first attempt of its call.
    started, first_token, finished
        Stamps; None for what did not happen, or not yet.
    status, error_type
        The reply's HTTP status, and what went wrong as in `Call.error_type`; None for none.
    backoff_time
        Seconds slept before this attempt; 0 for the first.
    request_id
        The server's ``x-request-id``.
    possibly_billed
        The attempt failed, but the server may have done, and charged for, the work.
    reconnects
        1 if its connection, used before, turned out to be closed before anything of an answer had
        come, and the request was sent again at once on a new one; else 0.
    worker
        The worker process that sent it, in a run on several (``cluster``, ``processes``); else
        None.
    """

    number: int
    started: float
    first_token: float | None = None
    finished: float | None = None
    status: int | None = None
    error_type: str | None = None
    backoff_time: float = 0.0
    request_id: str | None = None
    possibly_billed: bool = False
    reconnects: int = 0
    worker: str | None = None


@dataclass(slots=True, kw_only=True)
class Call(Timed, Answered):
    """One prompt and what became of it.

    Parameters
    ----------
    index, custom_id, prompt
        The prompt's place in the run, from 0; its own name, ``call-000001`` and on if it had none;
        the text of its last user message.
    submitted, started, first_token, finished
        Stamps, seconds; None for what did not happen. `started` is when the call got its slot.
    outcome
        One of `OUTCOMES`.
    error_type
        None, or the HTTP status as text (``"429"``), or one of ``connect``, ``no_reply``,
        ``protocol``, ``bad_response``, ``stream``, ``too_large``, ``redirect``, ``encoding``,
        ``deadline``, ``blocked_by_budget``, ``invalid_answer`` (it is not what ``response_format``
        asks for; its text is kept), ``worker`` (the process that sent it has ended),
        ``exception``; or ``skipped``, for a row of a table that cannot
        be asked and was passed over.
    error
        The error in words, at most 300 characters, never with a key in it.
    text, finish_reason
        The answer, or the part of it that came, empty where a reply has no words (embeddings,
        pictures); the server's word for why it ended.
    input_tokens, output_tokens, reasoning_tokens
        As the server's ``usage`` gives them. Some servers count billing units, not text.
    cost, model
        US dollars, where the server reports them; the model that the server says answered.
    attempts
        Every request made for this call, in order.
    parameters
        Its request parameters where they are not those of its run: its prompt's own, and those
        that a resumed run has changed (None for one that it was sent without).
    body
        The reply's JSON as the server sent it, all choices with their whole messages; a streamed
        answer put together into the same shape, as far as it came. `choices`, `message`,
        `tool_calls`, `reasoning` and `n_choices` are read from it, as is all from `text` on.
    api
        The kind of call: ``chat``, ``responses``, ``completions``, ``embeddings``, ``images``,
        ``edits``, ``moderations``, ``speech``, ``transcription``, ``messages`` or ``other``;
        ``function`` for one of the user's own, and ``step`` for a part of it that `aiml_nb.step`
        names.
    children
        The calls and steps that were made within this one, as a function makes them.
    result
        What a function of the user's own returned; and what the answer was read as where
        ``response_format`` asks for a type (`parsed`). None for other calls.
    invalid_usage
        ``input_tokens``, ``output_tokens`` and ``cost`` of the answers that did not fit and were
        asked for again, summed; the call's own are those of its last answer. None for most calls.
    from_journal
        The answer was taken from the journal of an earlier run: nothing was sent for it now, so it
        has neither times nor attempts, and its tokens and its cost are not those of this run.
    row
        The user's own row of the table that it was made from, by column; None for none.
    """

    index: int
    custom_id: str
    prompt: str
    submitted: float | None = None
    started: float | None = None
    first_token: float | None = None
    finished: float | None = None
    outcome: Outcome = "not_started"
    error_type: str | None = None
    error: str | None = None
    text: str = ""
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: float | None = None
    model: str | None = None
    attempts: list[Attempt] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = field(default=None, repr=False)
    api: str = CHAT
    children: list[Call] = field(default_factory=list)
    result: Any = None
    invalid_usage: dict[str, Any] | None = None
    from_journal: bool = False
    row: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def parsed(self) -> Any:
        """The answer as ``response_format`` asks for it; None if there is none that fits.

        An object of the class, if one was given; else plain data, checked against the schema. Of
        several choices it is the first.
        """
        return self.result

    @property
    def worker(self) -> str | None:
        """The worker process that sent its last attempt, in a run on several; else None."""
        return self.attempts[-1].worker if self.attempts else None

    @property
    def backoff_time(self) -> float:
        """Seconds slept between attempts, over all of them."""
        return sum(attempt.backoff_time for attempt in self.attempts)


def without_steps(calls: Iterable[Call]) -> Iterator[Call]:
    """Yield calls, and in the place of a step those that were made in it."""
    for call in calls:
        if call.api == STEP:
            yield from without_steps(call.children)
        else:
            yield call
