"""`hpi importance`: which hyperparameters matter, for what, which way, and how sure that is."""

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


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    add_threshold_argument(parser)
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="strict JSON instead of a page")
    group.add_argument("--all", action="store_true", help="leave nothing out of the lists")


def _run(args: argparse.Namespace) -> ExitCode:
    found = importance_of(inspect_sweep(open_sweep(args), args))
    if args.json:
        sys.stdout.write(json_text(found))
        return ExitCode.OK
    from hpi_core.cli.importance_page import importance_page
    from hpi_core.cli.ink import Ink

    sys.stdout.write(importance_page(found, Ink.for_stdout(), everything=args.all))
    return ExitCode.OK


def importance_of(inspection: Inspection) -> dict[str, Any]:
    """Return everything there is to say on importance, as plain data."""
    from hpi_core.importance import param_correlations
    from hpi_core.importance.records import correlation_records, importance_records, interaction_records
    from hpi_core.inspection.caveats import beyond_issues
    from hpi_core.inspection.issues import blamed, noted
    from hpi_core.numerals import rounded

    sweep, weighing = inspection.sweep, inspection.weighing
    objective = sweep.roles.objective
    shown = [*blamed(inspection.issues), *noted(inspection.issues)]
    metrics = None if objective is None else [objective.metric]
    return {
        "schema": "hpi.importance/1",
        "source": {"kind": sweep.source.kind, "name": sweep.source.name, "fingerprint": sweep.source.fingerprint},
        "objective": None
        if objective is None or objective.direction is None
        else {"metric": objective.metric, "direction": objective.direction, "from": objective.origin},
        "trials": {
            "total": sweep.trials.height,
            "ranked": weighing.ranked,
            "worst": weighing.worst,
            "left_out": weighing.left_out,
        },
        "top_share": rounded(weighing.top_share) if weighing.entries else None,
        "importance": importance_records(weighing.entries),
        "interactions": interaction_records(weighing.interactions),
        "correlations": correlation_records(param_correlations(inspection, metrics=metrics, issues=shown)),
        "notes": list(dict.fromkeys([*weighing.notes, *beyond_issues(inspection)])),
    }


COMMAND = Command("importance", "show which hyperparameters matter, with intervals", _arguments, _run, order=14)
