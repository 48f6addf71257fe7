"""What is known of one call, and how it is written down once somebody looks at it."""

from __future__ import annotations

from typing import Any

from ..apis import Api, Json, label_of
from ..endpoint.bad_replies import BadResponseError
from ..endpoint.failures import explain_failure, quote
from ..endpoint.keys import ApiKey
from ..endpoint.sent_keys import NO_KEY, SentHead, redact
from ..records import Attempt, Call, Outcome
from ..replies.outcome import Verdict
from .places import Place, guarded, note_problem, now
from .reply import Reply, ReplyReader
from .sent import Sent, write_attempts
from .unread import become, lock, make_unread

# How a call ended: its outcome, its error type, and what is said of it.
Ending = tuple[Outcome, str | None, str | None]
_OK: Ending = ("ok", None, None)
_MAX_LABEL = 20_000  # characters of a prompt


class Record:
    """What is known of a call, for as many places as watch it.

    Parameters
    ----------
    places
        Where.
    kind
        What kind of call it is.
    base_url, asked
        The address before the kind's own path, and the JSON of the request; empty if it has none.
    label
        What it is called in the place of what it asks.
    key
        The client's own, which must not be written down; nor must those that are sent.

    Attributes
    ----------
    waits_for_body, is_returned
        The body of its reply has not come to its end; who made the call has its reply already.
    """

    __slots__ = (
        *("_calls", "_changes", "_ending", "_finished", "_has_come", "_head", "_heads"),
        *("_is_over", "_is_settled", "_is_shown", "_known", "_last", "_model", "_n", "_prompt"),
        *("_reply", "_sent", "_settings", "_started", "_told"),
        *("is_returned", "kind", "places", "waits_for_body"),
    )

    def __init__(
        self,
        places: tuple[Place, ...],
        kind: Api,
        *,
        base_url: str,
        asked: Json,
        label: str = "",
        key: ApiKey | None = None,
    ) -> None:
        self.kind, self.places = kind, places
        model = asked.get("model")
        self._model = model = model if isinstance(model, str) else None
        self._n = asked.get("n", 1)
        self._prompt = label or label_of(kind.label(asked))[:_MAX_LABEL]
        self._settings = _settings_of(asked)
        self._known: tuple[ApiKey, ...] = () if key is None else (key,)
        self._heads: list[SentHead] = []  # in which keys have not been looked for
        self._sent: list[Sent] = []
        self._reply: Reply | None = None
        self._has_come = self._is_over = self._is_settled = self._is_shown = False
        # When the head of the newest reply came, and the newest piece of its body.
        self._head: float | None = None
        self._last: float | None = None
        self.waits_for_body = self.is_returned = False
        self._ending: Ending | None = None
        self._told: dict[str, Any] | None = None
        self._changes = 0
        self._started = self._finished = at = now()
        with lock:  # nobody looks before all are there
            self._calls = [
                place.add(self._make_call, base_url=base_url, model=model, at=at)
                for place in places
            ]

    def _make_call(self, _index: int) -> Call:
        return make_unread(self)

    @property
    def records(self) -> list[Call]:
        """The record in each place."""
        return [call for call, _, _ in self._calls]

    def settle(self) -> None:
        """Write down what has come so far of a body that may be left as it is, or read on."""
        if self._is_over or self._last is None or not isinstance(self._reply, ReplyReader):
            return
        with guarded(self.places), lock:
            self._read_heads()
            told = self._reply.tell_so_far(self._known)
            if self._sent:
                self._sent[-1].finished = self._last
            self._is_settled = True
            self._note_change()
            for call, _, origin in self._calls:
                _write(call, {**told, "finished": self._last - origin})

    def show(self) -> None:
        """Write down all that is known; from now on, it is written down as it comes."""
        with lock:
            if self._is_shown:
                return
            changes = self._changes
            self._read_heads()
            self._conclude()
            for call, index, origin in self._calls:
                become(call, self._fields(index, origin, []))
            self._is_shown = True
            if self._changes != changes:  # by another thread, which saw that nobody had looked
                self._show_again()

    def _note_change(self) -> None:
        self._changes += 1
        if self._is_shown:
            self._show_again()

    def _show_again(self) -> None:
        with lock:
            self._read_heads()
            self._conclude()
            for call, index, origin in self._calls:
                _write(call, self._fields(index, origin, call.attempts))

    def _conclude(self) -> None:
        """Read the reply of a call that is over, once."""
        if not self._is_over or self._told is not None:
            return
        self._told = {}
        try:
            self._ending = self._ending or self._judge_ending()
            if self._reply is not None:
                self._told = self._reply.tell(self._known)
        except Exception as problem:  # noqa: BLE001  see `guarded`
            note_problem(self.places, problem)
        self._reply = None

    def _judge(self) -> Verdict | None:
        """Say what a reply is that has come as a whole; None for any other."""
        return self._reply.end() if self._has_come and self._reply is not None else None

    def _judge_ending(self) -> Ending:
        try:
            verdict = self._judge()
        except BadResponseError as problem:
            return self._explain(problem, None)
        return _OK if verdict is None else (verdict.outcome, None, verdict.words)

    def _explain(self, error: Exception, verdict: Verdict | None) -> Ending:
        """Return the ending of a call that raised `error`."""
        failure = explain_failure(error)
        kind = failure.error_type
        if verdict is not None and kind == "exception":
            # The answer came; what the client made of it raised, as a model that does not fit.
            if verdict.outcome != "ok":
                return verdict.outcome, None, failure.message
            kind = "invalid_answer"
        elif self._sent:
            self._sent[-1].note_failure(failure)
        outcome: Outcome = "timeout" if kind == "deadline" else "error"
        is_known = kind not in ("exception", "invalid_answer")
        words = failure.message if is_known else f"{type(error).__name__}: {failure.message}"
        return outcome, kind, words

    def _fields(self, index: int, origin: float, attempts: list[Attempt]) -> dict[str, Any]:
        """Return the fields of the call in one place."""
        started, sent, clean = self._started - origin, self._sent, self._clean
        first = sent[-1].first_token if sent else None
        fields: dict[str, Any] = {
            "index": index,
            "custom_id": f"call-{index + 1:06d}",
            "prompt": clean(self._prompt),
            "api": self.kind.name,
            "model": clean(self._model),
            "parameters": self._settings,
            "submitted": started,
            "started": started,
            "first_token": None if first is None else first - origin,
            "attempts": write_attempts(attempts, sent, origin=origin, clean=clean),
        }
        if self._is_over and self._told is not None:
            fields |= self._told
            fields["finished"] = self._finished - origin
            outcome, kind, words = self._ending or _OK
            error = clean(quote(clean(words), NO_KEY)) if words else words
            fields |= {"outcome": outcome, "error_type": kind, "error": error}
        return fields

    def _read_heads(self) -> None:
        """Look for keys in what was sent."""
        while self._heads:
            try:
                self._known = tuple(dict.fromkeys(self._known + self._heads.pop(0).keys))
            except Exception as problem:  # noqa: BLE001  see `guarded`
                note_problem(self.places, problem)

    def _clean(self, text: Any) -> Any:
        return redact(text, self._known) if isinstance(text, str) else text


def _write(call: Call, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(call, name, value)


def _settings_of(asked: Json) -> dict[str, Any]:
    """Return the parameters that are numbers and switches: in others a text may stand."""
    return {
        name: value
        for name, value in asked.items()
        if isinstance(value, (int, float)) and name != "stream"
    }
