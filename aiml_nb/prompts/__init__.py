"""Prompts: one prompt, many prompts, and files and tables of them."""

from .inputs import FAQ, TWENTY, as_prompts, read_prompts
from .prompt import Prompt

__all__ = ["FAQ", "TWENTY", "Prompt", "as_prompts", "read_prompts"]
