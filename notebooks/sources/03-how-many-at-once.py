# %% [markdown]
# # 3. How many at once: why not all of them?
#
# In lesson 1 you sent twenty questions at once, and that was fast. So why not two hundred, or
# everything you have? In about 35 minutes you will be able to
#
# - keep the number of calls in flight at a limit of your own;
# - say how many calls in flight a pace needs, and which time no trick can beat;
# - see in a picture where slots stand idle, and where the server says: too many.
#
# You need no key and no money. All questions go to the **simulator** on this machine, and every
# table and picture says so.

# %%
import asyncio

import aiml_nb as nb
from aiml_nb.course import check, hint, predict, quiz, reveal

questions = nb.prompts.TWENTY

# %% [markdown]
# The simulator can play many kinds of server. Each kind is a *scenario* with a name. We connect
# anew for each run: then the same question takes the same time in every run, and what differs is
# only what we did. Everything runs twelve times as fast as a real model, unless we say otherwise.


# %%
def connect_to(scenario, speed=12):
    return nb.connect(simulate=True, scenario=scenario, speed=speed, seed=0, verbose=False)


# %% [markdown]
# ## A shop with five cashiers
#
# Every server has a limited number of hands. The one called `tight` works on five calls at once,
# like a shop with five cashiers. Who comes later stands in line.
#
# A call is **in flight** from the moment it is sent until its answer is there.
# `max_concurrency=5` is *your* limit: never more than five calls in flight.

# %%
five = nb.run(questions, connect_to("tight"), max_concurrency=5)
five

# %% [markdown]
# Each row is a question. The thin grey line is a question that waits for one of your five slots;
# it has not been sent yet. As soon as one answer is there, the next question leaves.
#
# (If the small text under the headline says that the event loop was late, this machine is busy with
# other things. That is the subject of lesson 6, and no harm here.)
#
# Now we lift the limit: all twenty at once, to the same server.
#
# **Guess before you run on.**

# %%
predict(
    "3.1",
    "All twenty in flight at once, to a server with five cashiers. How long will it take?",
    choices=["a quarter of the time", "half the time", "the same time"],
)

# %%
twenty = nb.run(questions, connect_to("tight"), max_concurrency=20)
is_same = twenty.makespan > 0.75 * five.makespan
reveal("3.1", "the same time" if is_same else "half the time")
nb.plot_timeline([five, twenty])

# %% [markdown]
# In this picture a row is a *slot*, and the calls that used it stand one behind the other.
#
# "More in flight is always faster" is a belief that many people share. It holds as long as the
# server has a free hand. Beyond that, the line in front of the cashiers gets longer, and nothing
# else happens.
#
# Look at the bars: with twenty in flight they are longer. Nobody worked longer on these answers.
# The waiting has only moved, from your program to the server. (Their left ends are a little slanted:
# even "at once" the program writes one question after the other, in a moment each.)

# %%
table = nb.compare_strategies([five, twenty])
table[["makespan", "duration_median", "duration_max", "peak_in_flight"]].round(2)

# %% [markdown]
# `makespan` is the time from the first question to the last answer. It is nearly the same.
# `duration` is the time that one call is in flight. In the middle (`duration_median`) it has become
# much longer.
#
# Does it matter where a call waits? It does. In your own line a call can still be called off, costs
# nothing, and its timeout has not begun. In the server's line all three are lost.

# %% [markdown]
# ## A limit of your own
#
# How do you hold calls back? With a **semaphore**. Think of a bowl with two tickets in it.
# `async with slots:` takes a ticket, or waits until there is one, and puts it back at the end.

# %%
slots = asyncio.Semaphore(2)


async def visit(name):
    async with slots:
        print(name, "goes in")
        await asyncio.sleep(0.05)
        print(name, "comes out")


await asyncio.gather(visit("first"), visit("second"), visit("third"))

# %% [markdown]
# The third goes in only after another came out. `gather` started all three at once, and the bowl of
# tickets did the rest. (The three `None` are what `gather` hands over: `visit` returns nothing.)
#
# **Your turn.** Write `ask_all`. It gets an async function `ask` that answers one question, a list
# of questions, and a limit. It returns the answers in the order of the questions. At no moment
# are more than `limit` questions in flight, and no slot stands empty while a question waits.


