"""The known providers, the accepted addresses, and which key may be sent to which of them."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from ..errors import EndpointError
from ..messages import GIVE_KEY, SIMULATE, Message, argument, in_request
from .keys import ApiKey
from .transport import is_loopback


@dataclass(frozen=True, slots=True)
class Provider:
    """The defaults of a provider."""

    base_url: str
    model: str
    key_name: str | None


PROVIDERS = {
    "aimlapi": Provider("https://api.aimlapi.com/v1", "gpt-4o", "AIML_API_KEY"),
    "openai": Provider("https://api.openai.com/v1", "gpt-4o", "OPENAI_API_KEY"),
    "ollama": Provider("http://127.0.0.1:11434/v1", "llama3.2", None),
}


def check_base_url(base_url: str) -> str:
    """Return `base_url` tidied, or refuse it.

    Raises
    ------
    EndpointError
        If it is not an http or https address, holds a user name, password, query or fragment, is
        where servers listen (``0.0.0.0``), or would send the key unencrypted to another machine.
    """
    named = argument("base_url")
    advice = "Write it like https://api.aimlapi.com/v1 or http://127.0.0.1:8000/v1."
    try:
        parts = urlsplit(base_url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise EndpointError(named + f" {base_url!r} is not an address: {error}. {advice}") from None
    if "@" in base_url:
        # The address may hold a password, so the message does not repeat it.
        raise EndpointError(named + f" has a user name or password in it. {advice}")
    if parts.scheme not in {"http", "https"} or not host or re.search(r"[\s\\]", parts.netloc):
        raise EndpointError(named + f" {base_url!r} is not an http or https address. {advice}")
    if parts.query:
        raise EndpointError(_refuse_query(parts.query))
    if parts.fragment:
        raise EndpointError(named + f" has a fragment (#…) behind its path. {advice}")
    if _is_unspecified(host):
        here = parts._replace(netloc=f"127.0.0.1:{port}" if port else "127.0.0.1")
        raise EndpointError(
            named + f" {base_url!r} is where a server listens, on all addresses of its machine, "
            f"and not where it is called. For one on this machine write {urlunsplit(here)}"
        )
    if parts.scheme == "http" and not is_loopback(base_url):
        raise EndpointError(
            named + f" {base_url!r} is not encrypted, so a key would be readable on the way. "
            "Use https; plain http is for this machine only (a tunnel brings a server here: "
            "ssh -L 8000:localhost:8000 HOST)."
        )
    # Users often paste the full URL of the chat service.
    path = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _refuse_query(query: str) -> Message:
    """Return the message for a query; it shows names only, since values may be secrets."""
    found = parse_qsl(query, keep_blank_values=True)
    are_names = all(value and re.fullmatch(r"[a-zA-Z][\w.-]{0,30}", name) for name, value in found)
    names = [name for name, _ in found] if are_names else ["NAME"]
    given = ", ".join(f"{name!r}: …" for name in names)
    where = Message("to each run: ", "in each line of the prompts: ")
    return (
        argument("base_url")
        + " has a query (?…) behind its path. Leave it out, and give it "
        + where
        + in_request("extra_query", f"{{{given}}}")
        + "."
    )


def _is_unspecified(host: str) -> bool:
    """Tell whether `host` means all addresses of a machine, as in ``0.0.0.0``."""
    if re.fullmatch(r"\*|0[0x.]*", host):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_unspecified or host.endswith(":0.0.0.0")


def find_key(address: str, key_name: str | None) -> ApiKey:
    """Return the environment's key for `address`; a key goes to its own provider only.

    Raises
    ------
    EndpointError
        If `address` needs a key and there is none that may go there.
    """
    owner = next((p for p in PROVIDERS.values() if p.key_name == key_name), None)
    is_owner = owner is not None and urlsplit(owner.base_url).hostname == urlsplit(address).hostname
    # The key of one provider must not be sent to another host, except to this machine.
    if key_name and os.environ.get(key_name) and (is_owner or is_loopback(address)):
        return ApiKey(os.environ[key_name], source=key_name)
    if is_loopback(address):
        return ApiKey("no-key-needed", source="nowhere")
    if not is_owner:
        raise EndpointError(
            f"No key for {address!r}: {key_name} is sent to its own provider only. Give one with "
            + GIVE_KEY
            + "."
        )
    raise EndpointError(
        f"{key_name} is not set, and {address} needs a key. Set it in the environment, or run "
        "without one: " + SIMULATE + "."
    )
