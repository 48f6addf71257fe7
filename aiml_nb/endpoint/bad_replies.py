"""The exceptions for a reply that arrived but is not an answer."""

from __future__ import annotations

from .error_bodies import is_error


class BadResponseError(ValueError):
    """A reply that is not a chat completion. Becomes ``error_type="bad_response"``.

    Parameters
    ----------
    code
        The kind of reply, if known: `PAGE`.
    """

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class ErrorReplyError(BadResponseError):
    """An error with a good HTTP status, or in a chunk of a stream.

    Its ``error_type`` is the status that it names, else ``stream`` for a chunk and
    ``bad_response`` for a whole reply.

    Parameters
    ----------
    body
        The parsed error.
    in_stream
        It was in a chunk of a stream.
    """

    def __init__(self, body: object, *, in_stream: bool) -> None:
        super().__init__("the reply is an error")
        self.body = body
        self.in_stream = in_stream


def find_error(reply: object, *, in_stream: bool) -> ErrorReplyError | None:
    """Return the exception for an error with a good status; None if `reply` is not an error."""
    return ErrorReplyError(reply, in_stream=in_stream) if is_error(reply) else None
