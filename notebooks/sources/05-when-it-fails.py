# %% [markdown]
# # 5. When it fails: what if some calls fail?
#
# One call hardly ever fails. Of a thousand calls, some do: the server is busy, a line breaks, a
# question is refused. In about 40 minutes you will be able to
#
# - say what becomes of the other calls when one fails, in three ways of calling;
# - tell which failures are worth asking again, and how long to wait;
# - stop a run half-way, keep what you have, and go on later.
#
# You need no key and no money. All questions go to the **simulator** on this machine, which fails
# on request. Every table and picture says that it is simulated.

# %%
import asyncio
from time import perf_counter

import openai

import aiml_nb as nb
from aiml_nb.course import check, hint, predict, quiz, reveal

questions = nb.prompts.TWENTY[:6]


def connect_to(scenario, speed=10):
    return nb.connect(simulate=True, scenario=scenario, speed=speed, seed=0, verbose=False)


# %% [markdown]
# `connect_to` gives us a fresh simulated server, ten times as fast as a real model unless we say
# otherwise. Its *scenario* says what goes wrong.
#
# ## One of six fails
#
# The scenario `one-fails` refuses one request: *400, bad request*. We ask six questions at once, with
# the plain openai client and `asyncio.gather`, as in lesson 1. This time `asyncio.create_task` starts
# each call first. It gives back a *task*: by it we can see later what became of the call.


# %%
async def ask(client, question):
    reply = await client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": question}]
    )
    return reply.choices[0].message.content


# %% [markdown]
# **Guess before you run on.**

# %%
predict(
    "5.1",
    "Five of the six questions can be answered. How many answers will gather hand over?",
    choices=["0", "2", "5"],
)

# %%
answers = []
async with connect_to("one-fails").open_async() as client:
    tasks = [asyncio.create_task(ask(client, question)) for question in questions]
    try:
        answers = await asyncio.gather(*tasks)
    except openai.APIStatusError as error:
        print(f"gather stopped: {error}")
    print(f"{len(answers)} answers, {sum(not task.done() for task in tasks)} calls under way")
    await asyncio.wait(tasks)
    print(f"a little later: {sum(task.done() for task in tasks)} of {len(tasks)} calls are done")
reveal("5.1", str(len(answers)))

# %% [markdown]
# `gather` raises the first error it meets, and hands over nothing at all.
#
# The other five calls do not know about it. They go on to the end: the server works, you pay, and
# nobody takes the answers. (We could still find them, because we kept the list `tasks`. Most
# programs do not.)
#
# ## First way: take the errors along
#
# With `return_exceptions=True` an error takes the place of its answer.

# %%
async with connect_to("one-fails").open_async() as client:
    calls = [ask(client, question) for question in questions]
    results = await asyncio.gather(*calls, return_exceptions=True)

for question, result in zip(questions, results, strict=True):
    print(f"{type(result).__name__:16} {question}")

# %% [markdown]
# Nothing is lost. But now `results` is a mixture of answers (`str`, text) and errors. Whoever uses it
# must look at each item before touching it, and that is easily forgotten.
#
# ## Second way: all or nothing
#
# Python also has the `TaskGroup`. It belongs to work whose parts make sense together only.

# %%
predict(
    "5.2",
    "The same six in a TaskGroup, and one of them fails. What will become of the other five?",
    choices=["they go on to the end", "they are cancelled", "they fail with the same error"],
)

# %%
async with connect_to("one-fails").open_async() as client:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(client, question)) for question in questions]
    except* openai.APIStatusError as errors:
        print(f"the group stopped: {errors.exceptions}")

cancelled = sum(task.cancelled() for task in tasks)
print(f"{cancelled} of {len(tasks)} calls were cancelled")
reveal("5.2", "they are cancelled" if cancelled == 5 else "they go on to the end")

# %% [markdown]
# (`except*` with a star is for groups of errors: several calls may fail in the same moment.)
#
# A `TaskGroup` leaves nothing running. But it keeps no answer either, and what was in flight may
# have to be paid. For a list of independent questions that is too strict.
#
# ## Third way: a record for each
#
# Catch the error where it happens, inside the single call, and note it down. Then `gather` never
# sees an error.
#
# **Your turn.** Complete `ask_safely`. It gets an async function `ask` that answers one question,
# or fails. If `ask` fails, `answer` is `None` and `error` is the exception; else `error` is `None`.


