"""LiteLLM's proxy as a child process, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from ..kernels.environments import Environment, python_of
from ..waiting import wait_until
from .server import LlamaServer, find_free_port

LITELLM = Environment("litellm", ("litellm[proxy]",))
KEY = "sk-of-the-proxy-0123456789"
PATIENCE = 300.0  # seconds; its first imports take 30, and 100 on a busy machine


@contextmanager
def litellm_proxy(server: LlamaServer, folder: Path) -> Iterator[str]:
    """Start the proxy in front of a server and give its base URL; `KEY` opens it."""
    port = find_free_port()
    upstream = {"model": f"openai/{server.model}", "api_base": server.base_url, "api_key": "none"}
    models = [{"model_name": server.model, "litellm_params": upstream}]
    config, log = folder / "config.yaml", folder / "proxy.log"
    config.write_text(json.dumps({"model_list": models}))  # YAML has JSON in it
    environ = {
        **os.environ,
        "LITELLM_MASTER_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it is fetched
    }
    program = [python_of(LITELLM), "-m", "litellm.proxy.proxy_cli", "--config", config]
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*program, "--host", "127.0.0.1", "--port", str(port)],
            stdout=said,
            stderr=said,
            env=environ,
        )
    try:
        _wait_until_alive(process, f"http://127.0.0.1:{port}/health/liveliness", log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def _wait_until_alive(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    def answers() -> bool:
        try:
            with urlopen(address, timeout=10):
                return True
        except (URLError, OSError):
            return process.poll() is not None

    with suppress(AssertionError):
        wait_until(answers, patience=PATIENCE, every=0.1)
        if process.poll() is None:
            return
    raise RuntimeError(f"LiteLLM's proxy did not start:\n{log.read_text(errors='replace')[-2000:]}")
