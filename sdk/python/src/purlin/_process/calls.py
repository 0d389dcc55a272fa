"""One function for each method that the host may call."""

from __future__ import annotations

import os

from purlin.plugin import _registry
from purlin.plugin._context import ArgumentContext, Context, ExpandContext, SubcommandContext
from purlin.plugin._data import freeze
from purlin.plugin._error import NotFound, PluginError
from purlin.plugin._message import CacheItem, Edit, Expansion
from purlin.plugin._record import (
    MISSING,
    Config,
    Field,
    build,
    fields_of,
    is_record,
    key_of,
    parameter_type,
)

from .channel import INVALID_PARAMS, RpcError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from purlin.plugin._cache import Cache
    from purlin.plugin._message import PluginInfo
    from purlin.plugin._record import Completion

    from .channel import Call
    from .server import Params

    Perform = Callable[["Plugin", Call, Params], dict[str, Any]]


class Plugin:
    """What calls share."""

    def __init__(self, info: PluginInfo) -> None:
        self.info = info
        self.caches: dict[str, Cache[Any]] = {}
        self.repositories: dict[tuple[str, str, str], Any] = {}
        self._types: dict[tuple[str, str], Any] = {}

    def feature(self, point: str, params: Params) -> _registry.Feature:
        name = params["name"]
        feature = _registry.features.get((point, name))
        if feature is None:
            raise RpcError(INVALID_PARAMS, f"there is no {point} `{name}`")
        return feature

    def config_type(self, feature: _registry.Feature) -> Any:
        """The class that a feature's configuration or arguments become; `None` for a mapping."""
        key = (feature.point, feature.name)
        if key not in self._types:
            code = feature.code
            kind = _registry.config_type(code) if isinstance(code, type) else parameter_type(code)
            self._types[key] = kind if is_record(kind) else None
        return self._types[key]

    def configured(self, feature: _registry.Feature, config: Any) -> Any:
        kind = self.config_type(feature)
        return freeze(config) if kind is None else build(kind, config or {})


