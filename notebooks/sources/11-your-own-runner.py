# %% [markdown]
# # 11. Your own runner: can you write it yourself?
#
# `nb.run` asks many questions, keeps a limit, asks again, gives up in time and can be stopped. It is no
# magic. In about 60 minutes you will write its core with `AsyncOpenAI` and `asyncio` alone, so that you
# can
#
# - build a runner for your own programs, with nothing of `aiml_nb` in it;
# - say which part of it answers to which kind of trouble;
# - stop it at any moment, and have a complete record of what was done.
#
# It grows over six cells. The first is nearly written; the last one is blank. Each check tries your code on
# servers that you do not see: some are slow, some fail, some say nothing. It looks at what reached the
# server, and not at how you wrote it.

# %%
import asyncio
from time import perf_counter

import openai
from openai import AsyncOpenAI

import aiml_nb as nb
from aiml_nb.course import check, hint, passed, predict, progress, quiz, reveal

# %load_ext aiml_nb

# %% [markdown]
# ## The client
#
# A client knows an address and a key. Here both belong to the **simulator** on this machine, so nothing
# costs anything. (With a server of your own leave both out: `AsyncOpenAI()` reads `OPENAI_API_KEY` and
# `OPENAI_BASE_URL` from the environment.)


# %%
def open_client(scenario, **options):
    endpoint = nb.connect(simulate=True, scenario=scenario, speed=4, seed=0, verbose=False)
    return AsyncOpenAI(base_url=endpoint.base_url, api_key=endpoint.key.reveal(), **options)


async def ask(client, question):
    reply = await client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": question}]
    )
    return reply.choices[0].message.content


# %% [markdown]
# A server in trouble answers each request with status 503. We ask it one question, once.

# %%
predict("11.1", "One call of ask. How many requests reach the server?", unit="requests")

# %%
async with open_client("every:503") as client:
    with nb.watch() as seen:
        try:
            await ask(client, "What is 2+2?")
        except openai.APIStatusError as error:
            print(error)
reveal("11.1", len(seen.calls[0].attempts))

# %% [markdown]
# One question, three requests: the client asks again by itself, twice, and does not say so. A runner that
# wants to say what happened must ask again itself. So from here on the client has `max_retries=0`.
#
# One client serves all calls. It keeps connections open, and opening one takes time; do not make a client
# for each call.
#
# **Your turn.** Ask all questions at once, and return the answers in the order of the questions.


# %% tags=["exercise"]
# Exercise 11.2: all questions at once
async def ask_all(client, questions):
    # One line: give gather one call, ask(client, question), for each question.
    # solution begins
    return await asyncio.gather(*(ask(client, question) for question in questions))
    # solution ends


check("11.2", ask_all)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("11.2")

# %% [markdown]
# ## The limit
#
# Lesson 3 says why there must be one. A **semaphore** has a number of slots. Who finds none free waits,
# and takes the first one that is given back.
#
# **Your turn.** At most `limit` calls in flight, and never fewer while questions are waiting.


# %% tags=["exercise"]
# Exercise 11.3: at most so many at once
async def ask_all_limited(client, questions, limit):
    slots = asyncio.Semaphore(limit)
    # solution begins

    async def ask_one(question):
        async with slots:
            return await ask(client, question)

    return await asyncio.gather(*(ask_one(question) for question in questions))
    # solution ends


check("11.3", ask_all_limited)

# %%
# hint("11.3")

# %% [markdown]
# Look at it: eight questions, three slots. (This cell waits for your exercise: run it again when 11.3 has
# passed.)

# %%
# %%timeline
if passed("11.3"):
    async with open_client("faq", max_retries=0) as client:
        await ask_all_limited(client, nb.prompts.TWENTY[:8], 3)

# %% [markdown]
# ## Silence
#
# A server that says nothing keeps its slot for ever. So a call needs a time limit. The client has one,
# `timeout=`, and lesson 5 showed its gap: it counts the silence between two pieces. An answer that comes
# letter by letter is never late for it.
#
# `asyncio.timeout(seconds)` is for a whole block. When the time is over it **cancels** what is inside, and
# raises `TimeoutError`.
#
# **Your turn.** Whoever calls `ask_in_time` gets the answer, or the `TimeoutError`, or the error of the
# server.


