"""Pick the fault of each request: by its parameters, its number, its prompt, or at random."""

from collections.abc import Collection
from dataclasses import replace

from ..faults.fault import Fault
from ..faults.scripts import EVERY_PROMPT, FaultScript, read_fault, read_script
from ..rng import open_rng
from ..settings import Settings
from .prompts import Prompt


class FaultPicker:
    """Parses the fault scripts of one service, and keeps track of those that have begun."""

    def __init__(self, settings: Settings) -> None:
        self._seed = settings.seed
        self._scripts = {key: read_script(script) for key, script in settings.faults.items()}
        self._shares = [(read_fault(spec), share) for spec, share in settings.fault_shares.items()]
        self._refused = {
            name: _name_parameter(read_fault(spec), name)
            for name, spec in settings.refused_parameters.items()
        }
        self._faults = [
            *(fault for script in self._scripts.values() for fault in _list_faults(script)),
            *(fault for fault, _ in self._shares),
            *self._refused.values(),
        ]
        # By prompt: the rest of a list that was begun by a request with a scripted number.
        self._remaining: dict[str, list[Fault | None]] = {}

    @property
    def may_close_unanswered(self) -> bool:
        """Whether a connection may be closed without a byte of a reply."""
        return any(fault is not None and fault.ends_unanswered for fault in self._faults)

    def pick(
        self, number: int, prompt: Prompt, repeat: int, parameters: Collection[str] = ()
    ) -> Fault | None:
        """Give the fault of a request, if it has one.

        Parameters
        ----------
        parameters
            The names of its parameters that the settings refuse.
        """
        # The first refused parameter decides.
        for name in parameters:
            return self._refused[name]
        script = self._scripts.get(number)
        if isinstance(script, list):
            self._remaining[prompt.key] = list(script)
        elif script is not None:
            return script
        if remaining := self._remaining.get(prompt.key):
            return remaining.pop(0)
        for key in (prompt.text, EVERY_PROMPT):
            if key in self._scripts:
                script = self._scripts[key]
                if not isinstance(script, list):
                    return script
                if repeat < len(script):
                    return script[repeat]
        return self._draw(prompt, repeat) if self._shares else None

    def _draw(self, prompt: Prompt, repeat: int) -> Fault | None:
        drawn = open_rng(self._seed, prompt.key, repeat, "fault").random()
        for fault, share in self._shares:
            drawn -= share
            if drawn < 0:
                return fault
        return None


class FaultQueue:
    """The faults of a script in order: a list ends, a single fault is repeated for ever."""

    def __init__(self, script: FaultScript) -> None:
        self._script = read_script(script)

    def pick_next(self) -> Fault | None:
        """Give the fault of the next request, if it has one."""
        if isinstance(self._script, list):
            return self._script.pop(0) if self._script else None
        return self._script


def _list_faults(script: list[Fault | None] | Fault | None) -> list[Fault | None]:
    return script if isinstance(script, list) else [script]


def _name_parameter(fault: Fault | None, name: str) -> Fault | None:
    """Put the parameter's name into the error of a fault that refuses it."""
    if fault is None:
        return None
    message = fault.message or f"Unknown parameter: {name!r}."
    code = fault.code or "unknown_parameter"
    return replace(fault, argument=fault.argument or name, message=message, code=code, param=name)