def _expand(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    feature = plugin.feature("dependency", params)
    config = plugin.configured(feature, params["config"])
    found = feature.code(config, ExpandContext(call, plugin.info, params["context"]))
    if not isinstance(found, Expansion):
        raise _wrong(feature, found, "a plugin.Expansion")
    return {name: value for name, value in found.__dict__.items() if value}


def _load(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    from purlin.plugin._importer import Fragment, Imported

    feature = plugin.feature("importer", params)
    options = plugin.configured(feature, params["options"])
    sources = []
    for path in params["sources"]:
        try:
            with open(os.path.join(plugin.info.root or "", path), encoding="utf-8") as file:
                sources.append(Imported(path=path, text=file.read()))
        except (OSError, UnicodeDecodeError) as error:
            raise NotFound(f"`{path}` cannot be read: {error}") from error
    made = list(feature.code(options, tuple(sources), Context(call, plugin.info)))
    fragments = []
    for one in made:
        if not isinstance(one, Fragment):
            raise _wrong(feature, one, "plugin.Fragments")
        names: Any = one.path
        if isinstance(names, str):
            raise _wrong(feature, names, "a list of names as path")
        fields = {key: value for key, value in one.__dict__.items() if value is not None}
        fragments.append({**fields, "path": list(one.path)})
    return {"fragments": fragments}


def _plan(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    from purlin.plugin._builder import BuildContext, BuildPlan, message

    feature = plugin.feature("builder", params)
    leaf = params["leaf"]
    options = plugin.configured(feature, leaf.get("builder"))
    context = BuildContext(call, plugin.info, params["context"])
    plan = feature.code(options, freeze(leaf), context)
    if not isinstance(plan, BuildPlan):
        raise _wrong(feature, plan, "a plugin.BuildPlan")
    return message(plan)


def _describe(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    from purlin.plugin._environment import EnvironmentContext, EnvironmentDescription, message

    feature = _registry.features.get(("environment", params["feature"]))
    if feature is None:
        raise RpcError(INVALID_PARAMS, f"there is no environment `{params['feature']}`")
    config = plugin.configured(feature, params["config"])
    context = EnvironmentContext(call, plugin.info, params["name"], params["context"])
    described = feature.code(config, context)
    if not isinstance(described, EnvironmentDescription):
        raise _wrong(feature, described, "a plugin.EnvironmentDescription")
    return message(described)


def _repository(plugin: Plugin, call: Call, params: Params) -> tuple[Any, Any]:
    """The repository that is asked, and what it is told with each question."""
    from purlin.plugin._repository import RepositoryContext

    feature = _registry.features.get(("repository", params["feature"]))
    if feature is None:
        raise RpcError(INVALID_PARAMS, f"there is no repository `{params['feature']}`")
    context = RepositoryContext(call, plugin.info, params["context"])
    config = params["config"]
    key = (feature.name, context.name, repr(config))
    found = plugin.repositories.get(key)
    if found is None:
        found = feature.code(context.name, plugin.configured(feature, config))
        plugin.repositories[key] = found
    return found, context


def _families(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    repository, context = _repository(plugin, call, params)
    return {"families": list(repository.families(context))}


def _versions(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    from purlin.plugin._repository import message

    repository, context = _repository(plugin, call, params)
    versions = repository.versions(tuple(params["names"]), context)
    return {"versions": [message(one) for one in versions]}


def _packages(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    repository, context = _repository(plugin, call, params)
    versions = tuple((one["name"], one["version"]) for one in params["versions"])
    return {"packages": [dict(one) for one in repository.packages(versions, context)]}


def _fetch(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    from purlin.plugin._repository import PackageVariant

    repository, context = _repository(plugin, call, params)
    variant = PackageVariant(**params["variant"])
    repository.fetch(variant, params["dir"], context)
    return {}


def _cache_open(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    feature = _registry.features.get(("cache", params["feature"]))
    if feature is None:
        raise RpcError(INVALID_PARAMS, f"there is no cache `{params['feature']}`")
    cache = feature.code(params["name"], plugin.configured(feature, params["config"]))
    cache.open(Context(call, plugin.info))
    handle = f"{len(plugin.caches)}-{params['name']}"
    plugin.caches[handle] = cache
    return {"handle": handle}


def _cache(plugin: Plugin, params: Params) -> tuple[Cache[Any], tuple[CacheItem, ...]]:
    cache = plugin.caches.get(params["handle"])
    if cache is None:
        raise NotFound(f"no cache was opened as `{params['handle']}`")
    items = [CacheItem(one["kind"], one["digest"], one["size"]) for one in params["items"]]
    return cache, tuple(items)


def _cache_contains(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    cache, items = _cache(plugin, params)
    found = [bool(one) for one in cache.contains(items, Context(call, plugin.info))]
    if len(found) != len(items):
        raise PluginError(f"`contains` answered {len(found)} times for {len(items)} items")
    return {"found": found}


def _cache_fetch(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    cache, items = _cache(plugin, params)
    folder = params["dir"]
    cache.fetch(items, folder, Context(call, plugin.info))
    return {"fetched": [os.path.isfile(f"{folder}/{item.file_name}") for item in items]}


def _cache_put(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    cache, items = _cache(plugin, params)
    cache.put(items, params["dir"], Context(call, plugin.info))
    return {}


def _subcommand(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    feature = plugin.feature("subcommand", params)
    kind = plugin.config_type(feature)
    args = params["args"]
    if kind is not None and issubclass(kind, Config):
        # An option that was not given may be told as null.
        args = {key: value for key, value in args.items() if value is not None}
        args = {**_unsaid(kind, args), **args}
    args = plugin.configured(feature, args)
    status = feature.code(args, SubcommandContext(call, plugin.info, params["context"]))
    if status is None:
        status = 0
    # As `subprocess` tells it: what a signal has ended has its number, negative.
    if not isinstance(status, int) or not -64 <= status <= 255:
        raise _wrong(feature, status, "a status from -64 to 255")
    return {"status": int(status)}


def _subcommand_complete(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    feature = plugin.feature("subcommand", params)
    name = params["argument"].replace("-", "_")
    kind = plugin.config_type(feature)
    said = getattr(kind, name, None) or getattr(kind, name + "_", None)
    return _values(plugin, call, params, said.complete if isinstance(said, Field) else None)


def _argument(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    feature = plugin.feature("argument", params)
    context = ArgumentContext(call, plugin.info, params["command"], params["stage"])
    edits = feature.code(freeze(params["value"]), freeze(params["request"]), context)
    told = []
    for edit in edits:
        if not isinstance(edit, Edit):
            raise _wrong(feature, edit, "plugin.Edit in a list")
        told.append({"path": edit.path, "value": edit.value})
    return {"edits": told}


def _argument_complete(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    feature = plugin.feature("argument", params)
    return _values(plugin, call, params, feature.details["complete"])


def _hook(plugin: Plugin, call: Call, params: Params) -> dict[str, Any]:
    feature = plugin.feature("hook", params)
    feature.code(freeze(params["payload"]), Context(call, plugin.info))
    return {}


def _values(
    plugin: Plugin, call: Call, params: Params, complete: Completion | None
) -> dict[str, Any]:
    if complete is None:
        return {"values": []}
    return {"values": list(complete(params["prefix"], Context(call, plugin.info)))}


def _unsaid(kind: type, args: dict[str, Any]) -> dict[str, Any]:
    """Arguments that were not given and have no default."""
    given = {key.replace("_", "-") for key in args}
    fields = fields_of(kind).items()
    names = [name for name, one in fields if one is MISSING and key_of(name) not in given]
    if not names:
        return {}
    from purlin.plugin._convert import unsaid

    return unsaid(kind, names)


def _wrong(feature: _registry.Feature, value: Any, expected: str) -> PluginError:
    kind = f"`{type(value).__name__}`"
    if value is None or isinstance(value, int):
        kind = "nothing" if value is None else str(value)
    return PluginError(f"{feature.point}/{feature.name} returned {kind}, not {expected}")


CALLS: dict[str, Perform] = {
    "dependency/expand": _expand,
    "importer/load": _load,
    "builder/plan": _plan,
    "environment/describe": _describe,
    "cache/open": _cache_open,
    "cache/contains": _cache_contains,
    "cache/fetch": _cache_fetch,
    "cache/put": _cache_put,
    "repository/families": _families,
    "repository/versions": _versions,
    "repository/packages": _packages,
    "repository/fetch": _fetch,
    "subcommand/run": _subcommand,
    "subcommand/complete": _subcommand_complete,
    "argument/apply": _argument,
    "argument/complete": _argument_complete,
    "hook/event": _hook,
}
