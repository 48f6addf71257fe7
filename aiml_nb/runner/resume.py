"""Go on with a run from its journal: nothing that is answered is asked, or paid for, again."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..endpoint import Endpoint, connect
from ..errors import JournalError
from ..jsonl import call_from_dict, dump
from ..prompts import Prompt, as_prompts
from ..providers import PROVIDERS
from ..records import Attempt, Call, Run
from .journal import Contents, Journal
from .plan import Plan, lay_out_run, name_call
from .run import NOT_KEPT, carry_out
from .settings import Settings, make_settings

ANSWERED = {"ok", "incomplete", "refused"}


def resume(
    path: str | Path,
    endpoint: Endpoint | None = None,
    *,
    retry_failed: bool = False,
    prompts: object = None,
    **options: Any,
) -> Run:
    """Go on with the run whose journal is at `path`.

    Finished calls are taken from the journal. Those that were in flight when the run was cut off
    are sent again; their lost attempts stand in the records as possibly billed.

    Parameters
    ----------
    path
        The journal.
    endpoint
        Where the calls go; None connects as the run did, with the key from the environment.
    retry_failed
        Send the calls that failed again, too.
    prompts
        If given, they must be those of the journal.
    **options
        As in `run`, in place of those of the journal.

    Returns
    -------
    Run
        All calls, those of before and those of now, on one axis of time.

    Raises
    ------
    JournalError
        If the file is no journal, is in use, or belongs to another run.
    EndpointError
        As `connect` does.
    """
    journal, contents = Journal.reopen(Path(path))
    try:
        plan = _plan_again(contents, endpoint, options, retry_failed=retry_failed, path=Path(path))
        if prompts is not None:
            found = as_prompts(prompts)
            _check_prompts(found, plan, Path(path))
            plan = replace(plan, prompts=found)  # with the headers, which no journal keeps
    except BaseException:
        journal.close_untouched()
        raise
    _report(contents, plan)
    try:
        return carry_out(plan, journal=journal) if plan.unfinished else plan.run
    finally:
        journal.close_untouched()  # where no call could be made at all


def _plan_again(
    contents: Contents,
    endpoint: Endpoint | None,
    options: dict[str, Any],
    *,
    retry_failed: bool,
    path: Path,
) -> Plan:
    head, prompts = contents.head, _read_prompts(contents.head, path)
    saved = head["settings"]
    endpoint = endpoint or _connect_again(saved)
    _check_place(saved, endpoint, options.get("model"), path)
    # What is one run's own is not for the next; the rest goes on as it was.
    options = saved.get("options", {}) | {"model": saved["model"]} | options
    settings: Settings = make_settings(
        len(prompts), options, reports_cost=endpoint.reports_cost, journal=path
    )
    run = lay_out_run(prompts, endpoint, settings)
    run.run_id, run.started_at = head["run_id"], saved["started_at"] or time.time()
    for call in run.calls:
        _restore(call, contents, run, retry_failed=retry_failed)
    return Plan(prompts, endpoint, settings, run)


def _read_prompts(head: dict[str, Any], path: Path) -> list[Prompt]:
    try:
        if not {"model", "base_url", "simulated", "seed", "started_at"} <= head["settings"].keys():
            raise KeyError("settings")
        return [
            Prompt(
                messages=each["messages"],
                parameters=each.get("parameters", {}),
                custom_id=each["custom_id"],
            )
            for each in head["prompts"]
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise JournalError(
            f"'{path}' holds records, but not what is needed to go on: the settings and every "
            "prompt's messages. Name the journal that the run itself wrote."
        ) from None


def _check_place(saved: dict[str, Any], endpoint: Endpoint, model: str | None, path: Path) -> None:
    if endpoint.simulated != saved["simulated"] or (
        not endpoint.simulated and endpoint.base_url != saved["base_url"]
    ):
        here = "the simulator" if endpoint.simulated else endpoint.base_url
        there = "the simulator" if saved["simulated"] else saved["base_url"]
        raise JournalError(
            f"'{path}' is the journal of a run at {there}, not at {here}. Connect to the same "
            "address."
        )
    if model not in {None, saved["model"]}:
        raise JournalError(
            f"'{path}' is the journal of a run with the model {saved['model']!r}, not {model!r}. "
            "Leave the model out, or name a new journal."
        )


def _restore(call: Call, contents: Contents, run: Run, *, retry_failed: bool) -> None:
    """Put what the journal knows of `call` in its place in the run."""
    record = contents.calls.get(call.custom_id)
    if record is not None:
        known = call_from_dict(record, prompt=call.prompt)
        if known.outcome in ANSWERED or not retry_failed:
            known.index = call.index
            run.calls[call.index] = known
            return
        call.attempts = known.attempts
    for sent in contents.sent.get(call.custom_id, ())[len(call.attempts) :]:
        call.attempts.append(
            Attempt(
                number=sent["sent"],
                started=sent["at"],
                finished=sent["at"],
                error_type="no_reply",
                possibly_billed=True,
            )
        )


def _connect_again(saved: dict[str, Any]) -> Endpoint:
    if saved["simulated"]:
        knobs = {"seed": saved["seed"], **saved.get("simulator", {})}
        return connect(simulate=True, model=saved["model"], verbose=False, **knobs)
    known = [name for name, each in PROVIDERS.items() if each.base_url == saved["base_url"]]
    if known:  # with its own key, and with its costs
        return connect(provider=known[0], model=saved["model"])
    return connect(base_url=saved["base_url"], model=saved["model"])


def _check_prompts(prompts: list[Prompt], plan: Plan, path: Path) -> None:
    given = [_as_kept(prompt, number) for number, prompt in enumerate(prompts, 1)]
    if given != [_as_kept(prompt, number) for number, prompt in enumerate(plan.prompts, 1)]:
        raise JournalError(
            f"'{path}' is the journal of another run: its {len(plan.prompts)} prompts are not "
            f"these {len(prompts)}. Name its own prompts, or a new journal."
        )


def _as_kept(prompt: Prompt, number: int) -> str:
    """Return what a journal keeps of a prompt, in the journal's words."""
    parameters = {n: value for n, value in prompt.parameters.items() if n not in NOT_KEPT}
    kept: Any = json.loads(dump([name_call(prompt, number), prompt.messages, parameters]))
    return dump(kept)


def _report(contents: Contents, plan: Plan) -> None:
    left = plan.unfinished
    failed = sum(call.custom_id in contents.calls for call in left)
    lost = [c.custom_id for c in left if c.attempts and c.custom_id not in contents.calls]
    text = f"Resumed: {len(plan.run.calls) - len(left)} of {len(plan.run.calls)} calls are done."
    if failed:
        text += f" {failed} had failed and {'is' if failed == 1 else 'are'} sent again."
    if lost:
        names = ", ".join(lost[:5]) + (", …" if len(lost) > 5 else "")
        was, is_ = ("was", "is") if len(lost) == 1 else ("were", "are")
        text += f" {len(lost)} {was} in flight, perhaps billed, and {is_} sent again: {names}."
    if contents.torn:
        text += (
            f" {contents.torn} torn line{' was' if contents.torn == 1 else 's were'} passed over."
        )
    print(text)
