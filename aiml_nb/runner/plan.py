"""The plan of a run: arguments checked, records laid out, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ..apis import APIS, Api
from ..endpoint import Endpoint, connect
from ..messages import argument, either
from ..prompts import Prompt
from ..prompts.items import as_items
from ..prompts.stored import StoredPrompts
from ..records import CHAT, SKIPPED, Call, Run
from ..typed import with_response_format
from .called_api import check_asked, choose_api, choose_model
from .cluster.choose import Cluster, choose_cluster, on_cluster
from .functions.function import Function, find_target
from .functions.options import complete_options, refuse_misplaced
from .inputs import own_table, refuse_template, take_prompts
from .journal_path import choose_journal_path
from .limits.budget import check_first_call
from .limits.caps import check_reported_cost
from .limits.estimate import Estimator, check_rates
from .many import store_prompts
from .new_run import build_run, for_record, name_call
from .options import RunOptions, check_parameters, make_options
from .pacing.clock import Clock
from .progress import Status
from .retries.retry_policy import Retries
from .texts import RunTexts


@dataclass(frozen=True, slots=True)
class CheckedArguments:
    """Checked prompts and options; the endpoint is not chosen yet, unless it is a function.

    Parameters
    ----------
    table
        The DataFrame that the prompts were made from, None for none.
    """

    prompts: Sequence[Prompt]
    options: RunOptions
    function: Function | None = None
    table: Any = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run needs, checked: prompts, endpoint, options and the records to fill."""

    prompts: Sequence[Prompt]
    endpoint: Endpoint | Function
    options: RunOptions
    run: Run
    texts: RunTexts | None = None  # where they are, if the run does not hold them
    resumes: bool = False
    fresh: bool = False  # take no answers from a journal that is there already
    strict: bool = False  # raise if the first call is rejected, even without a second sign
    speak: Callable[[str], str] = str  # how messages are printed: `for_command_line` in a command
    warm_up: bool = False  # call a function once before, untimed
    status: Status = field(default_factory=Status)  # what it is doing, for whoever shows it
    cluster: Cluster | None = None  # whose workers send the calls
    note: str | None = None  # what to write to a journal that is there already, before sending

    @property
    def unfinished(self) -> list[Call]:
        """The calls that are still to be made."""
        return [
            call
            for call in self.run.calls
            if call.finished is None and not call.from_journal and call.error_type != SKIPPED
        ]

    @property
    def server(self) -> Endpoint:
        """The endpoint, where it is not a function."""
        assert isinstance(self.endpoint, Endpoint)  # noqa: S101
        return self.endpoint

    @property
    def blocks(self) -> bool:
        """True if the blocking client makes the calls; a loop waits for those of a function."""
        return self.options.blocks and not isinstance(self.endpoint, Function)


def make_plan(
    prompts: object,
    endpoint: object = None,
    *,
    journal: object = None,
    fresh: bool = False,
    cluster: object = None,
    processes: object = None,
    **given: Any,
) -> Plan:
    """Check the arguments of a run, as `run.run` documents them, and create its records."""
    workers = choose_cluster(cluster, processes)
    refuse_misplaced(prompts, endpoint, given)
    target = find_target(endpoint)
    checked = check_plan(prompts, target, given)
    plan = build_plan(checked, checked.function or target or connect(), journal=journal)
    return on_cluster(replace(plan, fresh=fresh), workers, given)


def check_plan(prompts: object, endpoint: object, given: dict[str, Any]) -> CheckedArguments:
    """Check all arguments that can be checked without an endpoint; raises as `run.run`."""
    target = find_target(endpoint)
    if isinstance(target, Function):
        return replace(check_items(as_items(prompts), target, given), table=own_table(prompts))
    if given.get("keep_texts", True) is False:
        stored = CheckedArguments(*store_prompts(prompts, given), table=own_table(prompts))
        _check_typed(stored.options, stored.prompts)
        return stored
    found, given = take_prompts(prompts, given)
    given = {**given, "api": choose_api(found, given.get("api"))}
    api = APIS[given["api"]]
    found = check_prompts(found, api)
    asked = {number: each for number, each in enumerate(found, 1) if each.problem is None}
    options = make_options(len(asked), given)
    check_asked(asked, api, options.parameters)
    _check_typed(options, found)
    first = next(iter(asked.values()))
    check_first_call(options.caps, Estimator(options.parameters, api).estimate(first))
    check_rates(asked.items(), options)
    return CheckedArguments(found, options, table=own_table(prompts))


