"""`hpi experiments`: which experiments (studies, projects) a store holds, for `--experiment` to pick one."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hpi_core.cli.command import Command
from hpi_core.exit_codes import ExitCode
from hpi_core.json_text import json_text

if TYPE_CHECKING:
    from hpi_core.readers.contract import Experiment


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="a store: mlruns/, mlflow.db, study.db, an address")
    parser.add_argument("--json", action="store_true", help="print one JSON object per experiment")
    parser.epilog = "hpi inspect SOURCE --experiment NAME (or the id) reads one of them; so does hpi-tui."


def _run(args: argparse.Namespace) -> ExitCode:
    from hpi_core.cli.narration import Narration
    from hpi_core.readers._reading import list_experiments

    with Narration() as narration:
        found = list_experiments(args.source, progress=narration)
    if args.json:
        for one in found:
            sys.stdout.write(json_text(_record(one), indent=None))
        return ExitCode.OK
    from hpi_core.cli.ink import Column, Ink

    ink = Ink.for_stdout()
    headings = [Column("name"), Column("id"), Column("trials", right=True), Column("started"), Column("state")]
    ink.table(headings, [[one.name, one.id, f"{one.trials:,}", _day(one.started), one.state] for one in found])
    sys.stdout.write(ink.page())
    return ExitCode.OK


def _record(one: Experiment) -> dict[str, object]:
    return {"name": one.name, "id": one.id, "trials": one.trials, "started": one.started, "state": one.state}


def _day(seconds: float | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


COMMAND = Command("experiments", "list the experiments or studies that a store holds", _arguments, _run, order=45)
