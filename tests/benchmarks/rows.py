"""One line of the table: a figure, its reference, and how both spread over the repeats."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A figure in some unit, one value for each repeat, and what it is compared with."""

    benchmark: str
    name: str
    unit: str
    values: Sequence[float]
    references: Sequence[float] = ()
    reference_name: str = ""

    @property
    def value(self) -> float:
        return statistics.median(self.values)

    @property
    def reference(self) -> float | None:
        return statistics.median(self.references) if self.references else None

    @property
    def ratios(self) -> list[float]:
        """Each repeat's own: what slows the machine down slows both."""
        if 0 in self.references:
            return []
        pairs = zip(self.values, self.references, strict=bool(self.references))
        return [value / reference for value, reference in pairs]

    @property
    def ratio(self) -> float | None:
        """The median of the repeats' ratios."""
        return statistics.median(self.ratios) if self.ratios else None

    def to_dict(self) -> dict[str, object]:
        return {
            "benchmark": self.benchmark,
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "least": min(self.values),
            "most": max(self.values),
            "reference": self.reference,
            "reference_name": self.reference_name or None,
            "ratio": self.ratio,
            "values": list(self.values),
            "references": list(self.references),
        }


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that a share of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def format_table(rows: Sequence[Row]) -> str:
    """Write the rows as a table in plain text; a ratio is the median of those of the repeats."""
    head = ("what", "median", "least - most", "unit", "reference", "ratio", "least - most")
    lines = [head, *(_format_row(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _format_row(row: Row) -> tuple[str, ...]:
    reference, ratios = row.reference, row.ratios
    return (
        f"{row.benchmark}: {row.name}",
        f"{row.value:.4g}",
        f"{min(row.values):.4g} - {max(row.values):.4g}" if len(row.values) > 1 else "",
        row.unit,
        "" if reference is None else f"{reference:.4g} {row.reference_name}",
        "" if row.ratio is None else f"{row.ratio:.2f}",
        f"{min(ratios):.2f} - {max(ratios):.2f}" if len(ratios) > 1 else "",
    )
