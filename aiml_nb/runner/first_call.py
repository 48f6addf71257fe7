"""Send the first call of a run alone: a wrong key, model or address fails once, not N times.

If the list of models already confirms them, all calls are sent at once. Else the others follow as
soon as the first reply's head or answer does, or after `HOLD_SECONDS`, by when a server would have
rejected it. A rejection that applies to every call ends the run with one sentence.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ..endpoint.failures import PAGE, Failure
from ..endpoint.preflight import explain_silence
from ..endpoint.rejections import Fault, explain_fault, find_fault
from ..prompts.stored import StoredPrompts
from .functions.function import Function
from .limits.limiter import AdaptiveLimiter
from .plan import Plan

HOLD_SECONDS = 10.0
# Failures of the same kind that end the run when several calls are in flight: one alone may be
# about its own request, even for a listed model (which may be no chat model).
_SAME_FAULTS_NEEDED = 3

Verdict = Literal["refused", "right", "unclear", "wait"]


class Rejection(NamedTuple):
    """Why no call of a run can succeed.

    Parameters
    ----------
    fault
        What is wrong; None if no HTTP server answers at the address.
    """

    fault: Fault | None
    failure: Failure
    model: str


@dataclass(slots=True)
class FirstCalls:
    """Decides from the first calls of a run whether the others can succeed.

    Parameters
    ----------
    plan
        The run.
    limiter
        Holds the others back while the first goes alone.
    now
        Returns the seconds since the run's origin.

    Attributes
    ----------
    is_decided
        No more is to be learned: `judge` need not be called any more.
    rejected
        The first call went alone and failed in a way that every call would.
    """

    plan: Plan
    limiter: AdaptiveLimiter
    now: Callable[[], float]
    is_decided: bool = field(init=False, default=False)
    rejected: bool = field(init=False, default=False)
    _rejection: Rejection | None = field(init=False, default=None)
    _models: set[str] = field(init=False, default_factory=set, repr=False)
    _same_faults: int = field(init=False, default=0)

    def begin(self) -> None:
        """Hold the other calls back unless the server has listed every model of the run."""
        if isinstance(self.plan.endpoint, Function):  # it may call any server, or none
            self.is_decided = True
            return
        prompts = self.plan.prompts
        if isinstance(prompts, StoredPrompts):  # to read all would take seconds
            asked = prompts.of_each_model
        else:
            asked = [call.index for call in self.plan.unfinished]
        self._models = set(map(self._model_of, asked))
        if not self._models <= self.plan.server.known.models:
            self.limiter.hold_others()

    @contextmanager
    def wait(self, *, blocks: bool) -> Iterator[None]:
        """Release the others after `HOLD_SECONDS`, unless this context is left before.

        Parameters
        ----------
        blocks
            The calls block this thread, so that a thread keeps the time; else the running loop.
        """
        if not self.limiter.is_held:
            yield
            return
        timer: asyncio.TimerHandle | threading.Timer
        if blocks:
            timer = threading.Timer(HOLD_SECONDS, self.release_others)
            timer.daemon = True  # must not keep the process alive
            timer.start()
        else:
            timer = asyncio.get_running_loop().call_later(HOLD_SECONDS, self.release_others)
        try:
            yield
        finally:
            timer.cancel()

    def release_others(self) -> None:
        """Release the calls that are held back."""
        self.limiter.end_hold(self.now())

    def note_answer(self, index: int) -> None:
        """Note that a call was answered: its model exists and the key is accepted."""
        self.plan.server.known.models.add(self._model_of(index))
        self.is_decided = True
        self.release_others()

    def judge(self, failure: Failure, index: int, *, is_last: bool) -> str | None:
        """Judge a failed call: release the others, or return why no call can succeed.

        Parameters
        ----------
        index
            Which call failed.
        is_last
            It will not be retried.
        """
        verdict = self._classify(failure, self._model_of(index), is_last=is_last)
        if verdict == "wait":
            self.limiter.reserve_slot_for(index)
            return None
        self.is_decided = verdict != "unclear"
        if verdict == "refused":
            self.rejected = self.limiter.is_held
            return self.explain()
        self.release_others()
        return None

    @property
    def at_address(self) -> bool:
        """True if the address was wrong."""
        return self._rejection is not None and self._rejection.fault == "address"

    def is_certain(self, other_address: str | None) -> bool:
        """Say whether a second sign, besides the first call, shows that no call can succeed.

        Only then an EndpointError is raised; else the run is returned, stopped.

        Parameters
        ----------
        other_address
            As in `explain_fault`.
        """
        known, rejection = self.plan.server.known, self._rejection
        listed = known.failure.error_type if known.failure else ""
        if rejection is None or self.plan.strict or other_address:
            return rejection is not None
        if rejection.fault == "model":
            return bool(known.models)
        # The list of models was rejected for the same reason as the call.
        alike = {"key": {"401", "403"}, "address": {"redirect"} & {rejection.failure.error_type}}
        is_page = rejection.failure.code == PAGE
        return is_page or rejection.fault is None or listed in alike[rejection.fault]

    def explain(self, other_address: str | None = None) -> str:
        """Say why no call can succeed, and what to do; `other_address` as in `explain_fault`."""
        endpoint, rejection = self.plan.server, self._rejection
        assert rejection is not None  # noqa: S101  called after a rejection only
        if rejection.fault is None:
            return explain_silence(rejection.failure, base_url=endpoint.base_url, key=endpoint.key)
        return explain_fault(
            rejection.fault,
            rejection.failure,
            base_url=endpoint.base_url,
            key=endpoint.key,
            model=rejection.model,
            known=endpoint.known,
            other_address=other_address,
        )

    def _classify(self, failure: Failure, model: str, *, is_last: bool) -> Verdict:
        known, is_alone = self.plan.server.known, self.limiter.is_held
        fault = find_fault(failure, model=model, known=known)
        if fault == "model" and len(self._models) > 1:
            return "right"  # address and key are right, and other calls use other models
        if fault:
            self._same_faults += 1
            if not is_alone and (fault == "key" or self._same_faults < _SAME_FAULTS_NEEDED):
                # A rejected key stops the run by `fatal.stops_run` anyway.
                return "unclear"
        elif failure.status is not None or failure.error_type == "deadline":
            # Temporary failures say nothing about the others; any other status came from a server
            # that has understood the request, so address and key are right.
            passes = failure.status is None or failure.status == 429 or failure.status >= 500
            return "unclear" if passes else "right"
        elif not (is_alone and known.is_silent):
            return "unclear"
        elif not is_last:
            return "wait"  # its retry goes alone as well: the server may be about to start
        self._rejection = Rejection(fault, failure, model)
        return "refused"

    def _model_of(self, index: int) -> str:
        """Return the model of a call: its own, the run's or the endpoint's."""
        body, own = self.plan.options.parameters, self.plan.prompts[index].parameters
        body = body | own if own else body
        model = (body.get("extra_body") or {}).get("model") or body.get("model")
        return str(model or self.plan.endpoint.model)
