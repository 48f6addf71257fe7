"""Lesson 8, Your own prompts: checks, hints and questions."""

from __future__ import annotations

import json
from math import isclose
from typing import Any

from ...prompts import as_prompts
from ...records import Attempt, Call, Run
from ..engine.exercises import Exercise, NotYet, of_kind, require
from ..engine.expect import expect_function, expect_list
from ..engine.practice_run import answered_run
from ..engine.questions import Question


def check_with_answers(with_answers: object) -> str:
    """Try a filtered table, whose index is not that of the run's own table."""
    import pandas as pd

    function = expect_function(with_answers, "with_answers")
    questions = ["What is a fen?", "What is an ox?", "What is a yak?", "What is a gnu?"]
    # The last question is answered first; the index counts backwards and leaves gaps.
    run = answered_run({question: (0.0, 4.0 - number) for number, question in enumerate(questions)})
    table = pd.DataFrame({"question": questions}, index=[7, 5, 2, 0])
    found = of_kind(function(table.copy(), run), pd.DataFrame, "a table")
    require("answer" in found.columns, "the table has no column called answer.")
    require(
        len(found) == len(table),
        f"the table had {len(table)} rows, and now has {len(found)}. One row for each prompt: "
        "add a column, no rows.",
    )
    given = [None if pd.isna(text) else text for text in found["answer"]]
    wanted = [call.text for call in run.calls]
    require(
        None not in given,
        f"{given.count(None)} of {len(given)} rows have no answer: pandas has matched the index. "
        "Give it a plain list, which has no index.",
    )
    require(
        not all(isinstance(text, Call) for text in given),
        "the column holds whole calls. Take the text of each.",
    )
    by_question = dict(zip(found.get("question", questions), given, strict=True))
    require(
        [by_question.get(question) for question in questions] == wanted,
        f"the row {questions[0]!r} has {by_question.get(questions[0])!r}. The calls of a run are "
        "in the order of the prompts: leave them so, and take them one by one.",
    )
    require(
        list(found.index) == list(table.index) and "question" in found.columns,
        f"the index was {list(table.index)}, and now is {list(found.index)}. Leave it: it says "
        "which rows of the whole table these are.",
    )
    return "Each answer is in its own row, whatever the index."


def check_as_line(as_line: object) -> str:
    """Read the line as `run` would read it."""
    function = expect_function(as_line, "as_line")
    name, question = "q-1", 'What is "sync"?'
    line = of_kind(function(name, question), str, "one line of text: json.dumps makes it")
    require(
        "\n" not in line.strip(),
        "it has several lines. In JSONL every line stands for itself: no indent.",
    )
    try:
        item = json.loads(line)
    except ValueError:
        raise NotYet(
            f"this is no JSON: {line[:60]}… It may look like it, as str() of a dictionary does, "
            "or a text put together by hand, "
            "which breaks at a quotation mark. json.dumps makes real JSON."
        ) from None
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
        f"the question given was {question!r}, and the line asks {prompt.label!r}.",
    )
    require(
        prompt.parameters == {"max_tokens": 50},
        f"besides name and prompt it holds {prompt.parameters}; wanted is max_tokens 50, a number.",
    )
    return "A line that can be read, whatever marks the question has in it."


def check_in_doubt(in_doubt: object) -> str:
    """Try a run with a lost request, one that got a 429, and a failure that may be billed."""
    function = expect_function(in_doubt, "in_doubt")
    run = _make_run()
    try:
        names = expect_list(function(run), "custom_ids")
    except IndexError:
        raise NotYet(
            "a call that was never sent has no attempts, so there is no first and no last one. Go "
            "through those that there are, with  for  or  any."
        ) from None
    require(
        not any(isinstance(name, Call) for name in names),
        "the list holds whole calls. Wanted are their custom_ids.",
    )
    require(
        "turned-away" not in names,
        "'turned-away' got status 429 at its first attempt, and costs nothing for that. How many "
        "attempts there were is not the question; look at attempt.possibly_billed.",
    )
    require(
        "quick" not in names and "never-sent" not in names,
        f"{names} has calls in it with no more than one attempt, which went well.",
    )
    require(
        "lost" in names,
        "'lost' is missing: its first attempt is possibly billed, its second one went well. Look "
        "at all attempts of a call, not only at the last.",
    )
    require(
        names == ["lost", "cut-twice"],
        f"it gave {names}; wanted is ['lost', 'cut-twice']: each call once, in their order.",
    )
    return "Two calls are in doubt. One that was only turned away is not."


def check_dollars(dollars: object) -> str:
    """Try a run with a failed call, and prices that differ."""
    function = expect_function(dollars, "dollars")
    run, number, prices = _make_run(), 10_000, (2.5, 10.0)
    # The ok calls used 100, 200 and 300 tokens in, 20, 40 and 30 out.
    into, out, n = 600, 90, 3
    right = (into * prices[0] + out * prices[1]) / 1e6 / n * number
    try:
        answer = function(run, number, prices)
    except TypeError as error:
        require("NoneType" not in str(error), _NO_TOKENS)
        raise
    require(
        type(answer).__name__ != "NAType",
        "it gave a missing value: here nobody reports a cost. Reckon with tokens and prices.",
    )
    found = float(of_kind(answer, int | float, "a number of dollars"))  # type: ignore[arg-type]
    said = f"for {number:,} calls it gave ${found:,.4g}"
    for other, why in (
        (right * 1e6, "prices are for a million tokens, and you took them for one"),
        (right / number, "that is the cost of one call"),
        (right / number * n, f"that is what the {n} answered calls have cost; scale it up"),
        (right * n, f"that is {n} times too much: take the mean of a call"),
        (right * n / len(run.calls), "divide by the number of answered calls, not of all"),
        (
            (into * prices[1] + out * prices[0]) / 1e6 / n * number,
            "prices is (input, output), and you have them the other way round",
        ),
        (
            (into + out) * prices[0] / 1e6 / n * number,
            "tokens that come out have a price of their own",
        ),
    ):
        require(not isclose(found, other, rel_tol=1e-6), f"{said}: {why}.")
    require(isclose(found, right, rel_tol=0.01), f"{said}, and ${right:.4g} is right.")
    return f"{number:,} such calls cost about ${right:.0f}. Now you know before."


def _make_run() -> Run:
    """Make a run of calls that succeeded at the first or second attempt, or not at all."""
    good = Attempt(number=2, started=1.0, finished=2.0, status=200)
    lost = Attempt(number=1, started=0.0, error_type="no_reply", possibly_billed=True)
    away = Attempt(number=1, started=0.0, finished=0.1, status=429, error_type="429")
    calls: list[tuple[str, list[Attempt], Any]] = [
        ("quick", [good], (100, 20)),
        ("lost", [lost, good], (200, 40)),
        ("turned-away", [away, good], (300, 30)),
        ("cut-twice", [lost, lost], None),
        ("never-sent", [], None),
    ]
    run = answered_run({name: (0.0, 2.0) for name, *_ in calls})
    for call, (name, attempts, tokens) in zip(run.calls, calls, strict=True):
        call.custom_id, call.attempts = name, attempts
        call.input_tokens, call.output_tokens = tokens or (None, None)
        if tokens is None:
            call.outcome = "error" if attempts else "not_started"
    return run


_NO_TOKENS = (
    "a call that failed has no tokens: they are None, and None is no number. Keep the calls whose "
    "outcome is 'ok'."
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
}
