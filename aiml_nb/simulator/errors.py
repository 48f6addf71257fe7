"""The exceptions the simulator raises.

::

    SimulatorError
    └── SettingsError   a setting outside its range, an unknown setting or scenario
"""


class SimulatorError(Exception):
    """Catch this one to catch everything the simulator raises."""


class SettingsError(SimulatorError, ValueError):
    """A setting cannot be used; the message gives the allowed range."""
