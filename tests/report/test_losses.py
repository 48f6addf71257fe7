"""What is said of calls without a whole answer: the server's words, and answers that were cut."""

from __future__ import annotations

from typing import Any

import pytest

from aiml_nb.analysis import call_table, pair_times
from aiml_nb.analysis.pairs import length_ratio
from aiml_nb.records import Call, Comparison, Run
from aiml_nb.report import (
    alt_text,
    caveat,
    compare_strategies,
    describe,
    finding,
    summary,
    what_if,
)
from aiml_nb.report.annotations import margin_notes
from aiml_nb.report.error_groups import group_errors

from ..analysis.builders import call, make_run, make_sync, timed


def cut(started: float, finished: float, **fields: Any) -> Call:
    """Make a call whose answer reached max_tokens."""
    known = {
        "finish_reason": "length",
        "error": "the answer reached max_tokens",
        "text": "word " * 50,
    }
    return call(started, finished, outcome="incomplete", output_tokens=64, **known | fields)


def failed(error: str, error_type: str = "400") -> Call:
    return call(0, 1, outcome="error", error_type=error_type, error=error)


def all_cut(n: int = 12) -> tuple[Run, Run]:
    """Return a sync run of `n` answers of a second each, and one of all at once in 2 s; all cut."""
    return (
        make_sync(*(cut(i, i + 1.0) for i in range(n))),
        make_run(*(cut(0.0, 2.0 - 0.1 * i) for i in range(n))),
    )


class TestWhatWasSaid:
    def test_each_different_message_is_quoted_the_most_frequent_first(self) -> None:
        run = make_run(failed("too long"), *(failed("no memory") for _ in range(3)), call(0, 1))

        assert "4 failed (400). In words: “no memory” (3 times) and “too long”." in caveat(run)

    @pytest.mark.parametrize(
        "messages",
        [
            ["Request req_011CSHoEeqs5 failed", "Request req_92ab04Ttz9k1 failed"],
            ["trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace 00f067aa0ba902b700f067aa0ba902b7"],
            ["id 7f3c2a10-1111-4222-8333-444455556666", "id 00000000-1111-4222-8333-444455556667"],
            [
                "Used 29512 of 30000. Try again in 7.66s.",
                "Used 29,811 of 30000. Try again in 1m2s.",
            ],
            ["you asked for 5021 tokens", "you asked for 9,001 tokens"],
            ["chatcmpl-9abc123def is lost", "chatcmpl-77f0aa01b is lost"],
        ],
    )
    def test_messages_that_differ_in_numbers_and_identifiers_are_one(
        self, messages: list[str]
    ) -> None:
        groups = group_errors(map(failed, messages))

        assert [(group.message, group.calls) for group in groups] == [(messages[0], 2)]

    @pytest.mark.parametrize(
        "messages",
        [
            ["no model gpt-4", "no model gpt-3.5-turbo"],
            ["no model llama-3.1-8b", "no model llama-3.1-70b"],
            ["body.n: wrong", "body.m: wrong"],
            ["too long", "too short"],
        ],
    )
    def test_messages_about_different_things_are_not(self, messages: list[str]) -> None:
        assert len(group_errors(map(failed, messages))) == 2

    def test_one_message_with_two_statuses_is_two(self) -> None:
        assert len(group_errors([failed("busy", "503"), failed("busy", "429")])) == 2

    def test_of_many_messages_the_rest_is_counted(self) -> None:
        run = make_run(*(failed(f"problem {letter}") for letter in "abcde"))

        said = caveat(run)

        assert "“problem c” and 2 more messages." in said
        assert "problem d" not in said

    def test_hostile_words_are_one_printable_line(self) -> None:
        run = make_run(failed("\x1b[2J\u202e" + "evil " * 100))

        assert "\x1b" not in caveat(run)
        assert "\u202e" not in caveat(run)
        assert len(caveat(run)) < 250

    def test_both_sides_of_a_comparison_are_quoted(self) -> None:
        sync = make_sync(call(0, 1), call(1, 2), failed("too long"))
        run = make_run(call(0, 1), failed("no memory", "500"), call(0, 1))

        said = caveat(Comparison(pairs=[(sync, run)]))

        assert "Not like for like: 1 failed (400) in sync, 1 failed (500) in async;" in said
        assert "In words: “too long” and “no memory”." in said

    def test_each_strategy_has_its_own_words(self) -> None:
        good = make_sync(*timed((0, 1), (1, 2)))
        bad = make_run(failed("too long"), failed("no memory"))

        assert "gather: 2 failed (400). In words: “too long” and “no memory”." in caveat(
            [good, bad]
        )

    def test_what_was_not_sent_says_nothing(self) -> None:
        run = make_run(call(0, 1), call(outcome="not_started", error="the run stopped"))

        assert "In words" not in caveat(run)


