"""What no other call of a run can survive, told apart from what passes in a minute."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiml_nb.endpoint.failures import Failure
from aiml_nb.endpoint.preflight import KnownModels
from aiml_nb.endpoint.rejections import find_fault
from aiml_nb.runner.fatal import stops_run

from .conftest import connect_faulty, run_skipping

USED_UP = [
    "You exceeded your current quota, please check your plan and billing details.",
    "You've reached your free limit for the hour.",
    "You've run out of credits.",
    "Your credit balance is too low to access the API.",
    "Insufficient Balance",
    "insufficient_quota",
    "Billing hard limit has been reached",
    "Daily limit reached",
    "You have exceeded your daily request limit",
    "Limit of 200 requests per day reached",
    "Rate limit exceeded: free-models-per-day",
    "monthly usage limit reached",
    "Quota exceeded for the month",
    "The quota for today is used",
    "Free tier quota exceeded",
    "no credits left",
    "Not enough credits",
    "spending limit reached",
]
PASSING = [
    "Too Many Requests",
    "slow down",
    "Rate limit reached for requests per minute. To raise your quota ask for a higher tier.",
    "Rate limit exceeded. Request a quota increase at our site.",
    "Too many requests. See https://docs.example.com/billing/quota_exceeded",
    "Quota exceeded for quota metric 'requests per minute'",
    "You have exceeded your requests per minute quota (60 RPM).",
    "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000",
    "exceeded 60/min of your quota",
    "Limit 500 requests a minute. Contact billing for more.",
    "Too many concurrent requests for your quota",
    "Quota exceeded for metric: generate_requests_per_minute",
    "Quota exceeded for GenerateRequestsPerMinutePerProject",
    "Please visit the billing page to add more quota.",
    "Add a payment method to your account to increase your rate limit.",
]
CODES = ["insufficient_quota", "billing_hard_limit_reached", "InsufficientBalance", "no-credits"]


def fail(words: str, *, status: str = "429", **fields: Any) -> Failure:
    return Failure(status, int(status), False, words, **fields)


@pytest.mark.parametrize("words", USED_UP)
def test_what_is_used_up_for_long_stops_a_run(words: str) -> None:
    assert stops_run(fail(words))
    assert not stops_run(fail(words, retry_after=35.0))
    assert not stops_run(fail(words, status="503"))


@pytest.mark.parametrize("words", PASSING)
def test_what_passes_does_not_whatever_its_help_text_mentions(words: str) -> None:
    assert not stops_run(fail(words))


@pytest.mark.parametrize("code", CODES)
def test_a_code_that_is_given_for_nothing_else_stops_a_run(code: str) -> None:
    assert stops_run(fail("No.", code=code))
    assert not stops_run(fail("No.", code=code, retry_after=2.0))
    assert not stops_run(fail("No.", code="rate_limit_exceeded"))


@pytest.mark.parametrize("status", ["401", "402", "403"])
def test_no_key_no_money_and_no_leave_stop_a_run(status: str) -> None:
    assert stops_run(fail("No.", status=status, retry_after=1.0))


def test_a_prompt_that_is_flagged_stops_no_other() -> None:
    flagged = fail("This model requires moderation. Your input was flagged.", status="403")

    assert not stops_run(flagged)
    assert find_fault(flagged, model="m", known=KnownModels()) is None
    assert stops_run(fail("No access to this model.", status="403"))


@pytest.mark.parametrize("words", ["quota ", "exceeded ", "no ", "a-", " ", "free_"])
def test_no_words_keep_it_busy_for_ever(words: str) -> None:
    assert not stops_run(fail(words * 90_000))


@pytest.mark.parametrize("strategy", ["sequential", "gather"])
@pytest.mark.parametrize(
    ("error", "headers", "sent"),
    [
        ({"message": USED_UP[0]}, {}, 1),
        ({"message": "No.", "code": "insufficient_quota"}, {}, 1),
        ({"message": USED_UP[0], "code": "insufficient_quota"}, {"retry-after": "35"}, 5),
        ({"message": f"{USED_UP[0]} Please try again in 35 s."}, {}, 5),
        ({"message": PASSING[2]}, {}, 5),
    ],
)
def test_a_run_stops_for_it_or_goes_on(
    error: dict[str, str], headers: dict[str, str], sent: int, strategy: str
) -> None:
    fault = {"status": 429, "body": json.dumps({"error": error}), "headers": headers}
    endpoint = connect_faulty(faults={1: fault})

    run = run_skipping(["Who?"] * 4, endpoint, strategy=strategy, max_concurrency=1)

    assert sum(len(call.attempts) for call in run.calls) == sent
    assert (run.stopped is None) == (sent == 5)
    if run.stopped is None:
        assert {call.outcome for call in run.calls} == {"ok"}
        assert run.calls[0].backoff_time >= (35 if "35" in str((error, headers)) else 1)
