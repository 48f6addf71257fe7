"""Prompts: one prompt, many prompts, and files and tables of them."""

from .examples import FAQ, TWENTY
from .inputs import as_prompts
from .prompt import Prompt
from .read_file import read_prompts

__all__ = ["FAQ", "TWENTY", "Prompt", "as_prompts", "read_prompts"]
