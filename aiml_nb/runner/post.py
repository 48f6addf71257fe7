"""Post a request: with the openai client, or, once it is known what that sends, without.

Requests go through the client's ``post`` and not ``chat.completions.create``, which checks every
parameter again and builds models of the answer. What is known of them is kept by the transport
(`endpoint.transport.known_requests`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..endpoint.transport import Reply

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from .send import Request


async def post(client: AsyncOpenAI, request: Request) -> Any:
    """Post a request and return the whole reply: its `headers` and its `content`."""
    known = _known_requests(client)
    if known is None or request.path:
        return await _post_by_client(client, request)
    what = (request.kind, request.name, request.body)
    if ready := known.make(client, *what):
        return await ready.read()
    with known.learning(*what):
        return await _post_by_client(client, request)


async def _post_by_client(client: AsyncOpenAI, request: Request) -> Any:
    options = request.options(None)
    files = read_form_file(request.path, options) if request.path else None
    return await client.post(
        request.url, body=request.body, options=options, cast_to=Reply, files=files
    )


@asynccontextmanager
async def open_stream(client: AsyncOpenAI, request: Request) -> AsyncIterator[Any]:
    """Post a request and give the reply: its `headers`, and ``read``, which returns its bytes."""
    known = _known_requests(client)
    what = (request.kind, request.name, request.body)
    if known is not None and (ready := known.make(client, *what)):
        async with ready.stream() as stream:
            yield stream
        return
    from openai import AsyncStream

    with known.learning(*what) if known else nullcontext():
        opened = await client.post(
            request.url,
            body=request.body,
            options=request.options(None),
            cast_to=object,
            stream=True,
            stream_cls=AsyncStream[object],
        )
    async with opened, aclosing(opened.response.aiter_bytes()) as pieces:
        yield _Pieces(opened.response.headers, pieces)


class _Pieces(NamedTuple):
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes]

    async def read(self) -> bytes:
        return await anext(self.pieces, b"")


def _known_requests(client: AsyncOpenAI) -> Any:
    """Return what is known of the requests of `client`; None if its connections are not ours."""
    return getattr(getattr(client, "_client", None), "known", None)


def read_form_file(path: str, options: dict[str, Any]) -> Any:
    """Return a file as the client's ``files`` take it; make `options` those of a form.

    Raises
    ------
    UnreadableFileError
        If it cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"the file {path!r} cannot be read: {error.strerror}") from None
    options["headers"] = {**options["headers"], "Content-Type": "multipart/form-data"}
    return [("file", (Path(path).name, data))]


class UnreadableFileError(Exception):
    """A file that was to be sent has gone."""
