"""Blocking clients, one per thread: each has one connection, which an interrupt can close."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING

from ..endpoint import Endpoint
from ..endpoint.transport import GuardedClient, open_http

if TYPE_CHECKING:
    from openai import OpenAI


class ThreadClients:
    """The blocking clients of a run, each opened when its thread first needs it.

    Parameters
    ----------
    endpoint
        The server.
    timeout
        Seconds that a whole call may take.
    """

    def __init__(self, endpoint: Endpoint, *, timeout: float) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        self._local = threading.local()
        self._all: list[GuardedClient] = []
        self._is_aborted = False

    def __enter__(self) -> ThreadClients:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for http in self._all:
            http.close()

    def get(self) -> OpenAI:
        """Return this thread's client."""
        client: OpenAI | None = getattr(self._local, "client", None)
        if client is None:
            http = open_http(self._endpoint.base_url)
            client = self._local.client = self._endpoint.open(timeout=self._timeout, http=http)
            self._all.append(http)
            if self._is_aborted:  # `abort` did not see this one
                http.abort()
        return client

    def abort(self) -> None:
        """Break all connections, now and later: calls in flight fail, and no more can begin."""
        self._is_aborted = True
        # A copy: threads may add clients meanwhile.
        for http in list(self._all):
            http.abort()
