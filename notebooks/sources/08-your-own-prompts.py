# %% [markdown]
# # 8. Your own prompts: how do you get from a list to a file of answers?
#
# You have a list, a table or a file of questions, and want the answers in a table or a file, even
# if the power fails in between. In about 35 minutes you will be able to
#
# - run prompts from a list, a table, a CSV or a JSONL file, and bring the answers back to their
#   rows;
# - go on with an interrupted run without paying twice for what is answered;
# - set a limit to what a run may cost, and use a key of your own without showing it to anybody.
#
# No key and no money is needed: the calls go to a simulator, and everything it answers is marked as
# simulated. The files of this lesson go to a temporary folder, which is deleted when the notebook is shut
# down. For work of your own write `folder = Path("my-answers")`.

# %%
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

import aiml_nb as nb
from aiml_nb.course import check, hint, predict, quiz, reveal

kept = tempfile.TemporaryDirectory()
folder = Path(kept.name)
endpoint = nb.connect(simulate=True, seed=0, speed=20)

# %% [markdown]
# ## From a list
#
# The shortest way: a list of texts. Whatever else you give, such as `system` or `max_tokens`, goes
# to the model with every prompt, as in the openai client.

# %%
run = nb.run(["Why do cats purr?", "What is 2+2?"], endpoint, system="Be brief.", max_tokens=12)
run.to_frame()[["prompt", "outcome", "output_tokens", "text"]]

# %% [markdown]
# One row for each prompt, in your order. Look at the column `outcome` before you use the texts:
# `max_tokens=12` cut the first answer off, so it is `incomplete`. A call that fails is a row too.
# Nothing is dropped, and nothing stops the others.
#
# A single text is not a list. What then?

# %%
try:
    nb.run("Why do cats purr?", endpoint)
except TypeError as error:
    print(error)

# %% [markdown]
# The errors of `aiml_nb` end with what to type instead. It is worth reading them to the end.
#
# ## From a table, and back to its rows
#
# A column of a table will do as well. Here is one, and we only want to ask about the animals with
# four legs.

# %%
animals = pd.DataFrame(
    {
        "animal": ["hen", "cat", "spider", "dog", "horse"],
        "legs": [2, 4, 8, 4, 4],
    }
)
animals["question"] = "What does a " + animals["animal"] + " eat?"
four_legs = animals[animals["legs"] == 4]
run = nb.run(four_legs["question"], endpoint)
four_legs

# %% [markdown]
# Look at the numbers at the left of the table: 1, 3, 4. They are the table's *index*, and the
# filter has kept the old ones. The run's own table counts from 0.
#
# **Guess first.** We write `four_legs.assign(answer=run.to_frame()["text"])`.

# %%
predict("8.1", "How many of the three animals will get their own answer?", unit="animals")

# %%
table = run.to_frame()
careless = four_legs.assign(answer=table["text"], answer_to=table["prompt"])
given = careless["answer"].fillna("nothing")
reveal("8.1", sum(text == call.text for text, call in zip(given, run.calls, strict=True)))
careless[["animal", "answer_to", "answer"]]

# %% [markdown]
# No error, no warning, and a wrong table: pandas brings together the rows of the *same index*. Look at
# `answer_to`, the question that was answered: the cat got the answer for the dog, and two have none.
# The calls are in the order of your prompts. Go by the order.
#
# **Your turn.** Write `with_answers(table, run)`. It returns the table with one more column,
# `answer`, in which each row has its own answer. The index of the table stays as it is.


# %% tags=["exercise"]
# Exercise 8.2: each answer in its own row
def with_answers(table, run):
    # solution begins
    return table.assign(answer=[call.text for call in run.calls])
    # solution ends


check("8.2", with_answers)

# %%
# Stuck? Take away the first # in the next line and run this cell; again for another hint.
# hint("8.2")

# %% [markdown]
# ## From a file
#
# Give a file's name in place of the list:
#
# | The file's name ends with | What is in it |
# |---|---|
# | `.csv` | a table with a column `prompt` |
# | `.jsonl` | one JSON object in each line |
# | anything else | text with one prompt in each line; give a `Path` |

# %%
four_legs.rename(columns={"question": "prompt"}).to_csv(folder / "animals.csv")
nb.run(folder / "animals.csv", endpoint)

