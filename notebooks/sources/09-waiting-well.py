# %% [markdown]
# # 9. Waiting well: what if it takes too long?
#
# Every `await` is a wait, and most waits in this course came to an end by themselves. Real ones do not
# always. In about 40 minutes you will be able to
#
# - end a wait in time, and leave nothing behind: `timeout`, `wait_for`, cancellation, `finally`;
# - take answers in the order in which they come: `as_completed`, and an async generator of your own;
# - let several workers share one `Queue`.
#
# This lesson needs nothing but Python until its last section, which uses the **simulator**: no key, no
# cost.

# %%
import asyncio

import aiml_nb as nb
from aiml_nb.course import check, hint, predict, quiz, reveal
from aiml_nb.widgets import LoopView

# %% [markdown]
# ## A wait with an end
#
# `asyncio.timeout(0.2)` allows what stands in its block 0.2 seconds. When they are over, it stops the
# block and raises `TimeoutError`. Here the answer would take longer than that.


# %%
async def answer_slowly(question):
    await asyncio.sleep(0.5)
    print("the answer is ready")
    return f"an answer to {question}"


async def impatient():
    try:
        async with asyncio.timeout(0.2):
            return await answer_slowly("Why?")
    except TimeoutError:
        return "no answer in time"


LoopView(impatient())

# %% [markdown]
# Go to the last step in the picture: `impatient` is woken by *its timeout*, and not by an answer.
#
# Guess what became of `answer_slowly`. Its half second was not over.

# %%
ENDS = ["it goes on, and nobody listens", "it is stopped where it waits"]
predict("9.1", "The time is up. What happens to answer_slowly?", choices=ENDS)

# %%
diary = []


async def write_a_diary():
    try:
        await asyncio.sleep(0.5)
        diary.append("the answer is ready")
    except asyncio.CancelledError:
        diary.append("stopped where it waits")
        raise
    finally:
        diary.append("cleaned up")


try:
    await asyncio.wait_for(write_a_diary(), 0.2)
except TimeoutError:
    diary.append("TimeoutError")
await asyncio.sleep(0.5)
reveal("9.1", ENDS["the answer is ready" not in diary])
print(" / ".join(diary))

# %% [markdown]
# (`asyncio.wait_for(…, 0.2)` does the same as the block, for a single thing that is awaited.)
#
# Read the diary from left to right. What is out of time is **cancelled**: at the `await` where it waits,
# a `CancelledError` is raised. `finally` is run, as with any error, and only then comes the
# `TimeoutError`. Two rules follow:
#
# - whoever catches `CancelledError` must raise it again. (`except Exception` does not catch it: that is safe.)
# - a program that does not `await` cannot be cancelled. `time.sleep(5)` takes five seconds, whatever the
#   timeout says. That is lesson 6 once more.
#
# **Your turn.** Return the answer, or `None` if it is not there within `seconds`. Only that: other
# errors of `ask` go through.


# %% tags=["exercise"]
# Exercise 9.2: the answer, or None if it is not there in time
async def answer_or_none(ask, question, seconds):
    try:
        # solution begins
        async with asyncio.timeout(seconds):
            return await ask(question)
        # solution ends
    except TimeoutError:
        return None


check("9.2", answer_or_none)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("9.2")

# %% [markdown]
# ## Somebody else cancels
#
# Not only timeouts cancel. `task.cancel()` does, a `TaskGroup` does when one of its tasks fails
# (lesson 5), and so does the stop button. Here the guest leaves before the soup is there.


# %%
async def cook_soup():
    print("the stove is on")
    try:
        await asyncio.sleep(0.5)
        return "soup"
    finally:
        print("the stove is off")


async def guest():
    soup = asyncio.create_task(cook_soup())
    await asyncio.sleep(0.2)
    soup.cancel()
    await asyncio.wait([soup])
    print("cancelled:", soup.cancelled())


LoopView(guest())

