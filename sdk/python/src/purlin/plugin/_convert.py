"""Tables inside tables, by the annotations of their fields. Imported when there is such a table."""

from __future__ import annotations

import collections.abc
import sys
import types
import typing
from typing import Any

from ._data import freeze
from ._error import InvalidConfig
from ._record import Config, annotations_of, build, fields_of, is_record, key_of

_hints: dict[type, dict[str, Any]] = {}


def evaluate(annotation: str, namespace: dict[str, Any]) -> Any:
    """The type that an annotation names, also where its imports are for type checkers only."""
    return eval(annotation, {}, _Names(namespace))


def hints_of(kind: type) -> dict[str, Any]:
    """The evaluated annotations of a class, `Annotated` ones whole."""
    if kind not in _hints:
        found = {}
        for base in reversed(kind.__mro__):
            # A class may name itself although it is written in a function.
            names = {**vars(sys.modules[base.__module__]), base.__name__: base}
            for name, annotation in annotations_of(base).items():
                is_text = isinstance(annotation, str)
                found[name] = evaluate(annotation, names) if is_text else annotation
        _hints[kind] = found
    return _hints[kind]


def convert_field(kind: type, name: str, value: Any, at: str) -> Any:
    """The value of one field of a class."""
    return convert(hints_of(kind)[name], value, at)


def convert(hint: Any, value: Any, at: str) -> Any:
    """A value as its type says it: classes are made, everything else becomes immutable."""
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin is typing.Annotated:
        return convert(arguments[0], value, at)
    if origin is typing.Union or origin is types.UnionType:
        return _convert_union(arguments, value, at)
    if is_record(hint) and isinstance(value, collections.abc.Mapping):
        return build(hint, value, at)
    if isinstance(value, (list, tuple)) and arguments:
        return tuple(convert(arguments[0], item, f"{at}/{n}") for n, item in enumerate(value))
    if isinstance(value, collections.abc.Mapping) and len(arguments) == 2:
        return types.MappingProxyType(
            {key: convert(arguments[1], item, f"{at}/{key}") for key, item in value.items()}
        )
    return freeze(value)


def _convert_union(members: tuple[Any, ...], value: Any, at: str) -> Any:
    """The first class that the table fits; the host has made sure that there is one."""
    refused: InvalidConfig | None = None
    for member in members:
        if is_record(member) and isinstance(value, collections.abc.Mapping):
            if not _fits(member, value):
                continue
            try:
                return build(member, value, at)
            except InvalidConfig as error:
                refused = error
        elif typing.get_origin(member) is not None and not isinstance(value, str):
            return convert(member, value, at)
    if refused is not None:
        raise refused
    return freeze(value)


def _fits(kind: type, value: typing.Mapping[str, Any]) -> bool:
    """True unless a `Literal` field tells that another class is meant."""
    names = fields_of(kind) if issubclass(kind, Config) else hints_of(kind)
    for name in names:
        hint = hints_of(kind).get(name)
        key = key_of(name)
        if (
            typing.get_origin(hint) is typing.Literal
            and key in value
            and value[key] not in typing.get_args(hint)
        ):
            return False
    return True


def unsaid(kind: type, names: list[str]) -> dict[str, Any]:
    """What arguments without a default are when nothing is given; those that must be are left."""
    empty: dict[str, Any] = {}
    for name in names:
        hint = hints_of(kind)[name]
        if hint is bool:
            empty[key_of(name)] = False
        elif typing.get_origin(hint) in (tuple, collections.abc.Sequence):
            empty[key_of(name)] = ()
        elif type(None) in typing.get_args(hint):
            empty[key_of(name)] = None
    return empty


class _Names(dict[str, Any]):
    """A module's names, and behind them those of `typing` and `collections.abc`."""

    def __missing__(self, name: str) -> Any:
        for module in (typing, collections.abc):
            if name in module.__all__:
                return getattr(module, name)
        raise KeyError(name)
