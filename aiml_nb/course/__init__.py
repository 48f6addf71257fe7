"""What the lessons call: guess first, check what you wrote, get a hint, answer a question.

In a lesson::

    from aiml_nb.course import check, hint, predict, quiz, reveal

    predict("3.1", "How long will twenty calls take?", unit="s")   # before the cell that shows it
    reveal("3.1", run.makespan)                                    # guess and measurement, after it
    check("3.2", run)       # "✓ 3.2 …" or "Not yet (3.2): …"; its Verdict is true if it passed
    hint("3.2")             # the first hint; called again, the next one
    quiz("3.3")             # a question with one explanation per answer

All of them work without a front end: they print. None raises because of what a learner wrote, but
for an exercise not yet begun: its NotImplementedError goes through.

How a lesson brings its own
---------------------------
``lessons/lesson03.py`` holds the checks, hints and questions of lesson 3, in two dictionaries:

- ``EXERCISES = {"3.2": Exercise(check_limit, hints=("…", "…", "…"))}``. A check is a function over
  the answer, which returns the sentence of praise or raises `NotYet` with the sentence that helps.
  `require` and `of_kind` raise it, so that a check reads as a list of claims. What else it raises
  is told to the learner as the answer's own error. Its last hint is the solution's idea.
- ``QUESTIONS = {"3.3": Question("…?", {"an answer": "why it is right or wrong", …}, right="…")}``.

A check that calls the learner's coroutine function gives it `FakeModel` to ask, which answers after
set times and keeps a record of each call, and waits with `run_answer`::

    def check_ask_all(ask_all):
        model = FakeModel([0.3, 0.1])
        answers = run_answer(ask_all, model.ask, ["a long one", "a short one"])
        require(answers == [model.answer_to(q) for q in …], "…")
        require(model.peak_in_flight == 2, "…")
        return "Both were under way at once."

`Stopwatch` keeps records of the calls that a learner's own code makes, for tables and pictures.

Lessons are written in ``notebooks/sources/NN-name.py`` (py:percent), and ``notebooks/build.py``
makes the notebooks from them. What a source looks like is said there.
"""

from .engine.exercises import Exercise, NotYet, Verdict, check, hint, of_kind, require
from .engine.fake_model import FakeModel
from .engine.guesses import predict, reveal
from .engine.questions import Question
from .engine.quiz import quiz
from .engine.run_answer import run_answer
from .engine.stopwatch import Stopwatch

__all__ = [
    "Exercise",
    "FakeModel",
    "NotYet",
    "Question",
    "Stopwatch",
    "Verdict",
    "check",
    "hint",
    "of_kind",
    "predict",
    "quiz",
    "require",
    "reveal",
    "run_answer",
]
