# %% [markdown]
# # 6. Do not block the loop: who is holding everybody up?
#
# Your program is async, and still everything waits for something. This lesson is about finding out
# for what. In about 30 minutes you will be able to
#
# - say what happens to all calls when one piece of code does not let go;
# - read off how late the event loop was, and find the piece of code that made it late;
# - choose a remedy: wait with `await`, hand the work to a thread, or use an async library.
#
# No key and no money is needed: the calls go to a simulator on this machine.

# %%
import asyncio
import time

import aiml_nb as nb
from aiml_nb.course import Stopwatch, check, hint, predict, quiz, reveal
from aiml_nb.widgets import LoopView

endpoint = nb.connect(simulate=True, seed=0, speed=8)
questions = nb.prompts.TWENTY[:8]

# %% [markdown]
# ## One loop, one pair of hands
#
# Remember the cook of [lesson 2](02-the-loop.ipynb): the **event loop** is a cook with many pots,
# your calls. All of them go on the stove, and then the cook goes to whichever boils. One pair of
# hands is enough for that: the stove does the work, and the cook looks after it. `await` means:
# *this one has to boil now, go and look after the others.* First a kitchen in which all goes well.

# %%
calm = await nb.run_async(questions, endpoint)
calm

# %% [markdown]
# While a run goes on, `aiml_nb` keeps a kitchen clock beside it: it asks the loop to be woken every
# 20 ms, and notes how much later it was woken. The worst of these delays is the **loop lag**.

# %%
print(f"The run took {calm.makespan:.2f} s. The loop was at worst {calm.loop_lag_max:.3f} s late.")

# %% [markdown]
# A few thousandths of a second are nothing, and on a busy machine a few hundredths are nothing either:
# another program, or another piece of this one, was just at work.
#
# ## Something blocks
#
# Now a second piece of code runs beside the eight calls. It has nothing to do with them. It saves
# some notes, and the disk is slow: `time.sleep(0.5)` stands for any function that takes half a
# second and returns only when it is done. Such a function **blocks**.


# %%
async def save_notes():
    await asyncio.sleep(0.1)
    time.sleep(0.5)  # a slow disk, a database, a long calculation


# %% [markdown]
# **Guess first.** You have seen how long the eight answers take. The server knows nothing of our
# notes. How long will the eight answers take with `save_notes` beside them?

# %%
predict("6.1", "How long will the eight answers take beside save_notes?", unit="s")

# %%
held_up, _ = await asyncio.gather(
    nb.run_async(questions, endpoint),
    save_notes(),
)
held_up

# %%
reveal("6.1", held_up.makespan)

# %% [markdown]
# No call finished before `save_notes` did, and then all of them finished within a moment.
#
# The server had sent its answers in time. They lay in this computer like letters in a letter box, and
# nobody came to fetch them: the loop was inside `time.sleep` and could not look after anything else. In
# the picture every call looks slow. Two places tell the truth. The small text under the headline
# says that the event loop was late for most of the run, and that *for that part the client may have
# been the bottleneck, not the model.* And the row at the bottom is the loop's own: it was held by
# `save_notes`, in the line with `time.sleep`.
#
# The dashed line does not show it. It is drawn from the durations of the calls themselves, and these
# had become long already.
#
# Look over the cook's shoulder, with `LoopView`. Two pots are to be stirred every tenth of a second,
# and somebody saves notes. `save_notes` is RUNNING for half a second, in the line with `time.sleep`.
# It has not let go of the chair, so nobody else gets it: soup and rice are called about 0.4 s
# late.


# %%
async def stir(pot):
    for _ in range(4):
        await asyncio.sleep(0.1)


LoopView(stir("soup"), stir("rice"), save_notes())

# %%
quiz("6.2")

# %% [markdown]
# ## Three ways out
#
# | The code that blocks | What to write instead |
# |---|---|
# | only waits: `time.sleep(0.5)` | `await asyncio.sleep(0.5)` |
# | calls a function that takes its time: `save(notes)` | `await asyncio.to_thread(save, notes)` |
# | uses a library that also comes in async: `OpenAI` | the async one: `AsyncOpenAI` |
#
# `asyncio.to_thread` hires a second pair of hands. It gives the function to a **thread**, which
# works beside the loop, and `await` waits for it without holding anybody up. Write the function and
# its arguments separately, as above: with `save(notes)` you would call it yourself.


