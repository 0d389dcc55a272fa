"""A table, and the ways in which it can be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width


class TableError(ValueError):
    """The rows do not make a table, or a column is asked for that is not there."""


def width(text: str) -> int:
    """The number of terminal cells that a text takes: wide characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def number(text: str) -> float | None:
    """The number that a cell holds; thousands may be grouped by commas."""
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


@dataclass(frozen=True)
class Table:
    """Named columns and rows of text, each row as long as the header."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __post_init__(self) -> None:
        for index, row in enumerate(self.rows, start=1):
            if len(row) != len(self.header):
                raise TableError(
                    f"row {index} has {len(row)} cells, the header has {len(self.header)}"
                )

    def column(self, name: str) -> int:
        """The position of a column."""
        if name not in self.header:
            known = ", ".join(self.header)
            raise TableError(f"there is no column {name!r}; there are {known}")
        return list(self.header).index(name)

    def select(self, names: Sequence[str]) -> Table:
        """The named columns alone, in the order given."""
        positions = [self.column(name) for name in names]
        return Table(list(names), [[row[at] for at in positions] for row in self.rows])

    def sorted_by(self, name: str, *, descending: bool = False) -> Table:
        """The same rows, sorted: numbers by value and in front of all other text."""
        at = self.column(name)

        def key(row: Sequence[str]) -> tuple[bool, float, str]:
            value = number(row[at])
            return (value is None, value or 0.0, row[at].casefold())

        return Table(self.header, sorted(self.rows, key=key, reverse=descending))

    def plain(self) -> str:
        """Columns two spaces apart; columns of numbers stand to the right."""
        widths = self._widths()
        lines = [self.header, ["-" * cells for cells in widths], *self.rows]
        return "\n".join(self._line(line, widths, "  ").rstrip() for line in lines)

    def markdown(self) -> str:
        """A table as Markdown reads it."""
        widths = [max(3, cells) for cells in self._widths()]
        rule = [
            "-" * (cells - 1) + ":" if right else "-" * cells
            for cells, right in zip(widths, self._numeric(), strict=True)
        ]
        lines = [self.header, rule, *self.rows]
        return "\n".join(f"| {self._line(line, widths, ' | ')} |" for line in lines)

    def _widths(self) -> list[int]:
        columns = zip(self.header, *self.rows, strict=True)
        return [max(width(cell) for cell in column) for column in columns]

    def _numeric(self) -> list[bool]:
        if not self.rows:
            return [False for _ in self.header]
        columns = zip(*self.rows, strict=True)
        return [all(number(cell) is not None for cell in column) for column in columns]

    def _line(self, cells: Sequence[str], widths: Sequence[int], between: str) -> str:
        padded = []
        for cell, cells_wide, right in zip(cells, widths, self._numeric(), strict=True):
            space = " " * (cells_wide - width(cell))
            padded.append(space + cell if right else cell + space)
        return between.join(padded)
