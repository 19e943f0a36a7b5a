"""The chat's tools, one file each, found by walking this package."""

from __future__ import annotations

from functools import cache

from hpi_core.chat.tools.contract import Tool


@cache
def tools() -> dict[str, Tool]:
    """Return every tool by name, names sorted."""
    import hpi_core.chat.tools
    from hpi_core.plugins import discover

    found = [tool for tool in discover(hpi_core.chat.tools, "TOOL").found if isinstance(tool, Tool)]
    return {tool.name: tool for tool in sorted(found, key=lambda tool: tool.name)}
