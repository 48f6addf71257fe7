"""What the command line says of calls that have no answer."""

from __future__ import annotations

import time

import pytest

from aiml_nb.cli.report import describe_failures, describe_interrupted, describe_run
from aiml_nb.records import Call

from ..analysis.builders import call, make_run


def failed(error: str, error_type: str | None = "400") -> Call:
    return call(0, 1, outcome="error", error_type=error_type, error=error)


def test_each_different_message_has_a_line_the_most_frequent_first() -> None:
    calls = [failed("too long"), *(failed("no memory") for _ in range(1200)), call(0, 1)]

    assert describe_failures(calls) == [
        "failed (400): no memory (1,200 calls)",
        "failed (400): too long",
    ]


def test_messages_that_differ_in_numbers_alone_have_one_line() -> None:
    calls = [failed(f"Used {n} of 500. Try again in {n / 7:.2f}s.", "429") for n in range(100, 120)]

    assert describe_failures(calls) == [
        "failed (429): Used 100 of 500. Try again in 14.29s. (20 calls)"
    ]


def test_of_very_many_messages_the_rest_is_counted() -> None:
    letters = "abcdefghijkl"
    calls = [failed(f"problem {letter}") for letter in letters for _ in range(3)]

    lines = describe_failures(calls)

    assert len(lines) == 9
    assert lines[-1] == "and 4 more errors, of 12 calls"


def test_what_has_no_type_has_its_outcome() -> None:
    incomplete = call(0, 1, outcome="incomplete", error="the answer reached max_tokens")

    assert describe_failures([incomplete, incomplete]) == [
        "incomplete: the answer reached max_tokens (2 calls)"
    ]


def test_a_run_is_described_with_all_its_messages() -> None:
    run = make_run(failed("too long"), failed("no memory"), failed("too long"), call(0, 1))

    lines = describe_run(run, since=0.0)

    assert "       3  error" in lines
    assert lines[-2:] == ["failed (400): too long (2 calls)", "failed (400): no memory"]


def test_what_was_made_before_is_counted_without_what_was_never_sent() -> None:
    run = make_run(call(0, 1), call(0, 1, outcome="cancelled"), call(outcome="not_started"))

    lines = describe_run(run, since=time.time() + 60)

    assert lines[0] == "       3  calls, 2 of them made before"


@pytest.mark.parametrize(
    ("base_url", "simulated", "billed"),
    [
        ("https://api.example.com/v1", False, True),
        ("http://127.0.0.1:8000/v1", False, False),
        ("http://localhost:8000/v1", False, False),
        ("http://[::1]:8000/v1", False, False),
        ("http://127.0.0.1:1/v1", True, False),
    ],
)
def test_only_a_server_elsewhere_may_have_billed(
    base_url: str, simulated: bool, billed: bool
) -> None:
    run = make_run(
        call(0, 1), call(0, 1, outcome="cancelled"), base_url=base_url, simulated=simulated
    )

    assert describe_interrupted(run) == (
        "interrupted. 1 of 2 calls are answered; 1 was in flight"
        f"{', perhaps billed' if billed else ''}."
    )
