from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from ..rows import exhaustive, slow
from .environments import HERE, MATRIX, Environment, PythonNotFoundError, python_of

# Like the one that is here, or between two that are tried.
ALIKE = {"7.1.0", "newest", "newest-3.12"}


def on_kernels(kinds: Sequence[str], ordinary: Collection[str]) -> list[object]:
    """Return each kind on each kernel: what is `ordinary` on the one that is here.

    The others take turns, so that each kind and each kernel is there; what is left is exhaustive.
    """
    most = max(len(kinds), len(MATRIX))
    turns = {(MATRIX[n % len(MATRIX)], kinds[n % len(kinds)]) for n in range(most)}
    cases = []
    for kind in kinds:
        cases.append(pytest.param(HERE, kind) if kind in ordinary else exhaustive(HERE, kind))
        for known in MATRIX:
            mark = slow if (known, kind) in turns else exhaustive
            cases.append(mark(known, kind))
    return cases


@pytest.fixture(
    params=[HERE, *((exhaustive if k.name in ALIKE else slow)(k) for k in MATRIX)], ids=str
)
def environment(request: pytest.FixtureRequest) -> Environment:
    """Each kernel that the patch is promised for; only the installed one in the ordinary run."""
    return built(request.param)


def built(environment: Environment) -> Environment:
    """Build an environment, or skip the test where its Python is not found."""
    try:
        python_of(environment)
    except PythonNotFoundError as reason:
        pytest.skip(str(reason))
    return environment
