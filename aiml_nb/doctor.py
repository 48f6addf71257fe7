"""`check_up`: check the environment of a run, one line each, with what to do about problems."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from .endpoint import Endpoint, connect
from .endpoint.failures import explain_failure, quote
from .endpoint.providers import PROVIDERS
from .endpoint.transport import open_http
from .endpoint.transport.environment import check_key_log, find_proxy, trusted_certificates
from .errors import AimlNbError, EndpointError
from .loop import in_kernel, inspect_loop
from .runner import run

State = Literal["ok", "note", "wrong"]

# Bytes; a lesson needs up to 400 MB, and the kernel is killed without them.
MIN_FREE_MEMORY = 500e6


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Parameters
    ----------
    subject
        What was checked.
    state
        ``ok``, ``note`` (worth knowing) or ``wrong`` (something will not work).
    text
        What was found, and for all but ``ok`` what to do about it.
    """

    subject: str
    state: State
    text: str


@dataclass(frozen=True, slots=True)
class CheckUp:
    """The results of all checks; shown with one line each."""

    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        """True if no check found anything wrong."""
        return all(finding.state != "wrong" for finding in self.findings)

    def __str__(self) -> str:
        """Give one line per finding."""
        return "\n".join(f"{f.state:6}{f.subject:13}{f.text}" for f in self.findings)

    __repr__ = __str__


def check_up() -> CheckUp:
    """Check everything that a run needs here: interpreter, kernel, loop, endpoint, memory.

    Nothing is patched and nothing is paid for: of a live endpoint only the list of models is
    requested, also through a proxy.
    """
    checks: tuple[Callable[[], Finding], ...] = (
        _check_python,
        _check_packages,
        _check_kernel,
        _check_loop,
        _check_callbacks,
        _check_certificates,
        _check_proxy,
        _check_key,
        _check_endpoint,
        _check_simulator,
        _check_memory,
    )
    return CheckUp(tuple(check() for check in checks))


def _check_python() -> Finding:
    here = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("python", "ok", here)


def _check_packages() -> Finding:
    names = ("aiml_nb", "openai", "aiohttp", "nest-asyncio2", "pandas", "matplotlib", "ipywidgets")
    found = {name: _version_of(name) for name in names}
    missing = [name for name, number in found.items() if number is None]
    if missing:
        text = f"{', '.join(missing)} not installed. Type  pip install aiml_nb."
        return Finding("packages", "wrong", text)
    return Finding("packages", "ok", ", ".join(f"{n} {number}" for n, number in found.items()))


def _check_kernel() -> Finding:
    report = inspect_loop()
    if not in_kernel():
        where = report.front_end or "a plain interpreter"
        return Finding("kernel", "ok", f"none: this is {where}")
    return Finding(
        "kernel", "ok", f"ipykernel {report.ipykernel} in {report.front_end or 'a notebook'}"
    )


def _check_loop() -> Finding:
    report = inspect_loop()
    text = f"{report.loop}; {report.done}" if report.loop else report.done
    if not report.advice:
        return Finding("loop", "ok", text)
    # Without nesting, runs still work through the background loop.
    return Finding("loop", "note", f"{text}. {report.advice}")


def _check_callbacks() -> Finding:
    """Say in which thread a widget's callback runs: it depends on the version of ipykernel."""
    number = _version_of("ipykernel")
    if not in_kernel() or number is None:
        return Finding("widgets", "ok", "no kernel here, so no callbacks")
    release = tuple(int(part) for part in number.split(".")[:2] if part.isdigit())
    if release < (7, 0):
        text = "a click is heard after all queued cells, in the cells' own thread and loop"
    elif release < (7, 4):
        text = (
            "in JupyterLab 4.4 or newer a click is heard at once, in another thread and loop: "
            "an async client of a cell cannot be used there"
        )
        return Finding("widgets", "note", f"{text}. Type  %pip install -U ipykernel.")
    else:
        text = "a click is heard at once while a cell awaits, in the cells' own thread and loop"
    return Finding("widgets", "ok", text)


