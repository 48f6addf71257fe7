# ---
# jupyter:
#   voila:
#     template: aiml_nb
# ---

# %% [markdown]
# # The race: one call at a time, or many at once?
#
# Twenty questions, asked twice: **A** waits for each answer before it asks the next question, **B**
# has several calls in flight. Guess how many times faster B is, then press **Start**.

# %%
import aiml_nb as nb
from aiml_nb.widgets import Race, WhatIf

simulator = nb.connect(simulate=True, scenario="faq", seed=0, verbose=False)
Race(nb.prompts.TWENTY, simulator, max_concurrency=5, speed=4)

# %% [markdown]
# ## What if the limit were another one?
#
# These are twenty calls that were made a moment ago, at most five in flight. Choose another limit
# and read how long they would have taken. Each further slot gains less than the one before.

# %%
fast = nb.connect(simulate=True, scenario="faq", seed=0, speed=20, verbose=False)
run = await nb.run_async(nb.prompts.TWENTY, fast, max_concurrency=5, progress=False)
WhatIf(run)

# %% [markdown]
# Everything here is simulated: the times are drawn from a seed and are the same for everybody. For
# numbers to keep, `nb.compare()` makes the calls one run after the other, with nothing beside them.
