"""Lesson 1, Sync and async: what its checks look at, its hints and its questions."""

from __future__ import annotations

from ..exercises import Exercise
from ..questions import Question

EXERCISES: dict[str, Exercise] = {}
QUESTIONS: dict[str, Question] = {}
