# %% [markdown]
# # 10. Real work: how do you get answers that a program can use?
#
# So far answers were texts, and somebody read them. A program cannot read between the lines. In about
# 45 minutes you will be able to
#
# - get answers in a form of your own, checked, and ask again where they do not fit;
# - let a model ask for a function of yours, and send texts through two models in a row;
# - wait for work that takes minutes: submit it, look after it, and stop in time.
#
# All calls go to the **simulator**: no key, no cost. What it answers fits the form, and means nothing.

# %%
import asyncio
import json
import os
from time import perf_counter
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ValidationError

import aiml_nb as nb
from aiml_nb.course import FilmStudio, check, hint, predict, quiz, reveal

# %load_ext aiml_nb

# %% [markdown]
# ## A table in, a table out
#
# Four reviews of a kettle. For each we want three things, and we say so with a class: `Review` names
# the fields and what may stand in them.

# %%
reviews = pd.DataFrame(
    {
        "review": [
            "The kettle is quick and quiet.",
            "It broke on the second day.",
            "It boils water.",
            "Lovely colour, but it leaks.",
        ]
    }
)


class Review(BaseModel):
    mood: Literal["happy", "angry", "neutral"]
    stars: Literal[1, 2, 3, 4, 5]
    wants_reply: bool


# %%
endpoint = nb.connect(simulate=True, seed=0, speed=8)
run = nb.run(reviews, endpoint, prompt="Read this review: {review}", response_format=Review)
run.answers()

# %% [markdown]
# Each row of your table, with a column for each field. `response_format=Review` sends the form along,
# and each answer is read and **checked** when it comes: `run.calls[0].parsed` is a `Review`, or there
# is none. (`run.answers().to_csv("answers.csv")` makes a file of it, as in lesson 8.)
#
# Models do not always keep to a form. At this server a part of the answers breaks off, lacks a field,
# or says it in words instead. Guess how many of twenty are left.

# %%
predict("10.1", "At this server: how many of 20 answers can a program use?", unit="answers")

# %%
careless = nb.connect(simulate=True, scenario="misfits:20%", seed=2, speed=8, verbose=False)
twenty = pd.concat([reviews] * 5, ignore_index=True)
form = {"prompt": "Read this review: {review}", "response_format": Review}
run = nb.run(twenty, careless, **form)
answers = run.answers()
reveal("10.1", int(answers["stars"].notna().sum()))
answers[answers["outcome"] != "ok"].head(4)

# %% [markdown]
# What does not fit is no answer: `error`, with the reason, and the fields are empty. That is better
# than a wrong number in a table of ten thousand rows. And most of them fit when they are asked again:

# %%
run = nb.run(twenty, careless, **form, retry_invalid=2)
print(
    len(run.answers()["stars"].dropna()), "of 20,", sum(len(c.attempts) for c in run.calls), "calls"
)

# %% [markdown]
# **Your turn**, with a function of your own. `ask(question)` gives a text. `kind.model_validate_json(text)`
# makes an object of it, or raises `ValidationError`. Return the object. If a text does not fit, ask
# again, at most `attempts` times in all. If none fits, return `None`.


# %% tags=["exercise"]
# Exercise 10.2: ask until the answer fits, at most `attempts` times
async def ask_valid(ask, question, kind, attempts):
    for _ in range(attempts):
        # solution begins
        text = await ask(question)
        try:
            return kind.model_validate_json(text)
        except ValidationError:
            continue
        # solution ends
    return None


check("10.2", ask_valid)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("10.2")

# %% [markdown]
# ## The model asks for a function
#
# A model knows nothing of the weather today. But you can offer it a **tool**: the name of a function,
# what it is good for, and which arguments it takes.

