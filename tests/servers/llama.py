"""llama.cpp's own HTTP server, from the wheel ``xllamacpp``: a program that serves one model.

``python llama.py '{"model": PATH, "port": N, …}'`` serves until its standard input is closed.
"""

from __future__ import annotations

import json
import sys

import xllamacpp

HOST = "127.0.0.1"


def serve(
    *, model: str, port: int, alias: str, slots: int, context: int, key: str, thinks: bool
) -> None:
    settings = xllamacpp.CommonParams()
    settings.model.path, settings.model_alias = model, {alias}
    settings.hostnames, settings.port = [HOST], port
    settings.n_parallel, settings.n_ctx, settings.kv_unified = slots, context * slots, False
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 1
    settings.endpoint_metrics = settings.endpoint_slots = settings.use_jinja = True
    if key:
        settings.api_keys = [key]
    if thinks:
        deepseek = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_DEEPSEEK
        settings.reasoning_format = deepseek
    server = xllamacpp.Server(settings)
    print("listening at", server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    serve(**json.loads(sys.argv[1]))
