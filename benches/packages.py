"""Packages: what a build adds to its script, and what one costs that has nothing to do.

A trivial build stands beside the bare commands, one of many files beside `cp -a`, and ten small
C packages beside `nix-build` on derivations with the same scripts. What cannot run is told in its
row.

Caches, data and homes are private. CPU is that of a program and of all processes below it, those
that bubblewrap does not wait for among them.
"""

import contextlib
import ctypes
import json
import os
import re
import shutil
import statistics
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import definitions
from bench import PURLIN
from definitions import Task, table

# From <sys/prctl.h>.
PR_SET_CHILD_SUBREAPER = 36

# Median of as many runs, after one to warm up.
RUNS = 5
MANY = 1_000
GOAL = 100
FILES = 10_000


@dataclass
class Site:
    """A workspace whose cache and data are nobody else's."""

    folder: Path
    # What `[build] sandbox` says.
    sandbox: str = "auto"

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.write(
            "purlin.toml", f'[workspace]\nname = "bench"\n\n[build]\nsandbox = "{self.sandbox}"\n'
        )

    @property
    def cache(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}-cache")

    @property
    def variables(self) -> dict[str, str]:
        data = self.folder.with_name(f"{self.folder.name}-data")
        return {"PURLIN_CACHE_DIR": str(self.cache), "PURLIN_DATA_DIR": str(data)}

    def write(self, path: str, text: str) -> None:
        whole = self.folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text)

    def task(
        self,
        name: str,
        arguments: list[str],
        proof: Callable[[str], bool],
        before: Callable[[], object] = lambda: None,
    ) -> Task:
        argv = [str(PURLIN), *arguments]
        return Task(name, argv, self.folder, proof, before, self.variables)

    def forget(self) -> None:
        remove(self.cache)

    def summary(self, env: dict[str, str]) -> dict[str, object]:
        """What one more build of everything says that it has done."""
        lines = self.ask(["build", "--json"], env).splitlines()
        events = [json.loads(line) for line in lines]
        return next((one for one in events if one.get("event") == "summary"), {})

    def kept_apart_by(self, env: dict[str, str]) -> str:
        """What really kept its builds apart."""
        found = re.search(r"; sandbox: (.+)", self.ask(["build", "--explain"], env))
        return found[1].strip() if found else "not known"

    def ask(self, arguments: list[str], env: dict[str, str]) -> str:
        return subprocess.run(
            [PURLIN, *arguments],
            cwd=self.folder,
            env=env | self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        ).stdout


def install() -> None:
    """Gets Nix. Where it cannot be had, its rows say so."""
    with contextlib.suppress(SystemExit, subprocess.CalledProcessError):
        definitions.install_nix()


def remove(path: Path) -> None:
    """Removes a tree; what is built is read-only."""
    if path.exists():
        subprocess.run(["chmod", "-R", "u+w", path], check=True)
        shutil.rmtree(path)


