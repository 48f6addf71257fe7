"""The record of one call, made while the code that called goes on.

A call is one request of a client as its user wrote it; an attempt is one thing that was sent for
it. Whatever goes wrong here stays here: the code that is watched must not notice. What happens is
noted at once, but read and written down only when somebody looks at the call (`unread`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..endpoint.bad_replies import BadResponseError
from ..endpoint.failures import Failure, explain_failure
from ..endpoint.sent_keys import SentHead
from .places import guarded, now
from .record import Ending, Record
from .reply import Reply, ReplyReader
from .sent import Sent
from .unread import put_off


class Recording(Record):
    """A call that is being recorded."""

    __slots__ = ()

    def begin_attempt(self, head: SentHead) -> None:
        """Note that something with this head is sent."""
        if self._sent:
            self.end_attempt()  # of one whose reply nobody has read
        self._heads.append(head)
        self._sent.append(Sent(now()))
        self._reply, self._has_come = None, False
        self._note_change()

    def add_keys(self, request: Any) -> None:
        """Take the keys that a request carries now: an authentication may have added some."""
        if not (self._heads and self._heads[-1].is_of(request)):
            self._heads.append(SentHead(request))
            self._note_change()

    def note_head(self, status: int, headers: Mapping[str, str]) -> None:
        """Note how a reply begins."""
        self._head, self._last = now(), None
        if self._sent:
            sent = self._sent[-1]
            sent.status, sent.headers = status, headers
            if status >= 300:
                sent.error_type = "redirect" if status < 400 else str(status)
            self._note_change()

    def end_attempt(self, failure: Failure | None = None, *, at: float | None = None) -> None:
        """Note that the newest attempt is over, now if not `at` another time."""
        if not self._sent:
            return
        sent = self._sent[-1]
        if sent.finished is None or self._is_settled:
            sent.finished, self._is_settled = now() if at is None else at, False
        if failure is not None:
            sent.note_failure(failure)
        self._note_change()

    def read_whole(self, data: bytes) -> None:
        """Take a reply that has come as a whole."""
        self._reply, self._has_come = Reply(self.kind, data, n=self._n), True
        self.end_attempt()

    def read_pieces(self, *, is_own: bool) -> None:
        """Expect the body of a reply in pieces; who made the call has it already if `is_own`."""
        self._reply = ReplyReader(self.kind, now, n=self._n)
        self.waits_for_body, self.is_returned = True, is_own

    def feed(self, data: bytes) -> bool:
        """Take a piece of a body; return True once a stream says that no more will come."""
        reply = self._reply
        if not isinstance(reply, ReplyReader):
            return False
        self._last = now()
        if reply.put_off(data):
            return reply.is_done
        is_done = reply.read_on()
        if reply.first_token is not None and self._sent[-1].first_token is None:
            self._sent[-1].first_token = self._last
            self._note_change()
        return is_done

    def end_body(self, *, at: float | None = None) -> None:
        """Take the end of a body, now if not `at` another time."""
        self.waits_for_body, self._has_come = False, True
        with guarded(self.places):
            self.end_attempt(at=at)
            if self.is_returned:
                self._close(None, at=at)

    def break_body(self, error: BaseException) -> None:
        """Note that reading a body raised `error`."""
        self.waits_for_body = False
        with guarded(self.places):
            if self.is_returned:
                self.fail(error)
            else:  # the client may send it again
                self.end_attempt(explain_failure(error) if isinstance(error, Exception) else None)

    def leave_body(self) -> None:
        """Note that a body was left before its end, unless that is in what has come."""
        at = self._last or self._head  # it may be closed long after, by the garbage collector
        try:
            if isinstance(self._reply, ReplyReader) and self._reply.read_on():
                self.end_body(at=at)
                return
        except Exception as problem:  # noqa: BLE001  as of any other piece
            self.spoil(problem)
            return
        self.waits_for_body = False
        with guarded(self.places):
            self.end_attempt(at=at)
            if self.is_returned:
                self._close(("incomplete", None, "the answer was not read to its end"), at=at)

    def spoil(self, problem: Exception) -> None:
        """Note that a body cannot be read, or says that something went wrong."""
        with guarded(self.places):
            if not isinstance(problem, BadResponseError):
                self._reply = None
                raise problem
            self.waits_for_body = False
            self.fail(problem)

    def finish(self) -> None:
        """Close the record of a call that was answered."""
        self._close(None)

    def fail(self, error: BaseException) -> None:
        """Close the record of a call that raised `error`."""
        if self._is_over:
            return
        if not isinstance(error, Exception):
            is_cancelled = "Cancelled" in type(error).__name__  # of asyncio, or of trio
            words = "its task was cancelled" if is_cancelled else "interrupted"
            self._close(("cancelled", None, words))
            return
        try:
            ending = self._explain(error, self._judge())
        except BadResponseError as problem:  # of the reply itself
            ending = self._explain(problem, None)
        self._close(ending)

    def _close(self, ending: Ending | None, *, at: float | None = None) -> None:
        if self._is_over:
            return
        at = now() if at is None else at
        if self._sent and (self._sent[-1].finished is None or self._is_settled):
            self.end_attempt(at=at)
        self._ending, self._finished, self._is_over = ending, at, True
        self._note_change()
        if not self._is_shown:
            put_off(self, self._reply.size if self._reply is not None else 0)
