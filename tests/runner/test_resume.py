"""Promise R7: a run goes on where it was cut off, and nothing answered is paid for twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.formats.journal_contents import read_lines
from aiml_nb.formats.lines import decode, encode
from aiml_nb.runner.journal_summary import ANSWERED

from ..foreground import foreground
from ..rows import exhaustive, slow
from .conftest import connect_faulty, reopen
from .test_run import questions, read_log

BOTH = pytest.mark.parametrize("strategy", ["sequential", "threads", "gather", "workers"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.jsonl"


def sent_names(endpoint: nb.Endpoint) -> list[str]:
    """Return the run, call and attempt of each request that the server saw."""
    chats = [each for each in read_log(endpoint)["requests"] if "chat" in each["path"]]
    return [chat["client_request_id"] for chat in chats]


def cut_off(path: Path, *, in_flight: int) -> list[str]:
    """Make the journal of a whole run one that was cut off with so many calls in flight."""
    lines = path.read_text().splitlines(keepends=True)
    lines = [line for line in lines if "aiml_nb_end" not in line]
    names = [decode(line)["custom_id"] for line in lines if '"timing"' in line][-in_flight:]
    kept = [
        each for each in lines if not ('"timing"' in each and decode(each)["custom_id"] in names)
    ]
    path.write_text("".join(kept))
    return names


class TestGoingOn:
    @BOTH
    def test_finished_calls_are_not_sent_again_and_the_others_once(
        self, path: Path, strategy: str, endpoint: nb.Endpoint
    ) -> None:
        first = nb.run(
            questions(12), endpoint, strategy=strategy, max_concurrency=3, journal=path, max_calls=5
        )
        assert len(sent_names(endpoint)) == 5

        run = nb.resume(path, endpoint, max_calls=None)

        assert Counter(sent_names(endpoint)) == Counter(f"{run.run_id}.{i}.1" for i in range(12))
        assert (run.run_id, run.strategy, run.max_concurrency) == (
            first.run_id,
            strategy,
            first.max_concurrency,
        )
        assert [call.prompt for call in run.calls] == questions(12)
        assert {call.outcome for call in run.calls} == {"ok"}
        for before, after in zip(first.calls, run.calls, strict=True):
            if before.outcome == "ok":
                assert after == before

    @BOTH
    def test_calls_in_flight_are_named_and_sent_again(
        self, path: Path, strategy: str, endpoint: nb.Endpoint, capsys: pytest.CaptureFixture[str]
    ) -> None:
        nb.run(questions(6), endpoint, strategy=strategy, max_concurrency=3, journal=path)
        lost = cut_off(path, in_flight=2)
        capsys.readouterr()

        run = nb.resume(path, endpoint)

        said = capsys.readouterr().out
        assert "Resumed: 4 of 6 calls are answered. 2 were in flight and are sent again: " in said
        assert "billed" not in said  # by whom? The simulator is on this machine
        for call in run.calls:
            assert (call.custom_id in said) == (call.custom_id in lost)
            assert [attempt.number for attempt in call.attempts] == (
                [1, 2] if call.custom_id in lost else [1]
            )
            assert call.attempts[0].possibly_billed == (call.custom_id in lost)
            assert call.outcome == "ok"
        assert Counter(Counter(sent_names(endpoint)).values()) == {1: 8}

    @pytest.mark.parametrize(
        ("base_url", "billed"),
        [
            ("https://api.example.com/v1", ", perhaps billed,"),
            ("http://127.0.0.1:8000/v1", ""),
            ("http://localhost:8000/v1", ""),
            ("http://[::1]:8000/v1", ""),
        ],
    )
    def test_what_was_in_flight_is_perhaps_billed_by_a_server_elsewhere(
        self, path: Path, base_url: str, billed: str, endpoint: nb.Endpoint
    ) -> None:
        nb.run(questions(3), endpoint, journal=path)
        cut_off(path, in_flight=2)
        head, *lines = path.read_text().splitlines(keepends=True)
        saved = decode(head)
        saved["settings"] |= {"simulated": False, "base_url": base_url}
        path.write_text("".join([encode(saved), *lines]))
        place = nb.connect(base_url=base_url, api_key="sk-0123456789", model="m", verbose=False)
        said: list[str] = []

        journal, _ = reopen(path, place, model=saved["settings"]["model"], say=said.append)

        journal.close_without_writing()
        assert f"2 were in flight{billed} and are sent again" in said[0]

    @BOTH
    def test_an_answer_that_broke_off_is_asked_for_again_only_if_asked_for(
        self, path: Path, strategy: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        endpoint = connect_faulty(faults={1: "no-end", 2: "end:60%"})
        first = nb.run(questions(5), endpoint, strategy=strategy, stream=True, journal=path)
        broken = [call.custom_id for call in first.calls if call.outcome == "incomplete"]
        assert len(broken) == 2

        kept = nb.resume(path, endpoint)

        assert "Resumed: 5 of 5 calls are answered. 2 failed or broke off: " in (
            capsys.readouterr().out
        )
        assert kept.calls == first.calls
        assert len(sent_names(endpoint)) == 5

        mended = nb.resume(path, endpoint, retry_failed=True)

        assert {call.outcome for call in mended.calls} == {"ok"}
        assert {c.custom_id for c in mended.calls if len(c.attempts) == 2} == set(broken)
        assert len(sent_names(endpoint)) == 7
        assert nb.resume(path, endpoint, retry_failed=True).calls == mended.calls

    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    def test_an_answer_that_max_tokens_cut_is_not_asked_for_again(
        self, path: Path, strategy: str, endpoint: nb.Endpoint
    ) -> None:
        first = nb.run(
            questions(2), endpoint, strategy=strategy, stream=True, max_tokens=2, journal=path
        )
        assert {call.finish_reason for call in first.calls} == {"length"}

        again = nb.resume(path, endpoint, retry_failed=True)

        assert again.calls == first.calls
        assert len(sent_names(endpoint)) == 2

    def test_a_run_that_is_done_is_given_back_and_nothing_is_sent(
        self, path: Path, endpoint: nb.Endpoint
    ) -> None:
        first = nb.run(questions(3), endpoint, journal=path)
        before = path.read_bytes()
        requests = len(read_log(endpoint)["requests"])

        run = nb.resume(path, endpoint)

        assert run.calls == first.calls
        assert path.read_bytes() == before
        assert len(read_log(endpoint)["requests"]) == requests

    def test_failed_calls_are_sent_again_only_if_asked_for(self, path: Path) -> None:
        endpoint = nb.connect(scenario="one-fails", speed=50, verbose=False)
        nb.run(questions(6), endpoint, strategy="sequential", journal=path)

        again = nb.resume(path, endpoint)
        assert [call.outcome for call in again.calls].count("error") == 1
        assert len(sent_names(endpoint)) == 6

        mended = nb.resume(path, endpoint, retry_failed=True)
        assert {call.outcome for call in mended.calls} == {"ok"}
        assert [len(call.attempts) for call in mended.calls] == [1, 1, 2, 1, 1, 1]
        assert sent_names(endpoint)[6:] == [f"{mended.run_id}.2.2"]
        assert mended.calls[2].error is None
        # And the journal knows: nothing is left to mend.
        assert nb.resume(path, endpoint, retry_failed=True).calls == mended.calls
        assert len(sent_names(endpoint)) == 7

    def test_the_settings_of_the_run_go_on_unless_others_are_given(
        self, path: Path, endpoint: nb.Endpoint
    ) -> None:
        nb.run(
            questions(4),
            endpoint,
            strategy="workers",
            max_concurrency=2,
            stream=True,
            timeout=50,
            max_calls=2,
            max_tokens=9,
            journal=path,
        )

        run = nb.resume(path, endpoint, max_calls=None, max_concurrency=1)

        assert (run.strategy, run.max_concurrency, run.stream) == ("workers", 1, True)
        assert {call.output_tokens for call in run.calls} == {9}

    def test_both_parts_stand_on_one_axis_of_time(self, path: Path, endpoint: nb.Endpoint) -> None:
        first = nb.run(questions(4), endpoint, max_calls=2, journal=path)
        run = nb.resume(path, endpoint, max_calls=None)

        ends = max(call.finished for call in run.calls[:2])  # type: ignore[type-var]
        for call in run.calls[2:]:
            assert call.started is not None
            assert call.started > ends  # type: ignore[operator]
        assert abs(run.started_at - first.started_at) < 1

    def test_it_may_be_cut_off_many_times(self, path: Path, endpoint: nb.Endpoint) -> None:
        nb.run(questions(9), endpoint, strategy="sequential", journal=path, max_calls=2)
        for _ in range(3):
            run = nb.resume(path, endpoint)
        assert Counter(call.outcome for call in run.calls)["ok"] >= 2

        run = nb.resume(path, endpoint, max_calls=None)

        assert {call.outcome for call in run.calls} == {"ok"}
        assert max(Counter(sent_names(endpoint)).values()) == 1

    def test_the_prompts_file_may_be_named_again(self, path: Path, tmp_path: Path) -> None:
        endpoint = nb.connect(speed=50, verbose=False)
        nasty = [*questions(2), "\ud800 \0 \u2028 $$", "é" * 2000]
        prompts: list[Any] = [
            {"messages": [{"role": "user", "content": text}], "extra_headers": {"X-A": "b"}}
            for text in nasty
        ]
        nb.run(prompts, endpoint, journal=path, max_calls=1, strategy="sequential")

        run = nb.resume(path, endpoint, prompts=prompts, max_calls=None)

        assert [call.prompt for call in run.calls] == nasty

    def test_the_simulator_is_found_again_without_an_endpoint(self, path: Path) -> None:
        nb.run(["What is 2+2?"] * 3, nb.connect(seed=7, verbose=False), journal=path, max_calls=1)

        run = nb.resume(path, max_calls=None)

        assert (run.simulated, run.seed) == (True, 7)
        assert {call.outcome for call in run.calls} == {"ok"}

    def test_a_kernel_that_could_not_reach_the_server_can_try_again(
        self, path: Path, closed_port: int
    ) -> None:
        with foreground("--speed", 50) as server:
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            nb.run(questions(3), endpoint, journal=path, max_calls=1)
        for _ in range(2):
            with pytest.raises(nb.EndpointError, match="No model server answered"):
                nb.resume(path, endpoint, max_calls=None)


class TestAnotherRun:
    @pytest.fixture
    def cut(self, path: Path, endpoint: nb.Endpoint) -> Path:
        """The journal of a run that has 2 of its 3 calls still to make."""
        nb.run(questions(3), endpoint, journal=path, max_calls=1, strategy="sequential")
        return path

    @pytest.mark.parametrize(
        "prompts",
        [
            questions(2),
            ["A new one?", *questions(3)],
            ["Question 0?", "Question 2?", "Question 1?"],
            [[{"role": "system", "content": "Be short."}, {"role": "user", "content": "?"}]] * 3,
            [
                {"messages": [{"role": "user", "content": text}], "temperature": 0}
                for text in questions(3)
            ],
            [
                {"custom_id": text, "body": {"messages": [{"role": "user", "content": text}]}}
                for text in questions(3)
            ],
        ],
    )
    def test_other_prompts_are_refused(
        self, cut: Path, prompts: list[Any], endpoint: nb.Endpoint
    ) -> None:
        before = cut.read_bytes()

        with pytest.raises(nb.JournalError, match="journal of another run: its 3 prompts"):
            nb.resume(cut, endpoint, prompts=prompts)

        assert cut.read_bytes() == before

    def test_another_server_is_refused(self, cut: Path, closed_port: int) -> None:
        other = nb.connect(base_url=f"http://127.0.0.1:{closed_port}/v1", verbose=False)

        with pytest.raises(nb.JournalError, match=r"run at the simulator, not at http://127"):
            nb.resume(cut, other)

    def test_another_model_is_refused(self, cut: Path, endpoint: nb.Endpoint) -> None:
        with pytest.raises(nb.JournalError, match=r"with the model 'gpt-4o', not 'gpt-5'"):
            nb.resume(cut, endpoint, model="gpt-5")

    def test_names_that_are_not_one_calls_own_are_refused(
        self, path: Path, endpoint: nb.Endpoint
    ) -> None:
        body = {"messages": [{"role": "user", "content": "Who?"}]}
        for twice in (["a", "b", "a"], [None, "call-000001", None]):
            prompts = [{"custom_id": name, "body": body} for name in twice]
            with pytest.raises(ValueError, match=r"Prompts 1 and \d have the same custom_id"):
                nb.run(prompts, endpoint, journal=path)

        assert not path.exists()

    def test_a_record_that_is_out_of_its_place_spoils_no_other(
        self, cut: Path, endpoint: nb.Endpoint
    ) -> None:
        record = next(decode(line) for line in cut.read_text().splitlines() if '"timing"' in line)
        record["timing"]["index"] = 99
        with cut.open("a") as file:
            file.write(encode(record))

        run = nb.resume(cut, endpoint, max_calls=None)

        assert [call.index for call in run.calls] == [0, 1, 2]
        assert {call.outcome for call in run.calls} == {"ok"}


FILL = """
import json, resource, signal, sys
import aiml_nb as nb
base_url, journal, strategy, most = sys.argv[1:]
prompts = [f"Question {number}?" for number in range(60)]
endpoint = nb.connect(base_url=base_url, verbose=False)
if int(most):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), resource.RLIM_INFINITY))
run = nb.run(prompts, endpoint, strategy=strategy, max_concurrency=4, journal=journal)
print(json.dumps({"stopped": run.stopped, "calls": [(c.outcome, c.text) for c in run.calls]}))
"""
FULL = 40_000  # bytes: the first line, and about a third of the records


@pytest.fixture(params=["a file that may not grow", slow("a disk that is full")])
def small(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A folder with little room, and what makes more of it."""
    if "disk" not in request.param:
        yield tmp_path, lambda: None
        return
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={FULL}", "none", folder]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a small disk")
    try:
        yield (
            folder,
            lambda: void(subprocess.run(["mount", "-o", "remount,size=10m", folder], check=True)),
        )
    finally:
        subprocess.run(["umount", folder], check=True)


