# %% [markdown]
# # Appendix: more honest numbers
#
# [Lesson 7](07-honest-numbers.ipynb) makes pairs of runs, and measures what users wait. Two questions
# were left open: why pairs, and does the test itself hide waits? In about 20 minutes you will
#
# - see how a busy hour makes one of two equal programs look slower;
# - ask a server on a schedule, and see the waits that wait-then-send leaves out.

# %%
import asyncio
import statistics
import time

import aiml_nb as nb
from aiml_nb.course import Stopwatch, check, hint, predict, quiz, reveal

# %% [markdown]
# ## Why in pairs, and in which order?
#
# A server has busy hours. Say it becomes 5 % slower with every run, and two programs A and B are
# exactly equally good. We compare them in eight runs.


# %%
def b_over_a(order):
    seconds = {"A": [], "B": []}
    for number, program in enumerate(order):
        seconds[program].append(1.05**number)
    return statistics.mean(seconds["B"]) / statistics.mean(seconds["A"])


for order in ("AAAABBBB", "ABABABAB", "ABBABAAB"):
    print(f"{order}: B takes {b_over_a(order):.2f} times as long as A")

# %% [markdown]
# First all of A and then all of B: B looks 1.22 times slower, for no other reason than that it came
# later. In pairs the drift of a single run is left, 1.05. If A and B take turns at being first, it
# is 1.00: nothing is left. So `nb.compare` makes pairs, and draws the order in each.

# %%
endpoint = nb.connect(scenario="classroom", seed=2, speed=25)
pair = ["Who painted the Mona Lisa?", "Suggest three names for a sailing boat."]
many = nb.compare(pair, endpoint, repeats=6, progress=False)
for sync, concurrent in many.pairs:
    first = "sync" if sync.started_at < concurrent.started_at else "async"
    print(f"{first:5} came first: {sync.makespan / concurrent.makespan:.2f}×")

# %% [markdown]
# ## Whom do you measure?
#
# This server (`stall`) serves one call at a time, in about 0.03 s each. Only the fifth call is
# stuck for half a second. We send 20 questions, one after another: each as soon as the one before
# is answered.

# %%
closed = nb.run(nb.prompts.TWENTY, nb.connect(scenario="stall", speed=20), strategy="sequential")
closed

# %% [markdown]
# One slow call out of 20. "95 % of our users wait 0.03 s," says the report.
#
# But users do not wait for each other. They come when they come: let us say one every 0.05 s,
# whether or not the others have been served. So each question gets a moment when it is **due**.


# %%
async def ask_at(due, question, client, watch):
    await asyncio.sleep(due - watch.now)
    with watch.time(question, due=due):
        await client.chat.completions.create(
            model=watch.endpoint.model, messages=[{"role": "user", "content": question}]
        )


# %%
predict("7.10", "How many of the 20 will now wait longer than 0.1 s?", unit="calls")

# %%
stall = nb.connect(scenario="stall", speed=20, verbose=False)
async with stall.open_async() as client:
    await stall.warm_up_async(client)
    watch = Stopwatch(stall)
    await asyncio.gather(
        *(ask_at(0.05 * n, text, client, watch) for n, text in enumerate(nb.prompts.TWENTY))
    )
nb.plot_timeline(watch.run, detail="simple")

# %%
waits = [call.total_time for call in watch.run.calls]
reveal("7.10", sum(wait > 0.1 for wait in waits))
for name, seconds in {"closed": [c.duration for c in closed.calls], "open": waits}.items():
    print(f"{name:6} median {statistics.median(seconds):.2f} s, slowest {max(seconds):.2f} s")

# %% [markdown]
# The same server, the same hiccup. Everybody who came while the fifth call was stuck had to wait,
# and so had those who came after them, since the queue was slow to get shorter. The first
# measurement did not see them, because it *had not sent them*: while the server was stuck, our
# program politely stopped asking.
#
# - **Closed loop**: wait for the answer, then send the next question. It measures one patient user,
#   or a script that works off a list.
# - **Open loop**: send on a schedule, whatever the server does. It measures a public that comes
#   when it likes.
#
# That a closed loop stops asking just when things are bad is called **coordinated omission**. The
# remedy: measure each wait from the moment when the question was *due*.

# %% [markdown]
# **Your turn.** Write `on_schedule(ask, questions, gap)`. `ask` is a coroutine function. Question
# number n (from 0) is due `n * gap` seconds after the start. Return the list of waits: for each
# question the seconds from when it was due to when it was answered.


# %% tags=["exercise"]
# Exercise 7.11: send on a schedule, and measure from when each question was due
async def on_schedule(ask, questions, gap):
    start = time.perf_counter()

    async def ask_one(number, question):
        # solution begins
        due = start + number * gap
        await asyncio.sleep(due - time.perf_counter())
        await ask(question)
        return time.perf_counter() - due
        # solution ends

    return await asyncio.gather(*(ask_one(n, question) for n, question in enumerate(questions)))


check("7.11", on_schedule)

# %%
# hint("7.11")

# %%
quiz("7.12")

# %% [markdown]
# ## Key points
#
# - Compare in pairs, in a mixed order: what drifts is then in both sides alike.
# - Say how the calls were sent: each after the answer to the one before, or on a schedule. On a
#   schedule, measure from when they were due.
