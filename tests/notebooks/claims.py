"""What the lessons say of the numbers and the order that their cells have just given.

Each claim is a quotation and an expression that holds where it stands: it is evaluated in the
notebook, after the code cells before the quotation (and `later` ones after it).
"""

from __future__ import annotations

from dataclasses import dataclass

# For the expressions; a notebook has no names with an underscore.
PRELUDE = """
import math as _math, os as _os
from aiml_nb.analysis import diagnose as _diagnose, kendall_tau as _tau, peak_in_flight as _peak
from aiml_nb.analysis.pauses import pauses as _pauses
from aiml_nb.loop.lag import INTERVAL as _INTERVAL
from aiml_nb.report.findings import caveat as _caveat
from aiml_nb.runner.limits import in_flight as _limits
def _longest(run): return max(run.loop_delays, key=lambda delay: delay.duration)
def _by_finish(run): return sorted(run.calls, key=lambda call: call.finished)
def _attempts(run): return [each for call in run.calls for each in call.attempts]
def _count(run, status): return sum(each.status == status for each in _attempts(run))
def _sums(run): return sum(call.duration for call in run.calls)
def _waits_after(run, *statuses):
    return [
        after.started - before.finished
        for call in run.calls
        for before, after in zip(call.attempts, call.attempts[1:])
        if before.status in statuses
    ]
def _sent_after(run, status, seconds):
    told = max(each.finished for each in _attempts(run) if each.status == status)
    return [each for each in _attempts(run) if told < each.started < told + seconds]
"""


@dataclass(frozen=True)
class Claim:
    """A quotation from a lesson, and what must hold after the code before it.

    `shown` is an expression of what the cell printed and showed, `said`, and the `numbers` in it.
    """

    lesson: str
    quote: str
    holds: str = "True"
    later: int = 0
    shown: str = "True"


