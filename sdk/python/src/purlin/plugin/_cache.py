"""The base of caches."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Generic, TypeVar

    from ._context import Context
    from ._message import CacheItem

    C = TypeVar("C")
else:
    C = None

    class Generic:
        """Remembers the type of the configuration, without what `typing` costs."""

        config_type = None

        def __class_getitem__(cls, config):
            if cls is Generic:
                return cls
            return type(cls.__name__, (cls,), {"config_type": config, "__module__": __name__})


class Cache(Generic[C]):
    """One configured cache: a remote tier. The host keeps the hot copy and verifies what it gets.

    `name` and `config` are there when `open` is called. Calls may run at the same time.
    """

    name: str
    config: C

    def __init__(self, name: str, config: C) -> None:
        self.name = name
        self.config = config

    def open(self, context: Context) -> None:
        """Gets ready; called once, before everything else."""

    def contains(self, items: Sequence[CacheItem], context: Context) -> Sequence[bool]:
        """For each item, whether the cache holds it."""
        raise NotImplementedError

    def fetch(self, items: Sequence[CacheItem], folder: str, context: Context) -> None:
        """Writes the items that it holds into `folder` as `item.file_name`, leaves others out."""
        raise NotImplementedError

    def put(self, items: Sequence[CacheItem], folder: str, context: Context) -> None:
        """Stores items from the files `item.file_name` in `folder`, which stay as they are.

        The blobs of an action come before the action. What is there already comes only where it is
        damaged or, for an action, is to be replaced.
        """
        raise NotImplementedError
