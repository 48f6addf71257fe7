"""Lesson 11, Your own runner: checks, hints and questions."""

from __future__ import annotations

from ..engine.exercises import Exercise
from ..engine.questions import Question
from .own_runner import calls, records, stop, waits

EXERCISES: dict[str, Exercise] = {
    "11.2": calls.ASK_ALL,
    "11.3": calls.LIMIT,
    "11.4": waits.ASK_IN_TIME,
    "11.5": waits.ASK_AGAIN,
    "11.6": records.ASK_RECORD,
    "11.9": stop.RUN_ALL,
}

QUESTIONS: dict[str, Question] = {
    "11.7": Question(
        "Twenty questions, two slots, each call may take a second. Where does the time limit go?",
        {
            "around the call, inside the slot": "The clock starts when the call is sent. Waiting "
            "for a slot is no fault of the server.",
            "around the slot and the call": "Then the last calls run out of time in your own "
            "queue, before anybody has asked them.",
            "around the whole run": "That limits the run, and not a call: one that hangs would "
            "take the time of all.",
        },
        right="around the call, inside the slot",
    ),
    "11.10": Question(
        "A server says 429, come back in two seconds, to one of your calls. What does nb.run do "
        "that your runner does not?",
        {
            "It waits two seconds.": "So does yours: it reads Retry-After.",
            "It lets all calls wait.": "The server counts all calls with your key together. In "
            "your runner only the call that was told waits, and the next one is refused, too.",
            "It gives the call up.": "A 429 passes. Neither of the two gives it up.",
        },
        right="It lets all calls wait.",
    ),
    "11.11": Question(
        "Lesson 6 again: told to come back in two seconds, ask_again calls  time.sleep(2).  Who "
        "waits?",
        {
            "This call alone": "That is what  await asyncio.sleep(2)  would do.",
            "All calls of the runner": "There is one thread. Answers that arrive meanwhile are not "
            "read, and time limits are looked at too late.",
            "Nobody: the semaphore gives the slot to another": "A slot is of no use to a loop that "
            "does not run.",
        },
        right="All calls of the runner",
    ),
}
