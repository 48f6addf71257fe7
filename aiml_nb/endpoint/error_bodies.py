"""Read the body of an error: its message, its code, and the HTTP status that it names.

There is no common shape. OpenAI's is ``{"error": {"message", "type", "code"}}``; others have a text
in ``error``, ``detail`` or ``message``, lists, an HTML page, or a line of text.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

# Bounds of what is read; records keep 300 characters.
_MAX_CHARACTERS = 65_536
_MAX_PARSED = 2**20
_MAX_DEPTH = 8
_MAX_ENTRIES = 20
_MAX_STEPS = 2000

# Members that hold the message, those nearest to the cause first; `error` is often a mere code.
_NESTED_MEMBERS = ("error", "errors", "fault", "base_resp")
_MESSAGE_MEMBERS = (
    *("message", "error_description", "error_message", "errorMessage", "error_msg", "errmsg"),
    *("Message", "msg", "detail", "faultstring", "status_msg", "description", "details"),
    *("error", "errors", "Error"),
)
_PAGE = re.compile(
    r"\s*<(?:!doctype|\?xml|html|head|title|body|h1|p|div|pre|center|error)\b"
    r"|\s*<([a-z][\w:.-]*)(?:\s[^<>]*)?>.*</\1\s*>\s*\Z",  # or any other XML
    re.I | re.S,
)
_CODE_MEMBERS = (
    *("code", "status", "type", "error_type", "error_code", "errorcode", "errorCode", "__type"),
)
# The HTTP statuses of codes without a number, for temporary errors.
_STATUS_OF_CODE = {
    **dict.fromkeys(
        (
            *("ratelimit", "ratelimited", "ratelimiterror", "ratelimitexceeded"),
            *("ratelimitreached", "toomanyrequests", "resourceexhausted", "throttled"),
            *("throttling", "throttlingexception", "insufficientquota"),
        ),
        429,
    ),
    **dict.fromkeys(("overloaded", "overloadederror", "engineoverloaded"), 529),
    **dict.fromkeys(("unavailable", "serviceunavailable", "serviceunavailableerror"), 503),
}
_STATUS_MEMBERS = (
    *("code", "status", "statusCode", "status_code", "http_status", "httpStatus", "error"),
)
_JSON = json.JSONDecoder()


class ErrorBody(NamedTuple):
    """The contents of an error's body.

    Parameters
    ----------
    message
        The server's message on one line, not redacted; empty if there is none.
    code
        Its code or type, if that is more than the HTTP status: ``insufficient_quota``.
    status
        The HTTP status (400 or above) that it names, by number or ``rate_limit_exceeded``.
    parsed
        The body as JSON, or None.
    """

    message: str
    code: str | None = None
    status: int | None = None
    parsed: object = None


def read_error_text(text: str) -> ErrorBody:
    """Read the body of a reply that is an error: JSON of any shape, a page, or text."""
    text = text.lstrip("\ufeff").strip()
    event = re.match(r"(?:(?:event|id|retry):[^\n]*\n)*data:\s*", text)  # of a streamed request
    text = text[event.end() :] if event else text
    body = _parse(text) if text[:1] in {"{", "["} else None
    return ErrorBody(page_text(text)) if body is None else read_error(body)


def read_error(body: object) -> ErrorBody:
    """Read the parsed body of an error."""
    message = _MessageFinder().find(body) or _as_text(body)
    levels = _levels(body)
    codes = (_code(value) for level in levels for value in _values_of(level, _CODE_MEMBERS))
    names = (_code(level.get("error")) for level in levels)  # as in OAuth
    code = next(filter(None, codes), None)
    status = _named_status(levels) or _STATUS_OF_CODE.get(re.sub(r"[\W_]", "", code or "").lower())
    return ErrorBody(_one_line(message), code or next(filter(None, names), None), status, body)


def is_error(body: object) -> bool:
    """Tell whether a body that came with a good status is an error all the same."""
    if isinstance(body, list):
        return len(body) > 0 and all(isinstance(each, dict) and each.get("error") for each in body)
    if not isinstance(body, dict):
        return False
    outcome = body.get("base_resp")  # MiniMax: every reply has one, with 0 for success
    is_refused = isinstance(outcome, dict) and outcome.get("status_code")
    if is_refused or any(body.get(name) for name in ("error", "errors", "fault")):
        return True
    if "error" in (body.get("object"), body.get("type")):
        return True
    return "choices" not in body and bool(
        _named_status(_levels(body)) or _MessageFinder().find(body)
    )


def is_page(text: str) -> bool:
    """Say whether a text is an HTML page or other XML."""
    return bool(_PAGE.match(text[:_MAX_CHARACTERS]))


def page_text(text: str) -> str:
    """Return the text of a page without its tags, the title first; other text as one line."""
    text = text[:_MAX_CHARACTERS]
    if not is_page(text):
        return _one_line(text)
    found = re.search(r"<title[^<>]*>(.*?)(?:</title|\Z)", text, re.I | re.S)
    title = _without_tags(found[1]) if found else ""
    hidden = r"<!--.*?(?:-->|\Z)|<(script|style|head|svg)\b.*?(?:</\1\s*>|\Z)"
    shown = _without_tags(re.sub(hidden, " ", text, flags=re.I | re.S))
    return shown if shown.startswith(title) else f"{title}: {shown}" if shown else title


def _without_tags(text: str) -> str:
    return _one_line(html.unescape(re.sub(r"<[^<>]*>", " ", text)))


def _one_line(text: str) -> str:
    return " ".join(text[:_MAX_CHARACTERS].split())


def _as_text(body: object) -> str:
    """Return the whole body as text, if none of its members is a known one."""
    if body in (None, "", [], {}):
        return ""
    try:
        return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


class _MessageFinder:
    """Finds the message of an error in a bounded number of steps, whatever the body's size."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = _MAX_STEPS

    def find(self, value: object, depth: int = 0) -> str:
        """Return the message in `value`; empty if there is none."""
        self._left -= 1
        if depth > _MAX_DEPTH or self._left < 0:
            return ""
        if isinstance(value, str):
            text = value.strip()
            is_json = text[:1] in {"{", "["}  # a gateway may pass on an error as a string
            body = _parse(text) if is_json else None
            inner = "" if body is None else self.find(body, depth + 1)
            return inner or page_text(text)
        if isinstance(value, list):
            found = (self.find(each, depth + 1) for each in value[:_MAX_ENTRIES])
            return "; ".join(dict.fromkeys(filter(None, found)))
        return self._find_in_object(value, depth + 1) if isinstance(value, dict) else ""

    def _find_in_object(self, value: dict[str, Any], depth: int) -> str:
        """Find the message of an object: that of a nested object, else its own."""
        inner = [name for name in _NESTED_MEMBERS if isinstance(value.get(name), dict | list)]
        names = [*inner, *(name for name in _MESSAGE_MEMBERS if name not in inner)]
        message = next(filter(None, (self.find(value.get(name), depth) for name in names)), "")
        message = message or self._find_by_field(value.get("errors"), depth)
        location = value.get("loc")  # pydantic's path of the bad field
        if message and isinstance(location, list) and location:
            return f"{'.'.join(map(str, location[:_MAX_DEPTH]))}: {message}"
        metadata = value.get("metadata")
        upstream = self.find(metadata.get("raw"), depth) if isinstance(metadata, dict) else ""
        # OpenRouter has the upstream server's error in `metadata`.
        if message and upstream and upstream not in message:
            message = f"{message}: {upstream}"
        title = self.find(value.get("title"), depth)  # RFC 9457
        if message and title and title not in message:
            return f"{title}: {message}"
        return message or title

    def _find_by_field(self, errors: object, depth: int) -> str:
        """Join the messages of an object with one entry per bad field."""
        fields = list(errors.items())[:_MAX_ENTRIES] if isinstance(errors, dict) else []
        found = [(name, self.find(each, depth)) for name, each in fields]
        return "; ".join(f"{name}: {message}" for name, message in found if message)


