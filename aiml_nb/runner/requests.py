"""Build the request of an attempt: URL, body, headers; and leave out what the server rejects."""

from __future__ import annotations

import re

from ..apis import APIS, put_format_in_text
from ..endpoint.failures import Failure
from ..records import Attempt, Call
from .other_answer import opener_of
from .plan import Plan
from .send import Request

# Added to streams without `stream_options`, because a stream reports its tokens only if asked.
# Compared by identity: an equal dictionary of the user's must not be dropped.
_DEFAULT_STREAM_OPTIONS = {"include_usage": True}
_MENTIONED = re.compile(r"stream[\s_-]?options|include[\s_-]?usage", re.I)
# Statuses that may be about the request's content, not about the key (401) or the rate (429).
_REJECTION_STATUSES = frozenset({200, 400, 403, 404, 405, 406, 409, 415, 422, 500, 501})
STREAM_OPTIONS_OMITTED = (
    "The server refuses stream_options, so it is left out: it may not tell the tokens of streams. "
    "With stream_options=None it is not tried."
)


class Requests:
    """Makes the requests of one run.

    Parameters
    ----------
    plan
        The run.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan, self._api = plan, APIS[plan.options.api]
        self._url = f"{plan.endpoint.base_url}{self._api.path}"
        self._parameters = {"model": plan.endpoint.model, **self._api.defaults}
        self._parameters |= plan.options.parameters
        # Looking into headers takes a microsecond; the simulator tells costs in its replies.
        reads_cost = plan.endpoint.reports_cost and not plan.endpoint.simulated
        self._open_answer = opener_of(self._api, reads_cost=reads_cost)
        self._omits_stream_options = False

    def make(self, call: Call, attempt: Attempt) -> Request:
        """Return the request of an attempt."""
        options, prompt = self._plan.options, self._plan.prompts[call.index]
        body = self._parameters | prompt.parameters
        system = body.pop("system", None)
        first = [{"role": "system", "content": system}] if system else []
        path = None
        if self._api.sends_files:
            path = self._api.fill(prompt.messages)
        else:
            body[self._api.member] = self._api.fill(first + prompt.messages)
        if self._api.has_text_format:
            put_format_in_text(body)
        if self._api.streams:
            body["stream"] = options.stream
        if "stream_options" in body:
            if body["stream_options"] is None:
                del body["stream_options"]
        elif options.stream and self._api.has_stream_options and not self._omits_stream_options:
            body["stream_options"] = _DEFAULT_STREAM_OPTIONS
        headers = body.pop("extra_headers", None) or {}
        query = body.pop("extra_query", None) or {}
        body |= body.pop("extra_body", None) or {}
        ours = f"{self._plan.run.run_id}.{call.index}.{attempt.number}"
        name = headers.get("X-Client-Request-Id", ours)  # the journal holds the one that is sent
        return Request(self._url, name, body, headers, query, self._open_answer, path)

    def drop_rejected_option(self, failure: Failure, request: Request) -> bool:
        """Say whether to send the request again without the `stream_options` that we added.

        True if the failure is about them; then they are left out from now on.
        """
        if failure.status not in _REJECTION_STATUSES:
            return False
        if request.body.get("stream_options") is not _DEFAULT_STREAM_OPTIONS:
            return False
        if not _MENTIONED.search(f"{failure.message[:2000]} {failure.param or ''}"):
            return False
        self._omits_stream_options = True
        return True
