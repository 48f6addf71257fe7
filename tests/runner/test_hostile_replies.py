"""Whatever a reply holds, the run goes on, and what is kept of it can be written and read again."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import aiml_nb as nb
from aiml_nb.export import run_to_dict, to_json
from aiml_nb.formats.lines import decode, encode
from aiml_nb.records import Call, Run
from aiml_nb.replies.incoming import Incoming
from aiml_nb.replies.parse import parse_json

from ..raw_server import JSON_HEAD, SSE_HEAD, raw_server
from ..rows import in_turn
from .replies import completion, delta, end, piece, said, stream

STRATEGIES = ("sequential", "gather")


def usage(**counts: Any) -> dict[str, Any]:
    return completion(said(content="Yes."), usage=counts)


def written(body: Any, **marks: str) -> bytes:
    """Return JSON in which what JSON's writer does not write stands for a mark."""
    text = json.dumps(body)
    for name, value in marks.items():
        text = text.replace(f'"{name}"', value)
    return text.encode()


DEEP = "[" * 150 + "]" * 150
DEEPER = "[" * 700 + "]" * 700
TEXT = "Yes."
# Odd replies whose answer is good all the same.
GOOD: dict[str, bytes] = {
    "a count beyond all bounds": written(usage(prompt_tokens=10**400, completion_tokens=3)),
    "a count beyond Python's": written(usage(prompt_tokens="X", completion_tokens=3), X="9" * 5000),
    "a count beyond 64 bits": written(usage(prompt_tokens=2**63, completion_tokens=2**64)),
    "the largest counts": written(usage(prompt_tokens=2**63 - 1, completion_tokens=2**63 - 1)),
    "a negative count": written(usage(prompt_tokens=-1, completion_tokens=-(10**30))),
    "counts that are none": written(
        usage(prompt_tokens="7", completion_tokens=[3], completion_tokens_details="x")
    ),
    "counts that are no numbers": written(
        usage(prompt_tokens="X", completion_tokens="Y"), X="NaN", Y="-Infinity"
    ),
    "counts beyond floats": written(
        usage(prompt_tokens="X", completion_tokens="Y"), X="1e400", Y="-1e999"
    ),
    "a count that is a truth": written(usage(prompt_tokens=True, completion_tokens=False)),
    "a cost beyond all bounds": written(
        completion(said(content=TEXT), meta={"usage": {"usd_spent": 10**400}})
    ),
    "a cost beyond floats": written(
        completion(said(content=TEXT), meta={"usage": {"usd_spent": "X"}}), X="1e400"
    ),
    "numbers beyond all in odd places": written(
        completion(
            {
                **said(content=TEXT, x="X"),
                "logprobs": {"content": [{"token": "a", "logprob": "Y"}]},
            },
            created="X",
        ),
        X="9" * 5000,
        Y="-Infinity",
    ),
    "deep JSON": written(completion(said(content=TEXT, x="X")), X=DEEP),
    "deeper JSON": written(completion(said(content=TEXT, x="X")), X=DEEPER),
    "deep tool arguments": written(
        completion(said(content=TEXT, tool_calls=[{"function": {"arguments": "X"}}])), X=DEEP
    ),
    "half a character": written(completion(said(content=TEXT, x="\ud800", **{"\udc00": "\ud800"}))),
    "names of all kinds": written(
        completion(said(content=TEXT, **{"": 1, "\x00": 2, "$ref": 3, "__proto__": 4, "a.b": 5}))
    ),
    "a name twice": written(completion(said(content="No."))).replace(
        b'"content": "No."', b'"content": "No.", "content": "Yes."'
    ),
    "members of no kind": written(
        completion({**said(content=TEXT), "index": "x"}, model=[1], id={}, created="now", meta=7)
    ),
    "a choice that is none beside it": written(completion(said(content=TEXT), usage=None)).replace(
        b'"choices": [', b'"choices": [null, 5, "x", [], '
    ),
    "a message that is none beside it": written(completion(said(content=TEXT), {"message": 5})),
    "tool calls of no kind": written(completion(said(content=TEXT, tool_calls=[5, None, "x", {}]))),
    "tool calls that are none": written(completion(said(content=TEXT, tool_calls="x"))),
    "many of all": written(completion(*[said(content=TEXT, x=[{}] * 300) for _ in range(100)])),
    "a MiB": written(completion(said(content=TEXT, x="x" * 1_000_000, y=[[]] * 20_000))),
}