# %% tags=["exercise"]
# Exercise 3.2: ask all questions, with at most `limit` of them in flight
async def ask_all(ask, questions, limit):
    # solution begins
    slots = asyncio.Semaphore(limit)

    async def ask_in_slot(question):
        async with slots:
            return await ask(question)

    return await asyncio.gather(*(ask_in_slot(question) for question in questions))
    # solution ends


check("3.2", ask_all)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("3.2")

# %% [markdown]
# ## How many does a pace need?
#
# A shop again. Ten customers come in each minute, and each stays for three minutes. How many are
# inside, on average? Thirty. This is **Little's law**, and it holds for calls as well:
#
# *calls in flight = answers per second × seconds that each call takes*, all three on average.

# %%
per_second = len(five.calls) / five.makespan
seconds_each = five.to_frame()["duration"].mean()
print(f"{per_second:.1f} answers a second × {seconds_each:.3f} s = {per_second * seconds_each:.2f}")
five.summary()[["mean_in_flight", "max_concurrency"]].round(2)

# %% [markdown]
# The law gives just what was measured. The mean is a little under the limit of five, because
# towards the end the slots empty one by one.
#
# Read the other way round, the law tells you which limit to choose. **Your turn:** how many calls
# must be in flight for so many answers *a minute*? Take the durations from the run.


# %% tags=["exercise"]
# Exercise 3.3: the calls in flight that a pace needs
def in_flight_needed(run, answers_per_minute):
    durations = [call.duration for call in run.calls]  # seconds, one for each call
    # solution begins
    return answers_per_minute / 60 * sum(durations) / len(durations)
    # solution ends


check("3.3", in_flight_needed)

# %%
# hint("3.3")

# %% [markdown]
# ## The time that no trick can beat
#
# Some things cannot be hurried. A run is never done before its longest call is. And five slots
# cannot do more than five seconds of work in a second. The larger of the two is the **lower
# bound**: the dashed line in the pictures. Each run has its own, made from its own durations.

# %%
durations = five.to_frame()["duration"]
print(f"longest call: {durations.max():.2f} s, work for each slot: {durations.sum() / 5:.2f} s")
five.summary()[["lower_bound", "makespan", "efficiency"]].round(2)

# %% [markdown]
# `efficiency` is the bound divided by the time it took. Near 1, nothing is left to gain at this
# limit. Far below 1, slots stood idle: calls waited for each other, or the program could not begin
# them fast enough. Here is how the first comes about.

# %% [markdown]
# ## The trap: one group after another
#
# Many programs hold calls back in another way. They cut the list into groups and gather one group
# after the other:
#
# ```python
# for start in range(0, len(questions), 5):
#     await asyncio.gather(*(ask(question) for question in questions[start : start + 5]))
# ```
#
# That keeps the limit, too. Here it is called `strategy="batches"`. We try both ways at a server
# where now and then a call takes eight times as long (scenario `stragglers`). Both send the same
# questions, five at a time.

# %%
predict("3.4", "How much longer will groups of five take than a limit of five?", unit="%")

# %%
steady = nb.run(questions, connect_to("stragglers", speed=16), max_concurrency=5)
groups = nb.run(
    questions, connect_to("stragglers", speed=16), max_concurrency=5, strategy="batches"
)
reveal("3.4", 100 * (groups.makespan / steady.makespan - 1))
nb.plot_timeline([steady, groups])

# %% [markdown]
# Look at the white gaps in the lower panel. Each group waits for its slowest call. Meanwhile up to
# four of the five slots are empty, although questions are waiting.
#
# In the upper panel the same slow call holds up one slot. The other four go on.
#
# ## Too many
#
# A patient server lets you stand in line. Others turn you away: the answer is then no answer, but
# the **status 429, too many requests**. The server `seven` does so when more than seven calls are
# in flight.
#
# A call that was turned away is not lost. `nb.run` waits and sends it again, so that one call may
# need several *attempts*. (How this works is the subject of lesson 5.)

