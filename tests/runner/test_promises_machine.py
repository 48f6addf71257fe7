"""Promises R1, R4, R6 (and R2, R3, R5, R7, R8 where they show), whatever happens in whatever order.

Hypothesis plays the server, the clock, the disk, the stop button and kill -9, and looks for an
order of events that breaks a promise. See `scripted` for the world.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from aiml_nb.endpoint.keys import ApiKey
from aiml_nb.endpoint.transport.guard import READ_GRACE, STOPPED_AFTER
from aiml_nb.formats.journal import call_from_dict
from aiml_nb.formats.journal_contents import read_lines
from aiml_nb.records import Call
from aiml_nb.runner import journal as journal_module
from aiml_nb.runner import journal_lines as lines_module
from aiml_nb.runner import open_runner as open_runner_module
from aiml_nb.runner import recorder as recorder_module
from aiml_nb.runner.execute import execute_async
from aiml_nb.runner.journal_summary import ANSWERED, is_whole
from aiml_nb.runner.plan import Plan, make_plan, make_retries
from aiml_nb.runner.retries.retry_policy import MAX_429S, MAX_LOST

from ..rows import exhaustive, slow
from .conftest import reopen
from .scripted import (
    Exchange,
    ScriptedDisk,
    ScriptedEndpoint,
    ScriptedServer,
    SteppedClock,
    SteppedLoop,
    answer,
    refuse,
)

MAX_TOKENS = 10
MAX_USED = 4 + MAX_TOKENS  # of one attempt: each prompt here is of three letters
NAMES = ("gather", "as_completed", "task_group", "workers", "batches", "adaptive")

# What the server may do to a request; True where it may have done, and charged for, the work.
FAULTS: dict[str, tuple[Callable[[Exchange], None], bool]] = {
    "400": (lambda x: refuse(x, 400), False),
    "401": (lambda x: refuse(x, 401), False),
    "403": (lambda x: refuse(x, 403), False),
    "408": (lambda x: refuse(x, 408), False),
    "409": (lambda x: refuse(x, 409), False),
    "429": (lambda x: refuse(x, 429), False),
    "429 in 0 s": (lambda x: refuse(x, 429, retry_after="0"), False),
    "429 in 7 s": (lambda x: refuse(x, 429, retry_after="7"), False),
    "429 in 40 s": (lambda x: refuse(x, 429, retry_after="40"), False),
    "429 quota": (lambda x: refuse(x, 429, "You exceeded your current quota."), False),
    "500": (lambda x: refuse(x, 500), True),
    "503": (lambda x: refuse(x, 503), True),
    "503 once": (lambda x: refuse(x, 503, x_should_retry="false"), True),
    "connect": (lambda x: x.end(httpx2.ConnectError("refused")), False),
    "reset": (lambda x: x.end(httpx2.ReadError("reset")), True),
    "protocol": (lambda x: x.end(httpx2.RemoteProtocolError("garbage")), True),
    "page": (lambda x: x.send(200, {"content-type": "text/html"}, b"<p>"), True),
    "no json": (lambda x: x.send(200, {"content-type": "application/json"}, b"{"), True),
}
LATER = {  # what can happen to a stream that has begun
    "reset": lambda x: x.end(httpx2.ReadError("reset")),
    "error": lambda x: x.end(b'data: {"error": {"message": "overloaded"}}\n\n'),
    "bad line": lambda x: x.end(b"data: {oops\n\n"),
}
STOPPING = {"401", "403", "429 quota"}
TEXTS = st.text(st.characters(categories=None), max_size=8)
WHICH = st.integers(0, 7)


class Promises(RuleBasedStateMachine):
    """One run, as often as it is killed, cancelled and gone on with."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "j.jsonl"
        self.loop = SteppedLoop()
        self.loop.set_exception_handler(lambda *_: None)  # a killed process tells nobody
        self.server, self.disk = ScriptedServer(), ScriptedDisk()
        self.task: asyncio.Task[Any] | None = None
        self.acknowledged: dict[str, Call] = {}
        self.used: dict[str, int] = {}  # tokens, by request
        self.unsent: set[str] = set()  # requests whose connection was refused
        self.lives = 0
        self.wall = 1e9
        self._read: tuple[bytes, dict[str, Call]] = (b"", {})
        self._outside = [
            (journal_module, "os", self.disk),
            (open_runner_module, "show_progress", self._show),
            *(
                (module, "time", SimpleNamespace(time=lambda: self.loop.now + self.wall))
                for module in (lines_module, recorder_module)
            ),
        ]
        self._inside = [(where, name, getattr(where, name)) for where, name, _ in self._outside]
        for where, name, what in self._outside:
            setattr(where, name, what)

    # The run, its beginnings and its ends

    @initialize(
        n=st.integers(1, 6),
        strategy=st.sampled_from(NAMES),
        max_concurrency=st.integers(1, 4),
        stream=st.booleans(),
        max_attempts=st.sampled_from([3, 3, 1, 2]),
        timeout=st.sampled_from([120.0, 5.0]),
        caps=st.fixed_dictionaries(
            {},
            optional={
                "max_calls": st.integers(1, 12),
                "max_total_tokens": st.integers(MAX_USED, 8 * MAX_USED),
                "requests_per_minute": st.integers(1, 5),
                "run_timeout": st.just(50.0),
            },
        ),
        seed=st.integers(0, 9),
    )
    def start(self, n: int, seed: int, caps: dict[str, Any], **options: Any) -> None:
        self.n, self.seed, self.caps, self.options = n, seed, caps, options
        self.endpoint = ScriptedEndpoint(
            base_url="http://127.0.0.1:9/v1",
            model="m",
            provider="other",
            key=ApiKey("", source="nowhere"),
            server=self.server,
        )
        plan = make_plan(
            [f"Q{number}?" for number in range(n)],
            self.endpoint,
            journal=self.path,
            max_tokens=MAX_TOKENS,
            **options,
            **caps,
        )
        self._live(plan, None)

    @precondition(lambda self: self.task is None)
    @rule(retry_failed=st.booleans(), set_clock=st.sampled_from([0.0, 0.0, 5000.0, -5000.0]))
    def reopen(self, retry_failed: bool, set_clock: float) -> None:
        self.wall += set_clock
        self._reopen(retry_failed=retry_failed)

    def _reopen(self, **options: Any) -> None:
        if not self.path.exists() or b"\n" not in self.path.read_bytes():
            # It was cut off before anything was sent, and says so; the user starts again.
            assert self.server.asked == []
            self.path.unlink(missing_ok=True)
            self.disk.restart()
            self.start(self.n, self.seed, self.caps, **self.options)
            return
        self.disk.restart()
        with redirect_stdout(StringIO()):
            journal, plan = reopen(self.path, self.endpoint, **options)
        for name, known in self.acknowledged.items():
            found = next(call for call in plan.run.calls if call.custom_id == name)
            if is_whole(known) or not options.get("retry_failed"):
                assert found == known  # R6, R7
            else:
                assert found.finished is None
        for name in plan.unfinished:
            self.acknowledged.pop(name.custom_id, None)
        if plan.unfinished:
            self._live(plan, journal)
        else:
            journal.close_without_writing()

    def _live(self, plan: Plan, journal: Any) -> None:
        self.plan, self.lives, self.born = plan, self.lives + 1, self.loop.now
        self.server.is_cut_off = False
        self.server.open.clear()
        self.since = len(self.server.asked)
        clock = SteppedClock(self.loop, 0)
        self.most = self._count_sent() + make_retries(plan, clock).max_requests
        self.known_before = {call.custom_id: len(call.attempts) for call in plan.run.calls}
        self.begun: set[int] = set()
        self.still_until, self.is_stopped, self.cancelled = -math.inf, False, False
        clock = SteppedClock(self.loop, self.seed + self.lives)
        work = execute_async(plan, journal=journal, clock=clock)
        self.task = self.loop.create_task(work)
        self._settle()

    def _count_sent(self) -> int:
        """Count the requests that a connection has carried."""
        return sum(name not in self.unsent for name in self.server.asked)

    @contextmanager
    def _show(self, *_: Any, **__: Any) -> Iterator[Callable[[Call], None]]:
        def acknowledge(call: Call) -> None:
            if self.disk.is_dead or call.finished is None:
                return
            if not self.disk.is_full:
                assert call == self._journaled()[call.custom_id]  # R6: before anything shows it
                self.acknowledged[call.custom_id] = call

        yield acknowledge

    def _journaled(self) -> dict[str, Call]:
        data = self.path.read_bytes()
        if data != self._read[0]:
            records = read_lines(data, self.path).calls
            prompts = {call.custom_id: call.prompt for call in self.plan.run.calls}
            calls = {n: call_from_dict(each, prompt=prompts[n]) for n, each in records.items()}
            self._read = data, calls
        return self._read[1]

    # What happens

    @precondition(lambda self: self.server.open)
    @rule(which=WHICH, text=TEXTS, tokens=st.integers(0, MAX_TOKENS), now=st.booleans())
    def reply(self, which: int, text: str, tokens: int, now: bool) -> None:
        exchange = self._pick(which)
        usage = {"prompt_tokens": 4, "completion_tokens": tokens}
        answer(exchange, text, usage, ["stop", "length", "content_filter"][len(text) % 3])
        self.used[exchange.name] = 4 + tokens
        self._step(now)

    @precondition(lambda self: self.server.open)
    @rule(which=WHICH, text=TEXTS, now=st.booleans())
    def begin(self, which: int, text: str, now: bool) -> None:
        exchange = self._pick(which, take=False)
        if exchange.stream and not exchange.has_begun:
            exchange.begin(text)
            if text:
                self.begun.add(exchange.index)
        self._step(now)

    @precondition(lambda self: self.server.open)
    @rule(which=WHICH, fault=st.sampled_from([*FAULTS]), now=st.booleans())
    def fault(self, which: int, fault: str, now: bool) -> None:
        self._break(self._pick(which), fault)
        self._step(now)

    @precondition(lambda self: self.server.open)
    @rule(fault=st.sampled_from(["503", "429", "reset", "connect"]), rounds=st.integers(2, 12))
    def storm(self, fault: str, rounds: int) -> None:
        """Everything fails in the same way, again and again."""
        for _ in range(rounds):
            while self.server.open:
                self._break(self._pick(0), fault)
            self._settle()
            if self.task is None:
                break
            self._advance(25.0)

    @precondition(lambda self: self.task is not None)
    @rule(seconds=st.sampled_from([0.01, 0.3, 0.999, 1.0, 2.5, 8.0, 31.0, 61.0, 130.0]))
    def tick(self, seconds: float) -> None:
        self._advance(seconds)

    @precondition(lambda self: self.task is not None)
    @rule(resets=st.booleans(), seconds=st.sampled_from([0.3, 2.5, 8.0, 31.0, 61.0]))
    def go_away(self, resets: bool, seconds: float) -> None:
        """Be gone for some seconds: nothing is sent, and nobody fails but for want of time."""
        self._settle()
        self.server.is_away = True
        while resets and self.server.open:
            self._break(self._pick(0), "reset")
        for _ in range(int(10 * seconds)):
            if self.task is not None:
                self._advance(0.1)
        self.server.is_away = False
        self._settle()

    @precondition(lambda self: self.task is not None)
    @rule()
    def send(self) -> None:
        """Let the run do all it can: send what it may, read what has come."""
        self._settle()

    @precondition(lambda self: self.task is not None)
    @rule(
        how=st.sampled_from(["kill", "kill in a write", "cancel", "disk full"]),
        share=st.floats(0, 1, exclude_max=True),
        now=st.booleans(),
    )
    def end(self, how: str, share: float, now: bool) -> None:
        """Let the run end before its time; the writes are those that come next."""
        self._step(now)
        if self.task is None:
            return
        if how == "cancel":
            self.cancelled = True
            self.task.cancel()
            before = len(self.server.asked)
            self._settle()
            assert self.task is None  # R8: at once
            assert len(self.server.asked) == before
        elif how == "kill":
            self._kill()
        elif how == "kill in a write":
            self.disk.tears_at = share
        else:
            self.disk.fills_at = share

    def _kill(self) -> None:
        self.disk.kill()
        self._bury()

    # How it goes on

    def _pick(self, which: int, *, take: bool = True) -> Exchange:
        names = sorted(self.server.open)
        name = names[which % len(names)]
        return self.server.open.pop(name) if take else self.server.open[name]

    def _break(self, exchange: Exchange, fault: str) -> None:
        if exchange.has_begun:
            names = sorted(LATER)
            LATER[names[len(fault) % len(names)]](exchange)
            return
        act, billed = FAULTS[fault]
        act(exchange)
        if fault == "connect":
            self.unsent.add(exchange.name)
        if not billed:
            self.used[exchange.name] = 0
        self.is_stopped |= fault in STOPPING
        asked = {"429 in 0 s": 1, "429 in 7 s": 7, "429 in 40 s": 40}.get(fault, 0)
        if asked:
            self.still_until = max(self.still_until, self.loop.now + asked)

    def _step(self, now: bool) -> None:
        if now:
            self._settle()

    def _advance(self, seconds: float) -> None:
        self._settle()
        self.loop.now += seconds
        if seconds > STOPPED_AFTER:  # what came in that time is read first, before a call is ended
            self.reads_until = self.loop.now + READ_GRACE + 1e-3
            while self.loop.now < self.reads_until:
                self._settle()
                self.loop.now += STOPPED_AFTER / 2  # a longer step would stop the process once more
        self._settle()

    def _settle(self) -> None:
        """Let the run do all it can, and see that it does nothing that it may not."""
        if self.task is None:
            return
        still, stopped, before = self.still_until, self.is_stopped, len(self.server.asked)
        told = self.told
        self.loop.run_until_idle()
        if self.disk.is_dead:
            self._bury()
            return
        asked = len(self.server.asked) - before
        if told == (still, stopped):  # else it learned of it only now
            assert not (asked and stopped)  # R4
            assert not (asked and self.loop.now < still - 1e-6)  # R5
        self.told = (still, stopped)
        self._check_deadlines()
        if self.task.done():
            task, self.task = self.task, None
            self._check_end(task)

    told: tuple[float, bool] = (-math.inf, False)
    reads_until = -math.inf

    def _bury(self) -> None:
        """Take down what a killed process leaves in this one."""
        assert self.task is not None
        self.server.is_cut_off = True
        task, self.task = self.task, None
        task.cancel()
        for _ in range(5):
            self.loop.run_until_idle()
            for left in asyncio.all_tasks(self.loop):
                left.cancel()
        assert task.done()
        task.cancelled() or task.exception()
        self.server.open.clear()

    # What must hold

    def _check_deadlines(self) -> None:
        """R3: no call, and no run, goes on after its time."""
        options, left = self.plan.options, self.plan.unfinished
        if self.cancelled or not left or self.loop.now < self.reads_until:
            return
        began = left[0].submitted or 0.0
        now = began + self.loop.now - self.born
        for call in left:
            if call.started is not None:
                assert now < began + (options.run_timeout or math.inf) + 1e-3
                assert now < call.started + options.timeout + 1e-3

    def _check_end(self, task: asyncio.Task[Any]) -> None:
        """R1: every call has its outcome, and nothing was raised."""
        assert task.cancelled() == self.cancelled
        if not self.cancelled:
            assert task.exception() is None
            assert task.result() is self.plan.run
        run = self.plan.run
        for call in run.calls:
            assert (call.outcome == "not_started") == (call.finished is None)
            assert call.outcome != "not_started" or (run.stopped and (call.error or self.cancelled))
            assert (call.outcome in ANSWERED) == (
                call.error_type is None and call.outcome not in {"cancelled", "not_started"}
            )
            self._check_attempts(call)
        if not self.disk.is_full:
            kept = self._journaled()
            for call in run.calls:
                if call.outcome not in {"cancelled", "not_started"}:
                    assert kept[call.custom_id] == call
        elif any(call.finished is None for call in run.calls):
            assert "Nothing more is sent" in (run.stopped or "") or run.stopped

    def _check_attempts(self, call: Call) -> None:
        """R2: every attempt has its own stamps, and our sleeps are not in them."""
        assert [each.number for each in call.attempts] == [*range(1, len(call.attempts) + 1)]
        new = call.attempts[self.known_before[call.custom_id] :]
        for attempt in new:
            assert attempt.finished is not None
            assert attempt.started <= attempt.finished
        for before, after in pairwise(new):
            assert after.backoff_time == pytest.approx(after.started - before.finished, abs=1e-6)
        asked = {name for name in self.server.asked if int(name.split(".")[1]) == call.index}
        run_id = self.plan.run.run_id
        assert asked <= {f"{run_id}.{call.index}.{each.number}" for each in call.attempts}

    @invariant()
    def every_prompt_has_its_record_in_its_place(self) -> None:
        if hasattr(self, "plan"):
            calls = self.plan.run.calls
            assert [call.prompt for call in calls] == [f"Q{n}?" for n in range(self.n)]
            assert [call.index for call in calls] == [*range(self.n)]

    @invariant()
    def spend_is_bounded(self) -> None:
        if not hasattr(self, "plan"):
            return
        asked, options = self.server.asked, self.plan.options
        assert self._count_sent() <= self.most
        assert len(self.server.open) <= self.plan.run.max_concurrency
        assert len(asked) <= self.caps.get("max_calls", math.inf)
        spent = sum(self.used.get(name, MAX_USED) for name in asked)
        assert spent <= self.caps.get("max_total_tokens", math.inf)
        for call in self.plan.run.calls:
            new = call.attempts[self.known_before[call.custom_id] :]
            limited = sum(each.error_type == "429" for each in new)
            assert limited <= MAX_429S + 1
            failed = [each for each in new if each.error_type not in {"429", "connect"}]
            assert len(failed) <= options.max_attempts + MAX_LOST
            assert sum(each.error_type == "no_reply" for each in new) <= 2 + MAX_LOST
            if options.max_attempts == 1:
                assert len(failed) + limited <= 1
            if call.index in self.begun:  # never after the first token
                assert call.attempts[-1].finished is None or call.finished is not None

    @invariant()
    def nothing_acknowledged_is_lost_or_paid_twice(self) -> None:
        assert self.server.twice() == []
        if self.acknowledged:
            kept = self._journaled()
            for name, call in self.acknowledged.items():
                assert kept[name] == call
                last = max(
                    (int(n.split(".")[2]) for n in self.server.asked if _is_of(n, call)), default=0
                )
                assert last <= len(call.attempts)

    def teardown(self) -> None:
        try:
            self._go_on_to_the_end()
        finally:
            if self.task is not None:
                self._kill()
            self.loop.close()
            for where, name, what in self._inside:
                setattr(where, name, what)
            self.folder.cleanup()

    def _go_on_to_the_end(self) -> None:
        """With a server that is well again, every call is answered; those of before are kept."""
        if not hasattr(self, "plan"):
            return
        if self.task is not None:
            self._kill()
        self.caps = {}
        self._reopen(
            retry_failed=True,
            max_calls=None,
            max_total_tokens=None,
            requests_per_minute=None,
            run_timeout=None,
        )
        for _ in range(200):
            if self.task is None:
                break
            while self.server.open:
                exchange = self._pick(0)
                answer(exchange, "Yes.", {"prompt_tokens": 4, "completion_tokens": 1}, "stop")
            self._advance(1.0)
        assert {call.outcome for call in self.plan.run.calls} <= ANSWERED
        self.nothing_acknowledged_is_lost_or_paid_twice()


def _is_of(name: str, call: Call) -> bool:
    return int(name.split(".")[1]) == call.index


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("examples", [15, slow(200), exhaustive(1500)])
def test_promises_hold_whatever_happens_in_whatever_order(examples: int) -> None:
    run_state_machine_as_test(
        Promises,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
