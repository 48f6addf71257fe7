"""Errors and logs that do not quote the server, since its words may contain the key.

The libraries' exceptions quote the reply, and tracebacks and logs show them unredacted. So a broken
reply gets a message of our own, and a log filter redacts the key.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from weakref import WeakSet

from ..keys import ApiKey

# Words in the parsers' messages, and our own message for the problem.
_PROBLEMS = {
    "too long": "its head has more than 100 KiB",
    "got more than": "its head has more than 100 KiB",
    "content-length": "its length is not told as one number",
    "transfer-encoding": "its body comes in an unknown encoding",
    "chunk": "a chunk of its body cannot be read",
    "status": "it begins with no status line",
    "response line": "it begins with no status line",
    "header": "one of its headers cannot be read",
}
NO_REPLY = "without sending"  # httpcore2's message for a connection closed before the reply's end
# The loggers that log requests and replies.
_LOGGERS = (
    *("openai", "openai._base_client", "openai._response", "openai._legacy_response"),
    *("httpx2", "httpcore2.connection", "httpcore2.http11", "httpcore2.proxy"),
    *("aiohttp.client", "aiohttp.internal", "asyncio"),
)


class BrokenReplyError(Exception):
    """A reply is not HTTP.

    Parameters
    ----------
    text
        The parser's message.
    """

    def __init__(self, text: str) -> None:
        # Without the quoted bytes of the reply, which could contain one of the words, too.
        parser_text = re.split(r"bytearray|b['\"\\]", text)[0].lower()
        known = next((ours for theirs, ours in _PROBLEMS.items() if theirs in parser_text), None)
        super().__init__(f"the reply is not HTTP: {known}" if known else "the reply is not a HTTP")


def hide_in_logs(key: ApiKey) -> None:
    """Redact `key` in the logs of the client and of its libraries, for as long as it is in use."""
    if not _FILTER.keys:
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_FILTER)
    _FILTER.keys.add(key)


class _KeyFilter(logging.Filter):
    """Redacts keys in log records; called only for records that are logged at all."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: WeakSet[ApiKey] = WeakSet()

    def filter(self, record: logging.LogRecord) -> bool:
        with suppress(Exception):  # a record with bad arguments; logging reports it by itself
            text = record.getMessage()
            redacted = self._redact(text)
            if redacted != text:
                record.msg, record.args = redacted, ()
            if record.exc_info:
                text = logging.Formatter().formatException(record.exc_info)
                redacted = self._redact(text)
                if redacted != text:
                    record.exc_info, record.exc_text = None, redacted
        return True

    def _redact(self, text: str) -> str:
        for key in list(self.keys):
            text = key.redact(text)
        return text


_FILTER = _KeyFilter()
