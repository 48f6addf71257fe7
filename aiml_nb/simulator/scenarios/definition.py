"""`Scenario`: named settings, or a function that makes them from an argument."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import SettingsError
from ..settings import Settings

# An additional model in scenarios with reasoning.
_REASONER = "sim-reasoner"


def think(form: str, **changes: Any) -> Settings:
    """Return settings with reasoning before each answer, in a form that servers use."""
    return Settings.from_dict(
        {"models": (_REASONER, *Settings().models), "reasoning": form, **changes}
    )


def read_outage(text: str) -> Settings:
    """Parse the seconds of an outage, as in ``5-7``."""
    begin, _, end = text.partition("-")
    return Settings(outages=((float(begin), float(end)),))


def read_share(text: str) -> float:
    """Parse a share, as in ``10%``."""
    return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)


@dataclass(frozen=True)
class Scenario:
    """Named settings, or a function that makes them from the argument after a colon."""

    name: str
    purpose: str
    settings: Settings | Callable[[str], Settings]
    argument: str = ""

    @property
    def title(self) -> str:
        """Its name, with its default argument."""
        return f"{self.name}:{self.argument}" if self.argument else self.name

    def make(self, title: str) -> Settings:
        """Give the settings of a name, with or without an argument.

        Raises
        ------
        SettingsError
            If it takes no argument, or not this one.
        """
        _, colon, argument = title.partition(":")
        if isinstance(self.settings, Settings):
            if colon:
                raise SettingsError(f"the scenario {self.name!r} takes no argument; not {title!r}.")
            return self.settings
        try:
            return self.settings(argument if colon else self.argument)
        except ValueError as error:
            reason = f": {error}" if isinstance(error, SettingsError) else "."
            raise SettingsError(
                f"the scenario {self.name!r} takes an argument as in {self.title}; "
                f"not {title!r}{reason}"
            ) from None
