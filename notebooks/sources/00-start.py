# %% [markdown]
# # 0. Where am I, and does it work here?
#
# This is the way in: one question to a model, and everything that has to work for it. In about
# 20 minutes you will be able to
#
# - tell what this notebook runs on, and whether something is wrong with it;
# - ask a question and read the record that is kept of it;
# - say where your questions go, what they cost, and where a key belongs.
#
# You need no key and no money.

# %% [markdown]
# ## How these notebooks work
#
# A *cell* is a box with code in it and `[ ]` at its left. Click into the first one and press
# **Shift + Enter**: it is run, and what it gives appears below it. Go on like this from top to
# bottom. If you get lost, choose *Kernel, Restart Kernel* in the menu and begin at the top again. You
# cannot break anything.
#
# You will meet four helpers: `predict` asks for a guess before you run something, `check` looks at
# what you wrote and says *✓* or *Not yet*, `hint` helps on, and `quiz` asks a question. An exercise
# that you have not begun says so in one line: *not begun*. That is meant so.
#
# What has passed is noted in a small file beside the notebook, `course-progress.txt`: the numbers of the
# exercises, no name and no time, and nothing is sent. [Your progress](progress.ipynb) shows it, and says more.

# %%
import aiml_nb as nb
from aiml_nb.course import check, hint, predict, quiz, reveal

# %% [markdown]
# If that ended in *No module named 'aiml_nb'*, install it: type `%pip install -e .` in a new cell if
# you have the project's folder, and restart the kernel. `%pip` installs where this notebook looks.
#
# ## What runs here
#
# `check_up()` looks at everything that a call needs: Python, the packages, the kernel, the event loop,
# the key, the server, the memory.

# %%
nb.check_up()

# %% [markdown]
# Each line begins with a word. **ok** means what it says. **note** is worth knowing, and nothing has
# to be done. **wrong** will stop you sooner or later, and the line ends with what to type.
#
# When you ask somebody for help, send these lines along. They never show a key.

# %%
quiz("0.1")

# %% [markdown]
# ## Where do the questions go?
#
# `connect()` chooses an *endpoint*: an address that answers questions, and the model to ask for. With
# `simulate=True` it is a **simulator** on this machine. It speaks like a model server and costs
# nothing. Its answers are made up, and say so. Here it is twice as fast as a real model would be.

# %%
endpoint = nb.connect(simulate=True, scenario="faq", seed=7, speed=2)
endpoint.model

# %% [markdown]
# Nothing has been sent yet. Before you send the first question, **guess** how long the answer takes.
# Nobody looks at your guess but you; you learn more from a wrong one than from none.

# %%
predict("0.2", "How many seconds will the answer to 'What is 2+2?' take?", unit="s")

# %%
run = nb.run(["What is 2+2?"], endpoint)
print(run.calls[0].text)

# %%
reveal("0.2", run.makespan)

# %% [markdown]
# (The line *Event loop: …* is explained in [lesson 2](02-the-loop.ipynb).)
#
# ## A record of every call
#
# `nb.run` takes a list of questions and returns a *run*. For each question the run keeps a *call*: the
# question, the answer, how it ended, and when. `plot_timeline` draws it. (As the last line of a cell,
# `run` shows its picture, too, with more in it than you need today.)

# %%
nb.plot_timeline(run, detail="simple")

# %% [markdown]
# The line above the picture says *Simulated*. You will find that mark on every picture and in every
# table whose times come from the simulator.
#
# Here is the call itself. All times are seconds since the run began.

# %%
call = run.calls[0]
print("question   ", call.prompt)
print("outcome    ", call.outcome)
print(f"submitted   {call.submitted:.3f} s")
print(f"started     {call.started:.3f} s")
print(f"finished    {call.finished:.3f} s")

# %% [markdown]
# - **submitted**: you handed the question over.
# - **started**: it was sent. With many questions some have to wait for their turn.
# - **finished**: the whole answer was there.
#
# From these three stamps come the two times that people mix up: the `duration` of a call, and the
# time that its user *waited*. For this call they are almost the same. They are not, once there is a
# queue.


# %% tags=["exercise"]
# Exercise 0.3: how many seconds did the user wait, from handing over to the answer?
def waiting_time(call):
    # solution begins
    return call.finished - call.submitted
    # solution ends


check("0.3", waiting_time)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("0.3")

# %% [markdown]
# Now ask something yourself: **three questions of your own** in one run. Put the run into the variable
# `mine`.

# %% tags=["exercise"]
# Exercise 0.4: ask three questions of your own
# solution begins
mine = nb.run(["Name a river.", "Why is snow white?", "What is the highest mountain?"], endpoint)
# solution ends
check("0.4", mine)

# %%
# hint("0.4")

# %% [markdown]
# ## Everybody sees the same
#
# The simulator throws dice for how long an answer takes. The `seed` decides how they fall. Two people
# in two cities who write the same seed see the same race. Or do they? Guess, then see.

# %%
SAME = ["it takes the same time", "it takes another time"]
predict("0.5", "Seed 7, the same question, asked twice: and the second time?", choices=SAME)

# %%
times = []
for seed in (7, 7, 8):
    place = nb.connect(simulate=True, scenario="faq", seed=seed, speed=4, verbose=False)
    times.append(nb.run(["Why do cats purr?"], place).makespan)
    print(f"seed {seed}: {times[-1]:.2f} s")

is_same = abs(times[1] - times[0]) < abs(times[2] - times[0])
reveal("0.5", SAME[0] if is_same else SAME[1])

# %% [markdown]
# The dice are the same. What differs is the little that your machine adds: a few thousandths of a
# second, and more when it is busy. So in these lessons you can compare your numbers with your
# neighbour's.
#
# ## With a key of your own
#
# All lessons work without one. When you want a real model:
#
# 1. Get a key from your provider, for example AIML API.
# 2. Put it into the environment **before** you start Jupyter: `export AIML_API_KEY=…` in the terminal.
# 3. Start Jupyter from that terminal.
# 4. Write `endpoint = nb.connect()` and read the line that it prints: it says where calls go.
# 5. Begin small: `nb.run(["What is 2+2?"], endpoint, max_calls=1)` cannot become expensive.
#
# Never type a key into a cell: notebooks are saved, sent and shown on projectors. And use none on
# Binder, whose rules forbid it: the machine there is not yours.
#
# Is there a key here? This cell says it without showing it.

# %%
import os

print("A key is set." if os.environ.get("AIML_API_KEY") else "No key: the simulator answers.")

# %%
quiz("0.6")

# %% [markdown]
# ## Key points
#
# - `nb.check_up()` says what runs here; *wrong* lines end with what to type.
# - `nb.connect(…)` chooses where questions go and says so. `nb.run(questions, endpoint)` asks them.
# - A run keeps a record of each call, with its stamps in seconds. Waiting is `finished - submitted`.
# - The same seed gives everybody the same race. A key belongs into the environment.

# %% [markdown]
# ## The same as a script
#
# [scripts/00-start.py](scripts/00-start.py) does this without a notebook:
# `python notebooks/scripts/00-start.py`. In a terminal, `aiml-nb doctor` is `nb.check_up()`.

# %% [markdown]
# ## Where to go next
#
# [Lesson 1](01-sync-and-async.ipynb) asks two questions at once and looks which answer comes first.