@contextlib.contextmanager
def adopting() -> Iterator[None]:
    """Processes whose parent has ended come to us meanwhile: otherwise their CPU is lost."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "processes cannot be adopted")
    yield
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def in_turns(tasks: list[Task], env: dict[str, str]) -> None:
    """So that a busy moment does not hit one program alone."""
    for turn in range(RUNS + 1):
        for task in tasks:
            task.once(env)
            if not turn:
                task.wall.clear()
                task.cpu.clear()


def milliseconds(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1000


def rows(tasks: list[Task], beside: Callable[[Task], str]) -> Iterator[list[str]]:
    """Wall, CPU, and what they come to beside something else."""
    for task in tasks:
        if task.failed or not task.wall:
            yield [task.name, f"not measured: {task.failed[:100]}", "", ""]
        else:
            wall, cpu = milliseconds(task.wall), milliseconds(task.cpu)
            yield [task.name, f"{wall:,.1f}", f"{cpu:,.1f}", beside(task)]


def ratio(floor: Task) -> Callable[[Task], str]:
    def beside(task: Task) -> str:
        if task is floor:
            return ""
        if floor.failed:
            return "nothing to compare with"
        return f"{statistics.median(task.wall) / statistics.median(floor.wall):.2f} ×"

    return beside


# One trivial build.


def trivial(work: Path, env: dict[str, str]) -> str:
    numbers = count()
    bare = work / "trivial"
    script = "mkdir -p {0}/share && echo {1} > {0}/share/number"
    tasks = [
        Task(
            "the bare commands",
            ["/bin/sh", "-c", script.format(bare, 1)],
            work,
            lambda _: (bare / "share/number").read_text() == "1\n",
            lambda: remove(bare),
        )
    ]
    sites = [Site(work / f"trivial-{mode}", mode) for mode in ("auto", "off")]
    for site in sites:
        current = [0]

        # Each time another script, so that there is something to build.
        def change(site: Site = site, current: list[int] = current) -> None:
            current[0] = next(numbers)
            install = script.format("$out", current[0])
            site.write("purlin.star", star([package("trivial", [], f'install = "{install}"')]))

        def proof(printed: str, current: list[int] = current) -> bool:
            return (Path(printed.strip()) / "share/number").read_text() == f"{current[0]}\n"

        tasks.append(site.task(f"`sandbox = {site.sandbox}`", ["build"], proof, change))
        if site.sandbox == "auto":
            tasks.append(site.task("nothing to do", ["build"], proof))
    in_turns(tasks, env)
    for site, task in zip(sites, [tasks[1], tasks[3]], strict=True):
        task.name += f": {site.kept_apart_by(env)}"

    def beside(task: Task) -> str:
        if task is tasks[0] or tasks[0].failed:
            return ""
        return f"{milliseconds(task.wall) - milliseconds(tasks[0].wall):+,.1f} ms"

    head = [f"one trivial build, median of {RUNS}", "wall, ms", "CPU, ms", "over the commands"]
    return table(head, list(rows(tasks, beside)))


def package(name: str, needs: list[str], fields: str) -> str:
    """A definition of `purlin.star`."""
    requires = f"requires = [{', '.join(needs)}], " if needs else ""
    parameters = ", ".join(["mk_package", "source", *needs])
    return f'def {name}({parameters}):\n    return mk_package(version = "1", {requires}{fields})\n'


def star(functions: list[str]) -> str:
    text = "\n".join(functions)
    entries = ", ".join(f'"{name}": {name}' for name in re.findall(r"(?m)^def (\w+)", text))
    return f'{text}\ndefinitions = {{"packages": {{{entries}}}}}\n'


# Many packages, and nothing to do.


def many(work: Path, env: dict[str, str]) -> str:
    site = Site(work / "many")
    functions = []
    for number in range(MANY):
        before = [number // 2, number // 3] + ([number * 2 // 3] if number % 2 else [])
        needs = [f"p{one}" for one in sorted(set(before)) if one < number]
        functions.append(package(f"p{number}", needs, f'install = "echo {number} > $out/number"'))
    site.write("purlin.star", star(functions))

    def all_of_them(printed: str) -> bool:
        return len(printed.splitlines()) == MANY

    first = site.task("the first build of all, once", ["build", "--quiet"], all_of_them)
    nothing = site.task("nothing to do", ["build"], all_of_them)
    one = site.task(
        "nothing to do for the last one",
        ["build", f"p{MANY - 1}"],
        lambda printed: printed.count("\n") == 1,
    )
    check = site.task("definitions alone: `check`", ["check", "--json"], lambda text: "[]" in text)
    first.once(env)
    if first.failed:
        for task in (nothing, one):
            task.failed = "the first build failed"
    in_turns([nothing, one, check], env)
    summary = site.summary(env)
    if not nothing.failed and (summary.get("cached"), summary.get("done")) != (MANY, 0):
        nothing.failed = f"something was built: {summary}"

    def beside(task: Task) -> str:
        return f"goal {GOAL} ms; starts {started(task, env)}" if task is nothing else ""

    head = [f"{MANY:,} packages, median of {RUNS}", "wall, ms", "CPU, ms", ""]
    return table(head, list(rows([first, nothing, one, check], beside)))


def started(task: Task, env: dict[str, str]) -> str:
    """How many processes a run starts."""
    if not shutil.which("strace"):
        return "not counted: there is no `strace`"
    trace = task.cwd / ".trace"
    calls = "trace=fork,vfork,clone,clone3"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-e", calls, "-o", trace, *task.argv],
        cwd=task.cwd,
        env=env | task.variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        return "not counted: `strace` failed"
    # Of a call that others interrupt a second line tells the end. Threads are no processes.
    lines = [
        line
        for line in trace.read_text().splitlines()
        if "resumed>" not in line and "(" in line and "CLONE_THREAD" not in line
    ]
    return f"{len(lines)} processes"


# Many files.


def files(work: Path, env: dict[str, str]) -> str:
    site = Site(work / "files")
    tree, copy = site.folder / "tree", work / "copy"
    for number in range(FILES):
        path = f"tree/part-{number % 100}/{number:05}.txt"
        site.write(path, f"file {number} holds this line again\n" * 30)
    fields = 'source = source("tree"), install = "cp -a . $out"'
    site.write("purlin.star", star([package("files", [], fields)]))

    def drop() -> None:
        """Removes the package and what is known of it, but not what the cache keeps."""
        store = site.cache / "packages"
        for path in [*store.glob("*-files-1"), store / "records"]:
            remove(path)

    def clear() -> None:
        remove(copy)

    def whole(_: str) -> bool:
        return sum(len(names) for _, _, names in os.walk(copy)) == FILES

    def unlike(package: Path) -> bool:
        return subprocess.run(["diff", "-qr", tree, package], check=False).returncode != 0

    def says(what: str) -> Callable[[str], bool]:
        return lambda printed: what in printed

    copying = ["cp", "-a", str(tree), str(copy)]
    synced = ["/bin/sh", "-c", f"cp -a {tree} {copy} && sync -f {copy}"]
    build = ["build", "--json"]
    tasks = [
        Task("`cp -a`", copying, work, whole, clear),
        Task("`cp -a` and `sync -f`", synced, work, whole, clear),
        site.task("built by `cp -a` and entered", build, says('"done":1'), site.forget),
        site.task("realised from the cache", build, says('"restored":true'), drop),
        site.task("nothing to do", build, says('"restored":false')),
    ]
    in_turns(tasks, env)
    realised = list((site.cache / "packages").glob("*-files-1"))
    if not tasks[3].failed and (len(realised) != 1 or unlike(realised[0])):
        tasks[3].failed = "the package is not what its source is"
    head = [f"{FILES:,} files, median of {RUNS}", "wall, ms", "CPU, ms", "beside `cp -a`"]
    return table(head, list(rows(tasks, ratio(tasks[0]))))


# Ten packages in C, three deep, beside Nix.

LIBRARY = """\
set -e
mkdir -p $out/include $out/lib
cc -O2 {includes} -c -o {name}.o $src/{name}.c
ar rcs $out/lib/lib{name}.a {name}.o
cp $src/{name}.h $out/include
"""
PROGRAM = """\
set -e
mkdir -p $out/bin
cc -O2 {includes} -o $out/bin/{name} $src/{name}.c {libraries}
"""
GRAPH: dict[str, list[str]] = {f"low{number}": [] for number in range(4)}
GRAPH |= {f"mid{n}": [f"low{n}", f"low{(n + 1) % 4}"] for n in range(4)}
GRAPH |= {"top0": ["mid0", "mid1"], "top1": ["mid2", "mid3"]}
INPUT = 3


def value(name: str) -> int:
    """What the C code of a package computes."""
    if not GRAPH[name]:
        return INPUT + int(name[-1]) + 1
    one, other = (value(need) for need in GRAPH[name])
    return one + other if name.startswith("top") else one * other


def c_source(name: str) -> dict[str, str]:
    """The files of a package."""
    needs = GRAPH[name]
    include = "".join(f"#include <{need}.h>\n" for need in needs)
    if name.startswith("top"):
        body = f"{needs[0]}({INPUT}) + {needs[1]}({INPUT})"
        text = f'int main(void) {{\n    printf("%d\\n", {body});\n    return 0;\n}}\n'
        return {f"{name}.c": f"#include <stdio.h>\n{include}\n{text}"}
    body = " * ".join(f"{need}(x)" for need in needs) or f"x + {int(name[-1]) + 1}"
    text = f'#include "{name}.h"\n{include}\nint {name}(int x) {{\n    return {body};\n}}\n'
    return {f"{name}.c": text, f"{name}.h": f"int {name}(int x);\n"}


def closure(name: str) -> list[str]:
    """What a package needs, users before what they use."""
    direct = GRAPH[name]
    below = [two for one in direct for two in closure(one)]
    return list(dict.fromkeys([*direct, *below]))


def script(name: str) -> str:
    """How a package is built; `<NAME>` stands for where another one is."""
    needs = closure(name)
    includes = " ".join(f"-I<{need}>/include" for need in needs)
    libraries = " ".join(f"<{need}>/lib/lib{need}.a" for need in needs)
    shape = PROGRAM if name.startswith("top") else LIBRARY
    return shape.format(name=name, includes=includes, libraries=libraries)


PLACE = re.compile(r"<(\w+)>")


def ten_in_starlark() -> str:
    functions = []
    for name in GRAPH:
        text = PLACE.sub("%s", script(name))
        places = PLACE.findall(script(name))
        filled = f'"""{text}"""' + (f" % ({', '.join(places)})" if places else "")
        needs = closure(name)
        fields = f'source = source("{name}"), install = {filled}'
        functions.append(package(name, needs, fields))
    return star(functions)


def ten_in_nix() -> str:
    text = """\
