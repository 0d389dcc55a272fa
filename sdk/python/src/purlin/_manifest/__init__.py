"""Derives a plugin's manifest and schemas from its code. Not part of what a plugin starts."""
