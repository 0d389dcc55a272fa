"""A plugin that provides something at every point that has a host."""

from __future__ import annotations

import os
import sys
import time

from purlin import plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Literal


class Settings(plugin.Config):
    """The plugin's own settings."""

    region: str = plugin.field("Where.", default="north")


settings = plugin.configuration(Settings)


class Limit(plugin.Config):
    """A limit."""

    kind: Literal["soft", "hard"]
    max_size: int = 10


class TreeConfig(plugin.Config):
    """A folder."""

    path: str = plugin.field("The folder.", min_length=1)
    ignore: tuple[str, ...] = plugin.field("Names to leave out.", default=())
    limits: tuple[Limit, ...] = ()
    by_name: Mapping[str, Limit] = plugin.field("Limits by name.", default=plugin.Data())
    owner: str | None = None


@plugin.dependency("tree", key="path")
def tree(config: TreeConfig, context: plugin.ExpandContext) -> plugin.Expansion:
    """Everything below a folder.

    Also what is deep.
    """
    if config.path == "missing":
        raise plugin.InvalidConfig("there is no such folder", path="/path")
    if config.path == "bug":
        raise ZeroDivisionError("a mistake")
    left_out = [f"!{config.path}/**/{name}" for name in config.ignore]
    values: list[Any] = [limit.max_size for limit in config.limits]
    values += sorted(f"{name}={limit.max_size}" for name, limit in config.by_name.items())
    return plugin.Expansion(
        globs=[f"{config.path}/**", *left_out],
        values=[*values, settings().region, context.context],
        commands=[plugin.CommandReference(name="generate", args={"a": 1})],
    )


@plugin.dependency("noisy")
def noisy(config: plugin.Data, context: plugin.ExpandContext) -> plugin.Expansion:
    print("a stray print")
    os.write(1, b"a stray write\n")
    os.system("echo a stray child")
    sys.stdin.read()
    return plugin.Expansion(values=[config.get("what")])


@plugin.dependency("wrong")
def wrong(config: Mapping[str, Any], context: plugin.ExpandContext) -> plugin.Expansion:
    answers: dict[str, Any] = {
        "dict": {"globs": []},
        "nan": plugin.Expansion(values=[float("nan")]),
        "object": plugin.Expansion(values=[object()]),
        "surrogate": plugin.Expansion(globs=["\udc80"]),
        "large": plugin.Expansion(values=["x" * (64 << 20)]),
    }
    if config["what"] == "exit":
        sys.exit(3)
    return answers[config["what"]]  # type: ignore[no-any-return]


@plugin.dependency("slow")
def slow(config: plugin.Data, context: plugin.ExpandContext) -> plugin.Expansion:
    for _ in range(2000):
        time.sleep(0.005)
        if config.get("ignores"):
            continue
        context.stop_if_cancelled()
    return plugin.Expansion()


class PlaceConfig(plugin.Config):
    """A folder with programs."""

    path: str


@plugin.environment("place")
def place(config: PlaceConfig, context: plugin.EnvironmentContext) -> plugin.EnvironmentDescription:
    """Programs of a folder"""
    if config.path == "nothing":
        return plugin.EnvironmentDescription()
    change = plugin.VariableChange
    return plugin.EnvironmentDescription(
        expansion=plugin.Expansion(values=[context.name, context.space, dict(context.variables)]),
        changes=[
            change(operation="prepend", name="PATH", value=f"{{root}}/{config.path}"),
            change(operation="unset", name="PYTHONHOME"),
        ],
        root=config.path,
        installed_when=[config.path],
        after=[plugin.CommandReference(name="make", args={"path": config.path})],
    )


class Versions(plugin.Config):
    """What is known without an environment."""

    python: str = "3.12"


@plugin.dependency("distribution", in_environment=True, section=("versions", Versions))
def distribution(config: plugin.Data, context: plugin.ExpandContext) -> plugin.Expansion:
    return plugin.Expansion(values=[context.site_packages, context.section, context.fence.open])


class StoreConfig(plugin.Config):
    """A folder that is a cache."""

    url: str


@plugin.cache("store", hot="workspace")
class Store(plugin.Cache[StoreConfig]):
    """Keeps things in a folder."""

    def open(self, context: plugin.Context) -> None:
        if not os.path.isdir(self.config.url):
            raise plugin.NotFound("the folder is gone", path="/url")

    def _place(self, item: plugin.CacheItem) -> str:
        return os.path.join(self.config.url, item.file_name)

    def contains(
        self, items: Sequence[plugin.CacheItem], context: plugin.Context
    ) -> Sequence[bool]:
        if self.name == "liar":
            return []
        return [os.path.exists(self._place(item)) for item in items]

    def fetch(
        self, items: Sequence[plugin.CacheItem], folder: str, context: plugin.Context
    ) -> None:
        for item in items:
            if os.path.exists(self._place(item)):
                os.link(self._place(item), f"{folder}/{item.file_name}")

    def put(self, items: Sequence[plugin.CacheItem], folder: str, context: plugin.Context) -> None:
        for item in items:
            os.link(f"{folder}/{item.file_name}", self._place(item))


def people(prefix: str, context: plugin.Context) -> Iterable[str]:
    return [name for name in ("ada", "alan", "grace") if name.startswith(prefix)]


class HelloArgs(plugin.Config):
    names: tuple[str, ...] = plugin.positional("Who to greet.", complete=people)
    shout: bool = plugin.option("Loudly.")
    language: Literal["en", "de"] = plugin.option("In which language.", default="en")
    into: str | None = plugin.option("A file to write.", type="path")
    times: int = plugin.option("How often.", default=1)


@plugin.subcommand("hello")
def hello(args: HelloArgs, context: plugin.SubcommandContext) -> int:
    """Greets people."""
    word = {"en": "hello", "de": "hallo"}[args.language]
    text = f"{word} {' '.join(args.names)}"
    context.output((text.upper() if args.shout else text) + "\n")
    if context.json:
        return -15
    return args.times if args.into is None else 255


@plugin.subcommand("services")
def services(args: plugin.Data, context: plugin.SubcommandContext) -> None:
    """Uses every service of the host."""
    context.debug("d")
    context.log("i")
    context.warning("w")
    context.progress("half", done=1, total=2)
    context.output(b"\x00\xff", "stderr")
    result = context.exec(["git", "status"], cwd="/tmp", env={"A": "b"}, stdin="in")
    if (result.status, result.stdout) != (0, "clean"):
        raise plugin.PluginError(f"unexpected {result}")
    try:
        context.exec(["rm"])
    except plugin.Refused as error:
        context.log(f"refused: {error}")
    folder = context.scratch()
    names = [feature.name for feature in context.features()]
    before = context.recall({"k": 1})
    context.remember({"k": 1}, [folder, names, before, context.directory])


@plugin.argument("changed", on=["run"], edits=["/names"], stage="resolved", complete=people)
def changed(
    value: bool, request: plugin.Data, context: plugin.ArgumentContext
) -> Iterable[plugin.Edit]:
    """Only what was changed."""
    if value and context.stage == "resolved":
        yield plugin.Edit("/names", [name for name in request.names if name != request.skip_this])


@plugin.hook("run.finished")
def finished(payload: plugin.Data, context: plugin.Context) -> None:
    context.log(f"{payload.exit_code} in {context.plugin.name} {context.plugin.version}")
