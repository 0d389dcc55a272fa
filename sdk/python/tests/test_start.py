"""What a plugin imports until its first answer: time flakes, modules do not."""

from __future__ import annotations

import subprocess
import sys
import unittest

from .support import initialized


class Start(unittest.TestCase):
    def test_no_module_is_imported_but_the_sdk_and_parts_of_the_interpreter(self) -> None:
        command = [sys.executable, "-I", "-c", "import sys; print(*sys.modules)"]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        bare = set(ran.stdout.split())
        with initialized(module="modules") as host:
            modules = host.expand("modules")["result"]["values"]
        own = {name for name in modules if name.partition(".")[0] == "purlin"}
        self.assertEqual(
            set(modules) - bare - own - set(sys.builtin_module_names),
            {"modules", "__future__", "_json"} - bare - set(sys.builtin_module_names),
        )
        self.assertEqual(
            own,
            {
                "purlin",
                "purlin._process",
                "purlin._process.calls",
                "purlin._process.channel",
                "purlin._process.server",
                "purlin._process.wire",
                "purlin.plugin",
                "purlin.plugin._cache",
                "purlin.plugin._context",
                "purlin.plugin._data",
                "purlin.plugin._error",
                "purlin.plugin._message",
                "purlin.plugin._points",
                "purlin.plugin._record",
                "purlin.plugin._registry",
            },
        )


if __name__ == "__main__":
    unittest.main()
