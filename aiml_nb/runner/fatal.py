"""Failures after which no other call of the run can succeed: rejected key, no money, no quota.

A 429 means "too fast" far more often than "no more money", although its help text tends to mention
quotas and billing. So a 429 stops a run only if its code is used for nothing else, or if its words
say that something is used up for longer than a minute; and never if it has a Retry-After.
"""

from __future__ import annotations

import re

from ..endpoint.failures import Failure
from ..endpoint.rejections import is_flagged

# The key is rejected, the account cannot pay, the account has no permission.
STOPPING_STATUSES = frozenset({"401", "402", "403"})

# Error codes of providers, in lower case and without separators.
_CODES = frozenset(
    {
        *("insufficientquota", "quotaexhausted", "dailyquotaexceeded", "monthlyquotaexceeded"),
        *("billinghardlimitreached", "billinglimitreached", "billinglimitexceeded"),
        *("billingnotactive", "accountdeactivated", "accountsuspended", "accountoverdue"),
        *("creditbalancetoolow", "creditsexhausted", "nocredits", "outofcredits"),
        *("insufficientcredit", "insufficientcredits", "insufficientbalance", "insufficientfunds"),
        *("arrearage", "paymentrequired", "spendinglimitreached", "spendlimitexceeded"),
    }
)

_WORDS_BETWEEN = r"(?:[\s\"'`_-]+[\w'-]+){0,4}?[\s\"'`_-]+"  # a few words, within a sentence
_USED_UP = (
    r"(?:exceeded|exhausted|reached|used(?: up)?|hit|spent|out of|ran out|run out|insufficient)"
)
_LONG_TERM = r"(?:hourly|daily|weekly|monthly|hour'?s?|day'?s?|week'?s?|month'?s?|today'?s?)"
_MONEY = r"(?:quota|credits?|credit balance|balance|funds|budget)"
_QUOTA_EXHAUSTED = re.compile(
    rf"\b{_USED_UP}{_WORDS_BETWEEN}{_MONEY}\b"
    rf"|\b{_MONEY}{_WORDS_BETWEEN}{_USED_UP}\b"
    rf"|\b(?:no|not enough|zero|low|negative){_WORDS_BETWEEN.replace('4', '2')}{_MONEY}\b"
    rf"|\b{_MONEY}{_WORDS_BETWEEN}(?:too low|negative|empty|zero)\b"
    r"|\bbilling(?:[\s_-]+\w+){0,2}[\s_-]+(?:limit|reached|not active|inactive)\b"
    r"|\bspend(?:ing)?[\s_-]+(?:limit|cap)\b"
    r"|\bfree[\s_-]+(?:limit|trial|tier(?:[\s_-]+\w+){0,2}[\s_-]+(?:limit|quota|over|ended|expired))\b"
    rf"|\b{_LONG_TERM}{_WORDS_BETWEEN.replace('4', '2')}(?:limit|quota|requests|tokens)\b"
    rf"|\b(?:limit|quota){_WORDS_BETWEEN.replace('4', '2')}{_LONG_TERM}\b"
    r"|\bper[\s_-]+(?:hour|day|week|month)\b",
    re.I,
)
_SHORT_TERM = re.compile(
    r"(?:\bper|\ba|\beach|\bevery|/)[\s_-]*(?:second|sec|minute|min)s?\b|\b[rt]p[ms]\b"
    r"|per_?(?:second|minute)"  # requests_per_minute, RequestsPerMinute
    r"|\b(?:second|minute)ly\b|\bconcurren|\btoo fast\b|\bslow down\b",
    re.I,
)
_ADDRESS = re.compile(r"https?://\S+|\bwww\.\S+")
_MAX_CHARACTERS = 2000


def stops_run(failure: Failure) -> bool:
    """Say whether no call that is still to be sent can succeed after `failure`."""
    if failure.error_type in STOPPING_STATUSES:
        return not is_flagged(failure)
    if failure.error_type != "429" or failure.retry_after is not None:
        return False
    if re.sub(r"[\W_]", "", failure.code or "").lower() in _CODES:
        return True
    # Links such as ".../docs/rate-limits#monthly" are no statement about this account.
    words = _ADDRESS.sub(" ", failure.message[:_MAX_CHARACTERS])
    return bool(_QUOTA_EXHAUSTED.search(words)) and not _SHORT_TERM.search(words)
