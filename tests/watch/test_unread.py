"""What a watch has recorded is read when somebody looks, and looks the same whenever that is."""

from __future__ import annotations

import copy
import gc
import pickle
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from types import FunctionType, MethodType, ModuleType
from typing import Any

import httpx2
import pytest

import aiml_nb as nb
from aiml_nb.apis import CHAT
from aiml_nb.records import Call
from aiml_nb.replies.incoming import Incoming
from aiml_nb.watching import unread
from aiml_nb.watching.reply import ReplyReader, merge

from .ready import CHUNKS, URL, WORD, ReadyTransport, make_body, make_chunk

KEY = "canary-0123456789abcdef"
ADDRESS = f"{URL}/chat/completions"
LOOKS: dict[str, Callable[[Call], Any]] = {
    **{field.name: lambda call, name=field.name: getattr(call, name) for field in fields(Call)},
    "a property": lambda call: call.message,
    "repr": repr,
    "equal": lambda call: call == "something else",
    "equal to itself": lambda call: call == copy.copy(call),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda call: pickle.loads(pickle.dumps(call)),  # noqa: S301  our own
    "replace": lambda call: replace(call, prompt="another"),
    "asdict": asdict,
    "hasattr": lambda call: hasattr(call, "_ipython_display_"),
}


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(transport=ReadyTransport(make_body(f"It is {KEY}."))) as opened:
        yield opened


def ask(client: httpx2.Client, **options: Any) -> httpx2.Response:
    asked = {"model": "m", "messages": [{"role": "user", "content": f"Is it {KEY}?"}], **options}
    return client.post(ADDRESS, json=asked, headers={"authorization": f"Bearer {KEY}"})


def strings_within(thing: object) -> Iterator[str | bytes | bytearray]:
    """Yield every text that can be reached from a thing, but for what is code."""
    seen, left = set[int](), [thing]
    while left:
        each = left.pop()
        if id(each) in seen or isinstance(each, type | ModuleType | FunctionType | MethodType):
            continue
        seen.add(id(each))
        if isinstance(each, str | bytes | bytearray):
            yield each
        left += gc.get_referents(each)


def says_key(thing: object) -> bool:
    return any(KEY in text if isinstance(text, str) else KEY.encode() in text
               for text in strings_within(thing))  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
def test_any_look_finds_a_plain_call(client: httpx2.Client, look: str) -> None:
    with nb.watch() as run:
        ask(client)
        found = LOOKS[look](run.calls[0])
        (call,) = run.calls
        is_plain = type(call) is Call

    assert is_plain
    assert (call.text, call.prompt) == ("It is [key].", "Is it [key]?")
    assert type(found) is not unread.UnreadCall
    assert not says_key(found)


def test_two_that_nobody_has_looked_at_are_compared_as_any(client: httpx2.Client) -> None:
    with nb.watch() as run:
        ask(client)
        ask(client)
        same, other = run.calls[0] == run.calls[0], run.calls[0] == run.calls[1]

    assert (same, other) == (True, False)


def test_what_is_kept_while_nobody_looks_is_out_of_reach(client: httpx2.Client) -> None:
    with nb.watch() as run:
        ask(client)
        ask(client, stream=True)
        assert [type(call) for call in run.calls] == [unread.UnreadCall] * 2
        assert not says_key(run)

    assert not says_key(run)
    assert says_key([f"{KEY}"])


def test_after_it_every_call_is_plain_and_nothing_else_is_kept(client: httpx2.Client) -> None:
    with nb.watch() as run, nb.watch() as inner:
        for _ in range(3):
            ask(client)

    assert {type(call) for call in (*run.calls, *inner.calls)} == {Call}
    assert (unread._writers, unread._ended) == ({}, [])
    assert run.calls[0].text == inner.calls[0].text == "It is [key]."


def test_one_that_was_looked_at_goes_on_being_written(client: httpx2.Client) -> None:
    sent = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Where?"}]}
    with nb.watch() as run, client.stream("POST", ADDRESS, json=sent) as reply:
        (call,) = run.calls
        attempt = call.attempts[0]
        assert (call.outcome, attempt.status, call.first_token) == ("not_started", 200, None)
        pieces = reply.iter_bytes()
        next(pieces)
        assert call.first_token is not None
        list(pieces)
        assert call.attempts[0] is attempt
        assert (call.outcome, attempt.first_token) == ("ok", call.first_token)

    assert (call.outcome, call.text) == ("ok", WORD * CHUNKS)


