# %% [markdown]
# # 7. Honest numbers: is it really faster?
#
# "I tried it, and it was twice as fast." Perhaps it was. In about 35 minutes you will be able to
#
# - say why one comparison is an anecdote, and read the interval of several;
# - describe waiting times by a median and a percentile, and say what a mean hides;
# - ask a server on a schedule, and see the waits that wait-then-send leaves out.
#
# No key and no money is needed: the calls go to a simulator on this machine.

# %%
import asyncio
import statistics
import time

import aiml_nb as nb
from aiml_nb.course import Stopwatch, check, hint, predict, quiz, reveal

# %% [markdown]
# ## The first is always slower
#
# The simulator's scenario `instant` answers at once: what you measure is your own program. We ask
# the same question five times, and stop the time of each.

# %%
instant = nb.connect(scenario="instant")
hello = [{"role": "user", "content": "Hello!"}]
milliseconds = []
with instant.open() as client:
    for _ in range(5):
        began = time.perf_counter()
        client.chat.completions.create(model=instant.model, messages=hello)
        milliseconds.append(round(1000 * (time.perf_counter() - began)))
milliseconds

# %% [markdown]
# The same question, the same answer, and the first one took many times as long. It had to load
# code, open a connection and fill caches. (Run the cell again: the code is loaded now, and the
# difference is small.) Whoever is measured first pays for this. So each side of a comparison makes
# a **warm-up** call first, whose time is not counted. `nb.run` and `nb.compare` do that for you:
# they ask for the list of models, which costs nothing.
#
# ## One comparison
#
# Two questions, one after another and then at the same time. This server's answers take one to
# three seconds, and the same question does not take the same time twice. That is what real models
# are like. (The simulator is 25 times as fast here.)

# %%
endpoint = nb.connect(scenario="classroom", seed=2, speed=25)
pair = ["Who painted the Mona Lisa?", "Suggest three names for a sailing boat."]

# %%
predict("7.1", "How many times faster will both questions at once be?", unit="times")

# %%
once = nb.compare(pair, endpoint)
once

# %%
reveal("7.1", once.speedup)

# %% [markdown]
# *Slower?* Nothing is broken. Look at the same question in the upper and in the lower panel: in the
# second run one of the answers happened to take far longer. That accident is larger than what we
# wanted to measure.
#
# Somebody else tries the same.

# %%
again = nb.compare(pair, endpoint)
print(once.finding)
print(again.finding)

# %% [markdown]
# Two careful people, two measurements, opposite findings. Neither did anything wrong, except to
# stop after one comparison.
#
# ## Ten comparisons
#
# `repeats=10` makes ten **pairs** of runs: one sync and one async run each, side by side in time.

# %%
many = nb.compare(pair, endpoint, repeats=10, progress=False)
many

# %% [markdown]
# Look at the strip with the dots first.
#
# - Each dot is one pair. They are scattered widely: each of them could have been *your*
#   measurement.
# - The thick line is the typical speed-up of the ten pairs, and the band around it is its **95 %
#   interval**: the values that these ten pairs are compatible with.
# - The thin line is at 1×, *same speed*. The whole band lies to the right of it. So yes: async is
#   faster. Had the band covered the line, the honest answer would be: *we do not know yet.*
#
# With a single pair there is no band, and the small print says so: *1 run each, so no error bar.*

# %%
quiz("7.2")

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
# First all of A and then all of B: B looks much slower, for no other reason than that it came
# later. In pairs hardly anything of that is left, and with a mixed order within the pairs nothing.
# So `compare` makes pairs and draws the order in each.

# %%
for sync, concurrent in many.pairs:
    first = "sync" if sync.started_at < concurrent.started_at else "async"
    print(f"{first:5} came first: {sync.makespan / concurrent.makespan:.2f}×")

# %% [markdown]
# How do ten ratios become one? If async is twice as fast in one pair and half as fast in the next,
# then neither is better: 2 and 0.5 should make 1. Their mean is 1.25.
#
# **Your turn.** Write `typical(ratios)`, in which 2 and 0.5 cancel each other out. The *geometric
# mean* does it: multiply all n ratios, and take the n-th root, which is the power of `1 / n`.


# %% tags=["exercise"]
# Exercise 7.3: one number for several ratios
def typical(ratios):
    # solution begins
    product = 1.0
    for ratio in ratios:
        product *= ratio
    return product ** (1 / len(ratios))
    # solution ends


