"""The estimate of what is left against what it turned out to be, on a clock that the test turns."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from aiml_nb.endpoint.keys import ApiKey
from aiml_nb.records import Call
from aiml_nb.runner.execute import execute_in_task
from aiml_nb.runner.limits.rates import RateWindow
from aiml_nb.runner.pacing.situation import Situation
from aiml_nb.runner.pacing.time_left import TimeLeft
from aiml_nb.runner.plan import make_plan
from aiml_nb.runner.progress_lines import ProgressLines
from aiml_nb.runner.remaining import in_words

from ..rows import slow
from .scripted import SteppedClock
from .virtual import BASE_URL, JumpingLoop, VirtualEndpoint, VirtualServer, Window

# Within a quarter; at the very end, where a call's own length is more than that, within a call.
SHARE, LAST = 0.25, 6.0


@dataclass
class Simulated:
    """A run of calls in slots, in no time at all.

    Parameters
    ----------
    n, duration
        How many calls, and the seconds of the i-th.
    slots
        The most in flight at a moment.
    per_minute, tokens
        Limits of our own: of requests; of tokens, with those that a call takes.
    server
        How many requests a minute the server answers, before it asks for a pause.
    pause
        Begin and end of a single pause.
    away
        Begin and end of an outage.
    every
        Seconds between two looks.
    """

    n: int
    duration: Callable[[int], float]
    slots: Callable[[float], int] = lambda now: 8
    per_minute: float | None = None
    tokens: tuple[float, float] | None = None
    server: int | None = None
    pause: tuple[float, float] | None = None
    away: tuple[float, float] | None = None
    every: float = 4.0
    looks: list[tuple[float, float | None]] = field(default_factory=list)

    def run(self) -> float:
        """Make all calls; return when the last one ended."""
        self._now, self._sent, self._paused_until = 0.0, 0, 0.0
        self._flights: list[tuple[float, float]] = []  # end, sent
        self._taken: deque[float] = deque()  # by the server
        self._windows = [(RateWindow(self.per_minute), 1.0)] if self.per_minute else []
        if self.tokens:
            self._windows.append((RateWindow(self.tokens[0]), self.tokens[1]))
        left, next_look = TimeLeft(self.n), 0.0
        while left.left:
            wait = self._send()
            ahead = [wait, next_look, *(end for end, _ in self._flights[:1])]
            self._now = max(min(ahead), self._now)
            while self._flights and self._flights[0][0] <= self._now:
                end, sent = heapq.heappop(self._flights)
                left.finish(end - sent, sent=sent)
            if next_look <= self._now:
                next_look += self.every
                self.looks.append((self._now, left.look(self._situation())))
        return self._now

    def _situation(self) -> Situation:
        return Situation(
            now=self._now,
            flights=[sent for _, sent in self._flights],
            limit=self.slots(self._now),
            paused_until=self._paused_until,
            is_away=self._is_away(),
            windows=self._windows,
        )

    def _is_away(self) -> bool:
        return self.away is not None and self.away[0] <= self._now < self.away[1]

    def _send(self) -> float:
        """Send what may be sent; return when to try again."""
        while self._sent < self.n:
            if (wait := self._wait()) > self._now:
                return wait
            for window, each in self._windows:
                window.take(each, self._now)
            took = self.duration(self._sent)
            heapq.heappush(self._flights, (self._now + took, self._now))
            self._sent += 1
        return 1e9

    def _wait(self) -> float:
        now = self._now
        if len(self._flights) >= self.slots(now):
            return self._flights[0][0]
        if self.pause and self.pause[0] <= now < self.pause[1]:
            self._paused_until = self.pause[1]
        if self._paused_until > now:
            return self._paused_until
        if self.away and self._is_away():
            return self.away[1]
        waits = [window.wait(each, now) for window, each in self._windows]
        if self._windows and max(waits) > 0:
            return now + max(waits)
        if self.server is not None:
            while self._taken and self._taken[0] <= now - 60:
                self._taken.popleft()
            if len(self._taken) >= self.server:
                self._paused_until = self._taken[0] + 60
                return self._paused_until
            self._taken.append(now)
        return now


def varying(low: float, high: float, seed: int = 1) -> Callable[[int], float]:
    draw = random.Random(seed)  # noqa: S311
    return lambda i: draw.uniform(low, high)


def slower(first: float, last: float, n: int) -> Callable[[int], float]:
    draw = random.Random(2)  # noqa: S311
    return lambda i: (first + (last - first) * i / n) * draw.uniform(0.8, 1.2)


def off(looks: list[tuple[float, float | None]], end: float, *, since: float) -> list[str]:
    """Return at which of ten moments from `since` on the estimate is off, and by how much."""
    moments = [since + (end - since) * (i + 0.5) / 10 for i in range(10)]
    found = []
    for moment in moments:
        now, seconds = min(looks, key=lambda look: abs(look[0] - moment))
        true = end - now
        if seconds is None or abs(seconds - true) > max(SHARE * true, LAST):
            found.append(f"{now:.0f} s: {seconds} of {true:.0f}")
    return found


MINUTE = 60.0
KINDS = {
    "500 a minute": Simulated(20_000, varying(0.8, 2), lambda now: 100, per_minute=500, every=20),
    "tokens": Simulated(800, varying(1, 3), lambda now: 50, tokens=(20_000, 180)),
    "more requests than tokens": Simulated(
        900, varying(1, 3), lambda now: 50, per_minute=300, tokens=(20_000, 200)
    ),
    "a limit that slots do not reach": Simulated(600, varying(4, 8), per_minute=500),
    "open": Simulated(600, varying(3, 9)),
    "slow calls": Simulated(60, varying(40, 60), lambda now: 4),
    "one at a time": Simulated(90, varying(2, 6), lambda now: 1),
    "a ramp": Simulated(3000, varying(2, 4), lambda now: min(4 + int(now), 60)),
    "fewer and more slots": Simulated(
        2000, varying(2, 4), lambda now: (20, 28, 36, 26)[int(now / 5) % 4]
    ),
    "a server of 200 a minute": Simulated(1500, varying(0.3, 0.6), lambda now: 20, server=200),
    "a server of 100 a minute, slow calls": Simulated(
        500, varying(5, 9), lambda now: 30, server=100
    ),
    "one pause": Simulated(600, varying(3, 5), pause=(80, 138)),
    "one pause at the start": Simulated(600, varying(3, 5), pause=(4, 62)),
    "an outage": Simulated(600, varying(3, 5), away=(20, 75)),
    "slower and slower": Simulated(1000, slower(1, 4, 1000)),
    "slower from some moment on": Simulated(
        1200, lambda i: (1.5 if i < 250 else 4) * (0.9 + 0.02 * (i % 11))
    ),
    "a long tail of lengths": Simulated(
        1500,
        (lambda draw: lambda i: draw.lognormvariate(1.2, 0.7))(random.Random(5)),  # noqa: S311
    ),
    "a few long calls": Simulated(24, varying(55, 58), lambda now: 4),
}


@pytest.mark.parametrize("kind", KINDS)
def test_from_the_second_minute_on_the_estimate_is_within_a_quarter(kind: str) -> None:
    """From the end of what cannot be foreseen, where something happens only once."""
    run = KINDS[kind]
    end = run.run()
    since = {"one pause": 139.0, "an outage": 76.0, "slower from some moment on": 110.0}.get(kind)

    assert end > 120
    assert off(run.looks, end, since=since or (70.0 if "long calls" in kind else MINUTE)) == []


def test_a_limit_makes_the_least_certain_before_the_first_call() -> None:
    """Forty minutes, less the last of the forty bursts, which takes no time."""
    window = RateWindow(500)

    assert window.seconds_for(20_000, 0.0) == 39 * 60
    assert RateWindow(500).seconds_for(500, 0.0) == 0
    assert RateWindow(500).seconds_for(501, 0.0) == 60
    assert RateWindow(0.5).seconds_for(3, 0.0) == 120
    left = TimeLeft(20_000)
    assert left.least(Situation(now=0, flights=[], limit=9, windows=[(window, 1.0)])) == 2340
    assert left.look(Situation(now=0, flights=[], limit=9, windows=[(window, 1.0)])) is None


def test_what_was_taken_comes_back_at_the_same_moments() -> None:
    window = RateWindow(4)
    for at in (0, 10, 20):
        window.take(1, at)

    assert [window.seconds_for(amount, 30) for amount in (1, 2, 3, 4, 5, 6)] == [
        *(0, 30, 40, 50, 60, 90)
    ]
    assert window.seconds_for(1, 30) == window.wait(1, 30)


def test_calls_in_flight_that_have_taken_longer_than_any_are_not_over_at_once() -> None:
    left = TimeLeft(2)
    left.finish(2.0)

    seconds = left.look(Situation(now=30, flights=[0.0], limit=4))

    assert seconds == pytest.approx(15)


def test_nothing_is_left_of_nothing() -> None:
    assert TimeLeft(0).look(Situation(now=0, flights=[], limit=4)) == 0


SERVERS = {
    "our limit": (VirtualServer(duration=lambda d: d.uniform(1, 3)), {"requests_per_minute": 40}),
    "the server's": (
        VirtualServer(duration=lambda d: d.uniform(0.5, 1), window=Window(40)),
        {"max_concurrency": 6},
    ),
    "adaptive": (
        VirtualServer(duration=lambda d: d.uniform(8, 12), allowed=12),
        {"strategy": "adaptive", "max_concurrency": 40},
    ),
    "streams": (
        VirtualServer(duration=lambda d: d.uniform(4, 6)),
        {"stream": True, "max_concurrency": 4},
    ),
}


@pytest.mark.parametrize("kind", ["our limit", "the server's", slow("adaptive"), slow("streams")])
def test_a_real_run_tells_what_is_left_and_says_it(kind: str) -> None:
    """The runner itself, its limits, pauses and records; only the clock and the server are not."""
    server, options = SERVERS[kind]
    looks: list[tuple[float, float | None]] = []
    texts, figures = [], []
    loop = JumpingLoop()
    endpoint = VirtualEndpoint(
        base_url=BASE_URL,
        model="m",
        provider="other",
        key=ApiKey("", source="nowhere"),
        server=server,
    )

    async def work() -> float:
        plan = make_plan([f"Q{i}?" for i in range(150)], endpoint, progress=False, **options)
        made = asyncio.ensure_future(
            execute_in_task(plan, clock=SteppedClock(loop, 1))  # type: ignore[arg-type]
        )
        while not made.done():
            if plan.status.remaining is not None:
                looks.append((loop.now, plan.status.remaining.seconds()))
                texts.append(plan.status.left())
                figures.append(plan.status.remaining.in_figures())
            await asyncio.sleep(1)
        return max(call.finished or 0 for call in (await made).calls)

    try:
        end = loop.run_until_complete(work())
    finally:
        loop.close()

    assert end > 120
    assert off(looks, end, since=MINUTE) == []
    assert f"about {in_words(looks[70][1] or 0)} left" in texts[70]
    if kind == "our limit":
        assert texts[0] == "at least 3 min left"
    assert figures[70] == "{}:{:02}".format(*divmod(round(looks[70][1] or 0), 60)).zfill(5)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (45, "45 s"), (99.6, "2 min"), (1860, "31 min"), (9000, "2.5 h")],
)
def test_seconds_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_where_there_is_no_terminal_a_line_says_it_now_and_then() -> None:
    said: list[str] = []
    now = [0.0]
    lines = ProgressLines(
        1000, now=lambda: now[0], left=lambda: "about 9 min left", say=said.append
    )
    done = Call(index=0, custom_id="a", prompt="", outcome="ok")
    failed = Call(index=0, custom_id="a", prompt="", outcome="error")

    for i in range(1000):
        now[0] += 0.5
        lines.finish(failed if i == 3 else done)
    assert said[0] == "60 of 1,000 calls in 30 s, 1 failed, about 9 min left"
    assert [line.split(" of ")[0] for line in said[1:3]] == ["160", "260"]
    assert len(said) == 10

    slow = ProgressLines(10, now=lambda: now[0], left=lambda: "", say=said.append)
    said.clear()
    for _ in range(700):
        now[0] += 1
        slow.tick()
    assert said == [f"0 of 10 calls in {in_words(30 + 300 * i)}" for i in range(3)]