# %% [markdown]
# `soup.cancel()` only *asks* for it, as `create_task` only puts work in line. `cook_soup` is run once more, to
# turn off the stove. So await what you have cancelled, else nobody knows when it is over.
#
# **Your turn.** `open_line` opens a line to a server. It has to be closed in any case: after the
# answer, after an error, and if your function is cancelled while it waits. Return the answer; errors
# go through.


# %% tags=["exercise"]
# Exercise 9.3: open a line, ask, and close the line whatever happens
async def ask_on_a_line(open_line, question):
    line = await open_line()
    # solution begins
    try:
        return await line.ask(question)
    finally:
        await line.close()
    # solution ends


check("9.3", ask_on_a_line)

# %%
# hint("9.3")

# %%
quiz("9.4")

# %% [markdown]
# ## First come, first served
#
# `gather` returns when the *last* answer is there. `asyncio.as_completed` gives them one after the
# other, each as soon as it is there. Four cooks need 0.4, 0.1, 0.3 and 0.2 seconds.

# %%
COOKS = ["cook 1", "cook 2", "cook 3", "cook 4"]
predict("9.5", "Whose dish comes out of as_completed first?", choices=COOKS)


# %%
async def cook(number, seconds):
    await asyncio.sleep(seconds)
    return f"cook {number}"


dishes = [cook(1, 0.4), cook(2, 0.1), cook(3, 0.3), cook(4, 0.2)]
order = [await dish for dish in asyncio.as_completed(dishes)]
print(order)
reveal("9.5", order[0])

# %% [markdown]
# This is the order of being ready, and it says nothing about the order of asking. If you need to know
# whose answer it is, let the coroutine return that, too, as `cook` does.
#
# **Your turn.** Several servers get the same question, and the first good answer will do. `asks` is a
# list of coroutine functions. Ask all of them at once, and return the first answer that comes. A
# server may fail with an `OSError`: then wait for the others. If all fail, return `None`. What is
# still on the way in the end is to be cancelled: nobody needs those answers.


# %% tags=["exercise"]
# Exercise 9.6: the first good answer, and nobody is left on the way
async def first_answer(asks, question):
    tasks = [asyncio.create_task(ask(question)) for ask in asks]
    # solution begins
    try:
        for task in asyncio.as_completed(tasks):
            try:
                return await task
            except OSError:
                pass
        return None
    finally:
        for task in tasks:
            task.cancel()
    # solution ends


check("9.6", first_answer)

# %%
# hint("9.6")

# %% [markdown]
# ## A queue between those who make and those who take
#
# A **queue** hands things over from one task to another. `await queue.get()` waits while it is empty;
# `await queue.put(…)` waits while it is full. So neither has to know how fast the other one is. The
# chef needs 0.05 s for a dish, and the waiter 0.15 s to serve it. Between them is a counter with room
# for a single dish. (`None` says that no more will come.)

# %%
predict("9.7", "Is dish 2 cooked before dish 1 is served?", choices=["yes", "no"])


# %%
async def chef(counter, board):
    for number in (1, 2, 3, 4):
        await asyncio.sleep(0.05)
        board.append(f"{number} cooked")
        await counter.put(number)
    await counter.put(None)


async def waiter(counter, board):
    while (number := await counter.get()) is not None:
        await asyncio.sleep(0.15)
        board.append(f"{number} served")


async def restaurant():
    counter, board = asyncio.Queue(maxsize=1), []
    await asyncio.gather(chef(counter, board), waiter(counter, board))
    return board


LoopView(restaurant())

# %%
board = await restaurant()
print(" / ".join(board))
reveal("9.7", "yes" if board.index("2 cooked") < board.index("1 served") else "no")

