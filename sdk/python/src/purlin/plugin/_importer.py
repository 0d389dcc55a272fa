"""Importers. Read by those who use them: most plugins start without."""

from __future__ import annotations

from . import _registry
from ._record import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeVar

    from ._context import Context

    ImporterFunction = TypeVar(
        "ImporterFunction", bound=Callable[[Any, Sequence["Imported"], Context], "Fragments"]
    )
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
