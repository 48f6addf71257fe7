# %% [markdown]
# # 2. Why does asyncio.run fail in a notebook, and what does the patch do?
#
# You copy an async program from the web into a cell. It worked in a script. Here it says
# *asyncio.run() cannot be called from a running event loop*. In about 20 minutes you will be able to
#
# - say who runs the event loop of a notebook, and why there can be only one;
# - start work now and wait for it later, with `create_task`;
# - say what the patch for notebooks does, and when you do without it.
#
# No question is sent in this lesson: it needs nothing but Python.

# %%
import asyncio
import time
import warnings

import aiml_nb as nb
from aiml_nb.course import check, hint, predict, quiz, reveal
from aiml_nb.widgets import LoopView

# %% [markdown]
# ## One cook, many pots
#
# An **event loop** is a cook with many pots. Whenever a pot only needs time, the cook turns to the
# next one. In code, `await` is where a pot says: *I only need time now.*


# %%
async def boil(what, seconds):
    for minute in range(3):
        print(f"{what}: {minute} min")
        await asyncio.sleep(seconds / 3)
    print(f"{what} ready")
    return what


LoopView(boil("tea", 0.3), boil("eggs", 0.5))

# %% [markdown]
# One *thread* (one line of work, which does one thing after another), two pots, and the lines come in
# turns. Go through the picture step by step, with its buttons or the arrow keys. There is one chair
# under RUNNING. A pot that reaches its `await` gets up and WAITS; when its time is over it lines up under
# READY. Between two awaits nobody else moves.
#
# But who is the cook? In a script there is none until `asyncio.run(main())` brings one. (`LoopView`, too,
# brings one of its own.) A notebook has one already: the kernel, the program behind this page, waits for
# your cells in an event loop. A cell that is run is one more pot for the same cook.
#
# Guess what happens when a cell brings a second cook.

# %%
OUTCOMES = ["the tea boils", "an error", "the tea boils in another thread"]
predict("2.1", "What does asyncio.run(boil(…)) give in a cell?", choices=OUTCOMES)

# %%
tea = boil("tea", 0.3)
try:
    asyncio.run(tea)
    outcome = "the tea boils"
except RuntimeError as error:
    print("RuntimeError:", error)
    outcome = "an error"
tea.close()  # it has not run: put it away
reveal("2.1", outcome)

# %% [markdown]
# Two loops cannot run in one thread: while the second ran, the first would stand still, and every cell
# with it. So Python refuses. In a notebook **bring no cook, write `await`.**
#
# The most common mistake is then to forget it. Calling an async function does not run it; it only
# *prepares* the work and hands you a *coroutine*, a pot that nobody has put on the fire. When nobody can use
# it any more, Python warns. Here once with `await`, and once without it, on purpose, to show the warning:

# %%
await boil("eggs", 0.3)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    boil("tea", 0.3)
print(caught[0].category.__name__, "-", caught[0].message)

# %% [markdown]
# The eggs are ready, and of the tea not one line was run. The warning may come later, and then it stands
# under another cell. Wherever you see it, an `await` is missing.
#
# In the next function `ask` is an async function that answers one question; the check brings one along.
# Somebody wrote it, and forgot something:
#
# ```python
# async def shout(ask, question):
#     answer = ask(question)
#     return answer.upper()
# ```
#
# Its error is *'coroutine' object has no attribute 'upper'*. Write it so that it works.


# %% tags=["exercise"]
# Exercise 2.2: ask a question, and return the answer in capital letters
async def shout(ask, question):
    # solution begins
    answer = await ask(question)
    return answer.upper()
    # solution ends


check("2.2", shout)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("2.2")

# %% [markdown]
# ## Start now, wait later
#
# `await boil(…)` starts the work and waits for it. `asyncio.create_task(boil(…))` only hands it to the
# loop, and returns at once a **task**. You go on, and `await` the task where you need its result.
#
# When does the task take its first step?

