from __future__ import annotations

import aiml_nb as nb
from aiml_nb.analysis.pauses import pauses
from aiml_nb.records import Run
from aiml_nb.report import caveat

from .builders import call, make_run, make_sync, timed, with_retries


def paused(**fields: object) -> Run:
    """Two slots; a 429 at 1 s asks for 2 s of rest, in which one call is queued."""
    return make_run(
        with_retries(0, times=(1, 2, 1)),
        *timed((0, 1.5), (3, 4)),
        max_concurrency=2,
        **fields,
    )


def test_a_pause_lasts_from_the_429_to_the_next_attempt_of_any_call() -> None:
    found = pauses(paused())

    assert (found.spans, found.total, found.calls) == ([(1, 3)], 2, 2)


def test_the_call_that_was_refused_may_come_back_later_than_others() -> None:
    run = make_run(with_retries(0, times=(1, 4, 1)), *timed((3, 4), (4, 5)), max_concurrency=2)

    assert pauses(run).spans == [(1, 3)]


def test_429s_of_one_burst_are_one_pause() -> None:
    retried = [with_retries(0, times=(end, 3 - end, 1)) for end in (1.0, 1.2, 1.4)]
    found = pauses(make_run(*retried, call(3, 5)))

    assert (found.spans, found.calls) == ([(1, 3)], 4)


def test_what_was_on_its_way_does_not_end_a_pause() -> None:
    run = make_run(with_retries(0, times=(1, 2, 1)), *timed((1.0001, 2), (3, 4)), max_concurrency=2)

    assert pauses(run).spans == [(1, 3)]


def test_other_waits_are_no_pauses() -> None:
    alone = make_run(with_retries(0, times=(1, 2, 1)))
    sync = make_sync(with_retries(0, times=(1, 2, 1)), call(4, 5))
    server_error = make_run(with_retries(0, times=(1, 2, 1), status=503), call(3, 4))
    given_up = make_run(with_retries(0, times=(1,), outcome="error"), call(1, 2))

    for run in (alone, sync, server_error, given_up, make_run()):
        assert pauses(run).spans == []
        assert "Nothing was sent" not in caveat(run)


def test_a_run_that_was_stopped_in_a_pause() -> None:
    refused = with_retries(0, times=(1,), outcome="cancelled")
    refused.finished = 2.5
    run = make_run(refused, call(outcome="not_started"), max_concurrency=1)

    assert (pauses(run).spans, pauses(run).calls) == ([(1, 2.5)], 2)


def test_many_pauses_are_counted_once_for_each_call() -> None:
    calls = [with_retries(10 * i, times=(1, 2, 7)) for i in range(50)]
    found = pauses(make_run(*calls, *timed(*((600, 601),) * 500), max_concurrency=2))

    assert (len(found.spans), found.total, found.calls) == (50, 100, 550)


def test_the_caption_counts_them() -> None:
    said = "Nothing was sent for 2.00 s of 4.00 s (1 pause after a 429), while 2 calls waited."

    assert said in caveat(paused())


def test_a_real_run_against_a_service_that_takes_seven_at_once() -> None:
    endpoint = nb.connect(scenario="seven", speed=4, seed=1, verbose=False)
    run = nb.run(list(nb.prompts.TWENTY[:9]), endpoint, progress=False)
    found = pauses(run)
    starts = [attempt.started for each in run.calls for attempt in each.attempts]

    assert found.spans
    assert found.total >= 1  # the shortest pause there is
    assert 2 <= found.calls <= 9
    for begin, end in found.spans:
        assert not any(begin + 0.02 < start < end for start in starts)
        assert end in starts
    assert run.service == "scenario=seven, speed=4"
    assert run.loop_lag_max is not None
    assert run.loop_lag_total is not None
    assert run.loop_lag_total <= run.makespan
