"""The whole reply is kept: in the record, the journal and the results, as the server sent it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat import ChatCompletion
from pydantic import BaseModel, ConfigDict

import aiml_nb as nb
from aiml_nb.records import Call, Run

from ..raw_server import JSON_HEAD, SSE_HEAD, raw_server
from .replies import EXAMPLES, HEAD, ID, LAST, begin, completion, delta, piece, said, stream

BOTH = pytest.mark.parametrize("strategy", ["sequential", "gather"])
STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


class BatchError(BaseModel):
    """The error of a line of Batch output; ours has no code where the call was answered."""

    code: str | None
    message: str


class BatchResponse(BaseModel):
    """The response of a line of Batch output."""

    model_config = ConfigDict(extra="forbid")
    status_code: int
    request_id: str | None
    body: dict[str, Any]


class BatchLine(BaseModel):
    """A line of OpenAI's Batch output, which may have more members."""

    id: str
    custom_id: str
    response: BatchResponse | None
    error: BatchError | None


def ask(reply: bytes, strategy: str, *, streamed: bool, **options: Any) -> Run:
    """Ask a server that gives this reply to everybody."""
    with raw_server(reply) as server:
        endpoint = nb.connect(base_url=server.base_url, model="asked-for", verbose=False)
        options = {"journal": False} | options
        return nb.run(["Who?"], endpoint, strategy=strategy, stream=streamed, **options)


def journal_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal's finished calls."""
    return [line for line in map(json.loads, path.read_text().splitlines()) if "timing" in line]


def rows_of(run: Run, path: Path, **options: Any) -> list[dict[str, Any]]:
    """Return the rows of a run's results."""
    written = nb.to_jsonl(run, path, **{"texts": True, **options})
    return [json.loads(line) for line in written.read_text().splitlines()]


@BOTH
@STREAMED
@pytest.mark.parametrize("name", EXAMPLES)
def test_it_is_in_the_record_the_journal_and_the_row_and_resumes(
    name: str, streamed: bool, strategy: str, tmp_path: Path
) -> None:
    example, journal = EXAMPLES[name], tmp_path / "j.jsonl"
    with raw_server(example.reply(streamed=streamed)) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        run = nb.run(["Who?"], endpoint, strategy=strategy, stream=streamed, journal=journal)
        again = nb.resume(journal, endpoint)

    (call,) = run.calls
    assert call.body == example.whole
    assert call.choices == example.whole["choices"]
    assert call.message == example.whole["choices"][0]["message"]
    assert call.tool_calls == (call.message.get("tool_calls") or [])
    assert (call.text, call.reasoning, call.outcome) == (
        example.text,
        example.reasoning,
        example.outcome,
    )
    assert (call.input_tokens, call.output_tokens, call.reasoning_tokens) == (11, 7, 4)
    assert (call.first_token is not None) == streamed
    (line,) = journal_lines(journal)
    assert line["response"]["body"] == example.whole
    assert again.calls == run.calls
    assert len(server.chats) == 1
    (row,) = rows_of(run, tmp_path / "x.jsonl")
    assert row["response"]["body"] == example.whole
    assert "added" not in row
    for saved in (journal, tmp_path / "x.jsonl"):
        assert nb.read_saved(saved).calls == run.calls  # type: ignore[union-attr]
    for written in ({"id": "", **line}, row):  # a line of a journal has no name but its custom_id
        BatchLine.model_validate(written, strict=True)
        if example.is_openais:
            ChatCompletion.model_validate(written["response"]["body"], strict=True)