def _parse(text: str) -> Any:
    """Return the JSON value of a text, or of the first of its JSON lines; None if it is none."""
    if len(text) > _MAX_PARSED:
        return None
    try:
        body, end = _JSON.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return body if re.match(r"\s*\Z|[ \t]*\r?\n", text[end:]) else None


def _levels(body: object) -> list[dict[str, Any]]:
    """Return the nested objects of an error, the innermost first."""
    levels: list[dict[str, Any]] = []
    while len(levels) <= _MAX_DEPTH:
        if isinstance(body, list):
            # Some servers wrap the error object in a list.
            body = body[0] if body else None
        if not isinstance(body, dict):
            break
        levels.append(body)
        nested = (body.get(name) for name in (*_NESTED_MEMBERS, "detail"))
        body = next((each for each in nested if isinstance(each, dict | list) and each), None)
    levels.reverse()
    return levels


def _values_of(level: dict[str, Any], names: tuple[str, ...]) -> Iterator[object]:
    return (level[name] for name in names if name in level)


def _named_status(levels: list[dict[str, Any]]) -> int | None:
    statuses = (_status(value) for level in levels for value in _values_of(level, _STATUS_MEMBERS))
    return next(filter(None, statuses), None)


def _status(value: object) -> int | None:
    """Return an HTTP status, written as a number or as in ``429 Too Many Requests``."""
    if isinstance(value, str):
        found = re.match(r"(?:HTTP\s*)?([45]\d\d)(?!\w)", value, re.I)
        return int(found[1]) if found else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 400 <= value < 600 else None  # type: ignore[call-overload, operator]


def _code(value: object) -> str | None:
    """Return a code as text; None for an HTTP status, a sentence, a URL or an empty word."""
    if isinstance(value, bool) or not isinstance(value, int | str) or _status(value):
        return None
    text = str(value)
    is_meaningless = text.lower() in {"", "error", "fail", "failed", "none", "0"}
    return None if is_meaningless or len(text) > 100 or re.search(r"[\s/]|^about:", text) else text