CLAIMS = [
    Claim("00", "For this call they are almost the same", "call.total_time - call.duration < 0.2"),
    Claim("00", "What differs is the little that your machine adds", "is_same"),
    Claim(
        "01",
        "The answers came in the order of the questions",
        "[call.index for call in _by_finish(one_after_another)] == [0, 1]",
    ),
    Claim(
        "01",
        "the second question was not even sent until the first was answered",
        "one_after_another.calls[1].started >= one_after_another.calls[0].finished",
    ),
    Claim(
        "01",
        "The short answer came first, although its question was asked second",
        "_by_finish(at_once)[0].index == 1",
    ),
    Claim("01", "Both questions were on their way at the same time", "_peak(at_once) == 2"),
    Claim("01", "**in the order of the questions**", "len(answers[0]) > 10 * len(answers[1])"),
    Claim(
        "01",
        "the short question spends nearly all of its time there",
        "result.sync.calls[1].queue_time > 0.6 * result.sync.calls[1].total_time",
    ),
    Claim(
        "01",
        "In the lower panel **▲1** says",
        "result.concurrent.to_frame()['overtakes'].tolist() == [0, 1]",
    ),
    Claim("01", "**speed-up** is hardly more than 1", "0.7 < result.speedup < 1.5"),
    Claim(
        "01",
        "you had your short answer almost at once",
        "3 * result.concurrent.calls[1].finished < result.concurrent.makespan",
    ),
    Claim(
        "01",
        "none takes ten times as long as another",
        "max(c.duration for c in many.sync.calls) < 10 * min(c.duration for c in many.sync.calls)",
        later=2,
    ),
    Claim(
        "01",
        "One after another, the waiting times add up",
        "_sums(many.sync) <= many.sync.makespan < 1.25 * _sums(many.sync)",
    ),
    Claim(
        "01",
        "the total is close to that of the single slowest answer",
        "many.concurrent.makespan < 1.3 * max(c.duration for c in many.concurrent.calls)",
    ),
    Claim("01", "many show the gain of time", "many.speedup > 2 * result.speedup"),
    Claim("02", "A notebook has one already", "asyncio.get_running_loop().is_running()"),
    Claim("02", "and the lines come in turns", shown="'tea: 0 min\\neggs: 0 min\\ntea' in said"),
    Claim("02", "So Python refuses", "outcome == 'an error'"),
    Claim(
        "02",
        "of the tea not one line was run",
        "'never awaited' in str(caught[0].message)",
        shown="'eggs ready' in said and 'tea' not in said",
    ),
    Claim(
        "02",
        "It takes its first step when the one that created it comes to an `await`",
        "wrote == ['the cell', 'the task']",
    ),
    Claim("02", "The short nap was over after 0.1 s, but it could not say so", "short > 0.59"),
    Claim("03", "never more than five calls in flight", "_peak(five) == 5", later=1),
    Claim("03", "As soon as one answer is there, the next question leaves", "not _diagnose(five)"),
    Claim(
        "03",
        "with twenty in flight they are longer",
        "_sums(twenty) > 1.5 * _sums(five) and _peak(twenty) == 20",
    ),
    Claim(
        "03",
        "one question after the other, in a moment each",
        "[c.started for c in twenty.calls] == sorted(c.started for c in twenty.calls)"
        " and twenty.calls[-1].started < twenty.makespan / 3",
    ),
    Claim("03", "It is nearly the same", "2 / 3 < twenty.makespan / five.makespan < 1.5"),
    Claim(
        "03",
        "it has become much longer",
        "table['duration_median'].iloc[1] > 1.5 * table['duration_median'].iloc[0]",
    ),
    Claim(
        "03",
        "The law gives just what was measured",
        "_math.isclose(per_second * seconds_each, five.summary()['mean_in_flight'].iloc[0],"
        " rel_tol=0.01)",
    ),
    Claim("03", "The mean is a little under the limit", "3.5 < per_second * seconds_each < 5"),
    Claim(
        "03",
        "A run is never done before its longest call is",
        "durations.max() <= five.makespan",
        later=1,
    ),
    Claim(
        "03",
        "now and then a call takes eight times as long",
        "max(c.duration for c in steady.calls) > 4 * min(c.duration for c in steady.calls)",
        later=2,
    ),
    Claim(
        "03",
        "Each group waits for its slowest call",
        "all(min(c.started for c in groups.calls[at : at + 5])"
        " >= max(c.finished for c in groups.calls[at - 5 : at]) for at in (5, 10, 15))",
    ),
    Claim(
        "03", "The other four go on", "not _diagnose(steady) and steady.makespan < groups.makespan"
    ),
    Claim(
        "03",
        "Seven were turned away at once",
        "[call.attempts[0].status for call in refused.calls].count(429) == 7",
    ),
    Claim(
        "03",
        "The third goes in only after another came out",
        shown="said.index('comes out') < said.index('third goes in')",
    ),
    Claim("03", "so it is at least a second", "min(_waits_after(refused, 429)) >= 1"),
    Claim("03", "nothing at all is sent for a while", "not _sent_after(refused, 429, 0.9)"),
    Claim("03", "It was lowered, too", "refused.limit_history[-1].limit < 14"),
    Claim(
        "03",
        "it begins with four",
        "sum(c.started < _by_finish(learned)[0].finished for c in learned.calls) == 4",
        later=1,
    ),
    Claim(
        "03",
        "fewer than seven calls were turned away, and not all at once",
        "0 < _count(learned, 429) < 7",
    ),
    Claim(
        "03",
        "the learning costs more than it brings",
        "learned.makespan > run.makespan and run.max_concurrency == 7",
    ),
    Claim(
        "03",
        "From one to five in flight gains much, from ten to twenty nothing",
        "forecast.makespans[0] > 3 * forecast.makespans[2]"
        " and _math.isclose(forecast.makespans[3], forecast.makespans[4], rel_tol=0.01)",
    ),
    Claim(
        "03",
        "the slowest call alone takes that long",
        "_math.isclose(forecast.makespans[4], max(c.duration for c in steady.calls), rel_tol=0.05)",
    ),
    Claim(
        "03",
        "You have met a server where that is wrong",
        "crowd.makespans[1] < 0.7 * twenty.makespan",
        later=1,
    ),
    Claim(
        "03",
        "No run beats its lower bound",
        "max(each.summary()['efficiency'].iloc[0] for each in (five, twenty, steady, groups)) <= 1",
    ),
    Claim("05", "and hands over nothing at all", "answers == []"),
    Claim("05", "They go on to the end", "sum(task.exception() is None for task in tasks) == 5"),
    Claim(
        "05",
        "an error takes the place of its answer",
        "[isinstance(each, str) for each in results].count(False) == 1 and len(results) == 6",
        later=1,
    ),
    Claim(
        "05",
        "A `TaskGroup` leaves nothing running",
        "all(task.done() for task in tasks) and cancelled == 5",
    ),
    Claim(
        "05",
        "it becomes a record, in the order of the questions",
        "[c.prompt for c in run.calls] == questions and run.calls[2].error_type == '400'",
        later=1,
    ),
    Claim("05", "All twelve are answered", "all(c.outcome == 'ok' for c in hiccups.calls)"),
    Claim(
        "05",
        "The three striped bars are the attempts that failed",
        "[_count(hiccups, status) for status in (503, 429, 500)] == [1, 1, 1]",
    ),
    Claim("05", "Only a 429 waits for a second at least", "min(_waits_after(hiccups, 429)) >= 1"),
    Claim("05", "asks again by itself, twice", "openai.DEFAULT_MAX_RETRIES == 2"),
    Claim("05", "All you can see is that it took longer", shown="numbers[1] > numbers[0] + 0.1"),
    Claim("05", "Two seconds in which nothing is sent", "not _sent_after(pause, 429, 1.9)"),
    Claim("05", "We keep three calls in flight", "_peak(pause) == 3", later=2),
    Claim("05", "as the one above, holds up its own call alone", "_pauses(hiccups).spans == []"),
    Claim(
        "05",
        "Here the long answer gets too little time",
        "[c.outcome for c in hasty.calls] == ['timeout', 'ok']",
        later=1,
    ),
    Claim("05", "What had arrived until then is kept", "len(hasty.calls[0].text) > 20"),
    Claim(
        "05",
        "calls that were cancelled in flight, calls that were never sent",
        "{c.outcome for c in nb.last_run().calls} >= {'cancelled', 'not_started'}"
        " and sum(c.outcome == 'cancelled' for c in nb.last_run().calls) == 4",
    ),
    Claim(
        "05",
        "asks only what has no answer yet",
        "all(c.outcome == 'ok' for c in whole.calls)"
        " and sum(len(c.attempts) == 1 for c in whole.calls) >= 16",
        later=1,
    ),
    Claim("06", "it asks the loop to be woken every 20 ms", "_INTERVAL == 0.02"),
    Claim("06", "on a busy machine a few hundredths", "calm.loop_lag_max < 0.3"),
    Claim(
        "06",
        "No call finished before `save_notes` did",
        "_by_finish(held_up)[0].finished > _longest(held_up).started"
        " + 0.9 * _longest(held_up).duration and _longest(held_up).duration > 0.45",
    ),
    Claim(
        "06",
        "then all of them finished within a moment",
        "_by_finish(held_up)[-1].finished - _by_finish(held_up)[0].finished < 0.25",
    ),
    Claim(
        "06",
        "the event loop was late for most of the run",
        "held_up.loop_lag_total > 0.5 * held_up.makespan",
    ),
    Claim(
        "06",
        "for that part the client may have been the bottleneck, not the model",
        "'for that part the client may have been the bottleneck' in _caveat(held_up)",
    ),
    Claim(
        "06",
        "But nobody had to wait for them",
        "free.loop_lag_max < held_up.loop_lag_max / 2",
    ),
    Claim("06", "One after another, as if `gather` were not there", "_peak(watch.run) == 1"),
    Claim("06", "threads help here too", "_peak(watch.run) == 4", later=1),
    Claim(
        "06",
        "both are several times as fast as one after another",
        "all(runs[0].makespan > 2.5 * each.makespan for each in runs[1:])",
    ),
    Claim(
        "06",
        "Both have all calls in flight, or nearly all",
        "all(_peak(each) >= 15 for each in runs[1:])",
    ),
    Claim(
        "06",
        "as many as this machine has processors and four more, but never more than 32",
        "watch.peak_in_flight <= min(32, (_os.cpu_count() or 1) + 4) < 40",
    ),
    Claim(
        "06",
        "and 100 if you do not say. `gather` goes up to 1,000 calls.",
        "(_limits.MAX_THREADS, _limits.MAX_TASKS) == (100, 1000)",
    ),
    Claim(
        "06",
        "soup and rice are called about 0.4 s late",
        later=1,
        shown="re.search(r'late by 0[.][345]', said)",
    ),
    Claim(
        "06",
        "names the function that held it longest, and the line.",
        "(_longest(held_up).function, _longest(held_up).line) == ('save_notes', 3)",
    ),
    Claim("06", "It was the calculation", shown="max(numbers[-3:]) == numbers[-2] > 0.3"),
    Claim("07", "Beside the picture stands *Kendall's τ*", "0.5 < _tau(hundred) < 1", later=1),
    Claim(
        "08",
        "cut the first answer off, so it is `incomplete`",
        "[c.outcome for c in run.calls] == ['incomplete', 'ok']",
    ),
    Claim("08", "at the left of the table: 1, 3, 4", "list(four_legs.index) == [1, 3, 4]"),
    Claim(
        "08",
        "the cat got the answer for the dog, and two have none",
        "careless['answer_to'].fillna('').tolist() == ['What does a dog eat?', '', '']",
    ),
    Claim(
        "08",
        "after about eight answers the power fails",
        "8 <= sum(c.outcome == 'ok' for c in handle.partial.calls) <= 12",
        later=1,
    ),
    Claim(
        "08",
        "What was answered is not asked again",
        "sum(len(c.attempts) for c in whole.calls) <= 24"
        " and all(c.outcome == 'ok' for c in whole.calls)",
    ),
    Claim(
        "08",
        "with four in flight at most four are in doubt",
        "sum(any(a.possibly_billed for a in c.attempts) for c in whole.calls) <= 4",
    ),
    Claim(
        "08",
        "Here are the attempts around the interruption",
        "'Look for code' not in _caveat(whole)",
    ),
    Claim(
        "08",
        "It stopped below the limit, not at it",
        "cost < 0.01 and run.stopped.startswith('blocked_by_budget')"
        " and sum(c.outcome == 'ok' for c in run.calls) < 20",
    ),
    Claim(
        "09",
        "`impatient` is woken by *its timeout*",
        shown="\"returned 'no answer in time'\" in said and '0.20 s' in said",
    ),
    Claim(
        "09",
        "and only then comes the `TimeoutError`",
        "diary == ['stopped where it waits', 'cleaned up', 'TimeoutError']",
    ),
    Claim(
        "09",
        "This is the order of being ready",
        "order == ['cook 2', 'cook 4', 'cook 3', 'cook 1']",
    ),
    Claim(
        "09",
        "Dish 4 is cooked only after dish 1 is served",
        "board.index('3 cooked') < board.index('1 served') < board.index('4 cooked')",
    ),
    Claim(
        "09",
        "with the outcome `timeout`, and the others go on",
        "sorted(call.outcome for call in run.calls) == ['ok'] * 19 + ['timeout']",
    ),
    Claim(
        "11",
        "One question, three requests",
        "[len(call.attempts) for call in seen.calls] == [3]",
    ),
    Claim(
        "11",
        "Twelve questions, twelve records: the calls in flight are cancelled",
        "sorted(c.outcome for c in stopped.calls) == ['cancelled'] * 4 + ['not_started'] * 8",
    ),
    Claim(
        "11",
        "Both answer all eight",
        "[r['outcome'] for r in records] == ['ok'] * 8 == [c.outcome for c in theirs.calls]",
    ),
    Claim(
        "11",
        "there are nine calls, one of them failed",
        "sorted(call.outcome for call in mine.calls) == ['error'] + ['ok'] * 8",
    ),
    Claim(
        "11",
        "`nb.run` made both attempts itself",
        "sorted(len(call.attempts) for call in theirs.calls) == [1] * 7 + [2]",
    ),
    Claim(
        "11",
        "look at what the *others* do during the two seconds",
        "_sent_after(mine, 429, 1.9) and not _sent_after(theirs, 429, 1.9)",
    ),
]
