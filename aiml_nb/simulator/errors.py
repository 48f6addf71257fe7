"""The exceptions the simulator raises.

::

    SimulatorError
    └── SettingsError   a setting outside its range, an unknown setting or scenario
"""


class SimulatorError(Exception):
    """Catch this one to catch everything the simulator raises."""


class SettingsError(SimulatorError, ValueError):
    """A setting cannot be used; the message gives the allowed range.

    Parameters
    ----------
    setting
        The setting whose name the message begins with, for those who call it otherwise.
    """

    def __init__(self, message: str, *, setting: str | None = None) -> None:
        super().__init__(message)
        self.setting = setting
