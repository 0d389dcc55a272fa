"""The decorators: one for each extension point that a process may provide and that has a host.

A decorated function or class stays what it was, so that tests can call it.
"""

from __future__ import annotations

from . import _registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Generic, Literal, TypeVar

    from ._cache import Cache
    from ._context import ArgumentContext, Context, ExpandContext, SubcommandContext
    from ._data import Data
    from ._message import Edit, Expansion
    from ._record import Completion, Config, ValueType

    DependencyFunction = TypeVar(
        "DependencyFunction", bound=Callable[[Any, ExpandContext], Expansion]
    )
    CacheClass = TypeVar("CacheClass", bound=type[Cache[Any]])
    SubcommandFunction = TypeVar(
        "SubcommandFunction", bound=Callable[[Any, SubcommandContext], int | None]
    )
    ArgumentFunction = TypeVar(
        "ArgumentFunction", bound=Callable[[Any, Data, ArgumentContext], Iterable[Edit]]
    )
    HookFunction = TypeVar("HookFunction", bound=Callable[[Data, Context], None])
    C = TypeVar("C", bound=Config)

    class Settings(Generic[C]):
        """The plugin's own configuration, once the process was told it."""

        def __init__(self, kind: type[C]) -> None: ...

        def __call__(self) -> C: ...

    Event = Literal[
        "definitions.loaded",
        "env.resolved",
        "env.activated",
        "command.finished",
        "run.finished",
        "build.finished",
        "resource.planned",
        "resource.applied",
        "resource.destroyed",
        "machine.reachable",
        "deployment.finished",
        "plugin.installed",
    ]
else:

    class Settings:
        """The plugin's own configuration, once the process was told it."""

        def __init__(self, kind):
            self.kind = kind
            self.value = None

        def __call__(self):
            if self.value is None:
                raise RuntimeError("the plugin's configuration is known inside calls only")
            return self.value


def configuration(kind: type[C]) -> Settings[C]:
    """Declares the workspace's `[plugins.NAME.config]`; calling the result gives its value.

    In the module: `settings = plugin.configuration(MyConfig)`; in calls: `settings().endpoint`.
    """
    if _registry.configurations:
        raise ValueError("a plugin has one configuration")
    settings = Settings(kind)
    _registry.configurations.append(settings)
    return settings


def dependency(
    name: str,
    *,
    key: str | None = None,
    default: bool = False,
    in_environment: bool = False,
    section: tuple[str, type[Config]] | None = None,
    about: str | None = None,
    deprecated: str | None = None,
) -> Callable[[DependencyFunction], DependencyFunction]:
    """A dependency type: `function(config, context) -> Expansion`.

    `key` is the field that `NAME:text` in `deps` fills. A type `in_environment` is asked once the
    environment of the command is installed, and told of it. `section` names a top-level table of
    `purlin.toml` that it is told, and the class that it becomes in the schema.
    """

    def register(function: DependencyFunction) -> DependencyFunction:
        details: dict[str, Any] = {"key": key, "default": default or None}
        details["in-environment"] = in_environment or None
        details["section"] = section
        _registry.add("dependency", name, function, about, deprecated, **details)
        return function

    return register


def cache(
    name: str,
    *,
    hot: Literal["user", "workspace", "none"] = "user",
    default: bool = False,
    about: str | None = None,
    deprecated: str | None = None,
) -> Callable[[CacheClass], CacheClass]:
    """A cache: a class derived from `Cache`. `hot` is the local copy that the host keeps."""

    def register(kind: CacheClass) -> CacheClass:
        details = {"hot": hot, "default": default or None}
        _registry.add("cache", name, kind, about, deprecated, **details)
        return kind

    return register


def subcommand(
    name: str, *, about: str | None = None, deprecated: str | None = None
) -> Callable[[SubcommandFunction], SubcommandFunction]:
    """A verb: `function(args, context) -> status`; `None` is 0, and -15 a death by signal 15.

    The type of `args` is a `Config` class whose fields are `positional` or `option`.
    """

    def register(function: SubcommandFunction) -> SubcommandFunction:
        _registry.add("subcommand", name, function, about, deprecated)
        return function

    return register


def argument(
    name: str,
    *,
    on: Sequence[str],
    edits: Sequence[str],
    stage: Literal["parsed", "resolved"] = "parsed",
    type: ValueType | None = None,
    complete: Completion | None = None,
    about: str | None = None,
    deprecated: str | None = None,
) -> Callable[[ArgumentFunction], ArgumentFunction]:
    """A flag on verbs: `function(value, request, context) -> edits`.

    The annotation of `value` says what the flag takes: `bool` (nothing), `str`, `int`, or a
    `Literal` to choose from. `edits` are JSON Pointers that it may change.
    """

    def register(function: ArgumentFunction) -> ArgumentFunction:
        details = {"on": on, "stage": stage, "edits": edits, "type": type, "complete": complete}
        _registry.add("argument", name, function, about, deprecated, **details)
        return function

    return register


def hook(event: Event, *, about: str | None = None) -> Callable[[HookFunction], HookFunction]:
    """Is told of an event: `function(payload, context)`. It cannot change the outcome."""

    def register(function: HookFunction) -> HookFunction:
        _registry.add("hook", event, function, about)
        return function

    return register
