"""Start-up with many plugins: in milliseconds, and in instructions, which repeat exactly."""

import re
import shutil
import subprocess
from pathlib import Path

from bench import PURLIN, Program, measure

PLUGINS = [0, 10, 100, 1000]

# What 1,000 plugins may add to start-up, in instructions. A millisecond is about three million of
# them here, so both are far below it; what a thread does while it waits is in the second. `--version`
# has no reason to look at a plugin at all. The others do: help lists them, and before a word is
# called unknown, the stamps of all are looked at.
FLAT_BOUNDS = {
    "purlin --version": 10_000,
    "purlin run --ls": 100_000,
    "purlin run --help": 25_000_000,
    "purlin --help": 20_000_000,
    "an unknown word": 10_000_000,
}

MEASURED = [
    ("purlin --version", ["--version"], 0),
    ("purlin run --ls", ["run", "--ls"], 0),
    ("purlin run --help", ["run", "--help"], 0),
    ("purlin --help", ["--help"], 0),
    ("an unknown word", ["localise"], 2),
]

MANIFEST = """\
[plugin]
name        = "team-{id}"
version     = "1.{number}.0"
api         = "1"
description = "Localise packages onto the disks of team {id}"
license     = "MIT"

[runtime]
kind  = "process"
entry = ["bin/team-{id}"]

[requires]
purlin = ">=0.1, <2"

[provides.subcommand.localise-{id}]
about = "Copy packages and what they need to a local disk"
args  = [
  {{ name = "packages", kind = "positional", type = "package", many = true, about = "Packages to copy" }},
  {{ name = "target", kind = "option", type = "path", about = "Where to copy to" }},
]

[[provides.argument]]
on    = ["run"]
name  = "localised-{id}"
type  = "bool"
stage = "parsed"
about = "Use local copies where there are any"
edits = ["/names"]

[provides.dependency.package-tree-{id}]
about  = "A package with all that it needs"
schema = "schema.json"
key    = "package"

[provides.cache.mirror-{id}]
about  = "A cache that mirrors another one onto a local disk"
schema = "schema.json"
hot    = "user"

[permissions]
run   = ["rsync"]
write = ["{{cache}}/team-{id}"]
"""

SCHEMA = """\
{
  "type": "object",
  "properties": {
    "package": { "type": "string", "minLength": 1, "description": "A request" },
    "depth": { "type": "integer", "minimum": 0, "default": 3 }
  },
  "additionalProperties": false
}
"""

SMALL_WORKSPACE = """\
[workspace]
name = "small"

[commands.hello]
exec = "cat input.txt"
deps = ["input.txt"]
"""


def programs(work: Path, env: dict[str, str]) -> dict[str, dict[int, Program]]:
    """The programs of the start-up bench, by name and number of plugins."""
    workspace = work / "small"
    workspace.mkdir()
    (workspace / "purlin.toml").write_text(SMALL_WORKSPACE)
    (workspace / "input.txt").write_text("hello\n")
    found: dict[str, dict[int, Program]] = {name: {} for name, _, _ in MEASURED}
    for count in PLUGINS:
        # As long as each other, so that their length does not show in a count of instructions.
        folder = work / f"plugins-{count:04}"
        for number in range(count):
            plugin = folder / f"team-{number:04}"
            plugin.mkdir(parents=True)
            manifest = MANIFEST.format(id=f"{number:04}", number=number)
            (plugin / "plugin.toml").write_text(manifest)
            (plugin / "schema.json").write_text(SCHEMA)
        folder.mkdir(exist_ok=True)
        # A cache of its own for each, so that none finds the index of another.
        own = env | {"PURLIN_PLUGIN_PATH": str(folder), "XDG_CACHE_HOME": f"{folder}.cache"}
        for name, arguments, status in MEASURED:
            argv = [str(PURLIN), *arguments]
            found[name][count] = Program(name, argv, workspace, own, status)
    listing = Program("plugin list", [str(PURLIN), "plugin", "list"], workspace, own).once()
    if listing.count("team-") < max(PLUGINS):
        raise SystemExit(f"the generated plugins are not all listed:\n{listing[:2000]}")
    # The file index trusts a stamp only once it is older than the index itself.
    for by_count in found.values():
        for program in by_count.values():
            program.once()
            program.once()
    return found


def table(programs: dict[str, dict[int, Program]]) -> str:
    measure([program for by_count in programs.values() for program in by_count.values()])
    head = "| median, ms | " + " | ".join(f"{count:,} plugins" for count in PLUGINS)
    lines = [head + " | difference | peak, MB |", "|---|" + "---:|" * (len(PLUGINS) + 2)]
    for name, by_count in programs.items():
        medians = " | ".join(f"{by_count[count].median:.2f}" for count in PLUGINS)
        difference = by_count[PLUGINS[-1]].median - by_count[0].median
        peak = max(max(program.megabytes) for program in by_count.values())
        lines.append(f"| `{name}` | {medians} | {difference:+.2f} | {peak:.1f} |")
    return "\n".join(lines)


def instructions(program: Program) -> int:
    """Instructions that callgrind counts, in all threads."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *program.argv],
        cwd=program.cwd,
        env=program.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
    if done.returncode != program.status or not found:
        raise SystemExit(f"callgrind on {program.name} failed:\n{done.stdout}{done.stderr}")
    return int(found[1])


def flat_table(programs: dict[str, dict[int, Program]]) -> tuple[str, list[str]]:
    """The table, and what is not flat. The least of three counts: threads may wait in a loop."""
    if not shutil.which("valgrind"):
        raise SystemExit("valgrind is needed for the gate: apt-get install valgrind")
    most = PLUGINS[-1]
    lines = [
        f"| instructions | no plugins | {most:,} plugins | difference | bound |",
        "|---|---:|---:|---:|---:|",
    ]
    failures = []
    for name, bound in FLAT_BOUNDS.items():
        by_count = programs[name]
        none, many = (min(instructions(by_count[count]) for _ in range(3)) for count in (0, most))
        lines.append(f"| `{name}` | {none:,} | {many:,} | {many - none:+,} | {bound:,} |")
        if many - none > bound:
            failures.append(
                f"{name}: {most:,} plugins add {many - none:,} instructions, {bound:,} are allowed"
            )
    return "\n".join(lines), failures
