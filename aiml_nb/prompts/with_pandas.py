"""What pandas reads for us: Excel and Parquet files, and tables of other libraries.

The only module of the prompts that needs pandas, which is imported when it is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .files import PARQUET
from .prompt import shorten

_EXTRAS = {"Excel": "openpyxl", "Parquet": "pyarrow"}
_SHEETS = 5  # names of sheets in a message
_OTHERS = {".xls": "xlrd", ".ods": "odfpy"}  # older kinds of workbooks, which no extra covers


def read_table(path: Path) -> Any:
    """Return the first sheet of a workbook, or a Parquet file, as a DataFrame.

    Cells are as they stand there: whole numbers stay whole beside empty cells, ``NA`` stays a text.

    Raises
    ------
    ValueError
        If it cannot be read, or what pandas reads it with is not installed.
    """
    import pandas as pd

    kind = "Parquet" if path.suffix.lower() in PARQUET else "Excel"
    try:
        if kind == "Parquet":
            return pd.read_parquet(path)
        with pd.ExcelFile(path) as book:
            table = pd.read_excel(book, dtype=object, keep_default_na=False, na_values=[""])
        table.attrs["sheets"] = book.sheet_names
        return table
    except ImportError:
        raise ValueError(explain_missing(path, kind)) from None
    except OSError as error:
        why = error.strerror or "it is damaged"
        raise ValueError(f"The file {str(path)!r} cannot be read: {why}.") from None
    except Exception as error:  # noqa: BLE001  zipfile's, openpyxl's, pyarrow's own
        raise ValueError(_explain_damage(path, kind, error)) from None


def explain_elsewhere(table: Any, path: Path) -> str:
    """Say how to read another sheet of a workbook than its first; nothing if there is none."""
    sheet, *others = table.attrs["sheets"]
    if not others:
        return ""
    names = ", ".join(map(repr, others[:_SHEETS])) + (", …" if len(others) > _SHEETS else "")
    return (
        f" Read is the first sheet, {sheet!r}, and not {names}. Move the one that you mean to the "
        f"front, or give its table in Python: pandas.read_excel({str(path)!r}, "
        f"sheet_name={others[0]!r})."
    )


def _explain_damage(path: Path, kind: str, error: Exception) -> str:
    if b"\0" not in path.read_bytes()[:1000]:
        named = path.with_suffix(".csv").name
        return (
            f"{str(path)!r} is no {kind} file, whatever its name is, but text. Rename it "
            f"{named!r}, and name it so."
        )
    return (
        f"The file {str(path)!r} cannot be read as {kind}: {shorten(str(error))}. Open it in the "
        "program that made it, and save it again."
    )


def explain_missing(path: Path, kind: str) -> str:
    """Return what to install for a file of this kind, Excel or Parquet."""
    other = _OTHERS.get(path.suffix.lower())
    article, extra = "an" if kind == "Excel" else "a", f"'aiml_nb[{kind.lower()}]'"
    return (
        f"{str(path)!r} is {article} {kind} file, and "
        f"{other or _EXTRAS[kind]}, which pandas needs for it, is not installed. Type  "
        f"pip install {other or extra}"
    )


def convert_table(table: Any) -> Any:
    """Return a table of another library as a DataFrame: by itself, else by Arrow's interface.

    Raises
    ------
    TypeError
        If there is no way.
    """
    for method in ("to_pandas", "toPandas", "df"):
        if callable(getattr(table, method, None)):
            return getattr(table, method)()
    import pandas as pd

    try:
        if hasattr(table, "__arrow_c_stream__"):
            import pyarrow

            return pyarrow.table(table).to_pandas()
        if hasattr(table, "__dataframe__"):
            return pd.api.interchange.from_dataframe(table)
    except ImportError:
        raise TypeError(
            f"prompts is {shorten(table)}, and pyarrow, which reads such tables, is not installed. "
            "Type  pip install pyarrow , or give the table as a DataFrame."
        ) from None
    raise TypeError(f"prompts is {shorten(table)}, whose rows are not known. Give a DataFrame.")
