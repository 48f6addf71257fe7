from __future__ import annotations

import pytest

from .environments import HERE, MATRIX, Environment, PythonNotFoundError, python_of

# Like the one that is here, or between two that are tried.
ALIKE = {"7.1.0", "newest", "newest-3.12"}


def _param(known: Environment) -> object:
    more = [pytest.mark.exhaustive] if known.name in ALIKE else []
    return pytest.param(known, marks=[pytest.mark.slow, *more])


@pytest.fixture(params=[HERE, *map(_param, MATRIX)], ids=str)
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
