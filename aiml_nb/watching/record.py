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
from .places import Place, guarded, now
from .reply import ReplyReader
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
    key
        The client's own, which must not be written down; nor must those that are sent.

    Attributes
    ----------
    waits_for_body, is_returned
        The body of its reply has not come to its end; who made the call has its reply already.
    """

    __slots__ = (
        *("_calls", "_changes", "_ending", "_finished", "_has_come", "_heads", "_indexes"),
        *(
            "_head",
            "_is_over",
            "_is_settled",
            "_is_shown",
            "_known",
            "_last",
            "_model",
            "_n",
            "_prompt",
            "_reply",
            "_sent",
        ),
        *("_settings", "_started", "_told", "is_returned", "kind", "places", "waits_for_body"),
    )

    def __init__(
        self,
        places: tuple[Place, ...],
        kind: Api,
        *,
        base_url: str,
        asked: Json,
        key: ApiKey | None = None,
    ) -> None:
        self.kind, self.places = kind, places
        model = asked.get("model")
        self._model = model if isinstance(model, str) else None
        self._n = asked.get("n", 1)
        self._prompt = label_of(kind.label(asked))[:_MAX_LABEL]
        self._settings = _settings_of(asked)
        self._known: tuple[ApiKey, ...] = () if key is None else (key,)
        self._heads: list[SentHead] = []  # in which keys have not been looked for
        self._sent: list[Sent] = []
        self._reply: ReplyReader | None = None
        self._has_come = self._is_over = self._is_settled = self._is_shown = False
        # When the head of the newest reply came, and the newest piece of its body.
        self._head: float | None = None
        self._last: float | None = None
        self.waits_for_body = self.is_returned = False
        self._ending: Ending | None = None
        self._told: dict[str, Any] | None = None
        self._changes = 0
        self._started = self._finished = now()
        self._indexes: list[int] = []
        self._calls: list[tuple[Call, float]] = [
            place.add(self._make_call, base_url=base_url, model=self._model, at=self._started)
            for place in places
        ]

    def _make_call(self, index: int) -> Call:
        self._indexes.append(index)
        return make_unread(self)

    @property
    def records(self) -> list[Call]:
        """The record in each place."""
        return [call for call, _ in self._calls]

    def settle(self) -> None:
        """Write down what has come so far of a body that may be left as it is, or read on."""
        if self._is_over or self._last is None or self._reply is None:
            return
        with guarded(self.places), lock:
            told = self._reply.tell_so_far(self._keys())
            if self._sent:
                self._sent[-1].finished = self._last
            self._is_settled = True
            self._note_change()
            for call, origin in self._calls:
                for name, value in {**told, "finished": self._last - origin}.items():
                    setattr(call, name, value)

    def show(self) -> None:
        """Write down all that is known; from now on, it is written down as it comes."""
        with lock:
            if self._is_shown:
                return
            changes = self._changes
            self._conclude()
            for (call, origin), index in zip(self._calls, self._indexes, strict=True):
                become(call, self._fields(index, origin, []))
            self._is_shown = True
            if self._changes != changes:  # by another thread, which saw that nobody had looked
                self._write()

    def _note_change(self) -> None:
        self._changes += 1
        if self._is_shown:
            self._write()

    def _write(self) -> None:
        with lock:
            self._conclude()
            for (call, origin), index in zip(self._calls, self._indexes, strict=True):
                for name, value in self._fields(index, origin, call.attempts).items():
                    setattr(call, name, value)

    def _conclude(self) -> None:
        """Read the reply of a call that is over, once."""
        if not self._is_over or self._told is not None:
            return
        self._told = {}
        with guarded(self.places):
            self._ending = self._ending or self._judge_ending()
        with guarded(self.places):
            if self._reply is not None:
                self._told = self._reply.tell(self._keys())
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
        started, first = self._started - origin, None
        if self._sent and self._sent[-1].first_token is not None:
            first = self._sent[-1].first_token - origin
        fields: dict[str, Any] = {
            "index": index,
            "custom_id": f"call-{index + 1:06d}",
            "prompt": self._clean(self._prompt),
            "api": self.kind.name,
            "model": self._clean(self._model),
            "parameters": self._settings,
            "submitted": started,
            "started": started,
            "first_token": first,
            "attempts": write_attempts(attempts, self._sent, origin=origin, clean=self._clean),
        }
        if self._is_over and self._told is not None:
            outcome, kind, words = self._ending or _OK
            error = self._clean(quote(self._clean(words), NO_KEY)) if words else words
            fields.update(self._told, finished=self._finished - origin)
            fields.update(outcome=outcome, error_type=kind, error=error)
        return fields

    def _keys(self) -> tuple[ApiKey, ...]:
        while self._heads:
            with guarded(self.places):
                self._known = tuple(dict.fromkeys(self._known + self._heads.pop(0).keys))
        return self._known

    def _clean(self, text: Any) -> Any:
        return redact(text, self._keys()) if isinstance(text, str) else text


def _settings_of(asked: Json) -> dict[str, Any]:
    """Return the parameters that are numbers and switches: in others a text may stand."""
    return {
        name: value
        for name, value in asked.items()
        if isinstance(value, (int, float)) and name != "stream"
    }
