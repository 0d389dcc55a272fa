"""Importers, and extension points whose hosts are still to come: these can be written, typed and
declared. What they get and give may still become richer, never poorer.
"""

from __future__ import annotations

from . import _registry
from ._data import Data
from ._record import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeVar

    from ._context import Context

    ImporterFunction = TypeVar(
        "ImporterFunction", bound=Callable[[Any, Sequence["Imported"], Context], "Fragments"]
    )
    RepositoryClass = TypeVar("RepositoryClass", bound=type["Repository"])
    Fragments = Sequence["Fragment"]


class Imported(Config):
    """A file that an importer reads."""

    path: str
    text: str


class Fragment(Config):
    """A piece of definitions: `data` stands at `path`, whose first name is the section.

    `inject` is what definitions in it get for parameters of these names; a text such as
    `{packages.gcc}` stands for that definition.
    """

    path: list[str]
    data: Any
    system: str | None = None
    priority: int | None = None
    inject: Mapping[str, Any] | None = None


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


def repository(
    name: str, *, about: str | None = None, deprecated: str | None = None
) -> Callable[[RepositoryClass], RepositoryClass]:
    """Where packages come from: a class derived from `Repository`."""

    def register(kind: RepositoryClass) -> RepositoryClass:
        _registry.add("repository", name, kind, about, deprecated)
        return kind

    return register
