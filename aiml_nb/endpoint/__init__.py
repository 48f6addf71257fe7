"""Where calls go: address, key and provider, the transport, and what goes wrong on the way."""

from .choose import connect, describe_endpoint
from .endpoint import Endpoint

__all__ = ["Endpoint", "connect", "describe_endpoint"]
