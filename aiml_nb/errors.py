"""The exceptions this package raises.

::

    AimlNbError
    ├── EndpointError   where calls go: the address, the key, the provider, the simulator
    ├── LoopError       the event loop cannot do what was asked
    ├── JournalError    a run's journal cannot be written or read
    └── BudgetError     a run would spend more than it may

Bad arguments stay plain ``ValueError`` and ``TypeError``. A failed call is a record, not an
exception.
"""


class AimlNbError(Exception):
    """Catch this one to catch all of ours."""


class EndpointError(AimlNbError):
    """An endpoint cannot be reached or its settings cannot be used."""


class LoopError(AimlNbError):
    """The event loop here cannot run what was asked.

    It is not a ``RuntimeError``: the usual ``except RuntimeError`` around ``asyncio.run`` would
    swallow it and start every call, and pay for it, a second time.
    """


class JournalError(AimlNbError):
    """A journal cannot be written, read, or belongs to another run."""


class BudgetError(AimlNbError):
    """A run's budget does not allow even its first call."""
