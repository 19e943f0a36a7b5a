"""`hpi sources`: which kinds of source can be read."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import textwrap

from hpi_core.cli.command import Command
from hpi_core.exit_codes import ExitCode


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "What a file is, is decided by its content, not by its name. A word in brackets is an optional extra that "
        "the source, or its addresses on the network, need."
    )


def _run(_args: argparse.Namespace) -> ExitCode:
    import hpi_core.readers
    from hpi_core.plugins import discover
    from hpi_core.readers.contract import Reader, StoreReader

    discovery = discover(hpi_core.readers, "READER")
    readers = [reader for reader in discovery.found if isinstance(reader, (Reader, StoreReader))]
    width = max((len(reader.name) for reader in readers), default=0)
    room = max(24, shutil.get_terminal_size().columns - width - 2)
    for reader in sorted(readers, key=lambda reader: reader.name):
        extra = reader.needs if isinstance(reader, StoreReader) else ""
        # What is to be typed stays in one piece.
        about = f"{reader.about}{_needs(extra)}".replace("[pip install ", "[pip\0install\0")
        lines = textwrap.wrap(about, room, break_on_hyphens=False, break_long_words=False)
        for line, name in zip(lines, (reader.name, *[""] * len(lines)), strict=False):
            sys.stdout.write(f"{name:<{width}}  {line}".replace("\0", " ") + "\n")
    for module, reason in discovery.failed:
        sys.stderr.write(f"{module} cannot be loaded: {reason}\n")
    return ExitCode.OK


def _needs(extra: str) -> str:
    """Say which optional extra a source needs, and how to get it where it is not installed."""
    if not extra:
        return ""
    return f" [{extra}: installed]" if is_installed(extra) else f" [pip install 'hpi-tui[{extra}]']"


def is_installed(extra: str) -> bool:
    """Say whether everything that an optional extra of ours asks for is installed."""
    from importlib.metadata import PackageNotFoundError, requires, version

    try:
        wanted = [line for line in requires("hpi-tui") or [] if f"extra == '{extra}'" in line.replace('"', "'")]
        for line in wanted:
            version(re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0])
    except PackageNotFoundError:
        return False
    return bool(wanted)


COMMAND = Command("sources", "list the kinds of source that can be read", _arguments, _run, order=50)
