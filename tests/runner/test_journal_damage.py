"""Journals that editors, tools and disks have changed: no answer is paid for twice unasked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.formats.journal_contents import read_lines
from aiml_nb.formats.lines import decode, encode
from aiml_nb.runner.journal import Journal

from .conftest import connect_faulty
from .records import make_run, write_journal
from .test_run import read_log

WORDS = ["Four.", "Größe: 5 €.", "漢字 \u2028 😀", "Yes."]
LATIN = ["Four.", "Größe.", "naïve café", "Yes."]


def swap_line_ends(end: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(b"\n", end)


def as_encoded(encoding: str) -> Callable[[bytes], bytes]:
    return lambda data: data.decode().encode(encoding)


UNDONE = {
    "CR": (WORDS, swap_line_ends(b"\r")),
    "CRLF": (WORDS, swap_line_ends(b"\r\n")),
    "blank lines": (WORDS, swap_line_ends(b"\n\n \n")),
    "byte-order mark": (WORDS, as_encoded("utf-8-sig")),
    "no line break at the end": (WORDS, lambda data: data.rstrip(b"\n")),
    "Latin-1": (LATIN, as_encoded("latin-1")),
    "Windows-1252": (["5 €.", "“Yes”", "ok", "–"], as_encoded("cp1252")),
    "UTF-16": (WORDS, as_encoded("utf-16")),
    "UTF-16, little end first, unmarked": (WORDS, as_encoded("utf-16-le")),
    "UTF-16, big end first, unmarked": (WORDS, as_encoded("utf-16-be")),
}


@pytest.mark.parametrize("how", UNDONE)
def test_what_an_editor_does_to_a_file_as_a_whole_is_undone(tmp_path: Path, how: str) -> None:
    path = tmp_path / "j.jsonl"
    texts, change = UNDONE[how]
    write_journal(path, make_run(*texts))
    path.write_bytes(change(path.read_bytes()))

    contents = read_lines(path.read_bytes(), path)
    saved = nb.read_saved(path)

    assert [len(contents.calls), contents.damaged, contents.edited] == [4, (), ()]
    assert isinstance(saved, nb.Run)
    assert [call.text for call in saved.calls] == texts


def jq(line: str) -> str:
    """Write a line as ``jq -ac`` does: compact, in ASCII, its numbers anew."""
    return json.dumps(json.loads(line), separators=(",", ":"))


def change_answer(line: str) -> str:
    return line.replace('"ok"', '"OK"', 1) if '"timing"' in line else line


def cut_middle(line: str) -> str:
    return line[:-20] if '"timing"' in line else line


def zero(line: str) -> str:
    return "\0" * len(line) if '"timing"' in line else line


# How lines are changed; which of them still can be read.
CHANGED = {
    "jq -ac": (jq, True),
    "pretty": (lambda line: json.dumps(json.loads(line), sort_keys=True), True),
    "search and replace": (change_answer, False),
    "an answer corrected by hand": (lambda line: line.replace("Four.", "4."), True),
    "cut": (cut_middle, False),
    "zeros of a broken disk": (zero, False),
}


@pytest.fixture
def finished(tmp_path: Path) -> tuple[Path, nb.Endpoint]:
    """The journal of a run of four calls that are all answered, and where it was made."""
    endpoint = connect_faulty()
    path = tmp_path / "j.jsonl"
    nb.run(["One?", "Two?", "Three?", "Four?"], endpoint, journal=path)
    return path, endpoint


def count_requests(endpoint: nb.Endpoint) -> int:
    return sum("chat" in each["path"] for each in read_log(endpoint)["requests"])


@pytest.mark.parametrize("how", CHANGED)
def test_more_than_a_torn_tail_is_asked_about_before_anything_is_sent(
    finished: tuple[Path, nb.Endpoint], how: str
) -> None:
    path, endpoint = finished
    change, can_be_read = CHANGED[how]
    lines = path.read_text().replace("Four?", "Four.").splitlines()
    path.write_text("\n".join(map(change, lines)) + "\n")
    before, sent = path.read_bytes(), count_requests(endpoint)

    with pytest.raises(nb.JournalError) as refused:
        nb.resume(path, endpoint)

    said = str(refused.value)
    assert 'on_damage="keep"' in said
    assert 'on_damage="send"' in said
    assert "elete" not in said
    assert path.read_bytes() == before
    assert count_requests(endpoint) == sent

    kept = nb.resume(path, endpoint, on_damage="keep")
    assert [call.outcome for call in kept.calls] == ["ok"] * 4
    assert (count_requests(endpoint) == sent) == can_be_read


def test_what_is_to_be_sent_again_is_sent_again(
    finished: tuple[Path, nb.Endpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    path, endpoint = finished
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([head, *map(jq, lines)]) + "\n")
    sent = count_requests(endpoint)

    run = nb.resume(path, endpoint, on_damage="send")

    assert count_requests(endpoint) == sent + 4
    assert {call.outcome for call in run.calls} == {"ok"}
    assert "passed over: line 2, 3" in capsys.readouterr().out


def test_a_first_line_that_was_written_anew_is_read_and_asked_about(
    finished: tuple[Path, nb.Endpoint],
) -> None:
    path, endpoint = finished
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([jq(head), *lines]) + "\n")

    with pytest.raises(nb.JournalError, match="line 1"):
        nb.resume(path, endpoint)

    assert len(nb.resume(path, endpoint, on_damage="keep").calls) == 4


def test_another_word_for_what_to_do_is_refused(finished: tuple[Path, nb.Endpoint]) -> None:
    with pytest.raises(ValueError, match="on_damage must be one of 'ask', 'keep', 'send'"):
        nb.resume(*finished, on_damage="delete")


@pytest.mark.parametrize("kills", [1, 2, 3])
def test_the_torn_lines_of_several_kills_are_no_question(tmp_path: Path, kills: int) -> None:
    path = tmp_path / "j.jsonl"
    run = make_run(*map(str, range(5)))
    write_journal(path, run, finished=1)
    for number in range(1, kills + 1):
        journal, contents = Journal.reopen(path)
        assert contents.damaged == contents.torn
        journal.note_sent(run.calls[number], run.calls[number].attempts[0], "id")
        journal.note_finished(run.calls[number])
        journal.close_without_writing()
        path.write_bytes(path.read_bytes()[:-9])  # the next kill

    journal, contents = reopen_contents(path)
    assert len(contents.damaged) == kills
    assert contents.damaged == contents.torn


def reopen_contents(path: Path):  # type: ignore[no-untyped-def]
    journal, contents = Journal.reopen(path)
    journal.close_without_writing()
    return journal, contents


def test_a_saved_journal_that_was_edited_is_read_with_a_word(
    finished: tuple[Path, nb.Endpoint],
) -> None:
    path, _ = finished
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([head, *map(jq, lines)]) + "\n")

    with pytest.warns(UserWarning, match="checksum"):
        run = nb.read_saved(path)

    assert isinstance(run, nb.Run)
    assert [call.outcome for call in run.calls] == ["ok"] * 4


@pytest.mark.parametrize("option", ["keep", "send"])
def test_the_command_line_asks_and_is_told(
    tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from aiml_nb.cli import main

    prompts, journal = tmp_path / "p.txt", tmp_path / "j.jsonl"
    prompts.write_text("One?\nTwo?\n")
    output = ["--output", str(tmp_path / "o.jsonl")]
    start = ["run", "--prompts", str(prompts), "--simulate", "--speed", "100"]
    assert main([*start, *output, "--journal", str(journal)]) == 0
    head, *lines = journal.read_text().splitlines()
    journal.write_text("\n".join([head, *map(jq, lines)]) + "\n")
    again = ["run", "--journal", str(journal), "--resume", *output]

    assert main(again) == 2
    said = capsys.readouterr().err
    assert re.search(r"--on-damage keep.*--on-damage send", said)

    assert main([*again, "--on-damage", option]) == 0


@pytest.mark.parametrize("kept", range(1, 30))
def test_what_closes_a_torn_line_off_may_be_torn_itself(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "j.jsonl"
    run = make_run("One.", "Two.")
    write_journal(path, run, finished=1)
    path.write_bytes(path.read_bytes()[:-9])
    torn = path.stat().st_size
    for _ in range(2):
        journal, _ = Journal.reopen(path)
        journal.note_finished(run.calls[1])
        journal.close_without_writing()
        path.write_bytes(path.read_bytes()[: torn + kept])
    journal, contents = reopen_contents(path)
    assert contents.damaged == contents.torn

    journal, _ = Journal.reopen(path)
    journal.note_finished(run.calls[1])
    journal.close_without_writing()
    journal, contents = reopen_contents(path)
    assert contents.damaged == contents.torn
    assert list(contents.calls) == ["call-000002"]


def test_a_record_that_is_odd_though_its_checksum_matches_hides_no_other(
    tmp_path: Path,
) -> None:
    path = tmp_path / "j.jsonl"
    write_journal(path, make_run(*WORDS))
    lines = path.read_text().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if '"timing"' in line)
    record = decode(lines[at])
    record["timing"]["outcome"] = "splendid"
    lines[at] = encode(record)
    path.write_text("".join(lines))

    with pytest.warns(UserWarning, match=f"damaged in line {at + 1}: what"):
        saved = nb.read_saved(path)
    assert isinstance(saved, nb.Run)
    assert [call.outcome for call in saved.calls] == ["cancelled", "ok", "ok", "ok"]
