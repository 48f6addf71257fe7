"""Lesson 6 as a script: a call that blocks the event loop, and the same call in a thread."""

import asyncio
import time

import aiml_nb as nb


async def save_notes() -> None:
    """Block: nobody else gets a turn for half a second."""
    await asyncio.sleep(0.1)
    time.sleep(0.5)  # noqa: ASYNC251  the mistake that is shown


async def save_notes_in_a_thread() -> None:
    """Take as long, and hold up nobody."""
    await asyncio.sleep(0.1)
    await asyncio.to_thread(time.sleep, 0.5)


async def main() -> None:
    """Run the same prompts beside both, and say how late the loop was."""
    endpoint = nb.connect(simulate=True, seed=0, speed=10)
    for work in (save_notes, save_notes_in_a_thread):
        run, _ = await asyncio.gather(
            nb.run_async(nb.prompts.TWENTY, endpoint, progress=False), work()
        )
        print(f"{work.__name__:22} {run}  loop lag {run.loop_lag_max:.3f} s")


asyncio.run(main())
