"""One reply, read beside the code that it was meant for: its text, its tokens, how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

from ..apis import CHAT, Api
from ..completion import choices_of, fields_of, is_in_parts, message_of
from ..endpoint.bad_replies import BadResponseError, find_error
from ..endpoint.error_bodies import page_text
from ..endpoint.keys import ApiKey
from ..replies.assemblies import assembly_of
from ..replies.incoming import Incoming
from ..replies.outcome import Verdict, judge_reply
from ..replies.parse import is_stream, parse_json

Body = dict[str, Any]

_MAX_BYTES = 32 * 2**20  # of a reply that is not a stream; what is larger is not read
_MAX_PUT_OFF = 16 * 2**10  # bytes of a stream
_SNIFF_BYTES, _HEAD_BYTES = 16, 64  # bytes to know a stream by
_END_OF_EVENT = b"}\n\n"
_TEXT = b'"content":"', b'"content": "'


class Reply:
    """A reply that has come as a whole; it is read once somebody asks what it is.

    Parameters
    ----------
    api
        The kind of call.
    data
        Its bytes.
    n
        How many choices were asked for.

    Attributes
    ----------
    size
        How many bytes are kept to be read later.
    """

    __slots__ = ("_api", "_body", "_n", "_raw", "_verdict", "_whole", "size")

    def __init__(self, api: Api, data: bytes = b"", *, n: object = 1) -> None:
        self._api, self._n, self.size = api, n, len(data)
        self._whole: bytes | bytearray | None = data
        self._body: Body | None = None  # in the shape of a completion, once all has been read
        self._raw: bytes | None = None  # what it was read from, with each of its texts in one piece
        self._verdict: Verdict | None = None

    def end(self) -> Verdict:
        """Take the end of the reply and say what it turned out to be.

        Raises
        ------
        BadResponseError
            If a stream cannot be read.
        """
        if self._verdict is None:
            self._body = self._read_all()
            self._verdict = judge_reply(self._api, self._body)
        return self._verdict

    def tell(self, keys: Iterable[ApiKey]) -> dict[str, Any]:
        """Return the fields of a `records.Call` that the reply tells, without any of the keys."""
        return self._tell(self._body, keys)

    def _read_all(self) -> Body | None:
        if self._whole is None:
            return None
        data = bytes(self._whole)
        if is_stream(data[:_HEAD_BYTES]):  # it was read to its end before who asked for it got it
            return self._read_events(data)
        body = self._read(data)
        if self._api is CHAT and not any(map(is_in_parts, map(message_of, choices_of(body)))):
            self._raw = data
        return body

    def _read(self, data: bytes) -> Body | None:
        try:
            parsed = parse_json(data)
        except ValueError:
            if self._api is not CHAT:  # sound, pictures, plain text
                return None
            said = page_text(data.decode(errors="replace")) or "nothing"
            raise BadResponseError(f"the reply is not JSON but: {said}") from None
        has_choices = self._api is not CHAT or choices_of(parsed)
        if not has_choices and (error := find_error(parsed, in_stream=False)):
            raise error
        return self._complete(parsed)

    def _read_events(self, data: bytes) -> Body | None:
        stream = Incoming(lambda: None, self._n, assembly_of(self._api))
        stream.feed(data)
        stream.end()
        return self._build(stream)

    def _build(self, stream: Incoming) -> Body | None:
        return self._complete(stream.build())

    def _complete(self, body: Any) -> Body | None:
        completion = None if body is None else self._api.complete(body)
        return None if completion is None else dict(completion)

    def _tell(self, body: Body | None, keys: Iterable[ApiKey]) -> dict[str, Any]:
        if body is None:
            return {}
        for key in keys:
            # `raw` is a quick filter: a walk through every answer would take longer.
            if self._raw is None or key.may_be_in(self._raw):
                body = key.redact_all(body)
        told = fields_of(body)
        if told["model"] is None:  # it is the one that was asked for
            del told["model"]
        if "choices" in body:
            told["body"] = body
        return told


class ReplyReader(Reply):
    """What has come of a reply that comes in pieces, a stream or not.

    Until the first text has come, each piece is read at once: its time counts. The rest is put off.

    Parameters
    ----------
    api
        The kind of call.
    clock
        Tells the time, in seconds.

    Attributes
    ----------
    first_token
        When the first text came, by the clock; None for a reply that is no stream.
    is_done
        A stream has said that no more will come.
    """

    __slots__ = ("_clock", "_incoming", "_pieces", "first_token", "is_done")

    def __init__(self, api: Api, clock: Callable[[], float], *, n: object = 1) -> None:
        super().__init__(api, n=n)
        self._clock = clock
        self._pieces: list[bytes] = []  # have not been read
        self._whole = bytearray()
        self._incoming: Incoming | None = None
        self.is_done = False
        self.first_token: float | None = None

    def put_off(self, piece: bytes) -> bool:
        """Take a piece; return False if it must be read at once, with `read_on`.

        It must not if it is a part of a text that is not the first, nor an error, nor the end.
        """
        self._pieces.append(piece)
        self.size += len(piece)
        if self.first_token is None or self.size > _MAX_PUT_OFF:
            return False
        return piece.endswith(_END_OF_EVENT) and b'"error"' not in piece

    def read_on(self) -> bool:
        """Read what was put off; return True once a stream has said that no more will come.

        Raises
        ------
        ErrorReplyError
            If a stream of the chat API says that something went wrong.
        """
        data = b"".join(merge(self._pieces) if len(self._pieces) > 1 else self._pieces)
        self._pieces.clear()
        self.size = 0
        if self._incoming is None:
            data = self._find_stream(data)
        if self._incoming is not None:
            self.is_done = self._incoming.feed(data) or self.is_done
            self.first_token = self._incoming.first_token
        return self.is_done

    def tell(self, keys: Iterable[ApiKey]) -> dict[str, Any]:
        """Return the fields that it tells, of one that nobody has read to its end what has come."""
        if self._verdict is None:
            if self._pieces:
                with suppress(BadResponseError):
                    self.read_on()
            if self._incoming is not None:
                self._body = self._build(self._incoming)
        return super().tell(keys)

    def tell_so_far(self, keys: Iterable[ApiKey]) -> dict[str, Any]:
        """Return the fields that a stream tells as far as it has come; more may come."""
        with suppress(RuntimeError, BadResponseError):  # something comes now, in another thread
            stream = deepcopy(self._incoming)
            if stream is not None:
                stream.feed(b"".join(self._pieces))
                return self._tell(self._build(stream), keys)
        return {}

    def _read_all(self) -> Body | None:
        if self._pieces:
            self.read_on()
        if self._incoming is None:
            return super()._read_all()
        whole = self._incoming.end()
        return self._build(self._incoming) if whole is None else self._read(whole)

    def _find_stream(self, data: bytes) -> bytes:
        """Take the first bytes of a body; return them once they are known to begin a stream."""
        if self._api is CHAT:
            self._incoming = Incoming(self._clock, self._n)
            return data
        if self._whole is None:
            return b""
        self._whole += data
        if len(self._whole) > _MAX_BYTES:
            self._whole = None
        elif len(self._whole) >= _SNIFF_BYTES and is_stream(bytes(self._whole[:_HEAD_BYTES])):
            self._incoming = Incoming(self._clock, self._n, assembly_of(self._api))
            return bytes(self._whole)
        return b""


def merge(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a stream of the chat API; events that differ in their text alone are one.

    To read one takes twenty times as long as to see that it has the same bytes around its text.
    """
    before, texts, after = b"", list[bytes](), b""
    for piece in pieces:
        head, mark, rest = piece.partition(_TEXT[0])
        if not mark:
            head, mark, rest = piece.partition(_TEXT[1])
        text, quote, tail = rest.partition(b'"')
        if texts and tail == after and head + mark == before and b"\\" not in text:
            texts.append(text)
            continue
        if texts:
            yield before + b"".join(texts) + b'"' + after
            texts = []
        if quote and head.startswith(b"data:") and b"\\" not in text:
            before, texts, after = head + mark, [text], tail
        else:
            yield piece
    if texts:
        yield before + b"".join(texts) + b'"' + after