@STREAMED
def test_tables_show_what_they_can(streamed: bool, tmp_path: Path) -> None:
    for name, shown in {
        "two tool calls at once": ("get_time", None, 1),
        "three choices": (None, None, 3),
        "reasoning_content": (None, "Two and two.", 1),
    }.items():
        run = ask(EXAMPLES[name].reply(streamed=streamed), "gather", streamed=streamed)
        table = run.to_frame()
        written = nb.to_csv(run, tmp_path / "x.csv", texts=True).read_text(encoding="utf-8-sig")
        (row,) = rows_of(run, tmp_path / "x.jsonl")

        tools, reasoning, n_choices = shown
        cell = table.loc[0, "tool_calls"]
        assert (json.loads(cell) if tools else None) == row["tool_calls"]
        assert (tools or "") in str(row["tool_calls"])
        assert table["reasoning"].fillna("").tolist() == [reasoning or ""]
        assert (table.loc[0, "n_choices"], row["n_choices"]) == (n_choices, n_choices)
        assert row["reasoning"] == reasoning
        assert written.splitlines()[0].endswith('"tool_calls","reasoning","n_choices"')
        assert (tools or reasoning or "") in written


def test_what_never_came_is_missing_in_tables(tmp_path: Path) -> None:
    run = ask(b"HTTP/1.1 400 Bad\r\nconnection: close\r\n\r\n", "gather", streamed=False)
    call, (row,) = run.calls[0], rows_of(run, tmp_path / "x.jsonl")

    assert (call.body, call.choices, call.message, call.tool_calls) == (None, [], {}, [])
    assert (call.reasoning, call.n_choices) == ("", 0)
    assert (row["tool_calls"], row["reasoning"], row["n_choices"]) == (None, None, None)
    table = run.to_frame()
    assert table[["tool_calls", "reasoning", "n_choices"]].isna().all(axis=None)


