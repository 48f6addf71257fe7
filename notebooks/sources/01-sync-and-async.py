# %% [markdown]
# # 1. Sync and async: which answer comes first, and why?
#
# You ask a model two questions: first one with a long answer, then one with a short answer. Which
# answer do you read first? It depends on *how you wait*. In about 30 minutes you will be able to
#
# - say in which order the answers come back, one call after another and all at once;
# - read a timeline: who waited for whom, and what waiting together saved;
# - say why two questions gain little, and twenty gain much.
#
# You need no key and no money. The questions go to a **simulator** on this machine that behaves
# like a model server. Everything it answers is marked as simulated.

# %%
import asyncio

from openai import AsyncOpenAI, OpenAI

import aiml_nb as nb
from aiml_nb.course import check, hint, predict, quiz, reveal

# %% [markdown]
# `connect()` decides where the questions go. Here we ask for the simulator, four times as fast as a
# real model: slow enough to see what waits, and fast enough for a lesson. The `seed` gives everybody the
# same times. (With a key of your own you would write `nb.connect()`.) From then on the simulator is a model server like any
# other: it has an address, and a key that opens nothing else.

# %%
endpoint = nb.connect(simulate=True, scenario="faq", seed=0, speed=4)
address, key = endpoint.base_url, endpoint.key.reveal()
long_question, short_question = nb.prompts.FAQ
print(long_question)
print(short_question)

# %% [markdown]
# ## One after another
#
# This is the openai client that everybody starts with. The call to `create` returns when the answer
# is there, and not before. Meanwhile the program stands still. That is what *blocking* means.
#
# Nothing in this program is ours. The line above it is: `%%timeline` watches the cell, and draws
# below it what the waiting looked like.

# %%
# %load_ext aiml_nb


# %%
# %%timeline one_after_another
def complete_chat(question):
    client = OpenAI(base_url=address, api_key=key)
    response = client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": question}],
    )
    print(question, "->", response.choices[0].message.content[:40], "…\n")


complete_chat(long_question)
complete_chat(short_question)

# %% [markdown]
# Each bar is a call: it begins where the question is sent, and ends where the answer is there. The
# answers came in the order of the questions. They had to: the second question was not even sent
# until the first was answered.

# %% [markdown]
# ## At the same time
#
# Now with the async client. Look for three new ideas in the cell after the next.
#
# - The client is an `AsyncOpenAI`.
# - `async def` makes a function that may pause, and `await` marks the places where it does. `await`
#   says: *while I wait here, let others go on.*
# - `asyncio.gather` starts both questions at once and waits for both answers.
#
# **Guess before you run it.** A guess, right or wrong, makes you see what happens.

# %%
ORDERS = ["the long one", "the short one"]
predict("1.1", "Which answer is printed first?", choices=ORDERS)


# %%
# %%timeline at_once
async def complete_chat_async(question):
    client = AsyncOpenAI(base_url=address, api_key=key)
    response = await client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": question}],
    )
    print(question, "->", response.choices[0].message.content[:40], "…\n")
    return response.choices[0].message.content


answers = await asyncio.gather(
    complete_chat_async(long_question),
    complete_chat_async(short_question),
)

# %%
first = min(at_once.calls, key=lambda call: call.finished)
reveal("1.1", ORDERS[first.index])

# %% [markdown]
# The short answer came first, although its question was asked second. Both questions were on their
# way at the same time, and the shorter work was done sooner: **▲1** says that this answer overtook
# one that was asked for earlier. (Perhaps the small text under the headline says that making a client
# held the program up for a moment: each of these calls makes a client of its own. One for all is better.)
#
# One thing did keep its order. Look at the list that `gather` gave back:

# %%
for answer in answers:
    print(answer[:40], "…")

# %% [markdown]
# `gather` waits until all are done, and then hands you the answers **in the order of the
# questions**. So you never have to guess which answer belongs to which question. Finishing is one
# order, the list is another.

# %%
quiz("1.2")

# %% [markdown]
# ## What the waiting looked like
#
# Such pictures tell more if both ways are measured alike. `compare` does that for you: each way has one
# client for all calls, and a connection that is open before the clock starts. With `stream=True` the answers come piece by piece, so that
# we also learn when the first word arrived.

# %%
result = nb.compare(nb.prompts.FAQ, endpoint, stream=True)
nb.plot_timeline(result, detail="simple")

# %% [markdown]
# (The line *Event loop: …* says that `aiml_nb` has prepared this notebook to wait for async code
# inside a cell. That is [lesson 2](02-the-loop.ipynb).)
#
# How to read the picture:
#
# - Each row is a question, in the order they were asked. Time runs to the right.
# - The **pale** left part of a bar is waiting for the first word. The **dark** right part is the
#   answer arriving, word by word. (The picture says *token*: a word, or a part of one.)
# - The **thin line** before a bar is a question that has not been sent yet. In the upper panel the
#   short question spends nearly all of its time there. Nobody is working on it.
# - In the lower panel **▲1** says: this answer overtook one that was asked for earlier.
#
# Without `detail="simple"` there is more in it, which later lessons need.

