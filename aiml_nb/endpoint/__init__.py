"""Endpoints: address, key and provider, the HTTP transport, and what its failures mean."""

from .choose import connect, describe_endpoint
from .endpoint import Endpoint

__all__ = ["Endpoint", "connect", "describe_endpoint"]
