"""Tools of others, from a table: each row is a package below `vendor`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from purlin import plugin


class Vendored(plugin.Config):
    """A table of tools."""

    file: str = plugin.field(
        "The table: columns `name`, `version`, `url` and `sha256`.",
        min_length=1,
        examples=["vendor/tools.csv"],
    )


@plugin.importer(
    "vendored",
    inputs=["vendor/*.csv"],
    into="packages",
    about="Each row of a table as a package below `vendor`",
)
def vendored(
    options: Vendored, sources: Sequence[plugin.Imported], context: plugin.Context
) -> list[plugin.Fragment]:
    found = [source for source in sources if source.path == options.file]
    if not found:
        raise plugin.NotFound(f"there is no table `{options.file}`", path="/file")
    return list(rows(found[0].text))


def rows(text: str) -> Iterator[plugin.Fragment]:
    for row in csv.DictReader(io.StringIO(text)):
        source = {"url": row["url"], "sha256": row["sha256"]}
        data = {"version": row["version"], "description": "Vendored", "source": source}
        yield plugin.Fragment(path=["packages", "vendor", row["name"]], data=data)
