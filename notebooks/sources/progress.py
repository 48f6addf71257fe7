# %% [markdown]
# # Your progress
#
# What of the course is done, and what is open. (2.7, 2.8 and 7.11 are in the appendices.)

# %%
from aiml_nb.course import progress, read_progress

progress()

# %% [markdown]
# ## Where this is kept
#
# When an exercise passes its check in a notebook, its number goes into `course-progress.txt`, a file of text
# beside the notebooks. The file holds the numbers of the exercises and nothing else: no name, no time, no
# answer. Nothing is sent anywhere, and no exercise looks at it. So a restart loses nothing, and you may read
# the file, change it or delete it whenever you like.
#
# On Binder and on Colab the file ends with the session. Keep the code that stands below the table, and paste
# it when you go on:

# %%
# progress("0GBR0-00000-0N6A")     # your code in place of this one

# %% [markdown]
# ## The code
#
# It says which exercises are done, in the order of the lessons. It is yours to show, or not. A teacher reads
# one with `read_progress`:

# %%
read_progress(progress().code).summary

# %% [markdown]
# A code that is mistyped is refused, and so is one from another edition of the course. But it is no
# certificate. It holds no name and no secret, so whoever reads how it is made can make one up. Who wants to
# know what you can do should ask you to explain your runner of lesson 11.
#
# ## When everything is done
#
# - Change the last runner: a journal, so that a restart does not pay twice; a limit of calls a minute; answers
#   in pieces.
# - Run a list of your own with it, and with `nb.run`, and explain the difference in the timelines.
# - Explain to somebody why `asyncio.gather` leaves tasks running when one call fails, and stops them when it is
#   cancelled itself.
