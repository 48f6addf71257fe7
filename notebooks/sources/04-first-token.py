# %% [markdown]
# # 4. First token: why does streaming feel faster?
#
# You ask for something long and look at an empty cell. In another program the same model begins to
# write at once. Is that program faster? In about 35 minutes you will be able to
#
# - take an answer piece by piece, with `for` and with `async for`;
# - measure the time to the first token, without the classic mistake;
# - say what streaming changes, and what it leaves as it is.
#
# You need no key and no money. All questions go to the **simulator** on this machine, and every
# table and picture says so.

# %%
import asyncio
from itertools import pairwise
from time import perf_counter

import aiml_nb as nb
from aiml_nb.course import check, hint, predict, quiz, reveal


def connect_to(scenario, speed=5):
    return nb.connect(simulate=True, scenario=scenario, speed=speed, seed=0, verbose=False)


# %% [markdown]
# `connect_to` gives us a simulated server, several times as fast as a real model. (A *scenario* is a kind
# of server. You will meet three of them.)
#
# ## An empty cell
#
# First without streaming. `perf_counter()` is a stopwatch: it tells seconds, and only the
# difference between two readings means something.

# %%
endpoint = connect_to("faq", speed=3)
client = endpoint.open()
messages = [{"role": "user", "content": nb.prompts.FAQ[0]}]

begin = perf_counter()
reply = client.chat.completions.create(model=endpoint.model, messages=messages)
whole_time = perf_counter() - begin
print(f"After {whole_time:.2f} s:\n{reply.choices[0].message.content}")

# %% [markdown]
# Nothing for a second and more, then everything at once. Now we add `stream=True` to the same
# call.
#
# **Guess before you run on.**

# %%
predict(
    "4.1",
    "With stream=True: when will the first word be there, compared with that time?",
    choices=["after a tenth of it", "after half of it", "at the end of it"],
)

# %%
pieces = []
begin = perf_counter()
stream = client.chat.completions.create(model=endpoint.model, messages=messages, stream=True)
for chunk in stream:
    choice = chunk.choices[0]
    pieces.append((perf_counter() - begin, choice.delta.content, choice.finish_reason))
    print(choice.delta.content or "", end="", flush=True)

# %%
first_word = next(seconds for seconds, text, reason in pieces if text)
print(f"first word after {first_word:.2f} s, last after {pieces[-1][0]:.2f} s")
early, late = first_word < whole_time / 4, first_word > whole_time * 3 / 4
words = "after a tenth of it" if early else "at the end of it" if late else "after half of it"
reveal("4.1", words)

# %% [markdown]
# With `stream=True`, `create` returns as soon as the answer begins, and not when it is whole. What it
# returns is a *stream*: something to go through with `for`. Each round of the loop waits for the next piece. (`flush=True` shows a piece
# at once. Otherwise Python would collect some first.)
#
# ## What a chunk is
#
# The pieces are called **chunks**. Here are the first three and the last two.

# %%
for seconds, text, reason in pieces[:3] + pieces[-2:]:
    print(f"{seconds:.2f} s  text {text!r}, finish_reason {reason!r}")

# %% [markdown]
# - A model writes *tokens*: words, or parts of words. Most chunks carry the text of one token.
# - The **first chunk carries no text**. It says only that an assistant is about to speak.
# - The **last chunk carries no text** either. It says why the answer ended: `stop` means that the
#   model was done, `length` that it was cut off at `max_tokens`, the most tokens that you allow.
# - Some servers send chunks with an empty list of `choices`, for example with the token counts.
#
# ## The time to the first token
#
# The **time to first token** is the time from sending the question to the first piece of text. It
# is what a reader feels. Here is the classic mistake in measuring it, at a server that sends its
# empty first chunk at once:

