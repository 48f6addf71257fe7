"""Lesson 5, When it fails: what its checks look at, its hints and its questions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ...endpoint import connect
from ...records import Call, Run
from ..exercises import Exercise, NotYet, of_kind, require
from ..practice import run_answer
from ..questions import Question

# A wait shorter than this is none.
_SHORTEST_WAIT = 0.005
_MOST_ATTEMPTS = 3
_ENOUGH = 5


class _Moody:
    """Answers a question, or fails with the next of some statuses, and remembers when."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = statuses
        self.started: list[float] = []
        self.ended: list[float] = []
        self.others_had_a_turn: list[bool] = []
        self._turn = True

    async def ask(self, question: str) -> str:
        self.started.append(time.perf_counter())
        self.others_had_a_turn.append(self._turn)
        await asyncio.sleep(0.002)
        self.ended.append(time.perf_counter())
        self._turn = False
        # It runs as soon as whoever asked lets the loop go on.
        asyncio.get_running_loop().call_soon(self._take_turn)
        number = len(self.started)
        if number <= len(self._statuses):
            raise _make_error(self._statuses[number - 1])
        return f"an answer to: {question}"

    def _take_turn(self) -> None:
        self._turn = True


def _make_error(status: int) -> Exception:
    from openai import APIStatusError

    reply: Any = SimpleNamespace(status_code=status, headers={}, request=None)
    return APIStatusError(f"status {status} (simulated)", response=reply, body=None)


def check_ask_safely(ask_safely: Callable[..., Any]) -> str:
    """See that failures become records, and that a cancellation goes through."""
    record = _record_of(ask_safely, _Moody().ask)
    require(
        record["answer"] == "an answer to: Why?" and record["error"] is None,
        f"a call that goes well gives {record!r:.120}. The answer belongs into answer, and error "
        "stays None. Did you await ask(question)?",
    )
    for error in (_make_error(400), ValueError("odd"), TimeoutError("late")):
        _compare_record(_record_of(ask_safely, _fail_with(error)), error)
    is_cancelled = run_answer(_is_cancelled, ask_safely)
    require(
        is_cancelled,
        "a cancelled call went on as if it had failed. Catch  Exception: a cancellation is none of "
        "these, and must go through, or nobody can stop your run.",
    )
    return "Failures are noted down, and a run can still be cancelled."


def _fail_with(error: Exception) -> Callable[[str], Any]:
    async def ask(question: str) -> str:
        raise error

    return ask


def _record_of(ask_safely: Callable[..., Any], ask: Callable[..., Any]) -> dict[str, Any]:
    try:
        record = run_answer(ask_safely, ask, "Why?")
    except NotImplementedError:
        raise
    except UnboundLocalError as error:
        raise NotYet(
            f"{error}. Both names need a value on every way: set them to None first."
        ) from None
    except Exception as error:  # noqa: BLE001  whatever was let through
        name = type(error).__name__
        raise NotYet(
            f"when ask raises {name}, ask_safely raises it, too. Put  try  around await "
            "ask(question), and catch every Exception, not one kind alone."
        ) from None
    if not isinstance(record, dict) or not {"answer", "error"} <= record.keys():
        raise NotYet("ask_safely is to return the dictionary of its last line. Leave it there.")
    return record


def _compare_record(record: dict[str, Any], error: Exception) -> None:
    name = type(error).__name__
    require(
        record["error"] is not None,
        f"ask raised {name}, and error is None. Why the call failed would be forgotten: "
        "except Exception as reason  gives you the error.",
    )
    require(
        record["error"] is error,
        f"ask raised {name}, and error is {record['error']!r:.60}. Keep the exception itself: it "
        "knows its kind and its status.",
    )
    require(record["answer"] is None, f"ask raised {name}, and answer is {record['answer']!r:.60}.")


async def _is_cancelled(ask_safely: Callable[..., Any]) -> bool:
    async def ask(question: str) -> str:
        await asyncio.sleep(5)
        return "too late"

    task: asyncio.Future[Any] = asyncio.ensure_future(ask_safely(ask, "Why?"))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


def check_ask_again(ask_again: Callable[..., Any]) -> str:
    """See what is asked again, how often, and after which wait."""
    _expect(ask_again, [], attempts=1, answered=True)
    _expect(ask_again, [503], attempts=2, answered=True)
    _expect(ask_again, [400], attempts=1, answered=False)
    _expect(ask_again, [429, 500], attempts=3, answered=True)
    _expect(ask_again, [503, 404], attempts=2, answered=False)
    _expect(ask_again, [500, 502, 503, 504, 500, 500], attempts=3, answered=False)
    return "Asked again where it may help, three times at most, after a wait that blocks nobody."


def _expect(
    ask_again: Callable[..., Any], statuses: list[int], *, attempts: int, answered: bool
) -> None:
    model = _Moody(*statuses)
    story = f"When ask answers {_tell(statuses)}"
    answer, error = _try(ask_again, model)
    made = len(model.started)
    require(made, f"{story}, ask was never called. Write  await ask(question).")
    if made > attempts:
        at_most = f"{_MOST_ATTEMPTS} attempts at most"
        why = at_most if attempts == _MOST_ATTEMPTS else f"{statuses[attempts - 1]} does not pass"
        raise NotYet(f"{story}, you ask {made} times: {why}.")
    if made < attempts and error is not None:
        raise NotYet(
            f"{story}, you give up after {made}. {statuses[made - 1]} may pass: ask again."
        )
    require(made == attempts, f"{story}, you ask {made} times, and {attempts} are to be made.")
    _look_at_waits(model, story)
    if answered:
        require(error is None, f"{story}, the last attempt went well, and you raise {error!r:.60}.")
        require(
            answer == "an answer to: Why?",
            f"{story}, the function returns {answer!r:.60}. Return what await ask(question) gave.",
        )
        return
    require(
        error is not None,
        f"{story}, the function returns {answer!r:.60}. Then nobody learns that it failed: a bare "
        " raise  inside except lets the error go on.",
    )
    wanted = statuses[attempts - 1]
    require(
        getattr(error, "status_code", None) == wanted,
        f"{story}, you raise {error!r:.60}. Let the error with status {wanted} go on as it is.",
    )


