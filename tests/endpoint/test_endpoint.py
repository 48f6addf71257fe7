"""Where calls go: the right place, with the right key, or one clear sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.endpoint import Endpoint, connect
from aiml_nb.endpoint.providers import check_base_url

from ..raw_server import JSON_HEAD, raw_server
from ..waiting import wait_until

CANARY = "canary-0123456789abcdef"
REDIRECT = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: %s\r\nconnection: close\r\n\r\n"


def quiet(**arguments: Any) -> Endpoint:
    return connect(verbose=False, **arguments)


class TestChoosing:
    def test_without_a_key_it_is_the_simulator_and_says_so(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        endpoint = connect()

        assert endpoint.simulated
        assert endpoint.base_url.startswith("http://127.0.0.1:")
        assert "simulator" in capsys.readouterr().out

    def test_with_the_key_it_is_aiml_api_and_says_so_without_the_key(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("AIML_API_KEY", CANARY + "\n")

        endpoint = connect()

        assert (endpoint.base_url, endpoint.model) == ("https://api.aimlapi.com/v1", "gpt-4o")
        assert endpoint.key.reveal() == CANARY
        said = capsys.readouterr().out
        assert "https://api.aimlapi.com/v1" in said
        assert "AIML_API_KEY" in said
        assert CANARY not in said + repr(endpoint)

    def test_simulate_wins_over_a_key_in_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIML_API_KEY", CANARY)

        endpoint = quiet(simulate=True)

        assert endpoint.simulated
        assert endpoint.key.reveal() != CANARY

    def test_a_knob_of_the_simulator_chooses_it(self) -> None:
        assert quiet(seed=7).seed == 7

    @pytest.mark.parametrize("knob", [{"simulate": True}, {"seed": 1}, {"speed": 2.0}])
    @pytest.mark.parametrize("named", [{"base_url": "http://localhost/v1"}, {"provider": "openai"}])
    def test_a_server_and_the_simulator_contradict_each_other(
        self, knob: dict[str, Any], named: dict[str, Any]
    ) -> None:
        with pytest.raises(ValueError, match="contradict"):
            quiet(**knob, **named)

    def test_an_unknown_provider_is_answered_with_the_known_ones(self) -> None:
        with pytest.raises(ValueError, match="'aimlapi', 'openai', 'ollama'; not 'openia'"):
            quiet(provider="openia")

    def test_a_key_alone_means_aiml_api(self) -> None:
        endpoint = quiet(api_key=CANARY)

        assert (endpoint.provider, endpoint.key.reveal()) == ("aimlapi", CANARY)

    @pytest.mark.parametrize("name", ["base_url", "model", "provider"])
    @pytest.mark.parametrize("value", ["", " ", 5])
    def test_empty_or_odd_values_are_refused(self, name: str, value: Any) -> None:
        """An unset shell variable must not send calls to a paid server."""
        with pytest.raises(ValueError, match=f"{name} must be text"):
            quiet(**{name: value})

    def test_a_key_that_is_no_text_is_refused_unseen(self) -> None:
        with pytest.raises(TypeError, match="api_key must be text, not bytes") as caught:
            quiet(api_key=CANARY.encode())

        assert CANARY not in str(caught.value)

    def test_ollama_needs_no_key(self) -> None:
        endpoint = quiet(provider="ollama")

        assert endpoint.base_url == "http://127.0.0.1:11434/v1"

    def test_an_unknown_scenario_is_answered_with_the_known_ones(self) -> None:
        with pytest.raises(nb.EndpointError, match="faq"):
            quiet(scenario="no such scenario")


class TestKeyGoesToOnePlace:
    def test_the_environment_key_goes_to_this_machine(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIML_API_KEY", CANARY)

        assert quiet(base_url="http://127.0.0.1:8000/v1").key.reveal() == CANARY

    @pytest.mark.parametrize(
        "address",
        ["https://example.org/v1", "https://api.aimlapi.com.example.org", "https://api.openai.com"],
    )
    def test_the_environment_key_goes_to_no_other_host(
        self, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        monkeypatch.setenv("AIML_API_KEY", CANARY)

        with pytest.raises(nb.EndpointError, match="--api-key-env NAME") as caught:
            quiet(base_url=address)

        assert CANARY not in str(caught.value)

    def test_a_given_key_goes_where_it_is_sent(self) -> None:
        assert quiet(base_url="https://example.org/v1", api_key=CANARY).key.reveal() == CANARY

    def test_openai_variables_are_not_picked_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", CANARY)
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")

        assert quiet().simulated
        assert quiet(provider="openai").base_url == "https://api.openai.com/v1"

    @pytest.mark.parametrize("provider", ["aimlapi", "openai"])
    def test_a_missing_key_is_named_with_what_to_type(self, provider: str) -> None:
        with pytest.raises(nb.EndpointError, match=r"_API_KEY is not set.*simulate=True"):
            quiet(provider=provider)

    @pytest.mark.parametrize("key", [f"{CANARY}\nx", f"Bearer {CANARY}", " \n"])
    def test_a_malformed_key_is_refused_unseen(
        self, monkeypatch: pytest.MonkeyPatch, key: str
    ) -> None:
        monkeypatch.setenv("AIML_API_KEY", key)

        with pytest.raises(nb.EndpointError, match="AIML_API_KEY") as caught:
            quiet(provider="aimlapi")

        assert CANARY not in str(caught.value)

    @pytest.mark.parametrize(
        "name", ["OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS"]
    )
    def test_ambient_openai_headers_are_not_sent(
        self, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """They were set for another provider, and may hold its gateway's secrets."""
        monkeypatch.setenv(name, f"x-gateway: {CANARY}" if "HEADERS" in name else CANARY)

        with raw_server(JSON_HEAD + b"{}") as server:
            for strategy in ("sequential", "gather"):
                nb.run(["Who?"], quiet(base_url=server.base_url), strategy=strategy)

        assert len(server.chats) == 2
        assert not any(CANARY.encode() in request for request in server.requests)

    def test_a_proxy_is_not_used_towards_this_machine(
        self, monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")

        for strategy in ("sequential", "gather"):
            run = nb.run(["Who?"], endpoint, strategy=strategy)
            assert run.calls[0].outcome == "ok"


class TestBaseUrl:
    @pytest.mark.parametrize(
        ("given", "tidied"),
        [
            ("https://api.aimlapi.com/", "https://api.aimlapi.com"),
            (" http://127.0.0.1:8000/v1/ ", "http://127.0.0.1:8000/v1"),
            ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
            ("https://example.org/v1/chat/completions", "https://example.org/v1"),
        ],
    )
    def test_a_good_address_is_tidied(self, given: str, tidied: str) -> None:
        assert check_base_url(given) == tidied

    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    def test_a_query_goes_where_the_refusal_says(self, strategy: str) -> None:
        with pytest.raises(nb.EndpointError, match=r"extra_query=\{'api-version': …\}"):
            quiet(base_url="https://r.openai.azure.com/openai/d?api-version=1", api_key=CANARY)

        with raw_server(b"") as server:
            endpoint = quiet(base_url=server.base_url)
            nb.run(["Who?"], endpoint, strategy=strategy, extra_query={"api-version": "1"})

        assert b"/chat/completions?api-version=1 " in server.chats[0]

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ("", "not an http or https address"),
            ("api.aimlapi.com", "not an http or https address"),
            ("ftp://api.aimlapi.com", "not an http or https address"),
            ("http://", "not an http or https address"),
            ("http://127.0.0.1:port", "is not an address"),
            ("http://127.0.0.1:99999", "is not an address"),
            ("http://[::1", "is not an address"),
            ("https://example.org/v1?key=canary", r"query.* extra_query=\{'key': …\}"),
            ("https://example.org/v1?canary", "query.* extra_query="),
            ("https://example.org/v1?canary=", "query.* extra_query="),
            ("https://example.org/v1?canary-0123456789-0123456789-0123=", "extra_query="),
            (
                "https://r.openai.azure.com/openai/deployments/d?api-version=2024-06-01",
                r"query.* extra_query=\{'api-version': …\}",
            ),
            (
                "https://r.openai.azure.com/openai/d/chat/completions?api-version=1&code=canary",
                r"extra_query=\{'api-version': …, 'code': …\}",
            ),
            ("https://example.org/v1#canary", "fragment"),
            *(
                (f"{scheme}:{host}{port}/v1", f"write http{s}://127.0.0.1{port}/v1")
                for scheme, s in (("http", ""), ("https", "s"))
                for host in ("//0.0.0.0", "//[::]", "//[::0]", "//[0:0:0:0:0:0:0:0]", "//0", "//*")
                for port in ("", ":8000")
            ),
            ("http://0.0.0.0:8000", "write http://127.0.0.1:8000"),
            ("HTTP://0.0.0.0:8000/v1/chat/completions", "write http://127.0.0.1:8000/v1"),
            ("https://me:canary@example.org", "user name or password"),
            ("me:canary@example.org", "user name or password"),
            ("http://example.org/v1", "not encrypted"),
        ],
    )
    def test_a_bad_address_gets_a_sentence_without_secrets(self, given: str, said: str) -> None:
        with pytest.raises(nb.EndpointError, match=said) as caught:
            check_base_url(given)

        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("strategy", ["sequential", "gather"])
