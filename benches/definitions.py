"""Definitions: all of them, their names, and one of them, beside Nix on what says the same.

Every size is written in four shapes: one file, a file for each, files in nested folders, and a chain
in which each definition asks for the one before it. Nix gets the same as functions that a plain
`callPackage` fills by name: no derivations, so that both only evaluate. The bare Starlark evaluation of
the same files is what the language alone costs.

What is measured is the CPU of the process, and the most memory that it had at once.
"""

import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import PURLIN, ROOT, run

SIZES = [10, 100, 1_000, 5_000, 50_000]
CHAINS = [10, 100, 1_000, 5_000, 20_000]
SYSTEM = "x86_64-linux"
# Median of as many runs; what takes longer than LONG seconds is run once.
RUNS = 7
LONG = 5.0

# The bare evaluation of files, an example of the crate that evaluates them.
BARE = PURLIN.parent / "examples" / "bare"

WORKSPACE = f"""\
[workspace]
name    = "bench"
systems = ["{SYSTEM}"]

[packages.base]
version = "1.0"
"""
USE = """
[[use]]
name = "all-local-resources"
"""


@dataclass
class Task:
    """One program on one input."""

    name: str
    argv: list[str]
    cwd: Path
    # What it must print; what it prints otherwise is no measurement.
    proof: Callable[[str], bool]
    # What has to be done before each run, and is not measured.
    before: Callable[[], object] = lambda: None
    # Process variables besides those of all.
    variables: dict[str, str] = field(default_factory=dict)
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: float = 0.0
    failed: str = ""

    def once(self, env: dict[str, str]) -> None:
        """Runs it and keeps what it took, or why it is no measurement."""
        if self.failed:
            return
        self.before()
        out, err = self.cwd / ".out", self.cwd / ".err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            start = time.perf_counter()
            process = subprocess.Popen(
                self.argv,
                cwd=self.cwd,
                env=env | self.variables,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            text = err.read_text(errors="replace").strip()
            last = next((line for line in text.splitlines() if "error" in line), text[-200:])
            self.failed = last.strip() or f"ended with {process.returncode}"
            return
        if not self.proof(out.read_text(errors="replace")):
            self.failed = "printed something else"
            return
        self.wall.append(seconds)
        usages = [usage, *left_behind()]
        self.cpu.append(sum(one.ru_utime + one.ru_stime for one in usages))
        self.memory = max(self.memory, usage.ru_maxrss / 1024)

    @property
    def is_long(self) -> bool:
        return bool(self.cpu) and self.cpu[0] > LONG

    def cell(self) -> str:
        """Milliseconds of CPU and MiB, or why there are none."""
        if self.failed:
            return f"failed: {self.failed[:60]}"
        milliseconds = statistics.median(self.cpu) * 1000
        return f"{milliseconds:,.0f} ms · {self.memory:,.0f} MiB"


def left_behind() -> Iterator[resource.struct_rusage]:
    """What processes took that a program has started and not waited for, where they come to us."""
    with contextlib.suppress(ChildProcessError):
        while True:
            yield os.wait4(-1, 0)[2]


def install_nix() -> None:
    """Gets Nix where it is missing."""
    if not shutil.which("nix-instantiate"):
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise SystemExit("nix-instantiate is needed: apt-get install nix-bin")
        run(["apt-get", "-qq", "update"])
        run(["apt-get", "-qq", "install", "--yes", "--no-install-recommends", "nix-bin"])


def install() -> None:
    """Gets Nix, which evaluates the equivalent, and builds the bare evaluation."""
    install_nix()
    # With the flags of `just dist`, so that what both are made of is built once, and alike.
    flags = "-C target-feature=+crt-static -C relocation-model=static"
    argv = ["cargo", "build", "--quiet", "--release", "--target", PURLIN.parent.parent.name]
    subprocess.run(
        [*argv, "--package", "purlin-starlark", "--example", "bare"],
        cwd=ROOT,
        env=os.environ | {"RUSTFLAGS": flags},
        stdin=subprocess.DEVNULL,
        check=True,
    )


# The inputs. Definition `pN` asks for `base`, and in a chain for the one before it.


def starlark(number: int, name: str, chain: bool) -> str:
    before = f"p{number - 1}" if chain and number else "base"
    return f"""\
def {name}(mk_package, {before}):
    return mk_package(
        version = "1.{number}",
        description = "Definition {number} of many",
        requires = [{before}],
        env = {{"NUMBER": "{number}", "BEFORE": {before}.version}},
    )
"""


def nix(number: int, chain: bool) -> str:
    before = f"p{number - 1}" if chain and number else "base"
    return (
        f"{{ mkPackage, {before} }}: mkPackage {{\n"
        f'  version = "1.{number}";\n'
        f'  description = "Definition {number} of many";\n'
        f"  requires = [ {before}.version ];\n"
        f'  env = {{ NUMBER = "{number}"; BEFORE = {before}.version; }};\n'
        f"}}"
    )


CALL = """\
let
  base = { version = "1.0"; };
  mkPackage = fields: fields;
  scope = { inherit base mkPackage; } // flat;
  call = function: function (builtins.intersectAttrs (builtins.functionArgs function) scope);
"""


def one_file(folder: Path, count: int, *, chain: bool) -> None:
    functions = "\n".join(starlark(number, f"p{number}", chain) for number in range(count))
    names = "\n".join(f'    "p{number}": p{number},' for number in range(count))
    (folder / "purlin.toml").write_text(WORKSPACE)
    text = f'{functions}\ndefinitions = {{"packages": {{\n{names}\n}}}}\n'
    (folder / "purlin.star").write_text(text)
    (folder / "files").write_text("purlin.star\n")
    bindings = "\n".join(f"p{number} = {nix(number, chain)};" for number in range(count))
    text = f"{CALL}  flat = builtins.mapAttrs (_: call) {{\n{bindings}\n}};\nin flat\n"
    (folder / "default.nix").write_text(text)


def many_files(folder: Path, count: int, *, nested: bool) -> None:
    (folder / "purlin.toml").write_text(WORKSPACE + USE)
    paths = []
    for number in range(count):
        below = f"pkgs/a{number % 10}/b{number // 10 % 10}" if nested else "pkgs"
        (folder / below).mkdir(parents=True, exist_ok=True)
        (folder / below / f"p{number}.star").write_text(starlark(number, "default", chain=False))
        (folder / below / f"p{number}.nix").write_text(nix(number, chain=False) + "\n")
        paths.append(f"{below}/p{number}.star")
    (folder / "files").write_text("\n".join(paths) + "\n")
    # Folders become sets, as they become namespaces in Purlin; what ends in .nix becomes a function.
    (folder / "default.nix").write_text(f"""\
{CALL}
  flat = {{ }};
  isNix = name: builtins.match ".*\\\\.nix" name != null;
  stem = name: builtins.head (builtins.match "(.*)\\\\.nix" name);
  read = folder:
    let entries = builtins.readDir folder; in
    builtins.listToAttrs (builtins.concatMap
      (name:
        let path = folder + "/${{name}}"; in
        if entries.${{name}} == "directory" then [ {{ inherit name; value = read path; }} ]
        else if isNix name then [ {{ name = stem name; value = call (import path); }} ]
        else [ ])
      (builtins.attrNames entries));
in read ./pkgs
""")


SHAPES: dict[str, tuple[list[int], Callable[[Path, int], None], Callable[[int], str]]] = {
    "one file": (
        SIZES,
        lambda folder, count: one_file(folder, count, chain=False),
        "p{}".format,
    ),
    "a file each": (
        SIZES,
        lambda folder, count: many_files(folder, count, nested=False),
        "p{}".format,
    ),
    "nested folders": (
        SIZES,
        lambda folder, count: many_files(folder, count, nested=True),
        lambda number: f"a{number % 10}/b{number // 10 % 10}/p{number}",
    ),
    "a chain": (
        CHAINS,
        lambda folder, count: one_file(folder, count, chain=True),
        "p{}".format,
    ),
}


def tasks(folder: Path, count: int, name: Callable[[int], str]) -> list[Task]:
    """What is asked of one input."""
    last = f"p{count - 1}"
    purlin = str(PURLIN)
    one = f'packages.{SYSTEM}."{name(count - 1)}"'
    evaluate = ["nix-instantiate", "--eval", "--json", "--option", "sandbox", "false"]
    evaluate += ["--option", "substitute", "false"]
    attribute = name(count - 1).replace("/", ".")
    has = lambda text: lambda printed: text in printed
    return [
        Task("all", [purlin, "check", "--json"], folder, has('{"diagnostics":[]}')),
        Task(
            "Nix, all",
            [*evaluate, "--strict", "default.nix"],
            folder,
            has(f'"1.{count - 1}"'),
        ),
        Task("Starlark alone", [str(BARE), "files"], folder, has(str(count))),
        Task("names", [purlin, "show", f"packages.{SYSTEM}", "--json"], folder, has(last)),
        Task("one", [purlin, "show", one, "--json"], folder, has(f'"1.{count - 1}"')),
        Task(
            "Nix, one",
            [*evaluate, "--strict", "--attr", attribute, "default.nix"],
            folder,
            has(f'"1.{count - 1}"'),
        ),
    ]


def tables(work: Path, env: dict[str, str]) -> str:
    """A table for each shape, and the budgets that they are held against."""
    env = env | {
        "NIX_STATE_DIR": str(work / "nix"),
        "NIX_STORE_DIR": str(work / "nix-store"),
    }
    sections = []
    measured: dict[tuple[str, int], list[Task]] = {}
    for shape, (sizes, write, name) in SHAPES.items():
        rows = []
        for count in sizes:
            folder = work / f"{shape.replace(' ', '-')}-{count}"
            folder.mkdir()
            write(folder, count)
            asked = tasks(folder, count, name)
            # In turns, so that a busy moment does not hit one program alone.
            for turn in range(RUNS + 1):
                for task in asked:
                    if turn and task.is_long:
                        continue
                    task.once(env)
                    if not turn and not task.is_long and not task.failed:
                        # The first run warms up the caches of the file system.
                        task.cpu.clear()
            measured[shape, count] = asked
            rows.append([f"{count:,}", *(task.cell() for task in asked)])
            shutil.rmtree(folder)
        head = [shape, *(task.name for task in asked)]
        sections.append(table(head, rows))
    return "\n\n".join(sections) + "\n\n" + budgets(measured)


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def budgets(measured: dict[tuple[str, int], list[Task]]) -> str:
    """What was promised, and what it came to."""

    def cpu(shape: str, count: int, name: str) -> float | None:
        task = next(task for task in measured[shape, count] if task.name == name)
        return statistics.median(task.cpu) * 1000 if task.cpu else None

    def memory(shape: str, count: int) -> float:
        return measured[shape, count][0].memory

    def ratio(one: float | None, other: float | None) -> str:
        return "not measured" if one is None or not other else f"{one / other:.2f} ×"

    rows = []
    for shape in ("one file", "a file each", "nested folders"):
        all_of_them = cpu(shape, 5_000, "all")
        rows += [
            [
                f"all of 5,000, {shape}: against Starlark alone",
                "≤ 2 ×",
                ratio(all_of_them, cpu(shape, 5_000, "Starlark alone")),
            ],
            [
                f"all of 5,000, {shape}: against Nix",
                "≤ 1 ×",
                ratio(all_of_them, cpu(shape, 5_000, "Nix, all")),
            ],
            [
                f"50,000 against 5,000, {shape}",
                "≤ 12 ×",
                ratio(cpu(shape, 50_000, "all"), all_of_them),
            ],
            [
                f"memory at 5,000, {shape}",
                "≤ 100 MiB",
                f"{memory(shape, 5_000):.0f} MiB",
            ],
        ]
    names, one = cpu("a file each", 5_000, "names"), cpu("a file each", 5_000, "one")
    rows += [
        [
            "names of 5,000 files",
            "≤ 20 ms",
            "not measured" if names is None else f"{names:.1f} ms",
        ],
        [
            "one of 5,000 files",
            "≤ 10 ms",
            "not measured" if one is None else f"{one:.1f} ms",
        ],
    ]
    return table(["budget", "promised", "measured"], rows)
