"""Explain the errors that learners' code stops with, where Python's own text says too little."""

from __future__ import annotations

import re

_NOT_A_RESULT = (
    "A coroutine is not a result yet: calling an async function only prepares the work, and await "
    "gives what comes of it. (In  await ask(question).upper()  the dot comes first: put brackets "
    "around  await ask(question).)"
)
_STAR = "gather wants the calls one by one: put a star before them,  gather(*calls)."

# A pattern in "Name: text" of an error, and what it means here. The first that matches is used.
_EXPLANATIONS = {
    r"'coroutine' object|not 'coroutine'|type 'coroutine'|coroutine found": _NOT_A_RESULT,
    r"iterable, not coroutine": "ask takes one question. Make a call for each of them, and hand "
    "the list to gather:  gather(*calls).",
    r"unhashable type: '(Run|str|dict)'": "gather got a finished result, and wants something to "
    "await: a function that blocks, such as nb.run, has done its work before gather is reached.",
    r"unhashable type": _STAR,
    r"bad yield": _STAR,
    r"InvalidStateError": "The task is not done yet: a pause of fixed length does not wait for it. "
    "Await the task.",
    r"no running event loop": "That needs a loop: call it in the async def itself, and not in a "
    "thread.",
    r"awaitable is required": "Calls that are ready to start are wanted: write  ask(question)  "
    "without await; of a list of them, put a star before it:  gather(*calls).",
    r"Passing coroutines is forbidden": "asyncio.wait wants tasks: asyncio.create_task(…) makes "
    "one of a call. (gather takes calls.)",
    r"got _GatheringFuture": "gather is awaited: it gives the whole list at once. as_completed "
    "gives one after the other.",
    r"\b(list|tuple|set|dict|map|filter|generator)'?( object)? can't be (used|awaited)": "await "
    "waits for a single thing. Several calls become one with gather:  await "
    "asyncio.gather(*calls).",
    r"\b(method|function|builtin_function_or_method)'?( object)? can't be (used|awaited)": "Its "
    "brackets are missing: only what a function gives when it is called can be awaited.",
    r"can't be (used in 'await' expression|awaited)": "await wants something that can be waited "
    "for, and got a value. Either that was awaited before (wait_for and gather take a call without "
    "await), or a plain function has given it, and has not let anybody else run meanwhile.",
    r"asynchronous context manager": "It is entered with  with, not with  async with.",
    r"context manager protocol": "It is entered with  async with, not with  with.",
    r"different (event )?loop": "It was made for the loop of another cell. Make one of your own "
    "inside the function.",
    r"cannot be called from a running event loop|loop is already running": "Inside an async def a "
    "loop is running: use await.",
    r"'async for' requires": "That is gone through with a plain  for, in which you may await.",
    r"a coroutine was expected": "It wants a call: write brackets behind the function's name.",
    r"positional argument|takes no arguments": "check calls the function with the arguments of its "
    "first line: leave that line as it was given.",
    r"unexpected keyword": "Look at the name of that argument.",
    r"NoneType": "Something there is None: a call that failed, or was never sent, has no times, "
    "no text and no tokens.",
    r"has no attribute": "Look at the name after the dot, and at what stands before the dot.",
    r"unsupported operand|must be str, not|can only concatenate": "The two are not of a kind that "
    "goes together.",
    r"not iterable|not subscriptable": "It is one thing, and the code there takes it for several.",
    r"indices must be integers": "It has no names: [0] is its first item, [1] its second.",
    r"^TimeoutError": "The time was over that your code allows for something.",
    r"^CancelledError": "Something was cancelled that your code awaits.",
    r"not supported between instances": "The two cannot be compared: they are of different kinds.",
    r"StopIteration|StopAsyncIteration": "next found nothing more. Go through it with a loop, "
    "which ends by itself, or give next something for that case:  next(…, None).",
    r"RecursionError": "It calls itself without an end.",
    r"to unpack": "The two sides of the = (or the names after for) have different numbers of "
    "items.",
    r"empty sequence|empty iterable|empty dataset|at least one data point|arg is an empty": "There "
    "was nothing in it. Which case leaves nothing?",
    r"could not convert|invalid literal": "That text is no number.",
    r"JSONDecodeError": "That text is no JSON.",
    r"Futures is empty": "There is nothing to wait for: asyncio.wait wants one task at least.",
    r"AssertionError": "What your assert claimed does not hold.",
    r"IndexError": "There was less in it than your code takes for granted: check tries it with "
    "fewer and with more than the lesson does.",
    r"KeyError": "There is nothing of that name in it.",
    r"ZeroDivisionError": "Which case makes that number 0?",
    r"UnboundLocalError": "It has no value if that line was not reached: give it one before.",
    r"NameError": "A function knows what it is given, and what the cells before it have made.",
    r"not callable": "Brackets call what stands before them, and that is not a function.",
}


def innermost(error: BaseException) -> BaseException:
    """Return the first error of a group, which a TaskGroup raises; else the error itself.

    Parameters
    ----------
    error
        Any.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def explain_error(error: BaseException) -> str:
    """Return what an error means in a learner's answer; empty if Python's text says it.

    Parameters
    ----------
    error
        What the answer stopped with.
    """
    words = f"{type(error).__name__}: {error}"
    return next((why for pattern, why in _EXPLANATIONS.items() if re.search(pattern, words)), "")