def use_all(run: Run, folder: Path) -> None:
    """Do with a run what can be done with one."""
    for texts in (True, False):
        nb.to_csv(run, folder / "x.csv", texts=texts)
        nb.to_chrome_trace(run, folder / "x.json", texts=texts)
        nb.to_jsonl(run, folder / "x.jsonl", texts=texts)
        assert isinstance(nb.read_saved(folder / "x.jsonl"), Run)
    assert len(run.to_frame()) == len(run.calls) == len(pd.read_csv(folder / "x.csv"))
    run.attempts_frame()
    run.summary()
    run._repr_mimebundle_()
    (folder / "run.json").write_text(to_json(run_to_dict(run)))
    assert isinstance(nb.read_saved(folder / "run.json"), Run)


@pytest.mark.parametrize(("name", "strategy"), in_turn(GOOD, STRATEGIES))
def test_an_odd_reply_is_an_answer_and_breaks_nothing(
    name: str, strategy: str, tmp_path: Path
) -> None:
    journal = tmp_path / "j.jsonl"
    with raw_server(JSON_HEAD + GOOD[name]) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        run = nb.run(["A?", "B?"], endpoint, strategy=strategy, journal=journal)
        again = nb.resume(journal, endpoint)

    for call in run.calls:
        assert call.text == TEXT
        odd_choice = name in {"a message that is none beside it"}
        assert call.outcome == ("incomplete" if odd_choice else "ok")
        for value in (call.input_tokens, call.output_tokens, call.reasoning_tokens):
            assert value is None or 0 <= value <= 10**12
        assert call.cost is None
    assert len(server.chats) == 2
    assert [told(call) for call in again.calls] == [told(call) for call in run.calls]
    use_all(run, tmp_path)
    use_all(again, tmp_path)


def told(call: Call) -> tuple[object, ...]:
    """Return what a record tells; numbers beyond floats are null when they are read again."""
    about = (call.outcome, call.error, call.text, call.input_tokens, call.output_tokens, call.cost)
    return *about, call.attempts, json.loads(to_json(call.body or {}))


# The same, by way of a stream.
PIECES: dict[str, list[Any]] = {
    "a deep member": [b'data: {"choices":[{"delta":{"x":%s}}]}\n\n' % DEEPER.encode()],
    "a deep member of the whole": [b'data: {"x":%s,"choices":[]}\n\n' % DEEPER.encode()],
    "members that change their kind": [
        piece(delta(x="a")),
        piece(delta(x=5)),
        piece(delta(x={"a": 1})),
        piece(delta(x=["a"])),
        piece(delta(x=None)),
        piece(delta(x="b")),
    ],
    "a logprobs that changes its kind": [
        piece({**delta(), "logprobs": {"content": "x"}}),
        piece({**delta(), "logprobs": {"content": [1]}}),
        piece({**delta(), "logprobs": [1]}),
        piece({**delta(), "logprobs": {"content": None}}),
    ],
    "indexes of no kind": [
        piece({**delta(x="a"), "index": index})
        for index in (True, "0", None, 1.5, -(10**30), 10**400, [0], {})
    ],
    "types of no kind": [piece(delta(parts=[{"type": [], "index": {}}, {"type": {}}, 5, None]))],
    "tool calls of no kind": [
        piece(delta(tool_calls=[5, None, "x", {}, {"index": "0"}, {"index": 0, "function": 5}])),
        piece(delta(tool_calls="x")),
        piece(delta(tool_calls=[{"index": 0, "id": 5, "function": {"name": 5, "arguments": 7}}])),
        piece(
            delta(tool_calls=[{"index": 0, "id": {}, "function": {"name": [], "arguments": []}}])
        ),
        piece(delta(tool_calls={"index": 0})),
    ],
    "half a character": [piece(delta(**{"x\ud800": "\ud800", "\udc00": "a"}))],
    "numbers beyond all": [
        b'data: {"usage":{"prompt_tokens":%b},"choices":[{"delta":{"x":NaN}}]}\n\n' % (b"9" * 5000)
    ],
}


@pytest.mark.parametrize(("name", "strategy"), in_turn(PIECES, STRATEGIES))
def test_an_odd_piece_breaks_nothing(name: str, strategy: str, tmp_path: Path) -> None:
    pieces = [*PIECES[name], piece(delta(content=TEXT)), end()]
    journal = tmp_path / "j.jsonl"
    with raw_server(SSE_HEAD + stream(*pieces)) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        run = nb.run(["A?"], endpoint, strategy=strategy, stream=True, journal=journal)
        again = nb.resume(journal, endpoint)

    first = next(each for each in run.calls[0].choices if each["index"] == 0)
    assert first["message"]["content"] == TEXT
    assert first["finish_reason"] == "stop"
    assert len(server.chats) == 1
    assert [told(call) for call in again.calls] == [told(call) for call in run.calls]
    use_all(run, tmp_path)


