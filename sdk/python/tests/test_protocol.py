"""The protocol, spoken over pipes."""

from __future__ import annotations

import json
import time
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .support import CONTEXT, HERE, Host, initialized


class Life(unittest.TestCase):
    def test_initialize_lists_what_is_provided(self) -> None:
        with Host() as host:
            self.assertEqual(
                host.initialize()["result"],
                {
                    "protocol": 1,
                    "provides": [
                        {"point": "dependency", "name": "tree"},
                        {"point": "dependency", "name": "noisy"},
                        {"point": "dependency", "name": "wrong"},
                        {"point": "dependency", "name": "slow"},
                        {"point": "environment", "name": "place"},
                        {"point": "dependency", "name": "distribution"},
                        {"point": "cache", "name": "store"},
                        {"point": "subcommand", "name": "hello"},
                        {"point": "subcommand", "name": "services"},
                        {"point": "argument", "name": "changed"},
                        {"point": "hook", "name": "run.finished"},
                    ],
                },
            )
            self.assertEqual(host.end(), (0, ""))

    def test_other_versions_of_the_protocol_are_refused(self) -> None:
        with Host() as host:
            answer = host.initialize(2, 3)
            self.assertEqual(answer["error"]["code"], -32001)
            self.assertIn("version 1 of the protocol, Purlin 2 to 3", answer["error"]["message"])

    def test_a_module_that_cannot_be_imported_says_why(self) -> None:
        with Host("import_error", HERE / "broken") as host:
            error = host.initialize()["error"]
            self.assertEqual((error["code"], error["data"]), (-32000, {"code": "INTERNAL"}))
            self.assertEqual(
                error["message"],
                "the module `import_error` cannot be imported: RuntimeError: no luck",
            )
            self.assertIn('raise RuntimeError("no luck")', host.end()[1])

    def test_nothing_is_answered_before_initialize(self) -> None:
        with Host() as host:
            self.assertEqual(host.expand("tree", path="a")["error"]["code"], -32600)

    def test_a_wrong_configuration_of_the_plugin_is_told(self) -> None:
        with Host(config={"regoin": "south"}) as host:
            error = host.initialize()["error"]
            self.assertEqual(error["data"], {"code": "INVALID_CONFIG", "path": "/regoin"})

    def test_closed_stdin_ends_a_call_that_looks_whether_it_is_cancelled(self) -> None:
        with initialized() as host:
            host.request("dependency/expand", name="slow", config={}, context=CONTEXT)
            time.sleep(0.05)
            before = time.monotonic()
            self.assertEqual(host.end()[0], 0)
            self.assertLess(time.monotonic() - before, 0.9)

    def test_closed_stdin_ends_a_call_that_does_not(self) -> None:
        with initialized() as host:
            config = {"ignores": True}
            host.request("dependency/expand", name="slow", config=config, context=CONTEXT)
            time.sleep(0.05)
            before = time.monotonic()
            self.assertEqual(host.end()[0], 0)
            self.assertLess(time.monotonic() - before, 1.9)


