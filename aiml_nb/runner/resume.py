"""Go on with a run from its journal: nothing that is answered is asked, or paid for, again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..endpoint import Endpoint, connect
from ..errors import JournalError
from ..jsonl import call_from_dict, dump
from ..prompts import Prompt, as_prompts
from ..providers import PROVIDERS
from ..records import Attempt, Call, Run
from .journal import Journal
from .journal_contents import Contents
from .plan import Plan, check_rates, lay_out_run, name_call
from .run import NOT_KEPT, carry_out
from .settings import Settings, make_settings

ON_DAMAGE = ("ask", "keep", "send")
ANSWERED = {"ok", "incomplete", "refused"}
# What stands for the end of an answer that broke off; vLLM says so when it is shut down.
_NO_END = {None, "", "abort", "aborted", "cancelled"}
_NEEDED = {"model", "base_url", "simulated", "seed", "started_at", "strategy"}


def resume(
    path: str | Path,
    endpoint: Endpoint | None = None,
    *,
    retry_failed: bool = False,
    prompts: object = None,
    on_damage: str = "ask",
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
        Send the calls that failed again, too, and those whose answer broke off: it has no
        ``finish_reason``, as when the server was shut down.
    prompts
        If given, they must be those of the journal.
    on_damage
        What to do if lines of the journal are damaged, other than by a kill: ``"ask"`` raises
        JournalError and sends nothing; ``"keep"`` takes records that can be read as they are;
        ``"send"`` sends the calls of all damaged lines again.
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
    return go_on(
        Path(path),
        lambda saved: endpoint or connect_again(saved),
        retry_failed=retry_failed,
        prompts=prompts,
        on_damage=on_damage,
        **options,
    )


def go_on(path: Path, connect_to: Callable[[dict[str, Any]], Endpoint], **options: Any) -> Run:
    """Do as `resume`; the arguments are those of `reopen_plan`."""
    journal, plan = reopen_plan(path, connect_to, **options)
    try:
        return carry_out(plan, journal=journal) if plan.unfinished else plan.run
    finally:
        journal.close_untouched()  # where no call could be made at all


def reopen_plan(
    path: Path,
    connect_to: Callable[[dict[str, Any]], Endpoint],
    *,
    retry_failed: bool = False,
    prompts: object = None,
    on_damage: str = "ask",
    say: Callable[[str], None] = print,
    **options: Any,
) -> tuple[Journal, Plan]:
    """Lock the journal and plan what is left; everything is checked before the endpoint is asked.

    Parameters
    ----------
    connect_to
        Returns the endpoint; is given the settings that the journal holds.
    say
        Is told, in a sentence or two, what the journal says.
    """
    found = None if prompts is None else as_prompts(prompts)
    if on_damage not in ON_DAMAGE:
        known = ", ".join(map(repr, ON_DAMAGE))
        raise ValueError(f"on_damage must be one of {known}; not {on_damage!r}.")
    journal, contents = Journal.reopen(path, takes_edited=on_damage == "keep")
    try:
        if on_damage == "ask":
            _refuse_damage(contents, path)
        plan = _plan_again(
            contents, connect_to, options, retry_failed=retry_failed, prompts=found, path=path
        )
    except BaseException:
        journal.close_untouched()
        raise
    say(_describe(contents, plan))
    return journal, plan


def _plan_again(
    contents: Contents,
    connect_to: Callable[[dict[str, Any]], Endpoint],
    given: dict[str, Any],
    *,
    retry_failed: bool,
    prompts: list[Prompt] | None,
    path: Path,
) -> Plan:
    head, kept = contents.head, _read_prompts(contents.head, path)
    if prompts is not None:
        _check_prompts(prompts, kept, path)
    prompts = prompts or kept  # with the headers, which no journal keeps
    saved = head["settings"]
    # What is one run's own is not for the next; the rest goes on as it was.
    options = saved.get("options", {}) | {"model": saved["model"]}
    if given.get("strategy", saved["strategy"]) != saved["strategy"]:
        options.pop("max_concurrency", None)  # it was settled for the other one
    options |= given
    make_settings(len(prompts), options, reports_cost=True)
    endpoint = connect_to(saved)
    _check_place(saved, endpoint, given.get("model"), path)
    settings: Settings = make_settings(
        len(prompts), options, reports_cost=endpoint.reports_cost, journal=path
    )
    run = lay_out_run(prompts, endpoint, settings)
    run.run_id, run.started_at = head["run_id"], saved["started_at"] or time.time()
    for call in run.calls:
        try:
            _restore(call, contents, run, retry_failed=retry_failed)
        except ValueError as error:
            raise JournalError(
                f"'{path}' holds a record of {call.custom_id!r} that this aiml_nb cannot read: "
                f"{error} Read it with the aiml_nb that wrote it."
            ) from None
    plan = Plan(prompts, endpoint, settings, run)
    check_rates({call.index + 1: prompts[call.index] for call in plan.unfinished}, settings)
    return plan


def _refuse_damage(contents: Contents, path: Path) -> None:
    """Raise JournalError if answers may be in lines that are damaged, and would be paid again."""
    unread = sorted({*contents.damaged} - {*contents.torn})
    if not unread and not contents.edited:
        return
    where = _lines(sorted([*unread, *contents.edited]))
    raise JournalError(
        f"'{path}' was changed after it was written, in {where}: {len(contents.edited)} of its "
        f"lines can be read although their checksums do not match, {len(unread)} cannot. Nothing "
        "was sent. Put the file back from a copy if there is one; or take what can be read as it "
        'is: resume(…, on_damage="keep"), on the command line --on-damage keep; or send those '
        "calls again, and perhaps pay for them again: "
        'resume(…, on_damage="send"), on the command line --on-damage send.'
    )


def _lines(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:5])) + (", …" if len(numbers) > 5 else "")
    return f"line {shown}"


def _read_prompts(head: dict[str, Any], path: Path) -> list[Prompt]:
    try:
        saved = head["settings"]
        if not saved.keys() >= _NEEDED:
            raise KeyError("settings")
        float(saved["started_at"] or 0), dict(saved.get("options", {})), head["run_id"]
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
    sent = {each["sent"]: each["at"] for each in contents.sent.get(call.custom_id, ())}
    last = max(sent, default=0)
    record = contents.calls.get(call.custom_id)
    if record is not None:
        known = call_from_dict(record, prompt=call.prompt)
        # One that had failed may have been on its way again.
        is_over = not retry_failed and last <= len(known.attempts)
        if is_over or is_whole(known):
            known.index = call.index
            run.calls[call.index] = known
            return
        call.attempts = known.attempts
    for number in range(len(call.attempts) + 1, last + 1):
        at = sent.get(number, sent[last])  # a damaged line tells no time
        call.attempts.append(
            Attempt(
                number=number,
                started=at,
                finished=at,
                error_type="no_reply",
                possibly_billed=True,
            )
        )


def is_whole(call: Call) -> bool:
    """Tell whether a call has an answer that came to an end of its own, such as max_tokens."""
    broke_off = call.outcome == "incomplete" and call.finish_reason in _NO_END
    return call.outcome in ANSWERED and not broke_off


def connect_again(saved: dict[str, Any]) -> Endpoint:
    """Connect as the run did whose settings are `saved`, with the key from the environment."""
    if saved["simulated"]:
        knobs = {"seed": saved["seed"], **saved.get("simulator", {})}
        return connect(simulate=True, model=saved["model"], verbose=False, **knobs)
    known = [name for name, each in PROVIDERS.items() if each.base_url == saved["base_url"]]
    if known:  # with its own key, and with its costs
        return connect(provider=known[0], model=saved["model"])
    return connect(base_url=saved["base_url"], model=saved["model"])


def _check_prompts(prompts: list[Prompt], kept: list[Prompt], path: Path) -> None:
    pairs = zip(prompts, kept, strict=False)
    differ = (n for n, pair in enumerate(pairs, 1) if len({_as_kept(p, n) for p in pair}) > 1)
    first = next(differ, None)
    if first or len(prompts) != len(kept):
        where = f" (prompt {first} is the first that differs)" if first else ""
        raise JournalError(
            f"'{path}' is the journal of another run: its {len(kept)} prompts are not these "
            f"{len(prompts)}{where}. Name its own prompts, or a new journal."
        )


def _as_kept(prompt: Prompt, number: int) -> str:
    """Return what a journal keeps of a prompt, in the journal's words."""
    parameters = {n: value for n, value in prompt.parameters.items() if n not in NOT_KEPT}
    kept: Any = json.loads(dump([name_call(prompt, number), prompt.messages, parameters]))
    return dump(kept)


