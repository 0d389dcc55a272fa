"""The command line: `python -m tabular data/planets.csv --sort moons`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tabular.read import read_csv, read_json_lines
from tabular.table import Table, TableError


def arguments() -> argparse.ArgumentParser:
    """What the program takes."""
    parser = argparse.ArgumentParser(prog="tabular", description="Lay out a file as a table.")
    parser.add_argument("file", type=Path, help="a .csv file, or a .jsonl file of objects")
    parser.add_argument("--select", metavar="COLUMNS", help="columns to show: name,moons")
    parser.add_argument("--sort", metavar="COLUMN", help="column to sort by")
    parser.add_argument("--descending", action="store_true", help="largest first")
    parser.add_argument("--markdown", action="store_true", help="write Markdown")
    return parser


def main(given: Sequence[str] | None = None) -> int:
    """Run it: 0 when the table is written, 1 when the file holds none."""
    options = arguments().parse_args(given)
    try:
        table = load(options.file)
        if options.sort:
            table = table.sorted_by(options.sort, descending=options.descending)
        if options.select:
            table = table.select(options.select.split(","))
    except (OSError, ValueError) as problem:
        print(f"tabular: {problem}", file=sys.stderr)
        return 1
    print(table.markdown() if options.markdown else table.plain())
    return 0


def load(path: Path) -> Table:
    """The table in a file; the ending says how to read it."""
    readers = {".csv": read_csv, ".jsonl": read_json_lines}
    if path.suffix not in readers:
        raise TableError(f"{path}: the ending is neither .csv nor .jsonl")
    with path.open(encoding="utf-8", newline="") as lines:
        return readers[path.suffix](lines)


if __name__ == "__main__":
    sys.exit(main())
