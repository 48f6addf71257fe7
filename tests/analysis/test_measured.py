"""What the statistics promise, checked against simulation and against real runs of the simulator.

The figures are printed (``pytest -s``), since they are worth more than that a limit was kept.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter

import pytest

import aiml_nb as nb
from aiml_nb.analysis import diagnose, interval, upper_bound
from aiml_nb.records import Comparison, Run

from ..rows import exhaustive
from .builders import make_run, make_sync, timed
from .schedules import chunked, first_come, seeded, serialised

pytestmark = [pytest.mark.slow, pytest.mark.alone]
STRATEGIES = ["gather", *map(exhaustive, ["as_completed", "task_group", "workers"]), "threads"]


def draw_pairs(draw: random.Random, repeats: int) -> Comparison:
    """Return pairs whose true speed-up is 2, with a noise of 20 % on each run."""
    pairs = []
    for _ in range(repeats):
        sync, concurrent = 2 * draw.lognormvariate(0, 0.2), draw.lognormvariate(0, 0.2)
        pairs.append((make_sync(*timed((0, sync))), make_run(*timed((0, concurrent)))))
    return Comparison(pairs=pairs)


@pytest.mark.parametrize("repeats", [2, 3, exhaustive(5), 10, exhaustive(20)])
def test_the_interval_covers_the_truth(repeats: int) -> None:
    draw, trials = seeded(repeats), 2000
    covered = 0
    for _ in range(trials):
        ends = interval(draw_pairs(draw, repeats))
        assert ends is not None
        covered += ends[0] <= 2 <= ends[1]
    print(f"\ncoverage for R = {repeats}: {covered / trials:.1%} of {trials:,}")

    assert covered / trials >= 0.93


def draw_schedule(draw: random.Random) -> tuple[list[float], int]:
    """Return durations from short tails to very long ones, and a number of slots."""
    n, slots = draw.randrange(2, 200), draw.randrange(2, 40)
    spread = draw.choice([0.0, 0.1, 0.3, 0.6, 1.0, 2.0])
    return [draw.lognormvariate(0, spread) for _ in range(n)], slots


def test_first_come_never_exceeds_the_upper_bound_and_is_never_blamed() -> None:
    draw, alarms, worst = seeded(0), 0, 0.0
    for _ in range(2000):
        durations, slots = draw_schedule(draw)
        # Client and network cost up to 2 % of a mean call between two calls of a slot.
        gap = draw.choice([0.0, 0.0, 0.005, 0.02]) * statistics.fmean(durations)
        exact, late = (
            first_come(durations, slots=slots),
            first_come(durations, slots=slots, gap=gap),
        )
        worst = max(worst, exact.makespan / (upper_bound(exact) or 1))
        alarms += (diagnose(exact) is not None) + (diagnose(late) is not None)
    print(f"\nfirst come: at most {worst:.4f} of the bound; false alarms {alarms} of 4,000")

    assert worst <= 1 + 1e-9
    assert alarms <= 2


def test_classic_mistakes_are_found() -> None:
    draw = seeded(1)
    found: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    over: Counter[str] = Counter()
    for _ in range(2000):
        durations, slots = draw_schedule(draw)
        for name, make in (("serialised", serialised), ("chunked", chunked)):
            if name == "chunked" and (len(durations) < 3 * slots or max(durations) == 1.0):
                continue  # too few chunks, or equal calls, which chunks do not slow down
            run = make(durations, slots=slots)
            diagnosis = diagnose(run)
            runs[name] += 1
            over[name] += run.makespan > 1.05 * (upper_bound(run) or 0)
            right = {"serialised": "one_at_a_time", "chunked": "batches"}[name]
            found[name] += diagnosis is not None and diagnosis.kind == right
    for name in runs:
        print(
            f"\n{name}: diagnosed {found[name] / runs[name]:.1%} of {runs[name]:,}, "
            f"of which over the bound {over[name] / runs[name]:.1%}"
        )

    assert found["serialised"] == runs["serialised"]
    assert found["chunked"] >= 0.95 * runs["chunked"]


def simulated(
    strategy: str, limit: int, *, scenario: str = "classroom", speed: float = 10, **options: object
) -> Run:
    endpoint = nb.connect(simulate=True, speed=speed, seed=3, scenario=scenario, verbose=False)
    prompts = [f"{question} ({i})" for i in range(3) for question in nb.prompts.TWENTY]
    return nb.run(
        prompts, endpoint, strategy=strategy, max_concurrency=limit, progress=False, **options
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_real_runs_are_not_blamed(strategy: str) -> None:
    found = [diagnose(simulated(strategy, limit)) for limit in (3, 10, 20)]
    print(f"\n{strategy}: {found}")

    assert found == [None] * 3


@pytest.mark.parametrize("limit", [5, exhaustive(10), 20])
def test_real_batches_are_found(limit: int) -> None:
    diagnosis = diagnose(simulated("batches", limit))

    assert diagnosis is not None
    assert (diagnosis.kind, diagnosis.size) == ("batches", limit)


def test_what_if_agrees_with_real_runs() -> None:
    """Where durations do not grow with load: up to 20 at once, of which the service serves 20."""
    limits = [4, 12, 20]
    predicted = nb.what_if(simulated("gather", 6, speed=3), max_concurrency=limits).makespans
    errors = []
    for limit, expected in zip(limits, predicted, strict=True):
        measured = simulated("gather", limit, speed=3).makespan
        errors.append(expected / measured - 1)
        print(f"\nlimit {limit}: predicted {expected:.3f} s, measured {measured:.3f} s", end="")
    print(f"\nlargest error {max(map(abs, errors)):.1%}")

    assert max(map(abs, errors)) <= 0.05
