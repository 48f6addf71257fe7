"""Lesson 10, Real work: checks, hints and questions."""

from ..engine.questions import Question
from . import film_exercise, pipeline_exercise, tool_exercise, valid_answer_exercise

EXERCISES = {
    "10.2": valid_answer_exercise.EXERCISE,
    "10.4": tool_exercise.EXERCISE,
    "10.6": pipeline_exercise.EXERCISE,
    "10.8": film_exercise.EXERCISE,
}

QUESTIONS = {
    "10.9": Question(
        "Lesson 7 again: you look for a film every 10 s, and report that it took 60 s. What do you "
        "know?",
        {
            "It took 60 s": "It was ready at some time since the look before, and you were not "
            "looking.",
            "It took between 50 s and 60 s": "At 50 s it was not ready, and at 60 s it was. "
            "Whoever polls measures in steps of the pause.",
            "It took between 60 s and 70 s": "At 60 s it was ready already.",
        },
        right="It took between 50 s and 60 s",
    ),
    "10.10": Question(
        "Lesson 5 again: which of these is worth another attempt without a change?",
        {
            "The answer is not valid JSON": "The next draw is another one, and most of them fit. "
            "But each attempt is paid for: set a limit.",
            "Status 400: the model does not take the parameter": "It will not take it the next "
            "time, either. Change the request.",
            "Status 401: the key is wrong": "It stays wrong. Asking again only makes the log "
            "longer.",
        },
        right="The answer is not valid JSON",
    ),
}
