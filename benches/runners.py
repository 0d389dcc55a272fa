"""Runs in which nothing or little has changed, with the peers beside Purlin and floors under them.

Every tool gets the same tree of its own, in git: packages with source files, and one command for each
package that reads its sources and writes one file. A counter proves how often commands really ran.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import BENCHES, PURLIN, TOOLS, Program, run

QIK = "0.2.10"
TASK = "3.54.0"
NPM = {
    "turbo": ("turbo", "2.11.11"),
    "moon": ("@moonrepo/cli", "2.5.5"),
    "nx": ("nx", "24.0.6"),
    "mise": ("@jdxcode/mise", "2026.9.15"),
}

# Packages and files in each. The larger ones are in (c): 1,000 commands over 50,000 files.
SIZES = {"a": (1, 1000), "b": (100, 100), "c": (1000, 50)}
SAMPLES = 5
# What takes longer than this once, in milliseconds, is taken once.
LONG = 60_000.0

OUTPUT = "out/size.txt"


@dataclass
class Place:
    """A tree of one tool."""

    folder: Path
    counter: Path
    packages: list[str]
    env: dict[str, str]

    def job(self, package: str) -> str:
        """The command of a package: it reads every source, writes one file, and tells that it ran."""
        here = self.folder / "packages" / package
        return (
            f"echo ran >> {self.counter} && mkdir -p {here}/out"
            f" && cat {here}/src/*/*.txt | wc -c > {here}/{OUTPUT}"
        )

    def ran(self) -> int:
        """How many commands ran so far."""
        return self.counter.read_text().count("ran") if self.counter.exists() else 0

    def write(self, path: str, text: str) -> None:
        whole = self.folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text)


@dataclass
class Tool:
    """A runner: how it is told of the commands, and how it is asked for things."""

    name: str
    configure: Callable[[Place], None]
    argv: list[str]
    everything: list[str]
    one: Callable[[str], list[str]]
    listing: list[str]
    env: dict[str, str]
    # Prints the version, or what comes nearest to doing nothing.
    nothing: str = "--version"


# Getting the peers.


def install() -> None:
    """Gets what is missing. A half-finished installation is not taken for a whole one."""
    walk = TOOLS / "walk"
    if not walk.exists() or walk.stat().st_mtime < (BENCHES / "walk.rs").stat().st_mtime:
        run(["rustc", "--edition", "2024", "-O", "-o", walk, BENCHES / "walk.rs"])
    for name, package, version in ("qik", "qik", QIK), ("task", "go-task-bin", TASK):
        if not (done := TOOLS / f"{name}-{version}").exists():
            run([sys.executable, "-m", "venv", "--clear", TOOLS / name])
            pip = [TOOLS / name / "bin" / "pip", "install", "--quiet"]
            run([*pip, "--disable-pip-version-check", f"{package}=={version}"])
            done.touch()
    for name, (package, version) in NPM.items():
        if not (done := TOOLS / f"{name}-{version}").exists():
            if not shutil.which("npm"):
                raise SystemExit("npm is needed for the peers: apt-get install npm")
            shutil.rmtree(TOOLS / name, ignore_errors=True)
            npm = [
                "npm",
                "install",
                "--silent",
                "--no-audit",
                "--no-fund",
                "--prefix",
                TOOLS / name,
            ]
            run([*npm, f"{package}@{version}"])
            done.touch()


def program(name: str, pattern: str) -> str:
    """The program itself: launchers in JavaScript take longer than what they start."""
    found = sorted((TOOLS / name / "node_modules").glob(pattern))
    if not found:
        raise SystemExit(f"{name} has no {pattern}: remove .tools/bench/{name}*")
    return str(found[0])


def tools() -> list[Tool]:
    purlin = subprocess.check_output([PURLIN, "--version"], text=True).split()[-1]
    versions = {name: version for name, (_, version) in NPM.items()}
    nx = str(TOOLS / "nx" / "node_modules" / "nx" / "dist" / "bin" / "nx.js")
    return [
        Tool(
            f"Purlin {purlin}",
            configure_purlin,
            [str(PURLIN)],
            ["run"],
            lambda package: ["run", package],
            ["run", "--ls"],
            {},
        ),
        Tool(
            f"Qik {QIK}",
            configure_qik,
            [str(TOOLS / "qik" / "bin" / "qik")],
            [],
            lambda package: [package],
            ["--ls"],
            {},
            "--help",
        ),
        Tool(
            f"go-task {TASK}",
            configure_task,
            [str(TOOLS / "task" / "bin" / "task")],
            ["all"],
            lambda package: [package],
            ["--list-all"],
            {},
        ),
        Tool(
            f"mise {versions['mise']}",
            configure_mise,
            [program("mise", "@jdxcode/mise*/bin/mise")],
            ["run", "all"],
            lambda package: ["run", package],
            ["tasks", "ls"],
            {"MISE_YES": "1", "MISE_OFFLINE": "1"},
        ),
        Tool(
            f"Turborepo {versions['turbo']}",
            configure_turbo,
            [program("turbo", "@turbo/*/bin/turbo")],
            ["run", "check"],
            lambda package: ["run", "check", f"--filter={package}"],
            ["ls"],
            {"TURBO_TELEMETRY_DISABLED": "1", "TURBO_NO_UPDATE_NOTIFIER": "1"},
        ),
        Tool(
            f"moon {versions['moon']}",
            configure_moon,
            [program("moon", "@moonrepo/core-*/moon")],
            ["run", ":check"],
            lambda package: ["run", f"{package}:check"],
            ["query", "tasks"],
            {"MOON_TELEMETRY": "false", "MOON_TOOLCHAIN_FORCE_GLOBALS": "true"},
        ),
        Tool(
            f"Nx {versions['nx']}",
            configure_nx,
            [str(shutil.which("node")), nx],
            ["run-many", "-t", "check"],
            lambda package: ["run", f"{package}:check"],
            ["show", "projects"],
            {"NX_NO_CLOUD": "true", "NX_TUI": "false"},
        ),
    ]


# Telling them of the commands.


def configure_purlin(place: Place) -> None:
    text = '[workspace]\nname = "bench"\n'
    for package in place.packages:
        text += (
            f'\n[commands.{package}]\nexec = "{place.job(package)}"\n'
            f'deps = ["packages/{package}/src/**/*.txt"]\n'
            f'artifacts = ["packages/{package}/{OUTPUT}"]\n'
        )
    place.write("purlin.toml", text)
    place.write(".gitignore", "out/\n")


def configure_qik(place: Place) -> None:
    text = '[defaults]\ncache = "local"\n'
    for package in place.packages:
        text += (
            f'\n[commands.{package}]\nexec = "{place.job(package)}"\n'
            f'deps = ["packages/{package}/src/**/*.txt"]\n'
            f'artifacts = ["packages/{package}/{OUTPUT}"]\n'
        )
    place.write("qik.toml", text)
    place.write(".gitignore", "out/\n._qik/\n")


def configure_task(place: Place) -> None:
    tasks = {
        package: {
            "cmds": [place.job(package)],
            "sources": [f"packages/{package}/src/**/*.txt"],
            "generates": [f"packages/{package}/{OUTPUT}"],
        }
        for package in place.packages
    }
    document = {"version": "3", "tasks": tasks | {"all": {"deps": place.packages}}}
    place.write("Taskfile.yml", json.dumps(document, indent=1))
    place.write(".gitignore", "out/\n.task/\n")


def configure_mise(place: Place) -> None:
    text = f"[tasks.all]\ndepends = {json.dumps(place.packages)}\n"
    for package in place.packages:
        text += (
            f"\n[tasks.{package}]\nrun = {json.dumps(place.job(package))}\n"
            f'sources = ["packages/{package}/src/**/*.txt"]\n'
            f'outputs = ["packages/{package}/{OUTPUT}"]\n'
        )
    place.write("mise.toml", text)
    place.write(".gitignore", "out/\n")
    place.env["MISE_TRUSTED_CONFIG_PATHS"] = str(place.folder)


def configure_turbo(place: Place) -> None:
    root = {
        "name": "bench",
        "private": True,
        "packageManager": "npm@10.8.2",
        "workspaces": ["packages/*"],
    }
    place.write("package.json", json.dumps(root))
    locked: dict[str, object] = {"": {"name": "bench", "workspaces": ["packages/*"]}}
    for package in place.packages:
        scripts = {"check": place.job(package)}
        document = {"name": package, "version": "1.0.0", "scripts": scripts}
        place.write(f"packages/{package}/package.json", json.dumps(document))
        locked[f"packages/{package}"] = {"name": package, "version": "1.0.0"}
        locked[f"node_modules/{package}"] = {"resolved": f"packages/{package}", "link": True}
    lock = {"name": "bench", "lockfileVersion": 3, "requires": True, "packages": locked}
    place.write("package-lock.json", json.dumps(lock))
    task = {"inputs": ["src/**/*.txt"], "outputs": ["out/**"]}
    place.write("turbo.json", json.dumps({"tasks": {"check": task}}))
    place.write(".gitignore", "out/\n.turbo/\nnode_modules/\n")


def configure_moon(place: Place) -> None:
    place.write(".moon/workspace.yml", "projects: ['packages/*']\n")
    for package in place.packages:
        task = {
            "script": place.job(package),
            "inputs": ["src/**/*.txt"],
            "outputs": [OUTPUT],
            "options": {"runFromWorkspaceRoot": True},
        }
        place.write(f"packages/{package}/moon.yml", json.dumps({"tasks": {"check": task}}))
    place.write(".gitignore", "out/\n.moon/cache/\n")


def configure_nx(place: Place) -> None:
    place.write("nx.json", json.dumps({"neverConnectToCloud": True, "analytics": False}))
    place.write("package.json", json.dumps({"name": "bench", "private": True}))
    for package in place.packages:
        target = {
            "executor": "nx:run-commands",
            "cache": True,
            "inputs": ["{projectRoot}/src/**/*.txt"],
            "outputs": ["{projectRoot}/out"],
            "options": {"command": place.job(package)},
        }
        document = {"name": package, "targets": {"check": target}}
        place.write(f"packages/{package}/project.json", json.dumps(document))
    place.write(".gitignore", "out/\n.nx/\nnode_modules\n")
    (place.folder / "node_modules").symlink_to(TOOLS / "nx" / "node_modules")


# The trees.


def sources(folder: Path, packages: list[str], count: int) -> None:
    """2 KB in each file, in five folders of each package."""
    for package in packages:
        for number in range(count):
            path = folder / "packages" / package / "src" / f"part-{number % 5}" / f"{number:04}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"file {number} of {package} holds this line again\n" * 48)


def commit(folder: Path, env: dict[str, str]) -> None:
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "bench"]):
        subprocess.run(["git", *arguments], cwd=folder, env=env, check=True)


@dataclass
class Case:
    """A tool in its tree, settled: everything is kept, and nothing has changed."""

    tool: Tool
    place: Place
    restores: bool

    def program(self, name: str, arguments: list[str]) -> Program:
        return Program(name, [*self.tool.argv, *arguments], self.place.folder, self.place.env)


def settle(tool: Tool, place: Place) -> Case:
    """Runs everything until nothing runs any more, and looks whether outputs are put back."""
    tool.configure(place)
    commit(place.folder, place.env)
    program = Program(tool.name, [*tool.argv, *tool.everything], place.folder, place.env)
    count = len(place.packages)
    for _ in range(2):
        program.once()
    if place.ran() != count:
        raise SystemExit(f"{tool.name} ran {place.ran()} commands where there are {count}")
    output = place.folder / "packages" / place.packages[-1] / OUTPUT
    size = output.read_text()
    output.unlink()
    program.once()
    if output.read_text() != size:
        raise SystemExit(f"{tool.name} does not make its output again")
    restores = place.ran() == count
    program.once()
    return Case(tool, place, restores)


def edit(place: Place, turn: int) -> None:
    """Changes one source; no tool has seen the new text before."""
    path = place.folder / "packages" / place.packages[-1] / "src" / "part-0" / "0000.txt"
    path.write_text(f"turn {turn} of {place.folder.name}\n" * 48)


def measure_cases(cases: list[Case], floors: list[Program]) -> list[Program]:
    """Runs with nothing to do, in turns."""
    programs = [case.program(case.tool.name, case.tool.everything) for case in cases]
    before = [case.place.ran() for case in cases]
    for _ in range(SAMPLES):
        for one in [*programs, *floors]:
            if not one.milliseconds or min(one.milliseconds) < LONG:
                one.block(1, keep=True)
    for case, ran in zip(cases, before, strict=True):
        if case.place.ran() != ran:
            raise SystemExit(f"{case.tool.name} ran commands although nothing had changed")
    return programs


def measure_edits(cases: list[Case]) -> list[Program]:
    """Runs after one file was changed, in turns. Exactly one command runs in each."""
    programs = [case.program(case.tool.name, case.tool.everything) for case in cases]
    for turn in range(SAMPLES):
        for case, one in zip(cases, programs, strict=True):
            if one.milliseconds and min(one.milliseconds) > LONG:
                continue
            before = case.place.ran()
            edit(case.place, turn)
            one.block(1, keep=True)
            if case.place.ran() != before + 1:
                raise SystemExit(f"{case.tool.name} ran not exactly the changed command")
    return programs


def in_turns(programs: list[Program]) -> list[Program]:
    for _ in range(SAMPLES):
        for one in programs:
            if not one.milliseconds or min(one.milliseconds) < LONG:
                one.block(1, keep=True)
    return programs


def tables(work: Path, env: dict[str, str]) -> str:
    """All sizes; the tables in Markdown."""
    columns: dict[str, list[Program]] = {}
    floors: dict[str, dict[str, float]] = {}
    restoring: dict[str, bool] = {}
    known = tools()
    for size, (count, files) in SIZES.items():
        packages = [f"p{number:04}" for number in range(count)]
        template = work / f"{size}-sources"
        sources(template, packages, files)
        cases = []
        for number, tool in enumerate(known):
            folder = work / f"{size}-{number}"
            shutil.copytree(template, folder)
            place = Place(folder, work / f"{size}-{number}.ran", packages, env | tool.env)
            print(f"({size}) {tool.name}: first runs", file=sys.stderr)
            cases.append(settle(tool, place))
            restoring[tool.name] = cases[-1].restores
        mine = cases[0].place
        walk = Program("lstat walk", [str(TOOLS / "walk"), "."], mine.folder, env)
        status = Program("`git status`", ["git", "status", "--short"], mine.folder, env)
        print(f"({size}) nothing to do", file=sys.stderr)
        columns[f"({size})"] = measure_cases(cases, [walk, status])
        floors[f"({size})"] = {walk.name: walk.median, status.name: status.median}
        if size == "c":
            middle = packages[len(packages) // 2]
            print("(c) one command, one edit, listing", file=sys.stderr)
            columns["(c), one command"] = in_turns(
                [case.program(case.tool.name, case.tool.one(middle)) for case in cases]
            )
            columns["(c), one file changed"] = measure_edits(cases)
            columns["(c), listing"] = in_turns(
                [case.program(case.tool.name, case.tool.listing) for case in cases]
            )
            columns["start-up"] = in_turns(
                [case.program(case.tool.name, [case.tool.nothing]) for case in cases]
            )
        for case in cases:
            if case.tool.name.startswith("Nx"):
                # Its server stays behind.
                case.program("", ["daemon", "--stop"]).once()
        for number in range(len(known)):
            shutil.rmtree(work / f"{size}-{number}")
        shutil.rmtree(template)
    return table(known, columns, floors, restoring)


def table(
    known: list[Tool],
    columns: dict[str, list[Program]],
    floors: dict[str, dict[str, float]],
    restoring: dict[str, bool],
) -> str:
    heads = list(columns)
    lines = [
        "| median, ms | " + " | ".join(heads) + " | peak in (c), MB | puts outputs back |",
        "|---|" + "---:|" * (len(heads) + 1) + "---|",
    ]
    for number, tool in enumerate(known):
        cells = []
        for head in heads:
            one, first = columns[head][number], columns[head][0].median
            beside = f" ({one.median / first:.1f} ×)" if number else ""
            single = "*" if len(one.milliseconds) == 1 else ""
            cells.append(f"{one.median:,.1f}{beside}{single}")
        peak = max(columns["(c)"][number].megabytes)
        restores = "yes" if restoring[tool.name] else "no, runs again"
        lines.append(f"| {tool.name} | " + " | ".join(cells) + f" | {peak:,.0f} | {restores} |")
    for name in next(iter(floors.values())):
        cells = [f"{floors[head][name]:,.1f}" if head in floors else "" for head in heads]
        lines.append(f"| {name} | " + " | ".join(cells) + " | | |")
    lines += ["", "\\* one sample: it takes over a minute."]
    return "\n".join(lines)
