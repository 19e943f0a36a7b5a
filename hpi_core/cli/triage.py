"""`hpi triage`: what was decided about trials: list it, change it, and export what is to be run again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpi_core.cli.command import Command
from hpi_core.cli.export import refuse_the_source
from hpi_core.cli.source import add_source_arguments, open_whole, source_locations
from hpi_core.errors import UsageError
from hpi_core.exit_codes import ExitCode
from hpi_core.json_text import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from hpi_core.sweep import Sweep
    from hpi_core.triage import Decisions, TrialKey

VERDICTS = {"acknowledge": "acknowledged", "rerun": "rerun", "ignore": "ignored", "clear": None}


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    group = parser.add_argument_group("deciding (on the named trials, or with --where on all that match)")
    verdict = group.add_mutually_exclusive_group()
    words = {"acknowledge": "seen and accepted", "rerun": "to be run again", "ignore": "not worth looking at"}
    for name in VERDICTS:
        said = words.get(name, "take the verdict back; notes stay")
        verdict.add_argument(f"--{name}", nargs="*", metavar="TRIAL", help=said)
    group.add_argument("--note", nargs="+", metavar=("TEXT", "TRIAL"), help="write a note; an empty one is taken away")
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="the decisions that stand, as JSON")
    group.add_argument(
        "--export",
        action="append",
        default=[],
        metavar="FILE",
        help="the trials marked rerun: configurations (FILE.csv), or a SLURM array script with its CSV (FILE.sh)",
    )


def _run(args: argparse.Namespace) -> ExitCode:
    from hpi_core.triage import Decisions, decisions_folder, trial_keys

    for output in args.export:
        if Path(output).suffix.lower() not in (".csv", ".sh"):
            raise UsageError(f"{output} is neither a .csv nor a .sh.", "For example --export rerun.csv")
        for written in (output, str(Path(output).with_suffix(".csv"))):
            refuse_the_source(written, source_locations(args))
    sweep = open_whole(args)
    keys = trial_keys(sweep)
    decisions = Decisions.open(decisions_folder(sweep))
    warn_of_lost_decisions(decisions, keys)
    decided = _decide(sweep, decisions, keys, args)
    for output in args.export:
        _export(sweep, decisions, keys, Path(output))
    if args.json or not (decided or args.export):
        _list(sweep, decisions, keys, args)
    return ExitCode.OK


def warn_of_lost_decisions(decisions: Decisions, keys: Sequence[TrialKey]) -> None:
    """Tell on stderr of lines that could not be read and of decisions that speak of no trial here."""
    from hpi_core.numerals import plural
    from hpi_core.triage import unmatched

    if decisions.damaged:
        said = plural(decisions.damaged, "damaged line")
        sys.stderr.write(f"{said} among the decisions set aside; all others were read.\n")
    if lost := unmatched(decisions, keys):
        said = plural(lost, "decision")
        sys.stderr.write(f"{said} about no trial of this sweep, or about one whose configuration has changed.\n")


def _decide(sweep: Sweep, decisions: Decisions, keys: Sequence[TrialKey], args: argparse.Namespace) -> bool:
    """Carry out what the command line decides and tell it on stderr; return whether it decided anything."""
    from hpi_core.numerals import plural

    name = next((word for word in VERDICTS if getattr(args, word) is not None), None)
    if name is None and args.note is None:
        return False
    verdict_trials = getattr(args, name) if name else []
    note_trials = (args.note[1:] or verdict_trials) if args.note else []
    # All trials are looked up before anything is written: a misspelt one changes nothing.
    verdict_rows = _chosen(sweep, verdict_trials, args.where) if name else []
    note_rows = _chosen(sweep, note_trials, args.where) if args.note else []
    if name:
        decisions.decide(dict.fromkeys(keys[row] for row in verdict_rows), VERDICTS[name])  # type: ignore[arg-type]
        done = {"clear": "cleared"}.get(name, f"marked {VERDICTS[name]}")
        sys.stderr.write(f"{plural(len(verdict_rows), 'trial')} {done}.\n")
    if args.note:
        decisions.note(dict.fromkeys(keys[row] for row in note_rows), args.note[0])
        sys.stderr.write(f"{plural(len(note_rows), 'trial')} noted.\n")
    return True


def _chosen(sweep: Sweep, trials: Sequence[str], where: str | None) -> list[int]:
    """Return the rows of the named trials, or of those a filter lets through.

    Raises:
        UsageError: neither or both were given, or no trial has one of the ids.
        FilterError: the filter cannot be understood.
    """
    if bool(trials) == bool(where):
        raise UsageError("Which trials?", "Name them after the option, or choose them with --where FILTER.")
    if where:
        from hpi_core.narrow import passing

        return [int(row) for row in passing(sweep, where).arg_true()]
    ids = sweep.trial_ids()
    rows = []
    for trial in dict.fromkeys(trials):
        found = ids.eq(trial).arg_true().to_list()
        if not found:
            sweep.row_of(trial)
        rows += found
    return rows


def _export(sweep: Sweep, decisions: Decisions, keys: Sequence[TrialKey], path: Path) -> None:
    from hpi_core.numerals import plural
    from hpi_core.rerun import write_reruns

    rows = [row for row, key in enumerate(keys) if decisions.of(key).verdict == "rerun"]
    written = write_reruns(sweep, rows, path)
    names = " and ".join(made.name for made in written)
    sys.stderr.write(f"{plural(len(rows), 'configuration')} written to {names}.\n")


def _list(sweep: Sweep, decisions: Decisions, keys: Sequence[TrialKey], args: argparse.Namespace) -> None:
    from hpi_core.narrow import passing
    from hpi_core.triage import decisions_frame, unmatched

    standing = decisions_frame(decisions, keys)
    if args.where:
        rows = passing(sweep, args.where).arg_true()
        standing = standing.filter(standing["_row"].is_in(rows.implode()))
    ids = sweep.trial_ids().gather(standing["_row"])
    if args.json:
        listed = [
            {"trial": trial, "decision": decision, "note": note}
            for trial, (_row, decision, note) in zip(ids, standing.iter_rows(), strict=True)
        ]
        said: dict[str, Any] = {"source": sweep.source.name, "decisions": listed, "counts": decision_counts(standing)}
        said |= {"damaged_lines": decisions.damaged, "unmatched": unmatched(decisions, keys)}
        sys.stdout.write(json_text(said))
        return
    from hpi_core.cli.ink import Column, Ink

    ink = Ink.for_stdout()
    if standing.is_empty():
        ink.paragraph("Nothing has been decided yet.", indent=0)
    cells = [[str(t), d or "–", n or ""] for t, (_row, d, n) in zip(ids, standing.iter_rows(), strict=True)]
    ink.table([Column("trial"), Column("decision"), Column("note")], cells)
    sys.stdout.write(ink.page())


def decision_counts(standing: pl.DataFrame) -> Mapping[str, int]:
    """Return verdict -> number of trials, of a frame of decisions."""
    verdicts = standing["decision"].to_list()
    return {word: verdicts.count(word) for word in VERDICTS.values() if word is not None}


def triage_counts(sweep: Sweep, where: str | None) -> Mapping[str, int]:
    """Return how many trials of a whole sweep, or of those a filter lets through, have each verdict; warn of lost ones.

    Raises:
        FilterError: the filter cannot be understood.
    """
    from hpi_core.narrow import passing
    from hpi_core.triage import Decisions, decisions_folder, decisions_frame, trial_keys

    decisions = Decisions.open(decisions_folder(sweep))
    if not decisions.standing and not decisions.damaged:
        return {}
    keys = trial_keys(sweep)
    warn_of_lost_decisions(decisions, keys)
    standing = decisions_frame(decisions, keys)
    if where:
        standing = standing.filter(standing["_row"].is_in(passing(sweep, where).arg_true().implode()))
    return decision_counts(standing)


COMMAND = Command("triage", "list, make and export decisions about trials", _arguments, _run, order=22)
