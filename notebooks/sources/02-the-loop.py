# %% [markdown]
# # 2. Why does asyncio.run fail in a notebook, and what does the patch do?
#
# You copy an async program from the web into a cell. It worked in a script. Here it says
# *asyncio.run() cannot be called from a running event loop*. In about 30 minutes you will be able to
#
# - say who runs the event loop of a notebook, and why there can be only one;
# - choose between `await`, the patch and a thread, and say why;
# - name three things that go wrong under the patch, and the rule that avoids them.
#
# The first half needs nothing but Python. Later, questions go to a **simulator** on this machine: no
# key, no cost.

# %%
import asyncio
import time

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
# One thread, two pots, and the lines come in turns. Go through the picture step by step, with its
# buttons or the arrow keys. There is one chair under RUNNING. A pot that reaches its `await` gets up
# and WAITS; when its time is over it lines up under READY. Between two awaits nobody else moves; at
# an `await`, everybody may.
#
# But who is the cook? `LoopView` brought one of its own, who kept a diary. In a cell you need none:
# `await boil("tea", 0.3)` works there as it stands. So a loop must be running already:

# %%
asyncio.get_running_loop().is_running()

# %% [markdown]
# It is the notebook's own. The kernel, the program behind this page, waits for your cells in an event
# loop: a cell that is run is one more pot for the same cook. In a script there is no cook until
# `asyncio.run(main())` brings one, and sends it home at the end.
#
# Now guess what happens when a cell brings a second cook.

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
tea.close()  # it has not run, and Python would complain about that later
reveal("2.1", outcome)

# %% [markdown]
# Two loops cannot run in one thread: the second would hold the first still, and with it every cell
# that waits in the queue. So Python refuses. In a notebook the first answer is the shortest:
# **do not bring a cook, write `await`.**

# %%
await boil("tea", 0.3)

# %% [markdown]
# The most common mistake with `await` is to forget it. Calling an async function does not run it; it
# only *prepares* the work and hands you a *coroutine*, a pot that nobody has put on the fire.
#
# `ask` below is an async function that answers one question; the check brings one along. Somebody
# wrote this function, and forgot something:
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
# ## Is there a cook already?
#
# Code that shall run everywhere, in scripts and in cells, has to know. `asyncio.get_running_loop()`
# returns the loop that is running here, and raises `RuntimeError` where there is none.


# %% tags=["exercise"]
# Exercise 2.3: True where an event loop is running, False where none is
def is_loop_running():
    # solution begins
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
    # solution ends


check("2.3", is_loop_running)

# %%
# hint("2.3")

# %% [markdown]
# ## The patch
#
# You cannot always write `await`. The program may be somebody else's, and end in `asyncio.run(main())`.
# For that there is the **patch**: it teaches the notebook's loop to run *inside itself*. When a cell
# calls `asyncio.run`, the cook goes on cooking all the other pots until this one is done.

# %%
report = nb.patch_loop()
asyncio.run(boil("tea", 0.3))

# %% [markdown]
# Now `asyncio.run` works in cells. The line *Event loop: …* says what was found, what was done, and with
# which versions; send it along when you ask somebody for help. (`nb.run` and `nb.compare` patch by
# themselves when they need it, which is why you have seen this line before.)
#
# Many programs on the web, the FAQ of AIML API among them, end in an idiom of four lines. It says: try
# `asyncio.run`, and if a loop is running already, use that one. Without the patch, both ways fail in
# a cell. With it, the first one works, and `main` runs once: `%%timeline` draws two calls, one for
# each question, and not four.

# %%
# %load_ext aiml_nb
from openai import AsyncOpenAI

endpoint = nb.connect(simulate=True, scenario="faq", seed=2, speed=8)
client = AsyncOpenAI(base_url=endpoint.base_url, api_key=endpoint.key.reveal())


# %%
# %%timeline idiom
async def complete_chat(question):
    messages = [{"role": "user", "content": question}]
    response = await client.chat.completions.create(model="gpt-4o", messages=messages)
    print(question, "->", response.choices[0].message.content[:40], "…")


async def main():
    await asyncio.gather(*(complete_chat(question) for question in nb.prompts.FAQ))
    await client.close()


try:
    asyncio.run(main())
except RuntimeError:
    asyncio.get_event_loop().run_until_complete(main())

# %% [markdown]
# ## What goes wrong under the patch
#
# ### 1. Last in, first out
#
# Two naps at the same time, one short, one long. Each calls `asyncio.run` for itself. Guess when the
# short one is over.

# %%
predict("2.4", "When does the nap of 0.1 s return, if one of 0.6 s begins with it?", unit="s")


# %%
async def nap(seconds):
    began = time.perf_counter()
    asyncio.run(asyncio.sleep(seconds))
    return time.perf_counter() - began


short, long = await asyncio.gather(nap(0.1), nap(0.6))
reveal("2.4", short)

