"""Print the table of faults, one line each: ``python -m tests.runner.fault_table``.

Each fault that a server makes is met by a run, sync and async, against the simulator; shown is what
the records say and what the server counted. The others (the process, the disk, names, pictures) are
held by tests of their own, which are run and counted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from aiml_nb.records import Call

from .conftest import SkippingClock, connect_faulty, run_skipping
from .test_faults import ROWS, STOPPING, Row, name_row
from .test_run import read_log

ALL = range(1, 50)
WAYS = ("sequential", "gather")
# Row -> the fault, and the tests that hold it.
TESTS: dict[int, tuple[str, str]] = {
    10: ("connection refused, unknown host", "runner/test_promises.py::TestConnecting"),
    15: ("https to an http port", "runner/test_faults.py::test_an_https_address"),
    16: ("ftp://, no scheme, user info, query", "endpoint/test_endpoint.py::TestBaseUrl"),
    36: ("307 to another host", "runner/test_promises.py::TestRedirects"),
    38: ("pool exhausted", "runner/test_faults.py::test_the_pool"),
    39: ("20 calls cancelled in flight", "runner/test_faults.py::test_a_cancelled_run"),
    40: ("Ctrl-C in a sleep, in asyncio.run", "runner/test_promises.py::TestInterrupt"),
    41: ("kill -9 while journaling", "runner/test_kill.py::test_runs_that_are_killed"),
    42: ("disk full", "runner/test_resume.py::TestFullDisk"),
    43: ("two kernels, one journal", "runner/test_journal.py::TestLock"),
    45: ("$$ and the like in a label", "plot/test_timeline.py::test_hostile_prompts"),
    46: (
        "the client leaves in mid-answer",
        "simulator/http/test_foreground.py::test_a_client_that_leaves",
    ),
    47: ("../../x, CON, NUL, 300 characters", "runner/test_promises.py::TestNames"),
    48: ("escapes, bidi overrides in a label", "report/test_labels.py::test_a_label_is_one"),
    49: ("fork, pickle", "runner/test_promises.py::TestPlainData"),
}


@dataclass
class Line:
    """One line of the table; sync and async side by side."""

    number: int
    fault: str
    outcome: str = ""
    attempts: str = ""
    seconds: str = ""
    waited: str = ""
    server: str = ""
    passed: bool = True
    overshoot: float = 0.0

    def __str__(self) -> str:
        verdict = "ok" if self.passed else "FAILED"
        return (
            f"{self.number:>3}  {self.fault:<34.34}  {self.outcome:<52.52}  {self.attempts:>9}  "
            f"{self.seconds:>11}  {self.waited:>13}  {self.server:>9}  {verdict}"
        )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.runner.fault_table", description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, metavar="ROW", help="from 1 to 49 (all)")
    wanted = set(parser.parse_args(arguments).rows or ALL)
    head = Line(0, "fault", "outcome", "attempts", "seconds", "waited, s", "server")
    print(str(head).replace("  0  ", "  #  ", 1).removesuffix("ok") + "(sync, async)")
    verdicts: dict[int, bool] = {}
    overshoot = 0.0
    for line in measure(wanted):
        print(line, flush=True)
        overshoot = max(overshoot, line.overshoot)
        verdicts[line.number] = verdicts.get(line.number, True) and line.passed
    untested = wanted - verdicts.keys()
    print(f"\nRows passed: {sum(verdicts.values())} of {len(wanted)}.", end=" ")
    print(f"Largest overshoot of a deadline: {overshoot:.2f} s.")
    if untested:
        print(f"Not tested: {sorted(untested)}.")
    return 0 if sum(verdicts.values()) == len(wanted) else 1


def measure(wanted: set[int]) -> Iterable[Line]:
    """Yield the lines of these rows, in the order of their numbers."""
    tested = run_tests({row: TESTS[row][1] for row in wanted & TESTS.keys()})
    for number in sorted(wanted):
        for row in ROWS:
            if int(row.number) == number:
                yield measure_call(row)
        for of_row, fault in STOPPING:
            if of_row == number:
                yield measure_stop(number, fault)
        if number in TESTS:
            counts = tested[number]
            said = ", ".join(
                f"{counts[what]} {what}" for what in ("passed", "failed", "skipped") if counts[what]
            )
            passed = bool(counts["passed"]) and not counts["failed"]
            seconds = f"{counts['milliseconds'] / 1000:.1f}"
            yield Line(
                number, TESTS[number][0], f"tests: {said or None}", seconds=seconds, passed=passed
            )


def measure_call(row: Row) -> Line:
    """Make one call that meets the fault at each attempt, both ways."""
    calls, seconds, waited, seen = [], [], [], []
    for strategy in WAYS:
        endpoint, clock = connect_faulty(faults={"*": [row.fault] * 10}), SkippingClock()
        began = time.perf_counter()
        run = run_skipping(
            ["Who?"],
            endpoint,
            clock,
            strategy=strategy,
            stream=row.stream,
            timeout=row.timeout,
        )
        seconds.append(time.perf_counter() - began)
        waited.append(sum(clock.slept))
        seen.append(count_chats(endpoint))
        calls += run.calls
    expected = (row.outcome, row.error_type, row.attempts)
    found = [(call.outcome, call.error_type, len(call.attempts)) for call in calls]
    overshoot = max(seconds) - row.timeout if row.outcome == "timeout" else 0.0
    return Line(
        int(row.number),
        name_row(row).partition("-")[2] + (", streamed" if row.stream else ""),
        " / ".join(dict.fromkeys(map(describe, calls))),
        pair(len(call.attempts) for call in calls),
        pair(f"{value:.2f}" for value in seconds),
        pair(f"{value:.1f}" for value in waited),
        pair(seen),
        passed=found == [expected] * 2 and seen == [row.attempts] * 2 and overshoot <= 0.5,
        overshoot=overshoot,
    )


def measure_stop(number: int, fault: Any) -> Line:
    """Make a run of 100 calls, five in flight, that no call can survive."""
    seen, seconds, texts = [], [], []
    for strategy in WAYS:
        endpoint = connect_faulty(faults={"*": [fault] * 3})
        began = time.perf_counter()
        prompts = [f"Question {n}?" for n in range(100)]
        run = run_skipping(prompts, endpoint, strategy=strategy, max_concurrency=5)
        seconds.append(time.perf_counter() - began)
        seen.append(count_chats(endpoint))
        outcomes = Counter(call.outcome for call in run.calls)
        texts.append(f"{outcomes['error']} error, {outcomes['not_started']} not_started")
    return Line(
        number,
        f"{fault}, 100 prompts",
        " / ".join(dict.fromkeys(texts)),
        pair(seen),
        pair(f"{value:.2f}" for value in seconds),
        "0.0 0.0",
        pair(seen),
        passed=max(seen) <= 5 and bool(run.stopped),
    )


def describe(call: Call) -> str:
    kept = ", text kept" if call.text and call.outcome != "ok" else ""
    return f"{call.outcome}{f': {call.error_type}' if call.error_type else ''}{kept}"


def count_chats(endpoint: Any) -> int:
    return sum(each["number"] is not None for each in read_log(endpoint)["requests"])


def pair(values: Iterable[object]) -> str:
    return " ".join(map(str, values))


def run_tests(nodes: dict[int, str]) -> dict[int, Counter[str]]:
    """Run the tests whose names begin so; return what became of them, by row."""
    counts: dict[int, Counter[str]] = {row: Counter() for row in nodes}
    if not nodes:
        return counts
    folder = Path(__file__).parents[1]
    files = sorted({str(folder / node.partition("::")[0]) for node in nodes.values()})
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        words = " or ".join(node.partition("::")[2] for node in nodes.values())
        program = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *files,
            "-k",
            words,
            f"--junitxml={report}",
        ]
        subprocess.run(program, check=False, capture_output=True, cwd=folder.parent)
        cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314  our own
    for case in cases:
        name = f"{case.get('classname')}.{case.get('name')}"
        for row, node in nodes.items():
            if name.startswith("tests." + node.replace("/", ".").replace(".py::", ".")):
                kinds = {child.tag for child in case}
                failed = kinds & {"failure", "error"}
                what = "failed" if failed else "skipped" if "skipped" in kinds else "passed"
                counts[row][what] += 1
                counts[row]["milliseconds"] += int(1000 * float(case.get("time") or 0))
    return counts


if __name__ == "__main__":
    sys.exit(main())
