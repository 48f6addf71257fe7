"""How many calls may be in flight where nobody says, or too few files may be opened."""

from __future__ import annotations

from ...endpoint.transport.open_files import RESERVE, allow_files

# Defaults where the user sets no limit: more threads cost more memory and switching than they
# gain, and more tasks delay each other on one event loop.
MAX_THREADS = 100
MAX_TASKS = 1000


def effective_limit(
    strategy: str, max_concurrency: int | None, n_prompts: int
) -> tuple[int, str | None]:
    """Return the limit and, if too few files may be opened for it, the line that says so.

    Each call in flight needs a socket, which counts as an open file.
    """
    if strategy == "sequential":
        return 1, None
    most = MAX_THREADS if strategy == "threads" else MAX_TASKS
    limit = max_concurrency or min(n_prompts, most)
    needed = min(limit, n_prompts)
    files = allow_files(needed)
    if needed <= files.free:
        return limit, None
    free = int(files.free)
    # Rounded up to the next 1,024: an even number to type, with some to spare.
    ulimit = -(-(files.taken + RESERVE + needed) // 1024) * 1024
    return free, (
        f"At most {free} calls in flight, not {needed}: this process may open {files.limit} files, "
        f"and {files.taken} are open. For more type  ulimit -n {ulimit}  before it starts."
    )
