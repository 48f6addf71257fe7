"""The first calls of a run, where nobody has said yet that its address, key and model are right.

If the list of models says so, all calls go at once. Else the first goes alone, and the others
follow as soon as the head of its reply, or its answer, says it; or after ten seconds, in which a
server would have refused it. A refusal that is about all of them ends the run with a sentence.
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
from .limits.limiter import AdaptiveLimiter
from .plan import Plan

HOLD_SECONDS = 10.0
# So many calls alike, where several are under way: a list may be right and a model no chat model.
_SAME_FAULTS_NEEDED = 3

Verdict = Literal["refused", "right", "unclear", "wait"]


class Rejection(NamedTuple):
    """Why no call of a run can succeed.

    Parameters
    ----------
    fault
        None if nothing answers by HTTP.
    """

    fault: Fault | None
    failure: Failure
    model: str


@dataclass(slots=True)
class FirstCalls:
    """What the first calls of a run say about all of them.

    Parameters
    ----------
    plan
        The run.
    limiter
        Holds the others back while the first goes alone.
    now
        Tells the seconds since the run's origin.

    Attributes
    ----------
    is_decided
        They have said what they can.
    rejected
        The first call went alone and was refused as all would be.
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
        """Send the first call alone if the list of models has not named all that are asked for."""
        self._models = {self._model_of(call.index) for call in self.plan.unfinished}
        if not self._models <= self.plan.endpoint.known.models:
            self.limiter.hold_others()

    @contextmanager
    def wait(self, *, blocks: bool) -> Iterator[None]:
        """Let the others go in `HOLD_SECONDS` seconds, if this context is not left before.

        Parameters
        ----------
        blocks
            The calls block this thread; else the running loop waits.
        """
        if not self.limiter.is_held:
            yield
            return
        timer: asyncio.TimerHandle | threading.Timer
        if blocks:
            timer = threading.Timer(HOLD_SECONDS, self.release_others)
            timer.daemon = True
            timer.start()
        else:
            timer = asyncio.get_running_loop().call_later(HOLD_SECONDS, self.release_others)
        try:
            yield
        finally:
            timer.cancel()

    def release_others(self) -> None:
        """Let the other calls go, too."""
        self.limiter.end_hold(self.now())

    def note_answer(self, index: int) -> None:
        """Note that the call of this index was answered: its model is known from now on."""
        self.plan.endpoint.known.models.add(self._model_of(index))
        self.is_decided = True
        self.release_others()

    def judge(self, failure: Failure, index: int, *, is_last: bool) -> str | None:
        """Let others go after a failure, or return why no call can succeed.

        Parameters
        ----------
        index
            Which call failed.
        is_last
            It is not tried again.
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
        """True if it was the address that was wrong."""
        return self._rejection is not None and self._rejection.fault == "address"

    def is_certain(self, elsewhere: str | None) -> bool:
        """Say whether more than the first call tells that no call can succeed.

        Parameters
        ----------
        elsewhere
            As in `explain_fault`.
        """
        known, rejection = self.plan.endpoint.known, self._rejection
        listed = known.failure.error_type if known.failure else ""
        if rejection is None or self.plan.strict or elsewhere:
            return rejection is not None
        if rejection.fault == "model":
            return bool(known.models)
        alike = {"key": {"401", "403"}, "address": {"redirect"} & {rejection.failure.error_type}}
        is_page = rejection.failure.code == PAGE
        return is_page or rejection.fault is None or listed in alike[rejection.fault]

    def explain(self, elsewhere: str | None = None) -> str:
        """Say why no call can succeed, and what to do; `elsewhere` as in `explain_fault`."""
        endpoint, rejection = self.plan.endpoint, self._rejection
        assert rejection is not None  # noqa: S101  asked for after a refusal only
        if rejection.fault is None:
            return explain_silence(rejection.failure, base_url=endpoint.base_url, key=endpoint.key)
        return explain_fault(
            rejection.fault,
            rejection.failure,
            base_url=endpoint.base_url,
            key=endpoint.key,
            model=rejection.model,
            known=endpoint.known,
            elsewhere=elsewhere,
        )

    def _classify(self, failure: Failure, model: str, *, is_last: bool) -> Verdict:
        known, is_alone = self.plan.endpoint.known, self.limiter.is_held
        fault = find_fault(failure, model=model, known=known)
        if fault == "model" and len(self._models) > 1:
            return "right"  # the address and the key are; others ask for other models
        if fault:
            self._same_faults += 1
            if not is_alone and (fault == "key" or self._same_faults < _SAME_FAULTS_NEEDED):
                return "unclear"  # a refused key stops the run anyway, and its record tells why
        elif failure.status is not None or failure.error_type == "deadline":
            passes = failure.status is None or failure.status == 429 or failure.status >= 500
            return "unclear" if passes else "right"
        elif not (is_alone and known.is_silent):
            return "unclear"
        elif not is_last:
            return "wait"
        self._rejection = Rejection(fault, failure, model)
        return "refused"

    def _model_of(self, index: int) -> str:
        """Return the model that a call asks for, wherever that is said."""
        body, own = self.plan.options.parameters, self.plan.prompts[index].parameters
        body = body | own if own else body
        model = (body.get("extra_body") or {}).get("model") or body.get("model")
        return str(model or self.plan.endpoint.model)