class Messages(unittest.TestCase):
    def setUp(self) -> None:
        self.host = initialized()
        self.addCleanup(self.host.end)

    def test_rubbish_is_answered_and_survived(self) -> None:
        for line, code in [
            (b"{", -32700),
            (b"\xff", -32700),
            (b"{} {}", -32700),
            (b'{"id":101,"method":"x","params":{"a":NaN}}', -32700),
            (b"[1]", -32600),
            (b'{"id":102,"method":7}', -32600),
            (b'{"id":103,"method":"hook/event","params":[]}', -32600),
            (b'{"id":null,"method":"hook/event","params":{}}', -32600),
            (b'{"id":104,"method":"no/such","params":{}}', -32601),
            (b'{"id":105,"method":"hook/event","params":{}}', -32602),
            (b'{"id":106,"method":"hook/event","params":{"name":"x","payload":{}}}', -32602),
        ]:
            with self.subTest(line=line):
                self.host.write(line)
                self.assertEqual(self.host.read()["error"]["code"], code)
        self.host.write(b'{"jsonrpc":"2.0","id":77,"result":{}}')
        self.host.write(b'{"jsonrpc":"2.0","method":"$/unknown"}')
        self.host.notify("$/cancel", id=4711)
        self.assertIn("result", self.host.expand("tree", path="src"))

    def test_unknown_parameters_are_ignored(self) -> None:
        answer = self.host.call(
            "dependency/expand", name="noisy", config={}, context={**CONTEXT, "new": 1}, new=2
        )
        self.assertEqual(answer["result"], {"values": [None]})

    def test_what_a_plugin_prints_does_not_break_the_protocol(self) -> None:
        self.assertEqual(self.host.expand("noisy", what="x")["result"], {"values": ["x"]})
        errors = self.host.end()[1]
        self.assertEqual(errors, "a stray print\na stray write\na stray child\n")

    def test_answers_that_cannot_be_sent_fail_alone(self) -> None:
        for what, expected in [
            ("dict", "dependency/wrong returned `dict`, not a plugin.Expansion"),
            ("nan", "ValueError: Out of range float values are not JSON compliant"),
            ("object", "TypeError: `object` cannot be sent to the host"),
            ("surrogate", "UnicodeEncodeError: "),
            ("large", "ValueError: the message is larger than 64 MiB"),
            ("exit", "SystemExit: 3"),
        ]:
            with self.subTest(what=what):
                error = self.host.expand("wrong", what=what)["error"]
                self.assertEqual(error["data"], {"code": "INTERNAL"})
                self.assertTrue(error["message"].startswith(expected), error["message"])
        self.assertIn("result", self.host.expand("tree", path="src"))

    def test_a_line_without_end_ends_the_process(self) -> None:
        piece = b"x" * (1 << 20)
        assert self.host.process.stdin is not None
        with self.assertRaises(BrokenPipeError):
            for _ in range(80):
                self.host.process.stdin.write(piece)
        self.host.process.wait(10)
        self.assertEqual(self.host.process.returncode, 70)

    def test_failures_have_their_code(self) -> None:
        error = self.host.expand("tree", path="missing")["error"]
        self.assertEqual(
            error,
            {
                "code": -32000,
                "message": "there is no such folder",
                "data": {"code": "INVALID_CONFIG", "path": "/path"},
            },
        )
        error = self.host.expand("tree", path="bug")["error"]
        self.assertEqual(error["message"], "ZeroDivisionError: a mistake")
        self.assertEqual(error["data"], {"code": "INTERNAL"})
        self.assertIn('raise ZeroDivisionError("a mistake")', self.host.end()[1])

    def test_calls_run_at_once_and_are_cancelled(self) -> None:
        slow = self.host.request("dependency/expand", name="slow", config={}, context=CONTEXT)
        again = self.host.request("dependency/expand", name="slow", config={}, context=CONTEXT)
        self.assertIn("result", self.host.expand("tree", path="src"))
        self.host.notify("$/cancel", id=again)
        answer = self.host.read()
        self.assertEqual((answer["id"], answer["error"]["code"]), (again, -32800))
        self.host.notify("$/cancel", id=slow)
        self.assertEqual(self.host.read()["id"], slow)

    def test_many_calls_at_once_each_get_their_answer(self) -> None:
        ids = {}
        for number in range(300):
            config = {"path": f"p{number}"}
            id = self.host.request("dependency/expand", name="tree", config=config, context=CONTEXT)
            ids[id] = number
        for _ in range(300):
            answer = self.host.read()
            number = ids.pop(answer["id"])
            self.assertEqual(answer["result"]["globs"], [f"p{number}/**"])


