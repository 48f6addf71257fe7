"""What is known about a run, and about two that are compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .. import views
from .calls import Call, without_steps

if TYPE_CHECKING:
    import pandas as pd


WATCH = "watch"  # the strategy of a run that was recorded from somebody's own code


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """A moment at which a run's limit changed.

    Parameters
    ----------
    at
        Stamp, seconds.
    limit
        The most attempts in flight from now on.
    cause
        ``start``, ``429`` (it shrank) or ``ok`` (it grew).
    """

    at: float
    limit: int
    cause: Literal["start", "429", "ok"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopDelay:
    """A time in which the event loop could not go on, because something held it.

    Parameters
    ----------
    started, duration
        Stamp, and seconds.
    function, file, line
        Where the user's code stood; empty and 0 where that is not known.
    """

    started: float
    duration: float
    function: str = ""
    file: str = ""
    line: int = 0


class Shown:
    """What runs and comparisons share: their numbers as a table, their picture in a notebook."""

    __slots__ = ()

    def summary(self: Any) -> pd.DataFrame:
        """Return the numbers as a table, one row per run (`report.summary`)."""
        return views.summary(self)

    def _repr_mimebundle_(self: Any, **_: Any) -> dict[str, Any]:
        return views.display_bundle(self)


@dataclass(slots=True, kw_only=True)
class Run(Shown):
    """One way of making a list of calls, and a record of each call.

    Parameters
    ----------
    run_id
        Its own name; ``{run_id}.{index}.{attempt}`` is the ``X-Client-Request-Id`` of a request.
    strategy, stream
        How the calls were made, and whether the answers were streamed.
    max_concurrency
        The most calls that were allowed in flight at one moment.
    model, base_url
        What was asked for, and where.
    simulated, seed
        True for the embedded simulator, and its seed.
    service
        What else the simulator was asked for, such as ``scenario=seven``; empty for others.
    started_at
        Wall-clock time of the run's origin, seconds since the epoch.
    calls
        One record per prompt, in the prompts' order.
    loop_lag_max
        Seconds: how late the event loop was at worst, once all calls were on their way; None for
        strategies without one.
    loop_lag_total
        Seconds of all its delays above 20 ms together; None where that was not measured.
    loop_delays
        When it was late by a tenth of a second and more, and who held it.
    held_time
        Seconds in which it let no call begin for its own rates, or because the server was away.
    limit_history
        How the limit shrank after 429s and recovered.
    stopped
        Why the run was ended before all its calls were made, None if it was not.
    journal
        The file that keeps its records, None if none does.
    parameters
        The request parameters for all its calls, as it began, ``system`` among them; without
        headers, which may hold secrets.
    notices
        What else happened, in sentences: an outage of the server, a budget that was used up.
    table
        The DataFrame that its prompts were made from, with a row for each call; None for none, and
        in runs that were read from a file.
    variant
        Its name, if it is a part of a `Grid`: its calls shared their limit with those of others.
    """

    run_id: str = ""
    strategy: str
    max_concurrency: int
    stream: bool
    model: str
    base_url: str
    simulated: bool
    started_at: float
    calls: list[Call]
    seed: int | None = None
    service: str = ""
    loop_lag_max: float | None = None
    loop_lag_total: float | None = None
    loop_delays: list[LoopDelay] = field(default_factory=list)
    held_time: float = 0.0
    limit_history: list[LimitChange] = field(default_factory=list)
    stopped: str | None = None
    journal: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    table: Any = field(default=None, repr=False, compare=False)
    variant: str | None = None

    @property
    def results(self) -> list[Any]:
        """What functions of the user's own returned, or answers were read as, in order.

        None for those that failed.
        """
        return [call.result for call in self.calls]

    @property
    def makespan(self) -> float:
        """Seconds from the first submit to the last finish; 0 if no call finished."""
        finished = [call.finished for call in self.calls if call.finished is not None]
        submitted = [call.submitted for call in self.calls if call.submitted is not None]
        return max(finished) - min(submitted) if finished and submitted else 0.0

    def answers(self) -> pd.DataFrame:
        """Return the user's own table with the answers beside it (`analysis.answers.answers`)."""
        return views.answers(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the calls as a table, one row per call (`analysis.call_table`)."""
        return views.call_table(self)

    def attempts_frame(self) -> pd.DataFrame:
        """Return the attempts as a table, one row per attempt (`analysis.attempts_table`)."""
        return views.attempts_table(self)

    def children_frame(self) -> pd.DataFrame:
        """Return the calls and steps within calls as a table (`analysis.children_table`)."""
        return views.children_table(self)

    def __repr__(self) -> str:
        outcomes = [call.outcome for call in without_steps(self.calls)]
        ok, cut = outcomes.count("ok"), outcomes.count("incomplete")
        return (
            f"<Run {self.strategy}: {ok} of {len(outcomes)} calls ok"
            f"{f', {cut} incomplete' if cut else ''} in {self.makespan:.2f} s"
            f"{', simulated' if self.simulated else ''}>"
        )


@dataclass(slots=True, kw_only=True)
class Comparison(Shown):
    """The same prompts, made one at a time and many at once.

    Parameters
    ----------
    pairs
        ``(sync run, concurrent run)``, one pair per repetition, in the order they were made.
    order_seed
        The seed that drew, for each of several pairs, which run came first.
    """

    pairs: list[tuple[Run, Run]]
    order_seed: int | None = None

    @property
    def sync(self) -> Run:
        """The sync run of the pair with the median speed-up."""
        return self._median_pair()[0]

    @property
    def concurrent(self) -> Run:
        """The concurrent run of the pair with the median speed-up."""
        return self._median_pair()[1]

    @property
    def speedup(self) -> float | None:
        """How many times faster the concurrent runs were (`analysis.speedup`)."""
        return views.speedup(self)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of `speedup`, None for one pair (`analysis.interval`)."""
        return views.interval(self)

    @property
    def finding(self) -> str:
        """What came out, in one sentence (`report.finding`)."""
        return views.finding(self)

    def _median_pair(self) -> tuple[Run, Run]:
        return views.median_pair(self)

    def __repr__(self) -> str:
        return f"<Comparison: {self.finding}>"
