"""Configuration classes, immutable data and the JSON on the wire."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
import unittest
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

from purlin import lazy, plugin
from purlin._process import wire
from purlin.plugin._convert import unsaid
from purlin.plugin._record import build


class Disk(plugin.Config):
    kind: Literal["disk"]
    size: int


class Share(plugin.Config):
    kind: Literal["share"]
    host: str
    inner: Share | None = None


class Machine(plugin.Config):
    name: str
    from_: str = "nothing"
    max_size: int = 3
    tags: tuple[str, ...] = ()
    volumes: Sequence[Disk | Share] = ()
    labels: Mapping[str, Disk] = plugin.Data()
    rest: Mapping[str, Any] = plugin.Data()
    first: Disk | None = None


class Special(Machine):
    extra: bool = False


@dataclasses.dataclass(frozen=True)
class Plain:
    name: str
    disks: tuple[Disk, ...] = ()


class Configs(unittest.TestCase):
    def test_keys_become_attributes_and_lists_become_tuples(self) -> None:
        made = build(
            Machine, {"name": "a", "from": "b", "max-size": 4, "tags": ["x"], "first": None}
        )
        self.assertEqual((made.name, made.from_, made.max_size), ("a", "b", 4))
        self.assertEqual((made.tags, made.volumes, made.first), (("x",), (), None))
        self.assertEqual(build(Machine, {"name": "a", "max_size": 4}).max_size, 4)

    def test_nested_tables_become_their_classes(self) -> None:
        disk = {"kind": "disk", "size": 1}
        share = {"kind": "share", "host": "h", "inner": {"kind": "share", "host": "i"}}
        made = build(
            Machine,
            {
                "name": "a",
                "volumes": [share, disk],
                "labels": {"x": disk},
                "rest": {"deep": [{"a-b": [1]}]},
                "first": disk,
            },
        )
        inner = Share(kind="share", host="i")
        self.assertEqual(
            made.volumes,
            (Share(kind="share", host="h", inner=inner), Disk(kind="disk", size=1)),
        )
        self.assertEqual(made.labels["x"].size, 1)
        self.assertEqual(made.rest["deep"][0].a_b, (1,))
        self.assertEqual(made.first, Disk(kind="disk", size=1))
        with self.assertRaises(TypeError):
            made.labels["y"] = made.first  # type: ignore[index]

    def test_dataclasses_work_too(self) -> None:
        made = build(Plain, {"name": "a", "disks": [{"kind": "disk", "size": 2}]})
        self.assertEqual(made, Plain("a", (Disk(kind="disk", size=2),)))

    def test_mistakes_name_their_place(self) -> None:
        cases: list[tuple[dict[str, Any], str, str | None]] = [
            ({"name": "a", "tag": []}, "there is no field `tag`", "/tag"),
            ({}, "Machine needs `name`", None),
            (
                {"name": "a", "volumes": [{"kind": "disk", "size": 1}, {"kind": "disk"}]},
                "Disk needs `size`",
                "/volumes/1",
            ),
            (
                {"name": "a", "labels": {"x": {"kind": "disk", "siez": 1}}},
                "there is no field `siez`",
                "/labels/x/siez",
            ),
        ]
        for values, message, path in cases:
            with self.subTest(values=values):
                with self.assertRaises(plugin.InvalidConfig) as caught:
                    build(Machine, values)
                self.assertEqual((caught.exception.message, caught.exception.path), (message, path))

    def test_they_are_made_compared_and_kept_like_dataclasses(self) -> None:
        one = Special(name="a", extra=True)
        self.assertEqual((one.name, one.max_size, one.extra), ("a", 3, True))
        self.assertEqual(one, Special(name="a", extra=True))
        self.assertNotEqual(one, Special(name="b", extra=True))
        self.assertEqual(hash(one), hash(Special(name="a", extra=True)))
        self.assertEqual(repr(Disk(kind="disk", size=1)), "Disk(kind='disk', size=1)")
        with self.assertRaises(AttributeError):
            one.name = "b"  # type: ignore[misc]
        with self.assertRaises(AttributeError):
            del one.name
        with self.assertRaisesRegex(TypeError, "Disk needs `size`"):
            Disk(kind="disk")  # type: ignore[call-arg]
        with self.assertRaisesRegex(TypeError, "Disk has no field `host`"):
            Disk(kind="disk", size=1, host="h")  # type: ignore[call-arg]

    def test_arguments_that_were_not_given(self) -> None:
        class Args(plugin.Config):
            loud: bool = plugin.option()
            names: tuple[str, ...] = plugin.positional()
            into: str | None = plugin.option()
            must: str = plugin.option()

        self.assertEqual(
            unsaid(Args, ["loud", "names", "into", "must"]),
            {"loud": False, "names": (), "into": None},
        )


class DataTests(unittest.TestCase):
    def test_it_is_a_mapping_that_cannot_be_changed(self) -> None:
        data = plugin.Data({"exit-code": 3, "items": [{"a": [1]}], "from": 1})
        self.assertEqual((data["exit-code"], data.exit_code, data.from_), (3, 3, 1))
        self.assertEqual(data["items"][0].a, (1,))
        self.assertIsInstance(data, Mapping)
        self.assertEqual(
            dict(data), {"exit-code": 3, "items": (plugin.Data({"a": [1]}),), "from": 1}
        )
        self.assertEqual(hash(data), hash(plugin.Data(dict(data))))
        with self.assertRaisesRegex(AttributeError, "there is no `exit_cod` here"):
            _ = data.exit_cod
        with self.assertRaises(AttributeError):
            data.exit_code = 4
        with self.assertRaises(TypeError):
            data["exit-code"] = 4

    def test_what_was_given_can_change_and_it_does_not(self) -> None:
        given = {"a": [1]}
        data = plugin.Data(given)
        given["a"].append(2)
        self.assertEqual(data.a, (1,))


class Wire(unittest.TestCase):
    def test_the_fast_parts_and_the_package_agree(self) -> None:
        values: list[Any] = [
            {"a": [1, 2.5, None, True, "ä\n\u2028\x7f"], "b": {}},
            plugin.Data({"a-b": [1]}),
            {"set": {2, 1}, "path": PurePosixPath("/x")},
            plugin.CommandReference(name="x"),
            10**30,
        ]
        fast, package = wire._fast(), wire._plain_json()
        for value in values:
            text = fast[1](value)
            self.assertEqual(text, package[1](value))
            self.assertNotIn("\n", text)
            self.assertEqual(fast[0](text), json.loads(text))
            self.assertEqual(package[0](text), json.loads(text))
        for decode, _ in (fast, package):
            for text in ("", "{", "nul", "[1,]", '{"a":NaN}', "1 2", '"\n"'):
                with self.subTest(text=text), self.assertRaises(ValueError):
                    decode(text)
        for _, encode in (fast, package):
            with self.assertRaises(ValueError):
                encode([math.nan])
            with self.assertRaises(TypeError):
                encode([object()])


class Lazy(unittest.TestCase):
    def test_a_module_is_imported_when_it_is_used(self) -> None:
        sys.modules.pop("colorsys", None)
        colorsys = lazy.module("colorsys")
        self.assertNotIn("colorsys", sys.modules)
        self.assertEqual(colorsys.rgb_to_hsv(0, 0, 0), (0.0, 0.0, 0))
        self.assertIn("colorsys", sys.modules)
        with self.assertRaises(ModuleNotFoundError):
            _ = lazy.module("no_such_module").anything

    def test_points_without_a_host_are_there(self) -> None:
        self.assertEqual(plugin.EnvironmentDescription().after, ())
        with self.assertRaisesRegex(AttributeError, "no `nothing`"):
            _ = plugin.nothing  # type: ignore[attr-defined]


if __name__ == "__main__":
    unittest.main()
