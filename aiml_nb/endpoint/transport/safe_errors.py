"""What goes wrong with a reply, in words of our own: those of the libraries quote the server.

What a server says may be the key that it was sent. An exception with its words in it, or in its
causes, is shown by tracebacks and logs that nobody can look through in time.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from weakref import WeakSet

from ..keys import ApiKey

# What parsers say is wrong with a reply -> what we say.
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
NO_REPLY = "without sending"  # how httpcore2 words a connection closed before a reply was whole
# Those that write down what was sent and what came.
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
        What a parser says of it, in its own words.
    """

    def __init__(self, text: str) -> None:
        parser_text = re.split(r"bytearray|b['\"\\]", text)[0].lower()
        known = next((ours for theirs, ours in _PROBLEMS.items() if theirs in parser_text), None)
        super().__init__(f"the reply is not HTTP: {known}" if known else "the reply is not a HTTP")


def hide_in_logs(key: ApiKey) -> None:
    """Have `key` left out of what the client and the libraries below it log, while it is in use."""
    if not _FILTER.keys:
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_FILTER)
    _FILTER.keys.add(key)


class _KeyFilter(logging.Filter):
    """Takes keys out of records; asked only for those that are written at all."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: WeakSet[ApiKey] = WeakSet()

    def filter(self, record: logging.LogRecord) -> bool:
        with suppress(Exception):  # as a record is that cannot be written
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
