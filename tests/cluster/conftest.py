"""A cluster that the tests of a module share, which leave it as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .dask import DaskProcesses, dask_processes


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskProcesses]:
    """A scheduler and two workers."""
    with dask_processes(tmp_path_factory.mktemp("dask"), "east", "west") as processes:
        yield processes
