"""`Settings` of one simulated service, and their checks; open this to add a setting."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias, get_args, get_origin

from .errors import SettingsError
from .faults.checks import check_refusals, check_scripts, check_shares, copy_script
from .faults.outages import Outage, check_outages
from .faults.scripts import FaultScript, FaultSpec

ProfileName: TypeAlias = Literal["openai", "aimlapi"]
WindowKind: TypeAlias = Literal["fixed", "sliding", "bucket"]
ReasoningForm: TypeAlias = Literal["none", "reasoning_content", "reasoning", "parts"]


def _number(default: Any, least: float, most: float) -> Any:
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How one simulated service behaves; times are seconds at ``speed=1``.

    Parameters
    ----------
    seed
        Decides every answer and every time that is drawn.
    speed
        All times are divided by it.
    models
        The models that exist; the first one is the default.
    first_token_time
        Median of the time from the start of a call to its first token, which is log-normal.
    first_token_spread
        Standard deviation of the logarithm of that time.
    prompt_token_time
        Added to it for each token of the prompt.
    token_time
        Median of the time between two tokens of an answer, drawn once a call.
    token_time_spread
        Standard deviation of the logarithm of that time.
    shortest_answer, longest_answer
        Bounds of the length drawn for a made-up answer, in tokens.
    reasoning
        Where the thoughts before each answer are: in a field ``reasoning_content`` (DeepSeek,
        llama.cpp) or ``reasoning`` (OpenRouter, vLLM) beside its text, or with it in a list of
        ``parts`` (Mistral). ``none``: it does not think.
    shortest_reasoning, longest_reasoning
        Bounds of the length drawn for the thoughts, in tokens.
    endless_reasoning_share
        The share of choices that think until ``max_tokens`` (or four times `longest_reasoning`)
        are used up, and never come to their text.
    misfit_share
        The share of answers in JSON that do not fit their schema: broken off, words instead, a
        member missing or of another type, a comma too many. A repeat is drawn anew.
    always_calls_tools
        A question calls all tools that it is given, not only those it names: see
        `aiml_nb.simulator.model.tools`.
    capacity
        The calls served at one moment; the others wait their turn, first come, first served.
        ``None`` sets no limit.
    queue
        The calls that may wait; more are turned away with status 503. ``None`` sets no limit.
    slow_down
        Added to all times of a call for each other one in the service when it arrives, as a
        share: 0.1 makes a call among ten others twice as long.
    straggler_share, straggler_factor
        The share of calls that take so many times as long.
    concurrency
        The calls that may be in the service, served or waiting; more are turned away with a bare
        status 429. ``None`` sets no limit.
    requests_per_minute, tokens_per_minute, window
        Limits, and how they are counted: ``fixed`` from one full minute to the next, ``sliding``
        over the minute before each moment, ``bucket`` refilled evenly. A call's tokens are those
        of its prompt and its answer. A call that does not fit gets status 429 and, with the
        profile ``openai``, headers that say when to come back. ``None`` sets no limit.
    outages
        Spans of seconds in which the service is away, counted from its first chat completion:
        ``[(5, 7)]``. Started by hand, `serve` then closes its socket, so that connections are
        refused; a service in a child process, which shares its socket with others, resets them.
        What is on its way when an outage begins is reset.
    profile
        Whose headers and error bodies are sent: ``openai`` or ``aimlapi``.
    accepts_anything
        Models and stored completions that were never made exist too, as clients' own tests need.
    sends_role_at_once
        A stream begins with a chunk that holds the role and no text. True sends it as soon as the
        call is served, false together with the first token.
    faults
        What goes wrong: the number of a chat completion (from 1), the text of its last user
        message, or ``"*"`` for all of them, to a fault, or to several that the repeats of the
        prompt get in turn before all goes well: ``{3: 400, "What is 2+2?": (429, "reset")}``. The
        faults and their forms are listed in `aiml_nb.simulator.faults`.
    fault_shares
        Faults to the share of calls that get them, drawn: ``{503: 0.1, "reset:50%": 0.05}``.
    refused_parameters
        The names of parameters to the fault that each request with one of them gets:
        ``{"stream_options": 400}``. The refusal names it.
    models_faults
        The fault of each request for the models, or a list of those of the first ones.

    Raises
    ------
    SettingsError
        If a value is outside its range.
    """

    seed: int = _number(0, 0, 2**63 - 1)
    speed: float = _number(1.0, 0.01, 10_000)
    models: tuple[str, ...] = ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "o4-mini")
    first_token_time: float = _number(0.4, 0, 600)
    first_token_spread: float = _number(0.35, 0, 3)
    prompt_token_time: float = _number(0.0002, 0, 1)
    token_time: float = _number(0.02, 0, 60)
    token_time_spread: float = _number(0.1, 0, 3)
    shortest_answer: int = _number(30, 1, 100_000)
    longest_answer: int = _number(110, 1, 100_000)
    reasoning: ReasoningForm = "none"
    shortest_reasoning: int = _number(40, 1, 20_000)
    longest_reasoning: int = _number(160, 1, 20_000)
    endless_reasoning_share: float = _number(0.0, 0, 1)
    misfit_share: float = _number(0.0, 0, 1)
    always_calls_tools: bool = False
    capacity: int | None = _number(None, 1, 100_000)
    queue: int | None = _number(None, 0, 1_000_000)
    slow_down: float = _number(0.0, 0, 100)
    straggler_share: float = _number(0.0, 0, 1)
    straggler_factor: float = _number(10.0, 1, 1000)
    concurrency: int | None = _number(None, 1, 100_000)
    requests_per_minute: int | None = _number(None, 1, 1_000_000_000)
    tokens_per_minute: int | None = _number(None, 1, 1_000_000_000)
    window: WindowKind = "sliding"
    outages: tuple[Outage, ...] = ()
    profile: ProfileName = "openai"
    accepts_anything: bool = False
    sends_role_at_once: bool = False
    faults: Mapping[int | str, FaultScript] = field(default_factory=dict, hash=False)
    fault_shares: Mapping[int | str, float] = field(default_factory=dict, hash=False)
    refused_parameters: Mapping[str, FaultSpec] = field(default_factory=dict, hash=False)
    models_faults: FaultScript = field(default=(), hash=False)

    def __post_init__(self) -> None:
        for setting in dataclasses.fields(self):
            if setting.metadata:
                _check_range(setting, getattr(self, setting.name))
            elif setting.type is bool or get_origin(setting.type) is Literal:
                _check_choice(setting, getattr(self, setting.name))
        for what in ("answer", "reasoning"):
            shortest = getattr(self, f"shortest_{what}")
            longest = getattr(self, f"longest_{what}")
            if longest < shortest:
                raise SettingsError(
                    f"longest_{what} must be at least shortest_{what} ({shortest}); not {longest}."
                )
        # Tuples and copies, so that the caller's lists and dictionaries can change later. The
        # dataclass is frozen, hence object.__setattr__.
        object.__setattr__(self, "models", _check_models(self.models))
        object.__setattr__(self, "outages", check_outages(self.outages))
        object.__setattr__(self, "faults", check_scripts(self.faults))
        object.__setattr__(self, "fault_shares", check_shares(self.fault_shares))
        refused = check_refusals(self.refused_parameters)
        object.__setattr__(self, "refused_parameters", refused)
        object.__setattr__(self, "models_faults", copy_script(self.models_faults))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Settings":
        """Build settings from what `to_dict` or a JSON file gives.

        Raises
        ------
        SettingsError
            If a name is unknown or a value is outside its range.
        """
        known = [setting.name for setting in dataclasses.fields(cls)]
        for name in values:
            if name not in known:
                raise SettingsError(_explain_unknown(name, known))
        given = dict(values)
        if isinstance(given.get("faults"), Mapping):
            # JSON keys are strings: digits alone mean the number of a request.
            given["faults"] = {
                int(key) if isinstance(key, str) and key.isdecimal() else key: script
                for key, script in given["faults"].items()
            }
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """Give the settings as a dictionary that JSON can hold."""
        values = {setting.name: getattr(self, setting.name) for setting in dataclasses.fields(self)}
        values["models"] = list(self.models)
        values["faults"] = {
            str(key): list(script) if isinstance(script, tuple) else script
            for key, script in self.faults.items()
        }
        return values


