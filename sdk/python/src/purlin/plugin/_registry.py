"""What a plugin provides: its decorators write it down, the server and the manifest read it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Feature:
    """One feature, its code, and what the manifest says of it beyond name, about and schema."""

    __slots__ = ("about", "code", "deprecated", "details", "name", "point")

    def __init__(
        self,
        *,
        point: str,
        name: str,
        code: Any,
        about: str | None,
        deprecated: str | None,
        details: dict[str, Any],
    ) -> None:
        self.point = point
        self.name = name
        self.code = code
        self.about = about
        self.deprecated = deprecated
        self.details = details


# One process is one plugin.
features: dict[tuple[str, str], Feature] = {}
configurations: list[Any] = []


def config_type(kind: type) -> Any:
    """What stands in the brackets of `Cache[…]`."""
    return getattr(kind, "config_type", None)


def add(
    point: str,
    name: str,
    code: Any,
    about: str | None = None,
    deprecated: str | None = None,
    **details: Any,
) -> None:
    """Writes a feature down."""
    key = (point, name.replace("_", "-"))
    if key in features:
        raise ValueError(f"the {point} `{name}` is provided twice")
    features[key] = Feature(
        point=point,
        name=key[1],
        code=code,
        about=about,
        deprecated=deprecated,
        details=details,
    )
