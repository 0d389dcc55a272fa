"""What belongs under `[provides]`, and the schemas beside it."""

from __future__ import annotations

import collections.abc
import types
import typing
from typing import Any

from purlin.plugin import _registry
from purlin.plugin._convert import evaluate, hints_of
from purlin.plugin._record import MISSING, is_record, key_of, parameter_type

from .schema import (
    Schema,
    Underivable,
    defaults_of,
    description_of,
    json_value,
    said_of,
    schema_of,
)

_VALUE_TYPES = {str: "string", bool: "bool", int: "int"}
# Points whose features are listed, not named.
LISTED = {"argument": "name", "hook": "on"}


class Derived:
    """A manifest as far as code tells it. Schemas are by path, relative to the plugin's folder."""

    def __init__(self) -> None:
        self.config: dict[str, Any] | None = None
        self.provides: dict[str, Any] = {}
        self.schemas: dict[str, Schema] = {}


def derive() -> Derived:
    """Derives the manifest of the features that were imported."""
    derived = Derived()
    for settings in _registry.configurations:
        derived.config = {"schema": _add_schema(derived, "config", settings.kind)}
    for feature in _registry.features.values():
        entry = _entry(derived, feature)
        entry = {key: value for key, value in entry.items() if value is not None}
        if feature.point in LISTED:
            entry = {LISTED[feature.point]: feature.name, **entry}
            derived.provides.setdefault(feature.point, []).append(entry)
        else:
            derived.provides.setdefault(feature.point, {})[feature.name] = entry
    return derived


def _entry(derived: Derived, feature: _registry.Feature) -> dict[str, Any]:
    about = feature.about
    if about is None:
        about = description_of(feature.code).partition("\n")[0].rstrip(".") or None
    entry: dict[str, Any] = {"about": about, "deprecated": feature.deprecated}
    details = feature.details
    kind = _type_of(feature)
    if feature.point == "subcommand":
        if is_record(kind):
            entry["args"] = [_parameter(kind, name) for name in defaults_of(kind)] or None
        return entry
    if feature.point == "argument":
        value = _value_type(kind, details["type"], f"the value of --{feature.name}")
        entry.update(on=list(details["on"]), **value)
        entry.update(stage=details["stage"], edits=list(details["edits"]))
        return entry
    if feature.point == "hook":
        return entry
    if is_record(kind):
        entry["schema"] = _add_schema(derived, feature.name, kind)
    if details.get("section") is not None:
        name, section = details["section"]
        schema = _add_schema(derived, f"{name}-section", section)
        details = {**details, "section": {"name": name, "schema": schema}}
    for key, value in details.items():
        entry[key] = list(value) if isinstance(value, (list, tuple)) else value
    if details.get("key") is not None:
        _check_key(feature, kind)
    return entry


def _type_of(feature: _registry.Feature) -> Any:
    if isinstance(feature.code, type):
        return _registry.config_type(feature.code)
    return parameter_type(feature.code)


def _add_schema(derived: Derived, name: str, kind: type) -> str:
    schema = schema_of(kind)
    path = f"schemas/{name}.json"
    if derived.schemas.setdefault(path, schema) != schema:
        raise Underivable(f"two features of different points are called `{name}`")
    return path


def _check_key(feature: _registry.Feature, kind: Any) -> None:
    keys = [key_of(name) for name in defaults_of(kind)] if is_record(kind) else []
    if feature.details["key"].replace("_", "-") not in keys:
        raise Underivable(
            f"the key `{feature.details['key']}` of {feature.point}/{feature.name} "
            f"is not among its fields {keys}"
        )


def _parameter(kind: type, name: str) -> dict[str, Any]:
    where = f"{kind.__name__}.{name}"
    said = said_of(kind, name)
    if said is None or said.kind is None:
        raise Underivable(f"{where} needs `plugin.positional` or `plugin.option`")
    hint = hints_of(kind)[name]
    default = defaults_of(kind)[name]
    members = typing.get_args(hint)
    is_optional = False
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        rest = [one for one in members if one is not type(None)]
        is_optional = len(rest) < len(members)
        hint = rest[0] if len(rest) == 1 else hint
    many = typing.get_origin(hint) in (tuple, collections.abc.Sequence)
    if many:
        hint = typing.get_args(hint)[0]
    entry: dict[str, Any] = {"name": key_of(name), "kind": said.kind}
    entry.update(_value_type(hint, said.type, where))
    if many:
        entry["many"] = True
    must = default is MISSING and not is_optional and hint is not bool
    is_required = must and (not many or said.kind == "positional")
    is_said = not any(default is one for one in (MISSING, None, False)) and default != ()
    if is_required != (said.kind == "positional" and not is_said):
        entry["required"] = is_required
    if is_said:
        if many:
            raise Underivable(f"{where}: arguments that may be given again have no default")
        entry["default"] = json_value(default)
    if said.about:
        entry["about"] = said.about
    return entry


def _value_type(hint: Any, said: str | None, where: str) -> dict[str, Any]:
    if isinstance(hint, str):
        hint = evaluate(hint, {})
    if typing.get_origin(hint) is typing.Literal:
        return {"type": "choice", "values": list(typing.get_args(hint))}
    if said is not None and hint is str:
        return {"type": said}
    if isinstance(hint, type) and hint in _VALUE_TYPES and said is None:
        return {"type": _VALUE_TYPES[hint]}
    raise Underivable(f"{where} is `{hint}`: write str, int, bool or Literal[…]")
