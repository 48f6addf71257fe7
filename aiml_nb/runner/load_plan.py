"""Make the plan of a resumed run from its journal: its options, and the records it holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..apis import APIS, CHAT
from ..endpoint import Endpoint, connect
from ..endpoint.providers import PROVIDERS
from ..errors import JournalError
from ..formats.journal import are_simulated
from ..formats.journal_contents import Contents
from ..messages import argument
from ..no_collection import no_collection
from ..printable import say
from ..prompts import Prompt
from ..prompts.items import as_items
from ..prompts.stored import StoredPrompts
from ..typed import with_response_format
from .called_api import choose_api
from .changes import check_inputs, refuse_changes_to_finished, resume_note
from .functions.function import Function
from .functions.options import complete_options, complete_resumed_options
from .inputs import ARGUMENTS, own_table, refuse_template, take_prompts
from .journal import Journal
from .journal_inputs import JournalInputs, find_changes, parameters_to_journal, read_inputs
from .journal_misfits import check_kind, check_place, refuse_lost_items
from .journal_summary import describe_journal, refuse_damage
from .limits.estimate import check_rates
from .many import store_again
from .options import make_options
from .plan import CheckedArguments, Plan, build_plan, check_prompts
from .restore import restore_all

ON_DAMAGE = ("ask", "keep", "send")


def load_plan(
    path: Path,
    connect_to: Callable[[dict[str, Any]], Endpoint],
    *,
    function: Function | None = None,
    retry_failed: bool = False,
    change_parameters: bool = False,
    prompts: object = None,
    on_damage: str = "ask",
    say: Callable[[str], None] = say,
    **options: Any,
) -> tuple[Journal, Plan]:
    """Lock the journal and plan what is left; everything is checked before anything is sent.

    Parameters
    ----------
    connect_to
        Returns the endpoint for the settings in the journal.
    function
        Makes the calls in the place of an endpoint.
    say
        Prints the summary of the journal.
    """
    table, stored = own_table(prompts), options.get("keep_texts") is False
    if function is not None and stored:
        raise ValueError("keep_texts=False is for calls of an endpoint. Leave it out.")
    if function is not None:
        options = refuse_template(function.name, options)
    found: Sequence[Prompt] | None = None
    if prompts is None or not stored:
        found, options = _read_prompts(prompts, function, options)
    options = with_response_format(options)
    if function is not None:
        complete_options(function, options)
    if on_damage not in ON_DAMAGE:
        known = ", ".join(map(repr, ON_DAMAGE))
        raise ValueError(argument("on_damage") + f" must be one of {known}; not {on_damage!r}.")
    edited = on_damage == "keep"
    with no_collection():
        journal, contents = Journal.reopen(path, takes_edited=edited, stored=stored)
    try:
        if on_damage == "ask":
            refuse_damage(contents, path)
        inputs = read_inputs(contents, path)
        check_kind(inputs, function, contents.head["settings"], path)
        if function is None:
            saved = contents.head["settings"]
            if stored and prompts is not None:
                api = saved.get("api") or CHAT.name
                found, options = store_again(prompts, options, options.get("api") or api)
            options["api"], found = _check_api(saved, options.get("api"), found, path)
        changed = check_inputs(inputs, options, path, prompts=found, may_change=change_parameters)
        used = _choose_prompts(found, inputs)
        plan = _rebuild_plan(contents, function or connect_to, options, inputs, used, path)
        plan.run.table = table
        if plan.texts is not None:
            plan.texts.open(journal)
        with no_collection():  # of what is read here next to nothing is garbage
            restore_all(plan, contents, path, retry_failed=retry_failed)
        refuse_lost_items(plan, path)
        if function is not None:
            plan.run.simulated = are_simulated(contents.calls.values())
        refuse_changes_to_finished(plan, inputs, changed, path)
        left = ((call.index + 1, plan.prompts[call.index]) for call in plan.unfinished)
        check_rates(left, plan.options)
        plan = replace(plan, note=resume_note(plan, inputs, changed, path))
    except BaseException:
        journal.close_without_writing()
        raise
    say(describe_journal(contents, plan, inputs))
    return journal, plan


def _rebuild_plan(
    contents: Contents,
    target: Function | Callable[[dict[str, Any]], Endpoint],
    given: dict[str, Any],
    inputs: JournalInputs,
    prompts: Sequence[Prompt],
    path: Path,
) -> Plan:
    head = contents.head
    saved = head["settings"]
    # Saved options first, then the newest request parameters, then what the user gives now.
    options = saved.get("options", {}) | {"model": saved["model"]} | inputs.parameters
    if given.get("strategy", saved["strategy"]) != saved["strategy"]:
        options.pop("max_concurrency", None)  # the default depends on the strategy
    options |= given
    endpoint: Endpoint | Function
    if isinstance(target, Function):
        del options["model"]
        endpoint, options = complete_resumed_options(target, options, given)
        checked = make_options(len(prompts), options)
    else:
        checked = make_options(len(prompts), options)
        endpoint = target(saved)
    check_place(saved, endpoint, given.get("model"), path)
    # The journal has the API key redacted; parameters that contain it need it to be sent.
    unredact = endpoint.key.unredact_all
    recorded = {name: each for name, each in checked.parameters.items() if name not in given}
    checked = replace(checked, parameters=checked.parameters | unredact(recorded))
    if prompts is inputs.prompts and isinstance(prompts, StoredPrompts):
        prompts.change = unredact
    elif prompts is inputs.prompts:
        prompts = [replace(each, parameters=unredact(each.parameters)) for each in prompts]
    plan = build_plan(CheckedArguments(prompts, checked), endpoint, journal=path)
    run = plan.run
    # The resumed run is the same run: ids of its requests and its time axis continue.
    run.run_id, run.started_at = head["run_id"], saved["started_at"] or time.time()
    run.parameters = dict(inputs.initial)
    run.stream = run.parameters.pop("stream")
    if changes := find_changes(inputs.initial, parameters_to_journal(plan.options, endpoint.key)):
        for call in run.calls:
            # Each record says which parameters it had, if they differ from those of the first run.
            call.parameters = changes | call.parameters if call.parameters else changes
    if plan.texts is not None:
        plan.texts.is_of_journal = prompts is inputs.prompts
    return replace(plan, resumes=True)


def _choose_prompts(found: Sequence[Prompt] | None, inputs: JournalInputs) -> Sequence[Prompt]:
    """Return the prompts of a resumed run: the user's own have headers, which no journal holds."""
    if isinstance(found, StoredPrompts) and not found.aside and found.has_lines_of(inputs.prompts):
        return inputs.prompts
    return found or inputs.prompts