# %% [markdown]
# The chef runs ahead, but not far: one dish is being served, one is on the counter, one is in the
# chef's hands, and there `put` waits. Dish 4 is cooked only after dish 1 is served. A queue with a
# `maxsize` keeps a fast producer from filling the memory.
#
# With several waiters at one queue, each takes the next dish as soon as its hands are free. Such tasks
# are called **workers**. (`nb.run(…, strategy="workers")` is made in this way.)
#
# **Your turn.** Write what a worker does. The questions are in the queue already, so that nobody needs
# to wait for one: `queue.empty()` tells whether any are left, and `queue.get_nowait()` takes the next.
# The answer to each question goes into `answers`.


# %% tags=["exercise"]
# Exercise 9.8: `number` workers share one queue
async def work_off(ask, questions, number):
    queue, answers = asyncio.Queue(), {}
    for question in questions:
        queue.put_nowait(question)

    async def work():
        # solution begins
        while not queue.empty():
            question = queue.get_nowait()
            answers[question] = await ask(question)
        # solution ends

    await asyncio.gather(*(work() for _ in range(number)))
    return answers


check("9.8", work_off)

# %%
# hint("9.8")

# %% [markdown]
# ## A generator that waits
#
# A function with `yield` gives one value after the other, when it is asked for the next. With
# `async def` it may `await` between two of them, and whoever reads it writes `async for`, as for the
# stream in lesson 4.


# %%
async def countdown(number):
    try:
        while number:
            yield number
            await asyncio.sleep(0.1)
            number -= 1
    finally:
        print("the countdown is cleaned up")


async for number in countdown(3):
    print(number)

# %% [markdown]
# Who leaves the loop early leaves the generator standing at its `yield`. `await numbers.aclose()` ends it
# there, and its `finally` is run. `async with contextlib.aclosing(countdown(3)) as numbers:` does so
# however the block is left.
#
# **Your turn**, from a blank cell. Write the async generator `as_they_come(ask, questions, limit)`. It
# asks all questions, at most `limit` at a time, and gives a pair `(question, answer)` as soon as an
# answer is there. If its reader closes it early, it leaves no call on the way. Everything you need is
# in this lesson and in lesson 3.


# %% tags=["exercise"]
# Exercise 9.9: async def as_they_come(ask, questions, limit)
# solution begins
async def as_they_come(ask, questions, limit):
    slots = asyncio.Semaphore(limit)

    async def ask_one(question):
        async with slots:
            return question, await ask(question)

    tasks = [asyncio.create_task(ask_one(question)) for question in questions]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for task in tasks:
            task.cancel()


# solution ends


check("9.9", as_they_come)

# %%
# hint("9.9")

# %% [markdown]
# ## With real calls
#
# `nb.run` does all of this for you. `timeout` is the time that a call may take, all attempts
# included. At the server `stragglers` one call in twenty takes eight times as long.

# %%
stragglers = nb.connect(simulate=True, scenario="stragglers", seed=3, speed=4)
run = nb.run(nb.prompts.TWENTY, stragglers, max_concurrency=10, timeout=2.0)
run

# %% [markdown]
# A call whose time is over is a record like any other, with the outcome `timeout`, and the others go on.

# %%
quiz("9.10")

# %% [markdown]
# ## Key points
#
# - `asyncio.timeout` and `wait_for` end a wait. What is stopped gets a `CancelledError` at its `await`.
# - Clean up in `finally`. Whoever catches `CancelledError` must raise it again.
# - Cancelling only asks. Await the task afterwards, and leave none on the way.
# - `as_completed` gives the order of being ready; `gather` the order of asking.
# - A queue hands work to workers. With `maxsize` a fast producer waits for a slow consumer.
# - An async generator gives values as they come; close it if you leave early.
#
# ## The same as a script
#
# [scripts/09-waiting-well.py](scripts/09-waiting-well.py) takes answers as they come, with a limit and a
# timeout: `python notebooks/scripts/09-waiting-well.py`.
#
# ## Where to go next
#
# [10. Real work](10-real-work.ipynb): answers in a form that a program can use, tools, pipelines, and
# what it costs.
