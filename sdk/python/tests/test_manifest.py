"""The manifest and the schemas that are derived from code."""

from __future__ import annotations

import json
import subprocess
import sys
import unittest
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from purlin import plugin
from purlin._manifest.schema import Underivable, schema_of

from .support import PLUGINS, SOURCE

HEAD = """\
[plugin]
name = "sample"   # a comment
version = "1.2.0"
api = "1"

[runtime]
kind = "process"
entry = { module = "sample" }
"""

PROVIDES = """\
[config]
schema = "schemas/config.json"

[provides.dependency.tree]
about  = "Everything below a folder"
schema = "schemas/tree.json"
key    = "path"

[provides.dependency.noisy]

[provides.dependency.wrong]

[provides.dependency.slow]

[provides.dependency.distribution]
in-environment = true
section        = { name = "versions", schema = "schemas/versions-section.json" }

[provides.environment.place]
about  = "Programs of a folder"
schema = "schemas/place.json"

[provides.cache.store]
about  = "Keeps things in a folder"
schema = "schemas/store.json"
hot    = "workspace"

[provides.subcommand.hello]
about = "Greets people"
args  = [
  { name = "names", kind = "positional", type = "string", many = true, about = "Who to greet." },
  { name = "shout", kind = "option", type = "bool", about = "Loudly." },
  { name = "language", kind = "option", type = "choice", values = ["en", "de"], default = "en", \
about = "In which language." },
  { name = "into", kind = "option", type = "path", about = "A file to write." },
  { name = "times", kind = "option", type = "int", default = 1, about = "How often." },
]

[provides.subcommand.services]
about = "Uses every service of the host"

[[provides.argument]]
name  = "changed"
about = "Only what was changed"
on    = ["run"]
type  = "bool"
stage = "resolved"
edits = ["/names"]

[[provides.hook]]
on = "run.finished"
"""

PERMISSIONS = """\
[permissions]
run = ["git"]
"""


class Inner(plugin.Config):
    again: Inner | None = None


def run(*arguments: str, cwd: Path = PLUGINS) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-m", "purlin.plugin", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PYTHONPATH": str(SOURCE)},
    )


class Schemas(unittest.TestCase):
    def test_types(self) -> None:
        class Outer(plugin.Config):
            """What it is.

            And more.
            """

            text: str
            number: float = plugin.field("How much.", default=1.5, minimum=0, maximum=2)
            choice: Literal["a", "b"] = "a"
            constant: Literal[3] = 3
            many_texts: tuple[str, ...] = plugin.field("Words.", default=(), min_length=1)
            rules: Sequence[Annotated[str, plugin.field("A rule.", pattern="^!?")]] = ()
            either: int | str = 1
            nullable: bool | None
            left_out: str | None = None
            inner: Inner = Inner()
            inners: Mapping[str, Inner] = plugin.Data()
            anything: Any = None
            table: Mapping[str, Any] = plugin.field(deprecated=True, default=plugin.Data({"a": 1}))
            from_: str = plugin.field(
                "Where.",
                secret=True,
                path="input",
                template=["env"],
                merge="append",
                examples=["x"],
            )
            one_of: Inner | str = "x"

        inner = {"$ref": "#/$defs/Inner"}
        self.assertEqual(
            schema_of(Outer),
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "description": "What it is.\n\nAnd more.",
                "type": "object",
                "required": ["text", "nullable", "from"],
                "properties": {
                    "text": {"type": "string"},
                    "number": {
                        "type": "number",
                        "description": "How much.",
                        "minimum": 0,
                        "maximum": 2,
                        "default": 1.5,
                    },
                    "choice": {"type": "string", "enum": ["a", "b"], "default": "a"},
                    "constant": {"type": "integer", "const": 3, "default": 3},
                    "many-texts": {
                        "type": "array",
                        "items": {"type": "string", "minLength": 1},
                        "description": "Words.",
                        "default": [],
                    },
                    "rules": {
                        "type": "array",
                        "items": {"type": "string", "description": "A rule.", "pattern": "^!?"},
                        "default": [],
                    },
                    "either": {"type": ["integer", "string"], "default": 1},
                    "nullable": {"type": ["boolean", "null"]},
                    "left-out": {"type": "string"},
                    "inner": {**inner, "default": {}},
                    "inners": {"type": "object", "additionalProperties": inner, "default": {}},
                    "anything": {},
                    "table": {
                        "type": "object",
                        "additionalProperties": True,
                        "deprecated": True,
                        "default": {"a": 1},
                    },
                    "from": {
                        "type": "string",
                        "description": "Where.",
                        "examples": ["x"],
                        "x-purlin-secret": True,
                        "x-purlin-template": ["env"],
                        "x-purlin-path": "input",
                        "x-purlin-merge": "append",
                    },
                    "one-of": {"oneOf": [inner, {"type": "string"}], "default": "x"},
                },
                "$defs": {"Inner": {"type": "object", "properties": {"again": inner}}},
            },
        )

    def test_types_without_a_schema_are_refused_with_the_way_out(self) -> None:
        class A(plugin.Config):
            names: list[str]

        class B(plugin.Config):
            names: dict[str, int]

        class C(plugin.Config):
            pair: tuple[str, int]

        class D(plugin.Config):
            path: Path

        for kind, message in [
            (A, "A.names is `list[str]`, but what the host sends cannot be changed: write tuple"),
            (B, "B.names is `dict[str, int]`, but what the host sends cannot be changed: write M"),
            (C, "C.pair is `tuple[str, int]`: write tuple[…, ...]"),
            (D, "D.path is `Path`, which has no schema"),
        ]:
            with self.subTest(kind=kind), self.assertRaises(Underivable) as caught:
                schema_of(kind)
            self.assertTrue(str(caught.exception).startswith(message), caught.exception)


