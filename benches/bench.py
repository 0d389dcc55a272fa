"""What every bench needs: programs that are measured, and surroundings that are nobody's own."""

import os
import platform
import re
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCHES = ROOT / "benches"
TOOLS = ROOT / ".tools" / "bench"
PURLIN = ROOT / "target" / "x86_64-unknown-linux-gnu" / "release" / "purlin"

WARM_UP = 3
BLOCKS = 8
RUNS_PER_BLOCK = 5


@dataclass
class Program:
    """One thing that is measured."""

    name: str
    argv: list[str]
    cwd: Path
    env: dict[str, str]
    status: int = 0
    milliseconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)

    def once(self) -> str:
        """Runs it and gives back what it printed; any failure ends the bench."""
        done = subprocess.run(
            self.argv,
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != self.status:
            raise SystemExit(f"{self.name} failed with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def block(self, runs: int, *, keep: bool) -> None:
        lines = subprocess.run(
            [TOOLS / "measure", str(runs), *self.argv],
            cwd=self.cwd,
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for nanoseconds, kilobytes, status in (map(int, line.split()) for line in lines):
            if status != self.status:
                raise SystemExit(f"{self.name} failed with {status}")
            if keep:
                self.milliseconds.append(nanoseconds / 1e6)
                self.megabytes.append(kilobytes / 1024)


def measure(programs: list[Program]) -> None:
    for program in programs:
        program.block(WARM_UP, keep=False)
    for _ in range(BLOCKS):
        for program in programs:
            program.block(RUNS_PER_BLOCK, keep=True)


def run(argv: list[object], cwd: Path | None = None) -> None:
    subprocess.run(list(map(str, argv)), cwd=cwd, stdin=subprocess.DEVNULL, check=True)


def build_measure() -> None:
    """Builds the program that runs the others."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    source = BENCHES / "measure.rs"
    program = TOOLS / "measure"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        run(["rustc", "--edition", "2024", "-O", "-o", program, source])


def surroundings(work: Path) -> dict[str, str]:
    """Process variables with a home of their own: nothing of the user's is read or changed."""
    home = work / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\nname = bench\nemail = bench@localhost\n")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(work),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "DO_NOT_TRACK": "1",
    }


def machine() -> str:
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return (
        f"{os.cpu_count()} × {model[1] if model else platform.machine()},"
        f" Linux {platform.release()}; medians of {BLOCKS * RUNS_PER_BLOCK} runs after"
        f" {WARM_UP} to warm up."
    )
