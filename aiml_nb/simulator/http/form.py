"""`Form`: how the answers of one API are written, whole and as a stream."""

from typing import Protocol

from ..model.plan import Plan
from .chunks import DONE, ChunkWriter
from .openai_format import JSON_TYPE, Label, write_completion


class StreamWriter(Protocol):
    """Writes the events of one streamed answer."""

    done: bytes
    """The last bytes of the stream."""

    def write_roles(self) -> bytes:
        """Write what comes before the first token."""

    def write_tokens(self, count: int) -> bytes:
        """Write the next `count` tokens."""

    def write_finish(self) -> bytes:
        """Write the end of the text."""

    def write_usage(self) -> bytes:
        """Write the usage, if it has events of its own."""


class Form(Protocol):
    """Writes the answers to one request."""

    content_type: str
    prefix: str
    """How the ids of answers begin."""

    def write_whole(self, plan: Plan, label: Label) -> bytes:
        """Write a whole answer."""

    def open_writer(self, plan: Plan, label: Label) -> StreamWriter:
        """Open a writer for the stream of an answer."""


class ChatForm:
    """The form of chat completions."""

    content_type = JSON_TYPE
    prefix = "chatcmpl-"

    def __init__(self, *, include_usage: bool = False) -> None:
        self._include_usage = include_usage

    def write_whole(self, plan: Plan, label: Label) -> bytes:
        """Write a whole answer; see `Form`."""
        return write_completion(plan, label)

    def open_writer(self, plan: Plan, label: Label) -> StreamWriter:
        """Open a writer for a stream; see `Form`."""
        return ChunkWriter(plan, label, include_usage=self._include_usage)


class WholeForm:
    """The form of answers that are never streamed."""

    content_type = JSON_TYPE
    prefix = "sim-"

    def write_whole(self, plan: Plan, label: Label) -> bytes:
        """Write a whole answer; see `Form`."""
        raise NotImplementedError

    def open_writer(self, plan: Plan, label: Label) -> StreamWriter:
        """Open a writer that writes the whole answer as one piece, where a fault wants a stream."""
        return _OnePiece(self.write_whole(plan, label))


class _OnePiece:
    done = DONE

    def __init__(self, whole: bytes) -> None:
        self._whole = whole

    def write_roles(self) -> bytes:
        return b""

    def write_tokens(self, count: int) -> bytes:
        return b""

    def write_finish(self) -> bytes:
        return b"data: " + self._whole.replace(b"\n", b" ") + b"\n\n"

    def write_usage(self) -> bytes:
        return b""
