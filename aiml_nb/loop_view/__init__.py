"""An event loop, step by step: recorded once, looked at as often as one likes.

A loop of its own overrides what asyncio's loops have in public: ``call_soon``, ``call_at``,
``call_soon_threadsafe``, ``run_in_executor``, ``time``. Every step of a task and whatever wakes one
passes through these, from Python 3.11 to 3.14 alike, and nothing of the user's is wrapped or
replaced. Where a task stands, and for what, is read off the frames of its coroutine.

Of the other ways, ``sys.monitoring`` begins with Python 3.12 and knows lines, but no tasks; the
call graph of 3.14 knows who awaits whom at a moment, but not who has woken whom; debug mode knows
how long a step took, but not in which line; and a task factory that wraps coroutines changes what
``Task.get_coro`` and frameworks see.
"""

from .view import LoopView

__all__ = ["LoopView"]
