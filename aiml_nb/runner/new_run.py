"""The records of a run before its first call."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..endpoint import Endpoint
from ..prompts import Prompt
from ..records import SKIPPED, Call, Run
from .functions.function import Function
from .options import RunOptions, recordable_parameters

if TYPE_CHECKING:
    from .texts import RunTexts


def name_call(prompt: Prompt, number: int) -> str:
    """Return the prompt's ``custom_id``, or the default name of the `number`-th, from 1."""
    return prompt.custom_id or f"call-{number:06d}"


def build_run(
    prompts: Sequence[Prompt],
    endpoint: Endpoint | Function,
    options: RunOptions,
    texts: RunTexts | None = None,
) -> Run:
    """Return a run with an empty record for each prompt.

    Parameters
    ----------
    texts
        Where its texts are, if its records do not hold them.
    """
    api = "function" if isinstance(endpoint, Function) else options.api
    return Run(
        run_id=uuid.uuid4().hex[:12],
        strategy=options.strategy,
        max_concurrency=options.max_concurrency,
        stream=options.stream,
        model=options.parameters.get("model") or endpoint.model,
        base_url=endpoint.base_url,
        simulated=endpoint.simulated,
        seed=endpoint.seed,
        service=_describe_simulator(endpoint),
        started_at=0.0,  # set by `CallRunner.submit`
        calls=_whole_calls(prompts, endpoint, api) if texts is None else texts.calls(api),
        parameters=for_record(
            {n: v for n, v in options.parameters.items() if n != "model"}, endpoint
        ),
    )


def _whole_calls(prompts: Sequence[Prompt], endpoint: Endpoint | Function, api: str) -> list[Call]:
    return [
        Call(
            index=index,
            custom_id=name_call(prompt, index + 1),
            prompt=prompt.label,
            parameters=for_record(prompt.parameters, endpoint),
            api=api,
            row=prompt.row,
            error_type=SKIPPED if prompt.problem else None,
            error=prompt.problem,
        )
        for index, prompt in enumerate(prompts)
    ]


def for_record(parameters: dict[str, Any], endpoint: Endpoint | Function) -> Any:
    """Return parameters for a record: converted to JSON, and without the API key."""
    kept = recordable_parameters(parameters)
    return endpoint.key.redact_all(_as_json(kept)) if kept else kept


def _as_json(kept: dict[str, Any]) -> dict[str, Any]:
    if all(type(value) in _SCALARS for value in kept.values()):  # the usual case: no copy needed
        return kept
    try:
        return json.loads(json.dumps(kept, default=repr))  # type: ignore[no-any-return]
    except (TypeError, ValueError, RecursionError):
        # A record must exist whatever the user passed; the request itself will fail later.
        return {name: repr(value) for name, value in kept.items()}


_SCALARS = {str, int, float, bool, type(None)}


def _describe_simulator(endpoint: Endpoint | Function) -> str:
    if not endpoint.simulated:
        return ""
    settings = {"scenario": "faq"} | endpoint.simulator_settings
    return ", ".join(f"{name}={settings[name]}" for name in sorted(settings) if name != "seed")
