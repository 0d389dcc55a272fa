"""Plugins in Python: what their first call costs, what each further one, and what none costs."""

import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from bench import BENCHES, PURLIN, ROOT, Program, measure, run

PLUGIN = BENCHES / "plugin"
CALLS = ROOT / "target" / "release" / "examples" / "calls"
MANY = 1000

CALLS_PER_BLOCK = 200
BLOCKS = 100

ECHO = """\
import os
reader = open(0, "rb")
while line := reader.readline():
    os.write(1, line)
"""

PATTERN = '["src/**"]'
DEPENDENCY = '[{ type = "folder", path = "src" }]'

WORKSPACE = """\
[workspace]
name = "warm"

[plugins]
measured = {{ path = "measured", config = {{ counter = "asked.txt" }} }}

[commands.check]
exec = "cat src/* > out.txt"
deps = {deps}
artifacts = ["out.txt"]
"""


def tables(work: Path, env: dict[str, str]) -> str:
    """`env` is that of start-up: its plugins are the many."""
    # A shim takes longer than the interpreter; Purlin asks it once what it stands for.
    python = os.path.realpath(sys.executable)
    env = env | {"PATH": f"{os.path.dirname(python)}:{env['PATH']}"}
    return "\n\n".join([uses(work, env, python), warm(work, env), calls(work, python)])


def uses(work: Path, env: dict[str, str], python: str) -> str:
    workspace = work / "small"
    bare = Program("`python3 -c pass`", [python, "-c", "pass"], workspace, env)
    rows: list[list[Program]] = [[bare, bare]]
    named = [
        ("a verb of a plugin", ["measured"]),
        ("`purlin run --ls`", ["run", "--ls"]),
        ("the same with a flag of a plugin", ["run", "--ls", "--measured"]),
    ]
    surroundings = []
    for count in (0, MANY):
        folders = f"{work}/plugins-{count:04}:{PLUGIN}"
        home = str(work / f"uses-{count:04}")
        own = {"PURLIN_PLUGIN_PATH": folders, "XDG_CACHE_HOME": home, "XDG_DATA_HOME": home}
        surroundings.append(env | own)
        trust = [str(PURLIN), "plugin", "trust", "--yes", "measured"]
        Program("trust", trust, workspace, env | own).once()
    for name, arguments in named:
        rows.append(
            [Program(name, [str(PURLIN), *arguments], workspace, own) for own in surroundings]
        )
    for row in rows:
        for program in row:
            program.once()
    measure([bare, *(program for row in rows[1:] for program in row)])
    lines = [
        f"| median, ms | 1 plugin | {MANY + 1:,} plugins | over `python3 -c pass` |",
        "|---|---:|---:|---:|",
    ]
    for name, row in zip(["`python3 -c pass`", *(name for name, _ in named)], rows, strict=True):
        over = row[0].median - bare.median
        told = "" if row[0] is bare or "--ls`" in name else f"{over:+.1f}"
        lines.append(f"| {name} | {row[0].median:.1f} | {row[1].median:.1f} | {told} |")
    return "\n".join(lines)


def warm(work: Path, env: dict[str, str]) -> str:
    """A run with nothing to do, whose dependency a plugin has told of once."""
    programs = []
    for number, (name, deps) in enumerate(
        [("a pattern", PATTERN), ("a dependency type in Python", DEPENDENCY)]
    ):
        folder = work / f"warm-{number}"
        (folder / "src").mkdir(parents=True)
        for file in range(20):
            (folder / "src" / f"{file}.txt").write_text(f"{file}\n")
        shutil.copytree(PLUGIN, folder / "measured")
        (folder / "purlin.toml").write_text(WORKSPACE.format(deps=deps))
        own = env | {
            "PURLIN_TRUST": "workspace",
            "XDG_CACHE_HOME": str(work / f"warm-{number}.cache"),
            "XDG_DATA_HOME": str(work / f"warm-{number}.data"),
        }
        program = Program(name, [str(PURLIN), "run"], folder, own)
        for _ in range(3):
            program.once()
        programs.append(program)
    measure(programs)
    asked = [asked_in(program.cwd) for program in programs]
    if asked != [0, 1]:
        raise SystemExit(f"the plugin was asked {asked} times, once is enough")
    lines = ["| nothing to do, median, ms | | plugin was asked |", "|---|---:|---:|"]
    for program, count in zip(programs, asked, strict=True):
        lines.append(f"| {program.name} | {program.median:.2f} | {count} × |")
    return "\n".join(lines)


def asked_in(folder: Path) -> int:
    counter = folder / "asked.txt"
    return len(counter.read_text().splitlines()) if counter.exists() else 0


def calls(work: Path, python: str) -> str:
    """On one processor, where the figures repeat, and on all, where a call may wake another."""
    build = ["cargo", "build", "--quiet", "--release", "--locked", "--package", "purlin-host"]
    run([*build, "--example", "calls"], ROOT)
    echo = work / "echo.py"
    echo.write_text(ECHO)
    command = [str(CALLS), str(CALLS_PER_BLOCK), str(BLOCKS), str(PLUGIN), str(work / "calls")]
    command += ["--", "/bin/cat", "--", python, "-I", str(echo)]
    env = {"PATH": f"{os.path.dirname(python)}:/usr/bin:/bin", "HOME": str(work)}
    measured = []
    for prefix in (["taskset", "--cpu-list", "0"], []):
        told = subprocess.run(
            [*prefix, *command], env=env, capture_output=True, text=True, check=True
        ).stdout
        measured.append([[int(one) / 1e3 for one in line.split()] for line in told.splitlines()])
    names = ["a call through the host", "`cat` sends the line back", "Python sends the line back"]
    lines = [
        "| a call, µs | one processor, least | median | all, least | median |",
        "|---|---:|---:|---:|---:|",
    ]
    cells = []
    for row in range(len(names)):
        of_row = [one[row] for one in measured]
        cells.append([figure(times) for times in of_row for figure in (min, statistics.median)])
    for name, row in zip(names, cells, strict=True):
        lines.append(f"| {name} | " + " | ".join(f"{figure:.1f}" for figure in row) + " |")
    over = [host - floor for host, floor in zip(cells[0], cells[1], strict=True)]
    lines.append("| over the pipe's floor | " + " | ".join(f"{one:.1f}" for one in over) + " |")
    return "\n".join(lines)