# %% [markdown]
# The short nap was over after 0.1 s, but it could not say so. Its run is the lower book of a pile: the
# long one was put on top, and has to be taken off first. **A stopwatch around a nested run lies.** The
# cure is to write `await` inside coroutines:


# %%
async def honest_nap(seconds):
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    return time.perf_counter() - began


short, long = await asyncio.gather(honest_nap(0.1), honest_nap(0.6))
print(f"short {short:.1f} s, long {long:.1f} s")

# %% [markdown]
# ### 2. Lost cells
#
# The patch has a history. The package that made it popular, `nest_asyncio`, is no longer looked
# after. On the kernels of today (ipykernel 7.1 and newer) it **loses cells**: press *Run All*, and
# those that wait in the queue while `asyncio.run` is running never answer. No error, nothing.
#
# `nb.patch_loop()` uses its successor, `nest-asyncio2`, and keeps it in force even if a program
# brings the old one along. Try it: the next two cells, run together, both answer.

# %%
import nest_asyncio

nest_asyncio.apply()
asyncio.run(asyncio.sleep(0.5))
print("slept, with the old patch applied after ours")

# %%
print("this cell waited in the queue, and was not lost")

# %% [markdown]
# ### 3. Everything twice
#
# The idiom has a flaw of its own. `except RuntimeError` is meant for *a loop is running already*. It
# also catches a `RuntimeError` that `main` itself raises, in the middle of its work. How often does
# this `main` run?

# %%
predict("2.5", "main fails with a RuntimeError: how often is it run?", choices=["once", "twice"])

# %%
times_run = []


async def failing_main():
    times_run.append("a call is made, and paid for")
    raise RuntimeError("the answer was not what main expected")


try:
    try:
        asyncio.run(failing_main())
    except RuntimeError:
        asyncio.get_event_loop().run_until_complete(failing_main())
except RuntimeError as error:
    print("RuntimeError:", error)
reveal("2.5", ["once", "twice"][len(times_run) - 1])

# %% [markdown]
# Here it was once: after `nb.patch_loop()` the second run of the same function is refused, and you see
# the error that was really raised. Under the old patch it is *twice*, and every call of `main` is
# paid for twice. In a script it is once, but you see another error than the one `main` raised. Better
# not to need the idiom: find out first whether a loop is running, as you did in exercise 2.3, and then
# run `main` one way or the other.

# %%
quiz("2.6")

# %% [markdown]
# ## Your runs, side by side
#
# `nb.run(…)` waits by itself, so it is for cells, scripts and plain functions. Inside an `async def`
# use `await nb.run_async(…)`: the same run, made of pure awaits. Here is one:

# %%
run = await nb.run_async(nb.prompts.FAQ, endpoint)
run

# %% [markdown]
# Now make **two runs at the same time**: one of `nb.prompts.FAQ`, the other of the first five of
# `nb.prompts.TWENTY`. Return both. The check looks at when they began and ended.


# %% tags=["exercise"]
# Exercise 2.7: two runs at the same time
async def make_two_runs(endpoint):
    # solution begins
    return await asyncio.gather(
        nb.run_async(nb.prompts.FAQ, endpoint),
        nb.run_async(nb.prompts.TWENTY[:5], endpoint),
    )
    # solution ends


check("2.7", await make_two_runs(endpoint))

# %%
# hint("2.7")

# %% [markdown]
# ## Another kitchen: a thread
#
# In a thread of its own no loop is running, so there `asyncio.run` works as in a script, with no
# patch at all. `asyncio.to_thread` starts one, and the notebook stays free meanwhile. The price: a
# client that was made in one loop cannot be used in the other. Make it where you use it.

# %%
await asyncio.gather(asyncio.to_thread(asyncio.run, boil("tea", 0.3)), boil("eggs", 0.4))

# %% [markdown]
# ## Key points
#
# - A notebook runs its cells in an event loop that is there before your first cell. One thread, one loop.
# - In a cell and in every `async def`: write `await`. What you time must be nothing but `await`.
# - `nb.patch_loop()` is for programs you cannot change. Nested runs end last in, first out.
# - `except RuntimeError` around `asyncio.run` hides errors of `main`, and may run it twice.
# - A thread is another kitchen: its own loop, its own clients.

# %% [markdown]
# ## The same as a script
#
# [scripts/02-the-loop.py](scripts/02-the-loop.py) runs the same functions where no loop is running:
# `python notebooks/scripts/02-the-loop.py`. There `nb.patch_loop()` finds nothing to patch and says so.

# %% [markdown]
# ## Where to go next
#
# You can start many calls at once now. Should you? [Lesson 3](03-how-many-at-once.ipynb) asks how many
# are good. What happens to the cook when one pot will not let go of the spoon is
# [lesson 6](06-do-not-block.ipynb).
