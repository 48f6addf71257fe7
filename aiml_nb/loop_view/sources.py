"""The user's code as it is shown: the outermost functions that the steps have run."""

from __future__ import annotations

import ast
import linecache
import sys
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

_MAX_LINES, _MAX_WIDTH = 200, 200  # of one function


class Sources:
    """Collects functions, and says at which of them a line is.

    Attributes
    ----------
    found
        In the form of the recording.
    """

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []
        self._numbers: dict[tuple[str, int], int] = {}
        self._extents: dict[CodeType, tuple[int, int] | None] = {}

    def number_of(self, code: CodeType) -> int | None:
        """Return the number of the source in which code stands; None if it cannot be read."""
        if code not in self._extents:
            self._extents[code] = _find_extent(code.co_filename, code.co_firstlineno)
        extent = self._extents[code]
        if extent is None:
            return None
        key = (code.co_filename, extent[0])
        if key not in self._numbers:
            self._numbers[key] = len(self.found)
            lines = linecache.getlines(code.co_filename)[extent[0] - 1 : extent[1]][:_MAX_LINES]
            shown = {"file": name_of_file(code.co_filename), "first_line": extent[0]}
            self.found.append(shown | {"lines": [line.rstrip("\n")[:_MAX_WIDTH] for line in lines]})
        return self._numbers[key]

    def text_of(self, code: CodeType, line: int) -> str:
        """Return the text of a line."""
        return linecache.getline(code.co_filename, line).strip()


def name_of_file(file: str) -> str:
    """Return what a file is called; of a cell of a notebook, its number."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    name_cell = getattr(getattr(shell, "compile", None), "format_code_name", None)
    told = name_cell(file) if name_cell is not None else None
    if told:
        kind, name = told
        return f"{kind} {name}".replace("Cell In[", "cell ").rstrip("]").lower()
    if "ipykernel_" in file:
        return "a cell"
    return Path(file).name or file


def _find_extent(file: str, line: int) -> tuple[int, int] | None:
    """Return the first and last line of the outermost function around a line."""
    linecache.checkcache(file)
    text = "".join(linecache.getlines(file))
    if not text:
        return None
    return next((each for each in _functions(text) if each[0] <= line <= each[1]), (line, line))


@cache
def _functions(text: str) -> list[tuple[int, int]]:
    """Return the extents of functions that are in no other one, and of statements with lambdas."""
    try:
        open_nodes: list[ast.AST] = [ast.parse(text)]
    except SyntaxError:  # a cell with magics; what runs is another text
        return []
    found = []
    while open_nodes:
        for node in ast.iter_child_nodes(open_nodes.pop()):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                found.append((first, node.end_lineno or first))
            else:
                open_nodes.append(node)
    return sorted(found)
