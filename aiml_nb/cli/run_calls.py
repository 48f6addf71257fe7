"""What ``aiml-nb run`` does with its prompts: make the calls, or show what they would be."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ..messages import for_command_line
from ..printable import say
from ..records import Run
from ..runner.cluster.choose import choose_cluster, on_cluster
from ..runner.continued import opened_journal
from ..runner.execute import execute
from ..runner.journal_path import choose_journal_path
from ..runner.load_plan import connect_again, load_plan
from ..runner.plan import Plan, build_plan, check_plan
from ..runner.resume import resume_run
from .dry_run import show_plan
from .options import names_endpoint, open_endpoint
from .paths import RunPaths, check_count, is_large
from .run_prompts import RunPrompts

_T = TypeVar("_T")


def _plan_run(
    prompts: RunPrompts,
    paths: RunPaths,
    options: argparse.Namespace,
    given: dict[str, Any],
) -> Plan:
    """Plan a run with the endpoint and the journal that the command names."""
    cluster = choose_cluster(options.cluster, options.processes)
    checked = check_plan(prompts, None, given)
    check_count(paths.output, len(checked.prompts))
    endpoint = open_endpoint(options)
    is_needed = not checked.options.keep_texts
    paths.journal = choose_journal_path(paths.journal, endpoint, is_needed=is_needed)
    plan = build_plan(checked, endpoint, journal=paths.journal or False)
    plan = replace(plan, fresh=options.fresh, strict=True, speak=for_command_line)
    return on_cluster(plan, cluster, given)


def show_calls(
    prompts: RunPrompts,
    paths: RunPaths,
    options: argparse.Namespace,
    given: dict[str, Any],
) -> None:
    """Show what the same command would do without --dry-run, by what its journal holds."""
    if paths.journal is None or not options.resume:
        with opened_journal(_plan_run(prompts, paths, options, given)) as (_, plan):
            return show_plan(plan)
    load = partial(load_plan, say=lambda text: say(for_command_line(text)))
    journal, plan = _resume(load, paths.journal, prompts, options, given)
    journal.close_without_writing()
    return show_plan(replace(plan, speak=for_command_line))


def make_calls(
    prompts: RunPrompts,
    paths: RunPaths,
    options: argparse.Namespace,
    given: dict[str, Any],
) -> Run:
    """Make the calls that are left, in a new run or in the journal's last one."""
    if paths.journal is None or not options.resume:
        return execute(_plan_run(prompts, paths, options, given))
    cluster = choose_cluster(options.cluster, options.processes)
    resume = partial(resume_run, strict=True, speak=for_command_line, cluster=cluster)
    return _resume(resume, paths.journal, prompts, options, given)


def _resume(
    resume: Callable[..., _T],
    journal: Path,
    prompts: RunPrompts,
    options: argparse.Namespace,
    given: dict[str, Any],
) -> _T:
    """Call `load_plan` or `resume_run` with what the command says."""
    if options.model is not None:
        given["model"] = options.model
    if prompts is None and is_large(journal):
        given["keep_texts"] = False
    return resume(
        journal,
        lambda saved: open_endpoint(options) if names_endpoint(options) else connect_again(saved),
        retry_failed=options.retry_failed,
        change_parameters=options.change_parameters,
        prompts=prompts,
        on_damage=options.on_damage,
        **given,
    )
