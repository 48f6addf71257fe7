"""Which name was most likely meant by one that is not known."""

from __future__ import annotations

from collections.abc import Collection
from difflib import SequenceMatcher

_NEAR = 0.85  # of the letters in common; `top_k` is not `top_p`
# What other libraries call our options.
_ELSEWHERE = {
    "max_concurrency": "concurrency concurrent max_at_once max_concurrent max_in_flight "
    "max_threads max_workers n_jobs n_workers num_workers parallelism semaphore threads workers",
    "max_attempts": "attempts max_retries n_retries num_retries retries retry tries",
    "requests_per_minute": "max_rpm qps rate_limit requests_per_second rpm",
    "tokens_per_minute": "max_tpm tpm",
    "max_cost": "budget max_budget",
    "journal": "cache checkpoint save_to",
    "progress": "progress_bar show_progress tqdm",
}
_MEANT = {name: ours for ours, names in _ELSEWHERE.items() for name in names.split()}


def closest(unknown: str, names: Collection[str], *, cutoff: float = _NEAR) -> str | None:
    """Return the name that is most like `unknown`, None if none is."""
    given = _plain(unknown)
    meant = [name for name in names if _plain(name) == _MEANT.get(given)]
    if meant:
        return meant[0]
    scored = ((_likeness(given, _plain(name)), name) for name in names)
    score, name = max(scored, default=(0.0, ""))
    return name if score >= cutoff else None


def _likeness(given: str, name: str) -> float:
    if given == name or (len(given) > 3 and sorted(given) == sorted(name)):  # letters swapped
        return 1.0
    return SequenceMatcher(None, given, name).ratio()


def _plain(name: str) -> str:
    return name.lower().strip("-_ ").replace("-", "_").replace(" ", "_")