# %% tags=["exercise"]
# Exercise 5.3: an answer, or the reason why there is none
async def ask_safely(ask, question):
    # solution begins
    answer, error = None, None
    try:
        answer = await ask(question)
    except Exception as reason:
        error = reason
    # solution ends
    return {"question": question, "answer": answer, "error": error}


check("5.3", ask_safely)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("5.3")

# %% [markdown]
# This is what `nb.run` does. However a call ends, it becomes a record, in the order of the
# questions.

# %%
run = nb.run(questions, connect_to("one-fails"))
run.to_frame()[["prompt", "outcome", "error_type", "error"]]

# %% [markdown]
# ## Which failures pass?
#
# The server says with a number, the *status*, what went wrong. Some failures pass by themselves, and
# asking again helps. Others stay, however often you ask.
#
# | status | what it means | ask again? |
# |---|---|---|
# | 400, 404, 422 | something is wrong with the question | no: mend it |
# | 401, 403 | the key is wrong, or has no credit | no: all other calls will fail, too |
# | 429 | too many requests | yes, after a pause |
# | 500, 502, 503, 504 | the server is in trouble | yes, soon |
# | none | no reply came | once; it may be billed twice |
#
# Each time a call is sent is an **attempt**. The scenario `hiccups` answers three attempts with 503,
# 429 and 500. When asked again, it answers well.

# %%
predict(
    "5.4",
    "Twelve questions at once would take about 0.3 s. How long with three short hiccups?",
    unit="s",
)

# %%
hiccups = nb.run(nb.prompts.TWENTY[:12], connect_to("hiccups"))
reveal("5.4", hiccups.makespan)
hiccups

# %% [markdown]
# All twelve are answered. The three striped bars are the attempts that failed, after a moment. The
# dotted line behind each is the **back-off**: the wait before the next attempt.
#
# How long it is, is drawn by lot. If everybody came back after the same wait, they would all come
# back together, and the server would be in trouble again. Only a 429 waits for a second at least.

# %%
attempts = hiccups.attempts_frame()
again = attempts[attempts["custom_id"].duplicated(keep=False)]
again[["custom_id", "number", "status", "backoff_time", "duration"]].round(2)

# %% [markdown]
# ## Retries that nobody sees
#
# The openai client asks again by itself, twice, unless told otherwise. It does so silently:

# %%
with connect_to("hiccups").open() as client:
    patient = client.with_options(max_retries=2)
    for question in questions[:2]:
        begin = perf_counter()
        patient.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": question}]
        )
        print(f"{perf_counter() - begin:.2f} s  {question}")

# %% [markdown]
# The second call was refused and asked again. All you can see is that it took longer. In a
# measurement you would blame the model.
#
# `aiml_nb` switches these silent retries off and makes its own, in the open: every attempt and every
# wait is in the records.
#
# **Your turn.** Write such a function. Ask up to three times, but only if the status is one that
# passes. Between two attempts wait a little: 0.05 seconds will do here. If nothing helps, raise the
# last error. (The status of an error is `error.status_code`.)

# %% tags=["exercise"]
# Exercise 5.5: ask again when it may help, three times at most
PASSES = {429, 500, 502, 503, 504}


async def ask_again(ask, question):
    # solution begins
    for attempt in (1, 2, 3):
        try:
            return await ask(question)
        except openai.APIStatusError as error:
            if error.status_code not in PASSES or attempt == 3:
                raise
        await asyncio.sleep(0.05)
    # solution ends


check("5.5", ask_again)

# %%
# hint("5.5")

# %% [markdown]
# ## "Come back in two seconds"
#
# A 429 often carries the header `Retry-After`: the server says itself how long to wait. The scenario
# `come-back` says *two seconds* to the fourth request. We keep three calls in flight.

# %%
predict(
    "5.6",
    "One call is told to come back in two seconds. What will the others do meanwhile?",
    choices=["go on as before", "finish what is in flight and send nothing new", "be cancelled"],
)

