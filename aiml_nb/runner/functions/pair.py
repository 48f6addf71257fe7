"""Two functions that are compared: one for each side."""

from __future__ import annotations

import inspect
from dataclasses import replace

from .function import Function, find_target


def check_functions(endpoint: object, sync: object, concurrent: object) -> Function | None:
    """Return the function of the sync side; None where an endpoint makes the calls.

    Raises
    ------
    TypeError
        If there are not two functions, or none, or the sync one does not block.
    """
    if sync is None and concurrent is None:
        if isinstance(find_target(endpoint), Function):
            raise TypeError(
                "compare() was given one function, and two are compared: one that blocks, and one "
                "for many at once. Write compare(items, sync=ask, concurrent=ask_async)."
            )
        return None
    if sync is None or concurrent is None or endpoint is not None:
        given = "an endpoint beside" if endpoint is not None else "only one of"
        raise TypeError(
            f"compare() was given {given} sync= and concurrent=, and two functions are compared. "
            "Write compare(items, sync=ask, concurrent=ask_async)."
        )
    for name, function in (("sync", sync), ("concurrent", concurrent)):
        if callable(function) and isinstance(find_target(function), Function):
            continue
        if inspect.iscoroutine(function):
            function.close()  # else Python warns that nobody has awaited it
        raise TypeError(
            f"{name}= must be a function that takes an item, not {type(function).__name__}. Write "
            "compare(items, sync=ask, concurrent=ask_async), without brackets after the names."
        )
    blocking = find_target(sync)
    assert isinstance(blocking, Function)  # noqa: S101  as was just seen
    if blocking.is_async:
        raise TypeError(
            f"sync={blocking.name} is async, and the sync side waits for one call after the other. "
            "Give it a function that blocks: def ask(item): …"
        )
    return replace(blocking, is_chosen=True)
