"""What a call raises for a reply that came and is not an answer."""

from __future__ import annotations

from .error_bodies import is_error


class BadResponseError(ValueError):
    """A reply that came, but is not a chat completion. Becomes ``error_type="bad_response"``.

    Parameters
    ----------
    code
        What it is, where that says more: `PAGE`.
    """

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class ErrorReplyError(BadResponseError):
    """An error that came with a good status, or as a piece of a stream.

    Becomes the status that it names, else ``stream`` for a piece and ``bad_response`` for a whole
    reply.

    Parameters
    ----------
    body
        What came, parsed.
    in_stream
        It came as a piece of a stream.
    """

    def __init__(self, body: object, *, in_stream: bool) -> None:
        super().__init__("the reply is an error")
        self.body = body
        self.in_stream = in_stream


def find_error(reply: object, *, in_stream: bool) -> ErrorReplyError | None:
    """Return the exception to raise for an error that came with a good status; None for others."""
    return ErrorReplyError(reply, in_stream=in_stream) if is_error(reply) else None
