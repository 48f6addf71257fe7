"""The kinds of end that a ``finish_reason`` means, whatever the provider's word for it.

Providers have words of their own. Apart from case, spaces and underscores, those of OpenAI, TGI,
vLLM, Anthropic, Gemini, Mistral, Cohere, DeepSeek, Bedrock, GLM and LM Studio are known here; an
unknown word does not count as a good end.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .records import Call

End = Literal["good", "cut", "full", "declined", "broken", "failed", "unknown"]
_ENDS: dict[End, str] = {
    "good": "stop stopsequence toolcalls toolcall tooluse functioncall endturn eos eostoken "
    "eosfound endoftext endofturn stoptoken stopstring stopword stopwords complete completed",
    "cut": "length maxtokens maxlength maxnewtokens maxoutput maxoutputtokens maxcompletiontokens "
    "maximumtokens tokenlimit maxpredictedtokensreached",
    "full": "modellength contextlength contextlengthreached contextlengthexceeded errorlimit "
    "maxcontextlength contextwindowexceeded modelcontextwindowexceeded",
    "declined": "contentfilter contentfiltered safety recitation blocklist prohibitedcontent spii "
    "imagesafety imageprohibitedcontent imagerecitation refusal guardrailintervened sensitive "
    "errortoxic moderation",
    "broken": "abort aborted cancelled canceled usercancel timeout timelimit networkerror "
    "insufficientsystemresource modelunloaded",
    "failed": "error failed servererror internalerror internalservererror",
}
_END_OF_WORD: dict[str, End] = {word: end for end, words in _ENDS.items() for word in words.split()}


def end_of(reason: object) -> End | None:
    """Return the kind of end that a ``finish_reason`` means; None if it is empty."""
    if not isinstance(reason, str) or reason in ("", "null"):  # sent before the end by some
        return None
    if known := _END_OF_WORD.get(reason):
        return known
    word = reason[:100].partition(":")[0]  # "content_filter: PROHIBITED_CONTENT"
    plain = re.sub("[^a-z]", "", word.lower()).removeprefix("finishreason")
    return _END_OF_WORD.get(plain, "unknown")


def ends_of(call: Call) -> set[End | None]:
    """Return the kinds of end of the choices in a call's answer."""
    reasons = [choice.get("finish_reason") for choice in call.choices]
    return {end_of(reason) for reason in reasons or [call.finish_reason]}
