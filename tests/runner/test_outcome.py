"""Only an answer whose end is known to be good is ok; any other says how it ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.endpoint.failures import quote
from aiml_nb.endpoint.keys import ApiKey
from aiml_nb.records import Call
from aiml_nb.replies.outcome import judge

from ..raw_server import JSON_HEAD, SSE_HEAD, raw_server
from .conftest import run_skipping
from .replies import LAST, completion, delta, piece, said, stream

BOTH = pytest.mark.parametrize("strategy", ["sequential", "gather"])
STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])

# The words of many makes for the ends of their answers.
GOOD = [
    *("stop", "STOP", "tool_calls", "function_call", "tool_use", "end_turn", "stop_sequence"),
    *("eos_token", "eos", "COMPLETE", "TOOL_CALL", "eosFound", "toolCalls", "Stop"),
]
CUT = ["length", "LENGTH", "max_tokens", "MAX_TOKENS", "max_output_tokens", "token_limit"]
FULL = ["model_length", "model_context_window_exceeded", "contextLengthReached", "ERROR_LIMIT"]
DECLINED = [
    *("content_filter", "SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "refusal"),
    *(
        "IMAGE_SAFETY",
        "SPII",
        "guardrail_intervened",
        "sensitive",
        "ERROR_TOXIC",
        "content_filtered",
    ),
]
BROKEN = ["abort", "cancelled", "insufficient_system_resource", "network_error", "USER_CANCEL"]
UNKNOWN = [
    *("OTHER", "pause_turn", "MALFORMED_FUNCTION_CALL", "LANGUAGE", "load", "no stop", "\u505c"),
]


def ask(choices: list[dict[str, Any]], strategy: str, *, streamed: bool, **options: Any) -> Call:
    """Ask a server that answers with these choices."""
    reply = JSON_HEAD + json.dumps(completion(*choices)).encode()
    if streamed:
        reply = SSE_HEAD + stream(*pieces_of(choices), LAST)
    with raw_server(reply) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        run = run_skipping(["Who?"], endpoint, strategy=strategy, stream=streamed, **options)
    return run.calls[0]


def pieces_of(choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return choices as the pieces of a stream, each message in one piece."""
    pieces = []
    for index, choice in enumerate(choices):
        last = {n: value for n, value in choice.items() if n not in ("message", "logprobs")}
        pieces += [
            piece(delta(index, **choice["message"])),
            piece({**delta(index), **last}),
        ]
    return pieces


@BOTH
@STREAMED
class TestEnds:
    def check(self, reason: Any, strategy: str, streamed: bool, outcome: str, *words: str) -> None:
        call = ask([said(reason, content="Yes.")], strategy, streamed=streamed)

        assert (call.outcome, call.text) == (outcome, "Yes.")
        assert (call.finish_reason, call.error_type) == (reason, None)
        assert (call.input_tokens, call.output_tokens) == (11, 7)
        for word in words:
            assert word in str(call.error)
        assert (call.error is None) == (outcome == "ok")

    @pytest.mark.parametrize("reason", GOOD)
    def test_a_good_one_is_ok(self, reason: str, strategy: str, streamed: bool) -> None:
        self.check(reason, strategy, streamed, "ok")

    @pytest.mark.parametrize("reason", CUT)
    def test_one_cut_for_its_length_says_so(
        self, reason: str, strategy: str, streamed: bool
    ) -> None:
        self.check(reason, strategy, streamed, "incomplete", "reached max_tokens", repr(reason))

    @pytest.mark.parametrize("reason", FULL)
    def test_a_full_context_says_so(self, reason: str, strategy: str, streamed: bool) -> None:
        self.check(reason, strategy, streamed, "incomplete", "model's context", repr(reason))

    @pytest.mark.parametrize("reason", DECLINED)
    def test_a_filter_is_a_refusal(self, reason: str, strategy: str, streamed: bool) -> None:
        self.check(reason, strategy, streamed, "refused", "declined", repr(reason))

    @pytest.mark.parametrize("reason", BROKEN)
    def test_one_that_was_broken_off_says_so(
        self, reason: str, strategy: str, streamed: bool
    ) -> None:
        self.check(reason, strategy, streamed, "incomplete", "broke the answer off", repr(reason))

    @pytest.mark.parametrize("reason", UNKNOWN)
    def test_one_that_nobody_knows_is_told(
        self, reason: str, strategy: str, streamed: bool
    ) -> None:
        self.check(reason, strategy, streamed, "incomplete", "no good end", repr(reason))


