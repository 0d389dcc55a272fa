"""Builders. Read by those who use them: most plugins start without."""

from __future__ import annotations

from . import _registry
from ._context import Context
from ._record import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeVar

    from ._context import Host
    from ._data import Data
    from ._message import PluginInfo

    BuilderFunction = TypeVar(
        "BuilderFunction", bound=Callable[[Any, Data, "BuildContext"], "BuildPlan"]
    )


class BuildContext(Context):
    """What a builder is told: what the package is called, and the system that it is built for."""

    def __init__(self, host: Host, plugin: PluginInfo, told: Mapping[str, Any]) -> None:
        super().__init__(host, plugin)
        self.name: str = told["name"]
        self.system: str = told["system"]


class BuildPlan(Config):
    """How a package is built: shell texts with `$src`, `$build`, `$out` and `$PURLIN_JOBS`.

    `env` is as it is, no shell reads it. `packages` are requests for what is needed to build it,
    such as `cmake-3.20+`, beside what the package names itself.
    """

    build: str | None = None
    install: str | None = None
    env: Mapping[str, str] | None = None
    packages: Sequence[str] = ()


def builder(
    name: str, *, about: str | None = None, deprecated: str | None = None
) -> Callable[[BuilderFunction], BuilderFunction]:
    """How packages are built: `function(options, package, context) -> BuildPlan`.

    `options` is the package's `builder` table, `package` all of its fields. It must be pure.
    """

    def register(function: BuilderFunction) -> BuilderFunction:
        _registry.add("builder", name, function, about, deprecated)
        return function

    return register


def message(plan: BuildPlan) -> dict[str, Any]:
    """The result of `builder/plan`: what is not said is left out."""
    said = {key: value for key, value in plan.__dict__.items() if value}
    if "env" in said:
        said["env"] = dict(said["env"])
    return said
