"""The golden transcripts of the protocol, played with a plugin that is written with the SDK."""

from __future__ import annotations

import json
import unittest
from pathlib import Path
from typing import Any

from .support import HERE, Host

TRANSCRIPTS = HERE.parents[2] / "tests" / "protocol"

# What the SDK does not say, and why.
ELSEWHERE = {
    "initialize_no_common_version": "the SDK speaks the version that this host speaks",
    "importer_load": "the plugin of these tests has no importer",
}
# Errors that say the same in other words: the SDK knows the method, and tells what was raised.
SAME_AS = {
    ("errors_of_plugins", 4): {"code": -32000, "data": {"code": "UNSUPPORTED"}},
    ("errors_of_plugins", 5): {"code": -32000, "data": {"code": "INTERNAL"}},
}
# Fields that may be left out, with what they mean then.
EXPANSION = ["inputs", "globs", "values", "variables", "commands", "packages"]
COMMAND: dict[str, Any] = {
    "space": None,
    "module": None,
    "args": {},
    "strict": False,
    "isolated": False,
}


class Play:
    """One transcript on its way. Ids that the plugin chooses are not those of the transcript."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.entries = [json.loads(line) for line in path.read_text().splitlines()]
        provided = self.entries[1]["plugin"].get("result", {}).get("provides", [])
        names = " ".join(f"{one['point']}/{one['name']}" for one in provided)
        self.host = Host("demo", variables={"TRANSCRIPT": self.name, "PROVIDES": names})
        self.ids: dict[Any, Any] = {}
        self.handles: dict[str, str] = {}
        self.methods: dict[int, str] = {}

    def run(self, test: unittest.TestCase) -> None:
        with self.host:
            for entry in self.entries:
                if "host" in entry:
                    self.send(entry["host"])
                else:
                    self.hear(entry["plugin"], test)

    def send(self, message: dict[str, Any]) -> None:
        message = json.loads(json.dumps(message))
        if "method" not in message:
            message["id"] = self.ids[message["id"]]
        elif "id" in message:
            self.methods[message["id"]] = message["method"]
        params = message.get("params", {})
        if "handle" in params:
            params["handle"] = self.handles[params["handle"]]
        self.host.write(json.dumps(message))

    def hear(self, expected: dict[str, Any], test: unittest.TestCase) -> None:
        heard = self.host.read()
        expected = dict(expected)
        if "method" in expected and "id" in expected:
            self.ids[expected.pop("id")] = heard.pop("id")
        if "result" in expected and "result" in heard:
            handle = expected["result"].get("handle")
            if handle is not None:
                self.handles[handle] = heard["result"]["handle"]
                heard["result"]["handle"] = handle
            complete = WHOLE.get(self.methods[expected["id"]])
            if complete is not None:
                expected["result"] = complete(expected["result"])
                heard["result"] = complete(heard["result"])
        same = SAME_AS.get((self.name, expected.get("id", 0)))
        if same is not None:
            heard["error"].pop("message")
            expected["error"] = same
        test.assertEqual(heard, expected)


def whole(expansion: dict[str, Any]) -> dict[str, Any]:
    """With everything that was left out."""
    expansion = {
        name: expansion.get(name, []) for name in {**dict.fromkeys(EXPANSION), **expansion}
    }
    expansion["commands"] = [{**COMMAND, **command} for command in expansion["commands"]]
    return expansion


def whole_environment(described: dict[str, Any]) -> dict[str, Any]:
    described = {"expansion": {}, "after": [], **described}
    described["expansion"] = whole(described["expansion"])
    described["after"] = [{**COMMAND, **command} for command in described["after"]]
    return described


WHOLE = {"dependency/expand": whole, "environment/describe": whole_environment}


class Transcripts(unittest.TestCase):
    def test_each_is_answered_as_it_says(self) -> None:
        played = 0
        for path in sorted(TRANSCRIPTS.glob("*.jsonl")):
            if path.stem in ELSEWHERE:
                continue
            with self.subTest(path.stem):
                Play(path).run(self)
                played += 1
        self.assertGreater(played, 20)
