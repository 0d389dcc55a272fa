"""Writing the derived part of a `plugin.toml`, alone or into one that is there."""

from __future__ import annotations

import json
import re
from typing import Any

from .provides import LISTED, Derived

_WIDTH = 100
_OWNED = re.compile(r"\[\[?\s*(provides\s*[.\]]|config\s*\])")
_HEADER = re.compile(r"\[")


def write_provides(derived: Derived) -> str:
    """`[config]` and `[provides]`, as TOML."""
    blocks = []
    if derived.config is not None:
        blocks.append(_table("[config]", derived.config))
    for point, features in derived.provides.items():
        if point in LISTED:
            blocks += [_table(f"[[provides.{point}]]", entry) for entry in features]
        else:
            for name, entry in features.items():
                blocks.append(_table(f"[provides.{point}.{name}]", entry))
    return "\n".join(blocks)


def replace_provides(text: str, derived: Derived, kept: Derived) -> str:
    """A `plugin.toml` with its `[config]` and `[provides]` replaced, and all else as it was.

    `kept` are the features that other code provides.
    """
    before: list[str] = []
    after: list[str] = []
    owned, found = False, False
    for line in text.splitlines(keepends=True):
        if _HEADER.match(line):
            owned = _OWNED.match(line) is not None
            found = found or owned
        if not owned:
            (after if found else before).append(line)
    parts = ["".join(before).rstrip("\n")]
    parts += [block.rstrip("\n") for block in (write_provides(derived), write_provides(kept))]
    parts.append("".join(after).strip("\n"))
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(header: str, entry: dict[str, Any]) -> str:
    width = max((len(key) for key in entry), default=0)
    lines = [f"{key:<{width}} = {_value(value)}\n" for key, value in entry.items()]
    return "".join([header + "\n", *lines])


def _value(value: Any, indent: str = "") -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool) or not isinstance(value, (list, dict)):
        return json.dumps(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
    items = [_value(one) for one in value]
    line = f"[{', '.join(items)}]"
    if len(line) <= _WIDTH and not any(isinstance(one, dict) for one in value):
        return line
    return "[\n" + "".join(f"  {item},\n" for item in items) + "]"
