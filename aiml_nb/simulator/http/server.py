"""The server: find the service of a request and answer it over HTTP."""

import asyncio
import socket

from aiohttp import web

from ..faults.outages import AWAY
from ..settings import ProfileName
from .corrupt import ConnectionClosed, hang_up, reset
from .guard import (
    BoundedServer,
    HostGuard,
    open_error_log,
    read_attempt,
    read_client_request_id,
)
from .log import Record
from .openai_format import JSON_TYPE, encode_json
from .profiles import name_request, write_refusal
from .refusals import Refusal
from .routes import route
from .service import Registry, Service
from .sockets import open_socket

LOG_PATH = "/_simulator/log"

# Seconds until an idle connection is closed. Longer than clients keep one (httpx 5 s, aiohttp
# 15 s), so that the client closes first: else a request could be sent on a closing connection.
_IDLE_TIME = 20.0

# Seconds for reading the rest of a refused body, so that the client can read the refusal.
_LINGER_TIME = 1.0

# Seconds for the answers that an outage breaks off to be logged; then all connections are reset.
_ABORT_TIME = 0.02

# A thousand calls may connect within a millisecond.
_BACKLOG = 4096


class Server:
    """Answers HTTP requests for the services of a registry."""

    def __init__(self, registry: Registry, guard: HostGuard) -> None:
        self._registry = registry
        self._guard = guard

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; it is logged as soon as its service is known."""
        client_request_id = read_client_request_id(request)
        echo = {} if client_request_id is None else {"X-Client-Request-Id": client_request_id}
        try:
            self._guard.check(request)
            service = self._registry.find(request.headers.get("Authorization"))
        except Refusal as refusal:
            return _write_refusal_response(
                request, refusal, name_request("openai") | echo, "openai"
            )
        headers = name_request(service.settings.profile) | echo
        if not service.keeps_connections:
            headers["Connection"] = "close"
        if request.path == LOG_PATH and request.method == "GET":
            log = encode_json(service.log.to_dict())
            return web.Response(body=log, content_type=JSON_TYPE, headers=headers)
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
            _end_connection(request, service, record)
            response = await route(request, service, record, headers)
            record.status = response.status
        except Refusal as refusal:
            record.status = refusal.status
            response = _write_refusal_response(request, refusal, headers, service.settings.profile)
        except asyncio.CancelledError:
            if service.is_away():  # the outage has closed the connection
                record.fault = AWAY.name
            else:
                record.cancelled_by_client = True
            raise
        except ConnectionClosed:
            return web.Response()  # not sent: the connection is closing
        except ConnectionResetError:
            # The client disconnected; if raised, aiohttp would log it as a server error.
            record.cancelled_by_client = True
            return web.Response()
        finally:
            if record.first_byte is None and not record.cancelled_by_client:
                record.first_byte = service.log.read_clock()
            service.log.close(record)
        return response


def _end_connection(request: web.BaseRequest, service: Service, record: Record) -> None:
    """Close the connection of a request that a fault or an outage leaves unanswered."""
    fault = AWAY if service.is_away() else service.find_closing_fault(request.transport)
    if fault is not None:
        record.fault = fault.name
        hang_up(request.transport, fault)
        raise ConnectionClosed


def _write_refusal_response(
    request: web.BaseRequest, refusal: Refusal, headers: dict[str, str], profile: ProfileName
) -> web.Response:
    path, request_id = request.path[:200], headers["x-request-id"]
    body, content_type = write_refusal(refusal, profile, path=path, request_id=request_id)
    headers = {**headers, **refusal.headers}
    response = web.Response(
        status=refusal.status, body=body, content_type=content_type, headers=headers
    )
    if not request.content.is_eof():  # an unread body would be taken for the next request
        response.force_close()
    return response


class RunningServer:
    """A running server, which can be away for a time."""

    def __init__(
        self, runner: web.ServerRunner, site: web.SockSite, listener: socket.socket
    ) -> None:
        self._runner = runner
        self._site = site
        self._host, self._port = listener.getsockname()[:2]

    @property
    def base_url(self) -> str:
        """The base URL."""
        host, port = self._host, self._port
        name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        return f"http://[{name}]:{port}/v1" if ":" in name else f"http://{name}:{port}/v1"

    async def play_outages(self, service: Service) -> None:
        """Close the socket while the service is away, so that connections are refused."""
        await service.has_requests.wait()
        for begin, end in service.outages.list_moments():
            await asyncio.sleep(begin - service.log.read_clock())
            listener = await self._close()
            await asyncio.sleep(end - service.log.read_clock())
            self._site = await _listen(self._runner, listener)

    async def _close(self) -> socket.socket:
        """Refuse connections, reset open ones, and return a socket for the time after the outage.

        It is bound at once, without listening, so that no other program can take the port.
        """
        await self._site.stop()
        listener = open_socket(self._host, self._port, is_public=True)
        await asyncio.sleep(_ABORT_TIME)
        for connection in list(self._runner.server.connections if self._runner.server else ()):
            reset(connection.transport)
        return listener


async def _listen(runner: web.ServerRunner, listener: socket.socket) -> web.SockSite:
    site = web.SockSite(runner, listener, backlog=_BACKLOG)
    await site.start()
    return site


async def start_server(
    listener: socket.socket,
    registry: Registry,
    *,
    max_connections: int,
    idle_time: float = _IDLE_TIME,
) -> RunningServer:
    """Serve a bound socket in the running loop."""
    host, port = listener.getsockname()[:2]
    server = BoundedServer(
        Server(registry, HostGuard(port, host=host)).answer,
        max_connections=max_connections,
        # A client that disconnects cancels its handler, which frees the slot at once.
        handler_cancellation=True,
        # Counted from the connection's beginning; slow headers do not restart it, so that no
        # client can hold a connection with half a request.
        keepalive_timeout=idle_time,
        lingering_time=_LINGER_TIME,
        # `log` keeps the requests.
        access_log=None,
        logger=open_error_log(),
        # Compressed bodies are refused: a small one could expand and fill the memory.
        auto_decompress=False,
    )
    runner = web.ServerRunner(server, shutdown_timeout=0)
    await runner.setup()
    return RunningServer(runner, await _listen(runner, listener), listener)
