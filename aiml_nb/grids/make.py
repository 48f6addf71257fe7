"""`grid`: the same prompts, asked of every combination of models, parameters and endpoints."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..endpoint import Endpoint
from ..loop import InterruptibleCall, ended_with_cell, run_coroutine
from ..prompts import Prompt
from ..prompts.items import Item, as_items
from ..records import Grid, Run
from ..runner.cluster.choose import choose_cluster, on_cluster
from ..runner.execute import execute, execute_async
from ..runner.functions.function import Function
from ..runner.inputs import own_table, refuse_for_several, take_prompts
from ..runner.plan import Plan, build_plan, check_items, check_plan
from ..runner.signature import takes_arguments_of
from .targets import Target, find_targets, refuse_varied_functions
from .variants import Variant, make_variants, own_values, split_run, take_varied, vary

_last_grid: Grid | None = None


def last_grid() -> Grid | None:
    """Return the newest grid, finished or not; after an interrupt, its records so far."""
    return _last_grid


def grid(
    prompts: object,
    endpoint: Target | Sequence[Target] | Mapping[str, Target] | None = None,
    *,
    journal: str | Path | bool | None = None,
    **options: Any,
) -> Grid:
    """Ask the same prompts of every combination of the values that are given as lists.

    ``grid(prompts, model=["gpt-4o", "gpt-4o-mini"], temperature=[0, 1])`` makes four runs. Their
    calls take turns, prompt by prompt: a server that slows down meanwhile favours none.
    ``max_concurrency``, rates, caps and pauses after 429s hold for all calls at an endpoint.

    Parameters
    ----------
    prompts
        As in `run`.
    endpoint
        As in `run`; or several, also functions, as a list or with their names as a dictionary.
        Each has its own limits and journal, and all work at the same time.
    journal
        As in `run`, one for all variants; of several endpoints with the name before the ending.
    **options
        As in `run`; of ``processes`` each endpoint has so many. Each request parameter (``model``,
        ``temperature``, ``system``, …) may be a list of values; None among them leaves it out. One
        that is a list by itself, such as ``stop``, is varied by a list of lists. What is varied
        wins over the prompts' own parameters.

    Returns
    -------
    Grid
        The run of each variant, named by what differs; shows the finding, the picture and a table.
        After an interrupt `last_grid` has the records so far.

    Raises
    ------
    EndpointError
        If an endpoint cannot be reached, refuses the key or does not have a model.
    TypeError, ValueError
        If an argument is wrong.
    """
    with InterruptibleCall():
        parts = plan_grid(prompts, endpoint, journal=journal, **options)
        try:
            if len(parts.plans) == 1:
                execute(parts.plans[0])
            else:
                run_coroutine(_execute_together(parts.plans))
        finally:
            made = keep(parts.collect())
    return made


@takes_arguments_of(grid)
async def grid_async(prompts: object, endpoint: Any = None, **options: Any) -> Grid:
    """Do as `grid`, from a coroutine or a cell that awaits; same arguments and errors."""
    with ended_with_cell():
        parts = plan_grid(prompts, endpoint, **options)
        try:
            await _execute_together(parts.plans)
        finally:
            made = keep(parts.collect())
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class GridPlan:
    """A plan for each endpoint, with the variants whose calls it makes."""

    prompts: list[Prompt]
    table: Any
    varied: dict[str, list[Any]]
    variants: list[Variant]
    plans: list[Plan]
    notices: list[str]

    def collect(self) -> Grid:
        """Return the grid as far as its calls are made."""
        runs: dict[str, Run] = {}
        per_endpoint = len(self.variants) // len(self.plans)
        for number, plan in enumerate(self.plans):
            variants = self.variants[number * per_endpoint : (number + 1) * per_endpoint]
            whole = replace(plan.run, table=self.table)
            parts = split_run(whole, self.prompts, variants)
            runs |= {each.name: run for each, run in zip(variants, parts, strict=True)}
        return Grid(
            runs=runs,
            varied=self.varied,
            variants={variant.name: variant.values for variant in self.variants},
            journals=[plan.run.journal for plan in self.plans if plan.run.journal],
            notices=self.notices,
        )


def plan_grid(
    prompts: object,
    endpoint: object = None,
    *,
    journal: object = None,
    fresh: bool = False,
    cluster: object = None,
    processes: object = None,
    **given: Any,
) -> GridPlan:
    """Check the arguments of `grid` and return its plans; raises as there."""
    refuse_for_several(given, caller="grid")
    workers = choose_cluster(cluster, processes)
    targets = find_targets(endpoint)
    varied = take_varied(given)
    refuse_varied_functions(targets, varied)
    variants = make_variants([*targets], varied)
    if len(targets) > 1:
        varied = {"endpoint": [*targets]} | varied
    read = Reader(prompts, given)
    plans = []
    for name, target in targets.items():
        own = [variant for variant in variants if variant.endpoint == name]
        path = _journal_of(journal, name, several=len(targets) > 1)
        plan = replace(plan_for(read, target, path, variants=own), fresh=fresh)
        plans.append(on_cluster(plan, workers, given))
    found = read.items if isinstance(target, Function) else read.prompts
    return GridPlan(
        prompts=[*found],
        table=own_table(prompts),
        varied=varied,
        variants=variants,
        plans=plans,
        notices=_notices(found, varied),
    )


def plan_for(
    read: Reader,
    target: Endpoint | Function,
    journal: object,
    *,
    variants: Sequence[Variant] = (),
) -> Plan:
    """Return the plan of a run at one endpoint, of every prompt in every variant."""
    if isinstance(target, Function):
        checked = check_items(vary(read.items, variants), target, read.given)
    else:
        checked = check_plan(vary(read.prompts, variants), target, read.given_to_endpoints)
    plan = build_plan(checked, checked.function or target, journal=journal)
    return replace(plan, strict=True)


class Reader:
    """Reads what is asked once, as endpoints or as functions take it.

    Parameters
    ----------
    prompts, given
        The prompts, and the options of each run.
    """

    def __init__(self, prompts: object, given: dict[str, Any]) -> None:
        self._prompts, self.given = prompts, given

    @cached_property
    def _taken(self) -> tuple[list[Prompt], dict[str, Any]]:
        return take_prompts(self._prompts, self.given)

    @property
    def prompts(self) -> list[Prompt]:
        """The prompts, as endpoints take them."""
        return self._taken[0]

    @property
    def given_to_endpoints(self) -> dict[str, Any]:
        """The options without those that are about the prompts."""
        return self._taken[1]

    @cached_property
    def items(self) -> list[Item]:
        """The items, as functions take them."""
        return as_items(self._prompts)


async def _execute_together(plans: Sequence[Plan]) -> None:
    if len(plans) == 1:
        await execute_async(plans[0])
        return
    first: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            for plan in plans:
                tasks.create_task(execute_async(plan))
    except BaseExceptionGroup as group:
        first = group.exceptions[0]
    if first is not None:
        raise first


def keep(made: Grid) -> Grid:
    """Make a grid the newest, for `last_grid`, and return it."""
    global _last_grid
    _last_grid = made
    return made


def _journal_of(journal: object, name: str, *, several: bool) -> object:
    """Return the journal of one endpoint: with its name, if there are several."""
    if not several or not isinstance(journal, str | os.PathLike) or not os.fspath(journal):
        return journal
    path = Path(journal)
    slug = "".join(each if each.isalnum() else "-" for each in name).strip("-")
    return path.with_name(f"{path.stem}-{slug}{path.suffix}")


def _notices(prompts: Sequence[Prompt], varied: Mapping[str, list[Any]]) -> list[str]:
    return [
        f"{count:,} of {len(prompts):,} prompts have a {name} of their own, in the place of which "
        "the grid's is sent."
        for name, count in own_values(prompts, varied).items()
    ]
