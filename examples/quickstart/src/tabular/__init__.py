"""Rows of text, laid out as tables that people can read.

```python
from tabular import Table

table = Table(["planet", "moons"], [["Mars", "2"], ["Jupiter", "95"]])
print(table.sorted_by("moons").plain())
```
"""

from tabular.read import read_csv, read_json_lines
from tabular.table import Table, TableError

__all__ = ["Table", "TableError", "read_csv", "read_json_lines"]
