"""The list of models may say yes, and never no: where it does not tell, the first call does."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.endpoint import preflight
from aiml_nb.runner import STRATEGIES, first_call

from ..raw_server import raw_server
from ..rows import in_turn
from ..waiting import let_pass
from .gated_server import (
    BAD_LISTS,
    GatedServer,
    Reply,
    completion,
    gated_server,
    listing,
    refusal,
)
from .test_run import questions

KEY = "sk-canary-0123456789abcdef"
BOTH = pytest.mark.parametrize("strategy", ["sequential", "gather"])
FOUR = ("sequential", "threads", "gather", "workers")
MANY = pytest.mark.parametrize("strategy", [each for each in STRATEGIES if each != "sequential"])


def at(server: GatedServer, **how: Any) -> nb.Endpoint:
    return nb.connect(base_url=server.base_url, verbose=False, **{"model": "m", **how})


class Turns:
    """Answers chats, and sees who is under way at the same time.

    The first waits a while for others that must not come, the others for each other: a call that
    goes alone where it should not fails the test, and one that does not go alone does, too.
    """

    def __init__(self, count: int, *, first_alone: bool) -> None:
        self.first_alone = first_alone
        self.together = threading.Barrier(count - first_alone, timeout=20)
        self.seen = 0
        self.seen_at_first: int | None = None
        self.lock = threading.Lock()

    def __call__(self, body: dict[str, Any]) -> Reply:
        with self.lock:
            self.seen += 1
            is_first = self.seen == 1
        if is_first and self.first_alone:
            let_pass(0.2)
            self.seen_at_first = self.seen
        else:
            self.together.wait()
        return completion()


class TestListsThatTellNothing:
    @pytest.mark.parametrize(
        ("name", "strategy"), in_turn([*BAD_LISTS, "reset"], ["threads", "gather"])
    )
    def test_the_first_call_goes_alone_and_then_all_others(self, name: str, strategy: str) -> None:
        turns = Turns(5, first_alone=True)
        with gated_server(models=BAD_LISTS.get(name, name), chat=turns) as server:
            run = nb.run(questions(5), at(server), strategy=strategy)

        assert {call.outcome for call in run.calls} == {"ok"}
        assert turns.seen_at_first == 1
        assert run.stopped is None
        assert set(server.lists) == {"/v1/models"}
        assert [change.limit for change in run.limit_history] == [1, 5]

    @MANY
    def test_every_strategy_waits_for_it(self, strategy: str) -> None:
        with gated_server(models=BAD_LISTS["not found"], n_held=1) as server:
            endpoint = at(server)
            thread, runs = in_thread(lambda: nb.run(questions(8), endpoint, strategy=strategy))
            server.wait_for_chats(1)
            let_pass(0.1)
            assert len(server.chats) == 1
            server.gate.set()
            thread.join(20)

        assert {call.outcome for call in runs[0].calls} == {"ok"}

    @BOTH
    def test_a_list_that_hangs_is_given_up_and_costs_the_run_no_time(
        self, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(preflight, "_MAX_SECONDS", 0.5)
        for models in ("hang", "trickle"):
            with gated_server(models=models) as server:
                run = nb.run(questions(3), at(server), strategy=strategy, run_timeout=30)

            assert {call.outcome for call in run.calls} == {"ok"}
            assert run.calls[0].submitted == 0.0
            assert len(server.lists) == 1

    @pytest.mark.parametrize(
        "models",
        [
            b'{"models": [{"id": "m"}]}',
            b'{"models": [{"name": "m", "model": "m:latest"}]}',
            b'[{"id": "m"}]',
            b'["x", "m"]',
            b'{"data": [{"id": "x"}, {"no": "name"}, {"id": "m"}]}',
        ],
    )
    def test_lists_of_other_shapes_are_read(self, models: bytes) -> None:
        with gated_server(models=(200, models), chat=Turns(4, first_alone=False)) as server:
            run = nb.run(questions(4), at(server))

        assert {call.outcome for call in run.calls} == {"ok"}

    @MANY
    def test_a_list_with_the_model_lets_all_go_at_once(self, strategy: str) -> None:
        with gated_server(chat=Turns(4, first_alone=False)) as server:
            run = nb.run(
                questions(4), at(server), strategy="gather" if strategy == "adaptive" else strategy
            )

        assert {call.outcome for call in run.calls} == {"ok"}

    @pytest.mark.parametrize("strategy", ["threads", "gather"])
    def test_a_stream_lets_the_others_go_as_soon_as_it_begins(self, strategy: str) -> None:
        with gated_server(models=BAD_LISTS["not found"], n_held=6) as server:
            endpoint = at(server)
            thread, runs = in_thread(
                lambda: nb.run(questions(6), endpoint, strategy=strategy, stream=True)
            )
            server.wait_for_chats(6)
            server.gate.set()
            thread.join(20)

        assert {call.outcome for call in runs[0].calls} == {"ok"}

    @pytest.mark.parametrize("strategy", ["threads", "gather"])
    def test_others_do_not_wait_for_a_long_answer(
        self, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(first_call, "HOLD_SECONDS", 0.3)
        with gated_server(models=BAD_LISTS["not found"], n_held=6) as server:
            endpoint = at(server)
            thread, runs = in_thread(lambda: nb.run(questions(6), endpoint, strategy=strategy))
            server.wait_for_chats(6)
            server.gate.set()
            thread.join(20)

        assert {call.outcome for call in runs[0].calls} == {"ok"}

    def test_what_has_answered_once_is_known(self) -> None:
        with gated_server(models=BAD_LISTS["missing scopes"]) as server:
            endpoint = at(server)
            nb.run(["Who?"], endpoint)
            server.chat = Turns(4, first_alone=False)
            run = nb.run(questions(4), endpoint)

        assert {call.outcome for call in run.calls} == {"ok"}

    def test_a_comparison_goes_at_once_after_its_sync_side(self) -> None:
        with gated_server(models=BAD_LISTS["missing scopes"]) as server:
            result = nb.compare(nb.prompts.FAQ, at(server))

        assert result.sync.limit_history[0].limit == 1
        assert [change.limit for change in result.concurrent.limit_history] == [2]
        assert len(server.lists) == 2


class TestModelsThatAreNotListed:
    @BOTH
    @pytest.mark.parametrize("model", ["alias", "gpt-4o", "models/m"])
    def test_are_asked_for_all_the_same(self, model: str, strategy: str) -> None:
        """Some servers do not look at the name, others have aliases and wildcards."""
        with gated_server(models=listing("m", "gpt-*")) as server:
            run = nb.run(questions(5), at(server, model=model), strategy=strategy)

        assert {call.outcome for call in run.calls} == {"ok"}
        assert {chat["model"] for chat in server.chats} == {model}

    def test_lines_with_models_of_their_own_are_asked_for_by_those(self) -> None:
        """The model of the endpoint, which no line asks for, is not looked for."""
        lines = [{"prompt": text, "model": "m"} for text in questions(3)]
        lines[1] = {"prompt": "?", "extra_body": {"model": "n"}}
        with gated_server(models=listing("m", "n"), chat=Turns(3, first_alone=False)) as server:
            run = nb.run(lines, at(server, model="gpt-4o"))

        assert {call.outcome for call in run.calls} == {"ok"}
        assert sorted(chat["model"] for chat in server.chats) == ["m", "m", "n"]

    @BOTH
    def test_one_of_several_that_is_unknown_fails_its_own_calls_only(self, strategy: str) -> None:
        lines = [{"prompt": text, "model": "m"} for text in questions(3)]
        lines.insert(0, {"prompt": "?", "model": "typo"})

        def chat(body: dict[str, Any]) -> Reply:
            if body["model"] == "typo":
                return refusal(404, "The model `typo` does not exist", code="model_not_found")
            return completion()

        with gated_server(chat=chat) as server:
            run = nb.run(lines, at(server), strategy=strategy)

        assert [call.outcome for call in run.calls] == ["error", "ok", "ok", "ok"]
        assert run.stopped is None


# What the list says, what the first call is told, and the sentence.
NO_MODEL = "The model `gpt-4o-mimi` does not exist or you do not have access to it."
REFUSALS: dict[str, tuple[Any, Reply, str]] = {
    "a key": (
        BAD_LISTS["missing scopes"],
        refusal(401, f"Incorrect API key provided: {KEY}."),
        r"refused the key from api_key=: Incorrect API key provided: \[key\]\. Check that the key",
    ),
    "a key that may not": (
        BAD_LISTS["not found"],
        refusal(403, "Your account may not use this model"),
        "refused the key from api_key=: Your account may not use this model",
    ),
    "a model": (
        listing("gpt-4o", "gpt-4o-mini", "o3"),
        refusal(404, NO_MODEL, code="model_not_found"),
        r"no model 'gpt-4o-mimi'.*lists 3: did you mean 'gpt-4o-mini' \(model=, .* --model\)",
    ),
    "a model with a 400": (
        listing("gpt-4o-mini"),
        refusal(400, "Invalid model name passed in model=gpt-4o-mimi. Call `/v1/models`"),
        "no model 'gpt-4o-mimi'.*did you mean 'gpt-4o-mini'",
    ),
    "a model with a code": (
        listing("gpt-4o-mini"),
        refusal(422, "No.", code="MODEL-NOT-FOUND"),
        "no model 'gpt-4o-mimi'.*did you mean 'gpt-4o-mini'",
    ),
    "a model without a word": (
        listing("gpt-4o-mini"),
        refusal(404, "Not Found"),
        "no model 'gpt-4o-mimi'.*did you mean 'gpt-4o-mini'",
    ),
    "a model without a list": (
        BAD_LISTS["not found"],
        refusal(404, 'model "gpt-4o-mimi" not found, try pulling it first'),
        "no model 'gpt-4o-mimi': model .*pulling it first.*Name one that it has: model=",
    ),
    "an address": (
        BAD_LISTS["not found"],
        refusal(404, "Cannot POST /v1/chat/completions"),
        r"No chat completions are at .* \(404: Cannot POST .*most servers ends in /v1",
    ),
    "a method": (
        BAD_LISTS["a page"],
        refusal(405, "Method Not Allowed"),
        r"No chat completions are at .*405: Method Not Allowed",
    ),
    "an endpoint": (
        BAD_LISTS["not found"],
        refusal(200, "Unexpected endpoint or method. (POST /chat/completions)"),
        "No chat completions are at .*Unexpected endpoint or method",
    ),
    "another address": (
        BAD_LISTS["moved"],
        (307, b""),
        "sends its callers to another address.*right address as base_url",
    ),
    "silence": (
        BAD_LISTS["garbage"],
        (0, b""),
        r"No model server answered at 'http://127.*http or https\?.*simulate=True",
    ),
}
# Of these the list says nothing, and nothing answers elsewhere.
UNSURE = {
    *("a key that may not", "a model without a list"),
    *("an address", "a method", "an endpoint"),
}


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "strategy"),
        in_turn([name for name in REFUSALS if name not in UNSURE], FOUR),
    )
    def test_of_the_first_call_and_the_list_end_the_run_with_a_sentence(
        self, name: str, strategy: str, tmp_path: Path
    ) -> None:
        models, reply, said = REFUSALS[name]
        journal = tmp_path / "j.jsonl"
        with gated_server(models=models, chat=lambda body: reply) as server:
            endpoint = at(server, model="gpt-4o-mimi", api_key=KEY)
            with pytest.raises(nb.EndpointError, match=rf"(?s){said}") as caught:
                nb.run(questions(20), endpoint, strategy=strategy, journal=journal)

        assert len({chat["messages"][0]["content"] for chat in server.chats}) == 1
        assert KEY[:12] not in str(caught.value)
        run = nb.last_run()
        assert run is not None
        assert [call.outcome for call in run.calls].count("not_started") == 19
        assert KEY[:12] not in repr(run)
        assert not journal.exists()

    @pytest.mark.parametrize(("name", "strategy"), in_turn(sorted(UNSURE), FOUR))
    def test_of_the_first_call_alone_stop_the_run_and_say_why(
        self, name: str, strategy: str, tmp_path: Path
    ) -> None:
        models, reply, said = REFUSALS[name]
        journal = tmp_path / "j.jsonl"
        with gated_server(models=models, chat=lambda body: reply) as server:
            endpoint = at(server, model="gpt-4o-mimi", api_key=KEY)
            run = nb.run(questions(20), endpoint, strategy=strategy, journal=journal)
            assert re.search(said, run.stopped or "", re.S)
            assert len(server.chats) == 1
            assert [call.outcome for call in run.calls] == ["error", *["not_started"] * 19]
            assert run.calls[0].error in json.loads(reply[1])["error"]["message"]
            assert nb.read_saved(journal).calls[0] == run.calls[0]  # type: ignore[union-attr]
            server.chat = lambda body: completion()
            again = nb.resume(journal, endpoint, retry_failed=True)
            server.chat = lambda body: reply
            with pytest.raises(nb.EndpointError, match=rf"(?s){said}"):
                nb.compare(nb.prompts.FAQ, at(server, model="gpt-4o-mimi", api_key=KEY))

        assert {call.outcome for call in again.calls} == {"ok"}

    @BOTH
    def test_a_key_that_was_not_given_is_asked_for(self, strategy: str) -> None:
        chat: Callable[[Any], Reply] = lambda body: refusal(401, "Invalid API Key")  # noqa: E731
        said = r"/v1 needs a key: Invalid API Key\. .*api_key=…\).*--api-key-env NAME"
        with (
            gated_server(models=BAD_LISTS["missing scopes"], chat=chat) as server,
            pytest.raises(nb.EndpointError, match=said),
        ):
            nb.run(questions(3), at(server), strategy=strategy)

        assert len(server.chats) == 1

    @BOTH
    @pytest.mark.parametrize("path", ["/v1", "/api/v1", "/openai/v1", "/deep/v1"])
    def test_an_address_without_its_path_is_completed(self, path: str, strategy: str) -> None:
        with gated_server(path=path) as server:
            root = server.base_url.removesuffix(path)
            typed = f"{root}/deep" if path == "/deep/v1" else root
            endpoint = nb.connect(base_url=typed, model="m", verbose=False)
            with pytest.raises(nb.EndpointError, match=f"try base_url='{server.base_url}'"):
                nb.run(questions(9), endpoint, strategy=strategy)

        assert len([method for method, _ in server.asked if method == "POST"]) == 1
        assert server.chats == []

    @BOTH
    def test_another_path_that_asks_for_a_key_is_one(self, strategy: str) -> None:
        with gated_server(models=BAD_LISTS["missing scopes"]) as server:
            root = server.base_url.removesuffix("/v1")
            with pytest.raises(nb.EndpointError, match=f"try base_url='{server.base_url}'"):
                nb.run(["?"], nb.connect(base_url=root, model="m", verbose=False))

    @BOTH
    def test_pages_for_people_are_no_model_server(self, strategy: str) -> None:
        page = (200, b"<!doctype html><html><title>Chat</title></html>")
        with (
            gated_server(models=BAD_LISTS["a page"], chat=lambda _: page) as server,
            pytest.raises(nb.EndpointError, match=r"No chat completions .* ends in /v1"),
        ):
            nb.run(questions(50), at(server), strategy=strategy, max_concurrency=1)

        assert len(server.chats) <= 3

    async def test_say_so_to_whoever_awaits(self) -> None:
        chat: Callable[[Any], Reply] = lambda body: refusal(401, "No.")  # noqa: E731
        with gated_server(models=BAD_LISTS["missing scopes"], chat=chat) as server:
            endpoint = at(server)
            for wait in (
                nb.run_async(questions(3), endpoint),
                nb.run_async(questions(3), endpoint, strategy="threads"),
                nb.compare_async(questions(3), endpoint),
                nb.start(questions(3), endpoint),
            ):
                with pytest.raises(nb.EndpointError, match="needs a key"):
                    await wait
            with pytest.raises(nb.EndpointError, match="needs a key"):
                await asyncio.to_thread(nb.compare, questions(3), endpoint)

        assert len(server.chats) == 5

    @BOTH
    def test_a_run_that_goes_on_sends_the_refused_call_again(
        self, strategy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        journal = tmp_path / "j.jsonl"
        with gated_server(models=BAD_LISTS["missing scopes"]) as server:
            nb.run(questions(4), at(server), strategy=strategy, max_calls=2, journal=journal)
            server.chat = lambda body: refusal(401, "Expired.")
            for _ in range(2):
                with pytest.raises(nb.EndpointError, match="Expired"):
                    nb.resume(journal, at(server), max_calls=None)
            assert len(server.chats) == 4
            server.chat = lambda body: completion()
            run = nb.resume(journal, at(server), max_calls=None)

        assert {call.outcome for call in run.calls} == {"ok"}
        assert [len(call.attempts) for call in run.calls] == [1, 1, 3, 1]
        assert "perhaps billed" not in capsys.readouterr().out
        assert isinstance(nb.read_saved(journal), nb.Run)

    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    def test_where_the_list_is_right_and_the_model_is_not_stop_after_a_few(
        self, strategy: str
    ) -> None:
        """One that makes embeddings is listed, too."""
        chat: Callable[[Any], Reply] = lambda body: refusal(404, "Not a chat model.")  # noqa: E731
        with gated_server(chat=chat) as server:
            run = nb.run(questions(60), at(server), strategy=strategy, max_concurrency=5)

        assert 3 <= len(server.chats) <= 7
        assert "has no model 'm': Not a chat model" in (run.stopped or "")
        assert {call.outcome for call in run.calls} == {"error", "not_started"}


class TestFailuresThatSayNothing:
    @BOTH
    @pytest.mark.parametrize("status", [400, 408, 409, 413, 422, 500, 503])
    def test_of_the_first_call_are_its_own(self, status: int, strategy: str) -> None:
        def chat(body: dict[str, Any]) -> Reply:
            if body["messages"][0]["content"] == "Question 0?":
                return refusal(status, "This model does not support temperature.")
            return completion()

        with gated_server(models=BAD_LISTS["not found"], chat=chat) as server:
            run = nb.run(questions(5), at(server), strategy=strategy, max_attempts=1)

        assert [call.outcome for call in run.calls] == ["error", *["ok"] * 4]
        assert run.calls[0].error_type == str(status)

    @BOTH
    def test_a_429_of_the_first_call_does_not_hold_the_others_down(self, strategy: str) -> None:
        replies = iter([refusal(429, "Slow down.")])
        with gated_server(
            models=BAD_LISTS["not found"], chat=lambda body: next(replies, completion())
        ) as server:
            run = nb.run(questions(5), at(server), strategy=strategy)

        assert {call.outcome for call in run.calls} == {"ok"}
        assert run.limit_history[-1].limit == (1 if strategy == "sequential" else 5)

    @BOTH
    def test_a_404_after_an_answer_is_one_calls_own(self, strategy: str) -> None:
        def chat(body: dict[str, Any]) -> Reply:
            text = body["messages"][0]["content"]
            return completion() if text == "Question 0?" else refusal(404, "Not Found")

        with gated_server(models=BAD_LISTS["not found"], chat=chat) as server:
            run = nb.run(questions(9), at(server), strategy=strategy)

        assert [call.outcome for call in run.calls] == ["ok", *["error"] * 8]
        assert run.stopped is None

    @BOTH
    def test_a_first_attempt_that_dies_unheard_is_made_again_alone(self, strategy: str) -> None:
        replies = iter([(0, b"")])
        with gated_server(models="reset", chat=lambda body: next(replies, completion())) as server:
            run = nb.run(questions(4), at(server), strategy=strategy)

        assert {call.outcome for call in run.calls} == {"ok"}
        texts = [chat["messages"][0]["content"] for chat in server.chats]
        assert texts[:2] == ["Question 0?"] * 2
        assert len(run.calls[0].attempts) == 2


class TestWhatCannotBeSent:
    @BOTH
    @pytest.mark.parametrize("scheme", ["https", "http"])
    def test_a_refused_connection_stops_before_the_first_call(
        self, scheme: str, strategy: str, closed_port: int, tmp_path: Path
    ) -> None:
        endpoint = nb.connect(base_url=f"{scheme}://127.0.0.1:{closed_port}/v1", verbose=False)
        with pytest.raises(nb.EndpointError, match="No model server answered at"):
            nb.run(questions(3), endpoint, strategy=strategy, journal=tmp_path / "j.jsonl")

        assert not (tmp_path / "j.jsonl").exists()

    @BOTH
    @pytest.mark.parametrize(
        "words",
        [
            "Client sent an HTTP request to an HTTPS server.",
            "<html><center>The plain HTTP request was sent to HTTPS port</center></html>",
        ],
    )
    def test_a_server_that_wants_https_is_told_from_its_words(
        self, words: str, strategy: str
    ) -> None:
        with (
            gated_server(models=(400, words.encode())) as server,
            pytest.raises(nb.EndpointError, match=r"wants https\. Write base_url='https://127"),
        ):
            nb.run(questions(3), at(server), strategy=strategy)

        assert server.chats == []

    @BOTH
    def test_https_where_there_is_none_stops_before_the_first_call(self, strategy: str) -> None:
        with raw_server(b"") as server:
            endpoint = nb.connect(
                base_url=server.base_url.replace("http:", "https:"), verbose=False
            )
            with pytest.raises(nb.EndpointError, match=r"No model server.*http or https\?"):
                nb.run(questions(9), endpoint, strategy=strategy)

        assert server.chats == []


def test_the_check_up_says_what_the_list_did_not_tell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiml_nb import doctor

    with gated_server(models=BAD_LISTS["missing scopes"]) as server:
        monkeypatch.setattr(doctor, "connect", lambda **_: at(server, model="x"))
        finding = doctor._check_endpoint()

    assert (finding.state, server.chats) == ("note", [])
    assert "does not say whether it has the model x (Missing scopes" in finding.text


def in_thread(run: Callable[[], nb.Run]) -> tuple[threading.Thread, list[nb.Run]]:
    """Start a run beside the test, and return where it will be."""
    runs: list[nb.Run] = []
    thread = threading.Thread(target=lambda: runs.append(run()))
    thread.start()
    return thread, runs
