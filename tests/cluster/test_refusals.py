"""What cannot be used is refused in a sentence that says what to type, before anything is sent."""

from __future__ import annotations

import importlib.util
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.errors import EndpointError
from aiml_nb.runner.cluster import choose, pool

from .dask import DaskProcesses, dask_processes


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"processes": 0}, ValueError, "processes must be a whole number from 1 to 1000; not 0"),
        ({"processes": True}, ValueError, "not True"),
        ({"processes": 2.0}, ValueError, "not 2.0"),
        ({"processes": 2, "cluster": "tcp://x:1"}, ValueError, "Leave one of them out"),
        ({"cluster": "somewhere"}, ValueError, "is no address of a Dask scheduler"),
        ({"cluster": "http://127.0.0.1:8787/status"}, ValueError, "Write it like tcp://"),
        ({"cluster": "tcp://127.0.0.1"}, ValueError, "is no address of a Dask scheduler"),
        ({"cluster": 7}, TypeError, "cluster must be a Dask client, .* not int"),
        ({"processes": 2, "strategy": "threads"}, ValueError, "Use strategy='gather'"),
        ({"processes": 2, "strategy": "sequential"}, ValueError, "Use strategy='gather'"),
    ],
)
def test_arguments(
    how: dict[str, Any], error: type[Exception], said: str, endpoint: nb.Endpoint
) -> None:
    with pytest.raises(error, match=said):
        nb.run(["Who?"], endpoint, **how)


def test_a_journal_whose_run_no_worker_can_go_on_with_is_free_again(
    tmp_path: Path, endpoint: nb.Endpoint
) -> None:
    journal = tmp_path / "run.jsonl"
    nb.run(["Who?", "Why?"], endpoint, strategy="threads", journal=journal, max_calls=1)

    with pytest.raises(ValueError, match="Use strategy='gather'") as refused:
        nb.resume(journal, endpoint, max_calls=None, processes=1)
    run = nb.resume(journal, endpoint, max_calls=None)

    assert [call.outcome for call in run.calls] == ["ok", "ok"]
    del refused  # whose traceback holds what was open


@pytest.mark.parametrize("missing", ["distributed", "cryptography"])
def test_what_is_not_installed_is_named_with_the_line_to_type(
    missing: str, endpoint: nb.Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(choose, "find_spec", lambda name: None if name == missing else find(name))

    with pytest.raises(EndpointError, match=r"processes needs .* pip install 'aiml_nb\[cluster\]'"):
        nb.run(["Who?"], endpoint, processes=2)


def test_an_address_that_nobody_answers_at(
    closed_port: int, endpoint: nb.Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "_CONNECT", 0.5)
    with pytest.raises(EndpointError, match=r"No Dask scheduler answers at .* processes=2"):
        nb.run(["Who?"], endpoint, cluster=f"tcp://127.0.0.1:{closed_port}")


def test_an_address_of_something_else(
    endpoint: nb.Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A web server does not speak Dask's language."""
    monkeypatch.setattr(choose, "_CONNECT", 1.0)
    address = endpoint.base_url.removesuffix("/v1").replace("http", "tcp")
    with pytest.raises(EndpointError, match="No Dask scheduler answers at"):
        nb.run(["Who?"], endpoint, cluster=address)


def test_a_cluster_without_workers(
    tmp_path: Path,
    endpoint: nb.Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(pool, "_FIRST", 1.0)
    with (
        dask_processes(tmp_path) as dask,
        pytest.raises(
            EndpointError, match=f"No worker of the cluster was there .* dask worker {dask.address}"
        ),
    ):
        nb.run(["Who?"], endpoint, cluster=dask.address)

    assert capsys.readouterr().out.count("Waiting 1 s for a worker of the cluster. Start one") == 1


VERSIONS = {
    "none": (
        "raise metadata.PackageNotFoundError(name)",
        r"it has no aiml_nb.*pip install 'aiml_nb\[cluster\]'",
    ),
    "another": ("return '0.0.9'", r"it has aiml_nb 0\.0\.9, and .* pip install aiml_nb=="),
}


@pytest.mark.parametrize("which", VERSIONS)
def test_a_worker_with_another_version_or_none(
    which: str, tmp_path: Path, endpoint: nb.Endpoint
) -> None:
    found, said = VERSIONS[which]
    # A Python that has it not, as far as can be told from its list of packages.
    (tmp_path / "sitecustomize.py").write_text(
        "from importlib import metadata\n"
        "known = metadata.version\n"
        "def version(name):\n"
        "    if name != 'aiml_nb':\n"
        "        return known(name)\n"
        f"    {found}\n"
        "metadata.version = version\n"
    )
    environment: dict[str, str | None] = {"PYTHONPATH": str(tmp_path)}
    with (
        dask_processes(tmp_path, "east", environment=environment) as dask,
        pytest.raises(EndpointError, match=f"No worker of the cluster can be used: {said}"),
    ):
        nb.run(["Who?"], endpoint, cluster=dask.address)


@pytest.mark.slow
def test_one_that_cannot_be_used_beside_others_is_told(
    tmp_path: Path, endpoint: nb.Endpoint
) -> None:
    """Its numpy is another, too, of which Dask would warn: for requests that does not matter."""
    (tmp_path / "sitecustomize.py").write_text(
        "from importlib import metadata\n"
        "known, own = metadata.version, {'aiml_nb': '0.0.9', 'numpy': '1.0'}\n"
        "metadata.version = lambda name: own.get(name) or known(name)\n"
    )
    with dask_processes(tmp_path, "good") as dask:
        dask.environment["PYTHONPATH"] = str(tmp_path)
        dask.add_worker("old")
        dask.wait_for("old")
        run = nb.run(["Who?"] * 9, endpoint, cluster=dask.address)

    assert {(call.outcome, call.worker) for call in run.calls} == {("ok", "good")}
    assert ["is not used: it has aiml_nb 0.0.9" in notice for notice in run.notices] == [True]


@pytest.mark.slow
def test_functions_are_for_workers_of_the_same_python(
    tmp_path: Path, endpoint: nb.Endpoint
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import platform\nplatform.python_version = lambda: '3.99.1'\n"
    )
    environment: dict[str, str | None] = {"PYTHONPATH": str(tmp_path)}
    with dask_processes(tmp_path, "east", environment=environment) as dask:
        with pytest.raises(EndpointError, match=r"it has Python 3\.99\.1, and .* Start it with"):
            nb.run([1], lambda item: item, cluster=dask.address, journal=False)
        run = nb.run(["Who?"], endpoint, cluster=dask.address)

    assert run.calls[0].outcome == "ok"


def test_a_limit_below_the_number_of_workers(dask: DaskProcesses, endpoint: nb.Endpoint) -> None:
    run = nb.run(["Who?"] * 4, endpoint, cluster=dask.address, max_concurrency=1)

    ends = sorted((call.started, call.finished) for call in run.calls)
    assert {call.outcome for call in run.calls} == {"ok"}
    assert all(before[1] <= after[0] for before, after in pairwise(ends))  # type: ignore[operator]
