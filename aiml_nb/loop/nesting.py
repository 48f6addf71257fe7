"""Make a running asyncio loop nestable: nest-asyncio2's patch, whatever was applied before."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import wraps
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .background import run_in_background
from .idiom import refuse_second_run
from .nested import run_nested

OURS = "aiml_nb"
NOTHING = "nothing"
ENOUGH = "1.7.3"
NESTED = "nested"
BACKGROUND = "background"


def version_of(package: str) -> str | None:
    """Return the installed version of a package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def find_patch(loop: asyncio.AbstractEventLoop, run: Callable[..., Any]) -> str:
    """Return the name of the active patch: ours (with `run` as asyncio.run), another, or none."""
    module = getattr(getattr(type(loop), "_run_once", None), "__module__", "")
    if asyncio.run is run and (module == "nest_asyncio2" or not module.startswith("nest_asyncio")):
        return OURS
    if not module.startswith("nest_asyncio"):
        module = getattr(asyncio.run, "__module__", "")
    if not module.startswith("nest_asyncio"):
        return NOTHING
    return f"{module} {version_of(module.replace('_', '-')) or '(version unknown)'}"


def why_not_nestable(loop: asyncio.AbstractEventLoop) -> str:
    """Return why `loop` cannot be nested without losing anything; empty if it can."""
    if not isinstance(loop, asyncio.BaseEventLoop):
        return f"{type(loop).__name__} of {type(loop).__module__} cannot be nested"
    try:
        nest_asyncio2 = importlib.import_module("nest_asyncio2")
    except ImportError:
        return f"nest-asyncio2 is not installed, expected >= {ENOUGH}"
    # Only versions from `ENOUGH` on have this: earlier ones lose the cells queued meanwhile.
    if hasattr(nest_asyncio2, "_context_entered"):
        return ""
    found = version_of("nest-asyncio2") or "of unknown version"
    return f"nest-asyncio2 {found} loses queued cells, expected >= {ENOUGH}"


def way_of(loop: asyncio.AbstractEventLoop) -> str:
    """Return how runs inside `loop` are made, `NESTED` or `BACKGROUND`; empty if not patched."""
    return str(vars(type(loop)).get("aiml_nb_way", ""))


def make_nestable(loop: asyncio.AbstractEventLoop) -> None:
    """Patch the class of `loop`; only if `why_not_nestable` returns nothing."""
    kind: Any = type(loop)
    if way_of(loop):
        return
    _forget_first_patch(kind)
    importlib.import_module("nest_asyncio2").apply(loop)
    _reroute(kind, run_nested, mark=NESTED)


def keep_from_nesting(loop: asyncio.AbstractEventLoop) -> None:
    """Run the coroutines of ``loop.run_until_complete`` in the background loop, too.

    And make a later ``nest_asyncio.apply()`` do nothing: on uvloop it would first replace
    ``asyncio.run`` and then raise.
    """
    kind: Any = type(loop)
    with suppress(TypeError):  # a class made in C cannot be changed
        _mark_as_nested(asyncio)
        _mark_as_nested(kind)
        if not way_of(loop):
            _reroute(kind, lambda _, coro: run_in_background(coro), mark=BACKGROUND)


def _mark_as_nested(place: Any) -> None:
    if not hasattr(place, "_nest_patched"):
        place._nest_patched = place._nest_asyncio2 = OURS


def _forget_first_patch(kind: Any) -> None:
    """Remove the marks of nest_asyncio 1.x, with which nest_asyncio2 would do nothing."""
    anywhere: Any = asyncio
    if _is_marked_in_vain(anywhere):
        _unmark(anywhere)
        if sys.version_info >= (3, 14):
            _restore_tasks(anywhere)
    for base in kind.__mro__:
        if _is_marked_in_vain(base):
            _unmark(base)


def _is_marked_in_vain(place: Any) -> bool:
    marks = vars(place)
    return "_nest_patched" in marks and marks.get("_nest_asyncio2", OURS) is OURS


def _unmark(place: Any) -> None:
    del place._nest_patched
    if "_nest_asyncio2" in vars(place):
        del place._nest_asyncio2


def _restore_tasks(anywhere: Any) -> None:
    """Restore asyncio's own Task and Future classes.

    From Python 3.14 on, current_task() does not work with the pure Python tasks that nest_asyncio
    1.x installs, and neither do timeouts.
    """
    made_in_c: Any = importlib.import_module("_asyncio")
    anywhere.Task = anywhere.tasks.Task = anywhere.tasks._CTask = made_in_c.Task
    anywhere.Future = anywhere.futures.Future = anywhere.futures._CFuture = made_in_c.Future


def _reroute(
    kind: Any, run_inside: Callable[[Any, Coroutine[Any, Any, Any]], Any], *, mark: str
) -> None:
    """Make ``run_until_complete`` call `run_inside` when it is called inside its running loop."""
    original = kind.run_until_complete

    @wraps(original)
    def run_until_complete(loop: Any, future: Any) -> Any:
        if asyncio._get_running_loop() is loop and asyncio.iscoroutine(future):
            refuse_second_run(future, sys.exception())
            return run_inside(loop, future)
        return original(loop, future)

    kind.run_until_complete = run_until_complete
    kind.aiml_nb_way = mark