def _read_prompts(
    prompts: object, function: Function | None, options: dict[str, Any]
) -> tuple[list[Prompt] | None, dict[str, Any]]:
    if prompts is None:
        if options.get("prompt") is not None:
            raise TypeError(
                "prompt= is a template, and the rows that it is for are missing: the journal has "
                "its own prompts. Leave it out, or give the table: prompts=table."
            )
        return None, {name: each for name, each in options.items() if name not in ARGUMENTS}
    if function is not None:
        return [*as_items(prompts)], options
    return take_prompts(prompts, options)


def _check_api(
    saved: dict[str, Any], given: str | None, prompts: Sequence[Prompt] | None, path: Path
) -> tuple[str, Sequence[Prompt] | None]:
    """Return the API of a journaled run, and the prompts as they are sent.

    Raises
    ------
    JournalError
        If another API is given.
    TypeError, ValueError
        As `check_prompts`.
    """
    before = saved.get("api") or CHAT.name
    if given not in (None, before):
        raise JournalError(
            f"'{path}' is the journal of a run with api={before!r}, not {given!r}. Leave the api "
            "out, or name a new journal."
        )
    if prompts is None or isinstance(prompts, StoredPrompts):  # whose are checked
        return before, prompts
    api = choose_api(prompts, before)
    return api, check_prompts(prompts, APIS[api])


def connect_again(saved: dict[str, Any]) -> Endpoint:
    """Connect as the journaled run did, with the key from the environment."""
    if saved["simulated"]:
        settings = {"seed": saved["seed"], **saved.get("simulator", {})}
        return connect(simulate=True, model=saved["model"], verbose=False, **settings)
    known = [name for name, each in PROVIDERS.items() if each.base_url == saved["base_url"]]
    if known:  # by name: the provider knows its key variable and whether it reports costs
        return connect(provider=known[0], model=saved["model"])
    return connect(base_url=saved["base_url"], model=saved["model"])
