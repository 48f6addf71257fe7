# %% [markdown]
# # The pictures, and what each tells
#
# Every picture here is a run on the simulator, made by the code above it (in the book, unfold it). A
# real server gives the same pictures with other numbers; each says in its second line whether it was
# simulated.

# %% tags=["hide-input"]
import asyncio
import time

import aiml_nb as nb
from aiml_nb.widgets import LoopView


def server(scenario, speed=8, seed=0):
    return nb.connect(simulate=True, scenario=scenario, seed=seed, speed=speed, verbose=False)


report = nb.patch_loop()

# %% [markdown]
# ## A comparison: one after another, and at the same time
#
# Read the two panels from top to bottom, on one time axis. Above, each call begins when the one before
# it ends. Below, both begin at once. Pale is waiting for the first word, dark is text that arrives.
# **What it tells**: the short answer need not wait for the long one, and the total is as long as the
# longest call.

# %% tags=["hide-input"]
nb.compare(nb.prompts.FAQ, server("faq", speed=6), stream=True, progress=False)

# %% [markdown]
# ## A run with a limit
#
# Twenty questions, five at a time. A thin grey line before a bar is a call that waits for its turn; the
# number at the right is the order in which the answers came. The dashed line is the least time in which
# any order could have done it. **What it tells**: how long calls waited for *us*, and whether another
# order would have helped.

# %% tags=["hide-input"]
run = nb.run(nb.prompts.TWENTY, server("faq"), max_concurrency=5, stream=True, progress=False)
run

# %% [markdown]
# ## Several ways to make the same calls
#
# The same questions with a limit of five, and in groups of five. Every group waits for its slowest call,
# and the slots of the others stand idle: the white in the lower panel. **What it tells**: which way is
# faster, and where the time went that the other one lost.

# %% tags=["hide-input"]
groups = nb.run(
    nb.prompts.TWENTY,
    server("faq"),
    strategy="batches",
    max_concurrency=5,
    stream=True,
    progress=False,
)
nb.plot_timeline([run, groups])

# %% [markdown]
# ## Attempts that failed, and pauses
#
# Three of the requests are answered with an error that passes. A hatched piece is an attempt that was
# tried again, the dotted line the pause after it. **What it tells**: why a call took long. It was not
# the answer that was slow.

# %% tags=["hide-input"]
nb.run(nb.prompts.TWENTY[:10], server("hiccups", speed=4), stream=True, progress=False)

# %% [markdown]
# ## A limit that is learnt
#
# This server takes seven calls at a time and refuses the others, without saying how many it takes. The
# strategy `adaptive` begins low, goes up while all is well, and down when it is refused. The strip shows
# the limit over time. **What it tells**: how many at once this server takes.

# %% tags=["hide-input"]
nb.run(
    [f"Question {number}?" for number in range(60)],
    server("seven", speed=12),
    strategy="adaptive",
    progress=False,
)

# %% [markdown]
# ## Too many calls for rows: lanes
#
# Two hundred calls, twenty at a time. Each lane is one of the twenty slots. Below it stands how many
# calls were in flight, and how many were done. At the right each call is a point: how far it lies above
# or below the line tells how many places it gained or lost. **What it tells**: whether the slots were
# busy to the end, or a few slow calls kept everybody waiting.

# %% tags=["hide-input"]
many = [f"Question {number}?" for number in range(200)]
lanes = nb.run(
    many, server("stragglers", speed=24), max_concurrency=20, stream=True, progress=False
)
lanes

# %% [markdown]
# ## Too many for lanes: an overview
#
# Twelve hundred calls. The line is the median of the calls that finished then; 90 of 100 lie in the band.
# **What it tells**: whether answers became slower during the run.

# %% tags=["hide-input"]
hundreds = [f"Question {number}?" for number in range(1200)]
nb.run(hundreds, server("faq", speed=80), max_concurrency=15, progress=False)

# %% [markdown]
# ## Is it really faster? Repeats
#
# Ten pairs of runs, sync and async in turns. Each point is a pair, the band is the interval in which the
# true speed-up lies with 95 %. **What it tells**: whether a speed-up is more than chance. If the band
# includes 1, it may not be.

# %% tags=["hide-input"]
nb.compare(nb.prompts.FAQ, server("classroom", speed=60), repeats=10, progress=False)

# %% [markdown]
# ## What if the limit were another one?
#
# The durations of the run with five at a time, put into other numbers of slots. **What it tells**: from
# which limit on more calls at once gain little, if calls do not get slower by it.

# %% tags=["hide-input"]
nb.what_if(run, max_concurrency=[1, 2, 5, 10, 20])

# %% [markdown]
# ## Your own code
#
# Here `nb.run` calls a function of one's own for each question, and the function calls a model twice:
# for an answer, and for the numbers that stand for its meaning. A row is a question; the bars in it are
# the two calls, each kind with a hatch of its own. `%%timeline` draws the calls of any cell in the same
# way. **What it tells**: which part of a program waits, and for what.

# %% tags=["hide-input"]
from openai import AsyncOpenAI

endpoint = server("faq")
client = AsyncOpenAI(base_url=endpoint.base_url, api_key=endpoint.key.reveal())


async def ask_and_check(question):
    messages = [{"role": "user", "content": question}]
    answer = await client.chat.completions.create(model="gpt-4o", messages=messages)
    text = answer.choices[0].message.content
    await client.embeddings.create(model="text-embedding-3-small", input=text)
    return text


nb.run(nb.prompts.TWENTY[:6], ask_and_check, max_concurrency=3, progress=False)

# %% [markdown]
# ## An event loop that was held
#
# One coroutine sleeps for half a second without `await`, and lets nobody else run. The lane shows when, and which line
# of which function it was. **What it tells**: that the program, and not the server, made everybody wait.


# %% tags=["hide-input"]
async def save_notes():
    await asyncio.sleep(0.1)
    time.sleep(0.5)  # a slow disk


run_held, _ = await asyncio.gather(
    nb.run_async(nb.prompts.TWENTY[:8], server("faq"), progress=False), save_notes()
)
run_held

# %% [markdown]
# ## The same, in simple words
#
# `detail="simple"` leaves out what a first look does not need.

# %% tags=["hide-input"]
nb.plot_timeline(run_held, detail="simple")

# %% [markdown]
# ## An event loop, step by step
#
# Not a picture but a replay: go through it with its buttons or the arrow keys. One task runs; the
# others are ready, or wait. **What it tells**: who runs, who waits for what, and who wakes whom.


# %% tags=["hide-input"]
async def boil(what, seconds):
    for _ in range(3):
        await asyncio.sleep(seconds / 3)
    return f"{what} ready"


LoopView(boil("tea", 0.3), boil("eggs", 0.5))
