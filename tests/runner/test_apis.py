"""Runs of every API: answers, streams, failures, journals; blocking and async alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aiml_nb as nb
from aiml_nb.apis import APIS
from aiml_nb.endpoint import Endpoint
from aiml_nb.endpoint.keys import ApiKey
from aiml_nb.errors import JournalError
from aiml_nb.export import to_csv, to_jsonl
from aiml_nb.formats.saved import read_saved
from aiml_nb.prompts import as_prompts, read_prompts
from aiml_nb.runner.execute import execute
from aiml_nb.runner.plan import make_plan

from ..raw_server import JSON_HEAD, SSE_HEAD, RawServer, raw_server
from .conftest import connect_faulty, run_skipping

BOTH = ("sequential", "gather")
QUESTION = "What is 2+2?"


@pytest.fixture(scope="module")
def endpoint() -> Endpoint:
    return nb.connect(scenario="instant", verbose=False)


@pytest.mark.parametrize("strategy", BOTH)
@pytest.mark.parametrize(
    ("api", "text", "reason"),
    [
        ("responses", "2 + 2 = 4.", "stop"),
        ("completions", "2 + 2 = 4.", "stop"),
        ("embeddings", "", None),
        ("moderations", "", None),
    ],
)
def test_each_api_answers(
    endpoint: Endpoint, api: str, text: str, reason: str | None, strategy: str
) -> None:
    run = nb.run([QUESTION, "Why?"], endpoint, api=api, strategy=strategy, progress=False)

    call = run.calls[0]
    assert [each.outcome for each in run.calls] == (
        ["ok", "incomplete"] if api == "completions" else ["ok", "ok"]  # 16 tokens there
    )
    assert (call.api, call.text, call.finish_reason, call.prompt) == (api, text, reason, QUESTION)
    assert call.model == (APIS[api].model or "gpt-4o")
    assert call.input_tokens == {"moderations": None, "embeddings": 6}.get(api, 10)
    assert run.to_frame()["api"].tolist() == [api, api]


@pytest.mark.parametrize("strategy", BOTH)
@pytest.mark.parametrize("api", ["responses", "completions"])
def test_a_streamed_answer_is_the_whole_one(endpoint: Endpoint, api: str, strategy: str) -> None:
    options: dict[str, Any] = {"api": api, "strategy": strategy, "progress": False}
    whole = nb.run([QUESTION, "Why?"], endpoint, **options).calls
    streamed = nb.run([QUESTION, "Why?"], endpoint, stream=True, **options).calls

    for one, other in zip(whole, streamed, strict=True):
        assert (one.text, one.outcome, one.finish_reason) == (
            other.text,
            other.outcome,
            other.finish_reason,
        )
        assert (one.input_tokens, one.output_tokens) == (other.input_tokens, other.output_tokens)
        assert one.body is not None
        assert other.body is not None
        assert one.body.keys() == other.body.keys()
        assert other.first_token is not None


def test_what_does_not_stream_says_so(endpoint: Endpoint) -> None:
    with pytest.raises(ValueError, match="api='embeddings' has answers that come as a whole"):
        nb.run(["a"], endpoint, api="embeddings", stream=True)


def test_several_texts_are_one_call_with_a_vector_each(endpoint: Endpoint) -> None:
    run = nb.run(
        [["a cat", "a dog"], "a cat"], endpoint, api="embeddings", dimensions=64, progress=False
    )

    table = run.to_frame()
    assert table["n_vectors"].tolist() == [2, 1]
    assert table["dimensions"].tolist() == [64, 64]
    assert run.calls[0].prompt == "a cat (and 1 more)"
    first, second = (call.body["data"][0]["embedding"] for call in run.calls if call.body)
    assert first == second


def test_reasoning_and_tools_of_a_response_are_read() -> None:
    thinking = connect_faulty(reasoning="reasoning")
    tool = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}
    for stream in (False, True):
        run = nb.run(
            ["What is the weather?"],
            thinking,
            api="responses",
            tools=[tool],
            stream=stream,
            progress=False,
        )
        call = run.calls[0]
        assert [each["function"]["name"] for each in call.tool_calls] == ["get_weather"]
        assert call.reasoning.startswith("These thoughts are simulated")
        assert call.outcome == "ok"


@pytest.mark.parametrize("strategy", BOTH)
@pytest.mark.parametrize("api", ["responses", "completions", "embeddings", "images"])
def test_failures_are_retried_and_counted_as_for_chat(api: str, strategy: str) -> None:
    service = connect_faulty(faults={1: 500, 3: 400})
    run = run_skipping([QUESTION] * 2, service, api=api, strategy=strategy, max_concurrency=1)

    first, second = run.calls
    assert [attempt.status for attempt in first.attempts] == [500, 200]
    assert (second.outcome, second.error_type) == ("error", "400")


@pytest.mark.parametrize("strategy", BOTH)
@pytest.mark.parametrize("api", ["responses", "completions"])
def test_a_stream_that_breaks_off_keeps_what_came(api: str, strategy: str) -> None:
    service = connect_faulty(faults={"*": "close:70%"})
    run = run_skipping([QUESTION], service, api=api, stream=True, strategy=strategy)

    (call,) = run.calls
    assert call.outcome in {"error", "incomplete"}
    assert "2 + 2 = 4.".startswith(call.text)
    assert len(call.attempts) == 1 or call.first_token is None


OTHER_REPLIES: list[tuple[str, bytes, str]] = [
    ("embeddings", b'{"data": "oops"}', "bad_response"),
    ("embeddings", b"[]", "bad_response"),
    ("embeddings", b"<html>No</html>", "bad_response"),
    ("embeddings", b'{"error": {"message": "No."}}', "bad_response"),
    ("responses", b'{"choices": []}', "bad_response"),
    (
        "responses",
        b'{"output": [], "status": "failed", "error": {"message": "No."}}',
        "bad_response",
    ),
    ("moderations", b"null", "bad_response"),
    ("completions", b'{"choices": null}', "bad_response"),
]


@pytest.mark.parametrize("strategy", BOTH)
@pytest.mark.parametrize(("api", "body", "kind"), OTHER_REPLIES)
def test_what_is_no_reply_of_the_api_is_a_failed_call(
    api: str, body: bytes, kind: str, strategy: str
) -> None:
    with raw_server(JSON_HEAD + body) as server:
        run = run_skipping([QUESTION], connect_to(server), api=api, model="m", strategy=strategy)

    assert (run.calls[0].outcome, run.calls[0].error_type) == ("error", kind)


STREAMS: list[tuple[str, list[Any], str, str]] = [
    ("responses", [{"type": "error", "message": "Too much."}], "error", ""),
    (
        "responses",
        [
            {"type": "response.created", "response": {"id": "r", "status": "in_progress"}},
            {"type": "response.output_text.delta", "output_index": 0, "delta": "Fo"},
            {"type": "response.reasoning_text.delta", "output_index": 1, "delta": "Hm"},
        ],
        "incomplete",
        "Fo",
    ),
    (
        "responses",
        [
            {"type": "response.output_text.delta", "output_index": 0, "delta": "Fo"},
            {
                "type": "response.failed",
                "response": {"status": "failed", "error": {"message": "x"}, "output": []},
            },
        ],
        "error",
        "Fo",
    ),
    ("completions", [{"choices": [{"index": 0, "text": "Fo"}]}], "incomplete", "Fo"),
    (
        "completions",
        [{"choices": [{"index": 0, "text": "Fo"}]}, {"error": {"message": "Too much."}}],
        "error",
        "Fo",
    ),
]


@pytest.mark.parametrize("strategy", BOTH)
@pytest.mark.parametrize(("api", "events", "outcome", "text"), STREAMS)
def test_streams_that_end_badly(
    api: str, events: list[Any], outcome: str, text: str, strategy: str
) -> None:
    body = "".join(f"data: {json.dumps(each)}\n\n" for each in events).encode()
    with raw_server(SSE_HEAD + body) as server:
        run = run_skipping(
            [QUESTION], connect_to(server), api=api, model="m", stream=True, strategy=strategy
        )

    assert (run.calls[0].outcome, run.calls[0].text) == (outcome, text)


@pytest.mark.parametrize("api", ["chat", "embeddings"])
@pytest.mark.parametrize("strategy", BOTH)
def test_the_cost_is_read_from_the_header_where_no_reply_tells_it(api: str, strategy: str) -> None:
    body = b'{"data": [{"embedding": [1.0]}], "choices": [{"message": {"content": "a"}}]}'
    head = JSON_HEAD.replace(b"\r\n\r\n", b"\r\nx-aimlapi-usd-spent: 0.0025\r\n\r\n")
    with raw_server(head + body) as server:
        service = connect_to(server, provider="aimlapi")
        run = run_skipping(["a"], service, api=api, model="m", strategy=strategy)

    assert run.calls[0].cost == 0.0025


def test_a_journal_is_gone_on_with_by_the_same_api(endpoint: Endpoint, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    run = nb.run(["a", ["b", "c"]], endpoint, api="embeddings", journal=path, progress=False)
    saved = read_saved(path)

    assert [call.api for call in saved.calls] == ["embeddings"] * 2
    assert [call.body for call in saved.calls] == [call.body for call in run.calls]

    again = nb.resume(path, endpoint, prompts=["a", ["b", "c"], "d"])
    assert [call.api for call in again.calls] == ["embeddings"] * 3
    assert again.calls[2].outcome == "ok"
    with pytest.raises(JournalError, match="api='embeddings', not 'chat'"):
        nb.resume(path, endpoint, api="chat")


LINES: dict[str, Any] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": QUESTION}]},
    "/v1/responses": {"input": QUESTION},
    "/v1/completions": {"prompt": QUESTION},
    "/v1/embeddings": {"input": ["a", "b"], "encoding_format": "float"},
    "/v1/moderations": {"input": "a"},
    "/v1/images/generations": {"prompt": "a"},
    "/v1/images/edits": {"prompt": "a", "images": [{"image_url": "https://a.invalid/b.png"}]},
}


@pytest.mark.parametrize("url", LINES)
def test_batch_lines_name_the_api_by_their_url(
    endpoint: Endpoint, url: str, tmp_path: Path
) -> None:
    lines = [
        {"custom_id": f"q{n}", "method": "POST", "url": url, "body": LINES[url]} for n in range(2)
    ]
    path = tmp_path / "batch.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))

    run = nb.run(path, endpoint, progress=False)

    assert {f"/v1{APIS[call.api].path}" for call in run.calls} == {url}
    file = to_jsonl(run, tmp_path / "r.jsonl", texts=True)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    for row, call in zip(rows, run.calls, strict=True):
        assert row["response"]["status_code"] == 200
        assert row["error"] is None
        assert row["response"]["body"].keys() >= {APIS[call.api].holds}
        assert row["response"]["body"].get("model") == call.model


def test_one_run_calls_one_api(tmp_path: Path, endpoint: Endpoint) -> None:
    path = tmp_path / "batch.jsonl"
    lines = [{"url": url, "body": LINES[url]} for url in list(LINES)[:2] * 4]
    path.write_text("\n".join(map(json.dumps, lines)))

    with pytest.raises(ValueError, match=r"chat: Line 1 of .*Line 3 of .*; responses: Line 2 of "):
        nb.run(path, endpoint)
    with pytest.raises(ValueError, match=r"Line 1 of .*: for 'chat', and api='responses' says"):
        nb.run(read_prompts(path)[:1], endpoint, api="responses")


@pytest.mark.parametrize(
    ("prompts", "options", "said"),
    [
        (["a"], {"api": "talk"}, r"api must be one of 'chat', .*; not 'talk'"),
        ([["a", "b"]], {}, r"Prompt 1 is \['a', 'b'\], which is neither text nor messages"),
        ([["a", "b"]], {"api": "responses"}, "takes one text a call"),
        (
            [[{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]],
            {"api": "embeddings"},
            "Prompt 1 is a conversation, and api='embeddings' takes a text",
        ),
        (["a"], {"api": "embeddings", "system": "Be short."}, "'system', which the openai client"),
        (["a"], {"api": "embeddings", "temperature": 1}, "'temperature', which the openai client"),
        (["a"], {"api": "responses", "messages": []}, "'messages', which the openai client"),
        (["a"], {"api": "responses", "input": "b"}, "'input' among its parameters"),
        (["a"], {"api": "speech"}, "needs the parameter 'voice'"),
        (["a"], {"api": "edits"}, "needs the parameter 'images'"),
        (["a"], {"api": "edits", "image": "b.png"}, "'image', which the openai client"),
        (["a.wav"], {"api": "transcription"}, r"path of a sound file; there is none"),
        (["a"], {"api": "responses", "max_output_tokens": 0}, "max_output_tokens.* from 1"),
    ],
)
def test_wrong_arguments_are_said_before_anything_is_sent(
    endpoint: Endpoint, prompts: list[Any], options: dict[str, Any], said: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        nb.run(prompts, endpoint, **options)


def test_a_chat_model_is_not_asked_for_embeddings(tmp_path: Path) -> None:
    real = Endpoint(
        base_url="https://api.openai.com/v1",
        model="gpt-4o",
        provider="openai",
        key=ApiKey("k" * 20, source="here"),
    )

    with pytest.raises(ValueError, match=r"'gpt-4o' is for chats.*model='text-embedding-3-small'"):
        nb.run(["a"], real, api="embeddings", journal=False)


def test_a_conversation_with_results_of_tools_is_a_responses_prompt() -> None:
    items = [{"type": "function_call_output", "call_id": "c", "output": "5"}]
    (prompt,) = as_prompts([{"url": "/v1/responses", "body": {"input": items}}])

    assert prompt.messages == items
    assert APIS["responses"].fill(prompt.messages) == items


@pytest.mark.parametrize("strategy", BOTH)
def test_vectors_that_are_missing_make_an_answer_incomplete(strategy: str) -> None:
    with raw_server(JSON_HEAD + b'{"data": [{"embedding": [1.0]}]}') as server:
        run = run_skipping(
            [["a", "b"]], connect_to(server), api="embeddings", model="m", strategy=strategy
        )

    assert (run.calls[0].outcome, run.calls[0].error) == ("incomplete", "1 of 2 embeddings came")


def test_the_key_is_redacted_in_every_reply() -> None:
    key = "sk-canary-0123456789"
    bodies: dict[str, Any] = {
        "embeddings": {"data": [{"embedding": [1.0]}], "model": key},
        "responses": {"output": [{"content": [{"type": "output_text", "text": key}]}]},
        "completions": {"choices": [{"text": key, "finish_reason": "stop"}]},
        "moderations": {"results": [{"flagged": False}], "id": key},
    }
    for api, body in bodies.items():
        with raw_server(JSON_HEAD + json.dumps(body).encode()) as server:
            service = connect_to(server, key=key)
            run = run_skipping(["a"], service, api=api, model="m")

        assert key not in repr(run.calls[0].body) + repr(run.calls[0])
        assert run.calls[0].body


def test_numbers_of_vectors_are_columns_of_the_csv(endpoint: Endpoint, tmp_path: Path) -> None:
    run = nb.run(["a"], endpoint, api="embeddings", progress=False)

    assert ",n_vectors,dimensions" in to_csv(run, tmp_path / "a.csv", all_columns=True).read_text(
        "utf-8-sig"
    ).replace('"', "")


def test_caps_count_what_embeddings_use() -> None:
    service = connect_faulty()
    run = run_skipping(["one two three"] * 5, service, api="embeddings", max_total_tokens=9)

    assert [call.outcome for call in run.calls].count("ok") == 3
    assert not any("does not say" in notice for notice in run.notices)


def connect_to(server: RawServer, *, key: str = "k" * 20, provider: str = "other") -> Endpoint:
    return Endpoint(
        base_url=server.base_url,
        model="m",
        provider=provider,
        key=ApiKey(key, source="here"),
    )


@pytest.mark.parametrize("strategy", BOTH)
def test_pictures_are_files_beside_the_results(
    endpoint: Endpoint, strategy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = nb.run(["A house"], endpoint, api="images", n=2, strategy=strategy, progress=False)
    file = to_jsonl(run, tmp_path / "a.jsonl", texts=True)

    (row,) = map(json.loads, file.read_text().splitlines())
    assert row["files"] == ["a-files/000001-1.png", "a-files/000001-2.png"]
    assert row["n_images"] == 2
    assert [each["b64_json"] for each in row["response"]["body"]["data"]] == [None, None]
    for name, blob in zip(row["files"], run.calls[0].media, strict=True):
        assert (tmp_path / name).read_bytes() == blob
        assert blob.startswith(b"\x89PNG")
    assert "Files: " in capsys.readouterr().out
    assert run.calls[0].output_tokens == 544
    whole = to_jsonl(run, tmp_path / "b.jsonl", texts=True, inline=True)
    assert read_saved(whole).calls[0].media == run.calls[0].media
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a-files", "a.jsonl", "b.jsonl"]


@pytest.mark.parametrize("strategy", BOTH)
def test_pictures_that_are_changed_are_pictures(endpoint: Endpoint, strategy: str) -> None:
    pictures = [{"image_url": "data:image/png;base64,AAAA"}, {"file_id": "file-1"}]
    options: dict[str, Any] = {"api": "edits", "strategy": strategy, "progress": False}

    run = nb.run(["With a hat"], endpoint, images=pictures, **options)
    wrong = run_skipping(["With a hat"], endpoint, images=[{"url": "b.png"}], **options)

    assert run.calls[0].media[0].startswith(b"\x89PNG")
    assert run.to_frame()["n_images"].tolist() == [1]
    assert wrong.calls[0].error_type == "400"
    assert "must have an image_url or a file_id" in str(wrong.calls[0].error)


@pytest.mark.parametrize("strategy", BOTH)
def test_what_is_spoken_is_written_down_again(
    endpoint: Endpoint, strategy: str, tmp_path: Path
) -> None:
    said = nb.run(
        ["Hello, there."], endpoint, api="speech", voice="alloy", strategy=strategy, progress=False
    )
    file = tmp_path / "a.wav"
    file.write_bytes(said.calls[0].media[0])
    assert said.to_frame()["bytes"].tolist() == [file.stat().st_size]

    for kind in ("json", "text"):
        run = nb.run(
            [str(file)],
            endpoint,
            api="transcription",
            response_format=kind,
            strategy=strategy,
            progress=False,
        )
        assert (run.calls[0].outcome, run.calls[0].text) == ("ok", "Hello, there.")


@pytest.mark.parametrize("strategy", BOTH)
def test_a_file_that_is_gone_when_it_is_to_be_sent_is_a_failed_call(
    endpoint: Endpoint, strategy: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.wav"
    file.write_bytes(b"RIFF")
    plan = make_plan([str(file)], endpoint, api="transcription", strategy=strategy)
    file.unlink()

    run = execute(plan)

    (call,) = run.calls
    assert (call.outcome, call.error_type) == ("error", "exception")
    assert "cannot be read: No such file" in str(call.error)
    assert not call.attempts[0].possibly_billed


def test_vectors_are_one_array_beside_the_results(endpoint: Endpoint, tmp_path: Path) -> None:
    run = nb.run([["a", "b"], "c"], endpoint, api="embeddings", dimensions=32, progress=False)
    lists = nb.run(
        ["a"], endpoint, api="embeddings", dimensions=32, encoding_format="float", progress=False
    )
    file = to_jsonl(run, tmp_path / "a.jsonl", texts=True)

    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["vectors"] for row in rows] == [
        {"file": "a-vectors.npy", "first": 0, "count": 2},
        {"file": "a-vectors.npy", "first": 2, "count": 1},
    ]
    assert [each["embedding"] for each in rows[0]["response"]["body"]["data"]] == [None, None]
    array = np.load(tmp_path / "a-vectors.npy")
    assert array.shape == (3, 32)
    assert np.allclose(np.linalg.norm(array, axis=1), 1)
    assert np.array_equal(array[0], lists.calls[0].vectors[0])
    assert read_saved(file).calls[0].body is not None
    assert "embedding" not in to_jsonl(run, tmp_path / "b.jsonl").read_text().replace(
        '"api": "embeddings"', ""
    ).replace('"object": "embedding"', "").replace("text-embedding", "")
