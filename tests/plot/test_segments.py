from __future__ import annotations

from math import inf

from aiml_nb.plot.segments import Segments, segments

from ..analysis.builders import call, faq, make_run, make_sync, timed, with_retries


def drawn(found: Segments) -> dict[str, list[list[float]]]:
    parts = found.lines | found.bars
    return {state: rows.round(6).tolist() for state, rows in parts.items() if len(rows)}


def test_a_streamed_call_waits_and_then_streams() -> None:
    assert drawn(segments(faq().sync)) == {
        "queued": [[0, 3.05, 1]],
        "waiting": [[0, 0.62, 0], [3.05, 3.58, 1]],
        "streaming": [[0.62, 3.05, 0], [3.58, 4.21, 1]],
    }


def test_a_call_that_was_not_streamed_is_one_bar() -> None:
    assert drawn(segments(faq(stream=False).concurrent)) == {
        "whole": [[0, 3.12, 0], [0, 1.29, 1]],
    }


def test_times_count_from_the_first_submit() -> None:
    run = make_run(call(12, 13, submitted=10.0))

    assert drawn(segments(run)) == {"queued": [[0, 2, 0]], "whole": [[2, 3, 0]]}


def test_waits_too_short_to_see_are_left_out() -> None:
    run = make_sync(*timed((0.001, 1), (1, 2)))

    assert drawn(segments(run, shortest_queue=0.01))["queued"] == [[0, 1, 1]]
    assert "queued" not in segments(run, shortest_queue=inf).states


def test_retried_attempts_and_back_off_come_before_the_answer() -> None:
    run = make_run(with_retries(1, times=(0.5, 0.25, 2)))

    assert drawn(segments(run)) == {
        "queued": [[0, 1, 0]],
        "retried": [[1, 1.5, 0]],
        "backoff": [[1.5, 1.75, 0]],
        "whole": [[1.75, 3.75, 0]],
    }


def test_a_failed_call_is_a_bar_of_its_own_with_a_mark_at_its_end() -> None:
    found = segments(make_run(with_retries(0, times=(1, 1, 1), outcome="error")))

    assert drawn(found)["failed"] == [[2, 3, 0]]
    assert found.marks["failed"].tolist() == [[3, 0]]
    assert found.states == ["backoff", "retried", "failed", "failed"]


def test_a_failure_in_mid_answer_keeps_what_was_streamed() -> None:
    found = segments(make_run(call(0, 2, first_token=1, outcome="error", error_type="stream")))

    assert drawn(found) == {"waiting": [[0, 1, 0]], "streaming": [[1, 2, 0]]}
    assert found.marks["failed"].tolist() == [[2, 0]]


def test_what_never_ended_is_drawn_to_the_end_of_the_run() -> None:
    found = segments(
        make_run(
            call(0, 4),
            call(1, None, outcome="cancelled"),
            call(None, None, outcome="not_started"),
            call(None, None, submitted=None, outcome="not_started"),
        )
    )

    assert drawn(found) == {
        "queued": [[0, 1, 1], [0, 4, 2]],
        "whole": [[0, 4, 0]],
        "cancelled": [[1, 4, 1]],
    }
    assert found.marks["cancelled"].tolist() == [[4, 1]]


def test_runs_without_stamps_draw_nothing() -> None:
    assert segments(make_run()).states == []
    assert segments(make_run(call(submitted=None))).states == []
