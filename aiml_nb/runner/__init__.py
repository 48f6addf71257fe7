"""The runner: prompts and an endpoint in, a `Run` with one record per prompt out."""

from .handle import RunHandle, start
from .newest import last_run
from .options import STRATEGIES
from .resume import resume
from .run import run, run_async

__all__ = ["STRATEGIES", "RunHandle", "last_run", "resume", "run", "run_async", "start"]
