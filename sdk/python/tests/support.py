"""A host for tests: starts a plugin as Purlin does, and speaks with it line by line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).parent
SOURCE = HERE.parent / "src"
RUN = SOURCE / "purlin" / "_run.py"
PLUGINS = HERE / "plugins"


class Host:
    """One plugin process, started and, unless told otherwise, initialized."""

    def __init__(
        self,
        module: str = "sample",
        folder: Path = PLUGINS,
        config: Any = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(RUN), module, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "PURLIN_PLUGIN_PROTOCOL": "1", **(variables or {})},
        )
        self.last_id = 0
        self.config = config
        self.folder = folder
        self.errors: str | None = None

    def __enter__(self) -> Host:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> tuple[int, str]:
        """Closes stdin; the exit status, and what was written to stderr."""
        if self.errors is None:
            _, errors = self.process.communicate(timeout=10)
            self.errors = errors.decode()
        return self.process.returncode, self.errors

    def initialize(self, low: int = 1, high: int = 1) -> dict[str, Any]:
        return self.call(
            "initialize",
            protocol={"min": low, "max": high},
            purlin="0.1.0",
            plugin={
                "name": "sample",
                "version": "1.2.0",
                "folder": str(self.folder),
                "config": self.config,
            },
            root="/work",
        )

    def write(self, line: str | bytes) -> None:
        assert self.process.stdin is not None
        data = line.encode() if isinstance(line, str) else line
        self.process.stdin.write(data + b"\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"it ended: {self.end()}")
        message: dict[str, Any] = json.loads(line)
        return message

    def request(self, method: str, **params: Any) -> int:
        self.last_id += 1
        message = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        self.write(json.dumps(message))
        return self.last_id

    def notify(self, method: str, **params: Any) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))

    def answer(self, id: Any, result: Any) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}))

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a request; there must be no other message."""
        id = self.request(method, **params)
        answer = self.read()
        assert answer.pop("jsonrpc") == "2.0"
        assert answer.pop("id") == id, answer
        return answer

    def expand(self, name: str, **config: Any) -> dict[str, Any]:
        return self.call("dependency/expand", name=name, config=config, context=CONTEXT)


CONTEXT = {"root": "/work", "space": None, "module": None, "context": {"site": "here"}}


def initialized(**options: Any) -> Host:
    host = Host(**options)
    answer = host.initialize()
    assert "result" in answer, answer
    return host
