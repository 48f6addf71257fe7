"""Lesson 8, Your own prompts: checks, hints and questions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ...prompts import as_prompts
from ...records import Call, Run
from ..engine.exercises import Exercise, NotYet, of_kind, require, show
from ..engine.expect import call_plain, expect_function
from ..engine.practice_run import answered_call, practice_run
from ..engine.questions import Question
from .billing_exercises import check_dollars, check_in_doubt

# Name and question: with quotation marks, backslashes, line breaks, braces and other letters.
_LINES = (
    ("q-1", 'What is "sync"?'),
    ("q-2", "What does C:\\temp\\new mean?"),
    ("q-3", "Two lines:\none\tand {two}?"),
    ('the "fourth"', "¿Qué es 2 + 2? 🙂"),
)
# Questions and the index of their table. It leaves gaps; two rows of the second ask the same.
_TABLES = (
    (["What is a fen?", "What is an ox?", "What is a yak?", "What is a gnu?"], [7, 5, 2, 0]),
    (["Toss a coin.", "What is an ox?", "Toss a coin."], ["x", "z", "y"]),
)


def check_with_answers(with_answers: object) -> str:
    """Try filtered tables, whose index is not that of the run's own table."""
    function = expect_function(with_answers, "with_answers")
    for questions, index in _TABLES:
        _try_table(function, questions, index)
    return "Each answer is in its own row, whatever the index."


def _try_table(function: Callable[..., Any], questions: list[str], index: list[Any]) -> None:
    import pandas as pd

    run = _make_answers(questions)
    table = pd.DataFrame({"question": questions, "legs": range(len(questions))}, index=index)
    found = of_kind(call_plain(function, table.copy(), run), pd.DataFrame, "a table")
    require("answer" in found.columns, "the table has no column called answer.")
    require(
        len(found) == len(table),
        f"the table had {len(table)} rows, and now has {len(found)}. One row for each prompt: "
        "add a column, no rows.",
    )
    kept = [name for name in table.columns if name not in found.columns]
    require(not kept, f"the table has lost its column {', '.join(kept)}.")
    given = [text if isinstance(text, str | Call) else None for text in found["answer"]]
    require(
        None not in given,
        f"{given.count(None)} of {len(given)} rows have no answer: pandas has matched the index. "
        "Give it a plain list, which has no index.",
    )
    require(
        not any(isinstance(text, Call) for text in given),
        "the column holds whole calls. Take the text of each.",
    )
    _compare_rows(list(zip(found["question"], given, strict=True)), run)
    require(
        list(found.index) == index,
        f"the index was {index}, and now is {list(found.index)}. Leave it: it says which rows of "
        "the whole table these are.",
    )


def _compare_rows(rows: list[tuple[str, Any]], run: Run) -> None:
    for call, (question, answer) in zip(run.calls, rows, strict=True):
        require(question == call.prompt, "the rows stand in another order than before. Leave them.")
        twice = [other.text for other in run.calls if other.prompt == question]
        require(
            answer == call.text or len(twice) == 1 or answer not in twice,
            f"two rows ask {question!r}, and both have the answer of one of them. Do not look an "
            "answer up by its question: take the calls one by one.",
        )
        require(
            answer == call.text,
            f"the row {question!r} has {show(answer)}. The calls of a run are in the order of the "
            "prompts: leave them so, and take them one by one.",
        )


def _make_answers(questions: list[str]) -> Run:
    """Make a run in which the last question is answered first, each answer of its own."""
    calls = [
        answered_call(question, started=0.0, finished=float(len(questions) - place), index=place)
        for place, question in enumerate(questions)
    ]
    for call in calls:
        call.text = f"{call.text} ({call.index + 1})"
    return practice_run(calls)


def check_as_line(as_line: object) -> str:
    """Read lines as `run` would read them, of questions that break a text put together by hand."""
    function = expect_function(as_line, "as_line")
    for name, question in _LINES:
        line = call_plain(function, name, question)
        _check_line(of_kind(line, str, "one line of text: json.dumps makes it"), name, question)
    return "A line that can be read, whatever marks the question has in it."


