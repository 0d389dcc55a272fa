"""How a call fails."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar, Literal

    ErrorCode = Literal[
        "INVALID_CONFIG", "NOT_FOUND", "TRANSIENT", "UNSUPPORTED", "CANCELLED", "INTERNAL"
    ]


class PluginError(Exception):
    """A call that failed. The message is for the user.

    `path` is a JSON Pointer into the configuration, where that is to blame.
    """

    code: ClassVar[ErrorCode] = "INTERNAL"

    def __init__(self, message: str, *, path: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class InvalidConfig(PluginError):
    """The configuration cannot work."""

    code = "INVALID_CONFIG"


class NotFound(PluginError):
    """Something that was named is not there."""

    code = "NOT_FOUND"


class Transient(PluginError):
    """It may work the next time."""

    code = "TRANSIENT"


class Unsupported(PluginError):
    """The plugin cannot do this."""

    code = "UNSUPPORTED"


class Cancelled(PluginError):
    """The host asked to stop."""

    code = "CANCELLED"


class Refused(PluginError):
    """The host does not do this for the plugin: it was not granted."""