# %%
eager = connect_to("role-first")
with eager.open() as other:
    begin = perf_counter()
    stream = other.chat.completions.create(model=eager.model, messages=messages, stream=True)
    next(stream)
    print(f"first chunk after {perf_counter() - begin:.3f} s")
    next(stream)
    print(f"first text after {perf_counter() - begin:.3f} s")
    stream.close()

# %% [markdown]
# If you stop the watch at the first chunk, you measure nothing but the way to the server. The number looks
# wonderful, and it is wrong.
#
# **Your turn.** Write the stopwatch that gets it right. It gets a stream and the moment `begin` at
# which the question was sent, and returns the seconds until the first text. If there never is any
# text, it returns `None`.


# %% tags=["exercise"]
# Exercise 4.2: seconds from `begin` to the first piece of text
def time_to_first_token(stream, begin):
    # solution begins
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            return perf_counter() - begin
    return None
    # solution ends


check("4.2", time_to_first_token)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("4.2")

# %% [markdown]
# ## Is it faster in total?
#
# The first word comes sooner. And the last one? We ask the two questions of lesson 1, once without
# and once with streaming.

# %%
predict(
    "4.3",
    "The whole long answer, with stream=True:",
    choices=["is there much sooner", "takes the same time", "takes much longer"],
)

# %%
whole = nb.run(nb.prompts.FAQ, connect_to("faq"))
streamed = nb.run(nb.prompts.FAQ, connect_to("faq"), stream=True)
share = streamed.makespan / whole.makespan
sooner, later = "is there much sooner", "takes much longer"
reveal("4.3", sooner if share < 0.8 else later if share > 1.25 else "takes the same time")
nb.plot_timeline([whole, streamed])

# %% [markdown]
# The bars end at the same place. What streaming adds to the picture is a second shade:
#
# - **pale blue**: waiting for the first token;
# - **dark blue**: the answer is arriving.
#
# In the upper panel everything is pale: without streaming nobody can tell when the model began to
# write. It wrote at the same pace. The server only kept the words until the last one was there.
#
# So "streaming is faster" is half true. You *begin* to read sooner. The end comes when it comes.

# %% [markdown]
# ## How fast the words come
#
# A streamed answer takes the time to the first token, and then a short time for each further one.
# This short time is the **time per output token**. The first token is not counted: it is what one has
# waited for before.

# %%
answer = streamed.calls[0]
print(f"first token after {answer.time_to_first_token:.3f} s, {answer.output_tokens} tokens")
print(f"streaming for {answer.finished - answer.first_token:.3f} s")

# %% [markdown]
# **Your turn.** A call knows when it `started`, when its `first_token` came, when it `finished`,
# and its `output_tokens`. Write the time per output token. An answer of a single token has no pace:
# return `None`.


# %% tags=["exercise"]
# Exercise 4.4: seconds for each token after the first
def time_per_token(call):
    # solution begins
    if call.output_tokens < 2:
        return None
    return (call.finished - call.first_token) / (call.output_tokens - 1)
    # solution ends


check("4.4", time_per_token)

# %%
# hint("4.4")

# %% [markdown]
# With these two numbers you can say how long any answer will take. A thousand tokens from this
# server, for example:

# %%
each = answer.time_per_output_token
print(f"{answer.time_to_first_token:.3f} s + 999 × {each:.4f} s", end=" ")
print(f"= {answer.time_to_first_token + 999 * each:.1f} s")

# %% [markdown]
# People read about five words a second. A server that brings more than that is ahead of its reader,
# and then the time to the first token is all that the reader ever waits. For a program that needs
# the whole answer, streaming changes nothing.

# %% [markdown]
# ## Twenty readers
#
# Now twenty people ask, and we keep at most five calls in flight, as in lesson 3. (This server is
# eight times as fast as a real model.)

# %%
crowd = nb.run(nb.prompts.TWENTY, connect_to("classroom", speed=8), max_concurrency=5, stream=True)
crowd