class Command(unittest.TestCase):
    def test_it_prints_what_belongs_under_provides(self) -> None:
        printed = run("manifest", "sample")
        self.assertEqual(printed.stderr, "")
        provides, _, schemas = printed.stdout.partition("\n# schemas/")
        self.assertEqual(provides, PROVIDES)
        first = schemas.partition("\n\n")[0].splitlines()
        self.assertEqual(first[0], "config.json")
        self.assertEqual(
            json.loads("".join(line[2:] for line in first[1:]))["properties"],
            {"region": {"type": "string", "description": "Where.", "default": "north"}},
        )

    def test_a_module_that_is_not_there_is_an_error(self) -> None:
        for module in ["plugins/sample", "gone", "gone.deeper"]:
            told = run("manifest", module)
            self.assertEqual(told.returncode, 1)
            name = module.split(".")[0]
            self.assertEqual(told.stderr, f"error: there is no module `{name}` in {PLUGINS}\n")

    def test_what_has_no_schema_is_an_error(self) -> None:
        with TemporaryDirectory() as folder:
            Path(folder, "bad.py").write_text(
                "from purlin import plugin\n"
                "class C(plugin.Config):\n    a: object()\n"
                "@plugin.dependency('d', key='b')\n"
                "def d(config: C, context): ...\n"
            )
            ran = run("manifest", "bad", cwd=Path(folder))
        self.assertEqual(ran.returncode, 1)
        self.assertTrue(ran.stderr.startswith("error: C.a is `<object"), ran.stderr)


@unittest.skipIf(sys.version_info < (3, 11), "needs tomllib")
class Files(unittest.TestCase):
    def setUp(self) -> None:
        temporary = TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        (self.folder / "sample.py").write_text((PLUGINS / "sample.py").read_text())
        self.manifest = self.folder / "plugin.toml"

    def check(self) -> list[str]:
        ran = run("manifest", "sample", "--check", str(self.folder))
        lines = ran.stderr.splitlines()
        self.assertEqual(ran.returncode, 1 if lines else 0)
        return lines

    def test_writing_leaves_the_rest_alone_and_then_nothing_differs(self) -> None:
        leaf = '[provides.leaf.package]\nschema = "leaf.json"\n'
        own = '[provides.dependency.other]\nruntime = "starlark"\nentry = "o.star"\n'
        old = "[provides.dependency.gone]\n\n" + own + "\n" + leaf
        self.manifest.write_text(f"{HEAD}\n{old}\n{PERMISSIONS}")
        ran = run("manifest", "sample", "--write", str(self.folder))
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        kept = own.replace("entry =", "entry   =")
        expected = f"{HEAD}\n{PROVIDES}\n{kept}\n{leaf}\n{PERMISSIONS}"
        self.assertEqual(self.manifest.read_text(), expected)
        self.assertEqual(self.check(), [])
        tree = json.loads((self.folder / "schemas/tree.json").read_text())
        self.assertEqual(tree["required"], ["path"])

    def test_each_difference_is_told(self) -> None:
        self.manifest.write_text(HEAD)
        run("manifest", "sample", "--write", str(self.folder))
        text = self.manifest.read_text()
        text = text.replace('edits = ["/names"]', 'edits = ["/name"]')
        text = text.replace("[provides.dependency.slow]", "[provides.dependency.fast]")
        text = text.replace('hot    = "workspace"\n', "")
        self.manifest.write_text(text)
        (self.folder / "schemas/store.json").unlink()
        (self.folder / "schemas/config.json").write_text("{}")
        self.assertEqual(
            self.check(),
            [
                'argument/changed: `edits` is ["/name"], the code says ["/names"]',
                'cache/store: `hot` is "user", the code says "workspace"',
                "dependency/fast is in plugin.toml, and the code does not provide it",
                "dependency/slow is missing in plugin.toml",
                "schemas/config.json differs from the annotations",
                "schemas/store.json is missing",
            ],
        )


if __name__ == "__main__":
    unittest.main()