class TestFullDisk:
    @pytest.mark.parametrize("strategy", [exhaustive("sequential"), slow("threads"), "gather"])
    def test_stops_the_sending_keeps_the_results_and_the_run_can_go_on(
        self, strategy: str, small: tuple[Path, Callable[[], None]]
    ) -> None:
        folder, make_room = small
        journal = folder / "j.jsonl"
        limit = 0 if folder.name == "disk" else FULL
        with foreground("--speed", 100) as server:
            said = fill(server.base_url, journal, strategy, limit)
            kept = read_lines(journal.read_bytes(), journal)
            sent = server.sent()
            make_room()
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            run = nb.resume(journal, endpoint)
            sent_later = server.sent()[len(sent) :]

        answered = [text for outcome, text in said["calls"] if outcome in ANSWERED]
        outcomes = Counter(outcome for outcome, _ in said["calls"])
        assert "j.jsonl" in said["stopped"]
        assert "Nothing more is sent" in said["stopped"]
        assert set(outcomes) == {"ok", "not_started"}
        assert all(answered)  # in memory, in the journal or not
        assert len(sent) == len(answered)
        assert 0 <= len(answered) - len(kept.calls) <= 4  # those that were in flight
        assert {call.outcome for call in run.calls} == {"ok"}
        assert len(sent_later) == 60 - len(kept.calls)
        again = {name.rpartition(".")[0] for name in sent_later}
        assert not again & {f"{run.run_id}.{index(name)}" for name in kept.calls}
        assert len(read_lines(journal.read_bytes(), journal).calls) == 60


def fill(base_url: str, journal: Path, strategy: str, limit: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", FILL, base_url, journal, strategy, str(limit)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def index(name: str) -> int:
    return int(name.removeprefix("call-")) - 1


def void(_: object) -> None:
    """Make a function that returns something one that returns nothing."""