def test_one_bad_number_hides_no_other_record(tmp_path: Path) -> None:
    """What a journal of an earlier version may hold."""
    with raw_server(JSON_HEAD + GOOD["a name twice"]) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        run = nb.run(["A?", "B?"], endpoint, journal=tmp_path / "j.jsonl")
        lines = (tmp_path / "j.jsonl").read_text().splitlines()
        for number, line in enumerate(lines):
            data = decode(line)
            if data.get("custom_id") == "call-000001" and "timing" in data:
                body = data["response"]["body"]
                body["usage"] = {"prompt_tokens": "many", "completion_tokens": 10**400}
                body["meta"] = {"usage": {"usd_spent": 10**400}}
                body["model"], body["choices"][0]["finish_reason"] = [1], 7
                lines[number] = encode(data).rstrip()
        (tmp_path / "j.jsonl").write_text("\n".join(lines) + "\n")
        again = nb.resume(tmp_path / "j.jsonl", endpoint)

    first, second = again.calls
    assert (first.text, first.input_tokens, first.output_tokens) == (TEXT, None, None)
    assert (first.cost, first.model, first.finish_reason) == (None, None, None)
    assert second == run.calls[1]
    use_all(again, tmp_path)


@pytest.mark.parametrize(
    "items",
    [
        [{"index": number} for number in range(20_000)],
        [{"type": "text", "text": "x"}] * 20_000,
        [{}] * 50_000,
        [{"index": 0, "id": str(number), "function": {"name": "f"}} for number in range(8_000)],
        [{"function": {"name": "f", "arguments": "{"}}] * 8_000,
        [{"function": {"name": "f", "arguments": "{}"}}] * 8_000,
    ],
    ids=["indexes", "texts", "nothing", "calls by id", "calls without end", "calls without id"],
)
def test_the_work_grows_with_the_size_and_not_faster(items: list[Any]) -> None:
    """A large event, made to be slow, takes not much longer for each byte than a half."""
    seconds = []
    for some in (items[: len(items) // 8], items):
        name = "tool_calls" if "function" in some[0] else "parts"
        event = stream(piece(delta(**{name: some})), done=False)
        best = []
        for _ in range(3):
            incoming = Incoming(lambda: 1.0, 1)
            began = time.process_time()
            incoming.feed(event)
            incoming.build()
            best.append(time.process_time() - began)
        seconds.append(min(best))
    # Eight times as much; what grows with the square would take 64 times as long.
    assert seconds[1] < 30 * seconds[0] + 0.05


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(categories=None)),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    max_leaves=20,
)


class TestParsing:
    @settings(deadline=None, max_examples=30)
    @given(json_values)
    def test_json_is_read_as_pythons_own_reads_it(self, value: Any) -> None:
        for ensure_ascii in (True, False):
            data = json.dumps(value, ensure_ascii=ensure_ascii).encode("utf-8", "surrogatepass")
            assert parse_json(data) == json.loads(data)

    @settings(deadline=None, max_examples=60)
    @given(st.binary(max_size=30) | st.text('{}[]":,0123456789.eE+-\\un tfNaI', max_size=15))
    @example(b"-0")
    @example(b"01")
    @example(b"1E5")
    @example(b"\xef\xbb\xbf{}")
    @example('{"a":1,"a":2}')
    @example('"\\ud83d\\ude00"')
    @example('"\\ud83d"')
    def test_what_is_none_is_refused_by_both(self, data: bytes | str) -> None:
        data = data.encode() if isinstance(data, str) else data
        try:
            expected = json.loads(data, parse_constant=lambda _: None)
        except ValueError:
            with pytest.raises(ValueError, match=r"."):
                parse_json(data)
        else:
            assert parse_json(data) == expected

    @pytest.mark.parametrize(
        ("data", "value"),
        [
            (b"NaN", None),
            (b"[Infinity, -Infinity]", [None, None]),
            (b'{"a": NaN, "b": 1e400}', {"a": None, "b": None}),
            (b"9" * 4000, int("9" * 4000)),
            (b"9" * 5000, None),
            (b"[" * 50 + b"]" * 50, json.loads("[" * 50 + "]" * 50)),
        ],
    )
    def test_odd_numbers(self, data: bytes, value: Any) -> None:
        assert parse_json(data) == value

    def test_what_is_too_deep_is_left_out(self) -> None:
        value = parse_json(b'{"a": "b", "c": %s}' % DEEPER.encode())

        assert value["a"] == "b"
        depth, inside = 0, value["c"]
        while inside:
            depth, inside = depth + 1, inside[0]
        assert 90 <= depth <= 100
        with pytest.raises(ValueError, match="deeply"):
            parse_json(b"[" * 200_000)
