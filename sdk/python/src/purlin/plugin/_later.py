"""Extension points whose hosts are still to come: they can be written, typed and declared.

Nothing calls them yet. What they get and give may still become richer, never poorer.
"""

from __future__ import annotations

from . import _registry
from ._context import ExpandContext
from ._data import Data
from ._message import Expansion
from ._record import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Literal, TypeVar

    from ._context import Context, Host
    from ._message import PluginInfo

    EnvironmentFunction = TypeVar(
        "EnvironmentFunction", bound=Callable[[Any, "EnvironmentContext"], "EnvironmentDescription"]
    )
    ImporterFunction = TypeVar(
        "ImporterFunction", bound=Callable[[Any, Sequence["Imported"], Context], "Fragments"]
    )
    BuilderFunction = TypeVar("BuilderFunction", bound=Callable[[Data, Context], Mapping[str, Any]])
    RepositoryClass = TypeVar("RepositoryClass", bound=type["Repository"])
    Fragments = Sequence["Fragment"]


class EnvironmentContext(ExpandContext):
    """What `environment` is told: its name in the workspace, and what a dependency is told."""

    def __init__(self, host: Host, plugin: PluginInfo, name: str, told: Mapping[str, Any]) -> None:
        super().__init__(host, plugin, told)
        self.name = name


class VariableChange(Config):
    """One change of a process variable."""

    operation: Literal["set", "unset", "prepend", "append"]
    name: str
    value: str | None = None


class EnvironmentDescription(Config):
    """What commands run in.

    `expansion` is evaluated after the commands in `after` have run; the environment is there when
    all paths in `installed_when` are.
    """

    expansion: Expansion = Expansion()
    changes: Sequence[VariableChange] = ()
    root: str | None = None
    site_packages: str | None = None
    installed_when: Sequence[str] = ()
    after: Sequence[str] = ()


class Imported(Config):
    """A file that an importer reads."""

    path: str
    text: str


class Fragment(Config):
    """A piece of definitions: `data` stands at `path`."""

    path: str
    data: Any
    system: str | None = None
    priority: int | None = None


class PackageVersion(Config):
    """A version that a repository has. `timestamp` is in seconds since 1970."""

    name: str
    version: str
    digest: str
    timestamp: int | None = None
    ignored: str | None = None


class Repository:
    """Where packages come from."""

    def families(self, context: Context) -> Sequence[str]:
        """The names of its packages."""
        raise NotImplementedError

    def versions(self, names: Sequence[str], context: Context) -> Sequence[PackageVersion]:
        """The versions of these packages."""
        raise NotImplementedError

    def packages(
        self, versions: Sequence[tuple[str, str]], context: Context
    ) -> Sequence[Mapping[str, Any]]:
        """The definitions of these versions."""
        raise NotImplementedError

    def fetch(self, variant: Data, folder: str, context: Context) -> None:
        """Writes the files of a variant into `folder`."""
        raise NotImplementedError


def environment(
    name: str, *, about: str | None = None, deprecated: str | None = None
) -> Callable[[EnvironmentFunction], EnvironmentFunction]:
    """An environment type: `function(config, context) -> EnvironmentDescription`."""

    def register(function: EnvironmentFunction) -> EnvironmentFunction:
        _registry.add("environment", name, function, about, deprecated)
        return function

    return register


def importer(
    name: str,
    *,
    inputs: Sequence[str],
    into: str,
    about: str | None = None,
    deprecated: str | None = None,
) -> Callable[[ImporterFunction], ImporterFunction]:
    """Files that become definitions: `function(options, sources, context) -> fragments`."""

    def register(function: ImporterFunction) -> ImporterFunction:
        _registry.add("importer", name, function, about, deprecated, inputs=inputs, into=into)
        return function

    return register


def builder(
    name: str, *, about: str | None = None, deprecated: str | None = None
) -> Callable[[BuilderFunction], BuilderFunction]:
    """How a package is built: `function(leaf, context) -> action`."""

    def register(function: BuilderFunction) -> BuilderFunction:
        _registry.add("builder", name, function, about, deprecated)
        return function

    return register


def repository(
    name: str, *, about: str | None = None, deprecated: str | None = None
) -> Callable[[RepositoryClass], RepositoryClass]:
    """Where packages come from: a class derived from `Repository`."""

    def register(kind: RepositoryClass) -> RepositoryClass:
        _registry.add("repository", name, kind, about, deprecated)
        return kind

    return register
