"""The options that say what to read and how, and the one way every command turns them into a sweep."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from hpi_core.cli.narration import Narration
from hpi_core.errors import RepairedError, UsageError
from hpi_core.numerals import plural

if TYPE_CHECKING:
    from hpi_core.roles import RoleOverrides
    from hpi_core.sweep import Sweep
    from hpi_core.tables.table import ReadOptions

SOURCE_VARIABLE = "HPATH_RESULTS_CSV"


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare SOURCE and the options on how to read it."""
    parser.add_argument(
        "source",
        nargs="*",
        metavar="SOURCE",
        help=f"files, folders, globs, or - for stdin (without any: ${SOURCE_VARIABLE})",
    )
    group = parser.add_argument_group("reading")
    group.add_argument("--objective", metavar="METRIC", help="the metric trials are ranked by")
    direction = group.add_mutually_exclusive_group()
    direction.add_argument(
        "--minimize", dest="direction", action="store_const", const="min", help="low values of the objective are good"
    )
    direction.add_argument(
        "--maximize", dest="direction", action="store_const", const="max", help="high values of the objective are good"
    )
    group.add_argument(
        "--role",
        dest="roles",
        action="append",
        default=[],
        metavar="COLUMN=ROLE",
        help="what a column is (hyperparameter, metric, id, status, environment, ignored, …); may be repeated",
    )
    group.add_argument(
        "--separator", type=one_character, metavar="CHARACTER", help="what separates the cells: ';', 'tab', 'space', …"
    )
    group.add_argument(
        "--experiment",
        "--study",
        metavar="NAME",
        help="which of a store's experiments or studies to read, by name or id (`hpi experiments` lists them)",
    )
    group.add_argument("--encoding", metavar="NAME", help="the encoding of a text file: utf-16, latin-1, cp1252, …")
    group.add_argument(
        "--curves",
        action="append",
        default=[],
        metavar="FILE",
        help="curves of the trials: CSV, Parquet or JSONL, long or wide (else those beside SOURCE: STEM.curves.csv)",
    )
    group.add_argument(
        "--outside-logs",
        action="store_true",
        help="also open logs that a column names for its trial outside the folder of SOURCE",
    )
    group.add_argument("--complete", action="store_true", help="accept a last record that has no line end")
    group.add_argument("--strict", action="store_true", help="exit with 4 if anything had to be repaired or refused")
    group.add_argument("--where", metavar="FILTER", help="only the trials for which this holds: 'lr > 0.01'")


def open_sweep(args: argparse.Namespace) -> Sweep:
    """Read what the command line names, with the person's word on roles, narrowed by `--where`.

    Raises:
        FilterError: a filter that cannot be understood.
        HpiError: as `open_whole`.
    """
    return narrowed(open_whole(args), args)


def narrowed(sweep: Sweep, args: argparse.Namespace) -> Sweep:
    """Return the trials that pass `--where`, or all where there is no filter.

    Raises:
        FilterError: the filter cannot be understood.
    """
    if not args.where:
        return sweep
    from hpi_core.narrow import narrow

    return narrow(sweep, args.where)


def open_whole(args: argparse.Namespace) -> Sweep:
    """Read what the command line names, with the person's word on roles, whatever `--where` says.

    Raises:
        UsageError: no source, an unknown column or role.
        SourceError: nothing readable.
        RepairedError: `--strict`, and something had to be repaired.
    """
    import hpi_core

    locations = source_locations(args)
    overrides = _overrides(args)
    with Narration() as narrate:
        sweep = hpi_core.read(locations, options=read_options(args), progress=narrate)
    if args.strict and not sweep.mended.is_empty():
        first = sweep.mended.row(0, named=True)
        place = "" if first["line"] is None else f" (line {first['line']:,})"
        raise RepairedError(
            f"{sweep.source.name} needed {plural(sweep.repairs, 'repair')}; the first{place}: {first['message']}",
            "Without --strict it is read as repaired; `hpi inspect --all` shows every repair.",
        )
    overrides = _with_remembered(overrides, sweep)
    if overrides is not None:
        sweep = sweep.with_roles(overrides)
    return sweep


def read_options(args: argparse.Namespace) -> ReadOptions:
    """Return how the person wants the source read."""
    from hpi_core.tables.table import ReadOptions

    curves = tuple(args.curves) or None
    return ReadOptions(args.complete, args.encoding, args.separator, args.experiment, curves, args.outside_logs)


def one_character(text: str) -> str:
    """Return the one character that `text` names, for the command line: `;`, `tab`, `space`."""
    named = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|", "bar": "|"}
    character = named.get(text.lower(), text)
    if len(character) != 1 or character in "\"'\r\n\0":
        raise argparse.ArgumentTypeError(f"{text!r} is not one character (nor tab, space, comma, semicolon or pipe)")
    return character


def source_locations(args: argparse.Namespace) -> list[str]:
    """Return what to read: the named sources, else the one in the environment."""
    if args.source:
        return list(args.source)
    if named := os.environ.get(SOURCE_VARIABLE):
        return [named]
    raise UsageError("No source was named.", f"Name a file or folder, - for stdin, or set {SOURCE_VARIABLE}.")


def _overrides(args: argparse.Namespace) -> RoleOverrides | None:
    from hpi_core.roles import RoleOverrides

    roles = []
    for text in args.roles:
        column, equals, role = text.rpartition("=")
        if not equals or not column or not role:
            raise UsageError(f"--role {text} is not of the form COLUMN=ROLE.", "For example: --role lr=hyperparameter")
        roles.append((column, role))
    if not roles and args.objective is None and args.direction is None:
        return None
    return RoleOverrides(objective=args.objective, direction=args.direction, roles=tuple(roles))


def _with_remembered(overrides: RoleOverrides | None, sweep: Sweep) -> RoleOverrides | None:
    """Return the person's word now, or else what they said about this source before."""
    if overrides is not None:
        return overrides
    from hpi_core.roles import RoleOverrides
    from hpi_core.settings import recall_roles

    said = recall_roles(sweep.source.location)
    columns = set(sweep.trials.columns)
    if not said.anything or (said.objective is not None and said.objective not in columns):
        return None  # what was said about a file that has changed since does not apply any more
    roles = tuple(pair for pair in said.roles if pair[0] in columns)
    return RoleOverrides(said.objective, said.direction, roles, origin="remembered")
