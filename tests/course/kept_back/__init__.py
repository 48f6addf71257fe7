"""Answers that no check was written for: right ones in other styles, and wrong ones."""
