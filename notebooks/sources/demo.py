# ---
# jupyter:
#   voila:
#     template: aiml_nb
# ---

# %% [markdown]
# # The race: one call at a time, or many at once?
# **A** waits for each answer, **B** has several calls in flight. Guess how much faster B is. **Start**!

# %% jupyter={"source_hidden": true}
import aiml_nb as nb
from aiml_nb.widgets import Race, WhatIf

simulator = nb.connect(simulate=True, scenario="faq", seed=0, verbose=False)
race = Race(nb.prompts.TWENTY, simulator, max_concurrency=5, speed=4)
race

# %% [markdown]
# ## What if the limit were another one?
#
# These are the calls that **B** made in the race above. Choose another limit and read how long they
# would have taken. Each further slot gains less than the one before.

# %% jupyter={"source_hidden": true}
WhatIf(race)

# %% [markdown]
# Everything here is simulated: the times are drawn from a seed and are the same for everybody. For
# numbers to keep, `nb.compare()` makes the calls one run after the other, with nothing beside them.

# %% [markdown]
# ## Who runs now, and who waits for what?
#
# An event loop runs one task at a time, up to its next `await`. Each program below was run once, a
# moment ago, and every step was written down. Go through them with the buttons or the arrow keys.
#
# ### Tea and eggs
#
# Two pots, one cook: whoever only needs time gets up from the chair.

# %%
import asyncio
import time

from openai import AsyncOpenAI

from aiml_nb.widgets import LoopView


async def boil(what, seconds):
    for _ in range(3):
        await asyncio.sleep(seconds / 3)
    return f"{what} ready"


LoopView(boil("tea", 0.3), boil("eggs", 0.5))

# %% [markdown]
# ### One by one, or together
#
# `await` in a loop asks the next question when the last one has been answered: there is one task, and
# three times 0.1 s are 0.3 s.


# %%
async def ask(name):
    await asyncio.sleep(0.1)
    return f"answer to {name}"


async def one_by_one():
    return [await ask(name) for name in ("one", "two", "three")]


LoopView(one_by_one)

# %% [markdown]
# `gather` makes a task of each: all three wait at the same time, and it takes 0.1 s.


# %%
async def together():
    return await asyncio.gather(ask("one"), ask("two"), ask("three"))


LoopView(together)

# %% [markdown]
# ### At most two at a time
#
# Four questions and a semaphore of 2: the third waits until one of the first two releases it.


# %%
async def ask_in_turn(name, semaphore):
    async with semaphore:
        return await ask(name)


async def two_at_a_time():
    semaphore = asyncio.Semaphore(2)
    names = ("one", "two", "three", "four")
    return await asyncio.gather(*(ask_in_turn(name, semaphore) for name in names))


LoopView(two_at_a_time)

# %% [markdown]
# ### Who is holding everybody up?
#
# `time.sleep` does not get up from the chair: tea and eggs are called 0.4 s late.


# %%
async def save_notes():
    await asyncio.sleep(0.1)
    time.sleep(0.5)  # a slow disk


LoopView(boil("tea", 0.6), boil("eggs", 0.6), save_notes())

# %% [markdown]
# In a thread it sleeps as long, and nobody is late.


# %%
async def save_notes_in_a_thread():
    await asyncio.sleep(0.1)
    await asyncio.to_thread(time.sleep, 0.5)


LoopView(boil("tea", 0.6), boil("eggs", 0.6), save_notes_in_a_thread())

# %% [markdown]
# ### A forgotten await
#
# Without `await` nothing of `ask("one")` runs. Python keeps quiet until the coroutine is thrown away;
# the note under the picture says which line it was.


# %%
async def forgetful():
    ask("one")
    return await ask("two")


LoopView(forgetful)

# %% [markdown]
# ### One of three fails
#
# `gather` hands on the first exception at once. The other two are not cancelled: the slowest one is
# still waiting when `main` has gone on already.


# %%
async def reply(number):
    await asyncio.sleep(number / 10)
    if number == 2:
        raise ValueError("the server said no")
    return number


async def main():
    try:
        await asyncio.gather(reply(1), reply(2), reply(3))
    except ValueError as error:
        print("failed:", error)
        await asyncio.sleep(0.2)


LoopView(main)

# %% [markdown]
# ### A timeout
#
# After 0.2 s the timer of the timeout wakes the task, with an exception in its hand.


# %%
async def impatient():
    try:
        async with asyncio.timeout(0.2):
            return await boil("potatoes", 3)
    except TimeoutError:
        return "no potatoes today"


LoopView(impatient)

# %% [markdown]
# ### A queue between two
#
# There is room for one dish. At first the waiter waits for a dish, and the cook's wakes him. Later
# the cook, who is faster, waits for room, until the waiter takes a dish away.


# %%
async def cook(queue):
    for dish in ("soup", "rice", "tea"):
        await asyncio.sleep(0.03)
        await queue.put(dish)
    await queue.put(None)


async def waiter(queue):
    while (dish := await queue.get()) is not None:
        await asyncio.sleep(0.1)
        print(f"here is the {dish}")


async def restaurant():
    queue = asyncio.Queue(1)
    async with asyncio.TaskGroup() as group:
        group.create_task(cook(queue), name="cook")
        group.create_task(waiter(queue), name="waiter")


LoopView(restaurant)

# %% [markdown]
# ### Twenty calls
#
# The same questions as in the race, with the client that everybody uses. All twenty tasks wait for
# the answer of the server at the same time. At its first call the client loads much of itself, and
# everybody waits for that.


# %%
fast = nb.connect(simulate=True, scenario="faq", seed=0, speed=20, verbose=False)
client = AsyncOpenAI(base_url=fast.base_url, api_key=fast.key.reveal())


async def chat(question):
    messages = [{"role": "user", "content": question}]
    response = await client.chat.completions.create(model="gpt-4o", messages=messages)
    return response.choices[0].message.content


async def twenty_calls():
    answers = await asyncio.gather(*map(chat, nb.prompts.TWENTY))
    await client.close()
    return answers


LoopView(twenty_calls)
