"""The example of the README."""

from __future__ import annotations

from purlin import plugin


class TreeConfig(plugin.Config):
    """A folder."""

    path: str = plugin.field("The folder, from the workspace's root.", min_length=1)
    ignore: tuple[str, ...] = plugin.field("Names to leave out.", default=())


@plugin.dependency("tree", key="path")
def tree(config: TreeConfig, context: plugin.ExpandContext) -> plugin.Expansion:
    """Everything below a folder."""
    left_out = [f"!{config.path}/**/{name}" for name in config.ignore]
    return plugin.Expansion(globs=[f"{config.path}/**", *left_out])
