"""Prompts to begin with: the two of the FAQ, and twenty everyday questions."""

FAQ = [
    "List the 5 most famous hockey players of the 20th century.",
    "What is 2+2?",
]
"""The two questions of the AIML API FAQ: a long answer asked for first, a short one second."""

TWENTY = [
    "Name three rivers in Europe.",
    "Explain why the sky is blue to a ten-year-old.",
    "What is the boiling point of water at sea level?",
    "Write a haiku about the first snow.",
    "Summarise the story of Cinderella in two sentences.",
    "List four uses of a paper clip.",
    "What does HTTP stand for?",
    "Describe how a bicycle stays upright.",
    "Translate 'good morning' into French, Spanish and Italian.",
    "Why do cats purr?",
    "Give a recipe for pancakes.",
    "Who painted the Mona Lisa?",
    "Explain recursion with an everyday example.",
    "What is the capital of Australia?",
    "List the planets in order from the sun.",
    "How does a vaccine work?",
    "Suggest three names for a sailing boat.",
    "What is the difference between weather and climate?",
    "Convert 100 kilometres to miles.",
    "Write a limerick about a forgetful wizard.",
]
"""Twenty everyday questions with answers of different lengths."""
