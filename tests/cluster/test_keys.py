"""Workers have their key from their own environment, and no key goes between processes."""

from __future__ import annotations

import json
import logging
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx2
import pytest

import aiml_nb as nb
from aiml_nb.errors import EndpointError
from aiml_nb.runner.cluster.orders import KEY_NAME

from ..echo_server import WAYS, echo_server
from ..runner.gated_server import gated_server
from ..test_canary import CANARY, PART
from .dask import DaskProcesses, dask_processes
from .relay import relay

DEBUG = json.dumps({"distributed": "debug"})
PAGES = ("info/main/workers.html", "info/logs.html", "json/identity.json", "health", "metrics")


@pytest.mark.parametrize("ways", [("good", "401"), pytest.param(WAYS, marks=pytest.mark.slow)])
def test_no_key_is_on_the_way_in_logs_or_on_pages(
    ways: tuple[str, ...], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    environment: dict[str, str | None] = {
        KEY_NAME: CANARY,
        "DASK_LOGGING__DISTRIBUTED": "debug",
        "DASK_DISTRIBUTED__COMM__COMPRESSION": "False",
    }
    passed: list[bytes] = []
    with ExitStack() as stack:
        dask = stack.enter_context(dask_processes(tmp_path, environment=environment))
        scheduler = stack.enter_context(relay(port_of(dask.address)))
        port = free_port()
        worker = stack.enter_context(relay(port))
        contact = f"tcp://127.0.0.1:{worker.port}"
        listen = f"tcp://127.0.0.1:{port}"
        dask.add_worker("east", "--listen-address", listen, "--contact-address", contact)
        dask.wait_for("east")
        root = stack.enter_context(echo_server())
        for way in ways:
            endpoint = nb.connect(
                base_url=f"{root}/{way}/v1", api_key=CANARY, model="m", verbose=False
            )
            for stream in (False, True):
                run = make_run(endpoint, f"tcp://127.0.0.1:{scheduler.port}", stream=stream)
                assert run is not None
                assert PART not in f"{run} {run.calls} {run.notices}"
            for headers in ({"X-Api-Key": CANARY}, {"authorization": f"Bearer {CANARY}"}):
                with pytest.raises(ValueError, match="which holds a key by its name"):
                    make_run(endpoint, dask.address, extra_headers=headers)
        pages = read_pages(dask.said())
        passed = [bytes(scheduler.passed), bytes(worker.passed)]

    # What a pass would look like if nothing had been looked at: there was something.
    assert all(b"Who?" in each or b"versions" in each for each in passed)
    assert b"Who?" in passed[1]
    assert pages
    for text in (*passed, *pages, dask.said().encode(), caplog.text.encode()):
        assert PART.encode() not in text


def make_run(endpoint: nb.Endpoint, cluster: str, **options: Any) -> nb.Run | None:
    try:
        return nb.run(["Who?"], endpoint, cluster=cluster, max_attempts=1, journal=False, **options)
    except EndpointError:
        return nb.last_run()


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def read_pages(said: str) -> list[bytes]:
    """Return what the pages of the processes say."""
    found = []
    for address in re.findall(r"(?:dashboard at|http at).*?((?:\d+\.){3}\d+:\d+)", said):
        for page in PAGES:
            try:
                with urlopen(f"http://{address}/{page}", timeout=10) as reply:
                    found.append(reply.read())
            except OSError:
                continue
    return found


def test_a_worker_without_a_key_is_told_before_the_first_call(tmp_path: Path) -> None:
    with echo_server() as root, dask_processes(tmp_path, "east") as dask:
        endpoint = nb.connect(base_url=f"{root}/good/v1", api_key=CANARY, model="m", verbose=False)
        with pytest.raises(EndpointError, match=f"have no key.*{KEY_NAME} in the environment"):
            nb.run(["Who?"], endpoint, cluster=dask.address, journal=False)


def test_processes_of_this_machine_have_the_key_that_is_given() -> None:
    with echo_server() as root:
        endpoint = nb.connect(base_url=f"{root}/good/v1", api_key=CANARY, model="m", verbose=False)
        run = nb.run(["Who?"] * 2, endpoint, processes=1, journal=False)

    assert [call.text for call in run.calls] == ["[key]", "[key]"]


def test_a_key_that_only_a_workers_function_has_is_not_written(tmp_path: Path) -> None:
    with gated_server() as server:
        address = f"{server.base_url}/chat/completions"

        def ask(item: str) -> dict[str, Any]:
            key = "".join(reversed("fedcba9876543210-yranac"))  # as if read from a vault
            http = httpx2.Client(headers={"X-Api-Key": key})
            http.post(address, json={"model": "m", "messages": []})
            http.close()
            return {"said": [f"with {key}"]}

        run = nb.run(["Who?"], ask, processes=1, journal=tmp_path / "j.jsonl")
    nb.to_jsonl(run, tmp_path / "r.jsonl", texts=True)

    assert run.results == [{"said": [f"with {CANARY}"]}]
    for written in tmp_path.iterdir():
        assert PART not in written.read_text()
        assert "with [key]" in written.read_text()


class TestHeaders:
    @pytest.mark.parametrize("keep_texts", [True, False])
    def test_a_key_in_those_of_a_prompt_is_refused(self, keep_texts: bool, tmp_path: Path) -> None:
        prompts = ["Who?", {"prompt": "Why?", "extra_headers": {"X-Api-Key": CANARY}}]
        with pytest.raises(ValueError, match="extra_headers has 'X-Api-Key'") as found:
            nb.run(
                prompts, nb.connect(verbose=False), cluster="tcp://127.0.0.1:9",
                keep_texts=keep_texts, journal=tmp_path / "j.jsonl",
            )  # fmt: skip

        assert PART not in str(found.value)

    def test_a_key_in_the_address_is_refused(self) -> None:
        with pytest.raises(ValueError, match="extra_query has 'api_key'"):
            nb.run(
                ["Who?"], nb.connect(verbose=False), cluster="tcp://127.0.0.1:9",
                extra_query={"api_key": CANARY},
            )  # fmt: skip

    def test_others_are_sent_and_by_processes_keys_too(self, dask: DaskProcesses) -> None:
        with gated_server() as server:
            endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)
            headers = {"X-Title": "Report"}
            nb.run(["Who?"], endpoint, cluster=dask.address, journal=False, extra_headers=headers)
            headers = {"X-Api-Key": CANARY}
            nb.run(["Who?"], endpoint, processes=1, journal=False, extra_headers=headers)

        first, second = server.headers
        assert first["x-title"] == "Report"
        assert second["x-api-key"] == CANARY