# %%
async def save_notes_in_a_thread():
    await asyncio.sleep(0.1)
    await asyncio.to_thread(time.sleep, 0.5)


free, _ = await asyncio.gather(
    nb.run_async(questions, endpoint),
    save_notes_in_a_thread(),
)

# %%
for name, run in {"calm": calm, "held up": held_up, "in a thread": free}.items():
    print(f"{name:12} makespan {run.makespan:.2f} s, loop lag {run.loop_lag_max:.3f} s")

LoopView(stir("soup"), stir("rice"), save_notes_in_a_thread())

# %% [markdown]
# The notes still took half a second. But nobody had to wait for them: `save_notes_in_a_thread` WAITS
# for its thread, as it would for a timer, and the pots are stirred in time.
#
# **Your turn.** A service asks you to pause 0.2 s before each question. Write a coroutine function
# that pauses, then asks, and returns the answer. `ask` is a coroutine function, given to you. Many
# pauses may run at the same time: none may hold up the others.


# %% tags=["exercise"]
# Exercise 6.3: pause 0.2 s, then return the answer of ask(question)
async def ask_after_a_pause(ask, question):
    # solution begins
    await asyncio.sleep(0.2)
    return await ask(question)
    # solution ends


check("6.3", ask_after_a_pause)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("6.3")

# %% [markdown]
# ## The blocker that nearly everybody writes
#
# Below is the blocking openai client, inside an `async def`, and four of them in a `gather`. It
# looks like the async programs of the other lessons. The `Stopwatch` keeps a record of each call,
# so that we can draw it.


# %%
def ask(question, watch):
    with watch.endpoint.open() as client, watch.time(question):
        client.chat.completions.create(
            model=watch.endpoint.model,
            messages=[{"role": "user", "content": question}],
        )


async def ask_async_in_name_only(question, watch):
    ask(question, watch)


# %%
predict(
    "6.4",
    "Four questions of 0.2 to 0.4 s each go through gather. How long will all four take?",
    choices=["as long as the longest, 0.4 s", "the sum of all, 1.1 s"],
)

# %%
watch = Stopwatch(endpoint)
await asyncio.gather(*(ask_async_in_name_only(question, watch) for question in questions[:4]))
took_the_sum = watch.run.makespan > 0.7
reveal("6.4", "the sum of all, 1.1 s" if took_the_sum else "as long as the longest, 0.4 s")
watch.run

# %% [markdown]
# One after another, as if `gather` were not there. **`async def` makes nothing async.** It only
# *allows* a function to pause, and a function pauses where it awaits something that is not ready.
# This one awaits nothing. So the first question keeps the loop until it is answered, then the
# second one does, and so on.
#
# The small text names the two causes that such a picture can have: *Look for code that blocks, or
# that awaits each call before the next one starts.*
#
# If all you have is the blocking function, threads help here too.

# %%
watch = Stopwatch(endpoint)
await asyncio.gather(*(asyncio.to_thread(ask, question, watch) for question in questions[:4]))
watch.run

# %% [markdown]
# **Your turn.** Somebody gives you a blocking function `ask(question)`: it returns the answer after
# a while, and you cannot change it. Write a coroutine function that asks all questions at the same
# time and returns the answers as a list, in the order of the questions.


# %% tags=["exercise"]
# Exercise 6.5: ask all questions at once with a function that blocks
async def ask_all(ask, questions):
    # solution begins
    return await asyncio.gather(*(asyncio.to_thread(ask, question) for question in questions))
    # solution ends


check("6.5", ask_all)

# %%
# hint("6.5")

# %% [markdown]
# ## Then why async at all?
#
# If threads do it too, what is the async client for? Let us ask 20 questions in three ways:
# `sequential` and `threads` use the blocking client, `gather` the async one.

# %%
fast = nb.connect(simulate=True, seed=0, speed=20, verbose=False)
runs = [
    await nb.run_async(nb.prompts.TWENTY, fast, strategy=strategy)
    for strategy in ("sequential", "threads", "gather")
]
nb.compare_strategies(runs)[["speedup", "makespan", "peak_in_flight"]].round(2)

