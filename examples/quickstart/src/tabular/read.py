"""Where tables come from: CSV, and one JSON object per line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable

from tabular.table import Table, TableError


def read_csv(lines: Iterable[str]) -> Table:
    """A table from CSV whose first line names the columns; empty lines are left out."""
    rows = [row for row in csv.reader(lines) if row]
    if not rows:
        raise TableError("there is no header")
    return Table(rows[0], rows[1:])


def read_json_lines(lines: Iterable[str]) -> Table:
    """A table from JSON objects; a key that an object lacks gives an empty cell."""
    objects: list[dict[str, object]] = []
    for index, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        value = json.loads(line)
        if not isinstance(value, dict):
            raise TableError(f"line {index} is not an object")
        objects.append(value)
    header = list(dict.fromkeys(key for item in objects for key in item))
    rows = [[_cell(item.get(key)) for key in header] for item in objects]
    return Table(header, rows)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
