"""Sync against async, fairly: the same prompts, warmed up, in interleaved pairs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .endpoint import Endpoint
from .loop import InterruptibleCall, ended_with_cell
from .records import Comparison, Run
from .runner.plan import Plan, make_plan, takes_arguments_of
from .runner.run import carry_out, carry_out_async
from .runner.settings import check_strategy

# The module is not called `compare`: importing it would hide the function of that name.


def compare(
    prompts: object,
    endpoint: Endpoint | None = None,
    *,
    strategy: str = "gather",
    max_concurrency: int | None = None,
    repeats: int = 1,
    order_seed: int = 0,
    stream: bool = False,
    progress: bool | None = None,
    **options: Any,
) -> Comparison:
    """Make the calls one after the other with the blocking client, then many at once.

    Each run opens its own client and warms it up, untimed and at no cost. With several
    repetitions the order within a pair is drawn anew for each, so that a server that slows down
    or speeds up meanwhile favours neither side.

    Parameters
    ----------
    prompts, endpoint, stream, progress, **options
        As in `run`; the same for both sides. A cap on spending holds for each run by itself.
    strategy
        How the concurrent side makes its calls: any strategy but ``sequential``.
    max_concurrency
        The most calls in flight on the concurrent side.
    repeats
        How many pairs of runs. One pair has no error bar; its sync run comes first.
    order_seed
        Draws the order within each pair, and is recorded.

    Returns
    -------
    Comparison
        Shows the finding, the picture and the table; holds all runs.

    Raises
    ------
    EndpointError
        If the server cannot be reached, refuses the key or does not have the model.
    TypeError, ValueError
        If an argument is wrong.
    """
    check_comparison(strategy, repeats)
    options |= {
        "strategy": strategy,
        "max_concurrency": max_concurrency,
        "stream": stream,
        "progress": progress,
    }
    pairs = []
    with InterruptibleCall():
        for sync, concurrent, order in _plan_pairs(prompts, endpoint, options, repeats, order_seed):
            for plan in order:
                carry_out(plan)
            pairs.append((sync, concurrent))
    return Comparison(pairs=pairs, order_seed=order_seed if repeats > 1 else None)


@takes_arguments_of(compare)
async def compare_async(
    prompts: object,
    endpoint: Endpoint | None = None,
    *,
    repeats: int = 1,
    order_seed: int = 0,
    **options: Any,
) -> Comparison:
    """Do as `compare`, from a coroutine or a cell that awaits; arguments and errors as there.

    The blocking side works in a thread, so that the loop stays free.
    """
    options.setdefault("strategy", "gather")
    check_comparison(options["strategy"], repeats)
    pairs = []
    with ended_with_cell():
        for sync, concurrent, order in _plan_pairs(prompts, endpoint, options, repeats, order_seed):
            for plan in order:
                await carry_out_async(plan)
            pairs.append((sync, concurrent))
    return Comparison(pairs=pairs, order_seed=order_seed if repeats > 1 else None)


def _plan_pairs(
    prompts: object,
    endpoint: Endpoint | None,
    options: dict[str, Any],
    repeats: int,
    order_seed: int,
) -> Iterator[tuple[Run, Run, list[Plan]]]:
    """Yield, per repetition, its sync run, its concurrent run, and the plans in their order."""
    if not isinstance(options.get("journal"), bool | None):
        raise ValueError("journal must be True or False here: each run has a file of its own.")
    draw = random.Random(order_seed)  # noqa: S311  an experiment's order, not a secret
    sync_options = options | {"strategy": "sequential", "max_concurrency": None}
    concurrent = make_plan(prompts, endpoint, **options)
    prompts, endpoint = concurrent.prompts, concurrent.endpoint
    for _ in range(repeats):
        sync = replace(make_plan(prompts, endpoint, **sync_options), strict=True)
        concurrent = replace(make_plan(prompts, endpoint, **options), strict=True)
        order = [sync, concurrent]
        if repeats > 1:
            draw.shuffle(order)
        yield sync.run, concurrent.run, order


def check_comparison(strategy: str, repeats: object) -> None:
    """Raise ValueError unless `strategy` is a concurrent one and `repeats` a number from 1."""
    check_strategy(strategy)
    if strategy == "sequential":
        raise ValueError(
            "strategy names the side that is compared with 'sequential', so it must be another "
            "one. For several calls in flight at once use 'gather'."
        )
    if not isinstance(repeats, int) or isinstance(repeats, bool) or repeats < 1:
        raise ValueError(f"repeats must be a whole number from 1; not {repeats!r}.")
