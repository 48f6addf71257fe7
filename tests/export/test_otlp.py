"""Spans of OpenTelemetry: every parent is there and holds its children, and no text is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.records import Run

from ..analysis import watched
from ..analysis.builders import call, faq, item, make_run, step, watch_run, with_retries


def spans_of(shown: Any, folder: Path) -> list[dict[str, Any]]:
    data = json.loads(nb.to_otlp(shown, folder / "spans.json").read_text("ascii"))
    (resource,) = data["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    spans: list[dict[str, Any]] = scope["spans"]
    return spans


def facts(span: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def test_items_steps_calls_and_attempts_are_spans_below_each_other(tmp_path: Path) -> None:
    inner = with_retries(0.5, times=(0.5, 0.5, 0.5))
    inner.api, inner.model, inner.output_tokens = "responses", "m-2", 7
    run = make_run(item(0, 3, step("draft", 0, 2, inner)), run_id="r", started_at=1_000.0)
    spans = spans_of(run, tmp_path)
    names = {span["spanId"]: span["name"] for span in spans}

    assert [(span["name"], names.get(span["parentSpanId"]), span["kind"]) for span in spans] == [
        ("gather", None, 1),
        ("function", "gather", 1),
        ("draft", "function", 1),
        ("chat m-2", "draft", 3),
        ("POST", "chat m-2", 3),
        ("POST", "chat m-2", 3),
    ]
    assert facts(spans[3]) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.response.model": "m-2",
        "gen_ai.usage.output_tokens": "7",
        "server.address": "127.0.0.1",
    }
    assert [facts(span) for span in spans[4:]] == [
        {
            "http.request.method": "POST",
            "http.response.status_code": "429",
            "error.type": "429",
        },
        {
            "http.request.method": "POST",
            "http.request.resend_count": "1",
            "http.response.status_code": "200",
        },
    ]
    assert (spans[3]["startTimeUnixNano"], spans[3]["endTimeUnixNano"]) == (
        *("1000500000000", "1002000000000"),
    )


@pytest.mark.parametrize(
    "run",
    [
        watched.mixed(),
        watched.unfinished(),
        watched.agents(3),
        make_run(*watched.hostile_items()),
        watch_run(),
        make_run(call(submitted=None)),
    ],
)
def test_any_run_is_a_tree_of_spans(run: Run, tmp_path: Path) -> None:
    spans = spans_of(run, tmp_path)
    ids = {span["spanId"] for span in spans}

    assert len(ids) == len(spans)
    assert len({span["traceId"] for span in spans}) == 1
    assert spans[0]["parentSpanId"] == ""
    for span in spans:
        assert len(span["traceId"]) == 32
        assert len(span["spanId"]) == 16
        assert span is spans[0] or span["parentSpanId"] in ids
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert span["name"].isprintable()


def test_calls_without_an_answer_are_errors_and_no_words_are_told(tmp_path: Path) -> None:
    run = make_run(
        call(0, 1, text="SECRET", prompt="SECRET"),
        call(0, 1, outcome="error", error_type="404", error="SECRET"),
        call(0, 1, outcome="cancelled"),
    )
    spans = spans_of(run, tmp_path)

    assert [span["status"]["code"] for span in spans if "status" in span] == [1, 2, 2]
    assert [facts(span).get("error.type") for span in spans if "status" in span] == [
        *(None, "404", "cancelled"),
    ]
    assert "SECRET" not in (tmp_path / "spans.json").read_text()


def test_each_run_of_a_comparison_is_a_trace_and_the_same_each_time(tmp_path: Path) -> None:
    spans = spans_of(faq(), tmp_path)

    assert [span["name"] for span in spans if not span["parentSpanId"]] == ["sync", "async"]
    assert len({span["traceId"] for span in spans}) == 2
    assert spans_of(faq(), tmp_path) == spans
