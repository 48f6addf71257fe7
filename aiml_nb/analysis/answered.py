"""Which calls were answered: their times are those of an answer, and are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..endings import End, ends_of

if TYPE_CHECKING:
    from ..records import Call

_CUT: set[End | None] = {"cut", "full"}


def is_answered(call: Call) -> bool:
    """Tell whether a call was answered: in whole (``ok``), or as far as max_tokens allowed.

    Servers are measured with answers that are all cut at one length: that is as fair as it gets.
    """
    return call.outcome == "ok" or is_cut(call)


def is_cut(call: Call) -> bool:
    """Tell whether max_tokens ended the answer."""
    return call.outcome == "incomplete" and not _CUT.isdisjoint(ends_of(call))