# %%
FIRST = ["the task", "the cell"]
predict("2.3", "A cell creates a task, and then writes a line. Who writes first?", choices=FIRST)

# %%
wrote = []


async def write(name):
    wrote.append(name)


task = asyncio.create_task(write("the task"))
wrote.append("the cell")
await task
reveal("2.3", wrote[0])

# %% [markdown]
# `create_task` puts a pot in line, and nothing more. It takes its first step when the one that
# created it comes to an `await`. In the picture `tea` stands under READY until `breakfast` waits.


# %%
async def breakfast():
    tea = asyncio.create_task(boil("tea", 0.3))
    print("the table is laid")
    await asyncio.sleep(0.2)
    print("breakfast:", await tea)


LoopView(breakfast())

# %% [markdown]
# **Your turn.** `ask(question)` and `lay_table()` are coroutines that both take time. Start the
# question, lay the table meanwhile, and return the answer when both are done. The check looks at when
# each of the two began and ended.


# %% tags=["exercise"]
# Exercise 2.4: ask and lay the table at the same time, and return the answer
async def ask_and_lay(ask, question, lay_table):
    # solution begins
    answer = asyncio.create_task(ask(question))
    await lay_table()
    return await answer
    # solution ends


check("2.4", ask_and_lay)

# %%
# hint("2.4")

# %% [markdown]
# ## The patch, and one warning
#
# You cannot always write `await`. The program may be somebody else's, and end in `asyncio.run(main())`.
# For that there is the **patch**, `nb.patch_loop()`: it teaches the notebook's loop to run *inside
# itself*. When a cell calls `asyncio.run`, the cook goes on cooking all the other pots until this one is
# done. (`nb.run` and `nb.compare` patch by themselves; the line *Event loop: …* says what was done.)
#
# The warning: two naps at the same time, one short, one long. Each calls `asyncio.run` for itself. Guess
# when the short one is over.

# %%
predict("2.5", "When does the nap of 0.1 s return, if one of 0.6 s begins with it?", unit="s")

# %%
report = nb.patch_loop()


async def nap(seconds):
    began = time.perf_counter()
    asyncio.run(asyncio.sleep(seconds))
    return time.perf_counter() - began


short, long = await asyncio.gather(nap(0.1), nap(0.6))
reveal("2.5", short)

# %% [markdown]
# The short nap was over after 0.1 s, but it could not say so. Its run is the lower book of a pile: the
# long one was put on top, and has to be taken off first. **A stopwatch around a run within a run lies.** The
# cure is short: `await asyncio.sleep(seconds)` in place of `asyncio.run(…)`.
#
# So the patch is for programs that you cannot change. In your own, write `await`. For calls, too: `nb.run(…)`
# waits by itself, and is for cells, scripts and plain functions; inside an `async def` write
# `await nb.run_async(…)`, the same run, which does nothing but await.

# %%
quiz("2.6")

# %%
quiz("2.10")

# %% [markdown]
# ## Key points
#
# - A notebook runs its cells in an event loop that is there before your first cell. One thread, one
#   loop: it cannot run a second one.
# - In a cell and in every `async def`: write `await`. Without it a coroutine is only prepared.
# - `create_task` puts work in line; it takes its first step at your next `await`. Await the task in the end.
# - `nb.patch_loop()` is for programs you cannot change. What you time must be nothing but `await`.
#
# ## The same as a script
#
# [scripts/02-the-loop.py](scripts/02-the-loop.py) runs the same functions where no loop is running:
# `python notebooks/scripts/02-the-loop.py`. There `asyncio.run(main())` brings a loop, and no patch is
# needed.
#
# ## Where to go next
#
# You can start many calls at once now. Should you? [Lesson 3](03-how-many-at-once.ipynb). Two runs at the
# same time, lost cells, programs that run twice, and threads: [the appendix](appendix-the-patch.ipynb).
