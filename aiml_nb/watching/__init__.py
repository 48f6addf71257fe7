"""Watch: the timeline of anybody's code, from hooks that are in place only while it lasts.

The package is not called ``watch``, as the function is that users call.
"""

from .blocked import LoopWatcher
from .held import delays_of, tell_held, tell_stops
from .hooks import hooks
from .late import DelayWatcher
from .magics import load_ipython_extension, unload_ipython_extension
from .places import RunNotes
from .steps import Inside, inside, step
from .watcher import Watch, watch

__all__ = [
    "DelayWatcher",
    "Inside",
    "LoopWatcher",
    "RunNotes",
    "Watch",
    "delays_of",
    "hooks",
    "inside",
    "load_ipython_extension",
    "step",
    "tell_held",
    "tell_stops",
    "unload_ipython_extension",
    "watch",
]
