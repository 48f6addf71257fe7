"""What is described and drawn: one run, a comparison or several runs, resolved once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from ..records import Comparison, Grid, Run
from .arrays import Columns
from .kinds import is_watched, kinds, plainest
from .pairs import median_pair
from .watched_pair import watched_pair


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """One run, a comparison or several runs, with the columns of all of them.

    Parameters
    ----------
    runs
        All runs; of a comparison those of all its pairs.
    comparison
        The comparison, if it is one.
    """

    runs: list[Columns]
    comparison: Comparison | None = None

    @classmethod
    def of(cls, shown: Shown) -> Subject:
        """Return the subject; a list of one run is that run, one of two may be a comparison.

        So it is of a dictionary, whose keys are the runs' names. Raises TypeError if one is no run.
        """
        if isinstance(shown, Subject):
            return shown
        if isinstance(shown, Comparison):
            pairs = [(Columns.of(sync), Columns.of(concurrent)) for sync, concurrent in shown.pairs]
            return cls(
                runs=[run for pair in pairs for run in pair],
                comparison=Comparison(pairs=[*pairs], order_seed=shown.order_seed),
            )
        if isinstance(shown, Grid):
            asked, named = shown.variants, shown.runs.items()
            runs = [Columns.called(name, run, asked=asked.get(name)) for name, run in named]
        else:
            runs = columns_of([shown] if isinstance(shown, Run) else shown)
        return cls(runs=runs, comparison=watched_pair(runs))

    @property
    def are_several(self) -> bool:
        """Whether it is several runs side by side."""
        return self.comparison is None and len(self.runs) != 1

    @cached_property
    def pair(self) -> tuple[Columns, Columns] | None:
        """The pair of a comparison with the median speed-up, sync and concurrent; else None."""
        if self.comparison is None:
            return None
        sync, concurrent = median_pair(self.comparison)
        return Columns.of(sync), Columns.of(concurrent)

    @property
    def shown(self) -> list[Columns]:
        """The runs that are drawn: the two of `pair`, or all."""
        return self.runs if self.pair is None else [*self.pair]

    @property
    def run(self) -> Columns:
        """The one run, or the concurrent run of `pair`; of several the last."""
        return self.shown[-1]

    @property
    def is_watched(self) -> bool:
        """Whether all that is drawn is code that was watched, which submitted nothing."""
        return all(map(is_watched, self.shown))

    @property
    def plainest(self) -> str:
        """The kind of call that is drawn without a hatch (`kinds.plainest`)."""
        return plainest(*map(kinds, self.shown))


def columns_of(runs: Iterable[Run] | Mapping[Any, Run] | Grid) -> list[Columns]:
    """Return the columns of several runs; the keys of a dictionary are their names."""
    if isinstance(runs, Grid):
        runs = runs.runs
    if isinstance(runs, Mapping):
        return [Columns.called(name, _as_run(name, run)) for name, run in runs.items()]
    return [Columns.of(run) for run in runs]


def _as_run(name: object, run: object) -> Run:
    if isinstance(run, Run):
        return run
    raise TypeError(
        f"{name!r} names a {type(run).__name__} in this dictionary, and only runs can stand side "
        "by side. Give {'a name': run, …} with what run() returned."
    )


Shown: TypeAlias = Run | Comparison | Sequence[Run] | Mapping[Any, Run] | Grid | Subject
