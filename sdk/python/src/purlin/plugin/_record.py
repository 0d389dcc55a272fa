"""Typed data classes for configuration and arguments.

They look like dataclasses to authors and type checkers. They are not made from `dataclasses`,
because importing that takes longer than everything else that happens until the first answer.
"""

from __future__ import annotations

import sys

from ._data import Data, freeze
from ._error import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, Literal, TypeVar

    from typing_extensions import dataclass_transform

    from ._context import Context

    R = TypeVar("R")
    Completion = Callable[[str, Context], Iterable[str]]
    ValueType = Literal["path", "package", "target"]
else:

    def dataclass_transform(**_options):
        """Only type checkers look at this."""
        return lambda kind: kind


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()


class Field:
    """What is said about a field besides its type; made by `field`, `positional` and `option`."""

    __slots__ = ("about", "complete", "default", "kind", "notes", "type")

    def __init__(
        self,
        about: str,
        default: Any,
        notes: dict[str, Any],
        *,
        kind: str | None = None,
        type: str | None = None,
        complete: Completion | None = None,
    ) -> None:
        self.about = about
        self.default = default
        self.notes = notes
        self.kind = kind
        self.type = type
        self.complete = complete


def field(
    about: str = "",
    *,
    default: Any = MISSING,
    minimum: float | None = None,
    maximum: float | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    pattern: str | None = None,
    unique: bool = False,
    examples: Sequence[Any] = (),
    deprecated: bool = False,
    secret: bool = False,
    template: Sequence[str] | None = None,
    path: bool | Literal["input", "glob"] = False,
    merge: str | None = None,
) -> Any:
    """A field of a `Config`: its description, its default, and the limits of its value.

    Without a default it must be given. `secret` keeps it out of logs; `template` names the roots
    that templates in it may begin with; `path` says that it is one (`"input"`: the answer is read
    from that file; `"glob"`: it is a pattern of files).
    """
    notes = {
        "minimum": minimum,
        "maximum": maximum,
        "minLength": min_length,
        "maxLength": max_length,
        "pattern": pattern,
        "uniqueItems": unique or None,
        "examples": list(examples) or None,
        "deprecated": deprecated or None,
        "x-purlin-secret": secret or None,
        "x-purlin-template": None if template is None else list(template),
        "x-purlin-path": path or None,
        "x-purlin-merge": merge,
    }
    said = {key: value for key, value in notes.items() if value is not None}
    return Field(about, default, said)


def positional(
    about: str = "",
    *,
    default: Any = MISSING,
    type: ValueType | None = None,
    complete: Completion | None = None,
) -> Any:
    """An argument of a subcommand that is told by its position. `tuple[str, ...]` takes many."""
    return Field(about, default, {}, kind="positional", type=type, complete=complete)


def option(
    about: str = "",
    *,
    default: Any = MISSING,
    type: ValueType | None = None,
    complete: Completion | None = None,
) -> Any:
    """An argument of a subcommand that is told by `--name`.

    A `bool` is a switch. `tuple[str, ...]` may be given more than once.
    """
    return Field(about, default, {}, kind="option", type=type, complete=complete)


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(field, positional, option)
)
class Config:
    """The base of configuration and argument classes.

    Fields are annotated names; the value of one is its default or a `field`. Instances cannot be
    changed. A trailing `_` of a name is not part of the key, so that `from_` is `from`.
    """

    def __init__(self, **values: Any) -> None:
        kind = type(self)
        fields = fields_of(kind)
        own = self.__dict__
        own.update(fields)
        own.update(values)
        if len(own) > len(fields):
            unknown = next(name for name in values if name not in fields)
            raise TypeError(f"{kind.__name__} has no field `{unknown}`, but {list(fields)}")
        if MISSING in own.values():
            missing = next(name for name, value in own.items() if value is MISSING)
            raise TypeError(f"{kind.__name__} needs `{missing}`")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.items()))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({values})"


def annotations_of(kind: type) -> Mapping[str, Any]:
    """A class's own annotations as they are there: nothing is evaluated that need not be."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return get_annotations(kind, format=Format.FORWARDREF)
    return getattr(kind, "__annotations__", {})


def fields_of(kind: type) -> dict[str, Any]:
    """The fields of a `Config` class, each with its default or `MISSING`."""
    found: dict[str, Any] | None = kind.__dict__.get("_purlin_fields")
    if found is not None:
        return found
    found = {}
    for base in reversed(kind.__mro__):
        for name, annotation in annotations_of(base).items():
            if name.startswith("_") or "ClassVar" in str(annotation):
                continue
            default = base.__dict__.get(name, MISSING)
            found[name] = default.default if isinstance(default, Field) else default
    kind._purlin_fields = found  # type: ignore[attr-defined]
    return found


def is_record(kind: object) -> bool:
    """True for `Config` classes and dataclasses."""
    if not isinstance(kind, type):
        return False
    return issubclass(kind, Config) or hasattr(kind, "__dataclass_fields__")


def key_of(name: str) -> str:
    """The key in files of the field `name`."""
    return name.rstrip("_").replace("_", "-")


def build(kind: type[R], values: Mapping[str, Any], at: str = "") -> R:
    """Makes a `Config` or a dataclass from what the host sent; `at` is where that stands."""
    names = _names_of(kind)
    given = {}
    for key, value in values.items():
        name = names.get(key) or names.get(key.replace("_", "-"))
        if name is None:
            raise InvalidConfig(f"there is no field `{key}`", path=f"{at}/{key}")
        if not isinstance(value, (list, dict, tuple, Data)):
            given[name] = value
        elif _has_table(value):
            # Nested classes need the types, and those need `typing`.
            from ._convert import convert_field

            given[name] = convert_field(kind, name, value, f"{at}/{key}")
        else:
            given[name] = freeze(value)
    try:
        return kind(**given)
    except TypeError as error:
        raise InvalidConfig(str(error), path=at or None) from error


def _names_of(kind: type) -> dict[str, str]:
    """The names of fields by their keys."""
    found: dict[str, str] | None = kind.__dict__.get("_purlin_names")
    if found is None:
        is_config = issubclass(kind, Config)
        fields = fields_of(kind) if is_config else kind.__dataclass_fields__  # type: ignore[attr-defined]
        found = {key_of(name): name for name in fields}
        kind._purlin_names = found  # type: ignore[attr-defined]
    return found


def _has_table(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_has_table(item) for item in value)
    return isinstance(value, (dict, Data))


def parameter_type(function: Callable[..., Any]) -> Any:
    """The type of a function's first parameter; `None` where none is said."""
    code = function.__code__
    if not code.co_argcount:
        return None
    annotation = function.__annotations__.get(code.co_varnames[0])
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, function.__globals__)
    except NameError:
        from ._convert import evaluate

        return evaluate(annotation, function.__globals__)