def _check_line(line: str, name: str, question: str) -> None:
    require(
        "\n" not in line.strip(),
        f"for the question {question!r} it has several lines. In JSONL every line stands for "
        "itself: no indent, and json.dumps writes a line break as \\n.",
    )
    try:
        item = json.loads(line)
    except ValueError:
        raise NotYet(
            f"for the question {question!r} this is no JSON: {line[:60]}… It may look like it, as "
            "str() of a dictionary does, or a text put together by hand, which breaks at some "
            "mark or other. json.dumps makes real JSON."
        ) from None
    require(
        not isinstance(item, str),
        "that is JSON of a text, not of a dictionary: json.dumps was called twice.",
    )
    item = of_kind(item, dict, "a JSON object with custom_id, prompt and max_tokens")
    require(item.get("custom_id"), "it has no custom_id. Then nobody knows whose answer it is.")
    require(
        "body" not in item or "max_tokens" not in item,
        "max_tokens stands beside the body, where nobody looks for it. Put it into the body.",
    )
    try:
        (prompt,) = as_prompts([item])
    except (TypeError, ValueError) as error:
        raise NotYet(f"aiml_nb cannot read it: {error}") from None
    require(
        prompt.custom_id == name,
        f"custom_id is {prompt.custom_id!r}, and the name given was {name!r}.",
    )
    require(
        prompt.label == question,
        f"the question given was {question!r}, and the line asks {prompt.label!r}. Escaping by "
        "hand forgets some mark; json.dumps forgets none.",
    )
    require(
        prompt.parameters == {"max_tokens": 50}
        and not isinstance(prompt.parameters["max_tokens"], bool | float),
        f"besides name and prompt it holds {prompt.parameters}; wanted is max_tokens 50, a number.",
    )


EXERCISES = {
    "8.2": Exercise(
        check_with_answers,
        hints=(
            "pandas matches the index of a column with that of the table. What has no index?",
            "A list of the texts: [call.text for call in run.calls].",
            "return table.assign(answer=[call.text for call in run.calls]).",
        ),
    ),
    "8.3": Exercise(
        check_as_line,
        hints=(
            "First build the dictionary, as it stands above; then make text of it.",
            "The three keys are custom_id, prompt and max_tokens. json.dumps makes the text.",
            'return json.dumps({"custom_id": name, "prompt": question, "max_tokens": 50}).',
        ),
    ),
    "8.5": Exercise(
        check_in_doubt,
        hints=(
            "Every call has a list call.attempts. Which field of an attempt tells?",
            "any(attempt.possibly_billed for attempt in call.attempts) is true for a call that is "
            "in doubt.",
            "return [call.custom_id for call in run.calls if any(…)].",
        ),
    ),
    "8.7": Exercise(
        check_dollars,
        hints=(
            "First the calls whose outcome is 'ok': how many are they, how many tokens in, how "
            "many out?",
            "Tokens in times prices[0] and tokens out times prices[1], both divided by a million.",
            "That is the cost of len(ok) calls. Divide by len(ok), multiply by number.",
        ),
    ),
}

QUESTIONS = {
    "8.6": Question(
        "You resume a run whose 20 calls are all answered. What happens?",
        {
            "All 20 are sent again": "What is answered is taken from the journal. That is what it "
            "is for.",
            "Nothing is sent, and you get the run with its answers": "Everything is in the "
            "journal. So the same cell may be run as often as you like.",
            "It is an error: there is nothing to go on with": "Then you would have to know "
            "beforehand whether a run was finished. You need not.",
        },
        right="Nothing is sent, and you get the run with its answers",
    ),
    "8.8": Question(
        "Lesson 3 again: 12,000 rows, 3 s for each call, and you have one hour. How many calls in "
        "flight do you need?",
        {
            "10": "12,000 in 3,600 s are 3.3 answers a second, and each takes 3 s.",
            "4": "So many answers are wanted each second. But each stays in flight for 3 s.",
            "All 12,000": "The server has a limit of its own, and answers 429. Ask for the pace "
            "that you need.",
        },
        right="10",
    ),
}
