"""Decisions: what the user decided about trials, kept beside the sweep so that nothing decided is ever lost.

A folder `SOURCE.hpi/` holds one append-only JSON Lines file per writer (`<host>-<pid>.jsonl`; two hosts appending to
one file would lose lines on network file systems). One line is one act, however many trials it speaks of, so an act is
there whole or not at all. Files are merged on read by a logical clock; undo appends the inverse. A line that was
damaged or cut is set aside and counted, and never costs another line.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import polars as pl

from hpi_core.errors import WriteError
from hpi_core.frames import ROW
from hpi_core.settings import state_folder
from hpi_core.sweep import Sweep

Verdict = Literal["acknowledged", "rerun", "ignored"]
VERDICTS: tuple[Verdict, ...] = ("acknowledged", "rerun", "ignored")
SCHEMA = pl.Schema({ROW: pl.UInt32, "decision": pl.String, "note": pl.String})


@dataclass(frozen=True, order=True)
class TrialKey:
    """How a trial is known across reloads: its own id (empty where ids are not unique) and its configuration's hash."""

    trial: str
    configuration: str


@dataclass(frozen=True)
class Decision:
    """What stands about one trial: a verdict or None, and a note or an empty string."""

    verdict: Verdict | None = None
    note: str = ""

    def __bool__(self) -> bool:
        return self.verdict is not None or bool(self.note)


NOTHING = Decision()


@dataclass(frozen=True)
class Act:
    """One change: what each trial's decision was before and is after."""

    before: tuple[tuple[TrialKey, Decision], ...]
    after: tuple[tuple[TrialKey, Decision], ...]


@dataclass
class Decisions:
    """The decisions about one sweep: read from the folder, changed by acts, each saved before it is shown.

    Attributes:
        standing: what stands now, by trial.
        damaged: lines of the folder that could not be read.
        folder: where it is kept; made by the first act.
    """

    folder: Path
    standing: dict[TrialKey, Decision] = field(default_factory=dict)
    damaged: int = 0
    _clock: int = 0
    _done: list[Act] = field(default_factory=list)
    _undone: list[Act] = field(default_factory=list)

    @classmethod
    def open(cls, folder: Path) -> Decisions:
        """Read and merge all writers' files of the folder; a folder that is not there is an empty one."""
        decisions = cls(folder)
        decisions.reload()
        return decisions

    def reload(self) -> None:
        """Merge anew what all writers have written until now."""
        entries: list[tuple[int, str, int, dict[str, object]]] = []
        self.damaged = 0
        for path in sorted(self.folder.glob("*.jsonl")):
            for number, line in enumerate(_lines(path)):
                entry = _decode(line)
                if entry is None:
                    self.damaged += 1
                else:
                    entries.append((int(str(entry["clock"])), path.stem, number, entry))
        self.standing = {}
        for clock, _, _, entry in sorted(entries, key=lambda e: e[:3]):
            self._clock = max(self._clock, clock)
            for key, decision in _changes(entry):
                self._stand(key, decision)

    def decide(self, keys: Iterable[TrialKey], verdict: Verdict | None) -> Act:
        """Set (or with None clear) the verdict on these trials; notes stay.

        Raises:
            WriteError: the folder cannot be written; nothing has changed.
        """
        return self._act([(key, replace(self.of(key), verdict=verdict)) for key in keys])

    def note(self, keys: Iterable[TrialKey], note: str) -> Act:
        """Set (or with an empty string clear) the note on these trials; verdicts stay.

        Raises:
            WriteError: the folder cannot be written; nothing has changed.
        """
        return self._act([(key, replace(self.of(key), note=note)) for key in keys])

    def undo(self) -> Act | None:
        """Take back the last act of this session, or return None where there is none."""
        if not self._done:
            return None
        act = self._done[-1]
        self._save(act.before)
        self._undone.append(self._done.pop())
        return act

    def redo(self) -> Act | None:
        """Do again what was undone last, or return None where there is nothing."""
        if not self._undone:
            return None
        act = self._undone[-1]
        self._save(act.after)
        self._done.append(self._undone.pop())
        return act

    def of(self, key: TrialKey) -> Decision:
        """Return what stands about this trial."""
        return self.standing.get(key, NOTHING)

    def _act(self, after: Sequence[tuple[TrialKey, Decision]]) -> Act:
        act = Act(tuple((key, self.of(key)) for key, _ in after), tuple(after))
        self._save(act.after)
        self._done.append(act)
        self._undone.clear()
        return act

    def _save(self, changes: Sequence[tuple[TrialKey, Decision]]) -> None:
        if not changes:
            return
        rows = [[key.trial, key.configuration, decision.verdict, decision.note] for key, decision in changes]
        _append(self.folder / f"{_writer()}.jsonl", {"clock": self._clock + 1, "trials": rows})
        self._clock += 1
        for key, decision in changes:
            self._stand(key, decision)

    def _stand(self, key: TrialKey, decision: Decision) -> None:
        if decision:
            self.standing[key] = decision
        else:
            self.standing.pop(key, None)