# %%
predict(
    "3.5",
    "Fourteen questions at once, to a server that takes seven. How many attempts will it need?",
    unit="attempts",
)

# %%
refused = nb.run(questions[:14], connect_to("seven", speed=4))
reveal("3.5", sum(len(call.attempts) for call in refused.calls))
refused

# %% [markdown]
# Seven were turned away at once: the narrow striped bars on the left. Their dotted lines are the
# **back-off**, the time until they may try again. A 429 means *you are too fast*, so it is at least
# a second. After so many refusals nothing at all is sent for a while: that is the hatched part in the
# background. Being too fast was slow. (The dotted line in the lower panel is the limit. It was
# lowered, too.)
#
# Many providers count otherwise: so many requests or tokens *in a minute*. For those there are
# `requests_per_minute=` and `tokens_per_minute=`, which hold calls back before they are sent.
#
# **Your turn.** Set `limit` to the largest number at which `seven` turns nobody away. The
# line `limit = …` comes in place of the one that says `raise`.

# %% tags=["exercise"]
# Exercise 3.6: as many in flight as the server takes, and nobody turned away
# solution begins
limit = 7
# solution ends
run = nb.run(questions, connect_to("seven"), max_concurrency=limit)

check("3.6", run)

# %%
# hint("3.6")

# %% [markdown]
# ## When nobody tells you the limit
#
# Few servers tell how many calls they take. `strategy="adaptive"` finds out by trying: it begins
# with four, adds more while all goes well, and takes some back when too many are turned away.

# %%
learned = nb.run(questions, connect_to("seven"), strategy="adaptive", max_concurrency=8)
learned

# %% [markdown]
# The dotted line in the lower panel is the limit as it learns. Each triangle is a 429: fewer than
# seven calls were turned away, and not all at once. (A call that backs off gives its slot back, so
# more calls than the limit may have begun.) With twenty questions the learning costs more than it
# brings; with two thousand it pays.
#
# ## What would another limit have done?
#
# You need not try every limit. `what_if` takes the durations of a run and plays them again with
# other limits, on paper. Here with the run that had one very slow call:

# %%
forecast = nb.what_if(steady, max_concurrency=[1, 2, 5, 10, 20])
forecast.to_frame()[["max_concurrency", "makespan", "lower_bound"]].round(2)

# %%
ten = nb.run(questions, connect_to("stragglers", speed=16), max_concurrency=10)
print(f"predicted for ten: {forecast.makespans[3]:.2f} s, measured: {ten.makespan:.2f} s")

# %% [markdown]
# From one to five in flight gains much, from ten to twenty nothing: the slowest call alone takes
# that long.
#
# A forecast is as good as its assumption. This one takes for granted that a call lasts as long in a
# crowd as it does alone. You have met a server where that is wrong:

# %%
crowd = nb.what_if(five, max_concurrency=[5, 20])
print(f"five cashiers, twenty at once: predicted {crowd.makespans[1]:.2f} s,", end=" ")
print(f"measured {twenty.makespan:.2f} s")
print(crowd.caveat)

# %% [markdown]
# A forecast cannot know about cashiers that it has never seen busy. Use it to choose what to try
# next, and then try it.

# %%
quiz("3.7")

# %%
quiz("3.8")

# %% [markdown]
# ## Key points
#
# - More in flight is faster only while the server has a free hand. Beyond that calls wait in the
#   server's line, or are turned away with status 429.
# - A semaphore keeps a limit and fills each slot again at once. Groups keep it too, but each group
#   waits for its slowest call.
# - Calls in flight = answers per second × seconds each. That tells you which limit a pace needs.
# - No run beats its lower bound: the longest call, or the work for each slot.
#
# ## The same as a script
#
# [scripts/03-how-many-at-once.py](scripts/03-how-many-at-once.py) runs outside Jupyter:
# `python notebooks/scripts/03-how-many-at-once.py`.
#
# ## Where to go next
#
# [Lesson 4](04-first-token.ipynb) asks why streaming feels faster.
