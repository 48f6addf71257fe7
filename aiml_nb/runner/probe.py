"""Probe whether a server is there, at no cost: request its list of models."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..endpoint.failures import explain_failure
from .retries.outage import LOST, ProbeResult

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


def probe(client: OpenAI, *, seconds: float) -> ProbeResult:
    """Request the list of models; a server that is silent for `seconds` counts as there.

    It accepts connections, so it is slow rather than away.
    """
    try:
        client.models.with_raw_response.list(timeout=seconds)
    except Exception as error:  # noqa: BLE001
        return _read(error)
    return ProbeResult.REPLIED


async def probe_async(client: AsyncOpenAI, *, seconds: float) -> ProbeResult:
    """Do as `probe`, with the async client."""
    try:
        async with asyncio.timeout(seconds):
            await client.models.with_raw_response.list()
    except Exception as error:  # noqa: BLE001
        return _read(error)
    return ProbeResult.REPLIED


def _read(error: Exception) -> ProbeResult:
    kind = explain_failure(error).error_type
    if kind == "connect":
        return ProbeResult.NO_CONNECTION
    return ProbeResult.LOST_REPLY if kind in LOST else ProbeResult.REPLIED
