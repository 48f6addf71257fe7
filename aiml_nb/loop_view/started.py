"""How a task came to be: which call of asyncio's made it, for which line of the user's."""

from __future__ import annotations

import re
import reprlib
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ..watching.blocked import is_users
from .await_chain import code_of
from .lines import Place
from .wakers import outside_asyncio

_MAX_NAME = 24
_MAX_LABEL = 70
_PLAIN = (str, int, float, bool, type(None))
# What is called, from the innermost; the outermost of these is what the user has written.
_CALLS = {
    "create_task": "create_task",
    "ensure_future": "ensure_future",
    "run_coroutine_threadsafe": "run_coroutine_threadsafe",
    "wait_for": "wait_for",
    "as_completed": "as_completed",
    "gather": "gather",
    "shield": "shield",
}


class Started(NamedTuple):
    """What is known of a task when it is made.

    Parameters
    ----------
    first_word
        The first of its arguments, if it is a short text.
    is_telling
        The label is short, and its arguments are numbers and texts.
    place
        The line of the user's that made it.
    is_own
        Its coroutine is the user's, or it was made by the user's code.
    """

    by: int | None
    how: str
    function: str
    label: str
    first_word: str
    is_telling: bool
    code: CodeType | None
    place: Place | None
    is_own: bool


def see_start(task: Any, frame: FrameType, *, by: int | None, is_root: bool) -> Started:
    """See how a task is made, from the stack of the call that makes it.

    Parameters
    ----------
    by
        The task that makes it.
    is_root
        It is one of those that are to be shown.
    """
    coroutine = task.get_coro()
    code = code_of(coroutine)
    function = getattr(coroutine, "__name__", type(coroutine).__name__)
    arguments = _read_arguments(coroutine, code)
    caller = outside_asyncio(frame)
    how, is_public = _find_call(frame, caller)
    is_called_by_user = is_public and caller is not None and is_users(caller.f_code)
    by_user: FrameType | None = caller
    while by_user is not None and not is_users(by_user.f_code):
        by_user = by_user.f_back
    label = f"{function}({', '.join(map(SHORT.repr, arguments))})"[:_MAX_LABEL]
    is_plain = bool(arguments) and all(isinstance(each, _PLAIN) for each in arguments)
    return Started(
        by=by,
        how="LoopView" if is_root else how,
        function=function,
        label=label,
        first_word=_first_word(arguments),
        is_telling=is_plain and len(label) <= _MAX_NAME,
        code=code if code is not None and is_users(code) else None,
        place=(by_user.f_code, by_user.f_lineno) if by_user and not is_root else None,
        is_own=(code is not None and is_users(code)) or is_called_by_user or is_root,
    )


def name_tasks(found: list[tuple[str, Started]]) -> list[str]:
    """Return a short name for each task, all of them different.

    Parameters
    ----------
    found
        The name that each has in asyncio, and how it was started.
    """
    # Of a function's tasks all are named by their first word, or none: they are one of a kind.
    others = {each.function for name, each in found if _is_pythons(name) and not each.first_word}
    names = [_choose_name(*each, by_word=each[1].function not in others) for each in found]
    numbers: dict[str, int] = {}
    for name in names:
        numbers[name] = numbers.get(name, 0) + 1
    several = {name for name, number in numbers.items() if number > 1}
    numbers.clear()
    for place, name in enumerate(names):
        if name in several:
            numbers[name] = numbers.get(name, 0) + 1
            names[place] = f"{name} {numbers[name]}"
    return names


def _is_pythons(name: str) -> bool:
    """Tell whether a task has the name that asyncio gives to one without a name."""
    return re.fullmatch(r"Task-\d+", name) is not None


def _choose_name(name: str, started: Started, *, by_word: bool) -> str:
    if not _is_pythons(name):
        # Libraries name them by the whole path of a function.
        return (name if started.is_own else name.rpartition(".")[2])[:_MAX_NAME]
    if started.first_word and by_word:
        return started.first_word
    return started.label if started.is_telling else started.function


def _find_call(frame: FrameType | None, caller: FrameType | None) -> tuple[str, bool]:
    """Return which function of asyncio's makes a task, and if that is what it is there for."""
    how, is_public = "create_task", True
    while frame is not None and frame is not caller:
        code = frame.f_code
        if code.co_qualname == "TaskGroup.create_task":
            how = "TaskGroup"
        elif code.co_name == "gather":
            how = f"gather of {len(frame.f_locals.get('coros_or_futures', ()))}"
        elif "_AsCompletedIterator" in code.co_qualname:
            how = "as_completed"
        else:
            is_public = code.co_name in _CALLS
            how = _CALLS.get(code.co_name, how)
        frame = frame.f_back
    return how, is_public


def _read_arguments(coroutine: Any, code: CodeType | None) -> list[Any]:
    """Return what a coroutine was called with; nothing if it has been started already."""
    frame = getattr(coroutine, "cr_frame", None)
    if frame is None or code is None or (frame.f_lasti > 0 and coroutine.cr_await is not None):
        return []
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)
    values = frame.f_locals
    names = [name for name in code.co_varnames[:count] if name in values]
    if names[:1] in (["self"], ["cls"]):
        del names[0]
    found: list[Any] = []
    for place, name in enumerate(names):
        is_rest = place >= code.co_argcount + code.co_kwonlyargcount
        found.extend(
            values[name] if is_rest and isinstance(values[name], tuple) else [values[name]]
        )
    while found and (found[-1] is None or (isinstance(found[-1], dict) and not found[-1])):
        del found[-1]  # as a rule it was left out
    return found


def _first_word(arguments: list[Any]) -> str:
    first = arguments[0] if arguments else None
    if isinstance(first, str) and 0 < len(first) <= _MAX_NAME and first.isprintable():
        return first
    return ""


class _ShortRepr(reprlib.Repr):
    """Writes values of Python's own types; of others only what they are: no code of theirs runs."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 40
        self.maxlevel = 3

    def repr_instance(self, x: Any, level: int) -> str:
        """Write what has no rule of its own."""
        if type(x) in (float, bool, complex, bytes, type(None)):
            return repr(x)[: self.maxother]
        if isinstance(x, BaseException):
            return type(x).__name__ + "(…)"
        name = getattr(x, "__name__", None) if isinstance(x, type) or callable(x) else None
        return name if isinstance(name, str) else type(x).__name__


SHORT = _ShortRepr()