# %% [markdown]
# For 20 calls it hardly matters. Both have all calls in flight, or nearly all, and both are several
# times as fast as one after another. The difference is what a waiting call *costs*. A waiting
# thread is a pair of hands that does nothing. A waiting coroutine is a note on the loop's list. So the
# number of threads is limited everywhere, and this limit is easy to overlook.

# %%
predict(
    "6.6",
    "We give 40 blocking calls to asyncio.to_thread at once. How many will be in flight at most?",
    unit="calls",
)

# %%
watch = Stopwatch(fast)
forty = [f"What is {number} times {number}?" for number in range(40)]
await asyncio.gather(*(asyncio.to_thread(ask, question, watch) for question in forty))
reveal("6.6", watch.peak_in_flight)

# %% [markdown]
# Not 40. `asyncio.to_thread` has a fixed number of threads: as many as this machine has processors and
# four more, but never more than 32. The other calls wait until a thread is free.
# On a large server the same program has more in flight than on your laptop, and nothing tells you.
#
# The strategy `threads` has as many as you ask for with `max_concurrency`, and 100 if you do not
# say. `gather` goes up to 1,000 calls.
#
# | You have | Use |
# |---|---|
# | calls to a model, and an async client | the async client |
# | a library that only blocks, and a few calls | `asyncio.to_thread` |
# | a library that only blocks, and dozens of calls | a `ThreadPoolExecutor` with as many threads |
# | a long calculation in Python | a process of its own: threads take turns at calculating |

# %%
quiz("6.7")

# %%
quiz("6.9")

# %% [markdown]
# ## Find out who blocks
#
# The loop lag tells you *that* somebody blocks. It does not say *who*. Here are three **suspects**, of
# which one did it. All of them sleep in the right way, with `await`, and still one of them holds everybody
# up. (A slower server gives them time to show it.)


# %%
slow = nb.connect(simulate=True, seed=0, speed=5, verbose=False)


async def save_answers():
    await asyncio.sleep(0.3)
    await asyncio.to_thread(time.sleep, 0.5)


async def count_words():
    await asyncio.sleep(0.3)
    end = time.perf_counter() + 0.5
    while time.perf_counter() < end:
        sum(len(question.split()) for question in questions)


async def look_for_news():
    for _ in range(30):
        await asyncio.sleep(0.02)


# %% [markdown]
# **Your turn.** Write `lag_beside(suspect)`. It starts a run of our eight questions at `slow` and
# lets the suspect run beside it, as `save_notes` did above, and returns the loop lag of that run. The
# check tries it with suspects of its own. If it passes, the cell tries all three of ours.


# %% tags=["exercise"]
# Exercise 6.8: the loop lag of a run beside a suspect
async def lag_beside(suspect):
    # solution begins
    run, _ = await asyncio.gather(nb.run_async(questions, slow), suspect())
    return run.loop_lag_max
    # solution ends


if check("6.8", lag_beside):
    for suspect in (save_answers, count_words, look_for_news):
        print(f"{suspect.__name__:15}{await lag_beside(suspect):.3f} s")

# %%
# hint("6.8")

# %% [markdown]
# It was the calculation. A loop that only computes has no `await` in it, and so there is no place
# where it could let go. Look for the *missing* `await`, not for the word `sleep`.
#
# When there are too many suspects to try one by one, look at the picture of a run: the row of the loop
# names the function that held it longest, and the line. (`run.loop_delays` has them all.) In a script
# Python can name it, too: with `asyncio.run(main(), debug=True)` asyncio writes a warning about every step
# that takes longer than 0.1 s, with the name of its coroutine.
#
# ## Key points
#
# - An event loop has one pair of hands. Code between two `await`s has them for itself.
# - A blocking call makes *all* calls late, and in a picture it is the calls that look slow. Look at
#   the loop lag before you blame the model.
# - `async def` makes nothing async. Awaiting does.
# - Ways out: `await asyncio.sleep`, `await asyncio.to_thread(function, argument)`, an async
#   library.
# - Threads do as well as async for a few calls. Their number is limited: know the limit.
#
# ## The same as a script
#
# [scripts/06-do-not-block.py](scripts/06-do-not-block.py) shows the blocked loop and the mended one
# outside Jupyter: `python notebooks/scripts/06-do-not-block.py`.
#
# ## Where to go next
#
# [7. Honest numbers](07-honest-numbers.ipynb): was it really faster?