class TestWarmUp:
    def test_an_unreachable_server_is_named_with_what_to_type(
        self, strategy: str, closed_port: int
    ) -> None:
        endpoint = quiet(base_url=f"http://127.0.0.1:{closed_port}/v1")

        with pytest.raises(nb.EndpointError, match=r"No model server.*simulate=True") as caught:
            nb.run(["Who?"], endpoint, strategy=strategy)

        assert endpoint.base_url in str(caught.value)

    def test_an_unknown_model_is_answered_with_the_nearest(
        self, strategy: str, endpoint: Endpoint
    ) -> None:
        with pytest.raises(nb.EndpointError, match=r"no model 'gpt-4oo'.*did you mean 'gpt-4o'"):
            nb.run(["Who?"], endpoint, strategy=strategy, model="gpt-4oo")

    def test_a_refused_key_names_its_source_and_not_the_key(
        self, strategy: str, endpoint: Endpoint
    ) -> None:
        other = quiet(base_url=endpoint.base_url, api_key=CANARY)

        with pytest.raises(nb.EndpointError, match="refused the key from api_key=") as caught:
            nb.run(["Who?"], other, strategy=strategy)

        assert CANARY not in str(caught.value)

    def test_redirects_are_not_followed(self, strategy: str) -> None:
        with (
            raw_server(JSON_HEAD) as target,
            raw_server(REDIRECT % target.base_url.encode()) as server,
        ):
            run = nb.run(["Who?"], quiet(base_url=server.base_url), strategy=strategy)

        assert (run.calls[0].outcome, run.calls[0].error_type) == ("error", "redirect")
        assert "sends its callers to another address" in (run.stopped or "")
        assert not target.requests


class TestSimulator:
    def test_two_connections_are_two_services(self) -> None:
        """The same seed gives the same answers to both, whatever the other one was asked."""
        first, second = quiet(seed=3, speed=50), quiet(seed=3, speed=50)
        runs = [nb.run(["Who?", "Who?"], first, strategy="sequential") for _ in range(2)]
        again = nb.run(["Who?", "Who?"], second, strategy="sequential")

        assert first.base_url == second.base_url
        assert [call.text for call in again.calls] == [call.text for call in runs[0].calls]

    @pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a POSIX signal")
    def test_the_simulator_is_gone_when_its_process_is_killed(self) -> None:
        code = (
            "import aiml_nb, signal\n"
            "print(aiml_nb.connect(verbose=False).base_url, flush=True)\n"
            "signal.pause()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            process.send_signal(signal.SIGKILL)

        wait_until(lambda: _is_gone(address), patience=2)


def _is_gone(address: str) -> bool:
    try:
        nb.run(["Who?"], quiet(base_url=address), strategy="sequential", outage=0)
    except nb.EndpointError as error:
        return "No model server answered" in str(error)
    return False
