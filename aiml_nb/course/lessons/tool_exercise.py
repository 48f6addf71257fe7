"""Exercise 10.4: the tool calls of a message, all at the same time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

from ..engine.exercises import Exercise, NotYet, require
from ..engine.expect import expect_function, expect_list
from ..engine.explain import innermost
from ..engine.prepared import Prepared, is_unawaited
from ..engine.watched_task import watch_task


class _Tools:
    """Functions for a model, which record what they were called with and how many at once."""

    def __init__(self) -> None:
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.under_way = self.most = 0
        self.prepared = Prepared()

    def get_weather(self, city: str) -> Coroutine[Any, Any, str]:
        """Take longer the earlier the city comes in the alphabet."""
        return self.prepared.keep(self._get_weather(city), "get_weather")

    def add(self, a: int, b: int) -> Coroutine[Any, Any, int]:
        return self.prepared.keep(self._add(a, b), "add")

    def find(self, text: str, exact: bool, after: str | None) -> Coroutine[Any, Any, str]:
        return self.prepared.keep(self._find(text, exact, after), "find")

    async def _get_weather(self, city: str) -> str:
        await self._take("get_weather", {"city": city}, 0.12 if str(city) < "M" else 0.03)
        return f"sunny in {city}"

    async def _add(self, a: int, b: int) -> int:
        await self._take("add", {"a": a, "b": b}, 0.06)
        return a + b

    async def _find(self, text: str, exact: bool, after: str | None) -> str:
        await self._take("find", {"text": text, "exact": exact, "after": after}, 0.02)
        return f"{text}: {exact}, {after}"

    async def _take(self, name: str, arguments: dict[str, Any], seconds: float) -> None:
        self.called.append((name, arguments))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(seconds)
        self.under_way -= 1

    @property
    def functions(self) -> dict[str, Any]:
        return {"get_weather": self.get_weather, "add": self.add, "find": self.find}


# Name and arguments of each call, and what it gives.
_Call = tuple[str, dict[str, Any], str]
_CASES: tuple[tuple[_Call, ...], ...] = (
    (
        ("get_weather", {"city": "Lima"}, "sunny in Lima"),
        ("add", {"a": 2, "b": 3}, "5"),
        ("get_weather", {"city": "Paris"}, "sunny in Paris"),
    ),
    (("get_weather", {"city": "Rome"}, "sunny in Rome"),),
    # What JSON writes in another way than Python.
    (("find", {"text": "tea", "exact": True, "after": None}, "tea: True, None"),),
    (),
)


def check_run_tools(run_tools: object) -> str:
    """Try three calls of two functions, one call, and none."""
    function = expect_function(run_tools, "run_tools")
    for case in _CASES:
        tools = _Tools()
        calls = [_make_call(number, *each) for number, each in enumerate(case)]
        ending = watch_task(
            lambda: function(calls, tools.functions),  # noqa: B023
            tools.prepared,
        )
        if ending.error is not None:
            _explain(ending.error)
        found = ending.value
        for each in found if isinstance(found, list | tuple) else ():
            require(
                not is_unawaited(each),
                "a message is still to be awaited. Await all of them with one gather.",
            )
        _require_called(tools, case)
        _require_messages(expect_list(found, "a message for each call"), case)
    return "All functions at the same time, and each result has the id of its call."


def _make_call(number: int, name: str, arguments: dict[str, Any], result: str) -> Any:
    return SimpleNamespace(
        id=f"call_{number + 1}_{result[:3].strip()}",
        type="function",
        function=SimpleNamespace(name=name, arguments=json.dumps(arguments)),
    )


def _explain(group: BaseException) -> None:
    error = innermost(group)
    said = str(error)
    if "mapping" in said:
        raise NotYet(
            "the arguments are a text. json.loads makes a dictionary of it, and ** hands it over."
        )
    if isinstance(error, AttributeError) and "SimpleNamespace" in said:
        raise NotYet(
            f"a call has no attribute {error.name!r}: it has an id and a function, and that has a "
            "name and arguments, as in call.function.name."
        )
    if getattr(error, "name", "") in ("true", "false", "null") or "malformed node" in said:
        raise NotYet(
            "the arguments are JSON, and no Python: JSON writes true and null. json.loads reads "
            "it. eval would even carry out whatever a model writes."
        )
    if "unexpected keyword" in said:
        raise NotYet(
            "a function got the arguments of another one. Each call names its function: "
            "functions[call.function.name]."
        )
    if "positional argument" in said:
        raise NotYet(
            "a function got its arguments in one piece. Two stars hand over each by its name: "
            "**arguments."
        )
    raise group


def _require_called(tools: _Tools, case: tuple[_Call, ...]) -> None:
    wanted = [(name, arguments) for name, arguments, _ in case]
    require(
        not tools.prepared.forgotten,
        "a function was called, and never awaited: calling it only prepares the work. Await what "
        "it gives.",
    )
    require(
        len(tools.called) >= len(wanted),
        f"{len(tools.called)} of {len(wanted)} functions were called. Carry out each call.",
    )
    require(
        sorted(map(str, tools.called)) == sorted(map(str, wanted)),
        f"the calls asked for {wanted!r:.90}, and called were {tools.called!r:.90}.",
    )
    require(
        tools.most == len(wanted),
        f"at most {tools.most} of {len(wanted)} functions were under way at once: each was awaited "
        "before the next one began. Start all, and await them with one gather.",
    )


def _require_messages(found: list[Any], case: tuple[_Call, ...]) -> None:
    require(
        len(found) == len(case), f"it gave {len(found)} messages for {len(case)} calls. One each."
    )
    for number, (message, (name, arguments, result)) in enumerate(zip(found, case, strict=True)):
        call = _make_call(number, name, arguments, result)
        said = f"for the call {call.id} it gave {message!r:.90}"
        require(isinstance(message, dict), f"{said}. A message is a dictionary.")
        for member, wanted in (("role", "tool"), ("tool_call_id", call.id)):
            require(
                message.get(member) == wanted,
                f"{said}. Its {member!r} is to be {wanted!r}, in the order of the calls.",
            )
        require("content" in message, f"{said}. Its 'content' is what came of the call.")
        require(
            isinstance(message["content"], str),
            f"{said}. A content is a text: make one of the result, with str or json.dumps.",
        )
        require(
            result in message["content"], f"{said}. Its content is to be what came of it: {result}."
        )


EXERCISE = Exercise(
    check_run_tools,
    hints=(
        "Write it for one call first, in an inner coroutine: arguments, function, message.",
        "json.loads(call.function.arguments) is a dictionary; functions[call.function.name] is the "
        "function. Await  function(**arguments).",
        "The message is {'role': 'tool', 'tool_call_id': call.id, 'content': str(result)}. Then "
        "return await asyncio.gather(*(run_one(call) for call in calls)).",
    ),
)
