"""Repositories. Read by those who use them: most plugins start without."""

from __future__ import annotations

from . import _registry
from ._context import Context
from ._record import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Generic, TypeVar

    from ._context import Host
    from ._message import PluginInfo

    C = TypeVar("C")
    RepositoryClass = TypeVar("RepositoryClass", bound=type["Repository[Any]"])
else:
    from ._cache import Generic

    C = None


class RepositoryContext(Context):
    """What a repository is told with each question.

    `variables` has the user's process variables that `permissions.environment` grants.
    """

    def __init__(self, host: Host, plugin: PluginInfo, told: Mapping[str, Any]) -> None:
        super().__init__(host, plugin)
        self.name: str = told["name"]
        self.root: str | None = told["root"]
        self.variables: Mapping[str, str] = dict(told["variables"])


class PackageVersion(Config):
    """A version that a repository has. `timestamp` is in seconds since 1970.

    `digest` tells its content from any other; `ignored` is why nobody is to get it.
    """

    name: str
    version: str
    digest: str
    timestamp: int | None = None
    ignored: str | None = None


class PackageVariant(Config):
    """One variant of a version; `variant` counts from 0, and is `None` where there are none."""

    name: str
    version: str
    variant: int | None = None


class Repository(Generic[C]):
    """Where packages come from. `name` and `config` are there when anything is called.

    Calls may run at the same time.
    """

    name: str
    config: C

    def __init__(self, name: str, config: C) -> None:
        self.name = name
        self.config = config

    def families(self, context: RepositoryContext) -> Sequence[str]:
        """The names of its packages."""
        raise NotImplementedError

    def versions(
        self, names: Sequence[str], context: RepositoryContext
    ) -> Sequence[PackageVersion]:
        """All versions of these packages. A name that it does not have has none."""
        raise NotImplementedError

    def packages(
        self, versions: Sequence[tuple[str, str]], context: RepositoryContext
    ) -> Sequence[Mapping[str, Any]]:
        """What these versions say of themselves, one for each: the fields of a package.

        One that it does not have is `plugin.NotFound`.
        """
        raise NotImplementedError

    def fetch(self, variant: PackageVariant, folder: str, context: RepositoryContext) -> None:
        """Writes the files of a variant into the empty `folder`."""
        from ._error import Unsupported

        raise Unsupported("its packages are used where they are")


def repository(
    name: str, *, about: str | None = None, deprecated: str | None = None
) -> Callable[[RepositoryClass], RepositoryClass]:
    """Where packages come from: a class derived from `Repository`."""

    def register(kind: RepositoryClass) -> RepositoryClass:
        _registry.add("repository", name, kind, about, deprecated)
        return kind

    return register


def message(version: PackageVersion) -> dict[str, Any]:
    """A version as it stands in messages: what is not said is left out."""
    return {key: value for key, value in version.__dict__.items() if value is not None}