let
  build = name: src: script: derivation {
    name = "${name}-1";
    inherit src;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-c" script ];
    PATH = builtins.getEnv "PATH";
  };
in rec {
"""
    for name in GRAPH:
        filled = PLACE.sub(r"${\1}", script(name))
        text += f"  {name} = build \"{name}\" ./{name} ''\n{filled}'';\n"
    return text + "}\n"


def ten_in_shell(folder: Path, target: Path) -> str:
    """The scripts alone, one after another."""
    text = f"set -e\nmkdir -p {target}/work\ncd {target}/work\n"
    for name in GRAPH:
        filled = PLACE.sub(rf"{target}/\1", script(name))
        text += f"(src={folder}/{name} out={target}/{name}\n{filled})\n"
    return text


def ten(work: Path, env: dict[str, str]) -> str:
    nix, bare = work / "ten-nix", work / "ten-bare"
    sites = [Site(work / f"ten-{mode}", mode) for mode in ("auto", "off")]
    for site in sites:
        site.write("purlin.star", ten_in_starlark())
    for folder in (nix, bare, *(site.folder for site in sites)):
        for name in GRAPH:
            (folder / name).mkdir(parents=True)
            for file, text in c_source(name).items():
                (folder / name / file).write_text(text)
    (nix / "default.nix").write_text(ten_in_nix())
    target = work / "ten-built"
    (bare / "all.sh").write_text(ten_in_shell(bare, target))

    def runs(program: Path) -> bool:
        printed = subprocess.run([program], capture_output=True, text=True, check=False).stdout
        return printed == f"{value(program.name)}\n"

    def proof(printed: str) -> bool:
        roots = {Path(line).name.split("-")[1]: Path(line) for line in printed.splitlines()}
        tops = ("top0", "top1")
        return roots.keys() == GRAPH.keys() and all(runs(roots[top] / "bin" / top) for top in tops)

    state = {
        "NIX_STORE_DIR": str(work / "ten-nix-store"),
        "NIX_STATE_DIR": str(work / "ten-nix-state"),
        "NIX_LOG_DIR": str(work / "ten-nix-log"),
        "NIX_CONF_DIR": str(work / "ten-nix-conf"),
    }
    argv = ["nix-build", "--no-out-link", "--max-jobs", str(os.cpu_count())]
    for option, setting in ("sandbox", "false"), ("substitute", "false"), ("build-users-group", ""):
        argv += ["--option", option, setting]

    def forget_nix() -> None:
        for folder in state.values():
            remove(Path(folder))

    def own(task: str, nothing: bool) -> list[Task]:
        return [
            site.task(
                f"{task}, `sandbox = {site.sandbox}`",
                ["build"],
                proof,
                (lambda: None) if nothing else site.forget,
            )
            for site in sites
        ]

    alone = Task(
        "the scripts alone, one after another",
        ["/bin/sh", "all.sh"],
        bare,
        lambda _: runs(target / "top0/bin/top0") and runs(target / "top1/bin/top1"),
        lambda: remove(target),
    )
    cold_nix = Task("cold, `nix-build`", argv, nix, proof, forget_nix, state)
    idle_nix = Task("nothing to do, `nix-build`", argv, nix, proof, variables=state)
    if not shutil.which("nix-build"):
        cold_nix.failed = idle_nix.failed = "there is no `nix-build`"
    cold, idle = own("cold", nothing=False), own("nothing to do", nothing=True)
    in_turns([alone, *cold, cold_nix], env)
    in_turns([*idle, idle_nix], env)
    for site, task, idle_task in zip(sites, cold, idle, strict=True):
        task.name += f": {site.kept_apart_by(env)}"
        if not idle_task.failed and site.summary(env).get("done") != 0:
            idle_task.failed = "something was built"
    all_rows = [
        *rows([alone, *cold, cold_nix], ratio(cold_nix)),
        *rows([*idle, idle_nix], ratio(idle_nix)),
    ]
    head = [f"ten packages in C, median of {RUNS}", "wall, ms", "CPU, ms", "beside `nix-build`"]
    return table(head, all_rows)


def tables(work: Path, env: dict[str, str]) -> str:
    """A table for each question."""
    folder = work / "packages"
    folder.mkdir()
    with adopting():
        parts = [part(folder, env) for part in (trivial, many, files, ten)]
    remove(folder)
    return "\n\n".join(parts)
