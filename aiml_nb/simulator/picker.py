"""Picks the fault of each request: by its number, its prompt, or a lot."""

from .draws import open_draws
from .fault import Fault
from .prompts import Prompt
from .scripts import EVERY_PROMPT, read_fault, read_script
from .settings import Settings


class FaultPicker:
    """Reads the scripts of one service once, and remembers which of them have begun."""

    def __init__(self, settings: Settings) -> None:
        self._seed = settings.seed
        self._scripts = {key: read_script(script) for key, script in settings.faults.items()}
        self._shares = [(read_fault(spec), share) for spec, share in settings.fault_shares.items()]
        # What a prompt still gets because a request with its number began a list.
        self._begun: dict[str, list[Fault | None]] = {}

    def pick(self, number: int, prompt: Prompt, repeat: int) -> Fault | None:
        """Give the fault of a request, if it has one."""
        script = self._scripts.get(number)
        if isinstance(script, list):
            self._begun[prompt.key] = list(script)
        elif script is not None:
            return script
        if begun := self._begun.get(prompt.key):
            return begun.pop(0)
        for key in (prompt.text, EVERY_PROMPT):
            if key in self._scripts:
                script = self._scripts[key]
                if not isinstance(script, list):
                    return script
                if repeat < len(script):
                    return script[repeat]
        return self._draw(prompt, repeat) if self._shares else None

    def _draw(self, prompt: Prompt, repeat: int) -> Fault | None:
        lot = open_draws(self._seed, prompt.key, repeat, "fault").random()
        for fault, share in self._shares:
            lot -= share
            if lot < 0:
                return fault
        return None