@pytest.mark.parametrize("reason", [None, "", 5, True, ["stop"], {"a": 1}, "null"])
def test_an_end_that_is_no_word_is_none(reason: Any) -> None:
    verdict = judge(completion(said(reason, content="Yes.")))

    assert (verdict.outcome, verdict.words) == (
        "incomplete",
        "the answer ended without a finish_reason",
    )


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("FinishReason.STOP", "ok"),
        ("FINISH_REASON_MAX_TOKENS", "incomplete"),
        ("end_of_turn", "ok"),
        ("content_filter: PROHIBITED_CONTENT", "refused"),
        ("internal_error", "error"),
        ("stop: no", "ok"),
        ("nonstop", "incomplete"),
    ],
)
def test_an_end_is_known_by_what_stands_before_and_after_it(reason: str, outcome: str) -> None:
    assert judge(completion(said(reason, content="Yes."))).outcome == outcome


@BOTH
@pytest.mark.parametrize(
    ("choice", "outcome", "error_type", "words"),
    [
        ({"finish_reason": "content_filter"}, "refused", None, "declined"),
        ({"finish_reason": "length", "message": None}, "incomplete", None, "max_tokens"),
        (
            {"finish_reason": "error", "error": {"code": 502, "message": "lost"}},
            "error",
            "502",
            "lost",
        ),
        ({"error": "lost"}, "error", "bad_response", "lost"),
        ({"finish_reason": "stop"}, "error", "bad_response", "no message"),
    ],
)
def test_a_choice_without_a_message_says_why(
    choice: dict[str, Any], outcome: str, error_type: str | None, words: str, strategy: str
) -> None:
    with raw_server(JSON_HEAD + json.dumps(completion(choice)).encode()) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        (call,) = run_skipping(["Who?"], endpoint, strategy=strategy, max_attempts=1).calls

    assert (call.outcome, call.error_type) == (outcome, error_type)
    assert words in str(call.error)
    assert call.body == completion(choice)


def test_the_name_of_an_end_is_shown_only_in_part() -> None:
    words = judge(completion(said("x" * 10**6, content="Yes."))).words

    assert words is not None
    assert 60 <= len(quote(words, ApiKey("", source="nowhere"))) <= 300
    assert len(words) <= 3000  # what may hold a key is cut only after that is taken out


DISCONNECTED = {"code": 502, "message": "Provider disconnected"}
# The error of a choice -> the error type, the words; whole and streamed.
FAILED: dict[str, tuple[dict[str, Any], tuple[str, str], str]] = {
    "an error": (
        {"error": {"message": "Provider disconnected"}},
        ("bad_response", "stream"),
        "Provider disconnected",
    ),
    "an error with a good end": (
        {"error": {"message": "lost it"}, "finish_reason": "stop"},
        ("bad_response", "stream"),
        "lost it",
    ),
    "words alone": ({"error": "out of memory"}, ("bad_response", "stream"), "out of memory"),
    "an object without words": ({"error": {"type": "x1"}}, ("bad_response", "stream"), "x1"),
    "no word": ({}, ("bad_response", "stream"), "finish_reason 'error'"),
    "a status that may pass": ({"error": DISCONNECTED}, ("502", "502"), "Provider disconnected"),
    "a status of the key": (
        {"error": {"code": 401, "message": "the provider's key"}},
        ("bad_response", "stream"),
        "the provider's key",
    ),
}


