"""Optuna's journal files: one JSON object per line, each an operation on studies and trials, replayed in order."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers._experiments import choose_experiment
from hpi_core.readers._optuna_operations import Replay
from hpi_core.readers._study import Study
from hpi_core.readers.contract import Experiment
from hpi_core.tables.ledger import Entry
from hpi_core.tables.table import Cancelled, Progress, silent
from hpi_core.text import safe

_BEGINNING = re.compile(rb'\s*\{\s*"op_code"\s*:\s*\d+\s*,\s*"worker_id"\s*:')
# The operations that make studies and trials and say when these began: a small part of a journal.
_COUNTED = re.compile(rb'\s*\{\s*"op_code"\s*:\s*[0146]\s*,')
_OFTEN = 10_000
_LISTED = 20
# A line is one operation; a longer one than this is no journal's.
_LONGEST = 64 << 20


def is_journal(path: Path) -> bool:
    """Say whether a file begins with an operation of a journal, whatever the file is called."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return begins_journal(file.read(256))
    except OSError:
        return False


def begins_journal(head: bytes) -> bool:
    """Say whether these first bytes are an operation of a journal."""
    return _BEGINNING.match(head) is not None


def experiments(path: Path, cancelled: Cancelled) -> list[Experiment]:
    """List the studies of a journal.

    Raises:
        SourceError: it cannot be read.
        Cancelled: the person asked to stop.
    """
    return _replayed(path, [], silent, cancelled, _COUNTED).experiments()


def read_study(path: Path, named: str | None, entries: list[Entry], progress: Progress, cancelled: Cancelled) -> Study:
    """Read one study of a journal; what could not be replayed goes into `entries`.

    Raises:
        SourceError: it cannot be read, holds no study, or none of the name asked for.
        Cancelled: the person asked to stop.
    """
    replay = _replayed(path, entries, progress, cancelled)
    chosen = choose_experiment(replay.experiments(), named, "study", path.name, entries)
    return replay.study(int(chosen.id))


def _replayed(
    path: Path, entries: list[Entry], progress: Progress, cancelled: Cancelled, only: re.Pattern[bytes] | None = None
) -> Replay:
    """Replay the operations of a journal, or only those whose lines begin as `only` says."""
    replay = Replay()
    refused: list[tuple[int, str]] = []
    try:
        size = max(path.stat().st_size, 1)
        done = 0
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(_LONGEST), b""), start=1):
                done += len(line)
                if number % _OFTEN == 0:
                    progress(f"replaying {number:,} operations", 0.85 * done / size)
                    if cancelled():
                        raise ReadingCancelled(f"Reading {safe(path.name)} was stopped.")
                if not line.endswith(b"\n") and len(line) < _LONGEST:
                    entries.append(Entry("incomplete", "the last operation is still being written", line=number))
                    break
                if only is not None and not only.match(line):
                    continue
                if problem := _apply(replay, line):
                    refused.append((number, problem))
    except OSError as error:
        raise SourceError(f"{safe(path.name)} cannot be read ({error.strerror or error}).") from error
    entries += [Entry("refused_line", f"line {number} {problem}", line=number) for number, problem in refused[:_LISTED]]
    if len(refused) > _LISTED:
        more = len(refused) - _LISTED
        entries.append(Entry("refused_line", f"{more:,} more lines are no operations", count=more))
    return replay


def _apply(replay: Replay, line: bytes) -> str:
    """Carry out the operation on one line; return why it could not be, or an empty string."""
    try:
        operation = json.loads(line)
    except (ValueError, RecursionError):
        return "is no JSON" if line.strip() else ""
    if not isinstance(operation, dict):
        return "is no operation"
    try:
        replay.apply(operation)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        return f"is no operation that can be carried out ({type(error).__name__}: {safe(str(error), 80)})"
    return ""
