"""Everything that the author of a plugin needs.

    from purlin import plugin

    @plugin.dependency("tree", key="path")
    def tree(config: TreeConfig, context: plugin.ExpandContext) -> plugin.Expansion:
        "Everything below a folder"
        return plugin.Expansion(globs=[f"{config.path}/**"])

`python -m purlin.plugin manifest MODULE` derives the manifest and the schemas.
"""

from __future__ import annotations

from ._cache import Cache
from ._context import ArgumentContext, Context, ExpandContext, SubcommandContext
from ._data import Data
from ._error import (
    Cancelled,
    InvalidConfig,
    NotFound,
    PluginError,
    Refused,
    Transient,
    Unsupported,
)
from ._message import (
    CacheItem,
    CommandReference,
    Edit,
    ExecResult,
    Expansion,
    FeatureSummary,
    PluginInfo,
)
from ._points import argument, cache, configuration, dependency, hook, subcommand
from ._record import Config, field, option, positional

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._builder import BuildContext, BuildPlan, builder
    from ._environment import (
        EnvironmentContext,
        EnvironmentDescription,
        VariableChange,
        environment,
    )
    from ._importer import Fragment, Imported, importer
    from ._repository import (
        PackageVariant,
        PackageVersion,
        Repository,
        RepositoryContext,
        repository,
    )
else:

    def __getattr__(name):
        """What few plugins use is read by those that do."""
        if name not in __all__:
            raise AttributeError(f"purlin.plugin has no `{name}`")
        from purlin.plugin import _builder, _environment, _importer, _repository

        modules = (_builder, _environment, _importer, _repository)
        return getattr(next(one for one in modules if name in vars(one)), name)


def serve() -> None:
    """Speaks the protocol until the host closes stdin. Does not return.

    For plugins that are started by an argument list: the last line of the program. Those with
    `entry = { module = "…" }` are served by the host's launcher.
    """
    from purlin._process.server import serve

    serve(None)


__all__ = [
    "ArgumentContext",
    "BuildContext",
    "BuildPlan",
    "Cache",
    "CacheItem",
    "Cancelled",
    "CommandReference",
    "Config",
    "Context",
    "Data",
    "Edit",
    "EnvironmentContext",
    "EnvironmentDescription",
    "ExecResult",
    "ExpandContext",
    "Expansion",
    "FeatureSummary",
    "Fragment",
    "Imported",
    "InvalidConfig",
    "NotFound",
    "PackageVariant",
    "PackageVersion",
    "PluginError",
    "PluginInfo",
    "Refused",
    "Repository",
    "RepositoryContext",
    "SubcommandContext",
    "Transient",
    "Unsupported",
    "VariableChange",
    "argument",
    "builder",
    "cache",
    "configuration",
    "dependency",
    "environment",
    "field",
    "hook",
    "importer",
    "option",
    "positional",
    "repository",
    "serve",
    "subcommand",
]