class TestFailedChoices:
    @BOTH
    @STREAMED
    @pytest.mark.parametrize("name", FAILED)
    def test_its_error_is_the_records(self, name: str, strategy: str, streamed: bool) -> None:
        about, types, words = FAILED[name]
        choice = {**said("error", content="Half an"), **about}
        call = ask([choice], strategy, streamed=streamed, max_attempts=1)

        assert (call.outcome, call.error_type) == ("error", types[streamed])
        assert words in str(call.error)
        assert (call.text, call.output_tokens) == ("Half an", 7)
        assert call.attempts[0].possibly_billed
        assert call.attempts[0].error_type == call.error_type

    @BOTH
    @STREAMED
    def test_one_that_may_pass_is_tried_again_unless_something_was_read(
        self, strategy: str, streamed: bool
    ) -> None:
        choice = {**said("error", content=""), "error": DISCONNECTED}
        for content, attempts in (("", 3), ("Half an", 1 if streamed else 3)):
            choice = {**said("error", content=content), "error": DISCONNECTED}
            call = ask([choice], strategy, streamed=streamed)

            assert (call.outcome, call.error_type) == ("error", "502")
            assert len(call.attempts) == attempts

    @BOTH
    @pytest.mark.parametrize("reason", ["error", None, "abort"])
    def test_what_is_said_beside_the_choices_is_not_lost(
        self, reason: str | None, strategy: str
    ) -> None:
        body = completion(said(reason, content="Half an"), error=DISCONNECTED)
        with raw_server(JSON_HEAD + json.dumps(body).encode()) as server:
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            call = nb.run(["A?"], endpoint, strategy=strategy, max_attempts=1).calls[0]

        assert (call.outcome, call.error_type, call.text) == ("error", "502", "Half an")
        assert call.error == "Provider disconnected"

    @BOTH
    def test_what_is_said_beside_a_good_choice_does_not_spoil_it(self, strategy: str) -> None:
        body = completion(said(content="Yes."), error={"message": "a warning"})
        with raw_server(JSON_HEAD + json.dumps(body).encode()) as server:
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            call = nb.run(["A?"], endpoint, strategy=strategy).calls[0]

        assert (call.outcome, call.text, call.error) == ("ok", "Yes.", None)

    @BOTH
    def test_the_key_of_a_provider_stops_nobody(self, strategy: str) -> None:
        choice = {**said("error"), "error": {"code": 401, "message": "No key."}}
        with raw_server(JSON_HEAD + json.dumps(completion(choice)).encode()) as server:
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            run = run_skipping(["A?", "B?", "C?"], endpoint, strategy=strategy)

        assert run.stopped is None
        assert {call.error_type for call in run.calls} == {"bad_response"}

    @pytest.mark.parametrize("error", [None, {}, "", False, {"code": None, "message": ""}])
    def test_no_error_is_none(self, error: Any) -> None:
        assert judge(completion({**said(content="Yes."), "error": error})).outcome == "ok"


