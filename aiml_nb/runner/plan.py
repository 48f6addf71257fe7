"""From the arguments of a run to a plan: everything checked before anything is sent."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from ..endpoint import Endpoint, connect
from ..prompts import Prompt, as_prompts
from ..records import Call, Run
from .settings import Settings, check_parameters, make_settings

DEFAULT_TIMEOUT = 120.0

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run needs, checked: its prompts, place, settings and the records to fill."""

    prompts: list[Prompt]
    endpoint: Endpoint
    settings: Settings
    run: Run


def make_plan(
    prompts: object,
    endpoint: Endpoint | None = None,
    *,
    strategy: str = "gather",
    max_concurrency: int | None = None,
    stream: bool = False,
    timeout: float = DEFAULT_TIMEOUT,
    progress: bool | None = None,
    **request_parameters: Any,
) -> Plan:
    """Check the arguments of a run, as `run.run` documents them, and lay out its records."""
    found = as_prompts(prompts)
    settings = make_settings(
        len(found),
        strategy=strategy,
        max_concurrency=max_concurrency,
        stream=stream,
        timeout=timeout,
        progress=progress,
        parameters=request_parameters,
    )
    for prompt in found:
        check_parameters(prompt.parameters)
    if endpoint is None:
        endpoint = connect()
    if not isinstance(endpoint, Endpoint):
        raise TypeError(
            f"endpoint must be what connect() returns, not {type(endpoint).__name__}. "
            "Write endpoint = aiml_nb.connect()."
        )
    return Plan(found, endpoint, settings, _lay_out_run(found, endpoint, settings))


def _lay_out_run(prompts: list[Prompt], endpoint: Endpoint, settings: Settings) -> Run:
    calls = [
        Call(
            index=index,
            custom_id=prompt.custom_id or f"call-{index + 1:06d}",
            prompt=prompt.label,
        )
        for index, prompt in enumerate(prompts)
    ]
    return Run(
        run_id=uuid.uuid4().hex[:12],
        strategy=settings.strategy,
        max_concurrency=settings.max_concurrency,
        stream=settings.stream,
        model=settings.parameters.get("model") or endpoint.model,
        base_url=endpoint.base_url,
        simulated=endpoint.simulated,
        seed=endpoint.seed,
        started_at=0.0,
        calls=calls,
    )


def takes_arguments_of(
    model: Callable[P, object],
) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Give a function the signature of `model`, for help, completion and type checkers."""

    def mark(function: Callable[..., R]) -> Callable[P, R]:
        function.__signature__ = inspect.signature(model)  # type: ignore[attr-defined]
        return function

    return mark