class Calls(unittest.TestCase):
    def setUp(self) -> None:
        self.host = initialized(config={"region": "south"})
        self.addCleanup(self.host.end)

    def test_dependency(self) -> None:
        answer = self.host.expand(
            "tree",
            path="src",
            ignore=["x"],
            limits=[{"kind": "soft", "max-size": 3}],
            **{"by-name": {"b": {"kind": "hard"}}},
        )
        self.assertEqual(
            answer["result"],
            {
                "globs": ["src/**", "!src/**/x"],
                "values": [3, "b=10", "south", {"site": "here"}],
                "commands": [
                    {
                        "name": "generate",
                        "space": None,
                        "module": None,
                        "args": {"a": 1},
                        "strict": False,
                        "isolated": False,
                    }
                ],
            },
        )

    def test_a_dependency_in_its_environment(self) -> None:
        context: dict[str, Any] = {
            **CONTEXT,
            "site_packages": "/venv/lib",
            "section": {"python": "3.13"},
            "fence": {"modules": ["src/cart"], "open": ["src/lib"]},
        }
        answer = self.host.call(
            "dependency/expand", name="distribution", config={}, context=context
        )
        self.assertEqual(
            answer["result"], {"values": ["/venv/lib", {"python": "3.13"}, ["src/lib"]]}
        )

    def test_environment(self) -> None:
        def describe(**config: Any) -> dict[str, Any]:
            told = {"root": "/work", "space": "docs", "context": {}, "variables": {"A": "b"}}
            return self.host.call(
                "environment/describe", feature="place", name="docs", config=config, context=told
            )

        self.assertEqual(
            describe(path="bin")["result"],
            {
                "expansion": {"values": ["docs", "docs", {"A": "b"}]},
                "changes": [
                    {"operation": "prepend", "name": "PATH", "value": "{root}/bin"},
                    {"operation": "unset", "name": "PYTHONHOME"},
                ],
                "root": "bin",
                "installed_when": ["bin"],
                "after": [
                    {
                        "name": "make",
                        "space": None,
                        "module": None,
                        "args": {"path": "bin"},
                        "strict": False,
                        "isolated": False,
                    }
                ],
            },
        )
        self.assertEqual(describe(path="nothing")["result"], {})
        self.assertEqual(describe(paths="bin")["error"]["data"]["path"], "/paths")
        answer = self.host.call(
            "environment/describe", feature="none", name="docs", config={}, context=CONTEXT
        )
        self.assertEqual(answer["error"]["code"], -32602)

    def test_cache(self) -> None:
        with TemporaryDirectory() as held, TemporaryDirectory() as folder:
            opened = self.host.call(
                "cache/open", feature="store", name="mine", config={"url": held}
            )
            handle = opened["result"]["handle"]
            items = [
                {"kind": "action", "digest": "00" * 32, "size": 3},
                {"kind": "blob", "digest": "ff" * 32, "size": 3},
            ]
            Path(folder, f"blob-{'ff' * 32}").write_text("abc")
            put = self.host.call("cache/put", handle=handle, items=items[1:], dir=folder)
            self.assertEqual(put["result"], {})
            found = self.host.call("cache/contains", handle=handle, items=items)
            self.assertEqual(found["result"], {"found": [False, True]})
            with TemporaryDirectory() as target:
                fetched = self.host.call("cache/fetch", handle=handle, items=items, dir=target)
                self.assertEqual(fetched["result"], {"fetched": [False, True]})
                self.assertEqual(Path(target, f"blob-{'ff' * 32}").read_text(), "abc")

    def test_cache_failures(self) -> None:
        opened = self.host.call("cache/open", feature="store", name="x", config={"url": "/no"})
        self.assertEqual(opened["error"]["data"], {"code": "NOT_FOUND", "path": "/url"})
        opened = self.host.call("cache/open", feature="store", name="liar", config={"url": "/"})
        items = [{"kind": "blob", "digest": "ff" * 32, "size": 3}]
        handle = opened["result"]["handle"]
        found = self.host.call("cache/contains", handle=handle, items=items)
        self.assertEqual(found["error"]["message"], "`contains` answered 0 times for 1 items")
        gone = self.host.call("cache/contains", handle="gone", items=items)
        self.assertEqual(gone["error"]["data"], {"code": "NOT_FOUND"})

    def _hello(self, json: bool = False, **args: Any) -> tuple[str, int]:
        context = {"root": None, "directory": "/", "json": json}
        id = self.host.request("subcommand/run", name="hello", args=args, context=context)
        output = self.host.read()
        self.assertEqual(output["method"], "host/output")
        self.host.answer(output["id"], {})
        answer = self.host.read()
        self.assertEqual(answer["id"], id)
        return output["params"]["text"], answer["result"]["status"]

    def test_subcommand(self) -> None:
        self.assertEqual(self._hello(names=["ada"]), ("hello ada\n", 1))
        self.assertEqual(
            self._hello(names=["ada"], shout=True, language="de", into="x", times=3),
            ("HALLO ADA\n", 255),
        )
        self.assertEqual(self._hello(names=[], json=True), ("hello \n", -15))
        nothing = self._hello(names=[], shout=None, language=None, into=None, times=None)
        self.assertEqual(nothing, ("hello \n", 1))

    def test_a_status_is_one_of_those_that_a_process_can_have(self) -> None:
        context = {"root": None, "directory": "/"}
        args = {"names": [], "times": 256}
        self.host.request("subcommand/run", name="hello", args=args, context=context)
        self.host.answer(self.host.read()["id"], {})
        self.assertEqual(
            self.host.read()["error"]["message"],
            "subcommand/hello returned 256, not a status from -64 to 255",
        )

    def test_completion(self) -> None:
        answer = self.host.call("subcommand/complete", name="hello", argument="names", prefix="a")
        self.assertEqual(answer["result"], {"values": ["ada", "alan"]})
        answer = self.host.call("subcommand/complete", name="hello", argument="times", prefix="")
        self.assertEqual(answer["result"], {"values": []})
        answer = self.host.call("argument/complete", name="changed", prefix="g")
        self.assertEqual(answer["result"], {"values": ["grace"]})

    def test_argument(self) -> None:
        params = {"name": "changed", "command": "run", "value": True}
        request = {"names": ["a", "b"], "skip-this": "a"}
        answer = self.host.call("argument/apply", stage="resolved", request=request, **params)
        self.assertEqual(answer["result"], {"edits": [{"path": "/names", "value": ["b"]}]})
        answer = self.host.call("argument/apply", stage="parsed", request=request, **params)
        self.assertEqual(answer["result"], {"edits": []})

    def test_hook(self) -> None:
        self.host.request("hook/event", name="run.finished", payload={"exit-code": 3})
        self.assertEqual(
            self.host.read()["params"], {"level": "info", "message": "3 in sample 1.2.0"}
        )
        self.assertEqual(self.host.read()["result"], {})

    def test_services(self) -> None:
        context = {"root": None, "directory": "/here"}
        self.host.request("subcommand/run", name="services", args={}, context=context)
        answers: dict[str, list[Any]] = {
            "host/output": [{"result": {}}],
            "host/exec": [
                {"result": {"status": 0, "signal": None, "stdout": "clean", "stderr": ""}},
                {"error": {"code": -32002, "message": "`rm` was not granted"}},
            ],
            "host/scratch": [{"result": {"dir": "/scratch"}}],
            "host/features": [
                {"result": {"features": [{"plugin": "p", "point": "cache", "name": "c"}]}}
            ],
            "host/memo": [{"result": {"value": None}}, {"result": {"value": None}}],
        }
        told = []
        while "method" in (message := self.host.read()):
            told.append((message["method"], message["params"]))
            if "id" in message:
                answer = answers[message["method"]].pop(0)
                self.host.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}))
        self.assertEqual(message.get("result"), {"status": 0}, message)
        self.assertEqual(
            told,
            [
                ("$/log", {"level": "debug", "message": "d"}),
                ("$/log", {"level": "info", "message": "i"}),
                ("$/log", {"level": "warning", "message": "w"}),
                ("$/progress", {"message": "half", "done": 1, "total": 2}),
                ("host/output", {"stream": "stderr", "base64": "AP8="}),
                (
                    "host/exec",
                    {"argv": ["git", "status"], "cwd": "/tmp", "env": {"A": "b"}, "stdin": "in"},
                ),
                ("host/exec", {"argv": ["rm"]}),
                ("$/log", {"level": "info", "message": "refused: `rm` was not granted"}),
                ("host/scratch", {}),
                ("host/features", {}),
                ("host/memo", {"key": {"k": 1}}),
                ("host/memo", {"key": {"k": 1}, "value": ["/scratch", ["c"], None, "/here"]}),
            ],
        )


if __name__ == "__main__":
    unittest.main()
