"""Answers to lesson 8."""

from __future__ import annotations

import io
import json
import operator
import statistics
from decimal import Decimal

import numpy as np
import pandas as pd

from .registry import right, wrong


@right("8.2")
def a_copy(table: pd.DataFrame, run) -> pd.DataFrame:
    table = table.copy()
    table["answer"] = run.to_frame()["text"].to_numpy()
    return table


@right("8.2")
def with_its_own_index(table, run):
    column = pd.Series([call.text for call in run.calls], index=table.index, name="answer")
    return table.assign(answer=column)


@right("8.2")
def back_and_forth(table, run):
    index = table.index
    whole = table.reset_index(drop=True).join(run.to_frame()["text"].rename("answer"))
    return whole.set_index(index)


@right("8.2")
def inserted_in_front(table, run):
    table.insert(0, "answer", tuple(call.text for call in run.calls))
    return table


@right("8.2")
def side_by_side(table, run):
    answers = pd.DataFrame(
        {"answer": [c.text for c in run.calls]}, index=table.index, dtype="string"
    )
    return pd.concat([table, answers], axis="columns")


@wrong("8.2", "matched the index")
def careless(table, run):
    return table.assign(answer=run.to_frame()["text"])


@wrong("8.2", "Do not look an answer up by its question")
def looked_up(table, run):
    answers = {call.prompt: call.text for call in run.calls}
    return table.assign(answer=table["question"].map(answers))


@wrong("8.2", "the index was")
def renumbered(table, run):
    return table.reset_index(drop=True).assign(answer=run.to_frame()["text"])


@wrong("8.2", "the index was")
def merged(table, run):
    calls = run.to_frame()[["prompt", "text"]]
    whole = table.merge(calls, left_on="question", right_on="prompt")
    return whole.rename(columns={"text": "answer"})


@wrong("8.2", "order")
def by_finish(table, run):
    calls = sorted(run.calls, key=lambda call: call.finished)
    return table.assign(answer=[call.text for call in calls])


@wrong("8.2", "None")
def in_place(table, run):
    table["answer"] = [call.text for call in run.calls]


@wrong("8.2", "no column called answer")
def answers(table, run):
    return table.assign(answers=[call.text for call in run.calls])


@wrong("8.2", "lost its column")
def two_columns(table, run):
    return a_copy(table, run)[["question", "answer"]]