# %% [markdown]
# The pale parts are short everywhere. Does everybody get a first word soon? Look at the **thin grey
# lines**: these questions wait for a slot, and have not been sent yet. The time to first token
# begins when a call is sent. The reader has been waiting since the question was asked: that is
# `submitted`.
#
# **Your turn.** How long does the reader of a call wait for the first word?


# %% tags=["exercise"]
# Exercise 4.5: seconds from asking to the first word
def wait_for_first_word(call):
    # solution begins
    return call.first_token - call.submitted
    # solution ends


check("4.5", wait_for_first_word)

# %%
# hint("4.5")

# %% [markdown]
# How much does the limit matter to the readers? Here are the medians for two limits:

# %%
more = nb.run(nb.prompts.TWENTY, connect_to("classroom", speed=8), max_concurrency=10, stream=True)
for run in (crowd, more):
    calls = run.to_frame()
    waits = (calls["queue_time"] + calls["time_to_first_token"]).median()
    first = calls["time_to_first_token"].median()
    print(f"at most {run.max_concurrency:2}: first token {first:.2f} s, the reader {waits:.2f} s")

# %% [markdown]
# The time to first token hardly changes. The reader's wait does. To compare servers, look at the first;
# to know how long readers wait, look at the second.

# %% [markdown]
# ## Two streams at the same time: `async for`
#
# `for chunk in stream` waits for the next piece, and nothing else moves meanwhile. With the
# asynchronous client there is `async for`: each round *awaits* the next piece, and until it is there
# the loop serves others. `tell` writes down its name for each piece of text.

# %%
client.close()
endpoint = connect_to("faq")
client = endpoint.open_async()
pieces_of = []


async def tell(name, question):
    stream = await client.chat.completions.create(
        model=endpoint.model, messages=[{"role": "user", "content": question}], stream=True
    )
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            pieces_of.append(name)


# %%
ORDERS = ["all of A, then all of B", "in turns, again and again"]
predict("4.6", "A and B are told at the same time. How do their pieces come?", choices=ORDERS)

# %%
await asyncio.gather(tell("A", nb.prompts.TWENTY[0]), tell("B", nb.prompts.TWENTY[1]))
await client.close()
print("".join(pieces_of))
changes = sum(one != other for one, other in pairwise(pieces_of))
reveal("4.6", ORDERS[changes > 2])

# %% [markdown]
# One thread reads both answers, each piece when it comes.
#
# One more use of streaming: you can **stop**. Once you have read enough, `await stream.close()` ends
# the answer, and most servers then stop writing, so that you pay for no more. (`async with stream:`
# closes it, too, however you leave the block.)
#
# **Your turn.** Read a stream until you have at least `enough` characters of text, or until it
# ends. Close it, and return all the text that came.


# %% tags=["exercise"]
# Exercise 4.7: read until there are `enough` characters, close the stream, return the text
async def read_beginning(stream, enough):
    # solution begins
    text = ""
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            text += chunk.choices[0].delta.content
        if len(text) >= enough:
            break
    await stream.close()
    return text
    # solution ends


check("4.7", read_beginning)

# %%
# hint("4.7")

# %%
quiz("4.8")

# %%
quiz("4.9")

# %% [markdown]
# ## Key points
#
# - With `stream=True` an answer comes in chunks, mostly one token each. The first chunk need not
#   carry text, and a chunk need not have choices.
# - `for` takes them with the blocking client, `async for` with the asynchronous one, where others go
#   on meanwhile. Close a stream that you do not read to its end.
# - Time to first token: from sending to the first *text*. Time per output token: from there to the
#   end, for each token after the first.
# - Streaming does not make the model faster. You begin to read sooner, and the end stays where it
#   was.
# - Where a limit holds calls back, the reader waits for `queue_time` as well.
#
# ## The same as a script
#
# [scripts/04-first-token.py](scripts/04-first-token.py) runs outside Jupyter:
# `python notebooks/scripts/04-first-token.py`.
#
# ## Where to go next
#
# [Lesson 5](05-when-it-fails.ipynb) asks what happens when some calls fail.
