"""`hpi inspect`: what a sweep holds, which trials are sick, what they share, and what to do about it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from hpi_core.cli.command import Command
from hpi_core.cli.narration import Narration
from hpi_core.cli.source import add_source_arguments, narrowed, open_whole
from hpi_core.exit_codes import ExitCode

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection
    from hpi_core.sweep import Sweep


def add_threshold_argument(parser: argparse.ArgumentParser) -> None:
    """Declare `--set`."""
    parser.add_argument(
        "--set",
        dest="thresholds",
        action="append",
        default=[],
        metavar="ISSUE.THRESHOLD=VALUE",
        help="change a detector's threshold (`hpi detectors ISSUE` names them); may be repeated",
    )


def inspect_sweep(sweep: Sweep, args: argparse.Namespace) -> Inspection:
    """Inspect with the thresholds of the configuration and of the command line, which has the last word."""
    import hpi_core
    from hpi_core.detectors import parse_thresholds
    from hpi_core.settings import load_config

    config = load_config(sweep.source.location)
    for note in config.notes:
        sys.stderr.write(f"{note}\n")
    configured = parse_thresholds(f"{name}={value}" for name, value in _flat(config.thresholds))
    with Narration() as narrate:
        return hpi_core.inspect(sweep, thresholds={**configured, **parse_thresholds(args.thresholds)}, progress=narrate)


def _flat(thresholds: dict[str, object]) -> list[tuple[str, object]]:
    """Return `issue.name`, value of thresholds written either flat or in one table per issue."""
    flat: list[tuple[str, object]] = []
    for issue, value in thresholds.items():
        if isinstance(value, dict):
            flat += [(f"{issue}.{name}", inner) for name, inner in value.items()]
        else:
            flat.append((issue, value))
    return flat


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    add_threshold_argument(parser)
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="the summary as strict JSON (`hpi schema` describes it)")
    group.add_argument("--all", action="store_true", help="leave nothing out of the lists")


def _run(args: argparse.Namespace) -> ExitCode:
    whole = open_whole(args)
    from hpi_core.cli.triage import triage_counts
    from hpi_core.json_text import json_text
    from hpi_core.summary import summarize

    counts = triage_counts(whole, args.where)
    summary = summarize(inspect_sweep(narrowed(whole, args), args), counts, everything=args.all)
    if args.json:
        sys.stdout.write(json_text(summary))
        return ExitCode.OK
    from hpi_core.cli.ink import Ink
    from hpi_core.cli.page import inspection_page

    sys.stdout.write(inspection_page(summary, Ink.for_stdout(), everything=args.all))
    return ExitCode.OK


COMMAND = Command(
    "inspect", "show what a sweep holds, which trials are sick and what they share", _arguments, _run, order=10
)
