"""Importers. Read by those who use them: most plugins start without."""

from __future__ import annotations

import os

from . import _registry
from ._data import Data
from ._record import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeVar

    from ._context import Context

    ImporterFunction = TypeVar(
        "ImporterFunction",
        bound=Callable[[Any, Sequence["Imported"], Context], Sequence["Fragment"]],
    )


class Imported:
    """A file that an importer reads. `path` is from the workspace's root."""

    __slots__ = ("_root", "path")

    def __init__(self, path: str, root: str | None) -> None:
        self.path = path
        self._root = root or ""

    @property
    def text(self) -> str:
        """What is in it now, read each time; the manifest asks for `read = ["{workspace}"]`."""
        with open(os.path.join(self._root, self.path), encoding="utf-8") as file:
            return file.read()

    def __repr__(self) -> str:
        return f"Imported({self.path!r})"


class Fragment(Config):
    """A piece of definitions: `data` stands at `path`, whose first part is the section.

    `{"$file": PATH}` as `data` is a file of definitions. `inject` is what definitions get for
    parameters of these names; a text such as `{packages.gcc}` stands for that definition.
    """

    path: Sequence[str]
    data: Any
    system: str | None = None
    priority: int | None = None
    inject: Mapping[str, Any] = Data()


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


def message(fragment: Fragment) -> dict[str, Any]:
    """A fragment of the result of `importer/load`: what is not said is left out."""
    told: dict[str, Any] = {"path": list(fragment.path), "data": fragment.data}
    for name in ("system", "priority"):
        if getattr(fragment, name) is not None:
            told[name] = getattr(fragment, name)
    if fragment.inject:
        told["inject"] = fragment.inject
    return told
