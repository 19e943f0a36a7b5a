"""`hpi export`: the trials a filter lets through, as a table in a file of one's own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hpi_core.cli.command import Command
from hpi_core.cli.source import add_source_arguments, open_sweep, source_locations
from hpi_core.errors import UsageError
from hpi_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import polars as pl

FORMATS = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="table.csv, table.parquet or table.jsonl; - for stdout"
    )
    group.add_argument("--format", choices=sorted(set(FORMATS.values())), help="where the file's name does not say it")


def _run(args: argparse.Namespace) -> ExitCode:
    from hpi_core import frames
    from hpi_core.numerals import plural
    from hpi_core.table_formats import table_bytes

    chosen = _format(args)
    if args.output != "-":
        refuse_the_source(args.output, source_locations(args))
    sweep = open_sweep(args)
    table: pl.DataFrame = sweep.trials.drop(frames.ROW, frames.STATUS)
    data = table_bytes(table, chosen)
    if args.output == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        from hpi_core.atomic import write_atomically

        write_atomically(Path(args.output), data)
    sys.stderr.write(f"{plural(table.height, 'trial')} written.\n")
    return ExitCode.OK


def refuse_the_source(output: str, sources: list[str]) -> None:
    """Stop before a source is overwritten.

    Raises:
        UsageError: `output` is one of the sources.
    """
    for source in sources:
        try:
            same = Path(output).exists() and Path(output).samefile(source)
        except OSError:
            continue
        if same:
            raise UsageError(f"{output} is the source itself, which is never written.", "Name another file.")


def _format(args: argparse.Namespace) -> str:
    if args.format:
        return str(args.format)
    if args.output == "-":
        return "csv"
    suffix = Path(args.output).suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(
            f"{args.output} does not say what kind of table to write.",
            f"End the name in {', '.join(FORMATS)}, or add --format.",
        )
    return FORMATS[suffix]


COMMAND = Command("export", "write the trials that a filter lets through to a table", _arguments, _run, order=20)
