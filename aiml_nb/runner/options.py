"""The options of a run and the checks of each; open this to add or change an option."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ..apis import APIS, CHAT, Api
from ..messages import Message, argument, in_request
from ..suggestions import closest
from ..typed import as_response_format, with_response_format
from .called_api import known_parameters
from .limits.caps import Caps, check_caps
from .limits.estimate import OUTPUT_LIMITS
from .limits.in_flight import effective_limit
from .retries.retry_policy import RETRY_SHARE

BLOCKING = ("sequential", "threads")
STRATEGIES = (
    *BLOCKING,
    *("gather", "as_completed", "task_group", "workers", "batches", "adaptive"),
)

MAX_RETRY_INVALID = 100  # each is paid for
MAX_SECONDS = 1e9  # thirty years; longer waits overflow the timers of some systems


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How one run makes its calls; `run` documents each.

    Parameters
    ----------
    max_concurrency
        The most calls in flight at one moment. Never None: a default has been put in its place.
    caps
        What the run may spend.
    limit_notice
        The line to print if `max_concurrency` was lowered for lack of open files; else None.
    parameters
        Request parameters for every call.
    """

    api: str = CHAT.name
    strategy: str = "gather"
    max_concurrency: int
    stream: bool = False
    timeout: float = 120.0
    run_timeout: float | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    max_attempts: int = 3
    retry_share: float = RETRY_SHARE
    outage: float = 60.0
    retry_invalid: int = 0
    keep_texts: bool = True
    caps: Caps = field(default_factory=Caps)
    journal: Path | None = None
    progress: bool | None = None
    limit_notice: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def blocks(self) -> bool:
        """True if the strategy uses the blocking client."""
        return self.strategy in BLOCKING


# Headers may hold secrets, so they are left out of records and journals.
NOT_RECORDED = {"extra_headers"}

OPTIONS = {each.name for each in fields(RunOptions)} - {"caps", "journal", "parameters"}
OPTIONS -= {"limit_notice"}  # computed here, not an argument of `run`
CAPS = {each.name for each in fields(Caps)}
# Arguments of `run` that are no options.
_OTHERS = {"prompt", "on_bad", "journal", "fresh", "endpoint", "prompts"}
_SETTLED = {"api", "strategy", "max_attempts"}  # which None leaves to us


