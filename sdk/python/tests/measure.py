"""Start-up and calls, as medians: `python3 -m tests.measure` in `sdk/python`.

The first answer of a plugin is compared with `python3 -c pass`; a thousand calls with a program
that only sends the lines back.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from .support import CONTEXT, PLUGINS, RUN

ROUNDS = 60
BUDGET_MS = 20.0

INITIALIZE = {
    "protocol": {"min": 1, "max": 1},
    "purlin": "0.1.0",
    "plugin": {"name": "tree", "version": "1.0.0", "folder": str(PLUGINS), "config": None},
    "root": "/work",
}
EXPAND = {"name": "tree", "config": {"path": "src", "ignore": ["x"]}, "context": CONTEXT}
ECHO = """
import os, sys
reader = open(0, "rb")
while line := reader.readline():
    os.write(1, line)
"""


def line(id: int, method: str, params: object) -> bytes:
    message = {"jsonrpc": "2.0", "id": id, "method": method, "params": params}
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


class Process:
    def __init__(self, *argv: str) -> None:
        pipe = subprocess.PIPE
        command = [sys.executable, "-I", *argv]
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env={"PATH": "/bin"})
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.writes = self.process.stdin.fileno()
        self.reads = self.process.stdout

    def ask(self, data: bytes) -> bytes:
        os.write(self.writes, data)
        return self.reads.readline()

    def end(self) -> None:
        self.process.communicate()


def bare() -> None:
    subprocess.run([sys.executable, "-c", "pass"], check=True, env={"PATH": "/bin"})


def first_answer(cache: str) -> float:
    started = time.perf_counter()
    process = Process("-X", f"pycache_prefix={cache}", str(RUN), "tree_plugin", str(PLUGINS))
    initialized = process.ask(line(1, "initialize", INITIALIZE))
    expanded = process.ask(line(2, "dependency/expand", EXPAND))
    elapsed = time.perf_counter() - started
    assert b'"result"' in initialized, initialized
    assert b'"result"' in expanded, expanded
    process.end()
    return elapsed


def timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def per_call(process: Process) -> float:
    lines = [line(id, "dependency/expand", EXPAND) for id in range(10, 1010)]
    for data in lines[:100]:
        process.ask(data)
    rounds = []
    for _ in range(9):
        started = time.perf_counter()
        for data in lines:
            process.ask(data)
        rounds.append((time.perf_counter() - started) / len(lines))
    process.end()
    return statistics.median(rounds)


def main() -> int:
    with tempfile.TemporaryDirectory() as cache:
        first_answer(cache)
        # Taking turns spreads what else the machine does over both.
        pairs = [(timed(bare), first_answer(cache)) for _ in range(ROUNDS)]
        bare_ms = statistics.median(one for one, _ in pairs) * 1e3
        first_ms = statistics.median(one for _, one in pairs) * 1e3
        plugin = Process("-X", f"pycache_prefix={cache}", str(RUN), "tree_plugin", str(PLUGINS))
        plugin.ask(line(1, "initialize", INITIALIZE))
        call = per_call(plugin) * 1e6
        echo = per_call(Process("-c", ECHO)) * 1e6
        files = sum(1 for _ in Path(cache).rglob("*.pyc"))
    print(f"python3 -c pass        {bare_ms:6.1f} ms")
    print(f"to the first answer    {first_ms:6.1f} ms   + {first_ms - bare_ms:.1f} ms")
    print(f"a call                 {call:6.1f} us")
    print(f"the line sent back     {echo:6.1f} us   + {call - echo:.1f} us")
    print(f"modules compiled once  {files:6}")
    if first_ms - bare_ms > BUDGET_MS:
        print(f"over the budget of {BUDGET_MS} ms", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