# %% [markdown]
# The same facts as a table. Each row is a call. All times are seconds since the first question was
# submitted; `duration` is `finished - started`, and `overtakes` is the number after ▲.

# %%
stamps = ["submitted", "started", "first_token", "finished"]
result.concurrent.to_frame()[["prompt", *stamps, "duration", "overtakes"]].round(2)

# %% [markdown]
# A run keeps a record of each call, in the order of the questions: `run.calls`. Each record knows
# its `prompt` and its stamps, such as `call.finished`. Here is a question asked of those records:
# how long did the *user* wait for the short answer, each way?

# %%
for run in (result.sync, result.concurrent):
    print(f"{run.strategy}: {run.calls[1].finished:.2f} s")

# %% [markdown]
# Now you. Write a function that returns the prompts of a run in the order in which their answers
# arrived. It must work for any run, not just for this one. Put your lines in place of the one that
# says `raise`, and run the cell: `check` tries your function and says what is still missing.


# %% tags=["exercise"]
# Exercise 1.3: in which order did the answers arrive?
def in_order_of_arrival(run):
    # solution begins
    done = sorted(run.calls, key=lambda call: call.finished)
    return [call.prompt for call in done]
    # solution ends


check("1.3", in_order_of_arrival)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("1.3")

# %% [markdown]
# ## Then is async faster?
#
# Look at the headline of the picture. It says how many times faster the second way was: this
# **speed-up** is hardly more than 1. The model was not faster.
# **Async does not make a model faster**: the long answer takes as long as it takes, and the total
# cannot be less. What changed is the *order*: you had your short answer almost at once.
#
# Now twenty everyday questions. Their answers differ too, but none takes ten times as long as
# another. (For these the simulator is ten times as fast as a real model.) **Guess first.**

# %%
predict("1.4", "Twenty questions at once: how many times faster?", unit="times")

# %%
fast = nb.connect(simulate=True, scenario="faq", seed=0, speed=10, verbose=False)
many = nb.compare(nb.prompts.TWENTY, fast, stream=True)
nb.plot_timeline(many, detail="simple")

# %%
reveal("1.4", many.speedup)

# %% [markdown]
# In this picture you see the calls that went all at once, each in a row of its own (a *slot*); the grey
# bar on top is the time of one after another. In the square on the right each dot is a question: the
# further right, the later it was asked, and the higher up, the later it was answered. Without overtaking
# the dots would climb in a straight line. (If the small text says that the event loop was late, this
# machine is busy with other things. It does no harm here.)
#
# One after another, the waiting times add up. All at once, they lie on top of each other, and the
# total is close to that of the single slowest answer. Put that into numbers.


# %% tags=["exercise"]
# Exercise 1.5: given how long each call takes, in seconds,
# how long do all of them take, one after another and all at once?
def foretell(durations):
    # solution begins
    one_after_another = sum(durations)
    all_at_once = max(durations)
    # solution ends
    return one_after_another, all_at_once


check("1.5", foretell)

# %%
# hint("1.5")

# %% [markdown]
# ## Your own gather
#
# Last, write it yourself. `ask` is an async function: `await ask(question)` gives one answer. Your
# function asks *all* questions at once, however many there are, and returns the answers in the order of
# the questions. The check gives it a model to practise on, watches when each call is made, and draws the
# timeline. (A call is **in flight** from when its question is sent until its answer is there.)


# %% tags=["exercise"]
# Exercise 1.6: ask all questions at once
async def ask_all(ask, questions):
    # solution begins
    return await asyncio.gather(*(ask(question) for question in questions))
    # solution ends


check("1.6", ask_all)

# %%
# hint("1.6")

# %% [markdown]
# And now three questions of your own. Make them as different in length as you can. (The simulator
# does not understand them: chance decides how long each answer is, so here the order is a surprise. With
# a real model you could guess it.)

# %%
my_questions = ["Tell me everything about the sea.", "Is water wet?", "Name a colour."]
nb.plot_timeline(nb.compare(my_questions, fast, stream=True), detail="simple")

# %%
quiz("1.7")

# %% [markdown]
# ## Key points
#
# - A blocking call stops the program until its answer is there. Answers come in the order asked.
# - `await` lets others go on meanwhile, and `asyncio.gather` starts many calls at once. Answers
#   arrive in the order in which they are *finished*; `gather` returns them in the order *asked*.
# - All at once takes about as long as the slowest answer; one after another takes the sum.
# - Async makes no model faster. Two questions show the change of order, many show the gain of time.
# - `%%timeline` above a cell draws the calls that it makes, whoever wrote them.

# %% [markdown]
# ## The same as a script
#
# [scripts/01-sync-and-async.py](scripts/01-sync-and-async.py) does this outside of Jupyter:
# `python notebooks/scripts/01-sync-and-async.py`. There, `asyncio.run(main())` starts the event
# loop. On the command line the comparison is `aiml-nb compare --simulate --stream`.

# %% [markdown]
# ## Where to go next
#
# You used `await` in a cell, and it just worked. [Lesson 2](02-the-loop.ipynb) shows why
# `asyncio.run` does not, and what to do about it. Would you rather know how many questions to ask
# at once? Go to [lesson 3](03-how-many-at-once.ipynb).
