"""The protocol of `docs/reference/protocol.md`, version 1, from the plugin's side."""
