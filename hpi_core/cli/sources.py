"""`hpi sources`: which kinds of source can be read."""

from __future__ import annotations

import argparse
import sys

from hpi_core.cli.command import Command
from hpi_core.exit_codes import ExitCode


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "What a file is, is decided by its content, not by its name."


def _run(_args: argparse.Namespace) -> ExitCode:
    import hpi_core.readers
    from hpi_core.plugins import discover
    from hpi_core.readers.contract import Reader, StoreReader

    discovery = discover(hpi_core.readers, "READER")
    readers = [reader for reader in discovery.found if isinstance(reader, (Reader, StoreReader))]
    width = max((len(reader.name) for reader in readers), default=0)
    for reader in sorted(readers, key=lambda reader: reader.name):
        sys.stdout.write(f"{reader.name:<{width}}  {reader.about}\n")
    for module, reason in discovery.failed:
        sys.stderr.write(f"{module} cannot be loaded: {reason}\n")
    return ExitCode.OK


COMMAND = Command("sources", "list the kinds of source that can be read", _arguments, _run, order=50)
