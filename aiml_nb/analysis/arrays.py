"""The calls of a run as numpy columns, read once, and a cache of the measures made of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import fields
from functools import cached_property, wraps
from itertools import compress
from operator import attrgetter
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from ..records import Call, Run
from .answered import is_cut

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
TextArray = NDArray[np.str_]

T = TypeVar("T")


class Columns(Run):
    """A run whose calls no longer change, so that each column and each measure is computed once.

    It is a `Run` with the same calls, and goes wherever one goes. Columns are arrays with one
    element per call, in the order of ``calls``: stamps and times in seconds, NaN for None.

    Attributes
    ----------
    name
        What whoever shows the run calls it; empty if nobody has said.
    asked
        What was varied in its grid, and its values; None if it is of none.
    """

    name = ""
    asked: dict[str, Any] | None = None

    # Columns are keys of the cache: comparing records would cost more than to measure them.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @classmethod
    def of(cls, run: Run) -> Columns:
        """Return the columns of a run; itself, if it has them."""
        return run if isinstance(run, Columns) else cls.called("", run)

    @classmethod
    def called(cls, name: object, run: Run, *, asked: dict[str, Any] | None = None) -> Columns:
        """Return the columns of a run under a name; one run may have several."""
        columns = cls(**{field.name: getattr(run, field.name) for field in fields(run)})
        columns.name, columns.asked = str(name), asked
        return columns

    @cached_property
    def submitted(self) -> FloatArray:
        """When each call was submitted."""
        return self._stamps("submitted")

    @cached_property
    def started(self) -> FloatArray:
        """When each call got its slot."""
        return self._stamps("started")

    @cached_property
    def first_token(self) -> FloatArray:
        """When the first text of each call came."""
        return self._stamps("first_token")

    @cached_property
    def finished(self) -> FloatArray:
        """When each call finished."""
        return self._stamps("finished")

    @cached_property
    def duration(self) -> FloatArray:
        """Seconds from `started` to `finished`."""
        return self.finished - self.started

    @cached_property
    def outcome(self) -> TextArray:
        """What became of each call."""
        return np.array(self.values("outcome"), np.str_)

    @cached_property
    def answered(self) -> BoolArray:
        """Which calls were answered (`answered.is_answered`)."""
        is_ok: BoolArray = self.outcome == "ok"
        return is_ok | self.cut

    @cached_property
    def cut(self) -> BoolArray:
        """Which answers max_tokens ended (`answered.is_cut`)."""
        found = np.zeros(len(self.calls), np.bool_)
        # Looking into replies is slow, and most runs have few that could have been cut.
        for i in np.flatnonzero(self.outcome == "incomplete").tolist():
            found[i] = is_cut(self.calls[i])
        return found

    @cached_property
    def from_journal(self) -> BoolArray:
        """Which answers were taken from the journal of an earlier run."""
        return np.array(self.values("from_journal"), np.bool_)

    @cached_property
    def attempt_counts(self) -> IntArray:
        """How many attempts were made of each call."""
        return np.fromiter(map(len, self.values("attempts")), np.int64, len(self.calls))

    @cached_property
    def makespan(self) -> float:
        """Seconds from the first submit to the last finish; 0 if no call finished."""
        if not known(self.finished).size or not known(self.submitted).size:
            return 0.0
        return float(np.nanmax(self.finished) - np.nanmin(self.submitted))

    @cached_property
    def measured(self) -> dict[Hashable, Any]:
        """What has been computed, by function and other arguments."""
        return {}

    @cached_property
    def _values(self) -> dict[str, list[Any]]:
        return {}

    def values(self, name: str, *, where: BoolArray | None = None) -> list[Any]:
        """Return what calls have in a field, as it is: all of them, or those of a mask."""
        if name not in self._values:
            self._values[name] = list(map(attrgetter(name), self.calls))
        found = self._values[name]
        return found if where is None else list(compress(found, where.tolist()))

    def select(self, where: BoolArray) -> list[Call]:
        """Return the calls of a mask."""
        return [self.calls[i] for i in np.flatnonzero(where).tolist()]

    def _stamps(self, name: str) -> FloatArray:
        return np.array(self.values(name), np.float64)  # None becomes NaN


@overload
def measure(function: Callable[[Columns], T]) -> Callable[[Run], T]: ...
@overload
def measure(function: Callable[[Columns, Columns], T]) -> Callable[[Run, Run], T]: ...
def measure(function: Callable[..., T]) -> Callable[..., T]:
    """Let `function`, which takes the columns of runs, take any runs, and cache what it returns.

    The cache is part of the columns: of a plain run, which may still change, nothing is kept.
    """

    @wraps(function)
    def measured(*runs: Run) -> T:
        first, *others = map(Columns.of, runs)
        key = (function, *others)  # what is measured of a pair is kept by its first run
        if key not in first.measured:
            first.measured[key] = function(first, *others)
        found: T = first.measured[key]
        return found

    return measured


def known(values: FloatArray) -> FloatArray:
    """Return the values that are there, without NaN."""
    return values[~np.isnan(values)]
