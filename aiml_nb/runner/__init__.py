"""How calls are made: prompts and an endpoint in, a `Run` with one record per prompt out."""

from .handle import RunHandle, start
from .resume import resume
from .run import last_run, run, run_async
from .settings import STRATEGIES

__all__ = ["STRATEGIES", "RunHandle", "last_run", "resume", "run", "run_async", "start"]
