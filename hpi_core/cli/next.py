"""`hpi next`: the next experiment: what to change in the search space and why, and configurations to run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hpi_core.cli.command import Command
from hpi_core.cli.export import refuse_the_source
from hpi_core.cli.inspect_source import add_threshold_argument, inspect_sweep
from hpi_core.cli.source import add_source_arguments, open_sweep, source_locations
from hpi_core.exit_codes import ExitCode
from hpi_core.json_text import json_text

if TYPE_CHECKING:
    from hpi_core.cli.ink import Ink, Style
    from hpi_core.next_experiment import Plan
    from hpi_core.next_experiment.model import Row

_STYLES: Mapping[str, Style] = {
    "cut": "error",
    "avoid": "error",
    "drop": "error",
    "expand": "good",
    "shrink": "warn",
    "watch": "warn",
}
# More parameters that stay are named in one paragraph.
_MOST_KEPT = 8


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    add_threshold_argument(parser)
    group = parser.add_argument_group("next experiment")
    group.add_argument("--trials", type=_count, default=32, metavar="N", help="new configurations (default: 32)")
    group.add_argument("--repeats", type=_count, default=2, metavar="N", help="of each of the best three (default: 2)")
    group.add_argument("--seed", type=int, default=0, metavar="N", help="another spread of configurations")
    group.add_argument(
        "--sampler",
        choices=("sobol", "tpe"),
        default="sobol",
        help="how new configurations are chosen: evenly, or by Optuna (needs the extra hpi-tui[optuna])",
    )
    group = parser.add_argument_group("output")
    group.add_argument(
        "--format", default="table", metavar="FORMAT", help="table, csv, wandb, optuna, ray, hydra, slurm"
    )
    group.add_argument("-o", "--output", default="-", metavar="FILE", help="where to write it (default: stdout)")
    group.add_argument("--json", action="store_true", help="the whole plan as strict JSON")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) > 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 10,000")
    return int(text)


def _run(args: argparse.Namespace) -> ExitCode:
    from hpi_core.next_experiment import plan_next
    from hpi_core.next_experiment.formats import format_named

    format_named(args.format)
    script = args.format == "slurm" and not args.json
    path = Path(args.output)
    # Named after the script, so that two of them in one folder keep their own.
    beside = [path.with_name(f"{path.stem}_configurations.csv")] if script and args.output != "-" else []
    for target in (path, *beside) if args.output != "-" else ():
        refuse_the_source(str(target), source_locations(args))
    inspection = inspect_sweep(open_sweep(args), args)
    plan = plan_next(inspection, trials=args.trials, seed=abs(args.seed), repeats=args.repeats, sampler=args.sampler)
    text = _text(plan, args)
    if args.output == "-":
        sys.stdout.write(_harmless(text) if sys.stdout.isatty() else text)
        return ExitCode.OK
    from hpi_core.atomic import write_atomically

    if beside:
        from hpi_core.next_experiment import render, slurm

        text = slurm.render(plan, beside[0].name)
        write_atomically(beside[0], render(plan, "csv").encode("utf-8"))
    write_atomically(path, text.encode("utf-8"))
    written = [path, *beside]
    sys.stderr.write(f"{' and '.join(one.name for one in written)} written.\n")
    return ExitCode.OK


def _harmless(text: str) -> str:
    """Return the text with what a terminal would obey made visible; files and pipes get values as they are."""
    from hpi_core.text import safe

    return "".join(f"{safe(line, 8 * len(line) + 8)}\n" for line in text.split("\n")[:-1])


def _text(plan: Plan, args: argparse.Namespace) -> str:
    from hpi_core.next_experiment import render

    if args.json:
        from hpi_core.next_experiment.records import plan_record

        return json_text(plan_record(plan))
    if args.format == "table" and args.output == "-":
        from hpi_core.cli.ink import Ink

        return next_page(plan, Ink.for_stdout())
    return render(plan, args.format)


def next_page(plan: Plan, ink: Ink) -> str:
    """Return the page: what to change, one parameter a block, then what would be run."""
    from hpi_core.numerals import plural

    ink.spans((plan.source, "bold"))
    rows = plan.rows
    ink.paragraph(
        f"{plural(sum(row.changed for row in rows), 'parameter')} to change in the next sweep", "dim", indent=0
    )
    ink.heading("Search space", "now → next, and why")
    kept = [row for row in rows if row.actions == ("keep",)]
    for row in rows:
        if row not in kept or len(kept) <= _MOST_KEPT:
            _add_row(row, ink)
    if len(kept) > _MOST_KEPT:
        ink.spans(("keep   ", "dim"), (f"{len(kept)} others as they are", "plain"), indent=2)
        ink.paragraph(", ".join(row.parameter for row in kept), "dim", indent=9)
    _add_configurations(plan, ink)
    if plan.notes:
        ink.heading("Notes")
        for note in plan.notes:
            ink.paragraph(note, first="· ")
    return ink.page()


def _add_row(row: Row, ink: Ink) -> None:
    """Add a parameter, now → next, and below it what is done step by step, each with its evidence."""
    first = row.steps[0]
    moved = f"{row.current} → {'as it is' if row.stays else row.recommended}"
    style = _STYLES.get(first.action, "dim")
    fits = len(f"{row.parameter}{moved}") + 11 <= ink.width
    beside = f"  {moved}" if fits else ""
    ink.spans((f"{first.action:<7}", style), (row.parameter, "bold"), (beside, "plain"), indent=2)
    if not fits:
        ink.paragraph(moved, indent=9)
    for step in row.steps:
        sure = "" if step.confidence == "none" else f" ({step.confidence})"
        if len(row.steps) > 1:
            to = "" if step.to in (row.recommended, step.now) else f" to {step.to}"
            ink.spans((f"{step.action}{to}{sure}", _STYLES.get(step.action, "dim")), indent=9)
            sure = ""
        for at, reason in enumerate(step.reasons if step.action != "keep" else ()):
            told = f"{reason}{sure}" if at == len(step.reasons) - 1 else reason
            ink.paragraph(told, "dim", first="· ", indent=9)


def _add_configurations(plan: Plan, ink: Ink) -> None:
    from hpi_core.next_experiment import export_formats
    from hpi_core.numerals import plural

    if not plan.configurations:
        return
    counted: dict[str, int] = {}
    for configuration in plan.configurations:
        counted[configuration.purpose] = counted.get(configuration.purpose, 0) + 1
    words = {"search": "new configuration", "repeat": "repetition", "probe": "probe"}
    ink.heading("To run", ", ".join(plural(n, words[purpose]) for purpose, n in counted.items()))
    told = [c.note for c in plan.configurations if c.note]
    for note in list(dict.fromkeys(told))[:8]:
        ink.paragraph(note, first="· ")
    others = ", ".join(one.name for one in export_formats() if one.name != "table")
    ink.paragraph(f"The configurations and the space for other tools: --format {others}", "dim")


COMMAND = Command("next", "plan the next sweep: a better search space and configurations", _arguments, _run, order=16)
