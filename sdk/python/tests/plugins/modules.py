"""Tells which modules were imported."""

import sys

from purlin import plugin


@plugin.dependency("modules")
def modules(config: plugin.Data, context: plugin.ExpandContext) -> plugin.Expansion:
    return plugin.Expansion(values=sorted(sys.modules))
