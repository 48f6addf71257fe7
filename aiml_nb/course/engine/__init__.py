"""The parts shared by all lessons: checks, hints, guesses, questions and a fake model."""
