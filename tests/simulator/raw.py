"""A client that reads bytes, not HTTP: what a fault sends, and how the connection ends."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass

from .caller import SHORT, Caller, write_body


@dataclass
class RawReply:
    """All bytes of a reply, and whether it ended with ``fin``, ``rst`` or ``silence``."""

    data: bytes
    ending: str
    seconds: float

    @property
    def status(self) -> int:
        return int(self.data.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.data.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self) -> bytes:
        body = self.data.partition(b"\r\n\r\n")[2]
        return b"".join(self.chunks) if "transfer-encoding" in self.headers else body

    @property
    def chunks(self) -> list[bytes]:
        """The chunks of the body, the empty one at its end included, as far as they are whole."""
        rest, chunks = self.data.partition(b"\r\n\r\n")[2], []
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                break
            chunks.append(rest[:length])
            rest = rest[length + 2 :]
        return chunks

    @property
    def text(self) -> str:
        """The text of a whole answer or of all events."""
        if not self.headers["content-type"].startswith("text/event-stream"):
            return str(json.loads(self.body)["choices"][0]["message"]["content"])
        events = [line[6:] for line in self.body.split(b"\n") if line.startswith(b"data: {")]
        choices = [each for event in events for each in json.loads(event).get("choices") or []]
        texts = [(choice.get("delta") or {}).get("content") for choice in choices]
        return "".join(text for text in texts if isinstance(text, str))


def write_request(service: Caller, body: bytes) -> bytes:
    port = service.root.rpartition(":")[2]
    lines = (
        "POST /v1/chat/completions HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Authorization: Bearer {service.token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join([*lines, "", ""]).encode() + body


async def ask_raw(
    service: Caller, prompt: str = SHORT, *, limit: float = 5.0, **parameters: object
) -> RawReply:
    """Ask and read until the connection ends, or for `limit` seconds."""
    host, _, port = service.root.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    began, data, ending = time.perf_counter(), bytearray(), "fin"
    try:
        writer.write(write_request(service, json.dumps(write_body(prompt, **parameters)).encode()))
        async with asyncio.timeout(limit):
            while piece := await reader.read(2**20):
                data += piece
    except ConnectionResetError:
        ending = "rst"
    except TimeoutError:
        ending = "silence"
    finally:
        writer.close()
    return RawReply(bytes(data), ending, time.perf_counter() - began)
