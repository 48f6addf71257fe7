"""The functions that lessons call: predict, check an exercise, get a hint, answer a question.

In a lesson::

    from aiml_nb.course import check, hint, predict, quiz, reveal

    predict("3.1", "How long will twenty calls take?", unit="s")   # before the cell that shows it
    reveal("3.1", run.makespan)                                    # guess and measurement, after it
    check("3.2", run)       # "✓ 3.2 …" or "Not yet (3.2): …"; its Verdict is true if it passed
    hint("3.2")             # the first hint; called again, the next one
    quiz("3.3")             # a question with one explanation per answer
    progress()              # what is done and what is open in all lessons, and a short code

All of them work without a front end: they print. Nothing that a learner wrote makes them raise,
except that the NotBegun of an exercise that is not begun goes through, which shows as one line.

How to write the checks of a lesson
-----------------------------------
``lessons/lesson03.py`` holds the checks, hints and questions of lesson 3, in two dictionaries:

- ``EXERCISES = {"3.2": Exercise(check_limit, hints=("…", "…", "…"))}``. A check is a function of
  the answer, which returns a sentence of praise or raises `NotYet` with a sentence that helps.
  `require` and `of_kind` raise it, so that a check reads as a list of claims. Any other exception
  is shown to the learner as an error in the answer, and explained (``engine/explain.py``). The last
  hint is the idea of the solution. A check tries several cases that tell the known mistakes apart,
  and watches behaviour: the peak in flight, the order, the loop. ``tests/course/mutants.py``
  changes the solutions in small ways and tells which wrong ones a check accepts.
- ``QUESTIONS = {"3.3": Question("…?", {"an answer": "why it is right or wrong", …}, right="…")}``.

A check that calls the learner's coroutine function passes it a `FakeModel`, which answers after
given times and records each call, and waits with `run_answer`::

    def check_ask_all(ask_all):
        model = FakeModel([0.3, 0.1])
        answers = run_answer(ask_all, model.ask, ["a long one", "a short one"])
        require(answers == [model.answer_to(q) for q in …], "…")
        require(model.peak_in_flight == 2, "…")
        return "Both were under way at once."

`Stopwatch` records the calls that a learner's own code makes, for tables and pictures.
`FilmStudio` is a service to be polled.

Lessons are written in ``notebooks/sources/NN-name.py`` (py:percent), and ``notebooks/build.py``,
which documents their format, builds the notebooks from them.
"""

from .engine.exercises import Exercise, NotBegun, NotYet, Verdict, check, of_kind, require
from .engine.fake_model import FakeModel
from .engine.film_studio import FilmStudio
from .engine.guesses import predict, reveal
from .engine.hints import hint
from .engine.passed import passed
from .engine.progress import Progress, progress, read_progress
from .engine.questions import Question
from .engine.quiz import quiz
from .engine.run_answer import run_answer
from .engine.stopwatch import Stopwatch

__all__ = [
    "Exercise",
    "FakeModel",
    "FilmStudio",
    "NotBegun",
    "NotYet",
    "Progress",
    "Question",
    "Stopwatch",
    "Verdict",
    "check",
    "hint",
    "of_kind",
    "passed",
    "predict",
    "progress",
    "quiz",
    "read_progress",
    "require",
    "reveal",
    "run_answer",
]
