"""The plugin of the golden transcripts: what it does depends on the one that is played."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

from purlin import plugin

TRANSCRIPT = os.environ["TRANSCRIPT"]
PROVIDED = os.environ["PROVIDES"].split()


class Settings(plugin.Config):
    """The plugin's own settings."""

    greeting: str


settings = plugin.configuration(Settings)


class Tree(plugin.Config):
    """A folder."""

    path: str


class Dav(plugin.Config):
    """Where the cache is."""

    url: str


def known(prefix: str, context: plugin.Context) -> Iterable[str]:
    return ["six", "simplejson"]


class Localise(plugin.Config):
    """What is copied, and where to."""

    packages: tuple[str, ...] = plugin.positional("Packages", complete=known)
    target: str | None = plugin.option("Where to")


asked = count(1)


def tree(config: Tree, context: plugin.ExpandContext) -> plugin.Expansion:
    """Everything below a folder."""
    number = next(asked)
    if TRANSCRIPT == "cancel":
        while True:
            context.stop_if_cancelled()
    if TRANSCRIPT == "cancel_too_late":
        while not context.cancelled():
            pass
        return plugin.Expansion(globs=[f"{config.path}/**"])
    if TRANSCRIPT == "errors_of_plugins":
        failures = [
            plugin.InvalidConfig("there is no such folder", path="/path"),
            plugin.Transient("the server is busy"),
            plugin.Unsupported("unknown method"),
        ]
        if number > len(failures):
            raise ZeroDivisionError("division by zero")
        raise failures[number - 1]
    if number > 1:
        return plugin.Expansion()
    return plugin.Expansion(
        inputs=[f"{config.path}/list"],
        globs=[f"{config.path}/**", f"!{config.path}/**/*.tmp"],
        values=[1, {"a": None}],
        variables=["CC"],
        commands=[
            plugin.CommandReference(
                name="build", space=context.space, module="lib", args={"level": 2}, strict=True
            ),
            plugin.CommandReference(name="lint"),
        ],
        packages=["six>=1"],
    )


class Venv(plugin.Config):
    """A virtual environment."""

    requirements: str


def venv(config: Venv, context: plugin.EnvironmentContext) -> plugin.EnvironmentDescription:
    """A virtual environment."""
    if next(asked) > 1:
        return plugin.EnvironmentDescription()
    change = plugin.VariableChange
    expect(context.variables["VIRTUAL_ENV"], "/home/ada/venv")
    return plugin.EnvironmentDescription(
        expansion=plugin.Expansion(globs=[config.requirements], values=["3.12"]),
        changes=[
            change(operation="set", name="VIRTUAL_ENV", value="{root}/.venv"),
            change(operation="prepend", name="PATH", value="{root}/.venv/bin"),
            change(operation="append", name="MANPATH", value="/usr/share/man"),
            change(operation="unset", name="PYTHONHOME"),
        ],
        root=".venv",
        site_packages=".venv/lib/python3.12/site-packages",
        installed_when=[".venv/bin/python"],
        after=[plugin.CommandReference(name="venv.install", args={"into": ".venv"})],
    )


class Make(plugin.Config):
    """A package with a Makefile."""

    targets: list[str]
    with_: str


def make(options: Make, package: plugin.Data, context: plugin.BuildContext) -> plugin.BuildPlan:
    """Makes targets."""
    expect((context.name, context.system, package.version), ("zlib", "x86_64-linux", "1.3"))
    install = "make install PREFIX=$out"
    if next(asked) > 1:
        return plugin.BuildPlan(install=install)
    return plugin.BuildPlan(
        build="make -j$PURLIN_JOBS " + " ".join(options.targets),
        install=install,
        env={"CPPFLAGS": f"-I{options.with_}"},
        packages=["make-4+", "cc"],
    )


class Index(plugin.Repository[Dav]):
    """Has two packages."""

    def families(self, context: plugin.RepositoryContext) -> Sequence[str]:
        expect((self.name, self.config.url), ("studio", "https://packages.example.com"))
        expect(context.variables["PATH"], "/usr/bin")
        return ["six", "zlib"]

    def versions(
        self, names: Sequence[str], context: plugin.RepositoryContext
    ) -> Sequence[plugin.PackageVersion]:
        version = plugin.PackageVersion
        return [
            version(name=names[0], version="1.17", digest="d1.17", timestamp=1_700_000_000),
            version(name=names[0], version="1.16", digest="d1.16", ignored="withdrawn"),
        ]

    def packages(
        self, versions: Sequence[tuple[str, str]], context: plugin.RepositoryContext
    ) -> Sequence[Mapping[str, object]]:
        needs = ["python-2.7+"]
        return [{"name": name, "version": version, "requires": needs} for name, version in versions]

    def fetch(
        self, variant: plugin.PackageVariant, folder: str, context: plugin.RepositoryContext
    ) -> None:
        expect((variant.variant, folder), (0, "/exchange"))


