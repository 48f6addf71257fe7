"""What others put on the same methods stays theirs, whatever comes first and goes first."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import httpx
import httpx2
import pytest
from openai import AsyncOpenAI, OpenAI
from openai._base_client import AsyncAPIClient, SyncAPIClient

import aiml_nb as nb

from .tool_server import tool_server

BODY: dict[str, Any] = {"model": "asked", "messages": [{"role": "user", "content": "Where?"}]}
# Without TLS, a client is made in no time.
QUICK: dict[str, Any] = {"verify": False, "trust_env": False}
HOOKED = [
    (SyncAPIClient, "request"),
    (AsyncAPIClient, "request"),
    (httpx2.Client, "send"),
    (httpx2.AsyncClient, "send"),
    (httpx.Client, "send"),
    (httpx.AsyncClient, "send"),
]
# What is patched, and what is called to see it.
WAYS: dict[str, tuple[tuple[type, str], Callable[[str], Any]]] = {
    "request": (HOOKED[0], lambda url: ask(url)),
    "async request": (HOOKED[1], lambda url: asyncio.run(ask_async(url))),
    "send": (HOOKED[2], lambda url: ask(url)),
    "async send": (HOOKED[3], lambda url: asyncio.run(ask_async(url))),
    "send alone": (
        HOOKED[2],
        lambda url: httpx2.post(f"{url}/chat/completions", json=BODY, **QUICK),
    ),
    "httpx": (HOOKED[4], lambda url: httpx.post(f"{url}/chat/completions", json=BODY, **QUICK)),
    "async httpx": (HOOKED[5], lambda url: asyncio.run(post_async(url))),
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with tool_server() as base_url:
        yield base_url


def ask(url: str) -> Any:
    with OpenAI(base_url=url, api_key="any", http_client=httpx2.Client(**QUICK)) as client:
        return client.chat.completions.create(**BODY)


async def ask_async(url: str) -> Any:
    http = httpx2.AsyncClient(**QUICK)
    async with AsyncOpenAI(base_url=url, api_key="any", http_client=http) as client:
        return await client.chat.completions.create(**BODY)


async def post_async(url: str) -> Any:
    async with httpx.AsyncClient(**QUICK) as client:
        return await client.post(f"{url}/chat/completions", json=BODY)


class Foreign:
    """Another's patch of one method, of one of three makes.

    Parameters
    ----------
    owner, name
        The method.
    make
        ``plain``: a function that hides what it wraps; ``wraps``: one that names it; ``proxy``: an
        object that calls what its ``__wrapped__`` is, and is taken off by way of it.
    """

    def __init__(self, owner: type, name: str, make: str) -> None:
        self._owner, self._name, self._make = owner, name, make
        self.seen = 0

    def put_on(self) -> None:
        self._before = self._owner.__dict__[self._name]
        self._own = getattr(self, f"_make_{self._make}")(self._before)
        setattr(self._owner, self._name, self._own)

    def take_off(self) -> bool:
        """Take it off if that can be done: a proxy stays where something is on top of it."""
        top = self._owner.__dict__[self._name]
        if self._make != "proxy":
            setattr(self._owner, self._name, self._before)
        elif top is self._own:
            setattr(self._owner, self._name, top.__wrapped__)
        else:
            return False
        return True

    def _make_plain(self, original: Any) -> Any:
        def patched(*arguments: Any, **options: Any) -> Any:
            self.seen += 1
            return original(*arguments, **options)

        return patched

    def _make_wraps(self, original: Any) -> Any:
        return functools.wraps(original)(self._make_plain(original))

    def _make_proxy(self, original: Any) -> Any:
        return _Proxy(original, self)


class _Proxy:
    """As wrapt's: a descriptor that looks like what it wraps."""

    def __init__(self, wrapped: Any, foreign: Foreign) -> None:
        self.__wrapped__, self._self_wrapper = wrapped, foreign

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return functools.partial(self, instance)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self._self_wrapper.seen += 1
        return self.__wrapped__(*arguments, **options)


# "w" and "W" are the begin and the end of a watch, "v" and "V" of another, "f" and "F" of a patch.
def orders(steps: str) -> list[str]:
    found = {"".join(order) for order in permutations(steps)}
    return sorted(o for o in found if all(o.index(s) < o.index(s.upper()) for s in steps.lower()))


def play(order: str, foreign: Foreign, call: Callable[[], Any]) -> None:
    """Do all in an order, call after each step, and see who saw it."""
    watches: dict[str, nb.Watch] = {}
    is_patched = is_over = is_torn = False
    for step in order:
        if step == "f":
            foreign.put_on()
            is_patched = True
        elif step == "F":
            # Whoever puts back what was there before a watch ends it; a proxy stays below it.
            is_patched = not foreign.take_off()
            is_torn = is_torn or (not is_patched and is_over and bool(watches))
        elif step.islower():
            is_over = is_patched if not watches else is_over
            is_torn = is_torn and bool(watches)
            watches[step] = nb.watch()
            watches[step].__enter__()
        else:
            watches.pop(step.lower()).__exit__()
        before, seen = {name: len(watch.run.calls) for name, watch in watches.items()}, foreign.seen
        call()
        for name, watch in watches.items():
            recorded = len(watch.run.calls) - before[name]
            assert recorded == 1 or (is_torn and recorded == 0), (order, step, name)
        assert foreign.seen - seen == is_patched or is_torn, (order, step)


def check(steps: str, make: str, way: str, url: str) -> None:
    (owner, name), call = WAYS[way]
    originals = [owner.__dict__[name] for owner, name in HOOKED]
    for order in orders(steps):
        foreign = Foreign(owner, name, make)
        play(order, foreign, lambda: call(url))
        if make == "proxy":
            foreign.take_off()  # where something was on top of it at its time
        now = [owner.__dict__[name] for owner, name in HOOKED]
        assert all(map(is_same, now, originals)), order


def is_same(one: object, other: object) -> bool:
    return one is other


@pytest.mark.parametrize("make", ["plain", "wraps", "proxy"])
@pytest.mark.parametrize("way", WAYS)
def test_a_watch_and_a_patch_come_and_go_in_any_order(way: str, make: str, url: str) -> None:
    check("wWfF", make, way, url)


@pytest.mark.slow
@pytest.mark.parametrize("make", ["plain", "wraps", "proxy"])
@pytest.mark.parametrize("way", WAYS)
def test_two_watches_and_a_patch_come_and_go_in_any_order(way: str, make: str, url: str) -> None:
    check("wWvVfF", make, way, url)
