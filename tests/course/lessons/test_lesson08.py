"""Lesson 8: each check passes the solution and tells a learner what is wrong with the rest."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

import aiml_nb as nb
from aiml_nb.course import check


def with_answers(table, run):
    return table.assign(answer=[call.text for call in run.calls])


def set_as_a_column(table, run):
    table["answer"] = run.to_frame()["text"].to_numpy()
    return table


def row_by_row(table, run):
    result = table.copy()
    result["answer"] = ""
    for place, call in enumerate(run.calls):
        result.iloc[place, result.columns.get_loc("answer")] = call.text
    return result


def by_question(table, run):
    texts = {call.prompt: call.text for call in run.calls}
    return table.assign(answer=table["question"].map(texts))


def sorted_rows(table, run):
    return with_answers(table, run).sort_index()


def answers_alone(table, run):
    return with_answers(table, run)[["question", "answer"]]


def by_index(table, run):
    return table.assign(answer=run.to_frame()["text"])


def index_given_up(table, run):
    return table.reset_index(drop=True).assign(answer=run.to_frame()["text"])


def by_arrival(table, run):
    done = sorted(run.calls, key=lambda call: call.finished)
    return table.assign(answer=[call.text for call in done])


def whole_calls(table, run):
    return table.assign(answer=run.calls)


def rows_added(table, run):
    return pd.concat([table, run.to_frame()[["text"]].rename(columns={"text": "answer"})])


@pytest.mark.parametrize("answer", [with_answers, set_as_a_column, row_by_row])
def test_answers_in_their_rows_pass(answer: object) -> None:
    assert check("8.2", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (by_index, "pandas has matched the index"),
        (index_given_up, "which rows of the whole table"),
        (by_arrival, "in the order of the prompts"),
        (by_question, "two rows ask 'Toss a coin.'"),
        (sorted_rows, "in another order"),
        (answers_alone, "has lost its column legs"),
        (whole_calls, "Take the text of each"),
        (rows_added, "add a column, no rows"),
        (lambda table, run: run.to_frame(), "no column called answer"),
        (lambda table, run: [call.text for call in run.calls], "a table"),
        (lambda table, run: None, "None (which a function gives"),
    ],
)
def test_other_tables_are_told_what_is_wrong(answer: object, said: str) -> None:
    verdict = check("8.2", answer)

    assert not verdict
    assert said in verdict.text


def message(question):
    return [{"role": "user", "content": question}]


def as_line(name, question):
    return json.dumps({"custom_id": name, "prompt": question, "max_tokens": 50})


def with_messages(name, question):
    return json.dumps({"custom_id": name, "messages": message(question), "max_tokens": 50}) + "\n"


def as_a_batch_line(name, question):
    body = {"messages": message(question), "max_tokens": 50}
    request = {"method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps({"custom_id": name} | request)


def written_by_hand(name, q):
    return f'{{"custom_id": "{name}", "prompt": "{q}", "max_tokens": 50}}'


def quotes_escaped_by_hand(name, q):
    return written_by_hand(name, q.replace('"', '\\"'))


def all_escaped_by_hand(name, q):
    return quotes_escaped_by_hand(name, q.replace("\\", "\\\\"))


@pytest.mark.parametrize("answer", [as_line, with_messages, as_a_batch_line])
def test_a_line_that_can_be_read_passes(answer: object) -> None:
    assert check("8.3", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda name, q: str(json.loads(as_line(name, q))), "json.dumps makes real JSON"),
        (lambda name, q: f'{{"custom_id": "{name}", "prompt": "{q}"}}', "put together by hand"),
        (lambda name, q: json.dumps(json.loads(as_line(name, q)), indent=1), "no indent"),
        (lambda name, q: json.loads(as_line(name, q)), "a dict"),
        (lambda name, q: json.dumps({"prompt": q, "max_tokens": 50}), "no custom_id"),
        (lambda name, q: json.dumps({"custom_id": name, "question": q}), "cannot read it"),
        (lambda name, q: json.dumps({"custom_id": name, "messages": q}), "cannot read it"),
        (
            lambda name, q: json.dumps(
                {"custom_id": name, "body": {"messages": message(q)}, "max_tokens": 50}
            ),
            "Put it into the body",
        ),
        (lambda name, q: json.dumps({"custom_id": name, "prompt": q}), "wanted is max_tokens 50"),
        (lambda name, q: as_line(name, q).replace("50", '"50"'), "a number"),
        (lambda name, q: as_line(name, "What is sync?"), "the question given was"),
        (lambda name, q: as_line("a", q), "the name given was"),
        (quotes_escaped_by_hand, "json.dumps"),
        (all_escaped_by_hand, "json.dumps"),
        (lambda name, q: as_line(name, q.encode("ascii", "ignore").decode()), "forgets some mark"),
        (lambda name, q: as_line(name, q.strip().lower()), "forgets some mark"),
        (lambda name, q: as_line(1, q), "cannot read it"),
        (lambda name, q: json.dumps([name, q]), "a list"),
        (lambda name, q: print(as_line(name, q)), "None (which a function gives"),
    ],
)
def test_other_lines_are_told_what_they_lack(answer: object, said: str) -> None:
    verdict = check("8.3", answer)

    assert not verdict
    assert said in verdict.text


def test_what_the_check_accepts_the_runner_reads_with_another_seed(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(as_line(f"q-{n}", f"Why {n}?") + "\n" for n in range(3)))

    run = nb.run(path, nb.connect(seed=9, speed=100, verbose=False), progress=False)

    assert [call.custom_id for call in run.calls] == ["q-0", "q-1", "q-2"]


CLEAN = {"quick", "turned-away", "never-sent", "y", "w"}


def in_doubt(run):
    return [c.custom_id for c in run.calls if any(a.possibly_billed for a in c.attempts)]


def sorted_set(run):
    return sorted({c.custom_id for c in run.calls for a in c.attempts if a.possibly_billed})


def by_the_table(run):
    table = run.attempts_frame()
    return list(dict.fromkeys(table[table["possibly_billed"]]["custom_id"]))[::-1]


@pytest.mark.parametrize("answer", [in_doubt, sorted_set, by_the_table])
def test_calls_in_doubt_pass(answer: object) -> None:
    assert check("8.5", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda run: [c.custom_id for c in run.calls if len(c.attempts) > 1], "costs nothing"),
        (
            lambda run: [
                c.custom_id for c in run.calls if c.attempts and c.attempts[-1].possibly_billed
            ],
            "not only at the last",
        ),
        (
            lambda run: [c for c in run.calls if any(a.possibly_billed for a in c.attempts)],
            "Wanted are their custom_ids",
        ),
        (
            lambda run: [c.custom_id for c in run.calls if c.outcome == "timeout"],
            "'lost' is missing",
        ),
        (
            lambda run: [c.prompt for c in run.calls if c.custom_id in in_doubt(run)],
            "'lost' is missing",
        ),
        (lambda run: [c.custom_id for c in run.calls if len(c.attempts) < 2], "which went well"),
        (
            lambda run: [c.custom_id for c in run.calls for a in c.attempts if a.possibly_billed],
            "Each call once",
        ),
        (lambda run: len(in_doubt(run)), "a list"),
        (lambda run: ["lost", "cut-twice"], "In doubt: none"),
        (lambda run: [c.custom_id for c in run.calls if c.outcome != "ok"], "was never sent"),
        (
            lambda run: in_doubt(run)[:2] or ["a"],
            "with a (answered); b (turned away, then answered)",
        ),
        (
            lambda run: [
                c.custom_id
                for c in run.calls
                if c.attempts and (c.attempts[0].possibly_billed or c.attempts[-1].possibly_billed)
            ],
            "its second attempt of three",
        ),
        (
            lambda run: [c.custom_id for c in run.calls if c.custom_id not in CLEAN],
            "it gave a, b. In doubt: none",
        ),
        (
            lambda run: [c.custom_id for c in run.calls if c.attempts[0].possibly_billed],
            "there is no first",
        ),
        (["lost"], "the function itself"),
    ],
)
def test_other_doubts_are_told_what_they_overlook(answer: object, said: str) -> None:
    verdict = check("8.5", answer)

    assert not verdict
    assert said in verdict.text


def dollars(run, number, prices):
    ok = [call for call in run.calls if call.outcome == "ok"]
    into = sum(call.input_tokens for call in ok) * prices[0]
    out = sum(call.output_tokens for call in ok) * prices[1]
    return (into + out) / 1e6 / len(ok) * number


def dollars_by_table(run, number, prices):
    means = run.to_frame()[["input_tokens", "output_tokens"]].mean()
    return float(means @ list(prices)) / 1e6 * number


def dollars_call_by_call(run, number, prices):
    costs = [
        call.input_tokens / 1e6 * prices[0] + call.output_tokens / 1e6 * prices[1]
        for call in run.calls
        if call.output_tokens is not None
    ]
    return statistics.fmean(costs) * number


def median_of_tokens(run, number, prices):
    ok = [call for call in run.calls if call.outcome == "ok"]
    into = statistics.median(call.input_tokens for call in ok) * prices[0]
    out = statistics.median(call.output_tokens for call in ok) * prices[1]
    return (into + out) / 1e6 * number


def median_of_costs(run, number, prices):
    ok = [call for call in run.calls if call.outcome == "ok"]
    costs = [c.input_tokens * prices[0] + c.output_tokens * prices[1] for c in ok]
    return statistics.median(costs) / 1e6 * number


@pytest.mark.parametrize("answer", [dollars, dollars_by_table, dollars_call_by_call])
def test_the_cost_of_many_passes(answer: object) -> None:
    assert check("8.7", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda run, n, prices: dollars(run, n, prices) * 1e6, "for a million tokens"),
        (lambda run, n, prices: dollars(run, 1, prices), "the cost of one call"),
        (lambda run, n, prices: dollars(run, 3, prices), "scale it up"),
        (lambda run, n, prices: dollars(run, 3 * n, prices), "take the mean of a call"),
        (lambda run, n, prices: dollars(run, n, prices) * 3 / 5, "not of all"),
        (lambda run, n, prices: dollars(run, n, prices[::-1]), "the other way round"),
        (lambda run, n, prices: dollars(run, n, (prices[0],) * 2), "a price of their own"),
        (lambda run, n, prices: 42.0, "is right"),
        (lambda run, n, prices: dollars(run, n, prices) * 1e6, "it gave $8,916,667:"),
        (lambda run, n, prices: n * prices["input"], "prices is a pair"),
        (lambda run, n, prices: n * prices.input, "prices is a pair"),
        (median_of_tokens, "you took the median"),
        (median_of_costs, "you took the median"),
        (lambda run, n, prices: run.to_frame()["cost"].mean() * n, "a missing value"),
        (
            lambda run, n, prices: sum(call.input_tokens for call in run.calls),
            "the calls whose outcome is 'ok'",
        ),
    ],
)
def test_other_costs_are_told_what_is_wrong_with_them(answer: object, said: str) -> None:
    verdict = check("8.7", answer)

    assert not verdict
    assert said in verdict.text


@pytest.mark.kernel
def test_a_key_typed_into_the_field_is_nowhere_in_the_notebook() -> None:
    path = Path(__file__).parents[3] / "notebooks" / "08-your-own-prompts.ipynb"
    cell = next(
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.source.startswith("my_key_from = None")
    )
    chosen = cell.replace("my_key_from = None", 'my_key_from = "field"')
    typed = "field.value = ''.join(['a-key-', 'as-typed'])"  # as the front end sets it
    asked = "print(os.environ['AIML_API_KEY'] == ''.join(['a-key-', 'as-typed']), field.value)"
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code) for code in ("import os", chosen, typed, asked)]
    )

    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()

    assert notebook.cells[-1].outputs[0].text.strip() == "True"
    assert "a-key-as-typed" not in nbformat.writes(notebook)