# %% [markdown]
# **JSONL** is the form for larger things. Each line is a prompt with a name, its `custom_id`, and
# with parameters for this prompt alone:
#
# ```json
# {"custom_id": "cat", "prompt": "What does a cat eat?", "max_tokens": 50}
# {"custom_id": "dog", "prompt": "What does a dog eat?", "max_tokens": 80}
# ```
#
# (In place of `prompt` there may be `messages`. A file made for OpenAI's Batch API will do, too.)
#
# **Your turn.** Write `as_line(name, question)`, which returns such a line as text, with
# `max_tokens` 50. It must work for any question, also for one with quotation marks in it.


# %% tags=["exercise"]
# Exercise 8.3: one line of a JSONL file
def as_line(name, question):
    # solution begins
    return json.dumps({"custom_id": name, "prompt": question, "max_tokens": 50})
    # solution ends


check("8.3", as_line)

# %%
# hint("8.3")

# %% [markdown]
# ## Into a file
#
# `to_csv` is for spreadsheets and pandas, `to_jsonl` for programs; `nb.read_saved` makes a run of
# the latter again. Prompts and answers are written only if you say so, with `texts=True`: times can
# be passed on to everybody, texts perhaps not.

# %%
nb.to_csv(run, folder / "answers.csv", texts=True)
nb.to_jsonl(run, folder / "answers.jsonl", texts=True)
print(nb.read_saved(folder / "answers.jsonl"))
pd.read_csv(folder / "answers.csv")[["prompt", "text", "duration"]].round(2)

# %% [markdown]
# Texts of a model come from outside. A text that a spreadsheet would take for a formula, such as
# `=1+1`, gets an apostrophe in front in the CSV, so that nothing is carried out when somebody opens
# it.
#
# ## When it is interrupted
#
# Twenty prompts are on their way, four at a time, and after about eight answers the power fails.
# (Here we cancel the run. `nb.start` starts it and lets the notebook go on.) The eight answers are
# paid for. Are they lost?
#
# Not with a **journal**: a file in which every answer is written down before anything else is done
# with it.

# %%
slower = nb.connect(simulate=True, seed=0, speed=10, verbose=False)
handle = nb.start(nb.prompts.TWENTY, slower, max_concurrency=4, journal=folder / "run.jsonl")
while handle.progress[0] < 8:
    await asyncio.sleep(0.01)
handle.cancel()
with contextlib.suppress(asyncio.CancelledError):
    await handle
handle.partial.to_frame()["outcome"].value_counts()

# %% [markdown]
# `cancelled` calls had been sent, and were not answered yet. `not_started` ones had not been sent.
# Now we go on.

# %%
predict(
    "8.4", "How many requests will the server have got, when all 20 are answered?", unit="requests"
)

# %%
whole = nb.resume(folder / "run.jsonl")
reveal("8.4", sum(len(call.attempts) for call in whole.calls))
whole

# %% [markdown]
# What was answered is not asked again. What had not been sent is sent. In between are those that
# were in flight: the server may have worked on them, and may charge for it, although the answer
# never arrived. They are sent again, and `aiml_nb` tells you which.
#
# Nobody can do better than that: no program knows what became of a letter that got no reply. But
# one can keep it small: with four in flight at most four are in doubt. Here are the attempts around
# the interruption.

# %%
whole.attempts_frame()[["custom_id", "number", "error_type", "possibly_billed"]].iloc[6:14]

# %% [markdown]
# **Your turn.** Before you complain about a bill: write `in_doubt(run)`, which returns the list of
# the `custom_id`s of all calls that may have been paid for twice. A second attempt alone is no
# proof: a request that was turned away costs nothing. Look for what the attempts say.


# %% tags=["exercise"]
# Exercise 8.5: which calls may have been paid for twice?
def in_doubt(run):
    # solution begins
    return [
        call.custom_id
        for call in run.calls
        if any(attempt.possibly_billed for attempt in call.attempts)
    ]
    # solution ends


check("8.5", in_doubt)

# %%
# hint("8.5")

# %%
quiz("8.6")

# %% [markdown]
# ## What it may cost
#
# Three limits, each of which stops a run before it is passed: `max_calls` (requests, repeated ones
# included), `max_total_tokens`, and `max_cost` in US dollars. The scenario `aimlapi` says what each
# call costs, as AIML API does.

# %%
paid = nb.connect(scenario="aimlapi", seed=0, speed=20, verbose=False)
run = nb.run(nb.prompts.TWENTY, paid, max_cost=0.01)
cost = run.to_frame()["cost"].sum()
print(run, f"for ${cost:.4f}, simulated.", run.stopped, sep="\n")

