"""Build every environment of the slow tests, several at once: ``python -m tests.kernels.build``."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from ..browser.jupyter import KERNELS
from ..simulator.http.test_openai_suite import OPENAI_SUITE
from ..simulator.http.test_other_clients import CLIENTS
from ..test_older_pandas import PANDAS_2
from ..watch.test_frameworks import FRAMEWORKS
from ..watch.test_opentelemetry import OPENTELEMETRY
from .environments import MATRIX, OLD_NEST, UVLOOP, Environment, PythonNotFoundError, python_of

THEIRS = [environment for _, environment in CLIENTS.values()]
# The largest first.
ALL = [
    *(*FRAMEWORKS.values(), *reversed(THEIRS), *MATRIX, UVLOOP, OLD_NEST, *KERNELS),
    *(OPENAI_SUITE, OPENTELEMETRY, PANDAS_2),
]


def build(environment: Environment) -> str:
    """Build one, and return a line about it."""
    try:
        return str(python_of(environment))
    except PythonNotFoundError as reason:
        return f"{environment}: {reason}"


if __name__ == "__main__":
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for line in pool.map(build, ALL):
            print(line, flush=True)