def _try(ask_again: Callable[..., Any], model: _Moody) -> tuple[Any, Exception | None]:
    try:
        return run_answer(ask_again, model.ask, "Why?"), None
    except NotImplementedError:
        raise
    except Exception as error:
        if not model.started:
            raise
        return None, error


def _look_at_waits(model: _Moody, story: str) -> None:
    for number in range(1, len(model.started)):
        waited = model.started[number] - model.ended[number - 1]
        require(
            waited >= _SHORTEST_WAIT,
            f"{story}, attempt {number + 1} follows at once. A server in trouble needs a moment: "
            "wait with  await asyncio.sleep(0.05).",
        )
        require(
            model.others_had_a_turn[number],
            f"{story}, you wait {waited:.2f} s, and nobody else can go on meanwhile: time.sleep "
            "blocks all calls. Wait with  await asyncio.sleep(0.05).",
        )


def _tell(statuses: list[int]) -> str:
    if not statuses:
        return "well at once"
    told = [str(status) for status in statuses[:_MOST_ATTEMPTS]]
    if len(statuses) > _MOST_ATTEMPTS:
        return f"{', '.join(told)} and so on"
    return f"{', '.join(told)} and then well"


def check_stop_after_five(function: Callable[..., Any]) -> str:
    """See that a run is stopped with its first answers kept, whatever the server's seed."""
    questions = [f"Question {number}?" for number in range(1, 13)]
    endpoint = connect(simulate=True, scenario="faq", speed=20, seed=11, verbose=False)
    found, later = run_answer(_watch, function, questions, endpoint)
    run = of_kind(found, Run, "the run: what handle.partial gives")
    ok = sum(call.outcome == "ok" for call in run.calls)
    require(
        later < len(questions),
        "in the end all twelve were answered: the run went on. Call handle.cancel(), with "
        "parentheses, once five are there.",
    )
    require(
        later >= _ENOUGH,
        f"only {later} answers were there when you stopped. Go round a while loop as long as "
        "handle.progress[0] is below 5, with a short await asyncio.sleep in it.",
    )
    require(
        ok <= _ENOUGH + 2,
        f"{ok} answers were there when you stopped. Look at handle.progress more often.",
    )
    kept = f"{ok} answers kept, {_count(run.calls, 'cancelled')} calls cancelled in flight"
    return f"{kept}, {_count(run.calls, 'not_started')} never sent."


def _count(calls: list[Call], outcome: str) -> int:
    return sum(call.outcome == outcome for call in calls)


async def _watch(function: Callable[..., Any], *arguments: Any) -> tuple[Any, int]:
    """Return what the function gave, and how many calls are ok once none is in flight any more."""
    result = function(*arguments)
    found = await asyncio.wait_for(result, 10) if asyncio.iscoroutine(result) else result
    if not isinstance(found, Run):
        return found, 0
    idle = 0
    while idle < 3:  # between two calls nothing is in flight either, for a moment
        await asyncio.sleep(0.02)
        idle = 0 if any(_is_in_flight(call) for call in found.calls) else idle + 1
    return found, _count(found.calls, "ok")


def _is_in_flight(call: Call) -> bool:
    return call.started is not None and call.finished is None


EXERCISES: dict[str, Exercise] = {
    "5.3": Exercise(
        check_ask_safely,
        hints=(
            "Put  try  around the one line that may fail.",
            "except Exception as reason  catches everything but a cancellation. The name after "
            "`as` is gone after the block: keep it under another one.",
            "Set answer and error to None; then try: answer = await ask(question); then except "
            "Exception as reason: error = reason.",
        ),
    ),
    "5.5": Exercise(
        check_ask_again,
        hints=(
            "A loop over the attempts 1, 2, 3, and in it a try that returns the answer.",
            "In  except openai.APIStatusError as error:  raise again if the status is not in "
            "PASSES, or if this was the third attempt. After the except, wait.",
            "for attempt in (1, 2, 3): try: return await ask(question); except …: if "
            "error.status_code not in PASSES or attempt == 3: raise; then await "
            "asyncio.sleep(0.05).",
        ),
    ),
    "5.7": Exercise(
        check_stop_after_five,
        hints=(
            "Look again and again how far it is, and let the run go on meanwhile.",
            "handle.progress[0] is the number of finished calls. In the while loop you need an "
            "await: without it the run gets no turn, and the loop never ends.",
            "while handle.progress[0] < 5: await asyncio.sleep(0.01); then handle.cancel().",
        ),
    ),
}

QUESTIONS: dict[str, Question] = {
    "5.8": Question(
        "A call fails with status 400: the question is too long. What helps?",
        {
            "Ask again after a second.": "It will be as long then. A 400 does not pass by itself.",
            "Ask with fewer calls in flight.": "That helps against 429, too many requests.",
            "Shorten the question.": "A 400 says that something is wrong with the question.",
            "Give it a longer timeout.": "The answer came at once, and it was no.",
        },
        right="Shorten the question.",
    ),
}
