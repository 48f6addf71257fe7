"""What cannot be run with a function is said before the first item, and with what to type."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import aiml_nb as nb

CALLED: list[Any] = []


def ask(item: Any) -> Any:
    CALLED.append(item)
    return item


async def ask_async(item: Any) -> Any:
    CALLED.append(item)
    return item


@pytest.fixture(autouse=True)
def not_called() -> Iterator[None]:
    """Whatever is refused here is refused before anything is called."""
    CALLED.clear()
    yield
    assert CALLED == []


class TestOptions:
    @pytest.mark.parametrize("function", [ask, ask_async])
    @pytest.mark.parametrize(
        ("name", "value", "advice"),
        [
            ("tokens_per_minute", 9000, "requests_per_minute=60"),
            ("max_total_tokens", 9000, "max_calls=100"),
            ("max_cost", 1.5, "max_calls=100"),
            ("prices", (1, 2), "max_calls=100"),
            (
                "stream",
                True,
                "its requests are made by the function. Leave it out, and write stream",
            ),
            ("api", "responses", "its calls are known only to the function. Leave it out"),
            ("temperature", 0.5, "Use temperature in the function"),
            ("model", "gpt-4o", "Use model in the function"),
            ("system", "Be brief.", "Use system in the function"),
            ("max_tokens", 5, "Use max_tokens in the function"),
            ("response_format", {"type": "json_object"}, "Use response_format in the function"),
            ("extra_headers", {"a": "b"}, "Use extra_headers in the function"),
            ("max_concurency", 3, "Use max_concurency in the function"),
            ("max_workers", 3, "Or did you mean max_concurrency?"),
            ("retries", 3, "Or did you mean max_attempts?"),
        ],
    )
    def test_that_cannot_hold(self, function: Any, name: str, value: Any, advice: str) -> None:
        with pytest.raises(TypeError) as refused:
            nb.run(["Who?"], function, **{name: value})

        told = str(refused.value)
        assert f"{name}=" in told
        assert function.__name__ in told
        assert advice in told

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("max_concurrency", 0),
            ("timeout", -1),
            ("run_timeout", "soon"),
            ("requests_per_minute", 0),
            ("max_attempts", 0),
            ("retry_share", -1),
            ("outage", -1),
            ("strategy", "parallel"),
            ("journal", 5),
        ],
    )
    def test_that_are_wrong_are_refused_as_for_endpoints(self, name: str, value: Any) -> None:
        with pytest.raises(ValueError, match=f"{name} must be"):
            nb.run(["Who?"], ask, **{name: value})

    def test_what_is_as_if_not_given_is_no_obstacle(self) -> None:
        options: dict[str, Any] = {
            "stream": False,
            "tokens_per_minute": None,
            "max_cost": None,
            "strategy": None,
        }

        run = nb.run([1], ask, **options)
        CALLED.clear()

        assert run.results == [1]

    async def test_run_async_and_start_refuse_the_same(self) -> None:
        with pytest.raises(TypeError, match="max_cost=1 cannot hold for ask"):
            await nb.run_async(["Who?"], ask, max_cost=1)
        with pytest.raises(TypeError, match="max_cost=1 cannot hold for ask"):
            nb.start(["Who?"], ask, max_cost=1)


def generate(item: Any) -> Iterator[Any]:
    yield ask(item)


async def generate_async(item: Any) -> Any:
    yield ask(item)


class Walker:
    def __call__(self, item: Any) -> Iterator[Any]:
        yield ask(item)


def pair(one: Any, other: Any) -> Any:
    return ask(one), ask(other)


def named(item: Any, *, model: str) -> Any:
    return ask(item), model


def alone(*, item: Any) -> Any:
    return ask(item)


def nothing() -> Any:
    return ask(1)


class Asker:
    def ask(self, item: Any) -> Any:
        return ask(item)

    def nothing(self) -> Any:
        return ask(1)


class NotCallable:
    pass


FUNCTIONS: dict[str, tuple[Any, str]] = {
    "no argument": (lambda: ask(1), r"cannot be called with one argument, the item"),
    "two arguments": (lambda item, other: ask(item), r"Write lambda item: … and give that"),
    "two arguments of a function": (pair, r"Write lambda item: pair\(item, other\) and give"),
    "keyword-only of a function": (named, r"Write lambda item: named\(item, model=…\) and"),
    "keyword-only alone": (alone, r"Write lambda item: alone\(item=item\) and give that"),
    "no argument of a function": (nothing, r"Write def nothing\(item\): … and give that"),
    "no argument of a method": (Asker().nothing, r"Write def nothing\(self, item\): … and give"),
    "a method of no object": (Asker.ask, r"Write Asker\(…\)\.ask, the method of an object, and"),
    "keyword-only": (functools.partial(lambda *, item: ask(item)), "with one argument"),
    "keyword-only beside it": (lambda item, *, key: ask(item), "with one argument"),
    "filled partial": (functools.partial(ask, 1), "with one argument"),
    "cached coroutines": (functools.cache(ask_async), "ask_async is async, and functools caches"),
    "cached coroutines of a partial": (
        functools.partial(functools.lru_cache(ask_async)),
        "can be awaited only once. Take the cache away",
    ),
    "a class": (str, "str is a class.*lambda item: str"),
    "a class of one's own": (Walker, "Walker is a class"),
    "a partial of a class": (functools.partial(int, base=2), "int is a class"),
    "generator function": (generate, "generate is a generator function.*return"),
    "async generator function": (generate_async, "generate_async is a generator function"),
    "partial generator function": (functools.partial(generate), "is a generator function"),
    "object that yields": (Walker(), "Walker is a generator function"),
    "result": ("42", "must be what connect.* not str.*without brackets"),
    "number": (42, "must be what connect.* not int"),
    "list": ([ask], "not list"),
    "module": (inspect, "not module"),
    "object": (NotCallable(), "not NotCallable"),
    "generator": (generate(1), r"is a generator, which calling generate gave.*run\(items, gen"),
    "async generator": (generate_async(1), "is an async generator"),
}


class TestFunctions:
    def test_that_stand_elsewhere_than_second(self) -> None:
        for arguments, options in (
            ((ask, ["Who?"]), {}),
            ((ask,), {}),
            ((["Who?"],), {"func": ask}),
            ((["Who?"],), {"function": ask_async}),
        ):
            with pytest.raises(TypeError, match=r"in the second place.*Write run\(items, ask"):
                nb.run(*arguments, **options)  # type: ignore[arg-type]

    @pytest.mark.parametrize("side", ["sync", "concurrent"])
    @pytest.mark.parametrize("call", [lambda: "Who?", lambda: ask_async(1), lambda: 3])
    def test_that_a_comparison_has_called_already(self, side: str, call: Any) -> None:
        sides: Any = {"sync": ask, "concurrent": ask_async, side: call()}

        with pytest.raises(TypeError, match=rf"^{side}= must be a function that takes an item"):
            nb.compare(["Who?"], **sides)

    @pytest.mark.parametrize("kind", FUNCTIONS)
    def test_that_cannot_be_called_with_an_item(self, kind: str) -> None:
        function, told = FUNCTIONS[kind]

        with pytest.raises(TypeError, match=told):
            nb.run(["Who?"], function)

    def test_a_coroutine_in_place_of_its_function(self) -> None:
        coroutine = ask_async(1)

        with pytest.raises(TypeError, match=r"is a coroutine, which calling ask_async gave.*"):
            nb.run(["Who?"], coroutine)  # type: ignore[arg-type]

        assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED  # and no warning

    async def test_a_task_in_place_of_a_function(self) -> None:
        future = asyncio.get_running_loop().create_future()

        with pytest.raises(TypeError, match="is a future"):
            await nb.run_async(["Who?"], future)  # type: ignore[arg-type]

    def test_what_takes_more_but_needs_one_is_taken(self) -> None:
        kinds = [lambda item, other=1: item, lambda *items: items[0], lambda item, **more: item]

        assert [nb.run([3], each).results for each in kinds] == [[3], [3], [3]]
        assert nb.run(["a"], str.upper).results == ["A"]
        assert nb.run([-3], abs).results == [3]


ITEMS: dict[str, tuple[Any, type[Exception], str]] = {
    "text": ("Who?", TypeError, r"not the single str 'Who\?'. Put it in a list: \['Who\?'\]"),
    "bytes": (b"Who?", TypeError, "not the single bytes"),
    "mapping": ({"a": 1}, TypeError, r"not the single dict .*list\(items.values\(\)\)"),
    "path": (Path("items.jsonl"), TypeError, "Read it first"),
    "number": (4, TypeError, "items must be a list, not 4"),
    "None": (None, TypeError, "items must be a list, not None"),
    "empty": ([], ValueError, "items is empty"),
    "empty table": (pd.DataFrame({"a": []}), ValueError, "items is empty"),
    "no length": ((n for n in range(3)), TypeError, r"has no length.*Write list\(items\)"),
    "function first": (ask, TypeError, r"Write run\(items, function\)"),
    "columns of one name": (
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        ValueError,
        "two columns called 'a'",
    ),
}


class TestItems:
    @pytest.mark.parametrize("function", [ask, ask_async])
    @pytest.mark.parametrize("kind", ITEMS)
    def test_that_cannot_be_gone_through(self, kind: str, function: Any) -> None:
        items, error, told = ITEMS[kind]

        with pytest.raises(error, match=told):
            nb.run(items, function)

    def test_that_no_journal_can_hold(self, tmp_path: Path) -> None:
        circle: list[Any] = []
        circle.append(circle)

        with pytest.raises(
            ValueError, match=r"The journal cannot hold the item .*holds itself.*journal=False"
        ):
            nb.run([1, circle], ask, journal=tmp_path / "a.jsonl")

        assert not (tmp_path / "a.jsonl").exists()