def _describe(contents: Contents, plan: Plan) -> str:
    """Say what the journal has, what is sent again and what is not."""
    calls, left = plan.run.calls, plan.unfinished
    answered = sum(call.outcome in ANSWERED for call in calls)
    whole = sum(map(is_whole, calls))
    failed = sum(call.finished is not None for call in calls) - whole
    what = "failed or broke off" if answered > whole else "failed"
    again = sum(call.custom_id in contents.calls for call in left)
    lost = [c.custom_id for c in left if c.attempts and c.custom_id not in contents.calls]
    text = f"Resumed: {answered} of {len(calls)} calls are answered."
    if failed:
        them = "it" if failed == 1 else "them"
        text += f" {failed} {what}: retry_failed=True sends {them} again."
    if again:
        text += f" {again} had failed and {'is' if again == 1 else 'are'} sent again."
    if lost:
        names = ", ".join(lost[:5]) + (", …" if len(lost) > 5 else "")
        was, is_ = ("was", "is") if len(lost) == 1 else ("were", "are")
        billed = ", perhaps billed," if plan.endpoint.may_cost else ""
        text += f" {len(lost)} {was} in flight{billed} and {is_} sent again: {names}."
    edited = [n for n in contents.edited if n > 1]  # the first line is always read
    passed_over = contents.damaged
    if not contents.takes_edited:
        passed_over = tuple(sorted([*passed_over, *edited]))
    if passed_over:
        text += f" Cut off or damaged, and passed over: {_lines(passed_over)} of the journal."
    if edited and contents.takes_edited:
        text += f" Taken as they are, though changed: {_lines(edited)} of the journal."
    return text