def decisions_folder(sweep: Sweep) -> Path:
    """Return the folder of a sweep's decisions: beside the source, or the state folder where that cannot be written."""
    path = Path(sweep.source.location)
    if path.exists() and os.access(path.parent, os.W_OK):
        return path.with_name(path.name + ".hpi")
    known_by = hashlib.sha256(str(path.absolute()).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return state_folder() / "decisions" / f"{known_by}.hpi"


def trial_keys(sweep: Sweep) -> list[TrialKey]:
    """Return the key of every trial, in the order of rows."""
    return TrialKeys(sweep).all()


class TrialKeys:
    """The keys of the trials of a sweep, each worked out when it is asked for: of a million, few ever are."""

    def __init__(self, sweep: Sweep) -> None:
        self._ids = sweep.trial_ids().fill_null("")
        # Without ids of their own, or with ids that repeat, trials are known by their configuration alone.
        self._unique = sweep.roles.id is not None and self._ids.n_unique() == self._ids.len()
        self._names = sorted(parameter.name for parameter in sweep.roles.hyperparameters)
        self._configurations = sweep.trials.select(self._names)
        self._count = sweep.trials.height

    def of(self, row: int) -> TrialKey:
        """Return the key of the trial in a row."""
        return self._key(self._ids[row], self._configurations.row(row) if self._names else ())

    def all(self) -> list[TrialKey]:
        """Return the key of every trial, in the order of rows."""
        rows = self._configurations.iter_rows() if self._names else iter([()] * self._count)
        return [self._key(trial, values) for trial, values in zip(self._ids, rows, strict=True)]

    def rows(self, key: TrialKey) -> list[int]:
        """Return the rows of a key: none where it is of another sweep, several where trials cannot be told apart."""
        if not self._unique:
            return self._by_configuration.get(key, [])
        row = self._by_id.get(key.trial)
        return [row] if row is not None and self.of(row) == key else []

    @cached_property
    def _by_id(self) -> dict[str, int]:
        return {trial: row for row, trial in enumerate(self._ids.to_list())}

    @cached_property
    def _by_configuration(self) -> dict[TrialKey, list[int]]:
        found: dict[TrialKey, list[int]] = {}
        for row, key in enumerate(self.all()):
            found.setdefault(key, []).append(row)
        return found

    def _key(self, trial: str, values: Sequence[object]) -> TrialKey:
        configuration = configuration_hash(dict(zip(self._names, values, strict=True)))
        return TrialKey(trial if self._unique else "", configuration)


def configuration_hash(configuration: Mapping[str, object]) -> str:
    """Return 16 hexadecimal digits that change when any hyperparameter's name or value does."""
    text = json.dumps({name: repr(value) for name, value in configuration.items()}, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def decisions_frame(decisions: Decisions, keys: Sequence[TrialKey]) -> pl.DataFrame:
    """Return `_row`, `decision`, `note` of the trials about which something stands."""
    rows = [
        (row, decision.verdict, decision.note or None)
        for row, key in enumerate(keys)
        if (decision := decisions.of(key))
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def unmatched(decisions: Decisions, keys: Sequence[TrialKey]) -> int:
    """Count decisions that speak of no trial here: of another sweep, or of a configuration that has changed since."""
    return len(decisions.standing.keys() - set(keys))


def _writer() -> str:
    host = "".join(c if c.isalnum() else "-" for c in socket.gethostname())[:40] or "host"
    return f"{host}-{os.getpid()}"


def _encode(entry: Mapping[str, object]) -> bytes:
    body = json.dumps(entry, sort_keys=True, ensure_ascii=True)
    return json.dumps({**entry, "sum": zlib.crc32(body.encode())}, sort_keys=True, ensure_ascii=True).encode() + b"\n"


def _decode(line: bytes) -> dict[str, object] | None:
    """Return the entry of one line, or None where the line is damaged."""
    try:
        entry = json.loads(line)
        said = entry.pop("sum")
        body = json.dumps(entry, sort_keys=True, ensure_ascii=True)
        if said != zlib.crc32(body.encode()) or not isinstance(entry["clock"], int):
            return None
        list(_changes(entry))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return dict(entry)


def _changes(entry: Mapping[str, object]) -> Iterable[tuple[TrialKey, Decision]]:
    trials = entry["trials"]
    assert isinstance(trials, list)
    for trial, configuration, verdict, note in trials:
        if verdict is not None and verdict not in VERDICTS:
            raise ValueError(verdict)
        yield TrialKey(str(trial), str(configuration)), Decision(verdict, str(note))


def _lines(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().split(b"\n") if line]
    except OSError:
        return []


def _append(path: Path, entry: Mapping[str, object]) -> None:
    """Append one entry in one write and wait until it is on the disk."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            # An earlier process of this number may have died in mid-line: begin on a line of our own.
            data = _encode(entry)
            size = os.fstat(handle).st_size
            if size and not _ends_with_newline(path):
                data = b"\n" + data
            if os.write(handle, data) != len(data):
                os.ftruncate(handle, size)
                raise OSError("no space left")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise WriteError(
            f"Decisions cannot be saved in {path.parent}: {error.strerror or error}.",
            "What was decided before is unharmed; free space or make the folder writable and decide again.",
        ) from error


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
