"""`compare`: sync against async, fairly: the same prompts, warmed up, in interleaved pairs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, overload

from .endpoint import Endpoint, connect
from .grids.endpoints import compare_endpoints, compare_endpoints_async, is_several
from .loop import InterruptibleCall, ended_with_cell
from .messages import argument
from .records import Comparison, Grid, Run
from .runner.execute import execute, execute_async
from .runner.functions.function import Function
from .runner.functions.pair import check_functions
from .runner.inputs import refuse_for_several
from .runner.options import check_strategy
from .runner.plan import CheckedArguments, Plan, build_plan, check_plan
from .runner.signature import takes_arguments_of

# The module is not called `compare`, since importing it would shadow the function of that name.


Several: TypeAlias = Sequence[Any] | Mapping[str, Any]


@overload
def compare(prompts: object, endpoint: Endpoint | None = None, **options: Any) -> Comparison: ...
@overload
def compare(prompts: object, endpoint: Several, **options: Any) -> Grid: ...
def compare(
    prompts: object,
    endpoint: Endpoint | Several | None = None,
    *,
    sync: Callable[[Any], Any] | None = None,
    concurrent: Callable[[Any], Any] | None = None,
    strategy: str | None = None,
    max_concurrency: int | None = None,
    repeats: int = 1,
    order_seed: int = 0,
    stream: bool = False,
    progress: bool | None = None,
    **options: Any,
) -> Comparison | Grid:
    """Make the calls one after the other with the blocking client, then many at once.

    With several endpoints, ``compare(prompts, [one, other])`` or ``{"a name": one, …}``, make the
    same run at each of them instead, one after the other: that tells which answers faster, and how
    sure that is. (`grid` asks them at the same time.) So can functions of your own be compared.

    Each run opens its own client and warms it up, untimed and at no cost. With several
    repetitions the order within a pair is drawn anew for each, so that a server that slows down
    or speeds up meanwhile favours neither side.

    Parameters
    ----------
    prompts, endpoint, stream, progress, **options
        As in `run`; the same for both sides. A cap on spending holds for each run by itself.
    sync, concurrent
        Two functions of your own in the place of an endpoint, as in `run`: one that blocks, which
        is called with one item after the other, and one for many at once. Each is called once
        before, with the first item and untimed: what it opens, or imports, is there then.
    strategy
        How the concurrent side makes its calls: any strategy but ``sequential``; None as in `run`.
    max_concurrency
        The most calls in flight on the concurrent side.
    repeats
        How many pairs of runs. One pair has no error bar; its sync run comes first.
    order_seed
        Draws the order within each pair, and is recorded.

    Returns
    -------
    Comparison or Grid
        Shows the finding, the picture and the table; holds all runs. Of several endpoints it is a
        `Grid` with a run for each, by its name.

    Raises
    ------
    EndpointError
        If the server cannot be reached, refuses the key or does not have the model.
    TypeError, ValueError
        If an argument is wrong.
    """
    options |= {
        "sync": sync,
        "concurrent": concurrent,
        "strategy": strategy,
        "max_concurrency": max_concurrency,
        "stream": stream,
        "progress": progress,
    }
    options |= {"repeats": repeats, "order_seed": order_seed}
    with InterruptibleCall():
        if is_several(endpoint):
            return compare_endpoints(prompts, endpoint, **options)
        assert endpoint is None or not isinstance(endpoint, Sequence | Mapping)  # noqa: S101
        return _execute_all(check_pairs(prompts, endpoint, **options), endpoint)


@takes_arguments_of(compare)
async def compare_async(
    prompts: object,
    endpoint: Endpoint | Several | None = None,
    *,
    repeats: int = 1,
    order_seed: int = 0,
    **options: Any,
) -> Comparison | Grid:
    """Do as `compare`, from a coroutine or a cell that awaits; arguments and errors as there.

    The blocking side works in a thread, so that the loop stays free.
    """
    options |= {"repeats": repeats, "order_seed": order_seed}
    with ended_with_cell():
        if is_several(endpoint):
            return await compare_endpoints_async(prompts, endpoint, **options)
        assert endpoint is None or not isinstance(endpoint, Sequence | Mapping)  # noqa: S101
        pairs = check_pairs(prompts, endpoint, **options)
        finished = []
        for sync, concurrent, order in _plan_pairs(pairs, endpoint):
            for plan in order:
                await execute_async(plan)
            finished.append((sync, concurrent))
    return pairs.compare(finished)


@dataclass(frozen=True, slots=True)
class Pairs:
    """The checked arguments of a comparison; the endpoint is not chosen yet.

    Parameters
    ----------
    concurrent
        The prompts, and the options of the concurrent side.
    journal
        True, False, or None for the default.
    sync_function
        Makes the calls of the sync side, in the place of an endpoint.
    """

    concurrent: CheckedArguments
    repeats: int
    order_seed: int
    journal: bool | None
    sync_function: Function | None = None

    @property
    def sync(self) -> CheckedArguments:
        """The prompts, and the options of the sync side: the same, but one at a time."""
        options = self.concurrent.options
        options = replace(options, strategy="sequential", max_concurrency=1, limit_notice=None)
        return replace(self.concurrent, options=options, function=self.sync_function)

    def compare(self, finished: list[tuple[Run, Run]]) -> Comparison:
        """Return the comparison of the runs that were made."""
        return Comparison(pairs=finished, order_seed=self.order_seed if self.repeats > 1 else None)


def check_pairs(
    prompts: object,
    endpoint: object = None,
    *,
    repeats: int = 1,
    order_seed: int = 0,
    journal: object = None,
    sync: object = None,
    concurrent: object = None,
    **given: Any,
) -> Pairs:
    """Check the arguments of `compare`; raises as there."""
    _check_comparison(given.get("strategy"), repeats)
    if not isinstance(journal, bool | None):
        raise ValueError("journal must be True or False here: each run has a file of its own.")
    refuse_for_several(given, caller="compare")
    blocking = check_functions(endpoint, sync, concurrent)
    checked = check_plan(prompts, concurrent or endpoint, given)
    return Pairs(checked, repeats, order_seed, journal, blocking)


def execute_pairs(pairs: Pairs, endpoint: Endpoint | None) -> Comparison:
    """Make the runs of a checked comparison."""
    with InterruptibleCall():
        return _execute_all(pairs, endpoint)


def _execute_all(pairs: Pairs, endpoint: Endpoint | None) -> Comparison:
    finished = []
    for sync, concurrent, order in _plan_pairs(pairs, endpoint):
        for plan in order:
            execute(plan)
        finished.append((sync, concurrent))
    return pairs.compare(finished)


def _plan_pairs(pairs: Pairs, endpoint: Endpoint | None) -> Iterator[tuple[Run, Run, list[Plan]]]:
    """Yield for each repetition its sync run, its concurrent run, and the plans in order."""
    rng = random.Random(pairs.order_seed)  # noqa: S311  an experiment's order, not a secret
    if pairs.sync_function is None:
        endpoint = endpoint or connect()
    for number in range(pairs.repeats):
        sync, concurrent = (
            replace(
                build_plan(side, side.function or endpoint, journal=pairs.journal),
                strict=True,
                warm_up=number == 0,
            )
            for side in (pairs.sync, pairs.concurrent)
        )
        order = [sync, concurrent]
        if pairs.repeats > 1:
            rng.shuffle(order)
        yield sync.run, concurrent.run, order


def _check_comparison(strategy: str | None, repeats: object) -> None:
    """Raise ValueError unless `strategy` is a concurrent one and `repeats` a number from 1."""
    if strategy is not None:
        check_strategy(strategy)
    if strategy == "sequential":
        raise ValueError(
            argument("strategy")
            + " names the side that is compared with 'sequential', so it must be another "
            "one. For several calls in flight at once use 'gather'."
        )
    if not isinstance(repeats, int) or isinstance(repeats, bool) or repeats < 1:
        raise ValueError(argument("repeats") + f" must be a whole number from 1; not {repeats!r}.")
