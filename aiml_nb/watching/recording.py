"""The record of one call, written while the code that made it goes on.

A call is one request of a client as its user wrote it; an attempt is one thing that was sent for
it. Whatever goes wrong here stays here: the code that is watched must not notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..endpoint.bad_replies import BadResponseError
from ..endpoint.failures import Failure, explain_failure, quote
from ..endpoint.keys import ApiKey
from ..endpoint.sent_keys import NO_KEY, redact
from ..records import Attempt, Call, Outcome
from ..replies.outcome import Verdict
from .kinds import Json, Kind, label_of
from .places import Place, guarded, now
from .reply import ReplyReader

_NO_TEXT: dict[str, Any] = {}
_MAX_LABEL = 20_000  # characters of a prompt


class Recording:
    """A call that is being recorded, in as many places as watch it.

    Parameters
    ----------
    places
        Where.
    kind
        What kind of call it is.
    base_url, asked
        The address before the kind's own path, and the JSON of the request; empty if it has none.
    keys
        What must not be written down.

    Attributes
    ----------
    waits_for_body, is_returned
        The body of its reply has not come to its end; who made the call has its reply already.
    """

    __slots__ = (
        *("_attempts", "_calls", "_head", "_is_finished", "_is_settled", "_keys", "_last", "_n"),
        *("_reply", "_verdict"),
        *("is_returned", "kind", "places", "waits_for_body"),
    )

    def __init__(
        self,
        places: tuple[Place, ...],
        kind: Kind,
        *,
        base_url: str,
        asked: Json,
        keys: tuple[ApiKey, ...],
    ) -> None:
        self.kind, self._keys, self.places = kind, keys, places
        self._n = asked.get("n", 1)
        self._attempts: list[Attempt] = []
        self._is_finished = self._is_settled = False
        # When the head of the newest reply came, and the newest piece of its body.
        self._head: float | None = None
        self._last: float | None = None
        self._verdict: Verdict | None = None
        self._reply: ReplyReader | None = None
        self.waits_for_body = self.is_returned = False
        at = now()
        self._calls: list[tuple[Call, float]] = [
            place.add(lambda index: self._make_call(index, asked), base_url=base_url, at=at)
            for place in places
        ]
        for call, origin in self._calls:
            call.submitted = call.started = at - origin

    def _make_call(self, index: int, asked: Json) -> Call:
        model = asked.get("model")
        return Call(
            index=index,
            custom_id=f"call-{index + 1:06d}",
            prompt=self._clean(label_of(self.kind.prompt(asked))[:_MAX_LABEL]),
            api=self.kind.api,
            model=self._clean(model) if isinstance(model, str) else None,
            parameters=_settings_of(asked),
        )

    @property
    def records(self) -> list[Call]:
        """The record in each place."""
        return [call for call, _ in self._calls]

    def add_keys(self, keys: tuple[ApiKey, ...]) -> None:
        """Take the keys that something that is sent carries, and clean what is there already."""
        new = tuple(key for key in keys if key not in self._keys)
        if new:
            self._keys += new
            for call, _ in self._calls:
                call.prompt, call.model = self._clean(call.prompt), self._clean(call.model)

    def begin_attempt(self) -> None:
        """Write down that something is sent."""
        at, before = now(), self._attempts
        number = len(before) // len(self._calls) + 1
        if number > 1:
            self.end_attempt()  # of one whose reply nobody has read
        for call, origin in self._calls:
            attempt = Attempt(number=number, started=at - origin)
            if call.attempts:
                attempt.backoff_time = attempt.started - (call.attempts[-1].finished or 0.0)
            call.attempts.append(attempt)
            before.append(attempt)
        self._reply = ReplyReader(self.kind, now, n=self._n)

    def note_head(self, status: int, headers: Mapping[str, str]) -> None:
        """Write down how a reply begins."""
        self._head, self._last = now(), None
        for attempt in self._newest():
            attempt.status, attempt.request_id = status, self._clean(headers.get("x-request-id"))
            if status >= 300:
                attempt.error_type = "redirect" if status < 400 else str(status)

    def end_attempt(self, failure: Failure | None = None, *, at: float | None = None) -> None:
        """Write down that the newest attempt is over, now if not `at` another time."""
        at = now() if at is None else at
        is_settled, self._is_settled = self._is_settled, False
        for (_, origin), attempt in zip(self._calls, self._newest(), strict=False):
            if attempt.finished is None or is_settled:
                attempt.finished = at - origin
                if self._reply is not None and self._reply.first_token is not None:
                    attempt.first_token = self._reply.first_token - origin
            if failure is not None:
                attempt.error_type = attempt.error_type or failure.error_type
                attempt.status = attempt.status or failure.status
                attempt.possibly_billed = failure.possibly_billed

    def read_whole(self, data: bytes) -> None:
        """Take a reply that has come as a whole."""
        if self._reply is not None:
            self._verdict = self._reply.read_whole(data)
        self.end_attempt()

    def feed(self, data: bytes) -> bool:
        """Take a piece of a body; return True once a stream says that no more will come."""
        reply = self._reply
        if reply is None:
            return False
        is_done = reply.feed(data)
        self._last = now()
        if reply.first_token is not None and self._newest()[0].first_token is None:
            for (call, origin), attempt in zip(self._calls, self._newest(), strict=True):
                call.first_token = attempt.first_token = reply.first_token - origin
        return is_done

    def end_body(self) -> None:
        """Take the end of a body."""
        self.waits_for_body = False
        with guarded(self.places):
            try:
                self._verdict = self._reply.end() if self._reply is not None else None
            except BadResponseError as problem:
                self.spoil(problem)
            self.end_attempt()
            if self.is_returned:
                self.finish()

    def break_body(self, error: BaseException) -> None:
        """Write down that reading a body raised `error`."""
        self.waits_for_body = False
        with guarded(self.places):
            if self._reply is not None:
                self._reply.leave()
            if self.is_returned:
                self.fail(error)
            else:  # the client may send it again
                self.end_attempt(explain_failure(error) if isinstance(error, Exception) else None)

    def leave_body(self) -> None:
        """Write down that a body was left before its end."""
        self.waits_for_body = False
        with guarded(self.places):
            if self._reply is not None:
                self._reply.leave()
            at = self._last or self._head  # it may be closed long after, by the garbage collector
            self.end_attempt(at=at)
            if self.is_returned:
                self._close("incomplete", None, "the answer was not read to its end", at=at)

    def settle(self) -> None:
        """Write down what has come so far of a body that may be left as it is, or read on."""
        if self._is_finished or self._last is None or self._reply is None:
            return
        with guarded(self.places):
            body = self._reply.so_far()
            for key in self._keys:
                body = key.redact_all(body)
            self._write(body)
            for call, origin in self._calls:
                call.finished = self._last - origin
            self.end_attempt(at=self._last)
            self._is_settled = True

    def spoil(self, problem: Exception) -> None:
        """Write down that a body cannot be read, or says that something went wrong."""
        with guarded(self.places):
            if isinstance(problem, BadResponseError):
                self.waits_for_body = False
                if self._reply is not None:
                    self._reply.leave()
                self.fail(problem)
            else:
                self._reply = None
                raise problem

    def finish(self) -> None:
        """Close the record of a call that was answered."""
        verdict = self._verdict or Verdict("ok")
        self._close(verdict.outcome, None, verdict.words)

    def fail(self, error: BaseException) -> None:
        """Close the record of a call that raised `error`."""
        if not isinstance(error, Exception):
            self._close("cancelled", None, "interrupted")
            return
        failure = explain_failure(error)
        kind = failure.error_type
        if self._verdict is not None and kind == "exception":
            # The answer came; what the client made of it raised, as a model that does not fit.
            if self._verdict.outcome != "ok":
                self._close(self._verdict.outcome, None, failure.message)
                return
            kind = "invalid_answer"
        else:
            self.end_attempt(failure)
        outcome: Outcome = "timeout" if kind == "deadline" else "error"
        is_known = kind not in ("exception", "invalid_answer")
        words = failure.message if is_known else f"{type(error).__name__}: {failure.message}"
        self._close(outcome, kind, words)

    def _close(
        self,
        outcome: Outcome,
        error_type: str | None,
        words: str | None,
        *,
        at: float | None = None,
    ) -> None:
        if self._is_finished:
            return
        self._is_finished = True
        at = now() if at is None else at
        self.end_attempt(at=at)
        reply = self._reply
        if reply is not None and reply.body is not None:
            for key in self._keys:
                # `raw` is a quick filter: a walk through every answer would take longer.
                if reply.raw is None or key.may_be_in(reply.raw):
                    reply.body = key.redact_all(reply.body)
        self._write(reply.body if reply else None)
        error = self._clean(quote(self._clean(words), NO_KEY)) if words else words
        for call, origin in self._calls:
            if reply and reply.first_token is not None:
                call.first_token = reply.first_token - origin
            call.outcome, call.error_type, call.error = outcome, error_type, error
            call.finished = at - origin

    def _write(self, body: Json | None) -> None:
        """Write down what a reply tells."""
        told = self.kind.fields(body) if body else _NO_TEXT
        for call, _ in self._calls:
            for name, value in told.items():
                if value is not None:
                    setattr(call, name, value)
            if body and "choices" in body:
                call.body = dict(body)

    def _newest(self) -> list[Attempt]:
        return self._attempts[-len(self._calls) :]

    def _clean(self, text: Any) -> Any:
        return redact(text, self._keys) if isinstance(text, str) else text


def _settings_of(asked: Json) -> dict[str, Any]:
    """Return the parameters that are numbers and switches: in others a text may stand."""
    numbers = {name: value for name, value in asked.items() if isinstance(value, int | float)}
    return {name: value for name, value in numbers.items() if name != "stream"}
