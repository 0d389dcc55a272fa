"""Plugins for Purlin: `from purlin import plugin`."""