check("7.3", typical)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("7.3")

# %% [markdown]
# ## What a mean hides
#
# Now one run of 100 calls. At this server (`stragglers`) one call in twenty takes eight times as
# long as it otherwise would. Nobody knows beforehand which. (Here it will be four of the hundred:
# one in twenty is an average, too.)

# %%
stragglers = nb.connect(scenario="stragglers", seed=0, speed=15, verbose=False)
hundred = nb.run(nb.prompts.TWENTY * 5, stragglers, max_concurrency=20)
hundred

# %%
predict("7.4", "How many of the 100 calls took longer than the mean of all?", unit="calls")

# %%
durations = [call.duration for call in hundred.calls]
mean = statistics.mean(durations)
reveal("7.4", sum(duration > mean for duration in durations))
print(f"The mean is {mean:.2f} s.")
columns = ["duration_median", "duration_p95", "duration_p99", "duration_max"]
hundred.summary()[columns].round(2)

# %% [markdown]
# A few very slow calls pull the mean up, until it describes neither the usual call nor the slow
# one. Better say both:
#
# - the **median**: half of the calls took at most so long. That is the usual call;
# - the **95th percentile** (p95): 95 of 100 took at most so long. That is a bad call, as everybody
#   meets it once in a while.
#
# Percentiles need numbers to stand on. `summary` gives p95 from 20 calls on and p99 from 100 on;
# for fewer there is only the maximum.
#
# Does one slow call in twenty matter? Think of a page that makes 20 calls, and is ready when all
# are. That all 20 are quick happens in 0.95 × 0.95 × … = 36 of 100 cases. In the other 64 the page
# is slow.

# %%
quiz("7.5")

# %% [markdown]
# **Your turn.** Write `within_95(run)`: the seconds within which 95 % of the *answered* calls were
# done. A refused call is often quick, and a quick failure must not make the numbers look better:
# look at `call.outcome`.


# %% tags=["exercise"]
# Exercise 7.6: the 95th percentile of the calls that are ok
def within_95(run):
    # solution begins
    done = sorted(call.duration for call in run.calls if call.outcome == "ok")
    return done[round(0.95 * len(done)) - 1]
    # solution ends


check("7.6", within_95)

# %%
# hint("7.6")

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
predict("7.7", "How many of the 20 will now wait longer than 0.1 s?", unit="calls")

# %%
stall = nb.connect(scenario="stall", speed=20, verbose=False)
async with stall.open_async() as client:
    await stall.warm_up_async(client)
    watch = Stopwatch(stall)
    await asyncio.gather(
        *(ask_at(0.05 * n, text, client, watch) for n, text in enumerate(nb.prompts.TWENTY))
    )
watch.run

# %%
waits = [call.total_time for call in watch.run.calls]
reveal("7.7", sum(wait > 0.1 for wait in waits))
for name, seconds in {"closed": [c.duration for c in closed.calls], "open": waits}.items():
    print(f"{name:6} median {statistics.median(seconds):.2f} s, slowest {max(seconds):.2f} s")

# %% [markdown]
# The same server, the same hiccup. Everybody who came while the fifth call was stuck had to wait,
# and so had those who came after them, since the queue was slow to get shorter. The first
# measurement did not see them, because it *had not sent them*: while the server was stuck, our
# program politely stopped asking. (Pass over what the small print says about slots: it is meant for
# runs that send as fast as they may.)
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
# Exercise 7.8: send on a schedule, and measure from when each question was due
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


check("7.8", on_schedule)

# %%
# hint("7.8")

# %%
quiz("7.9")

# %% [markdown]
# ## Key points
#
# - Warm up, and do not count it.
# - One comparison is an anecdote. Make pairs, in a mixed order, and say how many there were.
# - Give the interval. If it contains 1, say that you do not know yet. Four times as many pairs make
#   it about half as wide.
# - Median and percentiles, with the number of calls. A mean describes nobody.
# - Count failures beside the times, never among them.
# - Say how the calls were sent: each after the answer to the one before, or on a schedule. On a
#   schedule, measure from when they were due.
#
# ## The same as a script
#
# [scripts/07-honest-numbers.py](scripts/07-honest-numbers.py) makes the ten pairs outside Jupyter:
# `python 07-honest-numbers.py`. On the command line: `aiml-nb compare --simulate --repeats 10`.
#
# ## Where to go next
#
# [8. Your own prompts](08-your-own-prompts.ipynb): from a list to a file of answers.
