"""What the environment says is used where it matters, and named where it cannot be."""

from __future__ import annotations

import os
import subprocess
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import aiml_nb as nb
from aiml_nb.endpoint.transport.environment import find_proxy

from ...cli.typed import PROGRAM, aiml_nb
from ...rows import slow
from .connections import Exchange, connection_server
from .proxies import FAILURES, ProxyServer, proxy_server
from .tls import CERTIFICATE, server_side

WAYS = ("sequential", "gather")
PASSWORD = "pass-word-of-somebody"


def answer(exchange: Exchange) -> None:
    exchange.send(exchange.reply)


def ask(base_url: str, strategy: str, **options: Any) -> nb.Run:
    endpoint = nb.connect(base_url=base_url, api_key="sk-test", model="m", verbose=False)
    return nb.run(["Who?"], endpoint, strategy=strategy, progress=False, journal=False, **options)


class TestCertificates:
    @pytest.fixture(params=["vanished", "folder", "empty", "text", "broken", "key alone"])
    def bad_file(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        path = tmp_path / "certificates"
        contents = {
            "empty": "",
            "text": "no certificate\n",
            "broken": CERTIFICATE.read_text().replace("M", "N"),
            "key alone": CERTIFICATE.read_text().partition("-----BEGIN CERT")[0],
        }
        if request.param == "folder":
            path.mkdir()
        elif request.param in contents:
            path.write_text(contents[request.param])
        return path

    @pytest.fixture(params=["vanished", "file", "empty", "without a hash"])
    def bad_folder(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        path = tmp_path / "certificates"
        if request.param == "file":
            path.write_text(CERTIFICATE.read_text())
        elif request.param != "vanished":
            path.mkdir()
        if request.param == "without a hash":
            (path / "a.pem").write_text(CERTIFICATE.read_text())
        return path

    @pytest.mark.parametrize("strategy", WAYS)
    def test_a_file_that_is_none_is_named(
        self, bad_file: Path, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(bad_file))

        with pytest.raises(nb.EndpointError, match=f"SSL_CERT_FILE='{bad_file}'.*unset SSL_CERT"):
            ask("https://127.0.0.1:9/v1", strategy)

    @pytest.mark.parametrize("strategy", WAYS)
    def test_so_is_a_folder(
        self, bad_folder: Path, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_DIR", str(bad_folder))

        with pytest.raises(nb.EndpointError, match=f"SSL_CERT_DIR='{bad_folder}'.*unset SSL_CERT"):
            ask("https://127.0.0.1:9/v1", strategy)

    @pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
    @pytest.mark.parametrize("strategy", WAYS)
    def test_nobody_minds_where_nothing_is_encrypted(
        self, name: str, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, "/vanished")

        simulated = nb.run(["Who?"], nb.connect(speed=50, verbose=False), strategy=strategy)
        with connection_server(answer) as server:
            here = ask(server.base_url, strategy)

        assert [run.calls[0].outcome for run in (simulated, here)] == ["ok", "ok"]

    @pytest.mark.parametrize("strategy", WAYS)
    def test_the_right_file_is_used_on_this_machine_too(
        self, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with connection_server(answer, tls=server_side()) as server:
            with pytest.raises(nb.EndpointError, match=r"not trusted.*SSL_CERT_FILE"):
                ask(server.base_url, strategy)
            monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
            run = ask(server.base_url, strategy)

        assert run.calls[0].outcome == "ok"

    @pytest.mark.parametrize("strategy", WAYS)
    def test_a_folder_with_the_right_one_is_used(
        self, strategy: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / HASH).write_text(CERTIFICATE.read_text())
        monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path}{os.pathsep}{tmp_path}")

        with connection_server(answer, tls=server_side()) as server:
            run = ask(server.base_url, strategy)

        assert run.calls[0].outcome == "ok"


HASH = "35bcee93.0"  # openssl x509 -hash -noout -in certificate.pem


class TestProxies:
    URL = "https://model.test/v1"

    @pytest.mark.parametrize("strategy", WAYS)
    @pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
    @pytest.mark.parametrize(
        "form", ["http://127.0.0.1:{}", "127.0.0.1:{}", "http://127.0.0.1:{}/"]
    )
    def test_calls_go_through_them(
        self, form: str, name: str, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run, proxy = self.run_through(monkeypatch, name, form, strategy)

        assert run.calls[0].text == "Who?"
        assert proxy.requests[0].startswith(b"CONNECT model.test:443 HTTP/1.1\r\n")
        assert all(b"sk-test" not in request for request in proxy.requests)

    @pytest.mark.parametrize("strategy", WAYS)
    def test_encrypted_ones_as_well(self, strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
        form = "https://127.0.0.1:{}"
        run, proxy = self.run_through(monkeypatch, "HTTPS_PROXY", form, strategy, tls=server_side())

        assert run.calls[0].text == "Who?"
        assert proxy.requests[0].startswith(b"CONNECT model.test:443")

    @pytest.mark.parametrize("strategy", WAYS)
    def test_they_are_told_user_and_password(
        self, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        form = "http://me:a%40b@127.0.0.1:{}"
        _, proxy = self.run_through(monkeypatch, "HTTPS_PROXY", form, strategy)

        assert b"\r\nproxy-authorization: basic bwu6yubi\r\n" in proxy.requests[0].lower()

    def run_through(
        self, monkeypatch: pytest.MonkeyPatch, name: str, form: str, strategy: str, **options: Any
    ) -> tuple[nb.Run, ProxyServer]:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        with connection_server(answer, tls=server_side()) as server:
            port = urlsplit(server.base_url).port or 0
            with proxy_server(port, **options) as proxy:
                monkeypatch.setenv(name, form.format(proxy.port))
                return ask(self.URL, strategy), proxy

    @pytest.mark.parametrize(
        ("failure", "strategy"),
        [
            (slow if (failure, way) == ("is silent", "sequential") else pytest.param)(failure, way)
            for failure, way in product(FAILURES, WAYS)
        ],
    )
    def test_one_that_fails_is_blamed(
        self, failure: str, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with proxy_server(failure=FAILURES[failure], fails_after=0) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}")
            with pytest.raises(nb.EndpointError) as caught:
                ask(self.URL, strategy, timeout=1 if failure == "is silent" else 20)

        said = str(caught.value)
        assert said.startswith(f"The proxy http://127.0.0.1:{proxy.port} of HTTPS_PROXY ")
        assert "server" not in said
        assert PASSWORD not in said
        assert "HTTPS_PROXY" in said.partition(". ")[2]
        if failure.isdigit():
            assert failure in said

    @pytest.mark.parametrize("strategy", WAYS)
    @pytest.mark.parametrize("form", ["http://127.0.0.1:{}", "http://no-such-host.invalid:{}"])
    def test_so_is_one_that_is_not_there(
        self, form: str, strategy: str, monkeypatch: pytest.MonkeyPatch, closed_port: int
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", form.format(closed_port))

        with pytest.raises(nb.EndpointError, match=r"^The proxy .* of ALL_PROXY does not answer"):
            ask(self.URL, strategy)

    @pytest.mark.parametrize("strategy", WAYS)
    def test_not_for_what_is_behind_it(
        self, strategy: str, monkeypatch: pytest.MonkeyPatch, closed_port: int
    ) -> None:
        with (
            connection_server(answer, tls=server_side()) as server,
            proxy_server(urlsplit(server.base_url).port or 0) as proxy,
        ):
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            with pytest.raises(nb.EndpointError, match="its certificate is not trusted") as caught:
                ask(self.URL, strategy)

        assert "proxy" not in str(caught.value)

    @pytest.mark.parametrize("strategy", WAYS)
    def test_one_that_fails_later_is_told_in_the_record(
        self, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def answer_and_close(exchange: Exchange) -> None:
            exchange.send(exchange.reply_with(b"connection: close"))
            exchange.close()

        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        with (
            connection_server(answer_and_close, tls=server_side()) as server,
            proxy_server(
                urlsplit(server.base_url).port or 0, failure=FAILURES["502"], fails_after=2
            ) as proxy,
        ):
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            endpoint = nb.connect(base_url=self.URL, api_key="k", model="m", verbose=False)
            options = {"strategy": strategy, "max_concurrency": 1, "max_attempts": 1, "outage": 0}
            run = nb.run(["One?", "Two?"], endpoint, progress=False, journal=False, **options)

        first, second = run.calls
        assert (first.outcome, second.outcome) == ("ok", "error")
        assert (second.error_type, second.attempts[0].possibly_billed) == ("connect", False)
        assert f"the proxy http://127.0.0.1:{proxy.port} of HTTPS_PROXY" in str(second.error)

    @pytest.mark.parametrize("strategy", WAYS)
    @pytest.mark.parametrize("name", ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
    @pytest.mark.parametrize("value", ["socks5://127.0.0.1:9", "http://127.0.0.1:9", "nonsense://"])
    def test_this_machine_is_called_without_one(
        self, value: str, name: str, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, value)

        simulated = nb.run(["Who?"], nb.connect(speed=50, verbose=False), strategy=strategy)
        with connection_server(answer) as server:
            here = ask(server.base_url, strategy)

        assert [run.calls[0].outcome for run in (simulated, here)] == ["ok", "ok"]

    @pytest.mark.parametrize("strategy", WAYS)
    @pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "socks", "ftp", "quic"])
    def test_a_kind_that_cannot_be_used_is_named(
        self, scheme: str, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://me:{PASSWORD}@127.0.0.1:1080")

        with pytest.raises(nb.EndpointError, match=f"ALL_PROXY='{scheme}://") as caught:
            ask(self.URL, strategy)

        assert "http and https proxies only" in str(caught.value)
        assert "unset ALL_PROXY" in str(caught.value)
        assert PASSWORD not in str(caught.value)

    @pytest.mark.parametrize("strategy", WAYS)
    @pytest.mark.parametrize(
        "value",
        [
            f"http://me:{PASSWORD}@:8080",
            f"http://me:{PASSWORD}@127.0.0.1:port",
            f"http://me:{PASSWORD}@127.0.0.1:99999",
            f"http://me:{PASSWORD}@[::1",
            f"me:{PASSWORD}@",
            "http://",
            "http:///path",
            "a b",
        ],
    )
    def test_what_is_no_address_is_named(
        self, value: str, strategy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", value)

        with pytest.raises(nb.EndpointError, match=r"^HTTPS_PROXY=.* is not an address") as caught:
            ask(self.URL, strategy)

        assert "unset HTTPS_PROXY" in str(caught.value)
        assert PASSWORD not in str(caught.value)


class TestWithoutProxy:
    @pytest.mark.parametrize(
        ("no_proxy", "host", "is_used"),
        [
            ("", "api.test", True),
            ("api.test", "api.test", False),
            (".test", "api.test", False),
            ("test", "api.test", False),
            ("*.test", "api.test", False),
            ("pi.test", "api.test", True),
            ("*", "api.test", False),
            ("other.test, api.test", "api.test", False),
            ("other.test api.test", "api.test", False),
            ("API.TEST", "api.test", False),
            ("api.test:443", "api.test", False),
            ("api.test:8443", "api.test", True),
            ("https://api.test", "api.test", False),
            ("10.0.0.0/8", "10.1.2.3", False),
            ("10.0.0.0/8", "11.1.2.3", True),
            ("10.1.2.3", "10.1.2.3", False),
            ("fd00::/8", "[fd00::1]", False),
            ("[fd00::1]", "[fd00::1]", False),
            ("fd00::1", "[fd00::2]", True),
            (",,  ,", "api.test", True),
            ("10.0.0.0/99, api.test", "api.test", False),
        ],
    )
    def test_no_proxy_names_who_is_called_directly(
        self, no_proxy: str, host: str, is_used: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
        monkeypatch.setenv("NO_PROXY", no_proxy)

        assert (find_proxy(f"https://{host}/v1") is not None) == is_used

    def test_one_for_other_addresses_is_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "nonsense://")
        monkeypatch.setenv("FTP_PROXY", "http://127.0.0.1:1")

        assert find_proxy("https://api.test/v1") is None

    def test_an_empty_one_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
        monkeypatch.setenv("https_proxy", "")

        assert find_proxy("https://api.test/v1") is None

    def test_its_own_variable_comes_before_that_for_all(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")

        proxy = find_proxy("https://api.test/v1")

        assert proxy is not None
        assert (proxy.variable, proxy.url) == ("HTTPS_PROXY", "http://127.0.0.1:3128")


class TestCommandLine:
    """One sentence and exit code 2, whatever is wrong; the simulator minds nothing."""

    BAD = (
        {"SSL_CERT_FILE": "/vanished"},
        {"SSL_CERT_DIR": "/vanished"},
        {"ALL_PROXY": "socks5://127.0.0.1:9"},
        {"HTTPS_PROXY": "http://127.0.0.1:port"},
        {"SSLKEYLOGFILE": "/vanished/keys"},
    )

    @pytest.mark.parametrize("environ", BAD)
    def test_a_run_says_it_in_a_sentence(self, environ: dict[str, str], tmp_path: Path) -> None:
        (tmp_path / "prompts.txt").write_text("Who?\n")
        typed = ("run", "--prompts", "prompts.txt", "--temperature", "0")
        done = aiml_nb(*typed, cwd=tmp_path, AIML_API_KEY="test-key", **environ)

        (name,) = environ
        assert done.returncode == 2
        assert f"aiml-nb: error: {name}=" in done.stderr
        assert "Traceback" not in done.stderr
        assert "unset" in done.stderr

    def test_the_simulator_does_not_mind(self, tmp_path: Path) -> None:
        """Nor does its process, which is new here."""
        environ = {name: value for each in self.BAD[:-1] for name, value in each.items()}
        done = subprocess.run(
            [*PROGRAM, "compare", "--simulate", "--speed", "50"],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env={**os.environ, **environ},
        )

        assert done.returncode == 0, done.stderr