def test_what_is_put_off_is_bounded(client: httpx2.Client) -> None:
    with nb.watch() as run:
        for _ in range(unread.MAX_UNREAD + 5):
            ask(client)
        left = [type(call) for call in run.calls].count(unread.UnreadCall)

    assert left == 5


def test_so_are_its_bytes() -> None:
    body = make_body("x" * (unread.MAX_UNREAD_BYTES // 4))
    with httpx2.Client(transport=ReadyTransport(body)) as client, nb.watch() as run:
        for _ in range(5):
            ask(client)
        left = [type(call) for call in run.calls].count(unread.UnreadCall)

    assert left == 1


def test_those_of_items_are_read_with_their_items(client: httpx2.Client) -> None:
    kinds: list[type] = []

    @nb.step
    def look_up() -> None:
        ask(client)

    def answer(item: str) -> None:
        ask(client)
        look_up()

    run = nb.run(["a"], answer, progress=False)
    (item,) = run.calls
    call, step = item.children
    kinds += [type(call), *(type(each) for each in step.children)]

    assert kinds == [Call, Call]
    assert not says_key(run)


def test_a_call_takes_little_memory() -> None:
    """A record with its answer, beside which the client keeps nothing."""
    calls, most = 120, 3000
    body = make_body("word")
    with httpx2.Client(transport=ReadyTransport(body)) as client:
        with nb.watch():
            ask(client)  # imports what is needed
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            with nb.watch() as run:
                for _ in range(calls):
                    ask(client)
                gc.collect()
                meanwhile = tracemalloc.get_traced_memory()[0] - before
            gc.collect()
            after = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()

    assert len(run.calls) == calls
    assert meanwhile / calls < most + unread.MAX_UNREAD * 4000 / calls
    assert after / calls < most


EVENTS_OF_ALL_KINDS = [
    make_chunk({"role": "assistant", "content": ""}),
    *(make_chunk({"content": word}) for word in ("It", " is", " so", "")),
    make_chunk({"content": 'a "quoted" \\ word'}),
    *(make_chunk({"content": word}) for word in (" and", " on", "\n", "é", "🙂", " then")),
    make_chunk({"reasoning_content": "Hm."}),
    make_chunk({"content": "data: [DONE]"}),
    make_chunk(
        {"tool_calls": [{"index": 0, "id": "1", "function": {"arguments": '{"content":"'}}]}
    ),
    make_chunk({"tool_calls": [{"index": 0, "function": {"arguments": 'x"}'}}]}),
    *(make_chunk({"content": word}) for word in (" a", " b")),
    *(make_chunk({"content": word}).replace(b": ", b":", 9) for word in (" c", " d")),
    make_chunk({}, "stop"),
    b"data: [DONE]\n\n",
]


@pytest.mark.parametrize("size", [0, 1, 7, 64, 1000])
def test_a_stream_that_is_put_off_is_read_as_it_is_piece_by_piece(size: int) -> None:
    whole = b"".join(EVENTS_OF_ALL_KINDS)
    pieces = (
        [whole[at : at + size] for at in range(0, len(whole), size)]
        if size
        else EVENTS_OF_ALL_KINDS
    )
    at_once = Incoming(lambda: 1.0, 1)
    for piece in pieces:
        at_once.feed(piece)
    reader = ReplyReader(CHAT, lambda: 1.0)
    for piece in pieces:
        if not reader.put_off(piece):
            reader.read_on()
    verdict = reader.end()

    assert reader.tell(())["body"] == at_once.build()
    assert (verdict.outcome, reader.is_done, reader.first_token) == ("ok", True, 1.0)


def test_events_with_the_same_bytes_around_their_texts_are_one() -> None:
    words = [make_chunk({"content": word}) for word in ("a", "b", "c")]
    other = make_chunk({"content": "d"}).replace(b'"id": "c"', b'"id": "e"')

    assert list(merge([*words, other])) == [make_chunk({"content": "abc"}), other]
    assert list(merge([b'"content":"a"}\n\n'] * 2)) == [b'"content":"a"}\n\n'] * 2
