"""`hpi detectors`: which issues can be found, and the manual page of each."""

from __future__ import annotations

import argparse
import sys

from hpi_core.cli.command import Command
from hpi_core.exit_codes import ExitCode


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("issue", nargs="?", metavar="ISSUE", help="print the manual page of the detector of this issue")


def _run(args: argparse.Namespace) -> ExitCode:
    from hpi_core.cli.ink import Column, Ink
    from hpi_core.detectors import listing, page

    if args.issue:
        sys.stdout.write(page(args.issue))
        return ExitCode.OK
    ink = Ink.for_stdout()
    headings = ("issue", "tag", "severity", "scope", "what")
    rows = [[entry[name] for name in ("issue", "tag", "severity", "scope", "title")] for entry in listing()]
    ink.table([Column(heading) for heading in headings], rows)
    sys.stdout.write(ink.page())
    return ExitCode.OK


COMMAND = Command("detectors", "list the detectors, or print the manual page of one", _arguments, _run, order=40)
