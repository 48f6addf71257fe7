"""Services that share one address, each found by its token, and their pending responses."""

import asyncio
import math
import threading
from collections.abc import Callable
from weakref import WeakKeyDictionary

from ..errors import SimulatorError
from ..faults.fault import Fault
from ..faults.outages import Outages
from ..model.engine import Engine
from ..model.fault_picker import FaultPicker, FaultQueue
from ..model.plan import Arrival, Plan
from ..settings import Settings
from .chat import ChatRequest
from .log import Log, Record
from .refusals import refuse_key
from .store import Store


class PendingResponse:
    """A chat completion in progress: its plan, which may change while it waits in the queue."""

    def __init__(
        self, plan: Plan, record: Record, *, read_clock: Callable[[], float], speed: float
    ) -> None:
        self.record = record
        self.read_clock = read_clock
        self.speed = speed
        self._moved: asyncio.Event | None = None
        self.plan = plan
        self._note_plan()

    def move(self, plan: Plan) -> None:
        """Replace the plan, and wake the waiting request."""
        self.plan = plan
        self._note_plan()
        if self._moved is not None:
            self._moved.set()

    async def wait_for_slot(self) -> None:
        """Wait until the call is served."""
        if self.plan.started > self.plan.arrived:
            self.record.queued = self.read_clock()
            self._moved = asyncio.Event()
            while (remaining := self.plan.started - self.read_clock()) > 0:
                self._moved.clear()
                try:
                    await asyncio.wait_for(self._moved.wait(), remaining)
                except TimeoutError:
                    break
        self.record.started = self.read_clock()

    async def wait_until(self, moment: float) -> None:
        """Sleep until `moment` on the service's clock; an absolute time does not drift."""
        remaining = moment - self.read_clock()
        if remaining > 0:
            await asyncio.sleep(remaining)

    def _note_plan(self) -> None:
        record, plan = self.record, self.plan
        record.planned_start = plan.started
        record.planned_first_token = plan.first_token
        record.planned_finish = plan.finished if math.isfinite(plan.finished) else None


class Service:
    """One service: its settings, its counters, its log and its stored completions.

    `has_requests` is set at its first chat completion.
    """

    def __init__(
        self, settings: Settings, *, write_log: Callable[[str], object] | None = None
    ) -> None:
        self.settings = settings
        self.log = Log(write_log)
        self.store = Store(settings)
        self._engine = Engine(settings)
        self._models_faults = FaultQueue(settings.models_faults)
        # HTTP clients resend a request silently if a reused connection is closed; then the number
        # of requests would not be what a script of faults expects.
        self.keeps_connections = not FaultPicker(settings).may_close_unanswered
        self._pending: dict[int, PendingResponse] = {}
        self._closing: WeakKeyDictionary[asyncio.Transport, Fault] = WeakKeyDictionary()
        self._closes_connections = False
        self.has_requests = asyncio.Event()

    @property
    def outages(self) -> Outages:
        """The times when it is away."""
        return self._engine.outages

    def is_away(self) -> bool:
        """Say whether it is away now."""
        return bool(self.settings.outages) and self.outages.is_away(self.log.read_clock())

    def admit(self, request: ChatRequest, record: Record) -> PendingResponse:
        """Plan a chat completion that arrives now."""
        now = self.log.read_clock()
        arrival = Arrival(now, request.prompt, request.max_tokens, request.options)
        plan = self._engine.admit(arrival)
        record.prompt, record.stream = request.prompt.key, request.stream
        record.fault = None if plan.fault is None else plan.fault.name
        self.log.count_completion(record, number=plan.number)
        pending = PendingResponse(
            plan, record, read_clock=self.log.read_clock, speed=self.settings.speed
        )
        self._pending[plan.number] = pending
        # Outages are counted from the first chat completion.
        if plan.number == 1:
            self.has_requests.set()
        return pending

    def pick_models_fault(self) -> Fault | None:
        """Return the fault of the next request for the models, if it has one."""
        return self._models_faults.pick_next()

    def open_pending(self, record: Record, fault: Fault) -> PendingResponse:
        """Create the pending response of a request with a fault that is no chat completion."""
        now, speed = self.log.read_clock(), self.settings.speed
        end = math.inf if fault.is_endless else now + fault.delay / speed
        record.fault = fault.name
        plan = Plan(0, 0, now, now, first_token=now, finished=end)
        return PendingResponse(plan, record, read_clock=self.log.read_clock, speed=speed)

    def release_slot(self, pending: PendingResponse) -> None:
        """Release the slot of a chat completion, whether it was answered or abandoned."""
        number = pending.plan.number
        if self._pending.pop(number, None) is None:
            return
        for plan in self._engine.release(number, at=self.log.read_clock()):
            self._pending[plan.number].move(plan)

    def finish(self, pending: PendingResponse) -> None:
        """Release the slot of an answered chat completion, and close its record."""
        self.release_slot(pending)
        self.log.close(pending.record)

    def note_fault(self, transport: asyncio.Transport | None, fault: Fault) -> None:
        """Remember a fault that closes the connection at its next request."""
        if fault.hangs_up and transport is not None:
            self._closing[transport] = fault
            self._closes_connections = True

    def find_closing_fault(self, transport: asyncio.Transport | None) -> Fault | None:
        """Return the fault of an earlier answer that closes this connection now."""
        if self._closes_connections and transport is not None:
            return self._closing.get(transport)
        return None


class Registry:
    """The services by token; a default service is used for every token or none."""

    def __init__(self, default: Service | None = None) -> None:
        self._default = default
        self._services: dict[str, Service] = {}
        self._lock = threading.Lock()

    def register(self, token: str, settings: Settings) -> None:
        """Open a service for a token.

        Raises
        ------
        SimulatorError
            If the token is not printable ASCII, or taken.
        """
        if not (isinstance(token, str) and 8 <= len(token) <= 200 and _is_printable(token)):
            raise SimulatorError("a token must be 8 to 200 printable ASCII characters.")
        with self._lock:
            if token in self._services:
                raise SimulatorError("this token has a service already; take a new one.")
            self._services[token] = Service(settings)

    def find(self, authorization: str | None) -> Service:
        """Find the service that an ``Authorization`` header belongs to.

        Raises
        ------
        Refusal
            If no service has that token.
        """
        if self._default is not None:
            return self._default
        scheme, _, token = (authorization or "").partition(" ")
        service = self._services.get(token.strip())
        if scheme.lower() != "bearer" or service is None:
            raise refuse_key()
        return service


def _is_printable(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token
