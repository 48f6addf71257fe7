from __future__ import annotations

from aiml_nb.records import Run
from aiml_nb.report import alt_text, describe

from ..analysis.builders import call, faq, make_run, make_sync, timed


def test_the_faq_in_words() -> None:
    """The order in which the answers came back is the point of it all."""
    assert describe(faq(simulated=True)) == (
        "Async answered both prompts in 3.12 s instead of 4.21 s: 1.3× faster\n"
        "Simulated. 1 run each, so no error bar. The short answer was submitted second and "
        "finished first; the slowest call sets the async total.\n"
        "\n"
        "One after another (sync): 4.21 s\n"
        "order  call                       start  first token  finish  outcome\n"
        "1st    who won the hockey game?  0.00 s       0.62 s  3.05 s  ok\n"
        "2nd    what is 2+2?              3.05 s       3.58 s  4.21 s  ok\n"
        "\n"
        "At the same time (async): 3.12 s (lower bound 3.12 s)\n"
        "order  call                       start  first token  finish  outcome\n"
        "1st    what is 2+2?              0.00 s       0.60 s  1.29 s  ok\n"
        "2nd    who won the hockey game?  0.00 s       0.71 s  3.12 s  ok"
    )


def test_what_did_not_happen_is_a_dash() -> None:
    run = make_run(
        call(0, 1, outcome="error", error_type="429"), call(outcome="not_started"), prompts=["", ""]
    )
    lines = describe(run).splitlines()

    assert lines[-2].split() == [
        "1st",
        "call",
        "1",
        "0.00",
        "s",
        "–",
        "1.00",
        "s",
        "failed",
        "(429)",
    ]
    assert lines[-1].split() == ["–", "call", "2", "–", "–", "–", "not", "started"]


def test_long_tables_are_cut() -> None:
    run = make_run(*timed(*((0, i + 1) for i in range(100))))
    rows = describe(run).splitlines()[-24:]

    assert rows[0].startswith("1st ")
    assert rows[20] == "…      77 more"
    assert rows[-1].startswith("100th ")


def test_long_runs_are_measured_once() -> None:
    """Asked anew for each call, the makespan of 10,000 calls takes ten seconds."""
    asked = []

    class Counting(Run):
        @property
        def makespan(self) -> float:
            asked.append(1)
            return super().makespan

    counts = []
    for n in (100, 1000):
        run = make_run(*timed(*((0, i + 1) for i in range(n))))
        describe(Counting(**{name: getattr(run, name) for name in run.__dataclass_fields__}))
        counts.append(len(asked))

    assert counts[1] == 2 * counts[0]


def test_wide_characters_keep_the_columns() -> None:
    run = make_run(*timed((0, 1), (0, 2)), prompts=["你好", "hello"])
    first, second = describe(run).splitlines()[-2:]

    assert first.index("0.00 s") == second.index("0.00 s") - 2


def test_hostile_prompts_stay_text() -> None:
    run = make_run(*timed((0, 1), (0, 2)), prompts=["a\x1b[31m\nb\u202e", "\ud800$$"])

    assert "a\ufffd[31m b " in describe(run)
    describe(run).encode()
    alt_text(run).encode()


def test_nothing_to_describe() -> None:
    assert describe(make_run()) == "No calls were made"
    assert alt_text(make_run()) == "Timeline. No calls were made."


def test_several_runs_have_a_row_each() -> None:
    sync = make_sync(*timed((0, 1), (1, 3)))
    both = make_run(*timed((0, 1), (0, 2)))

    assert describe([sync, both]) == (
        "gather was the fastest of 2 runs: 2.00 s; sequential took 3.00 s\n"
        "1 run each, so no error bar.\n"
        "\n"
        "run             ok    time  lower bound  efficiency\n"
        "sequential  2 of 2  3.00 s       3.00 s        100%\n"
        "gather      2 of 2  2.00 s       2.00 s        100%"
    )
