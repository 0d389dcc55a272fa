"""`purlin run --profile NAME` sets process variables, and `purlin profiles` tells which.

A section of `profiles.ini` in the workspace's root is a profile:

    [release]
    CFLAGS = -O2

What is set is in the keys of the commands, so results of two profiles never stand for each other.
"""

from __future__ import annotations

import os
from configparser import ConfigParser, Error

from purlin import plugin

FILE = "profiles.ini"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def read(root: str | None) -> dict[str, dict[str, str]]:
    """The variables of each profile."""
    if root is None:
        raise plugin.NotFound("there is no workspace here, and so there are no profiles")
    parser = ConfigParser(interpolation=None, default_section="")
    # Process variables are told apart by case.
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        with open(os.path.join(root, FILE), encoding="utf-8") as file:
            parser.read_file(file, FILE)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, Error) as error:
        raise plugin.InvalidConfig(f"`{FILE}` cannot be read: {error}") from error
    return {name: dict(parser[name]) for name in parser.sections()}


def choose(profiles: Mapping[str, dict[str, str]], name: str) -> dict[str, str]:
    if name not in profiles:
        known = ", ".join(f"`{one}`" for one in profiles) or "none"
        raise plugin.NotFound(f"there is no profile `{name}` in `{FILE}`, which has {known}")
    return profiles[name]


def names(prefix: str, context: plugin.Context) -> Sequence[str]:
    return [name for name in read(context.plugin.root) if name.startswith(prefix)]


@plugin.argument(
    "profile",
    on=["run"],
    edits=["/env"],
    stage="resolved",
    complete=names,
    about="Run with the process variables of a profile",
)
def profile(
    value: str, request: plugin.Data, context: plugin.ArgumentContext
) -> Sequence[plugin.Edit]:
    variables = choose(read(context.plugin.root), value)
    return [plugin.Edit("/env", dict.fromkeys(request.instances, variables))]


class ProfilesArgs(plugin.Config):
    name: str | None = plugin.positional("A profile", default=None, complete=names)


@plugin.subcommand("profiles", about="List the profiles of profiles.ini, or the variables of one")
def profiles(args: ProfilesArgs, context: plugin.SubcommandContext) -> int:
    found = read(context.root)
    if args.name is None:
        lines = list(found)
    else:
        lines = [f"{name}={value}" for name, value in choose(found, args.name).items()]
    context.output("".join(f"{line}\n" for line in lines))
    return 0