# %% tags=["exercise"]
# Exercise 11.4: an answer in so many seconds, or TimeoutError
async def ask_in_time(client, question, seconds):
    # solution begins
    async with asyncio.timeout(seconds):
        return await ask(client, question)
    # solution ends


check("11.4", ask_in_time)

# %%
# hint("11.4")

# %% [markdown]
# ## Failures that pass
#
# As in lesson 5: ask up to three times, but only if the status is one that passes. The wait is new. Where
# the server says how long, in the header `Retry-After`, do as it says:
# `error.response.headers.get("retry-after")` is a text such as `"2"`, or `None`. Where it says nothing,
# wait 0.05 seconds.
#
# The seconds are those of one attempt. A `TimeoutError` is not tried again: nobody knows whether the server
# is still at work, and two answers would be paid for.

# %% tags=["exercise"]
# Exercise 11.5: ask again when it may help, and when the server says so
PASSES = {429, 500, 502, 503, 504}


async def ask_again(client, question, seconds):
    # solution begins
    for attempt in (1, 2, 3):
        try:
            return await ask_in_time(client, question, seconds)
        except openai.APIStatusError as error:
            if error.status_code not in PASSES or attempt == 3:
                raise
            wait = float(error.response.headers.get("retry-after", 0.05))
        await asyncio.sleep(wait)
    # solution ends


check("11.5", ask_again)

# %%
# hint("11.5")

# %% [markdown]
# (Three calls that fail at the same time come back at the same time. `nb.run` draws its waits by lot; yours
# could, with `random.uniform`.)
#
# ## Records
#
# A list of answers cannot say why one is missing. A record can. It has six fields: `question`, `outcome`,
# `answer`, `error`, `started` and `finished`.
#
# - `outcome` is `"ok"`, `"timeout"` (for a `TimeoutError`) or `"error"` (for all others);
# - `answer` is the text, or `None`; `error` is the exception itself, or `None`;
# - `started` and `finished` are `perf_counter()` before and after, however the call ends.
#
# **Your turn.** `ask_record` uses `ask_again` and returns the record, a dictionary. It never raises; but a
# cancellation goes through.


# %% tags=["exercise"]
# Exercise 11.6: a record, however the call ends
async def ask_record(client, question, seconds):
    # solution begins
    record = {"question": question, "outcome": "ok", "answer": None, "error": None}
    record["started"] = perf_counter()
    try:
        record["answer"] = await ask_again(client, question, seconds)
    except TimeoutError as reason:
        record |= {"outcome": "timeout", "error": reason}
    except Exception as reason:
        record |= {"outcome": "error", "error": reason}
    record["finished"] = perf_counter()
    return record
    # solution ends


check("11.6", ask_record)

# %%
# hint("11.6")

# %%
quiz("11.7")

# %% [markdown]
# ## Stop
#
# At last all parts together. And somebody presses stop. `nb.start` shows what is expected: twelve questions, four
# slots, and a server that says nothing.

# %%
predict(
    "11.8",
    "Stopped while four calls are in flight: how many of the twelve records say 'not_started'?",
    unit="records",
)

# %%
silent = nb.connect(simulate=True, scenario="every:stall", verbose=False)
handle = nb.start(nb.prompts.TWENTY[:12], silent, max_concurrency=4)
while sum(call.started is not None for call in handle.partial.calls) < 4:
    await asyncio.sleep(0.01)
handle.cancel()
while not handle.done:
    await asyncio.sleep(0.01)
stopped = handle.partial
reveal("11.8", sum(call.outcome == "not_started" for call in stopped.calls))
stopped.to_frame()["outcome"].value_counts()

