"""Refusals that come of too many at once lower the limit, others do not; nobody is slowed down.

Measured in a world without processor time, so that only the waiting of a policy counts.
"""

from __future__ import annotations

import pytest

from aiml_nb.records import Run

from ..rows import exhaustive, in_turn, slow
from .virtual import VirtualServer, Window, run_ours, run_plain


def count_ok(run: Run) -> int:
    return sum(call.outcome == "ok" for call in run.calls)


def serve_a_second(draw: object) -> float:
    return draw.uniform(0.2, 0.4)  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(("n", "share"), [slow(1000, 0.02), (200, 0.1), slow(1000, 0.3)])
def test_refused_at_random_it_takes_no_longer_than_a_plain_client(n: int, share: float) -> None:
    shares = {"429": share}
    server = VirtualServer(duration=serve_a_second, shares=shares, seed=1)
    seconds, answered = run_plain(n, server, in_flight=50, max_retries=3)
    server = VirtualServer(duration=serve_a_second, shares=shares, seed=1)

    run = run_ours(n, server, max_concurrency=50)

    assert count_ok(run) >= answered
    # The last to be refused waits for a second or two, and nobody is left to fill that time.
    assert run.makespan <= 1.2 * seconds + 2
    assert run.limit_history[-1].limit >= 40
    assert server.most_in_service <= 50


@pytest.mark.parametrize(
    ("limit", "strategy"), in_turn([8, 10, 20, 50, 200], ["gather", "adaptive"])
)
def test_the_number_that_a_server_takes_is_found(limit: int, strategy: str) -> None:
    server = VirtualServer(duration=lambda draw: draw.uniform(1, 2.6), allowed=7, seed=2)

    run = run_ours(200, server, strategy=strategy, max_concurrency=limit)

    assert count_ok(run) == 200
    assert server.served_seconds / 7 / run.makespan >= 0.85
    assert server.statuses[429] <= 30 + limit - 7
    assert 5 <= run.limit_history[-1].limit <= 10


@pytest.mark.parametrize(
    ("kind", "duration"), in_turn(["sliding", "fixed", "bucket"], [0.03, 2.0, 20.0])
)
def test_no_call_fails_where_twice_as_many_are_in_flight_as_a_minute_takes(
    kind: str, duration: float
) -> None:
    server = VirtualServer(
        duration=lambda draw: draw.uniform(0.7, 1.3) * duration,
        window=Window(50, 60.0, kind),  # type: ignore[arg-type]
    )

    run = run_ours(500, server, max_concurrency=100)

    assert count_ok(run) == 500
    assert run.makespan <= 1.2 * 9 * 60 + 2 * duration
    assert server.statuses[429] <= 600


@pytest.mark.parametrize(
    ("n", "in_flight", "strategy", "share"),
    [
        (60, 3, "gather", 0.08),
        slow(60, 6, "gather", 0.02),
        slow(60, 6, "gather", 0.2),
        exhaustive(200, 6, "gather", 0.2),
        exhaustive(200, 12, "gather", 0.08),
        (100, 12, "adaptive", 0.08),
        slow(500, 50, "adaptive", 0.02),
    ],
)
def test_few_in_flight_are_not_slowed_down_by_a_server_that_refuses_some_at_random(
    n: int, in_flight: int, strategy: str, share: float
) -> None:
    ratios = sorted(compare_with_plain(n, in_flight, strategy, share, seed) for seed in range(6))

    # `adaptive` begins with four in flight.
    assert ratios[3] <= (1.6 if strategy == "gather" else 1.8)
    assert ratios[-1] <= 2.2


def compare_with_plain(n: int, in_flight: int, strategy: str, share: float, seed: int) -> float:
    options = {"duration": lambda draw: draw.uniform(1, 3), "shares": {"429": share}, "seed": seed}
    seconds, _ = run_plain(n, VirtualServer(**options), in_flight=in_flight, max_retries=3)
    run = run_ours(n, VirtualServer(**options), strategy=strategy, max_concurrency=in_flight)
    assert count_ok(run) == n
    return run.makespan / seconds
