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

from collections.abc import Iterator
from contextlib import contextmanager

from .messages import Message
from .printable import printable


class AimlNbError(Exception):
    """Catch this one to catch all of ours."""

    def __init__(self, *parts: object) -> None:
        # Our messages quote names of files and models, and servers: none may control a terminal.
        super().__init__(*map(_make_printable, parts))


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


def _make_printable(part: object) -> object:
    if isinstance(part, Message):
        return part.map(printable)
    return printable(part) if isinstance(part, str) else part


@contextmanager
def without_context() -> Iterator[None]:
    """Remove cause and context from our own errors.

    In nested event loops the context is an exception of some earlier call, and a traceback would
    show it together with variables that hold the server's words.
    """
    try:
        yield
    except AimlNbError as error:
        error.__cause__ = error.__context__ = None
        raise
