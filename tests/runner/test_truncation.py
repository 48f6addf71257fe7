"""A journal cut at every byte, and with every bit turned: what is whole is kept, the rest is said.

The journal is one that a run has written: answers with everything that text can hold, one call
tried again, one failed, one refused for its length.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.formats.journal import call_from_dict
from aiml_nb.formats.journal_contents import read_lines
from aiml_nb.formats.lines import decode, encode
from aiml_nb.records import Call
from aiml_nb.runner.execute import execute
from aiml_nb.runner.journal import Journal
from aiml_nb.runner.plan import make_plan

from ..rows import exhaustive, slow
from .conftest import SkippingClock, connect_faulty, reopen
from .test_run import read_log

PROMPTS = [
    "What is 2+2?",
    "Grüße aus 東京 \u2028 \ud800?".encode("utf-8", "replace").decode(),
    "Is it broken?",
    "Is it busy?",
    "Is it hostile?",
    "Is it half a character?",
    "Is it cut?",
]
FAULTS: dict[str, Any] = {
    PROMPTS[1]: "unicode",
    PROMPTS[2]: 400,
    PROMPTS[3]: [503, 200],
    PROMPTS[4]: "hostile-text",
    PROMPTS[5]: "surrogate",
    PROMPTS[6]: {"status": 200, "finish_reason": "length"},
}


class Whole:
    """A run that has come to its end, its journal, and the server that it asked."""

    def __init__(self, path: Path) -> None:
        self.endpoint = connect_faulty(faults=FAULTS)
        plan = make_plan(
            PROMPTS, self.endpoint, journal=path, strategy="workers", max_concurrency=2
        )
        self.run = execute(plan, clock=SkippingClock())
        self.data = path.read_bytes()
        self.lines = self.data.split(b"\n")[:-1]
        self.head = len(self.lines[0])
        self.asked = len(self.log())

    def log(self) -> list[str]:
        """Return the names of the requests that the server saw."""
        return names_in_log(self.endpoint)

    def known_at(self, length: int) -> dict[str, Call]:
        """Return the calls whose records are whole in so many bytes of the journal, by hand."""
        end, known = 0, {}
        for line in self.lines:
            end += len(line)
            if end > length:
                break
            end += 1
            for call in self.run.calls:
                if f'"custom_id":"{call.custom_id}","response"'.encode() in line:
                    known[call.custom_id] = call
        return known


def names_in_log(endpoint: nb.Endpoint) -> list[str]:
    """Return the name that each request carried: run, call and attempt."""
    chats = [each for each in read_log(endpoint)["requests"] if each["number"] is not None]
    return [each["client_request_id"] for each in chats]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return Whole(tmp_path_factory.mktemp("whole") / "j.jsonl")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.jsonl"


def test_the_journal_has_something_of_everything(whole: Whole) -> None:
    outcomes = Counter(call.outcome for call in whole.run.calls)

    assert outcomes == {"ok": 5, "error": 1, "incomplete": 1}
    assert sum(len(call.attempts) for call in whole.run.calls) == 8
    assert any("\ud800" in call.text for call in whole.run.calls)
    assert len(whole.lines) == 1 + 8 + 7 + 1


# All places of a file of this size take seconds; one in three hits each kind of line, too.
EVERY = pytest.mark.parametrize("step", [3, slow(1)])


@EVERY
def test_cut_at_every_byte_what_is_whole_is_kept_and_the_rest_is_planned_again(
    step: int, whole: Whole, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for length in range(0, len(whole.data) + 1, step):
        data = whole.data[:length]
        if length < whole.head:
            with pytest.raises(nb.JournalError, match=r"before anything was sent.*another journal"):
                read_lines(data, path)
            continue
        known = whole.known_at(length)
        contents = read_lines(data, path)
        is_whole = data.endswith(b"\n") or whole.data[length : length + 1] in (b"\n", b"")
        assert contents.calls.keys() == known.keys()
        assert len(contents.damaged) == (not is_whole)
        if length % 20 == 0:  # slower by far
            path.write_bytes(data)
            journal, plan = reopen(path, whole.endpoint)
            journal.close_without_writing()
            assert {c.custom_id: c for c in plan.run.calls if c.finished is not None} == known
            assert [call.prompt for call in plan.run.calls] == PROMPTS
            assert ("Cut off" in capsys.readouterr().out) == (not is_whole)
            assert path.read_bytes() == data  # reading repairs nothing yet


CHANCE = random.Random(5)  # noqa: S311  places, not secrets


def choose_cuts(whole: Whole) -> list[int]:
    """Return where lines end and begin, and some places in between."""
    ends = [whole.head, whole.head + 1]
    for line in whole.lines[1:]:
        ends += [ends[-1] + place for place in (1, len(line) // 2, len(line), len(line) + 1)]
    return CHANCE.sample(ends, 20) + CHANCE.sample(range(whole.head, len(whole.data)), 10)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("share", ["some", exhaustive("many")])
@pytest.mark.parametrize("strategy", ["sequential", "gather"])
def test_a_run_that_is_cut_anywhere_goes_on_to_its_end(
    share: str, strategy: str, whole: Whole, path: Path
) -> None:
    step = 7 if strategy == "gather" else 31  # all of them would take a quarter of an hour
    many = range(whole.head, len(whole.data), step)
    for length in choose_cuts(whole) if share == "some" else many:
        path.write_bytes(whole.data[:length])
        known = whole.known_at(length)
        endpoint = connect_faulty(faults=FAULTS)  # with a log of its own

        run = go_on(path, endpoint, strategy=strategy)

        sent = names_in_log(endpoint)
        check_end(run, known, sent)
        contents = read_lines(path.read_bytes(), path)
        kept = {n: call_from_dict(each, prompt="") for n, each in contents.calls.items()}
        assert {name: call.text for name, call in kept.items()} == {
            call.custom_id: call.text for call in run.calls
        }
        # And what was repaired stays so: the next reading finds the same, and sends nothing.
        again = go_on(path, endpoint)
        assert again.calls == run.calls
        assert names_in_log(endpoint) == sent


def go_on(path: Path, endpoint: nb.Endpoint, **options: Any) -> Any:
    journal, plan = reopen(path, endpoint, **options)
    try:
        if not plan.unfinished:
            return plan.run
        return execute(plan, journal=journal, clock=SkippingClock())
    finally:
        journal.close_without_writing()


def check_end(run: nb.Run, known: dict[str, Call], sent: list[str]) -> None:
    """Every call has come to its end; what was known is untouched and was not sent."""
    assert {call.outcome for call in run.calls} <= {"ok", "incomplete", "error"}
    for call in run.calls:
        mine = [name for name in sent if name.startswith(f"{run.run_id}.{call.index}.")]
        if call.custom_id in known:
            assert call == known[call.custom_id]
            assert mine == []
        else:
            # Those of before, lost with the process; then each of now, once, in its order.
            new = [f"{run.run_id}.{call.index}.{each.number}" for each in call.attempts]
            assert mine
            assert new[-len(mine) :] == mine
            assert all(each.possibly_billed for each in call.attempts[: -len(mine)])


@EVERY
def test_every_bit_that_turns_is_noticed_and_no_record_is_read_wrong(
    step: int, whole: Whole, path: Path
) -> None:
    right = read_lines(whole.data, path).calls
    for place in [*range(0, len(whole.data), step), len(whole.data) - 1]:
        data = bytearray(whole.data)
        data[place] ^= 1 << CHANCE.randrange(8)
        contents, said = None, ""
        try:
            contents = read_lines(bytes(data), path)
        except nb.JournalError as error:
            said = str(error)
        if contents is None:
            assert place <= whole.head
            assert re.search(r"damaged.*are whole: 7\.|of version [0359]", said)
            continue
        last = place == len(whole.data) - 1  # the last line break only
        noticed = len(contents.damaged) + len(contents.edited)
        assert noticed in ((0, 1) if last else (1, 2))
        assert (contents.edited[:1] == (1,)) == (place <= whole.head)
        for name, record in contents.calls.items():
            assert record == right[name]


def test_damage_in_the_middle_is_said_and_what_it_hit_is_sent_again(
    whole: Whole, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hit = next(call for call in whole.run.calls if len(call.attempts) == 2)
    line = next(n for n in whole.lines if hit.custom_id.encode() in n and b'"timing"' in n)
    path.write_bytes(whole.data.replace(line, line.replace(b'"ok"', b'"oK"')))
    seen = len(whole.log())

    with pytest.raises(nb.JournalError, match="changed after it was written"):
        go_on(path, whole.endpoint)
    assert len(whole.log()) == seen

    run = go_on(path, whole.endpoint, on_damage="send")

    said = capsys.readouterr().out
    number = whole.lines.index(line) + 1
    assert f"Cut off or damaged, and passed over: line {number} of the journal." in said
    assert hit.custom_id in said
    assert whole.log()[seen:] == [f"{run.run_id}.{hit.index}.3"]
    assert run.calls[hit.index].outcome == "ok"


def test_an_attempt_whose_announcement_is_damaged_is_not_numbered_twice(
    whole: Whole, path: Path
) -> None:
    """The server's log tells attempts apart by these numbers."""
    hit = next(call for call in whole.run.calls if len(call.attempts) == 2)
    mine = [n for n in whole.lines if f'"{hit.custom_id}","sent"'.encode() in n]
    done = next(n for n in whole.lines if hit.custom_id.encode() in n and b'"timing"' in n)
    data = whole.data.replace(mine[0], mine[0][:-3] + b"9}}").replace(done + b"\n", b"")
    path.write_bytes(data)

    run = go_on(path, whole.endpoint, on_damage="send")

    assert [each.number for each in run.calls[hit.index].attempts] == [1, 2, 3]


