"""Answers the host: `initialize`, then calls."""

from __future__ import annotations

import sys

from purlin.plugin import _registry
from purlin.plugin._error import PluginError
from purlin.plugin._message import PluginInfo
from purlin.plugin._record import build

from .calls import CALLS, Plugin
from .channel import INVALID_PARAMS, INVALID_REQUEST, Call, Channel, RpcError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

PROTOCOL = 1
NO_COMMON_VERSION = -32001
UNKNOWN_METHOD = -32601


def serve(module: str | None) -> NoReturn:
    """Speaks the protocol for the features of a module, or for those that are there already."""
    Channel(Server(module).answer).run()


class Server:
    """What a process knows once it was initialized."""

    def __init__(self, module: str | None) -> None:
        self._module = module
        self._plugin: Plugin | None = None

    def answer(self, call: Call, method: str, params: dict[str, Any]) -> Any:
        """The result of a request."""
        if method == "initialize":
            if self._plugin is not None:
                raise RpcError(INVALID_REQUEST, "it is initialized already")
            return self._initialize(params)
        if self._plugin is None:
            raise RpcError(INVALID_REQUEST, "the first message is `initialize`")
        perform = CALLS.get(method)
        if perform is None:
            raise RpcError(UNKNOWN_METHOD, f"there is no method `{method}`")
        return perform(self._plugin, call, Params(params))

    def _initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        told = Params(params)
        spoken = told["protocol"]
        if not spoken["min"] <= PROTOCOL <= spoken["max"]:
            raise RpcError(
                NO_COMMON_VERSION,
                f"the SDK speaks version {PROTOCOL} of the protocol, "
                f"Purlin {spoken['min']} to {spoken['max']}",
            )
        plugin = told["plugin"]
        info = PluginInfo(
            name=plugin["name"],
            version=plugin["version"],
            folder=plugin["folder"],
            purlin=told["purlin"],
            root=params.get("root"),
        )
        if self._module is not None:
            _import(self._module)
        for settings in _registry.configurations:
            settings.value = build(settings.kind, plugin.get("config") or {})
        self._plugin = Plugin(info)
        features = _registry.features.values()
        return {
            "protocol": PROTOCOL,
            "provides": [{"point": one.point, "name": one.name} for one in features],
        }


class Params(dict[str, "Any"]):
    """What a method is told. What it must be told and is not is the host's mistake."""

    def __missing__(self, key: str) -> Any:
        raise RpcError(INVALID_PARAMS, f"`{key}` is missing")


def _import(module: str) -> None:
    try:
        __import__(module)
    except PluginError:
        raise
    except Exception as error:
        sys.excepthook(*sys.exc_info())
        raise PluginError(
            f"the module `{module}` cannot be imported: {type(error).__name__}: {error}"
        ) from error
