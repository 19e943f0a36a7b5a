"""`hpi check`: a gate for scripts: exit 0 if the sweep is healthy enough, 1 if not or if nothing could be judged.

Nothing can be judged where no detector had what it needs, or where no trial has ended by itself.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from hpi_core.cli.command import Command
from hpi_core.cli.inspect_source import add_threshold_argument, inspect_sweep
from hpi_core.cli.source import add_source_arguments, open_sweep
from hpi_core.exit_codes import ExitCode

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    add_threshold_argument(parser)
    group = parser.add_argument_group("gate")
    group.add_argument(
        "--fail-on",
        choices=("error", "warn"),
        default="error",
        help="the least severity that counts as sick (default: error)",
    )
    group.add_argument(
        "--max-sick-rate",
        type=_rate,
        metavar="X",
        help="the share of judged trials, 0 to 1, that may be sick (default: none, and no issue of the whole sweep)",
    )


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return rate


def _run(args: argparse.Namespace) -> ExitCode:
    passed, why = gate(inspect_sweep(open_sweep(args), args), args.fail_on, args.max_sick_rate)
    from hpi_core.text import safe

    sys.stdout.write(f"{'passed' if passed else 'failed'}: {safe(why)}\n")
    return ExitCode.OK if passed else ExitCode.GATE_FAILED


def gate(inspection: Inspection, fail_on: str, allowed_rate: float | None) -> tuple[bool, str]:
    """Return whether the sweep passes, and why, in one line.

    Without a rate, issues of the sweep as a whole fail the gate, too; with one, the rate alone decides.
    """
    from hpi_core.inspection.caveats import nothing_finished
    from hpi_core.numerals import percent, plural

    if unfinished := nothing_finished(inspection.sweep):
        return False, f"every trial {unfinished}, so nothing is known about the health of this sweep"
    judged = inspection.sweep.trials.height - inspection.unassessed
    if judged <= 0 or not inspection.assessed:
        return False, "no detector could judge any trial, so nothing is known about the health of this sweep"
    serious = ("error",) if fail_on == "error" else ("error", "warn")
    whole = [i for i in inspection.issues if i.scope == "sweep" and i.severity in serious and i.diagnostic]
    if whole and allowed_rate is None:
        return False, f"{whole[0].issue}: {whole[0].evidence or whole[0].title}"
    sick = sum(inspection.worst.get(severity, 0) for severity in serious)
    most = allowed_rate or 0.0
    allowed = "none allowed" if most == 0 else f"at most {percent(most)} allowed"
    share = f"{sick:,} of {plural(judged, 'judged trial')} sick ({percent(sick / judged)})"
    said = f"{share} at {fail_on} or worse, {allowed}"
    if sick:
        named = [i for i in inspection.issues if i.scope == "trial" and i.severity in serious and i.diagnostic]
        said += "; " + ", ".join(f"{issue.issue} {issue.count:,}" for issue in named[:4])
    return sick <= most * judged, said


COMMAND = Command("check", "pass or fail a sweep, for scripts and pipelines", _arguments, _run, order=30)
