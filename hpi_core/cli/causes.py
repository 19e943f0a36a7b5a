"""`hpi causes`: which ranges and values make trials sick, and which make results bad or good, with what it rests on."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from hpi_core.cli.command import Command
from hpi_core.cli.inspect_source import add_threshold_argument, inspect_sweep
from hpi_core.cli.source import add_source_arguments, open_sweep
from hpi_core.exit_codes import ExitCode
from hpi_core.json_text import json_text

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection

PARTS = (
    "source", "trials", "issues", "causes", "pairs", "explained", "leads", "objective_causes", "objective_explained",
    "objective_leads", "outcomes", "info_causes", "info_explained", "caveats",
)  # fmt: skip


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    add_threshold_argument(parser)
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="strict JSON instead of a page")
    group.add_argument("--all", action="store_true", help="leave nothing out of the lists")


def _run(args: argparse.Namespace) -> ExitCode:
    found = causes_of(inspect_sweep(open_sweep(args), args), everything=args.all)
    if args.json:
        sys.stdout.write(json_text(found))
        return ExitCode.OK
    from hpi_core.cli.causes_page import causes_page
    from hpi_core.cli.ink import Ink

    sys.stdout.write(causes_page(found, Ink.for_stdout(), everything=args.all))
    return ExitCode.OK


def causes_of(inspection: Inspection, *, everything: bool = False) -> dict[str, Any]:
    """Return all there is to say on causes as plain data, its parts as in the summary; `everything` names all trials.

    `tested` is the number of tests that share one false discovery rate; `searched` are the issues that were looked at,
    `noted` those beside them that make nobody sick.
    """
    from hpi_core.inspection.issues import blamed, noted
    from hpi_core.summary import summarize

    summary = summarize(inspection, everything=everything)
    objective = summary["roles"]["objective"]
    return {
        "schema": "hpi.causes/1",
        "objective": objective,
        "searched": blamed(inspection.issues),
        "noted": noted(inspection.issues),
        "tested": inspection.tested,
        **{part: summary[part] for part in PARTS},
    }


COMMAND = Command("causes", "show which ranges make trials sick, and results bad or good", _arguments, _run, order=13)
