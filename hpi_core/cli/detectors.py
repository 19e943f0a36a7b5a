"""`hpi detectors`: which issues can be found, and the manual page of each."""

from __future__ import annotations

import argparse
import sys
import textwrap
from itertools import groupby

from hpi_core.cli.command import Command
from hpi_core.exit_codes import ExitCode

# From this width on there is room for what a detector finds beside its name.
_BESIDE = 120


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("issue", nargs="?", metavar="ISSUE", help="print the manual page of the detector of this issue")


def _run(args: argparse.Namespace) -> ExitCode:
    from hpi_core.cli.ink import Column, Ink
    from hpi_core.detectors import listing, page

    if args.issue:
        sys.stdout.write(_wrapped(page(args.issue), Ink.for_stdout().width))
        return ExitCode.OK
    ink = Ink.for_stdout()
    columns = [Column("issue", whole=True), Column("tag"), Column("severity"), Column("scope")]
    rows = [[entry[name] for name in ("issue", "tag", "severity", "scope")] for entry in listing()]
    titles = [entry["title"] for entry in listing()]
    if ink.width >= _BESIDE or not sys.stdout.isatty():  # what reads a pipe wants a line each
        rows = [[*row, title] for row, title in zip(rows, titles, strict=True)]
        ink.table([*columns, Column("what", whole=True)], rows)
    else:
        ink.table(columns, rows, notes=[f"  {title}" for title in titles])
    sys.stdout.write(ink.page())
    return ExitCode.OK


def _wrapped(text: str, width: int) -> str:
    """Wrap a manual page anew: indented lines that follow each other at one indent are one paragraph."""
    lines: list[str] = []
    for indent, group in groupby(text.splitlines(), key=lambda line: len(line) - len(line.lstrip())):
        apart = [line.strip() for line in group]
        paragraphs = [" ".join(apart)] if indent else apart
        for said in paragraphs:
            wrapped = textwrap.wrap(said, max(16, width - indent), break_on_hyphens=False) or [""]
            lines += [f"{'':{indent}}{line}" for line in wrapped]
    return "\n".join(lines) + "\n"


COMMAND = Command("detectors", "list the detectors, or print the manual page of one", _arguments, _run, order=40)
