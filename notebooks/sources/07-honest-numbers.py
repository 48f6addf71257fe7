# %% [markdown]
# # 7. Honest numbers: is it really faster?
#
# "I tried it, and it was twice as fast." Perhaps it was. In about 30 minutes you will be able to
#
# - say why one comparison is an anecdote, and read the interval of several;
# - describe waiting times by a median and a percentile, and say what a mean hides;
# - tell the time of the server from the time that the user waits.
#
# No key and no money is needed: the calls go to a simulator on this machine.

# %%
import asyncio
import statistics
from time import perf_counter

import aiml_nb as nb
from aiml_nb.course import check, hint, predict, quiz, reveal

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
        began = perf_counter()
        client.chat.completions.create(model=instant.model, messages=hello)
        milliseconds.append(round(1000 * (perf_counter() - began)))
milliseconds

# %% [markdown]
# The same question, the same answer, and the first one took longest. It had to load code, open a
# connection and fill caches. (Run the cell again: the code is loaded now, and the difference is
# small.) Whoever is measured first pays for this. So each side of a comparison makes
# a **warm-up** call first, whose time is not counted. `nb.run` and `nb.compare` do that for you:
# they ask for the list of models, which costs nothing.
#
# ## One comparison
#
# Two questions, one after another and then at the same time. This server's answers take one to
# three seconds, and a question that is asked again takes another time, as with real models. (In
# lesson 0 it took the same time twice, because each connection was new and began its draws with the
# same seed. Here all calls go through one connection, and the draws go on.) The simulator is 25
# times as fast here.

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
# With a single pair there is no band, and the small text says so: *1 run each, so no error bar.*

# %%
quiz("7.2")

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
# Why pairs, and not first all sync runs and then all async runs? Servers have busy hours, and
# whoever comes later would be blamed for them. [An appendix](appendix-more-honest-numbers.ipynb)
# shows it.

# %% [markdown]
# ## What a mean hides
#
# Now one run of 100 calls. At this server (`stragglers`) one call in twenty takes eight times as
# long as it otherwise would. Nobody knows beforehand which. (Here it will be four of the hundred:
# one in twenty is an average, too.)
#
# Beside the picture stands *Kendall's τ*. It is 1 if the answers come in the order of asking, and about 0 if
# they come in any order.

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
# ## Where the clock starts
#
# Twenty people ask at the same moment, and we keep at most four calls in flight. For each call the
# table has three times:
#
# - `duration`: from sending to the end, which is what the server needs;
# - `queue_time`: the wait for a slot before that, which is our own doing;
# - `total_time`: both together, which is what the user waits.

# %%
steady = nb.connect(scenario="classroom", seed=4, speed=12)
twenty = nb.run(nb.prompts.TWENTY, steady, max_concurrency=4)
twenty

# %%
predict("7.7", "How many of the 20 waited longer than the slowest call took?", unit="calls")

# %%
slowest = max(call.duration for call in twenty.calls)
reveal("7.7", sum(call.total_time > slowest for call in twenty.calls))
times = ["duration", "queue_time", "total_time"]
twenty.to_frame()[times].describe(percentiles=[0.5, 0.95]).loc[["50%", "95%"]].round(2)

# %% [markdown]
# Both lines are true, and they are about different things. *"Half of the calls took at most so
# long"* speaks of the server. The users waited in our queue as well, and most of them longer there
# than at the server. A report about a service gives `total_time`; a report about a model gives
# `duration`, and says that it does.
#
# A limit moves time from one column to the other. Here are the medians with two other limits:

# %%
for limit in (8, 20):
    run = nb.run(nb.prompts.TWENTY, steady, max_concurrency=limit, progress=False)
    print(f"at most {limit:2}:", run.to_frame()[times].median().round(2).to_dict())

# %% [markdown]
# **Your turn.** Measure both with your own code. `ask` is a coroutine function, and at most `limit`
# calls may be in flight. All questions are asked at `begin`. Return for each question, in their
# order, a pair: its queue time and its duration.


# %% tags=["exercise"]
# Exercise 7.8: for each question (queue time, duration), at most `limit` in flight
async def measure(ask, questions, limit):
    slots = asyncio.Semaphore(limit)
    begin = perf_counter()

    async def ask_one(question):
        # solution begins
        async with slots:
            started = perf_counter()
            await ask(question)
            finished = perf_counter()
        return started - begin, finished - started
        # solution ends

    return await asyncio.gather(*(ask_one(question) for question in questions))


check("7.8", measure)

# %%
# hint("7.8")

# %%
quiz("7.9")

# %%
quiz("7.13")

# %% [markdown]
# ## Key points
#
# - Warm up, and do not count it.
# - One comparison is an anecdote. Make pairs, and say how many there were.
# - Give the interval. If it contains 1, say that you do not know yet. Four times as many pairs make
#   it about half as wide.
# - Median and percentiles, with the number of calls. A mean describes nobody.
# - Count failures beside the times, never among them.
# - Say whether your times begin when a call is sent or when it is wanted. Users wait from when they
#   ask.
#
# ## The same as a script
#
# [scripts/07-honest-numbers.py](scripts/07-honest-numbers.py) makes the ten pairs outside Jupyter:
# `python notebooks/scripts/07-honest-numbers.py`. On the command line:
# `aiml-nb compare --simulate --repeats 10`.
#
# ## Where to go next
#
# [8. Your own prompts](08-your-own-prompts.ipynb): from a list to a file of answers.
# [An appendix](appendix-more-honest-numbers.ipynb) goes on here: why pairs, and what a test that
# waits for each answer never sees.