def _explain_unknown(name: str, known: Sequence[str]) -> str:
    """Return the setting that was most likely meant, else all of them."""
    said = f"{name!r} is not a setting of the simulator"
    near = get_close_matches(str(name).lower().replace("-", "_"), known, n=1, cutoff=0.8)
    if near:
        return f"{said}: did you mean {near[0]!r}?"
    return f'{said}; they are {", ".join(known)}. As an example: {{"requests_per_minute": 500}}'


def _check_range(setting: "dataclasses.Field[Any]", value: Any) -> None:
    least, most = setting.metadata["least"], setting.metadata["most"]
    if value is None and setting.default is None:
        return
    kinds = (int,) if setting.type in (int, int | None) else (int, float)
    allowed = isinstance(value, kinds) and not isinstance(value, bool)
    if not (allowed and math.isfinite(value) and least <= value <= most):
        kind = "a whole number" if kinds == (int,) else "a number"
        optional = " or None" if setting.default is None else ""
        raise SettingsError(
            f"{setting.name} must be {kind} from {least} to {most}{optional}; not {value!r}.",
            setting=setting.name,
        )


def _check_choice(setting: "dataclasses.Field[Any]", value: Any) -> None:
    choices = (False, True) if setting.type is bool else get_args(setting.type)
    if type(value) is not type(setting.default) or value not in choices:
        known = " or ".join(map(repr, choices))
        raise SettingsError(f"{setting.name} must be {known}; not {value!r}.")


def _check_models(models: Any) -> tuple[str, ...]:
    if isinstance(models, str) or not isinstance(models, Sequence) or not models:
        raise SettingsError(
            f"models must be a list of at least one name, such as ['gpt-4o']; not {models!r}."
        )
    for name in models:
        if not isinstance(name, str) or not name.strip():
            raise SettingsError(f"models must be names; {name!r} is not one.")
    return tuple(models)
