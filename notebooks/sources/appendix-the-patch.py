# %% [markdown]
# # Appendix: what else goes wrong under the patch
#
# [Lesson 2](02-the-loop.ipynb) says: write `await`, and leave `nb.patch_loop()` to programs that you
# cannot change. This appendix is for those who have such a program, or who wonder why. In about 20
# minutes you will see
#
# - how two runs go on at the same time, with nothing nested;
# - how a program finds out whether a loop is running already;
# - the idiom of four lines that many programs end in, and its two faults;
# - what the patch that came before lost;
# - the other way out: a thread.

# %%
import asyncio

import aiml_nb as nb
from aiml_nb.course import check, hint, predict, reveal

report = nb.patch_loop()
endpoint = nb.connect(simulate=True, scenario="faq", seed=2, speed=8)

# %% [markdown]
# ## Two runs at the same time
#
# Two functions that call `nb.run(…)` would be two books of a pile, like the naps of lesson 2. With
# `nb.run_async(…)` nothing is nested.
#
# **Your turn.** Make two runs at the same time: one of `nb.prompts.FAQ`, the other of the first five
# of `nb.prompts.TWENTY`. Return both. The check looks at when they began and ended.


# %% tags=["exercise"]
# Exercise 2.7: two runs at the same time
async def make_two_runs(endpoint):
    # solution begins
    return await asyncio.gather(
        nb.run_async(nb.prompts.FAQ, endpoint),
        nb.run_async(nb.prompts.TWENTY[:5], endpoint),
    )
    # solution ends


check("2.7", make_two_runs)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("2.7")

# %% [markdown]
# ## Is there a loop already?
#
# Code that shall run everywhere, in scripts and in cells, has to know. `asyncio.get_running_loop()`
# returns the loop that is running here, and raises `RuntimeError` where there is none.


# %% tags=["exercise"]
# Exercise 2.8: True where an event loop is running, False where none is
def is_loop_running():
    # solution begins
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
    # solution ends


check("2.8", is_loop_running)

# %%
# hint("2.8")

# %% [markdown]
# ## An idiom of four lines
#
# Many programs on the web, the FAQ of AIML API among them, end in an idiom. It says: try
# `asyncio.run`, and if a loop is running already, use that one. Without the patch, both ways fail in
# a cell. With it, the first one works, and `main` runs once: `%%timeline` draws two calls, one for
# each question, and not four.

# %%
# %load_ext aiml_nb
from openai import AsyncOpenAI

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
# ### Everything twice
#
# The idiom has a flaw of its own. `except RuntimeError` is meant for *a loop is running already*. It
# also catches a `RuntimeError` that `main` itself raises, in the middle of its work. How often does
# this `main` run?

# %%
predict("2.9", "main fails with a RuntimeError: how often is it run?", choices=["once", "twice"])

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
reveal("2.9", ["once", "twice"][len(times_run) - 1])

# %% [markdown]
# Here it was once: after `nb.patch_loop()` the second run of the same function is refused, and you see
# the error that was really raised. Under the old patch it is *twice*, and every call of `main` is
# paid for twice. In a script it is once, but you see another error than the one `main` raised. Better
# not to need the idiom: find out first whether a loop is running, as you did in exercise 2.8, and then
# run `main` one way or the other.

# %% [markdown]
# ## Lost cells
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
# ## Another way out: a thread
#
# In a thread of its own no loop is running, so there `asyncio.run` works as in a script, with no
# patch at all. `asyncio.to_thread` starts one, and the notebook stays free meanwhile. The price: a
# client that was made in one loop cannot be used in the other. Make it where you use it.


# %%
async def boil(what, seconds):
    await asyncio.sleep(seconds)
    return f"{what} ready"


await asyncio.gather(asyncio.to_thread(asyncio.run, boil("tea", 0.3)), boil("eggs", 0.4))

# %% [markdown]
# ## Key points
#
# - Two runs at the same time: `nb.run_async` twice, in one `gather`.
# - `asyncio.get_running_loop()` raises `RuntimeError` where no loop is running. Ask first; then run
#   `main` one way or the other.
# - `except RuntimeError` around `asyncio.run` hides errors of `main`, and may run it twice.
# - The old patch loses cells that wait in the queue. `nb.patch_loop()` keeps its successor in force.
# - A thread has a loop of its own, and wants clients of its own.
