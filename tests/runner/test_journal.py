"""The journal: what was acknowledged is in it, whatever happens to the process or the disk."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aiml_nb as nb
from aiml_nb.formats.journal import call_from_dict
from aiml_nb.formats.journal_contents import read_lines
from aiml_nb.formats.journal_head import head_lines
from aiml_nb.formats.lines import encode
from aiml_nb.records import Call
from aiml_nb.runner.journal import Journal

from ..raw_server import raw_server
from .records import count_writes, make_head, make_run, write_journal

CANARY = "canary-0123456789abcdef"
NASTY = [
    "",
    "\0 \x1b[2J \x07",
    "line\nbreak\r\n\u2028\u2029\x85\x0b",
    "\ud800 lone \udfff",
    "$$ $\\frac{1}{$ `code` <script>",
    "\u202e right to left \u2066",
    '", "crc32": 1}',
    "é 漢字 😀" * 1000,
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journals" / "j.jsonl"


class TestLines:
    def test_a_finished_call_is_a_line_of_openais_batch_output_with_our_timing(
        self, path: Path
    ) -> None:
        write_journal(path, make_run("Yes."))

        head, sent, call, end = map(json.loads, path.read_text().splitlines())
        assert head["aiml_nb_journal"] == 1
        assert head["run_id"] == "0123456789ab"
        assert head["prompts"][0]["messages"] == [{"role": "user", "content": "Who?"}]
        assert {n: sent[n] for n in ("custom_id", "sent", "client_request_id")} == {
            "custom_id": "call-000001",
            "sent": 1,
            "client_request_id": "0123456789ab.0.1",
        }
        assert call["response"]["status_code"] == 200
        assert call["response"]["body"]["choices"][0]["message"]["content"] == "Yes."
        assert call["timing"]["finished"] == 0.5
        assert call["timing"]["attempts"][0]["number"] == 1
        assert end["aiml_nb_end"] == 1

    def test_every_line_ends_in_the_checksum_of_the_rest(self, path: Path) -> None:
        write_journal(path, make_run(*NASTY))

        lines = path.read_bytes().split(b"\n")
        assert lines.pop() == b""
        assert len(lines) == 2 + 2 * len(NASTY)
        for line in lines:
            rest, _, checksum = line.rpartition(b', "crc32": ')
            assert json.loads(line.decode("utf-8"))
            assert len(line.decode("utf-8").splitlines()) == 1
            assert zlib.crc32(rest + b"}") == int(checksum[:-1])

    def test_each_record_is_written_by_one_write(self, path: Path) -> None:
        run = make_run("x" * 1_000_000, "", "\ud800")
        journal = Journal.create(path, head_lines(make_head(run)))
        counts = [count_writes()]
        for call in run.calls:
            journal.note_sent(call, call.attempts[0], "1")
            counts.append(count_writes())
            journal.note_finished(call)
            counts.append(count_writes())
        journal.close(run)

        assert [after - before for before, after in pairwise(counts)] == [1] * 6

    @settings(max_examples=200, deadline=None)
    @given(text=st.text(st.characters(categories=None)), error=st.text() | st.none())
    def test_any_text_comes_back_as_it_was(
        self, tmp_path_factory: pytest.TempPathFactory, text: str, error: str | None
    ) -> None:
        path = tmp_path_factory.mktemp("journal") / "j.jsonl"
        run = make_run(text)
        run.calls[0].error = error
        write_journal(path, run)

        journal, contents = Journal.reopen(path)
        journal.close_without_writing()

        (found,) = contents.calls.values()
        assert contents.damaged == ()
        assert call_from_dict(found, prompt="Who?") == joined(run.calls[0])

    def test_nan_becomes_null(self, path: Path) -> None:
        run = make_run("Yes.")
        run.calls[0].cost = float("nan")
        write_journal(path, run)

        assert "NaN" not in path.read_text()
        assert list(read_lines(path.read_bytes(), path).calls) == ["call-000001"]


def joined(call: Call) -> Call:
    """Two halves of one character that stand side by side are that character in JSON."""
    return replace(call, text=json.loads(json.dumps(call.text)))


class TestFile:
    def test_it_is_the_users_alone(self, path: Path) -> None:
        mask = os.umask(0)
        try:
            write_journal(path, make_run("Yes."))
        finally:
            os.umask(mask)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_one_file_keeps_one_run(self, path: Path) -> None:
        write_journal(path, make_run("Yes."))
        before = path.read_bytes()

        with pytest.raises(nb.JournalError, match="exists already"):
            write_journal(path, make_run("No."))

        assert path.read_bytes() == before

    @pytest.mark.parametrize("is_there", [True, False])
    def test_a_link_is_not_followed(self, path: Path, is_there: bool) -> None:
        path.parent.mkdir()
        target = path.parent / "elsewhere"
        if is_there:
            write_journal(target, make_run("Yes."))
        path.symlink_to(target)
        before = target.read_bytes() if is_there else b""

        with pytest.raises(nb.JournalError, match="exists already"):
            Journal.create(path, head_lines({"prompts": []}))
        with pytest.raises(nb.JournalError, match="it is a link"):
            Journal.reopen(path)

        assert target.exists() == is_there
        assert not is_there or target.read_bytes() == before

    @pytest.mark.parametrize("name", ["x" * 300, "j\0.jsonl", "/proc/j.jsonl"])
    def test_a_name_that_cannot_be_is_refused_before_anything_is_sent(
        self, tmp_path: Path, name: str, endpoint: nb.Endpoint
    ) -> None:
        with pytest.raises((nb.JournalError, ValueError)):
            nb.run(["Who?"], endpoint, journal=tmp_path / name)

        assert list(tmp_path.iterdir()) == []

    def test_what_no_journal_can_hold_leaves_no_file(
        self, path: Path, endpoint: nb.Endpoint
    ) -> None:
        circle: dict[str, object] = {}
        circle["x"] = circle
        for body, kind in (
            ({"x": {1, 2}}, TypeError),
            ({"x": {("a", "b"): 1}}, TypeError),
            ({"x": [float("nan")]}, ValueError),
            (circle, ValueError),
        ):
            with pytest.raises(kind, match=r"cannot hold the prompts.*as JSON has them"):
                nb.run(["Who?"], endpoint, journal=path, extra_body=body)

            assert not path.exists()

    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    def test_a_run_that_sent_nothing_leaves_no_file(
        self, path: Path, strategy: str, closed_port: int
    ) -> None:
        nobody = nb.connect(base_url=f"http://127.0.0.1:{closed_port}/v1", verbose=False)

        with pytest.raises(nb.EndpointError):
            nb.run(["Who?"], nobody, strategy=strategy, journal=path)

        assert not path.exists()

    def test_what_is_no_file_is_refused_at_once(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for name in ("pipe", ".", "nowhere"):
            with pytest.raises(nb.JournalError):
                Journal.reopen(tmp_path / name)


HOLD = """
import sys
from pathlib import Path
from aiml_nb.runner.journal import Journal
journal, _ = Journal.reopen(Path(sys.argv[1]))
print("mine", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the journal open."""
    write_journal(path, make_run("Yes."), finished=1)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        yield process
        process.kill()


class TestLock:
    def test_a_second_process_is_refused_until_the_first_is_gone(
        self, path: Path, holder: subprocess.Popen[str]
    ) -> None:
        before = path.read_bytes()
        with pytest.raises(nb.JournalError, match="being written by another run"):
            nb.resume(path)
        assert path.read_bytes() == before

        holder.kill()
        holder.wait()
        journal, _ = Journal.reopen(path)
        journal.close_without_writing()

    def test_a_run_of_this_process_holds_it_too(self, path: Path) -> None:
        journal = Journal.create(path, head_lines(make_head(make_run("Yes."))))

        with pytest.raises(nb.JournalError, match="being written by another run"):
            Journal.reopen(path)

        journal.close_without_writing()

    def test_a_refused_file_is_let_go_of(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_text("something else\n")
        for _ in range(2):
            with pytest.raises(nb.JournalError, match="is not a journal"):
                Journal.reopen(path)

    def test_threads_write_whole_lines(self, path: Path) -> None:
        run = make_run(*(["x" * 5000] * 200))
        journal = Journal.create(path, head_lines(make_head(run)))
        parts = [run.calls[number::4] for number in range(4)]
        threads = [
            threading.Thread(target=lambda part=part: [*map(journal.note_finished, part)])
            for part in parts
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        journal.close_without_writing()

        contents = read_lines(path.read_bytes(), path)
        assert (len(contents.calls), contents.damaged) == (200, ())


class TestTornTail:
    def test_cut_at_every_byte_loses_its_last_record_only_and_spoils_no_later_one(
        self, path: Path
    ) -> None:
        run = make_run("One.", "Two.", "Three \ud800.")
        write_journal(path, run, finished=2)
        whole = path.read_bytes()
        last = whole.rindex(b"\n", 0, -1) + 1

        for length in range(last, len(whole) + 1):
            path.write_bytes(whole[:length])
            journal, contents = Journal.reopen(path)
            journal.note_finished(run.calls[2])
            journal.close(run)
            again = read_lines(path.read_bytes(), path)

            is_whole = length >= len(whole) - 1  # all but the line break
            assert len(contents.calls) == 1 + is_whole
            assert len(contents.damaged) == (0 if is_whole or length == last else 1)
            assert call_from_dict(again.calls["call-000003"]).text == "Three \ud800."
            assert len(again.calls) == 2 + is_whole
            assert again.damaged == contents.damaged

    def test_cut_in_its_first_line_says_that_nothing_was_sent(self, path: Path) -> None:
        run = make_run("One.")
        line = encode(make_head(run)).encode()
        path.parent.mkdir()
        for length in range(len(line) - 1):
            path.write_bytes(line[:length])
            with pytest.raises(nb.JournalError, match=r"before anything was sent.*another journal"):
                Journal.reopen(path)
            assert path.read_bytes() == line[:length]

    @pytest.mark.parametrize(
        ("old", "new", "kind"), [(b"Two.", b"Tow.", "edited"), (b'"Two.', b'"T"wo.', "damaged")]
    )
    def test_a_changed_line_in_the_middle_is_passed_over_and_counted(
        self, path: Path, old: bytes, new: bytes, kind: str
    ) -> None:
        write_journal(path, make_run("One.", "Two.", "Three."))
        path.write_bytes(path.read_bytes().replace(old, new))

        contents = read_lines(path.read_bytes(), path)

        assert sorted(contents.calls) == ["call-000001", "call-000003"]
        assert {"edited": len(contents.edited), "damaged": len(contents.damaged)} == {
            "edited": 0,
            "damaged": 0,
        } | {kind: 1}

    @settings(max_examples=300, deadline=None)
    @given(noise=st.binary(), at=st.floats(0, 1), cut=st.integers(0, 50))
    def test_any_damage_after_the_first_line_is_survived(
        self, tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: float, cut: int
    ) -> None:
        path = tmp_path_factory.mktemp("journal") / "j.jsonl"
        write_journal(path, make_run("One.", "Two.", "Three."))
        head, _, rest = path.read_bytes().partition(b"\n")
        place = int(at * len(rest))

        contents = read_lines(head + b"\n" + rest[:place] + noise + rest[place + cut :], path)

        assert set(contents.calls) <= {"call-000001", "call-000002", "call-000003"}
        for record in contents.calls.values():
            assert call_from_dict(record).text in {"One.", "Two.", "Three."}


class TestForeignFiles:
    @pytest.mark.parametrize(
        ("first_line", "said"),
        [
            (encode({"aiml_nb_journal": 2, "run_id": "x"}), "version 2, and 1 is expected"),
            (encode({"aiml_nb_journal": None}), "version None"),
            (encode({"custom_id": "a", "timing": {}}), "is not a journal"),
            ("[1]\n", "is not a journal"),
            ("[" * 100_000 + "\n", "is not a journal"),
            ("\x00\xff\n", "is not a journal"),
            (
                '{"aiml_nb_journal": 1, "run_id": "x", "crc32": 5}\n',
                "changed after it was written, in line 1",
            ),
            (encode({"aiml_nb_journal": 1, "run_id": "x"}), "not what is needed to go on"),
            (
                encode({**make_head(make_run("x")), "prompts": [{"custom_id": "a"}]}),
                "not what is needed to go on",
            ),
            (encode({**make_head(make_run("x")), "settings": []}), "not what is needed to go on"),
        ],
    )
    def test_are_refused_and_left_alone(self, path: Path, first_line: str, said: str) -> None:
        path.parent.mkdir()
        path.write_text(first_line, encoding="latin-1")

        with pytest.raises(nb.JournalError, match=said):
            nb.resume(path)

        assert path.read_text(encoding="latin-1") == first_line


class TestSecrets:
    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    def test_no_key_and_no_header_is_in_it(
        self, path: Path, strategy: str, endpoint: nb.Endpoint
    ) -> None:
        prompts = [
            {
                "messages": [{"role": "user", "content": "Who?"}],
                "extra_headers": {"X-Mine": CANARY},
            }
        ]
        nb.run(
            prompts,
            endpoint,
            strategy=strategy,
            journal=path,
            extra_headers={"X-All": CANARY},
            system="Be short.",
        )

        text = path.read_text()
        assert CANARY not in text
        assert endpoint.key.reveal() not in text
        assert "Be short." in text

    def test_a_key_among_the_parameters_is_left_out_and_sent_again(
        self, path: Path, tmp_path: Path
    ) -> None:
        refusal = b"HTTP/1.1 400 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        asked = {"extra_query": {"key": CANARY}, "extra_body": {"x": [f"Bearer {CANARY}", 1]}}
        own = {"messages": [{"role": "user", "content": "Who?"}], "extra_body": {"y": CANARY}}
        with raw_server(refusal) as server:
            place = nb.connect(base_url=server.base_url, api_key=CANARY, model="m", verbose=False)
            run = nb.run([own, "Why?"], place, journal=path, **asked)
            nb.to_jsonl(run, tmp_path / "rows.jsonl", texts=True)
            for given in ({}, asked):
                resumed = nb.resume(path, place, retry_failed=True, **given)
                table = resumed.to_frame().to_string()
                with pytest.raises(nb.JournalError, match="extra_query") as caught:
                    nb.resume(path, place, extra_query={"key": CANARY, "n": 2})

        assert len(server.chats) == 6
        assert all(b"?key=" + CANARY.encode() in request for request in server.chats)
        assert sum(b'{"y":"%s"}' % CANARY.encode() in each for each in server.chats) in {0, 3}
        written = path.read_text() + (tmp_path / "rows.jsonl").read_text()
        assert CANARY not in written + table + repr(resumed) + str(caught.value)
        assert '"Bearer [key]"' in written


def test_a_name_that_the_user_gives_a_request_is_the_one_noted(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    endpoint = nb.connect(scenario="instant", verbose=False)
    nb.run(["Who?"], endpoint, journal=path, extra_headers={"X-Client-Request-Id": "mine"})

    assert '"client_request_id":"mine"' in path.read_text()
