"""What an attacker may send, byte by byte, and the statuses that may answer it.

``python -m tests.simulator.attacks URL`` prints the table, answers included. A status of 0 is a
connection closed without a word.
"""

from __future__ import annotations

import asyncio
import json
import sys

BODY = json.dumps(
    {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is 2+2?"}]}
).encode()
CHAT = "POST /v1/chat/completions HTTP/1.1\r\n"
MODELS = "GET /v1/models HTTP/1.1\r\n"
HOST = "Host: 127.0.0.1:{port}\r\n"
JSON = "Content-Type: application/json\r\n"
KEY = "Authorization: Bearer {token}\r\n"
SIZE = f"Content-Length: {len(BODY)}\r\n"

ASK = CHAT + HOST + KEY + JSON
HONEST = ASK + SIZE
LIST = MODELS + HOST + KEY

Attack = tuple[str | bytes, tuple[int, ...]]

ATTACKS: dict[str, Attack] = {
    "no attack: an honest call": (HONEST, (200,)),
    "a rebound name": (MODELS + "Host: evil.example\r\n" + KEY, (403,)),
    "a rebound name, right port": (MODELS + "Host: evil.example:{port}\r\n" + KEY, (403,)),
    "an address that is not ours": (MODELS + "Host: 192.168.1.1:{port}\r\n" + KEY, (403,)),
    "no Host": (MODELS + KEY, (400, 403)),
    "two Hosts": (MODELS + HOST + "Host: evil.example\r\n" + KEY, (400, 403)),
    "an absolute address elsewhere": (
        "GET http://evil.example/v1/models HTTP/1.1\r\nHost: evil.example\r\n" + KEY,
        (403,),
    ),
    "a page elsewhere": (
        HONEST + "Origin: https://evil.example\r\n",
        (403,),
    ),
    "a page without an origin": (HONEST + "Origin: null\r\n", (403,)),
    "a page, cross-site": (LIST + "Sec-Fetch-Site: cross-site\r\n", (403,)),
    "a preflight": (
        "OPTIONS /v1/chat/completions HTTP/1.1\r\n" + HOST + "Origin: https://evil.example\r\n"
        "Access-Control-Request-Method: POST\r\n",
        (403,),
    ),
    "a form": (CHAT + HOST + KEY + SIZE + "Content-Type: text/plain\r\n", (415,)),
    "no key": (CHAT + HOST + JSON + SIZE, (401,)),
    "a wrong key": (CHAT + HOST + JSON + SIZE + "Authorization: Bearer sim-guess\r\n", (401,)),
    "the log without a key": ("GET /_simulator/log HTTP/1.1\r\n" + HOST, (401,)),
    "a body of 2 GB announced": (
        ASK + "Content-Length: 2000000000\r\n",
        (413,),
    ),
    "a negative length": (ASK + "Content-Length: -1\r\n", (400,)),
    "two lengths": (HONEST + "Content-Length: 1\r\n", (400,)),
    "a length and chunks": (
        HONEST + "Transfer-Encoding: chunked\r\n",
        (400,),
    ),
    "a compressed body": (HONEST + "Content-Encoding: gzip\r\n", (415,)),
    "an unknown file": ("GET /../../etc/passwd HTTP/1.1\r\n" + HOST + KEY, (404,)),
    "an encoded way out": (
        "GET /v1/models/..%2f..%2fetc%2fpasswd HTTP/1.1\r\n" + HOST + KEY,
        (404,),
    ),
    "a wrong method": ("TRACE /v1/models HTTP/1.1\r\n" + HOST + KEY, (400, 405)),
    "a tunnel": ("CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + KEY, (400, 403, 404, 405)),
    "an upgrade": (
        LIST + "Connection: Upgrade\r\nUpgrade: websocket\r\n",
        (200, 400),
    ),
    "a header of 1 MB": (LIST + "X-Long: " + "a" * 2**20 + "\r\n", (400, 431)),
    "50,000 headers": (LIST + "X-Many: a\r\n" * 50_000, (0, 200, 400, 431)),
    "an address of 1 MB": ("GET /" + "a" * 2**20 + " HTTP/1.1\r\n" + HOST + KEY, (400, 414)),
    "a NUL in a header": (LIST + "X-Nul: a\x00b\r\n", (400,)),
    "a header in two lines": (LIST + "X-Folded: a\r\n b\r\n", (200, 400)),
    "HTTP/1.0 without a Host": ("GET /v1/models HTTP/1.0\r\n" + KEY, (400, 403)),
    "HTTP/9.9": ("GET /v1/models HTTP/9.9\r\n" + HOST + KEY, (400, 505)),
    "HTTP/2": (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        (400, 403, 505),
    ),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n", (400,)),
    "all bytes": (bytes(range(256)) * 16 + b"\r\n\r\n", (400,)),
}


async def attack(name: str, *, port: int, token: str) -> tuple[int, bytes]:
    """Send one attack; give the status and the first bytes of the answer."""
    message, _ = ATTACKS[name]
    if isinstance(message, str):
        head = message.replace("{port}", str(port)).replace("{token}", token)
        body = BODY if SIZE in message else b""
        message = f"{head}\r\n".encode("latin-1") + body
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        writer.write(message)
        async with asyncio.timeout(5):
            answer = await reader.read(65536)
    except ConnectionError:
        pass
    finally:
        writer.close()
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.") else 0, answer


async def main() -> None:
    """Print the table of attacks and answers for a simulator at the URL given."""
    port = int(sys.argv[1].removesuffix("/v1").rpartition(":")[2])
    for name in ATTACKS:
        status, answer = await attack(name, port=port, token=sys.argv[2] if sys.argv[2:] else "any")
        body = answer.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")
        print(f"{name:32} {status}  {body[:90]}")


if __name__ == "__main__":
    asyncio.run(main())
