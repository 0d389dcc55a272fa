"""`python -m purlin.plugin`"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from .compare import differences, foreign, read_manifest
from .provides import Derived, derive
from .schema import Schema, Underivable
from .toml import replace_provides, write_provides


def main(arguments: list[str] | None = None) -> int:
    """Runs the tool; the result is its exit status."""
    parser = argparse.ArgumentParser(prog="python -m purlin.plugin")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    manifest = verbs.add_parser(
        "manifest", help="print the part of plugin.toml and the schemas that a module's code says"
    )
    manifest.add_argument("module", metavar="MODULE", help="the plugin's module")
    instead = manifest.add_mutually_exclusive_group()
    instead.add_argument(
        "--check", metavar="DIR", type=Path, help="compare with the plugin in this folder instead"
    )
    instead.add_argument(
        "--write", metavar="DIR", type=Path, help="bring the plugin in this folder up to date"
    )
    options = parser.parse_args(arguments)
    folder = options.check or options.write or Path.cwd()
    sys.path.insert(0, str(folder))
    try:
        import_module(options.module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{options.module}.".startswith(f"{error.name}."):
            raise
        print(f"error: there is no module `{error.name}` in {folder}", file=sys.stderr)
        return 1
    try:
        derived = derive()
    except Underivable as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except NameError as error:
        print(f"error: an annotation cannot be evaluated: {error}", file=sys.stderr)
        return 1
    if options.check:
        return _check(derived, options.check)
    if options.write:
        return _write(derived, options.write)
    print(write_provides(derived), end="")
    for path, schema in derived.schemas.items():
        print(f"\n# {path}")
        print("\n".join(f"# {line}" for line in _text(schema).splitlines()))
    return 0


def _check(derived: Derived, folder: Path) -> int:
    lines = differences(derived, read_manifest(folder))
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


def _write(derived: Derived, folder: Path) -> int:
    file = folder / "plugin.toml"
    text = file.read_text("utf-8")
    written = read_manifest(folder)
    if differences(derived, written):
        file.write_text(replace_provides(text, derived, foreign(written)), "utf-8")
    for path, schema in derived.schemas.items():
        if written.schemas.get(path) != schema:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(_text(schema), "utf-8")
    return 0


def _text(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
