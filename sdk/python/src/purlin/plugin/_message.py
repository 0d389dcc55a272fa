"""What crosses between host and plugin, as the author sees it."""

from __future__ import annotations

from ._data import Data
from ._record import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal


class CommandReference(Config):
    """A command that another one depends on."""

    name: str
    space: str | None = None
    module: str | None = None
    args: Mapping[str, Any] = Data()
    strict: bool = False
    isolated: bool = False


class Expansion(Config):
    """What a dependency stands for. The key of a command holds this and nothing else of it.

    `inputs` are globs of the files that this answer was computed from: while they, the
    configuration and the context stay the same, the plugin is not asked again. `globs`, `values`
    and `variables` (names of process variables) are what the command depends on, `commands` what
    must have run.
    """

    inputs: Sequence[str] = ()
    globs: Sequence[str] = ()
    values: Sequence[Any] = ()
    variables: Sequence[str] = ()
    commands: Sequence[CommandReference] = ()
    packages: Sequence[str] = ()


class CacheItem:
    """A thing that a cache keeps: the result of an action, or a blob named by its content."""

    __slots__ = ("digest", "kind", "size")

    def __init__(self, kind: Literal["action", "blob"], digest: str, size: int) -> None:
        self.kind = kind
        self.digest = digest
        self.size = size

    @property
    def file_name(self) -> str:
        """The name of its file in the folder of `fetch` and `put`."""
        return f"{self.kind}-{self.digest}"

    def __repr__(self) -> str:
        return f"CacheItem({self.kind!r}, {self.digest!r}, {self.size!r})"


class Edit:
    """One change to a request: the value at `path`, a JSON Pointer, becomes `value`."""

    __slots__ = ("path", "value")

    def __init__(self, path: str, value: Any) -> None:
        self.path = path
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Edit) and (self.path, self.value) == (other.path, other.value)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Edit({self.path!r}, {self.value!r})"


class ExecResult(Config):
    """How a program ended. `signal` is what ended it, where that is why; `status` is null then."""

    status: int | None
    signal: int | None
    stdout: str
    stderr: str


class FeatureSummary(Config):
    """A feature that is installed and enabled."""

    plugin: str
    point: str
    name: str


class PluginInfo(Config):
    """This plugin, as the host sees it. `root` is the workspace's, where there is one."""

    name: str
    version: str
    folder: str
    purlin: str
    root: str | None