# What servers leave out, and the names of what results add.
SPARSE: dict[str, tuple[dict[str, Any], list[str]]] = {
    "almost all": (
        {"choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}]},
        ["id", "created", "model", "object", "choices.0.index", "choices.0.message.role"],
    ),
    "id": ({k: v for k, v in completion(said(content="Yes.")).items() if k != "id"}, ["id"]),
    "created and object": (
        {"id": "1", "model": "m", "choices": [{"index": 0, **said(content="Yes.")}]},
        ["created", "object"],
    ),
    "the total": (
        completion(said(content="Yes."), usage={"prompt_tokens": 3, "completion_tokens": 4}),
        ["usage.total_tokens"],
    ),
    "the kind and name of a tool call": (
        completion(said("tool_calls", tool_calls=[{"function": {"name": "f", "arguments": "{}"}}])),
        ["choices.0.message.tool_calls.0.id", "choices.0.message.tool_calls.0.type"],
    ),
}


class TestBatchOutput:
    @BOTH
    @pytest.mark.parametrize("name", SPARSE)
    def test_is_whole_where_the_server_left_something_out(
        self, name: str, strategy: str, tmp_path: Path
    ) -> None:
        sent, added = SPARSE[name]
        before = copy.deepcopy(sent)
        run = ask(JSON_HEAD + json.dumps(sent).encode(), strategy, streamed=False)
        (row,) = rows_of(run, tmp_path / "x.jsonl")

        assert run.calls[0].body == before
        assert row["added"] == added
        line = BatchLine.model_validate(row, strict=True)
        assert line.response is not None
        body = ChatCompletion.model_validate(line.response.body, strict=True)
        assert body.choices[0].finish_reason in ("stop", "tool_calls")
        if "model" in added:
            assert body.model == "asked-for"
        if "created" in added:
            assert body.created == int(run.started_at + (run.calls[0].finished or 0))
        assert nb.read_saved(tmp_path / "x.jsonl") == run

    def test_replaces_nothing_that_the_server_sent(self, tmp_path: Path) -> None:
        sent = completion({**said("MAX_TOKENS", content="Ye"), "index": 7}, created=1.5, id=9)
        run = ask(JSON_HEAD + json.dumps(sent).encode(), "gather", streamed=False)
        (row,) = rows_of(run, tmp_path / "x.jsonl")

        assert row["response"]["body"] == sent
        assert "added" not in row

    def test_a_call_that_failed_has_an_error_and_no_body(self, tmp_path: Path) -> None:
        refused = b"HTTP/1.1 400 Bad\r\nconnection: close\r\n\r\n"
        (row,) = rows_of(ask(refused, "gather", streamed=False), tmp_path / "x.jsonl")

        assert row["response"] == {"status_code": 400, "request_id": None, "body": None}
        assert row["error"]["code"] == "400"

    def test_a_record_without_a_reply_has_a_body_of_what_it_tells(self, tmp_path: Path) -> None:
        run = ask(EXAMPLES["text"].reply(streamed=False), "gather", streamed=False)
        run.calls[0].body = None
        (row,) = rows_of(run, tmp_path / "x.jsonl")

        ChatCompletion.model_validate(row["response"]["body"], strict=True)
        assert row["added"] == ["body"]
        assert nb.read_saved(tmp_path / "x.jsonl") == run


SECRET = "secret"


def secret_reply() -> dict[str, Any]:
    """Return a reply that says a secret wherever an answer can have words."""
    token = {"token": "secret", "logprob": -1.5, "bytes": list(b"secret"), "top_logprobs": []}
    tops = {**token, "top_logprobs": [{"token": "secret", "logprob": -2, "bytes": None}]}
    message = {
        "content": [{"type": "text", "text": "secret"}, "secret"],
        "refusal": "secret",
        "reasoning": "secret",
        "reasoning_content": "secret",
        "reasoning_details": [{"type": "reasoning.text", "text": "secret"}],
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "secret", "arguments": '{"secret": 1}'},
            },
            {"id": "call_2", "type": "function", "function": {"arguments": {"secret": "secret"}}},
        ],
        "function_call": {"name": "secret", "arguments": "secret"},
        "audio": {"id": "audio_1", "data": "secret", "transcript": "secret", "expires_at": 5},
        "annotations": [{"type": "url_citation", "url_citation": {"title": "secret"}}],
        "images": [{"image_url": {"url": "secret"}}],
        "secret": {"secret": ["secret", 3]},
    }
    choice = {
        **said("stop", **message),
        "logprobs": {"content": [token, tops], "tokens": ["secret"], "secret": -1},
        "stop_reason": "secret",
        "token_ids": [115, 101],
    }
    return completion(
        choice,
        said("stop", content="secret"),
        citations=["secret"],
        prompt_logprobs=[{"7": {"decoded_token": "secret"}}],
        usage={"prompt_tokens": 3, "completion_tokens": 4, "note": "secret"},
        secret="secret",
    )


class TestWithoutTexts:
    def test_no_word_of_the_answer_is_left_but_its_shape_is(self, tmp_path: Path) -> None:
        run = ask(JSON_HEAD + json.dumps(secret_reply()).encode(), "gather", streamed=False)
        assert SECRET in (run.calls[0].text + run.calls[0].reasoning)
        (row,) = rows_of(run, tmp_path / "x.jsonl", texts=False)

        for export in (nb.to_csv, nb.to_jsonl, nb.to_chrome_trace):
            written = export(run, tmp_path / "x", texts=False).read_text()
            assert SECRET not in written
            assert "115, 101" not in written
        body = row["response"]["body"]
        first, second = body["choices"]
        assert (first["finish_reason"], second["index"]) == ("stop", 1)
        assert second["message"] == {"role": "assistant", "content": None}
        assert [each["id"] for each in first["message"]["tool_calls"]] == ["call_1", "call_2"]
        assert [each["logprob"] for each in first["logprobs"]["content"]] == [-1.5, -1.5]
        assert first["logprobs"]["content"][1]["top_logprobs"][0]["logprob"] == -2
        assert body["usage"] == {"prompt_tokens": 3, "completion_tokens": 4, "note": None} | {
            "total_tokens": 7
        }
        assert (body["id"], body["model"]) == (ID["id"], ID["model"])
        assert row["n_choices"] == 2

    @pytest.mark.parametrize("name", [name for name in EXAMPLES if EXAMPLES[name].is_openais])
    def test_openais_shape_is_kept(self, name: str, tmp_path: Path) -> None:
        run = ask(EXAMPLES[name].reply(streamed=False), "gather", streamed=False)
        (row,) = rows_of(run, tmp_path / "x.jsonl", texts=False)

        ChatCompletion.model_validate(row["response"]["body"], strict=True)
        read = nb.read_saved(tmp_path / "x.jsonl")
        assert isinstance(read, Run)
        assert read.calls[0].output_tokens == run.calls[0].output_tokens
        assert read.calls[0].n_choices == run.calls[0].n_choices


