from __future__ import annotations

import pytest

from .environments import HERE, MATRIX, Environment, PythonNotFoundError, python_of


@pytest.fixture(
    params=[HERE, *(pytest.param(known, marks=pytest.mark.slow) for known in MATRIX)], ids=str
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
