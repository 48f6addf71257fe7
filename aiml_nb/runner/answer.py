"""The answer of one attempt: read from a whole body or a stream, judged, and put in the record.

It is read from the JSON directly: building the client's models took a third of a call's time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain, islice, takewhile
from typing import Any

from ..completion import choices_of, fields_of, is_in_parts, message_of
from ..endpoint.bad_replies import BadResponseError, ErrorReplyError, find_error
from ..endpoint.error_bodies import is_page, page_text
from ..endpoint.failures import PAGE, Failure, explain_failure
from ..records import Call
from ..replies.assembly import Assembly
from ..replies.incoming import Incoming
from ..replies.outcome import NOT_JUDGED, Verdict, explains_missing_message, judge
from ..replies.parse import is_stream, parse_json, parse_several, shorten
from .retries.retry_policy import is_temporary

# A body with JSON lines is decoded in one step that blocks the loop: half a second for so many.
_MAX_CHUNKS = 65_536


class Answer:
    """The answer to one attempt, as far as it has arrived.

    Parameters
    ----------
    clock
        Returns the seconds since the run's origin.
    n
        How many choices were requested.

    Attributes
    ----------
    body
        The completion, as `records.Call.body`; None if none arrived.
    verdict
        The judgement of a complete answer.
    raw
        The bytes of an unstreamed answer whose texts are plain strings: a search in them for a
        leaked key is enough, and faster than one through the JSON.
    """

    __slots__ = (
        *("_clock", "_headers", "_incoming", "_n"),
        *("body", "first_token", "raw", "request_id", "verdict"),
    )

    def __init__(self, clock: Callable[[], float], *, n: object = 1) -> None:
        self._clock = clock
        self._n = n
        self._headers: Mapping[str, str] = {}
        self._incoming: Incoming | None = None
        self.body: dict[str, Any] | None = None
        self.raw: bytes | None = None
        self.first_token: float | None = None
        self.request_id: str | None = None
        self.verdict = NOT_JUDGED

    def add_reply(self, headers: Mapping[str, str], body: bytes) -> None:
        """Read the reply to a request without ``stream``; some servers stream all the same.

        Raises
        ------
        BadResponseError
            If it is not a chat completion, or a stream that cannot be read or is an error.
        """
        self._headers, self.request_id = headers, headers.get("x-request-id")
        if body[:1] == b"{" or not is_stream(body):
            self._add_body(body)
        else:
            self._incoming = self._open_stream(_no_timestamp, None)
            self._incoming.feed(body)
            self._incoming.end()

    def begin_stream(
        self, headers: Mapping[str, str], on_first_token: Callable[[float], None] | None = None
    ) -> Incoming:
        """Read the head of a streamed reply; return the reader of its body."""
        self._headers, self.request_id = headers, headers.get("x-request-id")
        self._incoming = self._open_stream(self._clock, on_first_token)
        return self._incoming

    def end_stream(self) -> None:
        """Note the end of a stream, or of a whole body in its place; raises as `add_reply`."""
        body = self._incoming.end() if self._incoming else None
        if body is not None:
            arrived = self._clock()
            self._add_body(body)
            self.first_token = arrived  # an error is not a token

    def finish(self, error: Exception | None = None) -> Failure | None:
        """Judge the answer once no more will arrive; return the failure, None if it is complete.

        Parameters
        ----------
        error
            Raised while the answer was read; ignored if the answer was complete by then.
        """
        if self._incoming is not None and self.body is None:
            if self._incoming.is_complete:
                error = None
            self.body = self._incoming.build()
            self.first_token = self._incoming.first_token
        if error is not None:
            return explain_failure(error, self._headers)
        self.verdict = self._judge()
        missing = self._incoming and self._incoming.find_missing_choices()
        if missing and self.verdict.outcome == "ok":
            self.verdict = Verdict("incomplete", missing)
        if self.verdict.outcome in {"ok", "refused"}:
            return None
        # One choice may have failed, with the error object beside the choices.
        said = self.verdict.server_error or (self.body or {}).get("error")
        is_failed = said or self.verdict.outcome == "error"
        return self._explain_choice(said or self.verdict.why) if is_failed else None

    def header(self, name: str) -> str | None:
        """Return a header of the reply, None if it has none of that name."""
        return self._headers.get(name)

    def take(
        self,
        body: dict[str, Any] | None,
        *,
        headers: Mapping[str, str],
        verdict: Verdict,
        first_token: float | None,
        request_id: str | None,
    ) -> None:
        """Take what another process has read and judged, the key redacted in it."""
        self.body, self._headers, self.verdict = body, headers, verdict
        self.first_token, self.request_id = first_token, request_id
        self.raw = b""  # nothing is left to search for the key

    def fill(self, call: Call) -> None:
        """Write the answer into the record of the call."""
        call.body, call.first_token = self.body, self.first_token
        for name, value in fields_of(self.body or {}).items():
            setattr(call, name, value)

    def _open_stream(
        self,
        clock: Callable[[], float | None],
        on_first_token: Callable[[float], None] | None,
    ) -> Incoming:
        return Incoming(clock, self._n, on_first_token=on_first_token)

    def _judge(self) -> Verdict:
        return judge(self.body)

    def _add_body(self, data: bytes) -> None:
        try:
            completion, is_plain_json = parse_json(data), True
        except ValueError:
            completion, is_plain_json = _find_completion(data), False
        choices = completion.get("choices") if isinstance(completion, dict) else None
        if isinstance(completion, dict):
            self.body = completion
        # An error beside choices is judged with them, in `finish`.
        error = None if choices else find_error(completion, in_stream=False)
        if error or not isinstance(choices, list):
            what = f"the reply is not a chat completion but {shorten(completion)}"
            raise error or BadResponseError(what)
        messages = [message_of(choice) for choice in choices]
        if choices and not any(messages) and not any(map(explains_missing_message, choices)):
            raise BadResponseError(f"the reply's choice has no message: {shorten(choices[0])}")
        if is_plain_json and not any(map(is_in_parts, messages)):
            self.raw = data

    def _explain_choice(self, said: object) -> Failure:
        """Return the failure of a choice with an error; its status counts only if temporary."""
        in_stream = self._incoming is not None
        error = ErrorReplyError({"error": said}, in_stream=in_stream)
        failure = explain_failure(error, self._headers)
        # A permanent status named inside a 200 reply is about this choice, and must not be taken
        # for a rejected key or model of the whole run.
        if not is_temporary(failure.status):
            kind = "stream" if in_stream else "bad_response"
            failure = replace(failure, error_type=kind, status=200)
        message = f"{self.verdict.prefix}{failure.message}"
        return replace(failure, message=message, possibly_billed=True)


def _find_completion(data: bytes) -> dict[str, Any]:
    """Return a completion that is followed by other text, or sent as chunks in JSON lines.

    Raises
    ------
    BadResponseError
        If there is none.
    """
    found = parse_several(data)
    completion = next(found, None)
    if any("delta" in choice for choice in choices_of(completion)):
        chunks = Assembly()
        for each in chain([completion], islice(takewhile(_is_chunk, found), _MAX_CHUNKS)):
            chunks.add(each)
        completion = chunks.build()
    if isinstance(completion, dict) and choices_of(completion):
        return completion
    text = data.decode(errors="replace")
    code = PAGE if is_page(text) else None
    raise BadResponseError(f"the reply is not JSON but: {page_text(text) or 'nothing'}", code)


def _is_chunk(value: object) -> bool:
    return isinstance(value, dict) and not {"choices", "usage", "error"}.isdisjoint(value)


def _no_timestamp() -> None:
    """Return no time: an answer that was not requested as a stream has no first token."""