class DavCache(plugin.Cache[Dav]):
    """Has every action, and brings none."""

    def contains(
        self, items: Sequence[plugin.CacheItem], context: plugin.Context
    ) -> Sequence[bool]:
        return [item.kind == "action" for item in items]

    def fetch(
        self, items: Sequence[plugin.CacheItem], folder: str, context: plugin.Context
    ) -> None:
        pass

    def put(self, items: Sequence[plugin.CacheItem], folder: str, context: plugin.Context) -> None:
        pass


def localise(args: Localise, context: plugin.SubcommandContext) -> int:
    """Copies packages."""
    return 3 if (args.packages, args.target) == (("six",), None) else 1


def localised(
    value: bool, request: plugin.Data, context: plugin.ArgumentContext
) -> Iterable[plugin.Edit]:
    """Uses local copies."""
    return [plugin.Edit("/commands/0", "lint")]


def speeds(prefix: str, context: plugin.Context) -> Iterable[str]:
    return ["fast"]


def failing(ask: Callable[[], object]) -> None:
    """The host says no."""
    try:
        ask()
    except plugin.PluginError:
        return
    raise AssertionError("the host has not refused it")


def wrongly(context: plugin.Context) -> None:
    # No author can send these.
    failing(lambda: context._host.request("host/teleport", {}))
    failing(lambda: context._host.request("host/memo", {}))


def exec_(context: plugin.Context) -> None:
    version = context.exec(["rsync", "--version"], cwd="sub", env={"A": "1"}, stdin="in")
    expect(version.stdout, "rsync 3\n")
    failing(lambda: context.exec(["rm"]))
    failing(lambda: context.exec([]))


def features(context: plugin.Context) -> None:
    expect([one.name for one in context.features()], ["glob"])


def memo(context: plugin.Context) -> None:
    expect(context.recall({"url": "x"}), None)
    context.remember({"url": "x"}, [1])
    expect(context.recall({"url": "x"}), (1,))


def output(context: plugin.Context) -> None:
    context.output("ready ✓\n")
    context.output(b"\xff\x00", "stderr")
    failing(lambda: context._host.request("host/output", {"stream": "stdout"}))


def scratch(context: plugin.Context) -> None:
    expect(context.scratch(), "/scratch/run-1")


def log(context: plugin.Context) -> None:
    context.debug("looking")
    context.log("found 3")
    context.warning("one is old")


def progress(context: plugin.Context) -> None:
    context.progress("copying", done=3, total=10)
    context.progress("waiting")


def expect(value: object, expected: object) -> None:
    if value != expected:
        raise AssertionError(value)


SERVICES: dict[str, Callable[[plugin.Context], None]] = {
    "errors_of_the_host": wrongly,
    "host_exec": exec_,
    "host_features": features,
    "host_memo": memo,
    "host_output": output,
    "host_scratch": scratch,
    "log": log,
    "progress": progress,
}


def finished(payload: plugin.Data, context: plugin.Context) -> None:
    expect(payload.failed, 0)
    if TRANSCRIPT in SERVICES:
        SERVICES[TRANSCRIPT](context)


if TRANSCRIPT == "initialize_refused":
    raise plugin.NotFound("no licence was found")
ALL: dict[str, Callable[[], object]] = {
    "environment/venv": lambda: plugin.environment("venv")(venv),
    "dependency/tree": lambda: plugin.dependency("tree")(tree),
    "builder/make": lambda: plugin.builder("make")(make),
    "cache/dav": lambda: plugin.cache("dav", hot="user")(DavCache),
    "repository/index": lambda: plugin.repository("index")(Index),
    "subcommand/localise": lambda: plugin.subcommand("localise")(localise),
    "argument/localised": lambda: plugin.argument(
        "localised", on=["run"], edits=["/commands"], stage="resolved", complete=speeds
    )(localised),
    "hook/run.finished": lambda: plugin.hook("run.finished")(finished),
}
for feature in PROVIDED:
    ALL[feature]()