def _check_certificates() -> Finding:
    """Check the certificates: with one broken variable no encrypted call can be made."""
    try:
        check_key_log()
        trusted_certificates()
    except EndpointError as error:
        return Finding("certificates", "wrong", str(error))
    names = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    text = f"those of {names[0]}" if names else "the system's"
    if not names and os.environ.get("REQUESTS_CA_BUNDLE"):
        more = "REQUESTS_CA_BUNDLE is not read: to have them, set SSL_CERT_FILE to the same"
        return Finding("certificates", "note", f"{text}. {more}.")
    return Finding("certificates", "ok", text)


def _check_proxy() -> Finding:
    """Check whether the proxy lets live calls through; what the server answers does not count."""
    address = PROVIDERS["aimlapi"].base_url
    try:
        proxy = find_proxy(address)
        failure = _try_proxy(address) if proxy else None
    except EndpointError as error:
        return Finding("proxy", "wrong", str(error))
    if failure:
        return Finding("proxy", "wrong", failure)
    return Finding("proxy", "ok", f"{proxy.url} of {proxy.variable}" if proxy else "none")


def _try_proxy(address: str) -> str | None:
    """Return how the proxy failed to connect to `address`; None if it did not."""
    try:
        with open_http(address) as http:
            http.get(f"{address}/models", timeout=10)
    except Exception as error:  # noqa: BLE001  each is explained
        failure = explain_failure(error)
        return f"{failure.message}." if failure.at_proxy else None
    return None


def _check_key() -> Finding:
    if not os.environ.get("AIML_API_KEY"):
        text = "AIML_API_KEY is not set, so the simulator answers. Set it to use a live model."
        return Finding("key", "note", text)
    try:
        endpoint = connect(verbose=False)
    except AimlNbError as error:
        return Finding("key", "wrong", str(error))
    length = len(endpoint.key.reveal())
    return Finding("key", "ok", f"from {endpoint.key.source}, {length} characters")


def _check_endpoint() -> Finding:
    try:
        endpoint = connect(verbose=False)
        with endpoint.open(timeout=10) as client:
            endpoint.warm_up(client)
    except AimlNbError as error:
        return Finding("endpoint", "wrong", str(error))
    if endpoint.model not in endpoint.known.models:
        why = endpoint.known.failure
        reason = quote(why.message, endpoint.key).rstrip(". ") if why else "it lists others"
        text = (
            f"{endpoint.base_url} does not say whether it has the model {endpoint.model} ({reason})"
        )
        return Finding("endpoint", "note", f"{text}: the first call will tell.")
    kind = "simulated" if endpoint.simulated else "live"
    return Finding("endpoint", "ok", f"{endpoint.base_url}, model {endpoint.model}, {kind}")


def _check_simulator() -> Finding:
    began = time.perf_counter()
    try:
        endpoint: Endpoint = connect(simulate=True, speed=100, verbose=False)
        call = run(["What is 2+2?"], endpoint, strategy="sequential", progress=False).calls[0]
    except AimlNbError as error:
        return Finding("simulator", "wrong", str(error))
    if call.outcome != "ok":
        return Finding("simulator", "wrong", f"{call.error_type}: {call.error}")
    return Finding("simulator", "ok", f"answered in {time.perf_counter() - began:.2f} s")


def _check_memory() -> Finding:
    free = _free_memory()
    if free is None:
        return Finding("memory", "note", "cannot be told on this system")
    if free < MIN_FREE_MEMORY:
        text = f"{free / 1e6:.0f} MB free. Close other notebooks' kernels (Kernel, Shut Down)."
        return Finding("memory", "wrong", text)
    return Finding("memory", "ok", f"{free / 1e9:.1f} GB free")


def _free_memory() -> float | None:
    """Return the free bytes of the machine, or of the container if that has less."""
    found: list[float] = []
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(float(line.split()[1]) * 1024)
        group = Path("/sys/fs/cgroup")
        limit = (group / "memory.max").read_text().strip()
        if limit != "max":
            found.append(float(limit) - float((group / "memory.current").read_text()))
    return min(found, default=None)


def _version_of(package: str) -> str | None:
    with suppress(PackageNotFoundError):
        return version(package)
    return None