# %% [markdown]
# Twelve questions, twelve records: the calls in flight are cancelled, the others were never sent.
#
# How does a stop reach the calls? `task.cancel()` raises `CancelledError` at the `await` where the task
# waits. If that is a `gather` or a `TaskGroup`, it cancels all its calls as well, waits for them, and lets the
# error go on. A task that you start and forget is not reached: it goes on, and you pay.
#
# **Your turn, with nothing given.** Write
#
#     async def run_all(client, questions, records, limit, seconds):
#
# It gets an empty list `records` and puts one record for each question into it, in order, *before the first
# call*: all six fields, outcome `"not started"`, the rest `None`. Then it asks, at most `limit` at once, each
# attempt in so many `seconds`, and fills each record when its call is done. A call that has its slot is
# `"cancelled"`, unless something else becomes of it. When `run_all` itself is cancelled, nothing is left
# running, and the `CancelledError` goes on. (You have written all that it needs: `ask_record`, a
# semaphore and one `gather`.)


# %% tags=["exercise"]
# Exercise 11.9: the runner
# solution begins
async def run_all(client, questions, records, limit, seconds):
    empty = dict.fromkeys(("answer", "error", "started", "finished"))
    records += [{"question": each, "outcome": "not started", **empty} for each in questions]
    slots = asyncio.Semaphore(limit)

    async def fill(record):
        async with slots:
            record["outcome"] = "cancelled"
            record.update(await ask_record(client, record["question"], seconds))

    await asyncio.gather(*(fill(record) for record in records))


# solution ends
check("11.9", run_all)

# %%
# hint("11.9")

# %% [markdown]
# ## Yours beside ours
#
# The same eight questions, the same limit, the same server: `come-back` tells the fourth request to come back
# in two seconds. (The first cell waits for your exercise: run it again when 11.9 has passed.)

# %%
# %%timeline mine
if passed("11.9"):
    records = []
    async with open_client("come-back", max_retries=0) as client:
        await run_all(client, nb.prompts.TWENTY[:8], records, limit=3, seconds=10)

# %%
server = nb.connect(simulate=True, scenario="come-back", speed=4, seed=0, verbose=False)
theirs = nb.run(nb.prompts.TWENTY[:8], server, max_concurrency=3)
nb.plot_timeline([mine, theirs] if passed("11.9") else theirs)

# %% [markdown]
# Both answer all eight. In the picture of yours there are nine calls, one of them failed (so the headline
# does not rank the two): `%%timeline` sees calls of a client, and cannot know that the last one belongs to the
# one that was told to come back. `nb.run` made both attempts itself, and draws them in one row, with the wait
# between them.
#
# And look at what the *others* do during the two seconds.

# %%
quiz("11.10")

# %%
quiz("11.11")

# %% [markdown]
# `nb.run` has more of that kind: waits drawn by lot, limits of calls and tokens a minute, budgets, a journal
# on disk, answers in pieces. But there is no part of it that you could not write now.
#
# ## What you have done
#
# `progress()` shows the whole course. What has passed its check is kept in a small file beside the notebooks,
# `course-progress.txt`: the numbers of the exercises and nothing else, no name and no time. Nothing is sent
# anywhere. Delete the file whenever you like. [Your progress](progress.ipynb) says more.

# %%
progress()

# %% [markdown]
# ## Key points
#
# - One client for all calls, with `max_retries=0`: whoever keeps the records must make the attempts.
# - A semaphore, made once, limits what is in flight. The time limit belongs inside the slot, around one
#   attempt.
# - Ask again only what passes, as late as the server says, a few times at most.
# - A record for each question, made before the first call, and filled however it ends.
# - Catch `Exception`, never a cancellation. What `gather` or a `TaskGroup` waits for is cancelled with it; a
#   task of your own you must cancel yourself.
#
# ## The same as a script
#
# [scripts/11-your-own-runner.py](scripts/11-your-own-runner.py) is the whole runner, outside Jupyter:
# `python notebooks/scripts/11-your-own-runner.py`.
#
# ## Where to go next
#
# Take a list of your own, and your own runner. [Your progress](progress.ipynb) shows what is still open.
