"""The server: finds the service a request is for and answers it over HTTP."""

import asyncio
import ipaddress
import json
import socket
import sys
import uuid
from urllib.parse import unquote

from aiohttp import web

from .chat import read_chat_request
from .door import Door, open_error_log, read_attempt, read_client_request_id, read_json_body
from .errors import SimulatorError
from .log import Record
from .play import play
from .profiles import Refusal, refuse_model, render_refusal
from .service import Registry, Service
from .spoil import HangUp
from .wire import describe_model, list_models

LOG_PATH = "/_simulator/log"

# Longer than any client keeps an idle connection (httpx 5 s, aiohttp 15 s): whoever closes first
# must be the client, or a request meets a connection that is just closing.
_KEEP_ALIVE = 75.0

# A thousand calls may connect within a millisecond.
_BACKLOG = 4096


class Server:
    """Answers HTTP requests for the services of a registry."""

    def __init__(self, registry: Registry, door: Door) -> None:
        self._registry = registry
        self._door = door

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; the log knows it as soon as its service is known."""
        headers = {"x-request-id": f"req_{uuid.uuid4().hex}"}
        client_request_id = read_client_request_id(request)
        if client_request_id is not None:
            headers["X-Client-Request-Id"] = client_request_id
        try:
            self._door.check(request)
            service = self._registry.find(request.headers.get("Authorization"))
        except Refusal as refusal:
            return _turn_away(request, refusal, headers)
        if request.path == LOG_PATH and request.method == "GET":
            return _send_json(json.dumps(service.log.to_dict()).encode(), headers)
        record = Record(
            method=request.method,
            path=request.path[:200],
            received=service.log.read_clock(),
            attempt=read_attempt(request),
            client_request_id=client_request_id,
            request_id=headers["x-request-id"],
        )
        service.log.open(record)
        return await self._answer_recorded(request, service, record, headers)

    async def _answer_recorded(
        self,
        request: web.BaseRequest,
        service: Service,
        record: Record,
        headers: dict[str, str],
    ) -> web.StreamResponse:
        try:
            response = await self._route(request, service, record, headers)
            record.status = response.status
        except Refusal as refusal:
            record.status = refusal.status
            response = _turn_away(request, refusal, headers)
        except asyncio.CancelledError:
            record.cancelled_by_client = True
            raise
        except HangUp:
            return web.Response()  # sent to nobody: the connection is closing
        except ConnectionResetError:
            # The client left; raised again, it would be logged as a fault of this server.
            record.cancelled_by_client = True
            return web.Response()
        finally:
            if record.first_byte is None and not record.cancelled_by_client:
                record.first_byte = service.log.read_clock()
            service.log.close(record)
        return response

    async def _route(
        self,
        request: web.BaseRequest,
        service: Service,
        record: Record,
        headers: dict[str, str],
    ) -> web.StreamResponse:
        # The FAQ's base URL has no /v1, others do: both work.
        path = request.path.removeprefix("/v1")
        if path == "/chat/completions":
            _check_method(request, "POST")
            return await _complete_chat(request, service, record, headers)
        if path == "/models":
            _check_method(request, "GET")
            return _send_json(list_models(service.settings), headers)
        if path.startswith("/models/"):
            _check_method(request, "GET")
            return _send_model(unquote(path.removeprefix("/models/")), service, headers)
        raise Refusal(404, f"There is nothing at {request.method} {request.path[:200]}.")


async def _complete_chat(
    request: web.BaseRequest, service: Service, record: Record, headers: dict[str, str]
) -> web.StreamResponse:
    chat = read_chat_request(await read_json_body(request), service.settings)
    ticket = service.admit(chat, record)
    try:
        return await play(ticket, chat=chat, service=service, request=request, headers=headers)
    finally:
        service.dismiss(ticket)


def _send_model(name: str, service: Service, headers: dict[str, str]) -> web.Response:
    if name not in service.settings.models:
        raise refuse_model(name)
    return _send_json(json.dumps(describe_model(name)).encode(), headers)


def _check_method(request: web.BaseRequest, method: str) -> None:
    if request.method != method:
        raise Refusal(
            405,
            f"{request.path} takes {method} requests; not {request.method}.",
            code="method_not_supported",
            headers={"Allow": method},
        )


def _send_json(body: bytes, headers: dict[str, str]) -> web.Response:
    return web.Response(body=body, content_type="application/json", headers=headers)


def _turn_away(request: web.BaseRequest, refusal: Refusal, headers: dict[str, str]) -> web.Response:
    response = web.Response(
        status=refusal.status,
        body=render_refusal(refusal),
        content_type="application/json",
        headers={**headers, **refusal.headers},
    )
    if not request.content.is_eof():  # the rest of the body is not waited for
        response.force_close()
    return response


def open_socket(host: str, port: int) -> socket.socket:
    """Bind a loopback address; port 0 takes a free one.

    Raises
    ------
    SimulatorError
        If the address is not loopback, or in use.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        is_loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise SimulatorError(
            f"The simulator serves this machine only; it does not bind {host!r}. "
            "Use the host 127.0.0.1."
        )
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        if sys.platform != "win32":  # there it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise SimulatorError(
            f"The simulator cannot use port {port} of {address} ({reason}). "
            "Give another one; --port 0 picks a free one."
        ) from error
    return listener


async def start_server(listener: socket.socket, registry: Registry) -> str:
    """Serve a bound socket in the running loop; give the base URL."""
    host, port = listener.getsockname()[:2]
    server = web.Server(
        Server(registry, Door(port, host=host)).answer,
        handler_cancellation=True,
        keepalive_timeout=_KEEP_ALIVE,
        access_log=None,
        logger=open_error_log(),
        # A compressed body is refused: a small one could fill the memory.
        auto_decompress=False,
    )
    runner = web.ServerRunner(server, shutdown_timeout=0)
    await runner.setup()
    await web.SockSite(runner, listener, backlog=_BACKLOG).start()
    return f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"
