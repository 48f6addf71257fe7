"""What came out, in sentences: the finding, and what to bear in mind when reading it."""

from __future__ import annotations

from ..analysis.bounds import peak_in_flight
from ..analysis.counts import count_answered, count_taken
from ..analysis.kinds import is_watched
from ..analysis.pairs import (
    PairTimes,
    interval,
    length_ratio,
    median_pair,
    pair_times,
    speedup,
)
from ..analysis.subject import Shown, Subject
from ..analysis.usage import find_length
from ..messages import join
from ..records import Comparison, Run
from .caveats import (
    caveat_backoff,
    caveat_idle_slots,
    caveat_lag,
    caveat_notices,
    caveat_order,
    caveat_pauses,
    caveat_usage,
)
from .kinds import caveat_hidden_retries, caveat_inner, caveat_kinds, caveat_steps
from .losses import caveat_cut, caveat_cut_sides, caveat_losses, caveat_unlike
from .several import count_timed, several_caveat, several_finding
from .wording import (
    at_a_time,
    concurrent_name,
    format_ratio,
    format_seconds,
    noun_of,
    pace,
    pluralize,
    prompts_in_words,
    side_names,
)

# The answers of two runs may differ by this share in length before it is said.
LENGTH_LIMIT = 0.1


_OF_KINDS = (caveat_kinds, caveat_inner, caveat_steps)
_CAVEATS = (
    *(*_OF_KINDS, caveat_notices, caveat_hidden_retries),
    *(caveat_pauses, caveat_idle_slots, caveat_backoff, caveat_usage),
)


def finding(shown: Shown) -> str:
    """Say in one sentence what came out.

    Parameters
    ----------
    shown
        A comparison, one run alone, or several runs. Of a comparison, times and speed-up are over
        the prompts answered in both runs, and the sentence says how many of how many where some
        are not.
    """
    subject = Subject.of(shown)
    if subject.are_several:
        return several_finding(subject.runs)
    if subject.comparison is None or subject.pair is None:
        return _run_finding(subject.run)
    if interval(subject.comparison) is not None:
        return _repeated_finding(subject.comparison)
    return _pair_finding(*subject.pair)


def caveat(shown: Shown, *, simple: bool = False) -> str:
    """Say in a few sentences what to bear in mind with the `finding`; empty if there is nothing.

    In this order: simulated or not, how many runs, what failed and in which words, answers cut by
    max_tokens or of different lengths, the order of finishing, what the run noted, slots that stood
    idle, back-off, usage that is not in tokens, and a client too slow to keep up.

    Parameters
    ----------
    shown
        A comparison, one run alone, or several runs.
    simple
        True to leave out why slots stood idle.
    """
    subject = Subject.of(shown)
    caveats = [each for each in _CAVEATS if not (simple and each is caveat_idle_slots)]
    if subject.are_several:
        return several_caveat(subject.runs, caveats=caveats, once=_OF_KINDS)
    run = subject.run
    if subject.comparison is None or subject.pair is None:
        parts = [caveat_losses(run), caveat_cut(run), caveat_order(run, "")]
    else:
        parts = [
            _repeats(subject.comparison),
            caveat_unlike(subject.comparison),
            caveat_cut_sides(subject.comparison),
            _lengths(*subject.pair),
            caveat_order(run, "" if is_watched(run) else f"{concurrent_name(run)} "),
        ]
    simulated = "Simulated." if any(each.simulated for each in subject.runs) else ""
    said = [
        simulated,
        *parts,
        *(caveat_of(run) for caveat_of in caveats),
        caveat_lag(subject.runs),
    ]
    return join(" ", filter(None, said))


def _run_finding(run: Run) -> str:
    taken, noun = count_taken(run), noun_of(run)
    prompts, kept = len(run.calls) - taken, count_timed(run)
    if not prompts:
        return _all_taken(taken) if taken else "No calls were made"
    done = "done" if noun in ("item", "part") else "answered"
    if not kept:
        said = f"The {noun} was not {done}" if prompts == 1 else _none_answered(prompts, noun)
        return f"{said}{_besides(taken)}"
    manner = f", {at_a_time(run)}" if prompts > 1 else ""
    if is_watched(run) and 1 < peak_in_flight(run) < prompts:
        manner = f"; {noun}s overlapped: {at_a_time(run)}"
    answered = prompts_in_words(kept, prompts, noun=noun)
    verb = "was" if kept == 1 else "were"
    return (
        f"{answered[0].upper()}{answered[1:]} {verb} {done} in "
        f"{format_seconds(run.makespan)}{manner}{_besides(taken)}"
    )


def _besides(taken: int) -> str:
    if not taken:
        return ""
    return f"; {pluralize(taken, 'more answer')} {'is' if taken == 1 else 'are'} from the journal"