def check_items(
    items: Sequence[Prompt], function: Function, given: dict[str, Any]
) -> CheckedArguments:
    """Check the arguments of a run with a function; raises as `run.run`."""
    given = refuse_template(function.name, given)
    if given.get("keep_texts") is False:
        raise ValueError(
            "keep_texts=False is for calls of an endpoint: what functions return is in the run "
            "alone. Leave it out."
        )
    function, given = complete_options(function, given)
    return CheckedArguments([*items], make_options(len(items), given), function)


def build_plan(
    checked: CheckedArguments, endpoint: Endpoint | Function | None, *, journal: object = None
) -> Plan:
    """Return the plan of a run at `endpoint`, none of its calls made yet."""
    endpoint = endpoint or connect()
    check_reported_cost(checked.options.caps, reports_cost=endpoint.reports_cost)
    path = choose_journal_path(journal, endpoint, is_needed=not checked.options.keep_texts)
    options = replace(checked.options, journal=path)
    if isinstance(endpoint, Endpoint) and options.api != CHAT:
        model = choose_model(checked.prompts, endpoint, APIS[options.api], options.parameters)
        options = replace(options, parameters=options.parameters | model)
    texts = None
    if isinstance(checked.prompts, StoredPrompts):
        texts = RunTexts(checked.prompts, partial(for_record, endpoint=endpoint))
    run = build_run(checked.prompts, endpoint, options, texts)
    run.table = checked.table
    return Plan(checked.prompts, endpoint, options, run, texts)


def check_prompts(prompts: Sequence[Prompt], api: Api) -> list[Prompt]:
    """Return the prompts, the ``response_format`` of each as it is sent.

    Raises
    ------
    TypeError, ValueError
        If a prompt has wrong parameters, or the name of another.
    """
    checked = []
    for number, prompt in enumerate(prompts, 1):
        if prompt.parameters:
            place = prompt.place or f"Prompt {number}"
            check_parameters(prompt.parameters, place=place, api=api)
            if prompt.parameters.get("response_format") is not None:
                sent = with_response_format(prompt.parameters, place=place)
                prompt = replace(prompt, parameters=sent)
        checked.append(prompt)
    _check_names(checked)
    return checked


def is_typed(parameters: dict[str, Any], prompts: Sequence[Prompt]) -> bool:
    """Say whether any request has a ``response_format`` that is more than a word."""
    if isinstance(prompts, StoredPrompts) and "response_format" not in prompts.parameter_names:
        prompts = ()
    return any(
        not isinstance(each.get("response_format"), str | None)
        for each in (parameters, *(prompt.parameters for prompt in prompts if prompt.parameters))
    )


def _check_typed(options: RunOptions, prompts: Sequence[Prompt]) -> None:
    if options.retry_invalid and not is_typed(options.parameters, prompts):
        raise ValueError(
            argument("retry_invalid", options.retry_invalid)
            + " asks again for answers that do not fit, and nothing says what fits. Add "
            + either("response_format=…", "--schema FILE")
            + ", or leave it out."
        )


def make_retries(plan: Plan, clock: Clock) -> Retries:
    """Return the retry policy of a run, with budgets for the calls that are left."""
    options = plan.options
    return Retries(
        len(plan.unfinished),
        options.max_attempts,
        clock,
        retry_share=options.retry_share,
        in_flight=options.max_concurrency,
        # Only then is `stream_options` added, and a server that rejects it asked once more.
        streams=options.stream
        and APIS[options.api].has_stream_options
        and "stream_options" not in options.parameters,
        retry_invalid=options.retry_invalid,
        has_workers=plan.cluster is not None,
    )


def _check_names(prompts: list[Prompt]) -> None:
    """Refuse duplicate names: results are looked up and journaled by name."""
    seen: dict[str, int] = {}
    for number, prompt in enumerate(prompts, 1):
        name = name_call(prompt, number)
        first = seen.setdefault(name, number)
        if first != number:
            both = f"Prompts {first} and {number}"
            if prompt.place:
                both = f"{prompts[first - 1].place} and {prompt.place}"
            raise ValueError(
                f"{both} have the same custom_id {name!r}. Give each its own, or none."
            )
