"""A function in the place of an endpoint: what it is, and whether it can be called with an item."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ...endpoint import Endpoint
from ...endpoint.keys import ApiKey
from ...printable import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of the user's own, with what the plan of a run asks of an endpoint.

    Parameters
    ----------
    call
        The function; it takes an item.
    name
        What it is called, where the model's name would stand.
    is_async
        It is an ``async def``, or something around one; else only what it returns can tell.
    is_chosen
        The strategy was named by the user, and not chosen by the function: one that blocks awaits
        nothing, and another one takes nothing that blocks.
    """

    call: Callable[[Any], Any]
    name: str
    is_async: bool
    is_chosen: bool = False
    key: ApiKey = field(default_factory=lambda: ApiKey("", source="a function"), repr=False)

    base_url = ""
    simulated = False
    seed = None
    may_cost = False
    reports_cost = False

    @property
    def model(self) -> str:
        """The function's name."""
        return self.name

    @property
    def code(self) -> str | None:
        """A digest of its source, which tells later whether it was edited; None if there is none.

        What it calls is not part of it.
        """
        try:
            source = inspect.getsource(_inner(self.call))
        except (OSError, TypeError):  # typed in where no source is kept, or an object
            return None
        return hashlib.blake2b(source.encode(), digest_size=8).hexdigest()

    @property
    def simulator_settings(self) -> dict[str, Any]:
        """What a simulator was asked for: nothing."""
        return {}


def find_target(endpoint: object) -> Endpoint | Function | None:
    """Return where the calls of a run go: an endpoint, a function, or None for the default.

    Raises
    ------
    TypeError
        If it is neither, or a function that cannot be called with one item.
    """
    if endpoint is None or isinstance(endpoint, Endpoint | Function):
        return endpoint
    _refuse_what_was_called(endpoint)
    if not callable(endpoint):
        raise TypeError(
            "endpoint must be what connect() returns, or a function that takes an item, not "
            f"{type(endpoint).__name__}. Write endpoint = aiml_nb.connect(), or the function's "
            "name without brackets."
        )
    name = name_of(endpoint)
    _refuse_kinds(endpoint, name)
    _check_arguments(endpoint, name)
    return Function(call=endpoint, name=name, is_async=is_async(endpoint))


def is_async(function: object) -> bool:
    """Say whether a function is known to be async before it is called.

    Partial functions, methods, objects with ``async def __call__`` and what `functools.wraps` has
    put around one are.
    """
    if inspect.iscoroutinefunction(function):
        return True
    inner = _inner(function)
    if inspect.isfunction(inner) or inspect.ismethod(inner):
        return inspect.iscoroutinefunction(inspect.unwrap(inner))
    return inspect.iscoroutinefunction(_called(inner))


def may_be_async(function: object) -> bool:
    """Say whether what a function returns may have to be awaited: if it is no plain ``def``.

    A plain one is that which names no async function.
    """
    inner = _inner(function)
    inner = inner.__func__ if inspect.ismethod(inner) else inner
    if not inspect.isfunction(inner) or hasattr(inner, "__wrapped__"):
        return True
    returns = str(inner.__annotations__.get("return", ""))
    if any(word in returns for word in ("Awaitable", "Coroutine", "Future", "Task")):
        return True
    if inner.__name__ == "<lambda>":
        return True
    try:
        names = inspect.getclosurevars(inner)
    except (TypeError, ValueError):
        return True
    used = [*names.globals.values(), *names.nonlocals.values()]
    if any(is_async(each) for each in used if callable(each)):
        return True
    return any(
        inspect.iscoroutinefunction(inspect.getattr_static(each, name, None))
        for each in used
        for name in names.unbound
    )


def name_of(function: object) -> str:
    """Return what a function is called, an object's class by its name."""
    inner = _inner(function)
    name = getattr(inner, "__qualname__", None) or getattr(inner, "__name__", None)
    if not isinstance(name, str):
        name = type(inner).__name__
    name = name.rpartition("<locals>.")[2]
    return printable("lambda" if name.endswith("<lambda>") else name)[:60]


def _inner(function: object) -> Any:
    while isinstance(function, partial):
        function = function.func
    return function


def _called(function: Any) -> Any:
    """Return what runs when a function, or an object, is called."""
    if inspect.isroutine(function):
        return function
    return getattr(type(function), "__call__", None)  # noqa: B004  an object of any class


def _refuse_what_was_called(given: object) -> None:
    """Raise TypeError for what a function returned, in the place of the function."""
    kinds: dict[str, Callable[[object], bool]] = {
        "a coroutine": inspect.iscoroutine,
        "an async generator": inspect.isasyncgen,
        "a generator": inspect.isgenerator,
        "a future": inspect.isawaitable,
    }
    kind = next((name for name, is_it in kinds.items() if is_it(given)), None)
    if kind is None:
        return
    name = getattr(given, "__name__", None) or "function"
    if inspect.iscoroutine(given):
        given.close()  # else Python warns that nobody has awaited it
    raise TypeError(
        f"endpoint is {kind}, which calling {name} gave, and the function itself is expected: it "
        f"is called once for each item. Write run(items, {name}), without brackets after it."
    )


def _refuse_kinds(given: object, name: str) -> None:
    """Raise TypeError for what can be called but does no work when it is."""
    inner = _inner(given)
    if inspect.isclass(inner):
        raise TypeError(
            f"{name} is a class, and a function that takes an item is expected. Write "
            f"run(items, lambda item: {name}(item))."
        )
    if hasattr(inner, "cache_info") and is_async(getattr(inner, "__wrapped__", None)):
        raise TypeError(
            f"{name} is async, and functools caches its coroutine, which can be awaited only once. "
            "Take the cache away; with journal='name', what is answered is not asked again."
        )
    called = _called(inner)
    if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
        raise TypeError(
            f"{name} is a generator function: to call it does nothing yet. Have it return what it "
            "yields, as a list for example: write return in the place of yield."
        )


def _check_arguments(given: Callable[..., Any], name: str) -> None:
    """Raise TypeError if the function cannot be called with one argument."""
    try:
        signature = inspect.signature(given)
    except (TypeError, ValueError):  # some of Python's own do not tell
        return
    try:
        signature.bind(object())
    except TypeError as error:
        raise TypeError(
            f"{name}{signature} cannot be called with one argument, the item ({error}). Write "
            f"{_advise(given, name, signature)} and give that."
        ) from None


def _advise(given: object, name: str, signature: inspect.Signature) -> str:
    """Return what can be called with one argument, in place of what cannot."""
    owner, _, short = name.rpartition(".")
    wanted = [
        each
        for each in signature.parameters.values()
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if name == "lambda":
        return "lambda item: …"
    if not wanted:
        return f"def {short}({'self, ' if inspect.ismethod(_inner(given)) else ''}item): …"
    if owner and wanted[0].name == "self":
        return f"{owner}(…).{short}, the method of an object,"
    named = [
        each.name if each.kind is not each.KEYWORD_ONLY else f"{each.name}=…" for each in wanted
    ]
    first = wanted[0].kind is wanted[0].KEYWORD_ONLY
    named[0] = f"{wanted[0].name}=item" if first else "item"
    return f"lambda item: {name}({', '.join(named)})"
