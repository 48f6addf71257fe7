"""Two or more endpoints compared: the same prompts at each, in runs that take turns."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..messages import argument
from ..records import Grid
from ..runner.execute import execute, execute_async
from ..runner.inputs import refuse_for_several
from ..runner.plan import Plan
from .make import Reader, keep, plan_for
from .targets import find_targets
from .variants import check_values


def is_several(endpoint: object) -> bool:
    """Tell whether `compare` was given several endpoints in the place of one."""
    return isinstance(endpoint, list | tuple | Mapping)


@dataclass(frozen=True, slots=True)
class Turns:
    """The runs of a comparison of endpoints, in the order drawn, and what each of them is."""

    plans: list[tuple[dict[str, Any], Plan]]
    names: list[str]
    repeats: int

    def collect(self) -> Grid:
        """Return the runs as far as they are made, in the order of the endpoints."""
        made = sorted(self.plans, key=self._place)
        varied: dict[str, list[Any]] = {"endpoint": self.names}
        if self.repeats > 1:
            varied["repetition"] = [*range(1, self.repeats + 1)]
        named = {
            ", ".join([values["endpoint"], *self._repetition(values)]): (values, plan)
            for values, plan in made
        }
        return Grid(
            runs={name: plan.run for name, (_, plan) in named.items()},
            varied=varied,
            variants={name: values for name, (values, _) in named.items()},
            journals=[plan.run.journal for _, plan in made if plan.run.journal],
        )

    def _place(self, item: tuple[dict[str, Any], Plan]) -> tuple[int, int]:
        values, _ = item
        return values.get("repetition", 1), self.names.index(values["endpoint"])

    def _repetition(self, values: dict[str, Any]) -> list[str]:
        return [f"repetition={values['repetition']}"] if self.repeats > 1 else []


def plan_turns(
    prompts: object,
    endpoint: object,
    *,
    repeats: int = 1,
    order_seed: int = 0,
    journal: object = None,
    sync: object = None,
    concurrent: object = None,
    **given: Any,
) -> Turns:
    """Check the arguments of `compare` with several endpoints; raises as there."""
    if sync is not None or concurrent is not None:
        raise TypeError(
            "compare() was given several endpoints beside sync= or concurrent=, and it compares "
            "either. Write compare(prompts, [one, other])."
        )
    refuse_for_several(given, caller="compare")
    if not isinstance(repeats, int) or isinstance(repeats, bool) or repeats < 1:
        raise ValueError(argument("repeats") + f" must be a whole number from 1; not {repeats!r}.")
    if not isinstance(journal, bool | None):
        raise ValueError("journal must be True or False here: each run has a file of its own.")
    targets = find_targets(endpoint)
    check_values("endpoint", [*targets])
    if len(targets) < 2:
        raise ValueError(
            "compare() was given a list of 1 endpoint, and two or more are compared. Write "
            "compare(prompts, [one, other]); or compare(prompts, one) for sync against async."
        )
    read = Reader(prompts, given)
    rng = random.Random(order_seed)  # noqa: S311  an experiment's order, not a secret
    plans = []
    for number in range(1, repeats + 1):
        order = [*targets]
        if repeats > 1:
            rng.shuffle(order)
        repetition = {"repetition": number} if repeats > 1 else {}
        plans += [
            ({"endpoint": name} | repetition, plan_for(read, targets[name], journal))
            for name in order
        ]
    return Turns(plans, [*targets], repeats)


def compare_endpoints(prompts: object, endpoint: object, **options: Any) -> Grid:
    """Make the runs one after the other; arguments and errors as of `compare`."""
    turns = plan_turns(prompts, endpoint, **options)
    try:
        for _, plan in turns.plans:
            execute(plan)
    finally:
        made = keep(turns.collect())
    return made


async def compare_endpoints_async(prompts: object, endpoint: object, **options: Any) -> Grid:
    """Do as `compare_endpoints`, without blocking the loop."""
    turns = plan_turns(prompts, endpoint, **options)
    try:
        for _, plan in turns.plans:
            await execute_async(plan)
    finally:
        made = keep(turns.collect())
    return made