CANARY = "canary-0123456789abcdef"
ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in CANARY)


def spelled(*tokens: str) -> dict[str, Any]:
    return {"content": [{"token": each, "bytes": list(each.encode())} for each in tokens]}


# Where a server may put the key that it was given.
PLACES: dict[str, dict[str, Any]] = {
    "a name": completion(said(content="Yes.", **{CANARY: 1})),
    "a tool's arguments": completion(
        said(tool_calls=[{"function": {"name": "f", "arguments": json.dumps({"key": CANARY})}}])
    ),
    "the second choice": completion(said(content="Yes."), said(content=f"It is {CANARY}.")),
    "the depth": completion(said(content="Yes.", x=[{"y": [{"z": [CANARY, {"w": CANARY}]}]}])),
    "the reasoning": completion(said(content="Yes.", reasoning_content=f"The key is {CANARY}.")),
    "the end": completion(said(CANARY, content="Yes.")),
    "beside the choices": completion(said(content="Yes."), system_fingerprint=CANARY),
    "parts": completion(
        said(content=[{"type": "text", "text": CANARY[:4]}, {"type": "text", "text": CANARY[4:]}])
    ),
    "parts of a thought": completion(
        said(
            content=[
                {"type": "thinking", "thinking": [{"text": CANARY[:8]}, {"text": CANARY[8:]}]},
                {"type": "text", "text": "Yes."},
            ]
        )
    ),
    "tokens": completion(
        {**said(content=f"It is {CANARY}."), "logprobs": spelled("It ", "can", "ary-01", "2345")}
        | {"logprobs": spelled("It is ", "canary", "-0123456", "789abcdef", ".")}
    ),
}


class TestKeys:
    @BOTH
    @STREAMED
    @pytest.mark.parametrize("place", PLACES)
    def test_no_key_is_left_in_a_reply(
        self, place: str, streamed: bool, strategy: str, tmp_path: Path
    ) -> None:
        whole = PLACES[place]
        reply = JSON_HEAD + json.dumps(whole).encode()
        if streamed:
            choices = [
                {**{n: v for n, v in choice.items() if n != "message"}, "delta": choice["message"]}
                for choice in whole["choices"]
            ]
            reply = SSE_HEAD + stream({**whole, "choices": choices})
        check_no_key(reply, strategy, tmp_path, streamed=streamed)

    @BOTH
    @pytest.mark.parametrize("written", [ESCAPED, ESCAPED.upper().replace("\\U", "\\u")])
    def test_a_key_written_by_numbers_is_one(
        self, written: str, strategy: str, tmp_path: Path
    ) -> None:
        body = json.dumps(completion(said(content="It is XX."))).replace("XX", written)
        check_no_key(JSON_HEAD + body.encode(), strategy, tmp_path, streamed=False)

    @BOTH
    def test_a_key_whose_letters_have_two_forms_is_found(
        self, strategy: str, tmp_path: Path
    ) -> None:
        key = 'sk/a"b/0123456789'
        body = json.dumps(completion(said(content=key, x={key: 1}))).replace("/", "\\/")
        check_no_key(JSON_HEAD + body.encode(), strategy, tmp_path, streamed=False, key=key)

    @BOTH
    def test_a_key_in_other_encodings_is_found(self, strategy: str, tmp_path: Path) -> None:
        body = json.dumps(completion(said(content=CANARY)))
        for encoding in ("utf-16", "utf-32-le", "utf-8-sig"):
            check_no_key(JSON_HEAD + body.encode(encoding), strategy, tmp_path, streamed=False)

    @BOTH
    def test_a_key_that_comes_letter_by_letter_is_found(
        self, strategy: str, tmp_path: Path
    ) -> None:
        calls = [piece(delta(tool_calls=[{"index": 0, "function": {"name": "f"}}]))]
        calls += [
            piece(delta(tool_calls=[{"index": 0, "function": {"arguments": letter}}]))
            for letter in CANARY
        ]
        thoughts = [piece(delta(reasoning=letter)) for letter in CANARY]
        reply = SSE_HEAD + stream(begin(), *thoughts, *calls, piece(delta(0, "tool_calls")), LAST)
        check_no_key(reply, strategy, tmp_path, streamed=True)

    def test_what_was_not_redacted_is_not_copied(self) -> None:
        endpoint = nb.connect(base_url="http://127.0.0.1:9/v1", api_key=CANARY, verbose=False)
        body = completion(said(content="Yes."))

        assert endpoint.key.redact_all(body) is body


