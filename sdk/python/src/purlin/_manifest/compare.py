"""Whether a plugin's files say what its code says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .provides import LISTED, Derived

# What a process cannot provide, or does not from Python, and what other code provides.
_FOREIGN_POINTS = {"transform", "leaf", "resource", "state", "lease"}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "dependency": {"default": False, "in-environment": False},
    "cache": {"hot": "user", "default": False},
    "argument": {"type": "string", "stage": "parsed", "edits": []},
    "subcommand": {"args": []},
}


def read_manifest(folder: Path) -> Derived:
    """The `[config]` and `[provides]` of a `plugin.toml`, and the schemas that they name."""
    try:
        import tomllib
    except ImportError:
        raise SystemExit("reading plugin.toml needs Python 3.11 or newer") from None

    manifest = tomllib.loads((folder / "plugin.toml").read_text("utf-8"))
    found = Derived()
    found.config = manifest.get("config")
    found.provides = manifest.get("provides", {})
    named = [found.config or {}, *(entry for _, _, entry in _entries(found))]
    named += [one["section"] for one in named if "section" in one]
    for path in [one["schema"] for one in named if "schema" in one]:
        schema = folder / path
        if schema.is_file():
            found.schemas[path] = json.loads(schema.read_text("utf-8"))
    return found


def foreign(written: Derived) -> Derived:
    """The features of a manifest that this code does not provide."""
    kept = Derived()
    for point, name, entry in _entries(written):
        if not _is_foreign(point, entry):
            continue
        if point in LISTED:
            kept.provides.setdefault(point, []).append(entry)
        else:
            kept.provides.setdefault(point, {})[name] = entry
    return kept


def differences(derived: Derived, written: Derived) -> list[str]:
    """A line for each thing in which files and code differ."""
    lines = []
    if derived.config != written.config:
        lines.append(
            f"[config] is {_shown(written.config)}, the code says {_shown(derived.config)}"
        )
    ours = {(point, name): entry for point, name, entry in _entries(derived)}
    theirs = {
        (point, name): entry
        for point, name, entry in _entries(written)
        if not _is_foreign(point, entry)
    }
    for point, name in sorted(ours.keys() | theirs.keys()):
        title = f"{point}/{name}"
        if (point, name) not in theirs:
            lines.append(f"{title} is missing in plugin.toml")
        elif (point, name) not in ours:
            lines.append(f"{title} is in plugin.toml, and the code does not provide it")
        else:
            one, other = ours[point, name], theirs[point, name]
            for key in sorted(one.keys() | other.keys()):
                default = _DEFAULTS.get(point, {}).get(key)
                said, wanted = other.get(key, default), one.get(key, default)
                if said != wanted:
                    lines.append(
                        f"{title}: `{key}` is {_shown(said)}, the code says {_shown(wanted)}"
                    )
    for path, schema in derived.schemas.items():
        if path not in written.schemas:
            lines.append(f"{path} is missing")
        elif written.schemas[path] != schema:
            lines.append(f"{path} differs from the annotations")
    return lines


def _entries(derived: Derived) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for point, features in derived.provides.items():
        if point in LISTED:
            for entry in features:
                yield point, entry[LISTED[point]], entry
        else:
            for name, entry in features.items():
                yield point, name.replace("_", "-"), entry


def _is_foreign(point: str, entry: dict[str, Any]) -> bool:
    return point in _FOREIGN_POINTS or "runtime" in entry or "entry" in entry


def _shown(value: Any) -> str:
    return "not said" if value is None else json.dumps(value, ensure_ascii=False)