def recordable_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the request parameters that may be written to records and journals."""
    if NOT_RECORDED.isdisjoint(parameters):
        return parameters
    return {name: value for name, value in parameters.items() if name not in NOT_RECORDED}


def make_options(n_prompts: int, given: dict[str, Any]) -> RunOptions:
    """Check the options of a run and choose its limit of calls in flight.

    Parameters
    ----------
    given
        What `run` was given besides prompts, endpoint and journal.

    Raises
    ------
    BudgetError
        If a cap is below the first call.
    TypeError
        If a request parameter is unknown to the openai client.
    ValueError
        If the strategy is unknown, or a number is out of its range.
    """
    own = {name: given[name] for name in OPTIONS & given.keys()}
    own = {n: each for n, each in own.items() if each is not None or n not in _SETTLED}
    caps = Caps(**{name: given[name] for name in CAPS & given.keys()})
    parameters = with_response_format(
        {n: value for n, value in given.items() if n not in OPTIONS | CAPS}
    )
    strategy = own.get("strategy", "gather")
    check_strategy(strategy)
    check_limit(own.get("max_concurrency"))
    check_limit(own.get("max_attempts"), name="max_attempts")
    for name in ("timeout", "run_timeout", "requests_per_minute", "tokens_per_minute"):
        _check_positive(name, own.get(name, 1))
    _check_range("retry_share", own.get("retry_share", 0), most=10)
    _check_range("outage", own.get("outage", 0), most=MAX_SECONDS)
    _check_retry_invalid(own.get("retry_invalid", 0))
    if not isinstance(own.get("keep_texts", True), bool):
        raise TypeError(f"keep_texts must be True or False; not {own['keep_texts']!r}.")
    api = APIS[own.get("api", CHAT.name)]
    check_parameters(parameters, api=api)
    _check_stream(own.get("stream", False), api)
    check_caps(caps)
    limit, limit_notice = effective_limit(strategy, own.get("max_concurrency"), n_prompts)
    own |= {"max_concurrency": limit, "limit_notice": limit_notice}
    return RunOptions(**own, caps=caps, parameters=parameters)


def _check_positive(name: str, value: object) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if (value is None and name != "timeout") or (number and 0 < value <= MAX_SECONDS):  # type: ignore[operator]
        return
    unit = "seconds" if name.endswith("timeout") else "units"
    raise ValueError(
        argument(name)
        + f" must be a number of {unit} above 0 and at most {MAX_SECONDS:g}; not {value!r}."
    )


def _check_range(name: str, value: object, *, most: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= most:  # type: ignore[operator]
        raise ValueError(argument(name) + f" must be a number from 0 to {most:g}; not {value!r}.")


def _check_retry_invalid(value: object) -> None:
    if type(value) is not int or not 0 <= value <= MAX_RETRY_INVALID:
        raise ValueError(
            argument("retry_invalid")
            + f" must be a whole number from 0 to {MAX_RETRY_INVALID}; not {value!r}. It is how "
            "often an answer is asked for again that does not fit its response_format."
        )


def check_strategy(strategy: object) -> None:
    """Raise ValueError unless `strategy` is one of `STRATEGIES`."""
    if strategy not in STRATEGIES:
        known = ", ".join(map(repr, STRATEGIES))
        raise ValueError(
            argument("strategy") + f" must be one of {known}; not {strategy!r}. "
            "For several calls in flight at once use 'gather'."
        )


def check_limit(value: object, *, name: str = "max_concurrency") -> None:
    """Raise ValueError unless `value` is None or a whole number from 1."""
    if value is None:
        return
    try:
        whole = 0 if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        whole = 0
    if whole < 1:
        raise ValueError(
            argument(name)
            + f" must be a whole number from 1; not {value!r}. Leave it out for the default."
        )


def _check_stream(stream: object, api: Api) -> None:
    if not isinstance(stream, bool):
        raise TypeError(f"stream must be True or False; not {stream!r}.")
    if stream and not api.streams:
        raise ValueError(
            argument("api", repr(api.name)) + " has answers that come as a whole. Leave stream out."
        )


def check_parameters(parameters: dict[str, Any], *, place: str = "run()", api: Api = CHAT) -> None:
    """Raise TypeError if a request parameter is unknown to the openai client, or is ours.

    A number that no server can take raises ValueError.

    Parameters
    ----------
    place
        Names where the parameters come from, for the message.
    api
        The API that the request goes to.
    """
    for name, value in parameters.items():
        if name in {api.member, "stream"}:
            raise TypeError(
                f"{place} has {name!r} among its parameters: it holds for the whole run."
            )
        if name not in known_parameters(api):
            raise TypeError(_explain_unknown(name, place, api))
        if name in {"model", "system"} and value is not None and not isinstance(value, str):
            raise TypeError(f"{place} has {name}={value!r}, which is not text.")
        if name == "response_format" and (api is CHAT or api.has_text_format):
            as_response_format(value, place=place)
        _check_number(name, value, place)
        if name.startswith("extra_") and not isinstance(value, dict | None):
            raise TypeError(f"{place} has {name}={value!r}, which is not a dictionary.")


def _explain_unknown(name: str, place: str, api: Api) -> Message:
    """Return what to write in place of a request parameter that nobody knows."""
    known = known_parameters(api) | (OPTIONS | CAPS | _OTHERS if place == "run()" else set())
    near = closest(name, known)
    said = Message(f"{place} has {name!r}, which the openai client does not know")
    said += f": did you mean {near}? " if near else ". "
    if place != "run()" and near is None:
        said += "If it is a column of your own, write what to ask of each row: "
        said += Message("prompt='… {column}'", "--prompt '… {column}'") + ". "
    said += "To send it all the same write "
    return said + in_request("extra_body", f"{{{name!r}: …}}") + "."


def _check_number(name: str, value: object, place: str) -> None:
    """Refuse numbers that no server accepts and that would break the arithmetic of the budget."""
    if name in OUTPUT_LIMITS and value is not None:
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        kind = None if whole else "a whole number from 1"
    else:
        kind = "a number" if isinstance(value, float) and not math.isfinite(value) else None
    # Two wordings, since an argument of `run` is named differently from a line in a file.
    if kind and place == "run()":
        raise ValueError(argument(name) + f" must be {kind}; not {value!r}.")
    if kind:
        raise ValueError(f"{place} has the {name} {value!r}, which is not {kind}.")
