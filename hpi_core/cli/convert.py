"""`hpi convert`: any source as a folder of Parquet files that opens at once."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hpi_core.cli.command import Command
from hpi_core.cli.narration import Narration
from hpi_core.cli.source import add_source_arguments, open_sweep, source_locations
from hpi_core.errors import UsageError
from hpi_core.exit_codes import ExitCode


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    parser.add_argument("folder", metavar="OUT_FOLDER", help="a new folder for trials.parquet, curves.parquet, …")


def _run(args: argparse.Namespace) -> ExitCode:
    from hpi_core import frames
    from hpi_core.conversion import convert
    from hpi_core.numerals import plural

    _refuse_inside(args.folder, source_locations(args))
    sweep = open_sweep(args)
    with Narration() as narrate:
        convert(sweep, Path(args.folder), progress=narrate)
    points = 0 if sweep.curves is None else sweep.curves.select(frames.ROW).collect().height
    curves = f" with {plural(points, 'curve point')}" if points else ""
    sys.stderr.write(f"{plural(sweep.trials.height, 'trial')}{curves} written to {args.folder}.\n")
    return ExitCode.OK


def _refuse_inside(folder: str, sources: list[str]) -> None:
    """Stop before anything is written into a source.

    Raises:
        UsageError: the folder is one of the sources or lies in one.
    """
    target = Path(folder).resolve()
    for source in sources:
        place = Path(source).resolve()
        if place.is_dir() and target.is_relative_to(place) and target != place.parent:
            raise UsageError(f"{folder} lies in the source {source}, which is never written.", "Name another folder.")


COMMAND = Command(
    "convert", "write a source as a folder of Parquet files that opens at once", _arguments, _run, order=25
)