# %%
pause = nb.run(nb.prompts.TWENTY[:8], connect_to("come-back"), max_concurrency=3)
told = next(c.attempts[0].finished for c in pause.calls if c.attempts[0].status == 429)
sent = [a.started for c in pause.calls for a in c.attempts if told < a.started < told + 1.9]
waited = "finish what is in flight and send nothing new"
reveal("5.6", "go on as before" if sent else waited)
pause

# %% [markdown]
# Two seconds in which nothing is sent: the hatched part in the background. The server counts all
# calls with your key together: if one is to come back later, the next would be told so, too. So
# everybody waits. A 429 that names no time, as the one above, holds up its own call alone; only if
# half of the last requests are refused do all wait for a while.

# %% [markdown]
# ## No answer at all
#
# The worst failure is silence. `timeout=` is the longest that a call may take, with all its attempts
# and waits. Here the long answer gets too little time, from a server that is slow enough to see it:

# %%
hasty = nb.run(nb.prompts.FAQ, connect_to("faq", speed=3), timeout=1.2, stream=True)
hasty

# %%
print(hasty.calls[0].outcome, "-", hasty.calls[0].error)
print("…" + hasty.calls[0].text[-60:])

# %% [markdown]
# What had arrived until then is kept. (A timeout given to the openai client alone counts the silence
# between two pieces. An answer that trickles in letter by letter never ends for it.)
#
# ## Stop, and keep what you have
#
# Twenty questions, and after a moment you see that you asked the wrong thing. Stop! In a notebook
# that is the stop button; here we do it in code. `nb.start` begins a run and returns at once, with a
# *handle* to watch it and to cancel it. With `journal=` it also keeps each answer in a file.

# %%
from pathlib import Path
from tempfile import mkdtemp

journal = Path(mkdtemp()) / "run.jsonl"
handle = nb.start(nb.prompts.TWENTY, connect_to("faq"), max_concurrency=4, journal=journal)
await asyncio.sleep(0.5)
handle.cancel()
while not handle.done:  # what was stopped needs a moment to end
    await asyncio.sleep(0.01)
print(handle)

# %%
nb.last_run()

# %% [markdown]
# `nb.last_run()` is what is known, however a run ended: answers, calls that were cancelled in
# flight, calls that were never sent. And it is not too late. `resume` reads the journal and asks only
# what has no answer yet.

# %%
whole = nb.resume(journal, connect_to("faq"))
print(sum(call.outcome == "ok" for call in whole.calls), "of", len(whole.calls), "answered")

# %% [markdown]
# Lesson 8 says more about journals.
#
# **Your turn.** Stop a run as soon as five answers are there, and return what you have.
# `handle.progress` gives two numbers: the calls that are finished, and all. Remember that the run
# moves on only while you `await` something. (A loop that never awaits hangs; the check gives up
# after ten seconds.)


# %% tags=["exercise"]
# Exercise 5.7: five answers are enough
async def stop_after_five(questions, endpoint):
    handle = nb.start(questions, endpoint, max_concurrency=2)
    # solution begins
    while handle.progress[0] < 5:
        await asyncio.sleep(0.01)
    handle.cancel()
    # solution ends
    return handle.partial


check("5.7", stop_after_five)

# %%
# hint("5.7")

# %%
quiz("5.8")

# %%
quiz("5.9")

# %% [markdown]
# ## Key points
#
# - `gather` raises the first error, hands over nothing, and leaves the other calls running.
#   `return_exceptions=True` mixes errors and answers. A `TaskGroup` cancels the rest.
# - Make every call a record: an answer, or the reason why there is none.
# - Ask again only what can pass, a few times at most, after a wait. A 429 that says when to come
#   back is for everybody.
# - Silent retries spoil measurements. Keep every attempt.
# - Set a timeout, and stop when you must: what is there, stays.
#
# ## The same as a script
#
# [scripts/05-when-it-fails.py](scripts/05-when-it-fails.py) runs outside Jupyter:
# `python notebooks/scripts/05-when-it-fails.py`.
#
# ## Where to go next
#
# [Lesson 6](06-do-not-block.ipynb) asks who holds everybody up.
