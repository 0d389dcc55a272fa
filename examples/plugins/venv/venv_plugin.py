"""The environment type `venv`: a virtual environment of Python with what a requirements file names.

Describing one costs next to nothing and installs nothing: the plugin names the command that does,
which it ships. Purlin runs that before anything runs in the environment, and again when the
requirements change or the folder is gone.
"""

from __future__ import annotations

import os

from purlin import plugin


class VenvConfig(plugin.Config):
    """A virtual environment."""

    requirements: str = plugin.field(
        "The requirements file, from the workspace's root.",
        min_length=1,
        path=True,
        examples=["requirements.txt"],
    )
    folder: str = plugin.field(
        "Where it is, from the workspace's root; `.venv/NAME` unless it is said.",
        default="",
        path=True,
    )


@plugin.environment("venv", about="A virtual environment of Python, made by `python3 -m venv`")
def venv(
    config: VenvConfig, context: plugin.EnvironmentContext
) -> plugin.EnvironmentDescription:
    folder = os.path.normpath(config.folder or f".venv/{context.name}")
    if os.path.isabs(folder) or folder.startswith(".."):
        raise plugin.InvalidConfig(f"`{folder}` is outside the workspace", path="/folder")
    version = version_of(os.path.join(context.root, folder, "pyvenv.cfg"))
    change = plugin.VariableChange
    install = plugin.CommandReference(
        name="venv.install",
        args={"folder": folder, "requirements": os.path.normpath(config.requirements)},
    )
    return plugin.EnvironmentDescription(
        # Which Python made it is known once it is there, and matters to all that runs in it.
        expansion=plugin.Expansion(
            inputs=[literal(f"{folder}/pyvenv.cfg")],
            values=[["python", version]] if version else [],
        ),
        changes=[
            change(operation="set", name="VIRTUAL_ENV", value=f"{{root}}/{folder}"),
            change(operation="prepend", name="PATH", value=f"{{root}}/{folder}/bin"),
            change(operation="unset", name="PYTHONHOME"),
        ],
        root=folder,
        site_packages=site_packages(folder, version) if version else None,
        installed_when=[f"{folder}/bin/python", f"{folder}/pyvenv.cfg"],
        after=[install],
    )


def version_of(config: str) -> str | None:
    """The version that stands in `pyvenv.cfg`; `None` while there is none."""
    try:
        with open(config, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        key, _, value = line.partition("=")
        if key.strip() == "version":
            return value.strip()
    return None


def site_packages(folder: str, version: str) -> str:
    """Where distributions are."""
    major, minor = (version.split(".") + ["0"])[:2]
    return f"{folder}/lib/python{major}.{minor}/site-packages"


def literal(path: str) -> str:
    """The pattern that matches this path and no other."""
    return "".join(f"\\{one}" if one in "*?[]{}\\!#" else one for one in path)