# %% [markdown]
# It stopped below the limit, not at it. Nobody knows before what a call will cost. So before a call is
# sent, as much is set aside as the dearest one so far has cost, and where that does not fit any more,
# nothing more is sent. A cheaper call might still have fitted. (Where a provider does
# not tell its costs, give `prices=(input, output)`, in dollars per million tokens.)
#
# **Your turn.** Try with twenty, before you pay for ten thousand. Write `dollars(run, number,
# prices)`: what will `number` calls cost that are like those of `run`? `prices` is such a pair.
# Calls that failed have no tokens (`None`): leave them out.


# %% tags=["exercise"]
# Exercise 8.7: the cost of many calls, from the tokens of a few
def dollars(run, number, prices):
    # solution begins
    ok = [call for call in run.calls if call.outcome == "ok"]
    into = sum(call.input_tokens for call in ok) * prices[0]
    out = sum(call.output_tokens for call in ok) * prices[1]
    return (into + out) / 1e6 / len(ok) * number
    # solution ends


check("8.7", dollars)

# %%
# hint("8.7")

# %%
quiz("8.8")

# %% [markdown]
# ## A key of your own
#
# A key is money. It does not belong in a cell: notebooks are saved, sent and put on the web.
# `nb.connect()` looks for it in the environment variable `AIML_API_KEY`, shows its length at most,
# and sends it to nobody but the provider. There are three good ways to put it there:
#
# - **`"environment"`**: on your own computer, `export AIML_API_KEY=…` in the terminal, before you
#   start Jupyter there;
# - **`"colab"`**: in Google Colab, under the key symbol at the left (read in Colab's documentation,
#   not tried here);
# - **`"field"`**: a password field, for this session. On Binder better not: that computer is not
#   yours.
#
# The next cell does nothing unless you choose one of them.

# %%
my_key_from = None  # None, "environment", "colab" or "field"

if my_key_from == "colab":
    from google.colab import userdata

    os.environ["AIML_API_KEY"] = userdata.get("AIML_API_KEY")
elif my_key_from == "field":
    from IPython.display import display
    from ipywidgets import Password

    def keep(change):  # and leave nothing of it in the field, which then goes
        field.unobserve(keep, "value")
        os.environ["AIML_API_KEY"], field.value = field.value, ""
        field.close()

    field = Password(description="API key", continuous_update=False)
    field.observe(keep, "value")
    display(field)

# %%
if my_key_from:  # one short question to a real model, for a fraction of a cent
    live = nb.run(["What is 2+2?"], nb.connect(), max_calls=1, max_tokens=20)
    print(live.calls[0].outcome, live.calls[0].text)
else:
    print("No key was asked for, so nothing was sent. Everything here is simulated.")

# %% [markdown]
# ## The same on the command line
#
# For a long run you need no notebook. This is a command for a terminal; the cell calls it for us.

# %%
options = ["--prompts", "animals.csv", "--output", "by-command.csv", "--journal", "kept.jsonl"]
command = ["run", *options, "--simulate", "--speed", "20"]
print("aiml-nb", *command)
done = subprocess.run(
    [sys.executable, "-m", "aiml_nb", *command], cwd=folder, capture_output=True, text=True
)
print(done.stdout, done.stderr)

# %% [markdown]
# If it is interrupted, the same command with `--resume` goes on. Leave `--simulate` and `--speed`
# out, and it uses your key.
#
# ## Key points
#
# - `nb.run` takes a list, a column, or the name of a file. It gives one row for each prompt, in
#   your order.
# - Bring answers back to a table by their order, not by the index.
# - Look at `outcome` before you use a text.
# - A journal keeps every answer at once. `nb.resume` goes on, and says what is in doubt.
# - Set a limit (`max_cost`, `max_calls`, `max_total_tokens`), and try with a few before you pay for
#   many.
# - A key belongs in the environment, never in a cell.
#
# ## The same as a script
#
# [scripts/08-your-own-prompts.py](scripts/08-your-own-prompts.py) takes a table to a file of
# answers, with a journal: `python notebooks/scripts/08-your-own-prompts.py`. Any notebook can be saved as a script:
# in JupyterLab with *File, Save and Export Notebook As, Executable Script*. Write
# `asyncio.run(main())` in it where the notebook has `await`.
#
# ## Where to go next
#
# What if an answer does not come? [9. Waiting well](09-waiting-well.ipynb). The
# [README](../README.md) has the whole tour on one page.