def check_no_key(
    reply: bytes, strategy: str, folder: Path, *, streamed: bool, key: str = CANARY
) -> None:
    """See that no beginning of the key is in what is kept of a reply, and that the rest is."""
    for name in ("j.jsonl", "x.jsonl", "x.csv"):
        (folder / name).unlink(missing_ok=True)
    with raw_server(reply) as server:
        endpoint = nb.connect(base_url=server.base_url, api_key=key, verbose=False)
        run = nb.run(
            ["Who?"], endpoint, strategy=strategy, stream=streamed, journal=folder / "j.jsonl"
        )
    (call,) = run.calls
    nb.to_jsonl(run, folder / "x.jsonl", texts=True)
    nb.to_csv(run, folder / "x.csv", texts=True)

    assert call.body is not None
    kept = [call.text, call.reasoning, str(call), repr(call.body), repr(call.message)]
    kept += [(folder / name).read_text() for name in ("j.jsonl", "x.jsonl", "x.csv")]
    parts = [word for word in words_in(call.body) if isinstance(word, str)]
    for text in (*kept, "".join(parts)):
        assert key[:9] not in text
        assert json.dumps(key)[1:10] not in text
    assert "[key]" in repr(call.body)
    assert list(key.encode())[:6] != [n for n in words_in(call.body) if isinstance(n, int)][:6]


def words_in(value: Any) -> list[Any]:
    """Return all that is said in a reply, in its order."""
    if isinstance(value, dict):
        return [word for each in value.items() for word in (each[0], *words_in(each[1]))]
    return (
        [word for each in value for word in words_in(each)] if isinstance(value, list) else [value]
    )


def test_a_call_that_is_shown_shows_its_text_and_not_all_of_its_reply() -> None:
    call = Call(index=0, custom_id="a", prompt="b", text="Yes.", body={"choices": ["unshown"]})

    assert "Yes." in repr(call)
    assert "unshown" not in repr(call)


def test_an_answer_that_broke_off_is_kept_as_far_as_it_came(tmp_path: Path) -> None:
    reply = SSE_HEAD + stream(begin(content="Ye"), piece(delta(content="s,")), done=False)
    run = ask(reply, "gather", streamed=True)
    (call,) = run.calls

    assert (call.outcome, call.text, call.finish_reason) == ("incomplete", "Yes,", None)
    assert call.body == {
        **HEAD,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Yes,"},
                "finish_reason": None,
                "logprobs": None,
            }
        ],
    }
    (row,) = rows_of(run, tmp_path / "x.jsonl")
    assert row["response"]["body"] == call.body
