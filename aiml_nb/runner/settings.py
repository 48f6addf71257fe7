"""The settings of a run, checked before anything is sent."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from typing import Any

BLOCKING = ("sequential", "threads")
STRATEGIES = (*BLOCKING, "gather", "as_completed", "task_group", "workers", "batches")

# More threads than this cost more than they bring; more calls than this overtax one event loop.
MOST_THREADS = 100
MOST_TASKS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one run makes its calls.

    Parameters
    ----------
    strategy
        One of `STRATEGIES`.
    max_concurrency
        The most calls in flight at one moment.
    stream
        Ask for the answers piece by piece.
    timeout
        Seconds a whole call may take.
    parameters
        Request parameters for every call.
    progress
        Show a progress bar; None shows one where somebody looks: a terminal or a notebook.
    """

    strategy: str
    max_concurrency: int
    stream: bool
    timeout: float
    parameters: dict[str, Any]
    progress: bool | None

    @property
    def blocks(self) -> bool:
        """True if the strategy uses the blocking client."""
        return self.strategy in BLOCKING


def make_settings(
    n_prompts: int,
    *,
    strategy: str,
    max_concurrency: int | None,
    stream: bool,
    timeout: float,
    progress: bool | None,
    parameters: dict[str, Any],
) -> Settings:
    """Check the arguments of a run and settle its limit.

    Raises
    ------
    TypeError
        If a request parameter is unknown to the openai client.
    ValueError
        If the strategy is unknown, or a number is out of its range.
    """
    check_strategy(strategy)
    check_limit(max_concurrency)
    if not isinstance(timeout, int | float) or isinstance(timeout, bool) or not timeout > 0:
        raise ValueError(f"timeout must be a number of seconds above 0; not {timeout!r}.")
    check_parameters(parameters)
    if strategy == "sequential":
        limit = 1
    else:
        most = MOST_THREADS if strategy == "threads" else MOST_TASKS
        limit = min(n_prompts, most) if max_concurrency is None else max_concurrency
    return Settings(
        strategy=strategy,
        max_concurrency=limit,
        stream=stream,
        timeout=timeout,
        parameters=parameters,
        progress=progress,
    )


def check_strategy(strategy: object) -> None:
    """Raise ValueError unless `strategy` is one of `STRATEGIES`."""
    if strategy not in STRATEGIES:
        known = ", ".join(map(repr, STRATEGIES))
        raise ValueError(
            f"strategy must be one of {known}; not {strategy!r}. "
            "For several calls in flight at once use 'gather'."
        )


def check_limit(max_concurrency: object) -> None:
    """Raise ValueError unless `max_concurrency` is None or a whole number from 1."""
    if max_concurrency is None:
        return
    whole = isinstance(max_concurrency, int) and not isinstance(max_concurrency, bool)
    if not whole or max_concurrency < 1:  # type: ignore[operator]
        raise ValueError(
            f"max_concurrency must be a whole number from 1, or None for no limit of your own; "
            f"not {max_concurrency!r}."
        )


def check_parameters(parameters: dict[str, Any]) -> None:
    """Raise TypeError if a request parameter is unknown to the openai client, or is ours."""
    for name in parameters:
        if name in {"messages", "stream"}:
            raise TypeError(f"{name!r} is no request parameter here: it is an argument of run().")
        if name not in _known_parameters():
            raise TypeError(
                f"run() and the openai client know no parameter {name!r}. "
                f"To send it all the same write extra_body={{{name!r}: …}}."
            )


@cache
def _known_parameters() -> frozenset[str]:
    from openai.resources.chat.completions import Completions

    return frozenset(inspect.signature(Completions.create).parameters) - {"self"} | {"system"}
