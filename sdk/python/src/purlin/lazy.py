"""Modules that are imported when they are first used.

    requests = lazy.module("requests")

A plugin that is started for a question which it can answer without `requests` does not pay for it.
"""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Lazy(type(sys)):  # type: ignore[misc]
    """Stands for a module until one of its attributes is asked for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(import_module(self.__name__), name, value)

    def __dir__(self) -> list[str]:
        return dir(import_module(self.__name__))

    def __repr__(self) -> str:
        return f"<lazy module {self.__name__!r}>"


def module(name: str) -> Any:
    """The module of this full name. Type checkers know it when it is written like this::

    if TYPE_CHECKING:
        import requests
    else:
        requests = lazy.module("requests")
    """
    if name in sys.modules:
        return sys.modules[name]
    return _Lazy(name)
