"""What a call is told besides its subject, and what the host does for it."""

from __future__ import annotations

from ._data import Data, freeze
from ._error import Cancelled
from ._message import ExecResult, FeatureSummary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike
    from typing import Any, Literal, Protocol

    from ._message import PluginInfo

    class Host(Protocol):
        """The other side of a call. Tests of plugins may bring their own."""

        def request(self, method: str, params: dict[str, Any]) -> Any: ...

        def notify(self, method: str, params: dict[str, Any]) -> None: ...

        def cancelled(self) -> bool: ...


class Context:
    """The host's services during one call."""

    def __init__(self, host: Host, plugin: PluginInfo) -> None:
        self._host = host
        self.plugin = plugin

    def cancelled(self) -> bool:
        """True once the answer is not wanted any more. Long work looks here now and then."""
        return self._host.cancelled()

    def stop_if_cancelled(self) -> None:
        """Ends the call when its answer is not wanted any more."""
        if self._host.cancelled():
            raise Cancelled("cancelled")

    def log(self, message: str) -> None:
        """A line for those who asked for more."""
        self._log("info", message)

    def debug(self, message: str) -> None:
        """A line for the plugin's author."""
        self._log("debug", message)

    def warning(self, message: str) -> None:
        """A line for everybody."""
        self._log("warning", message)

    def _log(self, level: str, message: str) -> None:
        self._host.notify("$/log", {"level": level, "message": message})

    def progress(self, message: str, done: int | None = None, total: int | None = None) -> None:
        """What is going on, and how far it is, in the plugin's own unit."""
        params: dict[str, Any] = {"message": message}
        if done is not None:
            params["done"] = done
        if total is not None:
            params["total"] = total
        self._host.notify("$/progress", params)

    def output(self, content: str | bytes, stream: Literal["stdout", "stderr"] = "stdout") -> None:
        """Writes to the user's terminal; for subcommands. Returns once it was written."""
        params: dict[str, Any] = {"stream": stream}
        if isinstance(content, str):
            params["text"] = content
        else:
            from binascii import b2a_base64

            params["base64"] = b2a_base64(content, newline=False).decode("ascii")
        self._host.request("host/output", params)

    def exec(
        self,
        argv: Sequence[str | PathLike[str]],
        *,
        cwd: str | PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> ExecResult:
        """Runs a program that `permissions.run` names; its status is the caller's to look at."""
        params: dict[str, Any] = {"argv": list(argv)}
        said = {"cwd": cwd, "env": env, "stdin": stdin}
        params.update({key: value for key, value in said.items() if value is not None})
        result = self._host.request("host/exec", params)
        return ExecResult(
            status=result.get("status"),
            signal=result.get("signal"),
            stdout=result["stdout"],
            stderr=result["stderr"],
        )

    def scratch(self) -> str:
        """A folder for this run, removed at its end."""
        folder: str = self._host.request("host/scratch", {})["dir"]
        return folder

    def features(self) -> tuple[FeatureSummary, ...]:
        """What is installed and enabled."""
        found = self._host.request("host/features", {})["features"]
        return tuple(
            FeatureSummary(plugin=one["plugin"], point=one["point"], name=one["name"])
            for one in found
        )

    def recall(self, key: Any) -> Any:
        """What `remember` was told under this key, in this run or an earlier one, or `None`."""
        return freeze(self._host.request("host/memo", {"key": key})["value"])

    def remember(self, key: Any, value: Any) -> None:
        """Keeps a value for this plugin as it, its configuration and its surroundings are now.

        Key and value are any JSON. What else the value depends on stands in the key, such as the
        digest of a file.
        """
        self._host.request("host/memo", {"key": key, "value": value})


class ExpandContext(Context):
    """What `dependency` is told: the workspace, and the command that asks.

    `site_packages` is the folder of Python distributions of the command's environment, for types
    that are declared `in_environment`. `section` is the table of the workspace's file that the
    manifest names. `fence` is the boundary around the modules of the space, or `None`: the paths in
    `fence.modules` may import each other and those in `fence.open`. Whoever answers by it puts it
    among the values.
    """

    def __init__(self, host: Host, plugin: PluginInfo, told: Mapping[str, Any]) -> None:
        super().__init__(host, plugin)
        self.root: str = told["root"]
        self.space: str | None = told.get("space")
        self.module: str | None = told.get("module")
        self.context: Data = Data(told.get("context"))
        self.site_packages: str | None = told.get("site_packages")
        self.section: Any = freeze(told.get("section"))
        self.fence: Any = freeze(told.get("fence"))


class SubcommandContext(Context):
    """What `subcommand` is told: the workspace's root, if any, where the user stands, and whether
    JSON is wanted on stdout.
    """

    def __init__(self, host: Host, plugin: PluginInfo, told: Mapping[str, Any]) -> None:
        super().__init__(host, plugin)
        self.root: str | None = told.get("root")
        self.directory: str = told["directory"]
        self.json: bool = told.get("json", False)


class ArgumentContext(Context):
    """What `argument` is told: the verb, and the stage at which the flag is applied."""

    def __init__(self, host: Host, plugin: PluginInfo, command: str, stage: str) -> None:
        super().__init__(host, plugin)
        self.command = command
        self.stage = stage
