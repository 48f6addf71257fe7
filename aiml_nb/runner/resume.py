"""`resume`: go on with a run from its journal; what is answered is not asked or paid for again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..endpoint import Endpoint
from ..loop import InterruptibleCall
from ..printable import say
from ..records import Run
from .cluster.choose import Cluster, choose_cluster, on_cluster
from .execute import execute
from .functions.function import Function, find_target
from .load_plan import connect_again, load_plan


def resume(
    path: str | Path,
    endpoint: Endpoint | Callable[[Any], Any] | None = None,
    *,
    retry_failed: bool = False,
    change_parameters: bool = False,
    prompts: object = None,
    on_damage: str = "ask",
    cluster: Any = None,
    processes: int | None = None,
    **options: Any,
) -> Run:
    """Go on with the run whose journal is at `path`.

    Finished calls are taken from the journal. Those that were in flight when the run was cut off
    are sent again; their lost attempts are in the records as possibly billed.

    Parameters
    ----------
    path
        The journal.
    endpoint
        Where the calls go; None connects as the run did, with the key from the environment. The
        journal of a run with a function needs the function: it is called with the items in the
        journal, as JSON has them, or with those that `prompts` gives.
    retry_failed
        Send the calls that failed again, too, and those whose answer broke off: it has no
        ``finish_reason``, as when the server was shut down.
    change_parameters
        Ask what is left with other request parameters than the journal's, the prompts' own
        included: without it they are refused. Each record says which it had.
    prompts
        If given, they must be those of the journal; new ones at their end are asked, too.
    on_damage
        What to do if lines of the journal are damaged, other than by a kill: ``"ask"`` raises
        JournalError and sends nothing; ``"keep"`` takes records that can be read as they are;
        ``"send"`` sends the calls of all damaged lines again.
    cluster, processes
        As in `run`; a journal does not say who sent its calls.
    **options
        As in `run`, in place of those of the journal.

    Returns
    -------
    Run
        All calls, those of before and those of now, on one axis of time.

    Raises
    ------
    JournalError
        If the file is not a journal, is in use, or belongs to another run.
    EndpointError
        As `connect` does.
    """
    target = find_target(endpoint)
    function = target if isinstance(target, Function) else None
    server = None if isinstance(target, Function) else target
    return resume_run(
        Path(path),
        lambda saved: server or connect_again(saved),
        function=function,
        retry_failed=retry_failed,
        change_parameters=change_parameters,
        prompts=prompts,
        on_damage=on_damage,
        cluster=choose_cluster(cluster, processes),
        **options,
    )


def resume_run(
    path: Path,
    connect_to: Callable[[dict[str, Any]], Endpoint],
    *,
    strict: bool = False,
    speak: Callable[[str], str] = str,
    cluster: Cluster | None = None,
    **options: Any,
) -> Run:
    """Resume the run at `path`, for `resume` and the command line.

    Parameters
    ----------
    strict, speak, cluster
        As in `plan.Plan`. All other arguments are those of `load_plan`.
    """
    with InterruptibleCall():
        journal, plan = load_plan(path, connect_to, say=lambda text: say(speak(text)), **options)
        try:
            plan = on_cluster(replace(plan, strict=strict, speak=speak), cluster, options)
            return execute(plan, journal=journal) if plan.unfinished else plan.run
        finally:
            journal.close_without_writing()  # no effect after `execute`, which closes it itself
            if plan.texts is not None:
                plan.texts.close(journal)
