"""What the host sends: it cannot be changed, and its keys are attributes as well."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, TypeAlias

    _Mapping: TypeAlias = Mapping[str, Any]
else:
    # The interpreter has this module already; `collections` would have to be read.
    from _collections_abc import Mapping as _Mapping


class Data(_Mapping):
    """An immutable mapping. `data["exit-code"]` is `data.exit_code` as well."""

    __slots__ = ("_values",)
    _values: dict[str, Any]

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        frozen = {key: freeze(value) for key, value in (values or {}).items()}
        object.__setattr__(self, "_values", frozen)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        values = self._values
        for key in (name, name.replace("_", "-"), name.rstrip("_")):
            if key in values:
                return values[key]
        raise AttributeError(f"there is no `{name}` here, but {sorted(values)}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("what the host sends cannot be changed")

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Data({self._values!r})"


def freeze(value: Any) -> Any:
    """Lists become tuples, dictionaries become `Data`."""
    if isinstance(value, (list, tuple)):
        return tuple([freeze(item) for item in value])
    if isinstance(value, dict):
        return Data(value)
    return value
