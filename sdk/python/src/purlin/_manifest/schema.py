"""JSON Schema, in the subset that Purlin knows, from type annotations."""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import inspect
import operator
import types
import typing
from typing import Any

from purlin.plugin._convert import hints_of
from purlin.plugin._data import Data
from purlin.plugin._record import MISSING, Config, Field, fields_of, is_record, key_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_SCALARS = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
_CHANGEABLE = {
    list: "tuple[…, ...]",
    collections.abc.MutableSequence: "tuple[…, ...]",
    set: "tuple[…, ...] with field(unique=True)",
    frozenset: "tuple[…, ...] with field(unique=True)",
    dict: "Mapping[str, …]",
    collections.abc.MutableMapping: "Mapping[str, …]",
}


class Underivable(Exception):
    """A type that has no schema; the message names the class and the field."""


def schema_of(kind: type) -> Schema:
    """The schema of a `Config` class or a dataclass."""
    deriver = _Deriver()
    own = deriver.table(kind)
    nested = dict(sorted(deriver.definitions.items()))
    return {"$schema": DIALECT, **own, **({"$defs": nested} if nested else {})}


def description_of(thing: object) -> str:
    """A docstring of the author, whole; what `dataclasses` writes is none."""
    if dataclasses.is_dataclass(thing):
        written = typing.cast(type, thing).__doc__ or ""
        if written.startswith(f"{typing.cast(type, thing).__name__}("):
            return ""
    own = thing.__dict__.get("__doc__") if isinstance(thing, type) else thing.__doc__
    return inspect.cleandoc(own or "")


def defaults_of(kind: type) -> dict[str, Any]:
    """The fields of a class, each with its default or `MISSING`."""
    if issubclass(kind, Config):
        return fields_of(kind)
    found = {}
    for one in dataclasses.fields(typing.cast(Any, kind)):
        made = one.default_factory
        default = one.default if made is dataclasses.MISSING else made()
        found[one.name] = MISSING if default is dataclasses.MISSING else default
    return found


def json_value(value: Any) -> Any:
    """A default as JSON."""
    if is_record(type(value)):
        said = {key_of(name): getattr(value, name) for name in defaults_of(type(value))}
        return {key: json_value(one) for key, one in said.items() if one is not None}
    if isinstance(value, (Data, collections.abc.Mapping)):
        return {key: json_value(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [json_value(one) for one in value]
    return value


def said_of(kind: type, name: str) -> Field | None:
    """The `Field` of a field, where there is one."""
    for base in kind.__mro__:
        said = base.__dict__.get(name)
        if isinstance(said, Field):
            return said
    return None


class _Deriver:
    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self._names: dict[type, str] = {}

    def table(self, kind: type) -> Schema:
        """The schema of a class, its nested classes among the definitions."""
        properties: dict[str, Schema] = {}
        required = []
        hints = hints_of(kind)
        for name, default in defaults_of(kind).items():
            where = f"{kind.__name__}.{name}"
            hint = hints[name]
            if default is None:
                hint = _without_none(hint)
            schema = self.value(hint, where)
            said = said_of(kind, name)
            if said is not None:
                schema = _with_notes(schema, said)
            if default is MISSING:
                required.append(key_of(name))
            elif default is not None:
                schema["default"] = json_value(default)
            properties[key_of(name)] = schema
        table: Schema = {"description": description_of(kind), "type": "object"}
        table.update({"required": required, "properties": properties})
        return {key: value for key, value in table.items() if value or key == "properties"}

    def value(self, hint: Any, where: str) -> Schema:
        """The schema of one type."""
        if isinstance(hint, type) and hint in _SCALARS:
            return {"type": _SCALARS[hint]}
        if hint is None:
            return {"type": "null"}
        if hint in (Any, object):
            return {}
        if is_record(hint):
            return self._nested(hint)
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            schema = self.value(arguments[0], where)
            for said in hint.__metadata__:
                if isinstance(said, Field):
                    schema = _with_notes(schema, said)
            return schema
        if origin is typing.Literal:
            return _choice(arguments)
        if origin is typing.Union or origin is types.UnionType:
            return self._union(arguments, where)
        return self._container(hint, where)

    def _container(self, hint: Any, where: str) -> Schema:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        for changeable, instead in _CHANGEABLE.items():
            if changeable in (hint, origin):
                raise Underivable(
                    f"{where} is `{_shown(hint)}`, but what the host sends cannot be changed: "
                    f"write {instead}"
                )
        if origin in (tuple, collections.abc.Sequence):
            if origin is tuple and (len(arguments) != 2 or arguments[1] is not Ellipsis):
                raise Underivable(f"{where} is `{_shown(hint)}`: write tuple[…, ...]")
            return {"type": "array", "items": self.value(arguments[0], f"an item of {where}")}
        if hint in (Data, collections.abc.Mapping):
            return {"type": "object", "additionalProperties": True}
        if origin is collections.abc.Mapping:
            if arguments[0] is not str:
                raise Underivable(f"{where} is `{_shown(hint)}`: keys are `str`")
            values = self.value(arguments[1], f"a value of {where}")
            return {"type": "object", "additionalProperties": values or True}
        raise Underivable(f"{where} is `{_shown(hint)}`, which has no schema")

    def _nested(self, kind: type) -> Schema:
        name = self._names.get(kind)
        if name is None:
            name = kind.__name__
            if name in self.definitions:
                raise Underivable(f"there are two classes `{name}`; rename one of them")
            self._names[kind] = name
            self.definitions[name] = {}
            self.definitions[name] = self.table(kind)
        return {"$ref": f"#/$defs/{name}"}

    def _union(self, members: tuple[Any, ...], where: str) -> Schema:
        schemas = [self.value(member, where) for member in members]
        if all(list(one) == ["type"] and isinstance(one["type"], str) for one in schemas):
            return {"type": [one["type"] for one in schemas]}
        return {"oneOf": schemas}


def _choice(values: tuple[Any, ...]) -> Schema:
    kinds = sorted({_SCALARS[type(value)] for value in values})
    kind: Any = kinds[0] if len(kinds) == 1 else kinds
    if len(values) == 1:
        return {"type": kind, "const": values[0]}
    return {"type": kind, "enum": list(values)}


def _with_notes(schema: Schema, said: Field) -> Schema:
    about = {"description": said.about} if said.about else {}
    notes = dict(said.notes)
    if "items" in schema:
        # What limits a text limits each text of a list.
        limits = {key: notes.pop(key) for key in _TEXT_LIMITS if key in notes}
        schema = {**schema, "items": {**schema["items"], **limits}}
    return {**schema, **about, **notes}


_TEXT_LIMITS = ("minimum", "maximum", "minLength", "maxLength", "pattern")


def _without_none(hint: Any) -> Any:
    """What `X | None = None` takes in a file, where there is no null: `X` or nothing."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint
    rest = tuple(one for one in typing.get_args(hint) if one is not type(None))
    return functools.reduce(operator.or_, rest)


def _shown(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)
