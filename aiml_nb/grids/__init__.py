"""Several models, parameters and endpoints at once: `grid`."""

from .make import grid, grid_async, last_grid

__all__ = ["grid", "grid_async", "last_grid"]