class TestAnswersCutByMaxTokens:
    def test_are_answers(self) -> None:
        _, run = all_cut()

        assert finding(run) == "12 prompts were answered in 2.00 s, all at once"
        assert "All 12 answers were cut by max_tokens." in caveat(run)
        assert "incomplete" not in caveat(run)

    def test_are_named_by_the_run(self) -> None:
        assert "0 of 12 calls ok, 12 incomplete in 2.00 s" in repr(all_cut()[1])
        assert "incomplete" not in repr(make_run(call(0, 1)))

    def test_one_alone(self) -> None:
        run = make_run(cut(0, 2))

        assert finding(run) == "The prompt was answered in 2.00 s"
        assert "The answer was cut by max_tokens." in caveat(run)

    def test_some_of_them(self) -> None:
        run = make_run(cut(0, 2), call(0, 1), cut(0, 1), failed("no"))

        assert finding(run).startswith("3 of 4 prompts were answered in 2.00 s")
        assert "1 failed (400). In words: “no”." in caveat(run)
        assert "2 of 3 answers were cut by max_tokens." in caveat(run)

    def test_are_compared(self) -> None:
        comparison = Comparison(pairs=[all_cut()])

        assert comparison.speedup == 6
        assert finding(comparison) == (
            "12 prompts, all at once: 2.00 s instead of 12.0 s (6.0× faster)"
        )
        assert "All 24 answers were cut by max_tokens." in caveat(comparison)
        assert "Not like for like" not in caveat(comparison)

    def test_are_compared_with_whole_ones(self) -> None:
        sync = make_sync(cut(0, 1), call(1, 2), failed("no"))
        run = make_run(call(0, 1), cut(0, 1), call(0, 1))
        comparison = Comparison(pairs=[(sync, run)])

        assert pair_times(sync, run).kept == 2
        assert pair_times(sync, run).cut == 2
        assert "compared over the 2 prompts answered in both." in caveat(comparison)
        assert "Answers cut by max_tokens: 1 of 2 in sync and 1 of 3 in async." in caveat(
            comparison
        )
        assert "over the 2 answered in both" in margin_notes(comparison)

    def test_are_repeated(self) -> None:
        pairs = [all_cut(2), all_cut(2), all_cut(2)]

        assert "3 interleaved pairs" in finding(Comparison(pairs=pairs))

    def test_have_their_numbers_in_the_summary(self) -> None:
        row = summary(all_cut()[1]).loc["gather"]

        assert (row["ok"], row["incomplete"], row["failed"]) == (0, 12, 0)
        assert row["duration_max"] == 2
        assert row["duration_median"] == pytest.approx(1.45)
        assert row["output_tokens"] == 12 * 64
        assert row["tokens_per_second"] > 0
        assert row["characters_per_second"] > 0

    def test_are_ranked_among_strategies(self) -> None:
        sync, run = all_cut()

        assert finding([sync, run]) == (
            "gather was the fastest of 2 runs: 2.00 s; sequential took 12.0 s"
        )
        assert "sequential: all 12 answers were cut by max_tokens." in caveat([sync, run])
        assert compare_strategies([sync, run])["speedup"].tolist() == [1, 6]
        assert "12 of 12" in describe([sync, run])

    def test_are_forecast(self) -> None:
        assert what_if(Comparison(pairs=[all_cut()]), max_concurrency=12).makespans == [2.0]

    def test_have_their_place_in_the_table(self) -> None:
        lines = describe(all_cut(2)[1]).splitlines()

        assert [line.split("  ")[-1] for line in lines[-2:]] == ["cut by max_tokens"] * 2

    def test_are_answers_in_the_picture_s_words(self) -> None:
        said = alt_text(make_run(*(cut(0, 1 + i) for i in range(30))))

        assert "30 answered" in said
        assert "No call was answered" not in said

    def test_have_rates(self) -> None:
        table = call_table(make_run(cut(0, 2, first_token=1.0)))

        assert table["time_per_output_token"].iloc[0] == pytest.approx(1 / 63)

    @pytest.mark.parametrize("reason", ["length", "max_tokens", "MAX_TOKENS"])
    def test_are_known_by_each_server_s_word(self, reason: str) -> None:
        assert finding(make_run(cut(0, 1, finish_reason=reason))).startswith("The prompt was")

    @pytest.mark.parametrize("reason", [None, "error", "content_filter"])
    def test_answers_that_broke_off_are_none(self, reason: str | None) -> None:
        run = make_run(*(cut(0, 1, finish_reason=reason, error="it broke off") for _ in range(3)))

        assert finding(run) == "None of the 3 prompts was answered"
        assert "3 incomplete. In words: “it broke off”." in caveat(run)


class TestLengthsOfAnswers:
    def test_are_in_tokens_where_tokens_measure_text(self) -> None:
        """A reasoning model's short text may have taken it long."""
        sync = make_sync(call(0, 1, text="word " * 60, output_tokens=500, reasoning_tokens=425))
        run = make_run(call(0, 1, text="word " * 60, output_tokens=1000, reasoning_tokens=925))

        assert length_ratio(sync, run) == 2
        assert "The answers in async were 100% longer than in sync in tokens." in caveat(
            Comparison(pairs=[(sync, run)])
        )

    def test_are_in_characters_where_they_do_not(self) -> None:
        sync = make_sync(call(0, 1, text="word " * 60, output_tokens=9000))
        run = make_run(call(0, 1, text="word " * 90, output_tokens=9000))

        assert length_ratio(sync, run) == 1.5
        assert "The answers in async were 50% longer than in sync." in caveat(
            Comparison(pairs=[(sync, run)])
        )

    def test_are_in_characters_where_not_all_have_tokens(self) -> None:
        sync = make_sync(call(0, 1, text="word " * 60, output_tokens=75))
        run = make_run(call(0, 1, text="word " * 60))

        assert length_ratio(sync, run) == 1
