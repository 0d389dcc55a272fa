"""A dependency type, a verb and a flag that do as little as they can."""

from __future__ import annotations

from purlin import plugin


class Settings(plugin.Config):
    """What the workspace says of this plugin."""

    counter: str | None = plugin.field("A file that gets a line for each question", default=None)


settings = plugin.configuration(Settings)


class Folder(plugin.Config):
    """A folder."""

    path: str = plugin.field("The folder", min_length=1)
    ignore: tuple[str, ...] = plugin.field("Names to leave out", default=())


@plugin.dependency("folder", key="path")
def folder(config: Folder, context: plugin.ExpandContext) -> plugin.Expansion:
    """Everything below a folder"""
    if counter := settings().counter:
        with open(f"{context.root}/{counter}", "a") as file:
            file.write("asked\n")
    left_out = [f"!{config.path}/**/{name}" for name in config.ignore]
    return plugin.Expansion(globs=[f"{config.path}/**", *left_out])


@plugin.subcommand("measured")
def measured(args: plugin.Data, context: plugin.SubcommandContext) -> int:
    """Does nothing"""
    return 0


@plugin.argument("measured", on=["run"], edits=["/names"])
def nothing(
    value: bool, request: plugin.Data, context: plugin.ArgumentContext
) -> tuple[plugin.Edit, ...]:
    """Changes nothing"""
    return ()