def _all_taken(taken: int) -> str:
    if taken == 1:
        return "The answer is from the journal, and nothing was sent"
    return f"All {taken:,} answers are from the journal, and nothing was sent"


def _none_answered(prompts: int, noun: str = "prompt") -> str:
    done = "done" if noun in ("item", "part") else "answered"
    return f"{'Neither' if prompts == 2 else 'None'} of the {prompts:,} {noun}s was {done}"


def _pair_finding(sync: Run, concurrent: Run) -> str:
    compared = pair_times(sync, concurrent)
    if not compared.kept:
        return _nothing_to_compare(sync, concurrent, compared.prompts)
    name = concurrent_name(concurrent).capitalize()
    if is_watched(concurrent):
        name = "Overlapping calls"
    what = prompts_in_words(compared.kept, compared.prompts)
    mine, other = format_seconds(compared.concurrent), format_seconds(compared.sync)
    if compared.kept == 1:
        in_turn = "calls in turn" if is_watched(concurrent) else "sync"
        said = f"{name} answered {what} in {mine}, {in_turn} in {other}"
        return f"{said}: one prompt leaves nothing to overlap"
    if compared.prompts > 2:
        return _many_prompts(compared, concurrent)
    verdict = pace(compared.ratio)
    if verdict.endswith("slower"):
        return f"{name} took {mine} for {what} instead of {other}: {verdict}"
    return f"{name} answered {what} in {mine} instead of {other}: {verdict}"


def _many_prompts(compared: PairTimes, concurrent: Run) -> str:
    what = prompts_in_words(compared.kept, compared.prompts)
    mine, other = format_seconds(compared.concurrent), format_seconds(compared.sync)
    return f"{what}, {at_a_time(concurrent)}: {mine} instead of {other} ({pace(compared.ratio)})"


def _nothing_to_compare(sync: Run, concurrent: Run, prompts: int) -> str:
    if not prompts:
        return "No calls were made"
    if count_answered(sync) or count_answered(concurrent):
        return "No prompt was answered in both runs, so there is nothing to compare"
    which = " or in ".join(side_names(concurrent))
    if prompts == 1:
        return f"The prompt was not answered, in {which}"
    return f"{_none_answered(prompts)}, in {which}"


def _repeated_finding(comparison: Comparison) -> str:
    ratio, (low, high) = speedup(comparison) or 1.0, interval(comparison) or (1.0, 1.0)
    if high < 1:
        ends = [format_ratio(1 / end, digits=2) for end in (high, low)]
    elif low > 1:
        ends = [format_ratio(end, digits=2) for end in (low, high)]
    else:
        ends = [
            f"{format_ratio(1 / low, digits=2)} slower",
            f"{format_ratio(high, digits=2)} faster",
        ]
    pairs = sum(pair_times(*pair).ratio is not None for pair in comparison.pairs)
    name = concurrent_name(median_pair(comparison)[1])
    said = (
        f"{name.capitalize()} {'were' if name == 'threads' else 'was'} {pace(ratio, digits=2)} "
        f"(95% interval {ends[0]} to {ends[1]}, {pairs} interleaved pairs)"
    )
    alone = all(pair_times(*pair).kept < 2 for pair in comparison.pairs)
    return f"One prompt leaves nothing to overlap: {said[0].lower()}{said[1:]}" if alone else said


def _repeats(comparison: Comparison) -> str:
    ratios = [pair_times(*pair).ratio for pair in comparison.pairs]
    compared = [ratio for ratio in ratios if ratio is not None]
    if not compared:
        return ""
    if len(ratios) == 1:
        return "1 run each, so no error bar."
    name = concurrent_name(median_pair(comparison)[1]).capitalize()
    faster = sum(ratio > 1 for ratio in compared)
    verb = "were" if name == "Threads" else "was"
    said = f"{name} {verb} faster in {faster} of {len(compared)} pairs."
    if len(compared) < len(ratios):
        said = f"{len(compared)} of {len(ratios)} pairs could be compared. {said}"
    low, high = interval(comparison) or (2.0, 2.0)
    if low <= 1 <= high:
        said += " The interval contains 1×: they may be equally fast."
    return f"{said} Shown is the pair with the median speed-up."


def _lengths(sync: Run, concurrent: Run) -> str:
    ratio = length_ratio(sync, concurrent)
    if ratio is None or round(abs(ratio - 1), 9) <= LENGTH_LIMIT:
        return ""
    how = "longer" if ratio > 1 else "shorter"
    other, name = side_names(concurrent)
    unit = " in tokens" if find_length(sync, concurrent).unit == "tokens" else ""
    return f"The answers in {name} were {abs(ratio - 1):.0%} {how} than in {other}{unit}."
