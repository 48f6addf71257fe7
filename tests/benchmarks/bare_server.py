"""The least an aiohttp server can do: sleep, and send bytes it was given.

``POST /?first=S&end=S`` sends the body's first half after `first` seconds and the rest after
`end`; without them it sends it at once.
"""

from __future__ import annotations

import asyncio
import sys
import threading

from aiohttp import web


async def answer(request: web.BaseRequest) -> web.StreamResponse:
    loop = asyncio.get_running_loop()
    began, body = loop.time(), await request.read()
    if "first" not in request.query:
        return web.Response(body=body)
    response = web.StreamResponse()
    await asyncio.sleep(float(request.query["first"]) - (loop.time() - began))
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    await asyncio.sleep(float(request.query["end"]) - (loop.time() - began))
    await response.write_eof(body[len(body) // 2 :])
    return response


async def main() -> None:
    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    # Like the simulator, it ends with its parent.
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    threading.Thread(
        target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)), daemon=True
    ).start()
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
