"""Of very many prompts the journal holds lines of some hundred each, in the place of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.errors import JournalError
from aiml_nb.formats.journal_head import PROMPTS, PROMPTS_A_LINE
from aiml_nb.formats.saved import read_saved

from .test_run import questions

SOME = 2 * PROMPTS_A_LINE + 30


@pytest.fixture
def instant() -> nb.Endpoint:
    return nb.connect(scenario="instant", verbose=False)


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


@pytest.fixture
def cut_short(tmp_path: Path, instant: nb.Endpoint) -> Path:
    """The journal of a run of which three calls were made."""
    path = tmp_path / "j.jsonl"
    nb.run(questions(SOME), instant, journal=path, max_calls=3)
    return path


class TestLinesOfPrompts:
    def test_the_head_has_the_first_and_the_next_lines_the_others(self, cut_short: Path) -> None:
        head, *more = map(json.loads, lines_of(cut_short)[:3])

        assert (head["n_prompts"], len(head["prompts"])) == (SOME, PROMPTS_A_LINE)
        assert [(each[PROMPTS], len(each["prompts"])) for each in more] == [
            (PROMPTS_A_LINE, PROMPTS_A_LINE),
            (2 * PROMPTS_A_LINE, 30),
        ]

    def test_all_are_read_back(self, cut_short: Path) -> None:
        run = read_saved(cut_short)

        assert [call.prompt for call in run.calls] == questions(SOME)
        assert sum(call.outcome == "ok" for call in run.calls) == 3

    def test_a_resumed_run_asks_all_that_are_left(
        self, cut_short: Path, instant: nb.Endpoint
    ) -> None:
        run = nb.resume(cut_short, instant, max_calls=None)

        assert [call.prompt for call in run.calls] == questions(SOME)
        assert all(call.outcome == "ok" for call in run.calls)

    def test_a_run_that_goes_on_finds_the_answers_of_all(
        self, cut_short: Path, instant: nb.Endpoint
    ) -> None:
        nb.run(questions(SOME), instant, journal=cut_short)
        run = nb.run(questions(SOME), instant, journal=cut_short)

        assert all(call.from_journal for call in run.calls)
        assert [call.prompt for call in read_saved(cut_short).calls] == questions(SOME)

    def test_a_journal_that_ends_in_them_was_cut_off_before_anything_was_sent(
        self, cut_short: Path, instant: nb.Endpoint
    ) -> None:
        head, first, *_ = lines_of(cut_short)
        cut_short.write_text(head + first[:100])

        with pytest.raises(JournalError, match="ends in its prompts"):
            nb.resume(cut_short, instant)
        run = nb.run(questions(SOME), instant, journal=cut_short, max_calls=3)
        assert sum(call.outcome == "ok" for call in run.calls) == 3

    def test_without_one_of_their_lines_nothing_is_sent(
        self, cut_short: Path, instant: nb.Endpoint
    ) -> None:
        head, first, _, *rest = lines_of(cut_short)
        cut_short.write_text("".join([head, first, *rest]))

        with pytest.raises(JournalError, match="every prompt's messages"):
            nb.resume(cut_short, instant)
