"""One attempt of a call that is a function's: one call of it, and the record of what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ...endpoint.failures import Failure, quote
from ...endpoint.function_failures import explain_error, explain_lateness
from ...endpoint.sent_keys import NO_KEY
from ...prompts.items import item_of
from ...records import Attempt, Call
from ...replies.outcome import Verdict
from ..pacing.deadlines import Deadline
from ..plan import Plan
from .client import FunctionClient
from .exits import ends_run


class ItemRequest(NamedTuple):
    """What a function is called with.

    Parameters
    ----------
    name
        What the journal calls the attempt.
    """

    name: str
    item: Any
    call: Call


class Items:
    """Makes the requests of a run whose calls are a function's, as `requests.Requests` does."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def make(self, call: Call, attempt: Attempt) -> ItemRequest:
        """Return what the function is called with."""
        name = f"{self._plan.run.run_id}.{call.index}.{attempt.number}"
        return ItemRequest(name, item_of(self._plan.prompts[call.index]), call)

    def drop_rejected_option(self, failure: Failure, request: ItemRequest) -> bool:
        """Say that nothing is to be sent otherwise."""
        return False


class Returned:
    """What a function returned, in the place of an `answer.Answer`."""

    __slots__ = ("body", "value")
    raw = first_token = request_id = None
    verdict = Verdict("ok")

    def __init__(self, value: Any) -> None:
        self.value, self.body = value, None

    def fill(self, call: Call) -> None:
        """Write it into the record of the call."""
        call.result = self.value


async def call_function(
    client: FunctionClient,
    request: ItemRequest,
    attempt: Attempt,
    clock: Callable[[], float],
    *,
    deadline: Deadline,
    on_stream_start: Callable[[], None] | None = None,
    on_first_token: Callable[[float], None] | None = None,
) -> tuple[Returned, Failure | None]:
    """Call the function and wait for what it returns, as `send.send_async` does for a server."""
    outcome = await client.call(request.item, request.call, seconds=deadline.seconds)
    attempt.finished = clock()
    if outcome.error is not None and ends_run(outcome.error):
        request.call.error = quote(explain_error(outcome.error).message, NO_KEY)
        await client.end_run(outcome.error, request.call.error)
    failure = None
    if outcome.is_late:
        failure = explain_lateness(client.name, deadline.seconds)
    elif outcome.error is not None:
        failure = explain_error(outcome.error)
    if failure is not None:
        attempt.status, attempt.error_type = failure.status, failure.error_type
        attempt.possibly_billed, attempt.request_id = failure.possibly_billed, failure.request_id
    return Returned(outcome.value), failure
