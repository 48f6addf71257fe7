"""The usual ``try: asyncio.run(main()) / except RuntimeError: run_until_complete(main())``.

It is meant for the RuntimeError of a loop that is already running. It also catches what main()
raises itself, and would then make, and pay for, every call of main() a second time.
"""

from __future__ import annotations

from collections.abc import Coroutine
from types import CodeType
from typing import Any


def remember(error: RuntimeError, coro: Coroutine[Any, Any, Any]) -> None:
    """Mark `error` as raised by a run of `coro`."""
    vars(error)["aiml_nb_ran"] = _code_of(coro)


def refuse_second_run(coro: Coroutine[Any, Any, Any], handled: BaseException | None) -> None:
    """Raise the error being handled again if it comes from a run of the same function.

    Then ``asyncio.run`` was called from an ``except RuntimeError`` meant for another error.
    """
    if isinstance(handled, RuntimeError) and vars(handled).get("aiml_nb_ran") is _code_of(coro):
        coro.close()
        handled.add_note("It was raised inside the coroutine, which was not run a second time.")
        raise handled


def _code_of(coro: Coroutine[Any, Any, Any]) -> CodeType | Coroutine[Any, Any, Any]:
    code: CodeType | Coroutine[Any, Any, Any] = getattr(coro, "cr_code", coro)
    return code