# What an answer with a good end holds instead of a text -> whether it is something.
FULL_MESSAGES: dict[str, dict[str, Any]] = {
    "a text": {"content": "Yes."},
    "white space": {"content": "\n"},
    "a part": {"content": [{"type": "text", "text": "Yes."}]},
    "a part that is a text": {"content": ["Yes."]},
    "a picture": {"content": [{"type": "image_url", "image_url": {"url": "https://a.b"}}]},
    "pictures": {"images": [{"image_url": {"url": "https://a.b"}}]},
    "a tool call": {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]},
    "a function call": {"function_call": {"name": "f", "arguments": "{}"}},
    "JSON": {"content": {"answer": 4}},
    "sound": {"audio": {"id": "a1", "data": "UklG"}},
}
EMPTY_MESSAGES: dict[str, dict[str, Any]] = {
    "null": {"content": None},
    "no content": {},
    "nothing": {"content": ""},
    "no parts": {"content": []},
    "an empty part": {"content": [{"type": "text", "text": ""}]},
    "no tool calls": {"content": None, "tool_calls": []},
    "other members": {"content": None, "refusal": None, "annotations": [], "audio": None},
}
THOUGHTS: dict[str, dict[str, Any]] = {
    "reasoning_content": {"content": "", "reasoning_content": "Hm."},
    "reasoning": {"content": None, "reasoning": "Hm."},
    "details": {"content": None, "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
    "a part": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]},
    "a part of words": {"content": [{"type": "thinking", "thinking": "Hm."}]},
    "a part and an empty text": {
        "content": [{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": ""}]
    },
}


class TestEmptyAnswers:
    @BOTH
    @STREAMED
    @pytest.mark.parametrize("name", FULL_MESSAGES)
    def test_something_is_ok(self, name: str, strategy: str, streamed: bool) -> None:
        call = ask([said(**FULL_MESSAGES[name])], strategy, streamed=streamed)

        assert (call.outcome, call.error) == ("ok", None)

    @BOTH
    @STREAMED
    @pytest.mark.parametrize("reason", ["stop", "tool_calls", "COMPLETE"])
    @pytest.mark.parametrize("name", EMPTY_MESSAGES)
    def test_nothing_is_incomplete(
        self, name: str, reason: str, strategy: str, streamed: bool
    ) -> None:
        choice = {"message": {"role": "assistant", **EMPTY_MESSAGES[name]}, "finish_reason": reason}
        call = ask([choice], strategy, streamed=streamed)

        assert (call.outcome, call.text) == ("incomplete", "")
        assert call.error == f"the answer is empty (finish_reason {reason!r})"
        assert call.output_tokens == 7

    @BOTH
    @STREAMED
    @pytest.mark.parametrize("name", THOUGHTS)
    def test_reasoning_alone_comes_with_a_hint(
        self, name: str, strategy: str, streamed: bool
    ) -> None:
        call = ask([said(**THOUGHTS[name])], strategy, streamed=streamed)

        assert (call.outcome, call.text, call.reasoning) == ("ok", "", "Hm.")
        assert "reasoning without a text" in str(call.error)
        assert "call.reasoning" in str(call.error)

    @BOTH
    @STREAMED
    @pytest.mark.parametrize("name", THOUGHTS)
    def test_reasoning_that_took_all_tokens_comes_with_a_hint(
        self, name: str, strategy: str, streamed: bool
    ) -> None:
        call = ask([said("length", **THOUGHTS[name])], strategy, streamed=streamed)

        assert (call.outcome, call.text, call.reasoning) == ("incomplete", "", "Hm.")
        assert "reached max_tokens (finish_reason 'length'), all of it reasoning" in str(call.error)
        assert "call.reasoning" in str(call.error)

    @BOTH
    def test_no_choice_is_incomplete(self, strategy: str) -> None:
        call = ask([], strategy, streamed=False)

        assert (call.outcome, call.error) == ("incomplete", "the answer has no choices")


# The ends of several choices -> the outcome, and the choice that decides.
SEVERAL: list[tuple[list[dict[str, Any]], str, str]] = [
    ([said(content="A"), said(content="B")], "ok", ""),
    ([said(content="A"), said("length", content="B")], "incomplete", "choices[1]: the answer reac"),
    ([said("length", content="A"), said("SAFETY", content="B")], "refused", "choices[1]: the mod"),
    ([said("weird", content="A"), said("length", content="B")], "incomplete", "choices[0]: the an"),
    ([said(content="A"), said(refusal="No.")], "refused", "choices[1]: the model declined"),
    ([said(content="A"), said(content="B"), said()], "incomplete", "choices[2]: the answer is em"),
    ([said(content="A"), said(None, content="B")], "incomplete", "choices[1]: the answer ended wi"),
    ([said(content="A"), said(reasoning="Hm.")], "ok", "choices[1]: the answer is reasoning"),
    (
        [said("length", content="A"), {**said("error"), "error": {"message": "lost"}}],
        "error",
        "choices[1]: lost",
    ),
]


@BOTH
@STREAMED
@pytest.mark.parametrize(("choices", "outcome", "words"), SEVERAL)
def test_the_worst_of_several_choices_decides(
    choices: list[dict[str, Any]], outcome: str, words: str, strategy: str, streamed: bool
) -> None:
    call = ask(choices, strategy, streamed=streamed, n=len(choices))

    assert call.outcome == outcome
    assert str(call.error or "").startswith(words)
    assert call.n_choices == len(choices)
    assert [each["finish_reason"] for each in call.choices] == [
        each["finish_reason"] for each in choices
    ]
    assert call.text == choices[0]["message"]["content"]
