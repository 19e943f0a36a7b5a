"""`hpi schema`: the JSON Schema of what `hpi inspect --json` prints."""

from __future__ import annotations

import argparse
import sys

from hpi_core.cli.command import Command
from hpi_core.exit_codes import ExitCode


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "The schema is versioned: within a version fields are added, never removed or renamed."


def _run(_args: argparse.Namespace) -> ExitCode:
    from hpi_core.summary import schema_text

    sys.stdout.write(schema_text())
    return ExitCode.OK


COMMAND = Command("schema", "print the JSON Schema of `hpi inspect --json`", _arguments, _run, order=60)
