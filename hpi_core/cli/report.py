"""`hpi report`: what was found out about a sweep as a document to keep and to send."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from hpi_core.cli.command import Command
from hpi_core.cli.export import refuse_the_source
from hpi_core.cli.inspect_source import add_threshold_argument, inspect_sweep
from hpi_core.cli.source import add_source_arguments, narrowed, open_whole, source_locations
from hpi_core.exit_codes import ExitCode


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    add_threshold_argument(parser)
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o",
        "--output",
        default="hparam_report.md",
        metavar="FILE",
        help="where to write it; - for stdout (default: hparam_report.md)",
    )
    group.add_argument("--date", action="store_true", help="put today's date into it")


def _run(args: argparse.Namespace) -> ExitCode:
    from hpi_core import __version__
    from hpi_core.cli.triage import triage_counts
    from hpi_core.report import Making, render
    from hpi_core.summary import summarize

    if args.output != "-":
        refuse_the_source(args.output, source_locations(args))
    whole = open_whole(args)
    counts = triage_counts(whole, args.where)
    summary = summarize(inspect_sweep(narrowed(whole, args), args), counts)
    today = date.today().isoformat() if args.date else None
    text = render(summary, args.output, Making(__version__, _options(args), today))
    if args.output == "-":
        sys.stdout.write(text)
        return ExitCode.OK
    from hpi_core.atomic import write_atomically

    write_atomically(Path(args.output), text.encode("utf-8"))
    sys.stderr.write(f"{args.output} written.\n")
    return ExitCode.OK


def _options(args: argparse.Namespace) -> str:
    """Return the options that shaped the content, as they would be typed; no file names."""
    said = [f"--objective {args.objective}"] if args.objective else []
    if args.direction:
        said.append("--minimize" if args.direction == "min" else "--maximize")
    said += [f"--role {role}" for role in args.roles]
    said += [f"--set {threshold}" for threshold in args.thresholds]
    if args.where:
        said.append(f"--where {args.where}")
    if args.complete:
        said.append("--complete")
    return " ".join(said) or "none"


COMMAND = Command("report", "write a report of what was found", _arguments, _run, order=25)
