"""The server: finds the service a request is for and answers it over HTTP."""

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

# Seconds that a connection may be without a request. It is longer than any client keeps an idle one
# (httpx 5 s, aiohttp 15 s): whoever closes first must be the client, or a request meets a
# connection that is just closing.
_IDLE_TIME = 20.0

# Seconds that the rest of a refused body is still read, so that its sender can read the refusal.
_LINGER_TIME = 1.0

# Seconds in which the answers that an outage breaks off note that; idle connections go then.
_ABORT_TIME = 0.02

# A thousand calls may connect within a millisecond.
_BACKLOG = 4096


class Server:
    """Answers HTTP requests for the services of a registry."""

    def __init__(self, registry: Registry, guard: HostGuard) -> None:
        self._registry = registry
        self._guard = guard

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; the log knows it as soon as its service is known."""
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
            if service.is_away():  # its socket was closed under it
                record.fault = AWAY.name
            else:
                record.cancelled_by_client = True
            raise
        except ConnectionClosed:
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


def _end_connection(request: web.BaseRequest, service: Service, record: Record) -> None:
    """End the connection of a request that is not answered, or do nothing."""
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
    if not request.content.is_eof():  # the rest of the body is not waited for
        response.force_close()
    return response


class RunningServer:
    """A server that serves, and can be away for a time."""

    def __init__(
        self, runner: web.ServerRunner, site: web.SockSite, listener: socket.socket
    ) -> None:
        self._runner = runner
        self._site = site
        self._host, self._port = listener.getsockname()[:2]

    @property
    def base_url(self) -> str:
        """Where it serves."""
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
        """Refuse connections, reset those that are open, and give a socket to come back with.

        It is bound at once, though nobody listens: who must not be let in must not get the port.
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
        handler_cancellation=True,
        # It begins when a connection does, and trickled headers do not begin it again: nobody
        # holds a connection by half a request.
        keepalive_timeout=idle_time,
        lingering_time=_LINGER_TIME,
        access_log=None,
        logger=open_error_log(),
        # A compressed body is refused: a small one could fill the memory.
        auto_decompress=False,
    )
    runner = web.ServerRunner(server, shutdown_timeout=0)
    await runner.setup()
    return RunningServer(runner, await _listen(runner, listener), listener)