@pytest.mark.parametrize("strategy", ["sequential", "gather"])
def test_a_wall_clock_that_was_set_back_makes_nobody_wait(
    strategy: str, whole: Whole, path: Path
) -> None:
    head = decode(whole.lines[0].decode())
    head["settings"]["started_at"] += 5000
    path.write_bytes(encode(head).encode() + b"\n".join(whole.lines[1:4]) + b"\n")

    journal, plan = reopen(path, whole.endpoint, strategy=strategy)
    clock = SkippingClock()
    run = execute(plan, journal=journal, clock=clock)

    assert sum(clock.slept) < 5  # the one that is tried again
    before = [each.started for call in run.calls for each in call.attempts if each.possibly_billed]
    assert min(call.started or 0.0 for call in plan.run.calls[3:]) >= max([0.0, *before])


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"timing": 5}, "holds a record of 'call-000003' that this aiml_nb cannot read"),
        ({"timing": {"index": 2, "outcome": "great"}}, "outcome cannot be 'great'"),
    ],
)
def test_a_record_that_is_whole_but_odd_is_named_and_nothing_is_sent(
    record: dict[str, Any], said: str, whole: Whole, path: Path
) -> None:
    line = encode({"custom_id": "call-000003", **record}).encode()
    path.write_bytes(whole.lines[0] + b"\n" + line)
    before = len(whole.log())

    with pytest.raises(nb.JournalError, match=said):
        reopen(path, whole.endpoint)

    assert len(whole.log()) == before
    assert path.read_bytes() == whole.lines[0] + b"\n" + line


@pytest.mark.parametrize("odd", [{"sent": 1}, {"sent": "1", "at": 0.0}, {"sent": 1, "at": None}])
def test_an_announcement_that_is_whole_but_odd_is_passed_over(
    odd: dict[str, Any], whole: Whole, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = encode({"custom_id": "call-000003", **odd}).encode()
    path.write_bytes(whole.lines[0] + b"\n" + line)

    journal, plan = reopen(path, whole.endpoint, on_damage="send")
    journal.close_without_writing()

    assert len(plan.unfinished) == len(PROMPTS)
    assert "passed over: line 2" in capsys.readouterr().out


def test_a_journal_that_is_locked_again_at_once_is_not_spoiled(whole: Whole, path: Path) -> None:
    """Opened, closed untouched, and opened again: a torn tail is closed off once."""
    path.write_bytes(whole.data[:-5])
    for _ in range(2):
        journal, contents = Journal.reopen(path)
        journal.close_without_writing()
        assert len(contents.damaged) == 1
    assert path.read_bytes() == whole.data[:-5]
