# %% [markdown]
# # 1. Sync and async: which answer comes first, and why?
#
# You ask a model two questions: first one with a long answer, then one with a short answer. Which
# answer do you read first? It depends on *how you wait*. In about 20 minutes you will be able to
#
# - say in which order the answers come back, one call after another and all at once;
# - read a timeline: who waited for whom, and what waiting together saved;
# - say why two questions gain little, and twenty gain much.
#
# You need no key and no money. The questions go to a **simulator** on this machine that behaves like
# a model server; everything it answers is marked as simulated.

# %%
import asyncio

import aiml_nb as nb

# %% [markdown]
# `connect()` decides where the questions go. Here we ask for the simulator, five times as fast as a
# real model, so that nobody falls asleep. (With a key of your own you would write `nb.connect()`.)

# %%
endpoint = nb.connect(simulate=True, speed=5)
long_question, short_question = nb.prompts.FAQ
print(long_question)
print(short_question)

# %% [markdown]
# ## One after another
#
# This is the openai client that everybody starts with. The call to `create` returns when the answer
# is there, and not before: meanwhile the program stands still. That is what *blocking* means.


# %%
def ask(client, question):
    reply = client.chat.completions.create(
        model=endpoint.model,
        messages=[{"role": "user", "content": question}],
    )
    print(question, "->", reply.choices[0].message.content[:40], "...\n")


with endpoint.open() as client:
    ask(client, long_question)
    ask(client, short_question)

# %% [markdown]
# The answers came in the order of the questions. They had to: the second question was not even sent
# until the first was answered.

# %% [markdown]
# ## At the same time
#
# Now with the async client. Look for three new ideas in the cell below.
#
# - The client is an `AsyncOpenAI` (that is what `open_async` gives you). Because opening and closing
#   it may take a moment too, `with` has become `async with`.
# - `async def` makes a function that may pause, and `await` marks the places where it does. `await`
#   says: *while I wait here, let others go on.*
# - `asyncio.gather` starts both questions at once and waits for both answers.
#
# **Before you run the cell, commit yourself:** which answer will be printed first?

# %%
my_guess = None  # write "long" or "short"


# %%
async def ask_async(client, question):
    reply = await client.chat.completions.create(
        model=endpoint.model,
        messages=[{"role": "user", "content": question}],
    )
    print(question, "->", reply.choices[0].message.content[:40], "...\n")


async with endpoint.open_async() as client:
    await asyncio.gather(
        ask_async(client, long_question),
        ask_async(client, short_question),
    )

# %% [markdown]
# The short answer came first, although its question was asked second. Both questions were on their
# way at the same time, and the shorter work was done sooner. The order of the answers is no longer
# the order of the questions.

# %% [markdown]
# ## What the waiting looked like
#
# `compare` does both for you, with a stopwatch on every call, and draws what happened. `stream=True`
# asks for the answers piece by piece, so that we also learn when the first word arrived.

# %%
result = nb.compare(nb.prompts.FAQ, endpoint, stream=True)
result

# %% [markdown]
# (The line *Event loop: …* says that `aiml_nb` has prepared this notebook to wait for async code
# inside a cell. That is a lesson of its own.)
#
# How to read the picture:
#
# - Each row is a question, in the order they were asked. Time runs to the right.
# - **Pale blue** is waiting for the first word. **Dark blue** is the answer arriving, word by word.
# - The **thin grey line** is a question that has not been sent yet. In the upper panel the short
#   question spends nearly all of its time there. Nobody is working on it.
# - In the lower panel **▲1** says: this answer overtook one that was asked for earlier.
# - The **dashed line** is the lower bound. No way of asking can be done before its longest answer is.

# %%
order = sorted(result.concurrent.calls, key=lambda call: call.finished)
first = "short" if order[0].prompt == short_question else "long"
print(f"The {first} answer came first.", f"You guessed: {my_guess or 'nothing yet'}.")

# %% [markdown]
# The same facts as a table. All times are seconds since the first question was submitted.

# %%
columns = ["prompt", "submitted", "started", "first_token", "finished", "duration", "overtakes"]
result.concurrent.to_frame()[columns].round(2)

# %% [markdown]
# ## Then is async faster?
#
# Look at the speed-up in the headline. It is hardly more than 1. With two questions, one of them
# ten times as long, there is little to gain: the total is the time of the longest answer, and that
# one takes as long as it takes. What changed for you is the *order*: you had your short answer
# almost at once.
#
# Now twenty everyday questions. Their answers differ too, but none is ten times as long as the
# others. **Guess first:** how many times faster will all at once be?

# %%
my_speedup = None  # write a number

# %%
fast = nb.connect(simulate=True, speed=8)
many = nb.compare(nb.prompts.TWENTY, fast, stream=True)
many

# %%
print(f"It was {many.speedup:.1f} times faster. You guessed: {my_speedup or 'nothing yet'}.")
many.summary()[["strategy", "makespan", "lower_bound", "efficiency", "overtakes"]].round(2)

# %% [markdown]
# One after another, the waiting times add up. All at once, they lie on top of each other, and the
# total is close to that of the single slowest answer.
#
# ## Your turn
#
# Ask three questions of your own. Make them as different in length as you can, and say beforehand
# in which order the answers will come. (The simulator draws the length of each answer from the text
# of its question, so here the order is a surprise; a real model would not surprise you.)

# %%
my_questions = [
    "Tell me everything about the sea.",
    "Is water wet?",
    "Name a colour.",
]
nb.compare(my_questions, fast, stream=True)

# %% [markdown]
# ## Key points
#
# - A blocking call stops the program until its answer is there. Answers come in the order asked.
# - `await` lets others go on meanwhile, and `asyncio.gather` starts many calls at once. Answers come
#   in the order in which they are *finished*.
# - All at once takes about as long as the slowest answer; one after another takes the sum.
# - Two questions show the change of order. Many questions show the gain of time.
#
# **The same on the command line**, in a terminal where `aiml_nb` is installed:
# `aiml-nb compare --simulate --stream`.
