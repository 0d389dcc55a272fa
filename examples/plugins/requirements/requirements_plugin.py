"""The dependency type `requirements`: what pip is asked to install.

A command that depends on it runs again when a requirement changes, in whichever included file it
stands, and does not when a comment, the order or an empty line does.
"""

from __future__ import annotations

import os

from purlin import plugin


class RequirementsConfig(plugin.Config):
    """A requirements file."""

    path: str = plugin.field(
        "The file, from the workspace's root. Files that it includes by `-r` or `-c` count, too.",
        min_length=1,
        path=True,
        examples=["requirements.txt"],
    )


@plugin.dependency(
    "requirements",
    key="path",
    about="What a requirements file and the files that it includes ask for",
)
def requirements(config: RequirementsConfig, context: plugin.ExpandContext) -> plugin.Expansion:
    seen: dict[str, set[str]] = {}
    collect(context.root, os.path.normpath(config.path), seen)
    # The answer was made from all of these files: one that is left out here would be one whose
    # changes nobody notices.
    inputs = [literal(path) for path in seen]
    return plugin.Expansion(inputs=inputs, values=sorted(set().union(*seen.values())))


def collect(root: str, path: str, seen: dict[str, set[str]]) -> None:
    """The requirements of a file and of those that it includes, each file once."""
    if path in seen:
        return
    if os.path.isabs(path) or path.startswith(".."):
        raise plugin.InvalidConfig(f"`{path}` is outside the workspace", path="/path")
    try:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise plugin.InvalidConfig(f"`{path}` cannot be read: {error}", path="/path") from error
    found = seen[path] = set()
    for line in text.replace("\\\n", " ").splitlines():
        words = line.split(" #")[0].split()
        if not words or words[0].startswith("#"):
            continue
        included = include(words)
        if included is None:
            found.add(" ".join(words))
        else:
            collect(root, os.path.normpath(os.path.join(os.path.dirname(path), included)), seen)


def include(words: list[str]) -> str | None:
    """The file of `-r FILE`, `--requirement=FILE` and the like."""
    option, _, value = words[0].partition("=")
    if option in {"-r", "-c", "--requirement", "--constraint"}:
        return value or (words[1] if len(words) > 1 else "")
    return None


def literal(path: str) -> str:
    """The pattern that matches this path and no other."""
    return "".join(f"\\{one}" if one in "*?[]{}\\!#" else one for one in path)
