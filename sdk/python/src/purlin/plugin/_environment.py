"""Environment types. Read by those who use them: most plugins start without."""

from __future__ import annotations

from . import _registry
from ._context import Context
from ._data import Data
from ._message import CommandReference, Expansion
from ._record import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Literal, TypeVar

    from ._context import Host
    from ._message import PluginInfo

    EnvironmentFunction = TypeVar(
        "EnvironmentFunction", bound=Callable[[Any, "EnvironmentContext"], "EnvironmentDescription"]
    )


class EnvironmentContext(Context):
    """What `environment` is told.

    `name` tells the environment from others of the workspace: the space that it is of, or the
    command, or `default`. `variables` has the user's process variables that
    `permissions.environment` grants.
    """

    def __init__(self, host: Host, plugin: PluginInfo, name: str, told: Mapping[str, Any]) -> None:
        super().__init__(host, plugin)
        self.name = name
        self.root: str = told["root"]
        self.space: str | None = told.get("space")
        self.context: Data = Data(told.get("context"))
        self.variables: Mapping[str, str] = Data(told.get("variables"))


class VariableChange(Config):
    """One change of a process variable. In a value `{root}` is the workspace's root.

    `prepend` and `append` are for lists, which are separated by `:`.
    """

    operation: Literal["set", "unset", "prepend", "append"]
    name: str
    value: str | None = None


class EnvironmentDescription(Config):
    """What commands run in. Paths are relative to the workspace's root, or absolute.

    The commands in `after` run before anything runs in the environment; while a path in
    `installed_when` is missing, they run whatever is kept of them. `expansion` is what results
    depend on, looked at after that. `site_packages` is where its Python distributions are.
    """

    expansion: Expansion = Expansion()
    changes: Sequence[VariableChange] = ()
    root: str | None = None
    site_packages: str | None = None
    installed_when: Sequence[str] = ()
    after: Sequence[CommandReference] = ()


def environment(
    name: str, *, about: str | None = None, deprecated: str | None = None
) -> Callable[[EnvironmentFunction], EnvironmentFunction]:
    """An environment type: `function(config, context) -> EnvironmentDescription`."""

    def register(function: EnvironmentFunction) -> EnvironmentFunction:
        _registry.add("environment", name, function, about, deprecated)
        return function

    return register


def message(described: EnvironmentDescription) -> dict[str, Any]:
    """The result of `environment/describe`: what is not said is left out."""
    said = dict(described.__dict__)
    said["expansion"] = {key: value for key, value in described.expansion.__dict__.items() if value}
    said["changes"] = [
        {key: value for key, value in one.__dict__.items() if value is not None}
        for one in described.changes
    ]
    return {key: value for key, value in said.items() if value}
