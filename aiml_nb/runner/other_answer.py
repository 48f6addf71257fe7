"""The answers of APIs besides the chat API, and the cost that a header tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..apis import CHAT, Api
from ..completion import amount_of, fields_of
from ..endpoint.bad_replies import BadResponseError, find_error
from ..endpoint.error_bodies import is_page, page_text
from ..endpoint.failures import PAGE
from ..records import Call
from ..replies.assemblies import assembly_of
from ..replies.incoming import Incoming
from ..replies.outcome import Verdict, judge_reply
from ..replies.parse import parse_json, shorten
from .answer import Answer
from .send import OpenAnswer

COST_HEADER = "x-aimlapi-usd-spent"  # the header in which AIML API tells it


def opener_of(api: Api, *, reads_cost: bool) -> OpenAnswer:
    """Return what opens the answers of a run.

    Parameters
    ----------
    reads_cost
        The server tells costs: in a header, if not in its replies.
    """
    if api is not CHAT:
        return lambda clock, asked: ApiAnswer(clock, api, asked)
    if reads_cost:
        return lambda clock, asked: PricedAnswer(clock, n=asked.get("n"))
    return lambda clock, asked: Answer(clock, n=asked.get("n"))


class PricedAnswer(Answer):
    """An answer of the chat API whose cost may be told in a header."""

    __slots__ = ()

    def fill(self, call: Call) -> None:
        """Write the answer into the record of the call; see `Answer.fill`."""
        super().fill(call)
        if call.cost is None:
            call.cost = self._cost_in_header()

    def _cost_in_header(self) -> float | None:
        given = self._headers.get(COST_HEADER)
        try:
            return None if given is None else amount_of(float(given))
        except ValueError:
            return None


class ApiAnswer(PricedAnswer):
    """An answer of another API.

    Parameters
    ----------
    clock
        As for `Answer`.
    api
        The API.
    asked
        The body of the request.
    """

    __slots__ = ("_api", "_asked")

    def __init__(self, clock: Callable[[], float], api: Api, asked: Mapping[str, Any]) -> None:
        super().__init__(clock, n=api.choices(asked))
        self._api, self._asked = api, asked

    def add_reply(self, headers: Mapping[str, str], body: bytes) -> None:
        """Read a reply that is no stream; see `Answer.add_reply`."""
        if self._api.streams:
            super().add_reply(headers, body)
            return
        self._headers, self.request_id = headers, headers.get("x-request-id")
        self._add_body(body)

    def fill(self, call: Call) -> None:
        """Write the answer into the record of the call; see `Answer.fill`."""
        call.body, call.first_token = self.body, self.first_token
        for name, value in fields_of(dict(self._api.complete(self.body) or {})).items():
            setattr(call, name, value)
        if call.cost is None:
            call.cost = self._cost_in_header()

    def _open_stream(
        self,
        clock: Callable[[], float | None],
        on_first_token: Callable[[float], None] | None,
    ) -> Incoming:
        assembly = assembly_of(self._api)
        return Incoming(clock, self._n, assembly, on_first_token=on_first_token)

    def _judge(self) -> Verdict:
        verdict = judge_reply(self._api, self._api.complete(self.body))
        missing = self._api.missing(self.body or {}, self._asked)
        return Verdict("incomplete", missing) if missing and verdict.outcome == "ok" else verdict

    def _add_body(self, data: bytes) -> None:
        try:
            reply = self._api.parse(data, parse_json)
        except ValueError:
            text = data.decode(errors="replace")
            code = PAGE if is_page(text) else None
            what = f"the reply is not JSON but: {page_text(text) or 'nothing'}"
            raise BadResponseError(what, code) from None
        if isinstance(reply, dict):
            self.body = reply
        found = reply.get(self._api.holds) if isinstance(reply, dict) else None
        if not isinstance(found, str if self._api.holds == "text" else list):
            error = find_error(reply, in_stream=False)
            what = f"the reply has no {self._api.holds} but is {shorten(reply)}"
            raise error or BadResponseError(what)
        # The text of a response may be in several parts, and so may a key in it.
        self.raw = None if self._api.has_conversations else data