# %%
TOOL = {
    "name": "get_weather",
    "description": "The weather in a city, now.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
tools = [{"type": "function", "function": TOOL}]
messages = [{"role": "user", "content": "Compare the weather in Paris and in Lima."}]
called = []


async def get_weather(city):
    called.append(city)
    await asyncio.sleep(0.3)
    return f"sunny in {city}"


# %%
WHO = ["the model's server", "our own program"]
predict("10.3", "The model wants to know the weather. Who calls get_weather?", choices=WHO)

# %%
client = endpoint.open_async()
reply = await client.chat.completions.create(model=endpoint.model, messages=messages, tools=tools)
message = reply.choices[0].message
for call in message.tool_calls:
    print(call.id[:9], call.function.name, call.function.arguments)
reveal("10.3", WHO[0] if called else WHO[1])

# %% [markdown]
# The reply has no text. It has two *tool calls*, each with an id, a name and arguments in JSON. Nothing
# was called so far: a model can only write. **Your program** calls the function, and sends what came of
# it back, in a message with the role `tool` and the same id.
#
# **Your turn.** Write `run_tools(calls, functions)`. `functions` has a coroutine function for each name.
# Call them all at the same time, and return the messages in the order of the calls.


# %% tags=["exercise"]
# Exercise 10.4: all tool calls at the same time, as messages
async def run_tools(calls, functions):
    # solution begins
    async def run_one(call):
        arguments = json.loads(call.function.arguments)
        result = await functions[call.function.name](**arguments)
        return {"role": "tool", "tool_call_id": call.id, "content": str(result)}

    return await asyncio.gather(*(run_one(call) for call in calls))
    # solution ends


check("10.4", run_tools)

# %%
# hint("10.4")

# %% [markdown]
# And back it goes: the question, the model's message with the calls, and what the tools said.

# %%
said = [
    {"role": "tool", "tool_call_id": call.id, "content": f"{degrees} degrees, dry"}
    for call, degrees in zip(message.tool_calls, (17, 24), strict=True)
]
reply = await client.chat.completions.create(
    model=endpoint.model, messages=[*messages, message, *said], tools=tools
)
reply.choices[0].message.content

# %% [markdown]
# A tool is a door into your program, and a model writes what goes through it. Offer only functions that
# may be called with *any* arguments, and check these as you check answers.
#
# ## Two models in a row
#
# One model writes, another one checks: a **pipeline**. The second call needs the answer to the first.
# Four texts, whose first step takes 0.1 to 0.4 s, and whose second one takes 0.4 to 0.1 s.


# %%
async def write(number):
    await asyncio.sleep(0.1 * number)
    return number


async def proofread(number):
    await asyncio.sleep(0.5 - 0.1 * number)
    return number


async def step_by_step():
    written = await asyncio.gather(*(write(number) for number in (1, 2, 3, 4)))
    return await asyncio.gather(*(proofread(number) for number in written))


# %%
predict("10.5", "All steps 1, then all steps 2: how long does that take?", unit="s")

# %%
began = perf_counter()
await step_by_step()
reveal("10.5", perf_counter() - began)

# %% [markdown]
# 0.4 s for the slowest first step, and 0.4 s for the slowest second one. But no single text takes that
# long: each needs 0.5 s. Three of them stood and waited for the fourth between the steps. It is the trap
# of lesson 3, batches, in another coat.
#
# **Your turn.** Let each text go on as soon as it can. `first` and `second` are coroutine functions, and
# the second one gets what the first one gave. Return the results in the order of the texts.


# %% tags=["exercise"]
# Exercise 10.6: two steps for each text, and no text waits for another
async def pipeline(first, second, texts):
    # solution begins
    async def go_through(text):
        return await second(await first(text))

    return await asyncio.gather(*(go_through(text) for text in texts))
    # solution ends


check("10.6", pipeline)

# %%
# hint("10.6")

# %% [markdown]
# The same with two models at the simulator. In the picture the second calls begin while other first
# ones are still on their way.


# %%
# %%timeline two_models
async def chat(model, text):
    asked = [{"role": "user", "content": text}]
    reply = await client.chat.completions.create(model=model, messages=asked)
    return reply.choices[0].message.content


async def write_and_check(text):
    return await chat("gpt-4o-mini", f"Is this correct? {await chat('gpt-4o', text)}")


await asyncio.gather(*(write_and_check(text) for text in nb.prompts.TWENTY[:5]))
await client.close()

# %% [markdown]
# ## Texts as numbers
#
# An **embedding** is a list of numbers for a text, made so that texts about the same thing point the
# same way. The product of two such lists (`@`) is 1 for the same text, and near 0 for strangers. With
# it a program finds the text that fits a question, before a model is asked. (The simulator counts words
# in common. A real model knows that *car* and *vehicle* are related.)

# %%
shelf = [
    "When do you open on Sunday?",
    "How do I send a parcel back?",
    "Where can I park my car?",
    "Do you sell gift cards?",
]
asked = "Is the shop open on a Sunday?"
run = nb.run([*shelf, asked], endpoint, api="embeddings")
*vectors, wanted = (call.vectors[0] for call in run.calls)
pd.Series([float(vector @ wanted) for vector in vectors], index=shelf).round(2)

# %% [markdown]
# ## Work that takes minutes
#
# Few servers keep a connection open for minutes. Video models, those of AIML API too, work in another
# way: you **submit** what you want, and get an id. Then you ask again and again what has
# become of it, which is called **polling**: `queued`, `generating`, and in the end `completed` or
# `error`. `FilmStudio` behaves so. It is simulated, and its films take 1.2 seconds.

# %%
predict(
    "10.7", "A film takes 1.2 s, and you look every 0.25 s. How often do you look?", unit="times"
)

# %%
studio = FilmStudio(queued=0.4, generating=0.8)
job = await studio.submit("A cat on a bicycle")
looks = 0
while job["status"] in ("queued", "generating"):
    await asyncio.sleep(0.25)
    job = await studio.fetch(job["id"])
    looks += 1
    print(job)
reveal("10.7", looks)

# %% [markdown]
# The pause is a choice: half as long, and you know of it a little sooner, for twice as many requests.
# Between two looks the loop is free, for a hundred other films.
#
# What if it never ends? Lesson 9 has the answer. And if it ends in `error`, there is no film.
#
# **Your turn**, from a blank cell: `make_film(studio, prompt, pause, seconds)`. Submit the prompt once,
# look every `pause` seconds, and return the address, which is `job["video"]["url"]`. If the status is
# `error`, raise `RuntimeError` with the text `job["error"]["message"]`. If it is not there within
# `seconds`, let a `TimeoutError` come out.


# %% tags=["exercise"]
# Exercise 10.8: async def make_film(studio, prompt, pause, seconds)
# solution begins
async def make_film(studio, prompt, pause, seconds):
    async with asyncio.timeout(seconds):
        job = await studio.submit(prompt)
        while job["status"] in ("queued", "generating"):
            await asyncio.sleep(pause)
            job = await studio.fetch(job["id"])
    if job["status"] == "error":
        raise RuntimeError(job["error"]["message"])
    return job["video"]["url"]


# solution ends


check("10.8", make_film)

# %%
# hint("10.8")

# %%
quiz("10.9")

# %% [markdown]
# ## One real call, and what it cost
#
# The scenario `aimlapi` says what a call would cost, as AIML API does. If there is a key in the
# environment (lesson 8), the next cell makes **one** short call with it, for a fraction of a cent, and
# shows the true cost beside the simulated one. Without a key nothing is sent.

# %%
question, small = ["What is 2+2?"], {"max_calls": 1, "max_tokens": 20, "progress": False}
runs = {"simulated": nb.run(question, nb.connect(scenario="aimlapi", verbose=False), **small)}
if os.environ.get("AIML_API_KEY"):
    runs["live"] = nb.run(question, nb.connect(), **small)
else:
    print("There is no key here, so nothing was sent, and this is simulated.")
what = ["outcome", "input_tokens", "output_tokens", "cost", "duration"]
pd.concat({name: each.to_frame()[what] for name, each in runs.items()})

# %%
quiz("10.10")

# %% [markdown]
# ## Key points
#
# - Say in which form you want an answer, check it, and ask again where it does not fit.
# - A model only asks for a tool. Your program calls it, and answers for it.
# - In a pipeline each text goes on as soon as it can.
# - Embeddings are compared, not read.
# - Long work: submit once, poll with a pause that is awaited, and stop in time.
# - Try with one call what many will cost.
#
# ## The same as a script
#
# [scripts/10-real-work.py](scripts/10-real-work.py) reads reviews into a table and waits for a film:
# `python notebooks/scripts/10-real-work.py`.
#
# ## Where to go next
#
# You have all the parts now. In [lesson 11](11-your-own-runner.ipynb) you build a runner of your own.
