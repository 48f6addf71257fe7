"""Mutants of the solutions that are as right as the solutions themselves, and why."""

from __future__ import annotations

_ORDER = "the order does not matter here"
_SAME = "another way to write the same"
_LAST = "after the loop a function returns None of itself"
_ONE = "the list has one item: the first is the last"
_QUESTIONS = "three questions of one's own, whichever they are"
_ATTEMPT = "only whether it is the third attempt matters"
_SERVER = "the lag is that of the loop, whichever server answers"
_POLL = "it only looks more often or less often"

_RIVER, _SNOW, _PEAK = (
    "'Name a river.'",
    "'Why is snow white?'",
    "'What is the highest mountain?'",
)
_MINE = f"[{_RIVER}, {_SNOW}, {_PEAK}]"

_FIELDS = "('answer', 'error', 'started', 'finished')"
_ORDERS = (
    "answer answer error started finished",
    "answer error error started finished",
    "answer error started started finished",
    "answer error started finished finished",
    "error answer started finished",
    "started error answer finished",
    "finished error started answer",
    "answer started error finished",
    "answer finished started error",
    "answer error finished started",
)


def _list(words: str) -> str:
    return str(tuple(words.split()))


EQUIVALENT: dict[str, dict[str, str]] = {
    "0.4": {
        f"nb.run({_MINE}, endpoint)  ->  nb.run({_MINE})": "run asks the default endpoint then",
        f"{_MINE}  ->  [{_SNOW}, {_RIVER}, {_PEAK}]": _QUESTIONS,
        f"{_MINE}  ->  [{_PEAK}, {_SNOW}, {_RIVER}]": _QUESTIONS,
        f"{_MINE}  ->  [{_RIVER}, {_PEAK}, {_SNOW}]": _QUESTIONS,
        "'Name a river.'  ->  'Name a river.x'": _QUESTIONS,
        "'Why is snow white?'  ->  'Why is snow white?x'": _QUESTIONS,
        "'What is the highest mountain?'  ->  'What is the highest mountain?x'": _QUESTIONS,
    },
    "2.7": {
        "asyncio.gather(nb.run_async(nb.prompts.FAQ, endpoint), "
        "nb.run_async(nb.prompts.TWENTY[:5], endpoint))  ->  "
        "asyncio.gather(nb.run_async(nb.prompts.TWENTY[:5], endpoint), "
        "nb.run_async(nb.prompts.FAQ, endpoint))": _ORDER,
    },
    "2.8": {
        "RuntimeError  ->  Exception": "get_running_loop raises nothing else",
        "RuntimeError  ->  BaseException": "get_running_loop raises nothing else",
    },
    "4.2": {"return None  ->  pass": _LAST, "return None  ->  None": _LAST, "0  ->  -1": _ONE},
    "4.7": {"0  ->  -1": _ONE},
    "5.5": {
        "(1, 2, 3)  ->  (1, 2, 3, 3)": _ATTEMPT,
        "(1, 2, 3)  ->  (2, 1, 3)": _ATTEMPT,
        "(1, 2, 3)  ->  (1, 1, 3)": _ATTEMPT,
        **{f"1  ->  {other}": _ATTEMPT for other in ("2", "0", "0.5", "-1")},
        **{f"2  ->  {other}": _ATTEMPT for other in ("4", "1.0", "-2", "0")},
        "attempt == 3  ->  attempt >= 3": _ATTEMPT,
        "0.05  ->  0.1": "a wait of any short time",
        "0.05  ->  0.025": "a wait of any short time",
    },
    "5.7": {f"0.01  ->  {other}": _POLL for other in ("-0.99", "0.02", "0.005", "-0.01", "0")},
    "6.8": {"nb.run_async(questions, slow)  ->  nb.run_async(questions)": _SERVER},
    "7.6": {
        "(call.duration for call in run.calls if call.outcome == 'ok')  ->  "
        "(call.duration for call in run.calls[::-1] if call.outcome == 'ok')": _ORDER,
        "0.95  ->  -0.050000000000000044": "counted from the end it is the same place",
    },
    "8.5": {
        "[call.custom_id for call in run.calls if any((attempt.possibly_billed for attempt in "
        "call.attempts))]  ->  [call.custom_id for call in run.calls[::-1] if "
        "any((attempt.possibly_billed for attempt in call.attempts))]": _ORDER,
        "(attempt.possibly_billed for attempt in call.attempts)  ->  "
        "(attempt.possibly_billed for attempt in call.attempts[::-1])": _ORDER,
    },
    "8.7": {
        "[call for call in run.calls if call.outcome == 'ok']  ->  "
        "[call for call in run.calls[::-1] if call.outcome == 'ok']": _ORDER,
        **{
            f"(call.{field} for call in ok)  ->  (call.{field} for call in ok[::-1])": _ORDER
            for field in ("input_tokens", "output_tokens")
        },
        "1  ->  -1": "a pair's second item is its last",
        "1000000.0  ->  1000001.0": "a millionth less",
        "1000000.0  ->  999999.0": "a millionth more",
    },
    "10.2": {"continue  ->  pass": "the loop goes on in either case"},
    "10.8": {
        "job['status'] == 'error'  ->  job['status'] >= 'error'": "the only other end comes before",
        **{
            f"('queued', 'generating')  ->  {other}": _ORDER
            for other in (
                "('queued', 'queued', 'generating')",
                "('queued', 'generating', 'generating')",
                "('generating', 'queued')",
            )
        },
    },
    "9.6": {"return None  ->  pass": _LAST, "return None  ->  None": _LAST},
    "9.9": {
        "[asyncio.create_task(ask_one(question)) for question in questions]  ->  "
        "[asyncio.create_task(ask_one(question)) for question in questions[::-1]]": _ORDER,
    },
    "11.5": {
        "(1, 2, 3)  ->  (1, 2, 3, 3)": _ATTEMPT,
        "(1, 2, 3)  ->  (2, 1, 3)": _ATTEMPT,
        "(1, 2, 3)  ->  (1, 1, 3)": _ATTEMPT,
        **{f"1  ->  {other}": _ATTEMPT for other in ("2", "0", "0.5", "-1")},
        **{f"2  ->  {other}": _ATTEMPT for other in ("4", "1.0", "-2", "0")},
        "attempt == 3  ->  attempt >= 3": _ATTEMPT,
        "0.05  ->  1.05": "a longer wait does no harm",
        "0.05  ->  0.1": "a longer wait does no harm",
    },
    "11.9": {f"{_FIELDS}  ->  {_list(other)}": "in whichever order, or twice" for other in _ORDERS},
}
