"""Run prompts one at a time or many at once, and see what the waiting looked like.

The tour, with no key and no cost::

    import aiml_nb as nb

    endpoint = nb.connect()                            # a live model if AIML_API_KEY is set
    result = nb.compare(nb.prompts.FAQ, endpoint)      # sync, then async: a Comparison
    result.finding                                     # what came out, in a sentence
    nb.plot_timeline(result)                           # what the waiting looked like

    run = nb.run(nb.prompts.TWENTY, endpoint, strategy="gather", max_concurrency=5, stream=True)
    nb.run(rows, ask, max_concurrency=8).results       # any function of one's own, async or not
    nb.grid(nb.prompts.FAQ, endpoint, temperature=[0, 1]).answers()    # side by side, in turns
    nb.run(texts, endpoint, response_format=Review).results   # typed answers, a column a field
    run.to_frame()                                     # one row per call
    run.summary()                                      # the run in numbers
    nb.what_if(run)                                    # other limits, from this run's durations
    nb.to_csv(run, "answers.csv", texts=True)          # or to_jsonl, to_chrome_trace, to_otlp
    nb.last_run()                                      # what is known after an interrupt
    nb.resume("run.jsonl")                             # go on with a run from its journal

In a coroutine, or a cell that awaits: ``await nb.run_async(…)``, ``await nb.compare_async(…)``.
`patch_loop` lets ``asyncio.run`` work in a notebook; `check_up` says what runs here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import prompts
    from .comparison import compare, compare_async
    from .doctor import check_up
    from .endpoint import Endpoint, connect
    from .errors import AimlNbError, BudgetError, EndpointError, JournalError, LoopError
    from .export import to_chrome_trace, to_csv, to_jsonl, to_otlp
    from .formats.saved import read_saved
    from .grids import grid, grid_async, last_grid
    from .loop import LoopReport, patch_loop, run_coroutine
    from .plot import plot_timeline
    from .records import Attempt, Call, Comparison, Grid, Run
    from .report import compare_strategies, what_if
    from .runner.handle import RunHandle, start
    from .runner.newest import last_run
    from .runner.resume import resume
    from .runner.run import run, run_async
    from .typed import parse
    from .watching import step, watch

# Each name and the module it is fetched from when it is first used: importing this package loads
# none of openai, pandas, matplotlib, ipywidgets, IPython, which together take seconds.
_HOMES = {
    "AimlNbError": "errors",
    "Attempt": "records",
    "BudgetError": "errors",
    "Call": "records",
    "Comparison": "records",
    "Endpoint": "endpoint",
    "EndpointError": "errors",
    "Grid": "records",
    "JournalError": "errors",
    "LoopError": "errors",
    "LoopReport": "loop",
    "Run": "records",
    "RunHandle": "runner",
    "check_up": "doctor",
    "compare": "comparison",
    "compare_async": "comparison",
    "compare_strategies": "report",
    "connect": "endpoint",
    "grid": "grids",
    "grid_async": "grids",
    "last_grid": "grids",
    "last_run": "runner",
    "load_ipython_extension": "watching",
    "parse": "typed",
    "patch_loop": "loop",
    "plot_timeline": "plot",
    "read_saved": "formats.saved",
    "resume": "runner",
    "run": "runner",
    "run_async": "runner",
    "run_coroutine": "loop",
    "start": "runner",
    "step": "watching",
    "to_chrome_trace": "export",
    "to_csv": "export",
    "to_jsonl": "export",
    "to_otlp": "export",
    "unload_ipython_extension": "watching",
    "watch": "watching",
    "what_if": "report",
}

__all__ = [
    "AimlNbError",
    "Attempt",
    "BudgetError",
    "Call",
    "Comparison",
    "Endpoint",
    "EndpointError",
    "Grid",
    "JournalError",
    "LoopError",
    "LoopReport",
    "Run",
    "RunHandle",
    "check_up",
    "compare",
    "compare_async",
    "compare_strategies",
    "connect",
    "grid",
    "grid_async",
    "last_grid",
    "last_run",
    "parse",
    "patch_loop",
    "plot_timeline",
    "prompts",
    "read_saved",
    "resume",
    "run",
    "run_async",
    "run_coroutine",
    "start",
    "step",
    "to_chrome_trace",
    "to_csv",
    "to_jsonl",
    "to_otlp",
    "watch",
    "what_if",
]


def __getattr__(name: str) -> Any:
    if name == "prompts":
        return import_module(".prompts", __name__)
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({name for name in globals() if name.startswith("__")} | set(__all__))
