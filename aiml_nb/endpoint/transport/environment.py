"""Proxy and certificates from environment variables, checked before calls use them.

Neither is used for calls to this machine: a proxy would carry them, and the key, elsewhere. A
variable that cannot be used raises an EndpointError that names it.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from ...errors import EndpointError

_PORTS = {"http": 80, "https": 443}
# The file names by which OpenSSL finds certificates in a folder.
_HASHED_NAME = re.compile(r"[0-9a-f]{8}\.\d+", re.I)


class ProxyFailedError(Exception):
    """A proxy did not let a request through; the server was not reached."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy of calls.

    Parameters
    ----------
    variable
        The variable that names it, such as ``HTTPS_PROXY``.
    url
        Its address, without user and password.
    authorization
        The value of the header ``Proxy-Authorization``; None without user and password.
    """

    variable: str
    url: str
    authorization: str | None = field(default=None, repr=False)

    @property
    def is_encrypted(self) -> bool:
        """True if the connection to the proxy itself is encrypted."""
        return self.url.startswith("https:")

    @property
    def headers(self) -> dict[str, str]:
        """The headers for the proxy."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}

    def fail(self, what: str) -> ProxyFailedError:
        """Return the error that blames this proxy."""
        advice = f"Set {self.variable} to one that works, or unset it"
        return ProxyFailedError(f"the proxy {self.url} of {self.variable} {what}. {advice}")

    def refuse(self, status: int, host: str) -> ProxyFailedError:
        """Return the error for a CONNECT to `host` that got a status other than 200."""
        if status == 407:
            scheme, _, place = self.url.partition("://")
            wants = "refused its user and password" if self.authorization else "wants a password"
            return ProxyFailedError(
                f"the proxy {self.url} of {self.variable} {wants} (407). Write "
                f"{self.variable}={scheme}://USER:PASSWORD@{place}"
            )
        return self.fail(f"gave no way to {host} (status {status})")


def is_loopback(url: str) -> bool:
    """Say whether `url` is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def find_proxy(base_url: str) -> Proxy | None:
    """Return the proxy for calls to `base_url`, None if there is none.

    Raises
    ------
    EndpointError
        If the variable is not the address of an http or https proxy.
    """
    parts = urlsplit(base_url)
    # A proxy could not reach this machine, and would see the key.
    if is_loopback(base_url):
        return None
    found = getproxies()
    value = (found.get(parts.scheme) or found.get("all") or "").strip()
    host = parts.hostname or ""
    # An empty variable means no proxy, as in other programs.
    if not value or _bypasses_proxy(host, parts.port or _PORTS[parts.scheme], found.get("no", "")):
        return None
    return _read_proxy(value, _name_variable(value, parts.scheme), host)


def trusted_certificates() -> ssl.SSLContext:
    """Return the certificates to verify servers with.

    Raises
    ------
    EndpointError
        If ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` is set but has no certificate.
    """
    return _read_certificates(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


def check_key_log() -> None:
    """Raise EndpointError if ``SSLKEYLOGFILE`` cannot be written.

    Python writes the session keys of encrypted connections to it. It opens the file when aiohttp is
    imported, and the import would fail.
    """
    name = "SSLKEYLOGFILE"
    path = os.environ.get(name)
    if path:
        try:
            Path(path).open("a").close()
        except (OSError, ValueError) as error:
            raise EndpointError(_describe_problem(name, path, error)) from None


@cache
def _read_certificates(file: str | None, folders: str | None) -> ssl.SSLContext:
    """Read the certificates, once: it takes 40 ms, and every thread has its own client."""
    try:
        if file:
            _check_certificates(file)
        elif folders:
            _check_folders(folders)
        return httpx2.create_ssl_context()
    except (OSError, ValueError) as error:
        name, value = ("SSL_CERT_FILE", file) if file else ("SSL_CERT_DIR", folders)
        raise EndpointError(_describe_problem(name, value, error)) from None


def _check_certificates(file: str) -> None:
    if Path(file).is_dir():
        raise ValueError("is a folder; SSL_CERT_DIR takes folders")
    if not Path(file).exists():
        raise ValueError("is not there")
    Path(file).open("rb").close()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        raise ValueError("holds no certificate") from None


def _check_folders(folders: str) -> None:
    """Raise unless one of the folders has a certificate: OpenSSL itself would not complain."""
    names: list[str] = []
    for folder in filter(None, folders.split(os.pathsep)):
        if not Path(folder).is_dir():
            raise ValueError("is not there" if not Path(folder).exists() else "is not a folder")
        names += os.listdir(folder)
    if not any(map(_HASHED_NAME.fullmatch, names)):
        raise ValueError("holds no certificate under the name of its hash (openssl rehash)")


def _describe_problem(name: str, value: object, error: Exception) -> str:
    reason = f"cannot be opened ({error.strerror})" if isinstance(error, OSError) else str(error)
    wanted = "a file that can be written" if name == "SSLKEYLOGFILE" else "certificates"
    return f"{name}={value!r} {reason}. Set it to {wanted}, or type  unset {name}"


def _name_variable(value: str, scheme: str) -> str:
    """Return the name of the variable that has `value`, in the order of precedence."""
    names = [
        form for name in (scheme, "all") for form in (f"{name}_proxy", f"{name}_PROXY".upper())
    ]
    return next(
        (name for name in names if os.environ.get(name, "").strip() == value),
        "the system's settings",
    )


def _read_proxy(value: str, variable: str, host: str) -> Proxy:
    advice = f"or unset {variable}; NO_PROXY={host} keeps calls there off it"
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        port = parts.port or _PORTS.get(parts.scheme)
        if not parts.hostname or re.search(r"[\s\\%]", parts.netloc.rpartition("@")[2]):
            raise ValueError
    except ValueError:
        raise EndpointError(
            f"{variable}={_without_user(value)!r} is not an address of a proxy. Write it like "
            f"http://127.0.0.1:3128, {advice}."
        ) from None
    if parts.scheme not in _PORTS:
        kind = "a SOCKS proxy" if parts.scheme.startswith("socks") else f"a {parts.scheme} proxy"
        raise EndpointError(
            f"{variable}={_without_user(value)!r} names {kind}, and calls go through http and "
            f"https proxies only. Write one like http://127.0.0.1:3128, {advice}."
        )
    place = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Proxy(variable, f"{parts.scheme}://{place}:{port}", _authorization(parts))


def _authorization(parts: SplitResult) -> str | None:
    if parts.username is None:
        return None
    both = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(both.encode()).decode()}"


def _without_user(value: str) -> str:
    """Remove user and password from a text that may not even be a URL."""
    scheme, separator, rest = value.rpartition("://")
    return f"{scheme}{separator}…@{rest.rpartition('@')[2]}" if "@" in rest else value


def _bypasses_proxy(host: str, port: int, no_proxy: str) -> bool:
    """Say whether ``NO_PROXY`` names `host`: itself, its domain or its network."""
    for entry in no_proxy.replace(",", " ").lower().split():
        name = entry.partition("://")[2] or entry
        if name == "*" or _is_in_network(host, name):
            return True
        name, _, wanted = name.partition(":") if name.count(":") == 1 else (name, "", "")
        name = name.strip("[]").removeprefix("*").strip(".")
        if wanted in {"", str(port)} and name and (host == name or host.endswith(f".{name}")):
            return True
    return bool(proxy_bypass(host))


def _is_in_network(host: str, name: str) -> bool:
    try:
        network = ipaddress.ip_network(name.replace("[", "").replace("]", ""), strict=False)
        return ipaddress.ip_address(host) in network
    except ValueError:
        return False