right("8.3")(
    lambda name, question: (
        json.dumps(
            {"custom_id": name, "prompt": question, "max_tokens": 50},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        + "\n"
    )
)


@right("8.3")
def by_pandas(name: str, question: str) -> str:
    row = pd.DataFrame([{"custom_id": name, "prompt": question, "max_tokens": 50}])
    return row.to_json(orient="records", lines=True, force_ascii=False)


@right("8.3")
def written(name, question):
    with io.StringIO() as file:
        json.dump({"max_tokens": 50, "prompt": question, "custom_id": name}, file)
        return file.getvalue()


@right("8.3")
def as_messages(name, question):
    messages = [{"role": "user", "content": question}]
    return json.dumps({"custom_id": name, "messages": messages, "max_tokens": 50})


@right("8.3")
def each_by_itself(name, question):
    return (
        f'{{"custom_id": {json.dumps(name)}, "prompt": {json.dumps(question)}, "max_tokens": 50}}'
    )


wrong("8.3", "no JSON")(
    lambda name, question: f'{{"custom_id": "{name}", "prompt": "{question}", "max_tokens": 50}}'
)
wrong("8.3", "no JSON")(
    lambda name, question: str({"custom_id": name, "prompt": question, "max_tokens": 50})
)
wrong("8.3", "a number")(
    lambda name, question: json.dumps({"custom_id": name, "prompt": question, "max_tokens": "50"})
)
wrong("8.3", "several lines")(
    lambda name, question: json.dumps(
        {"custom_id": name, "prompt": question, "max_tokens": 50}, indent=1
    )
)
wrong("8.3", "twice")(
    lambda name, question: json.dumps(
        json.dumps({"custom_id": name, "prompt": question, "max_tokens": 50})
    )
)
wrong("8.3", "one line of text")(
    lambda name, question: {"custom_id": name, "prompt": question, "max_tokens": 50}
)
wrong("8.3", "a list")(
    lambda name, question: json.dumps([{"custom_id": name, "prompt": question, "max_tokens": 50}])
)
wrong("8.3", "the question given was")(
    lambda name, question: json.dumps(
        {"custom_id": name, "prompt": question.replace('"', "'"), "max_tokens": 50}
    )
)
wrong("8.3", "custom_id is 'cat'")(
    lambda name, question: json.dumps({"custom_id": "cat", "prompt": question, "max_tokens": 50})
)


@right("8.5")
def by_the_attempts(run):
    attempts = run.attempts_frame()
    return attempts.loc[attempts["possibly_billed"], "custom_id"].unique()


@right("8.5")
def with_a_generator(run):
    for call in run.calls:
        if True in (attempt.possibly_billed for attempt in call.attempts):
            yield call.custom_id


@right("8.5")
def filtered(run) -> list[str]:
    doubtful = filter(lambda c: sum(a.possibly_billed for a in c.attempts), run.calls)
    return list(map(operator.attrgetter("custom_id"), doubtful))


@right("8.5")
def once_each(run):
    pairs = ((c.custom_id, a) for c in run.calls for a in c.attempts)
    return [*dict.fromkeys(name for name, attempt in pairs if attempt.possibly_billed)]


wrong("8.5", "How many attempts there were")(
    lambda run: [c.custom_id for c in run.calls if len(c.attempts) > 1]
)
wrong("8.5", "not reached")(
    lambda run: [c.custom_id for c in run.calls if any(a.status is None for a in c.attempts)]
)
wrong("8.5", "possibly_billed")(
    lambda run: [
        c.custom_id for c in run.calls if any(a.error_type == "no_reply" for a in c.attempts)
    ]
)
wrong("8.5", "'lost' is missing")(
    lambda run: [c.custom_id for c in run.calls if c.attempts and c.attempts[-1].possibly_billed]
)
wrong("8.5", "Each call once")(
    lambda run: [c.custom_id for c in run.calls for a in c.attempts if a.possibly_billed]
)
wrong("8.5", "is missing")(
    lambda run: [c.custom_id for c in run.calls if c.outcome != "ok" and c.attempts]
)
wrong("8.5", "an int")(
    lambda run: sum(any(a.possibly_billed for a in c.attempts) for c in run.calls)
)


@right("8.7")
def in_decimals(run, number, prices):
    into, out = (Decimal(str(price)) / 1_000_000 for price in prices)
    costs = [c.input_tokens * into + c.output_tokens * out for c in run.calls if c.outcome == "ok"]
    return statistics.mean(costs) * number


@right("8.7")
def by_pandas_dot(run, number: int, prices: tuple[float, float]) -> float:
    calls = run.to_frame().query("outcome == 'ok'")
    tokens = calls[["input_tokens", "output_tokens"]].astype(float).mean()
    return tokens.to_numpy() @ np.array(prices) * number / 1e6


@right("8.7")
def to_the_cent(run, number, prices):
    ok = [call for call in run.calls if call.input_tokens]
    each = sum(c.input_tokens * prices[0] + c.output_tokens * prices[1] for c in ok) / len(ok)
    return round(each * number / 10**6, 2)


def price_of(call, prices):
    return (call.input_tokens * prices[0] + call.output_tokens * prices[1]) / 1e6


def answered(run):
    return [call for call in run.calls if call.outcome == "ok"]


wrong("8.7", "not of all")(
    lambda run, number, prices: (
        sum(price_of(c, prices) for c in answered(run)) / len(run.calls) * number
    )
)
wrong("8.7", "the median")(
    lambda run, number, prices: (
        statistics.median(price_of(c, prices) for c in answered(run)) * number
    )
)
wrong("8.7", "its own tokens")(
    lambda run, number, prices: (
        statistics.fmean(c.input_tokens + c.output_tokens for c in answered(run))
        * statistics.fmean(prices)
        / 1e6
        * number
    )
)
wrong("8.7", "Take the mean")(
    lambda run, number, prices: max(price_of(c, prices) for c in answered(run)) * number
)
wrong("8.7", "a thousand")(
    lambda run, number, prices: (
        statistics.fmean(price_of(c, prices) for c in answered(run)) * number * 1000
    )
)
wrong("8.7", "None is no number")(
    lambda run, number, prices: statistics.fmean(price_of(c, prices) for c in run.calls) * number
)
wrong("8.7", "Reckon with tokens")(
    lambda run, number, prices: run.to_frame()["cost"].mean() * number
)
wrong("8.7", "a str")(lambda run, number, prices: f"${to_the_cent(run, number, prices)}")
