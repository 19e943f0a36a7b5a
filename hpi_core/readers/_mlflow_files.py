"""MLflow's file store: a folder per experiment, in it a folder per run, in it a file per parameter, tag and metric.

Only regular files are opened and no link is followed, so that whatever lies in a store, reading stays inside it and
ends. The few fields of `meta.yaml` are read as text: no YAML is executed, whatever its tags say.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers._experiments import choose_experiment
from hpi_core.readers._histories import Histories
from hpi_core.readers._runs import RUNS, STATUSES, TEXTS, Runs, points_of
from hpi_core.readers._tree import Aside
from hpi_core.readers.contract import Experiment
from hpi_core.tables.ledger import Entry
from hpi_core.tables.table import Cancelled, Progress
from hpi_core.text import safe

_META = "meta.yaml"
_ASIDE = frozenset({".trash", "models"})
_NO_RUNS = frozenset({"datasets", "models", "tags", "traces"})
_META_CAP = 64 << 10
_TEXT_CAP = 64 << 10
_SMALL = 4096
_OPENED = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_METRIC_CAP = 256 << 20
_DEPTH = 16
# Folders looked into for runs where no experiment says what it is.
_TRIED = 20
_LFS = b"version https://git-lfs"
_OFTEN = 100
# What is held as Python's objects, some ten times as large as in a frame, before it goes into one. Every frame costs
# time of its own, so of points a part as many are held as there are in frames already.
_LINES = 2_500
_PART = 8
_TEXTS = 2_000
_RUNS = 500
_LISTED = 20


# What stands in the `meta.yaml` of every run, towards its end.
_ALWAYS = frozenset({"run_uuid", "start_time", "status"})


@dataclass(frozen=True)
class _Folder:
    """One experiment: its folder, and what its `meta.yaml` says."""

    path: str
    id: str
    name: str
    state: str


def is_file_store(path: Path) -> bool:
    """Say whether a folder is a store, or one experiment of a store, by what stands in the `meta.yaml` files in it.

    Where those of experiments are lost or damaged, those of their runs tell.
    """
    own = _fields(f"{path}/{_META}")
    if _is_experiment(own) or _holds_runs(str(path), own):
        return True
    try:
        with os.scandir(path) as entries:
            inside = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return False
    told = {folder: _fields(f"{folder}/{_META}") for folder in inside}
    return any(map(_is_experiment, told.values())) or any(_holds_runs(*one) for one in list(told.items())[:_TRIED])


def experiments(path: Path, cancelled: Cancelled) -> list[Experiment]:
    """List the experiments of a store, with the number of their runs that are not deleted.

    Raises:
        SourceError: the folder cannot be read.
        Cancelled: the person asked to stop.
    """
    found = []
    for folder in _experiment_folders(path):
        starts: list[int] = []
        ends: list[int] = []
        count = 0
        for run in _run_folders(folder.path):
            if cancelled():
                raise ReadingCancelled(f"Reading {safe(path.name)} was stopped.")
            told = _fields(f"{run}/{_META}")
            if told and told.get("lifecycle_stage", "active") == "active":
                count += 1
                starts += [start for start in [_whole(told.get("start_time"))] if start]
                ends += [end for end in [_whole(told.get("end_time"))] if end]
        started = min(starts) / 1000 if starts else None
        last = max((*starts, *ends)) / 1000 if starts or ends else None
        found.append(Experiment(folder.id, folder.name, count, folder.state, started, last))
    return found


def read_runs(path: Path, named: str | None, entries: list[Entry], progress: Progress, cancelled: Cancelled) -> Runs:
    """Read the runs of one experiment that are not deleted.

    Raises:
        SourceError: the folder cannot be read, holds no experiment, or none of the name asked for.
        Cancelled: the person asked to stop.
    """
    progress("looking for experiments", None)
    folders = _experiment_folders(path)
    inside = [_run_folders(folder.path) for folder in folders]
    counted = [Experiment(f.id, f.name, len(runs), f.state) for f, runs in zip(folders, inside, strict=True)]
    chosen = choose_experiment(counted, named, "experiment", path.name, entries)
    reading = _Reading(entries)
    entries += _aside(path, folders[counted.index(chosen)].path).entries()
    for number, run in enumerate(inside[counted.index(chosen)]):
        if number % _OFTEN == 0:
            progress(f"reading run {number + 1:,} of {chosen.trials:,}", 0.9 * number / max(chosen.trials, 1))
            if cancelled():
                raise ReadingCancelled(f"Reading {safe(path.name)} was stopped.")
        reading.take(run)
    return replace(reading.finish(), experiment=chosen.name)


def _aside(store: Path, experiment: str) -> Aside:
    """Return the links of a store, and of the experiment that is read, which lead to folders elsewhere."""
    aside = Aside()
    for folder in dict.fromkeys((str(store), experiment)):
        with contextlib.suppress(OSError), os.scandir(folder) as found:
            aside.note(found, store)
    return aside


@dataclass
class _Reading:
    """What was read of the runs so far, and what could not be."""

    entries: list[Entry]
    runs: list[tuple[str, str | None, str, int | None, int | None, str | None]] = field(default_factory=list)
    params: list[tuple[int, str, str]] = field(default_factory=list)
    tags: list[tuple[int, str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    spans: list[tuple[int, str, int]] = field(default_factory=list)
    frames: dict[str, list[pl.DataFrame]] = field(default_factory=lambda: {"runs": [], "params": [], "tags": []})
    histories: Histories = field(default_factory=Histories)
    taken: int = 0
    points: int = 0
    deleted: int = 0
    cut: int = 0
    bad: int = 0
    empty: int = 0
    pointers: int = 0
    problems: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def take(self, run: str) -> None:
        """Read the folder of one run."""
        told = _fields(f"{run}/{_META}")
        name = run.rpartition("/")[2]
        if not told:
            self.problems.append(f"{safe(name, 60)} has no readable meta.yaml")
            return
        if told.get("lifecycle_stage", "active") != "active":
            self.deleted += 1
            return
        if not told.keys() >= _ALWAYS:
            self.problems.append(f"the meta.yaml of {safe(name, 60)} is cut short: it says no more than its beginning")
        row = self.taken
        self.taken += 1
        self.runs.append(
            (
                told.get("run_id") or told.get("run_uuid") or name,
                told.get("run_name"),
                _status(told.get("status")),
                _whole(told.get("start_time")),
                _whole(told.get("end_time")),
                told.get("user_id"),
            )
        )
        for key, path in _files(f"{run}/params", self.links):
            self._text(self.params, row, key, path)
        for key, path in _files(f"{run}/tags", self.links):
            self._text(self.tags, row, key, path)
        for key, path in _files(f"{run}/metrics", self.links):
            self._history(row, key, path)
        # At the end of a run: its histories are taken together.
        if len(self.lines) >= max(_LINES, self.points // _PART):
            self._flush_points()
        if len(self.params) + len(self.tags) >= _TEXTS:
            self._flush_texts()
        if len(self.runs) >= _RUNS:
            self._flush_runs()

    def finish(self) -> Runs:
        """Return what was read, and note what was not."""
        self._flush_runs()
        self._flush_texts()
        self._flush_points()
        note = self.entries.append
        if self.deleted:
            note(Entry("left_out", f"{self.deleted:,} deleted runs were left out", count=self.deleted))
        if self.cut:
            note(Entry("incomplete", f"{self.cut:,} histories end in the middle of a line", count=self.cut))
        if self.bad:
            note(Entry("refused_line", f"{self.bad:,} lines of metrics are no measurements", count=self.bad))
        if self.empty:
            message = f"{self.empty:,} files of metrics are empty" if self.empty > 1 else "a file of metrics is empty"
            note(Entry("refused_file", message, count=self.empty))
        if self.pointers:
            several = (
                f"{self.pointers:,} files are Git LFS pointers" if self.pointers > 1 else "a file is a Git LFS pointer"
            )
            note(Entry("refused_file", f"{several}, not the data: run `git lfs pull`", count=self.pointers))
        if self.links:
            first = safe(Path(self.links[0]).name, 60)
            several = f"{len(self.links):,} links in runs were" if len(self.links) > 1 else "a link in a run was"
            note(
                Entry(
                    "refused_file",
                    f"{several} not followed: {first}{', …' if self.links[1:] else ''}",
                    count=len(self.links),
                )
            )
        for problem in self.problems[:_LISTED]:
            note(Entry("refused_file", problem))
        if len(self.problems) > _LISTED:
            more = len(self.problems) - _LISTED
            note(Entry("refused_file", f"{more:,} more files could not be read", count=more))
        return Runs(
            pl.concat([pl.DataFrame(schema=RUNS), *self.frames["runs"]]),
            pl.concat([pl.DataFrame(schema=TEXTS), *self.frames["params"]]),
            pl.concat([pl.DataFrame(schema=TEXTS), *self.frames["tags"]]),
            self.histories,
        )

    def _text(self, into: list[tuple[int, str, str]], row: int, key: str, path: str) -> None:
        data = _read(path, _TEXT_CAP)
        if data is None:
            self.problems.append(f"{safe(path[-80:])} cannot be read")
        elif data.startswith(_LFS):
            self.pointers += 1
        else:
            into.append((row, key, data.decode("utf-8", "replace")))

    def _history(self, row: int, key: str, path: str) -> None:
        data = _read(path, _METRIC_CAP)
        if data is None:
            self.problems.append(f"{safe(path[-80:])} cannot be read")
            return
        if not data or data.startswith(_LFS):
            self.empty += not data
            self.pointers += bool(data)
            return
        lines = data.decode("utf-8", "replace").split("\n")
        if lines[-1]:  # the writer ends every line, so this one is still being written
            self.cut += 1
        lines.pop()
        if lines:
            self.lines += lines
            self.spans.append((row, key, len(lines)))

    def _flush_points(self) -> None:
        counts = pl.Series([count for _, _, count in self.spans], dtype=pl.UInt32)
        spans = pl.DataFrame(
            {"row": [row for row, _, _ in self.spans], "metric": [key for _, key, _ in self.spans]},
            schema={"row": pl.UInt32, "metric": pl.Categorical},
        )
        each = spans.select(pl.all().repeat_by(counts)).explode("row", "metric") if self.spans else spans
        points, bad = points_of(self.lines, each["row"], each["metric"])
        self.bad += bad
        self.points += len(self.lines)
        self.histories.take(points)
        self.lines, self.spans = [], []

    def _flush_runs(self) -> None:
        self.frames["runs"].append(_frame(self.runs, RUNS))
        self.runs = []

    def _flush_texts(self) -> None:
        self.frames["params"].append(_frame(self.params, TEXTS))
        self.frames["tags"].append(_frame(self.tags, TEXTS))
        self.params, self.tags = [], []


def _experiment_folders(path: Path) -> list[_Folder]:
    own = _fields(f"{path}/{_META}")
    if _is_experiment(own) or _holds_runs(str(path), own):
        return [_folder(str(path), own)]
    try:
        with os.scandir(path) as entries:
            inside = sorted(e.path for e in entries if e.is_dir(follow_symlinks=False) and e.name not in _ASIDE)
    except OSError as error:
        raise SourceError(f"{safe(path.name)} cannot be read ({error.strerror or error}).") from error
    folders = [(folder, _fields(f"{folder}/{_META}")) for folder in inside]
    return [_folder(folder, told) for folder, told in folders if _is_experiment(told) or _holds_runs(folder, told)]


def _holds_runs(folder: str, told: dict[str, str]) -> bool:
    """Say whether a folder without a sound `meta.yaml` holds runs: half copied, it is still an experiment."""
    if _is_experiment(told) or "run_uuid" in told:
        return False
    runs = _run_folders(folder)
    return any("run_uuid" in _fields(f"{run}/{_META}") for run in runs[:_TRIED])


def _folder(path: str, told: dict[str, str]) -> _Folder:
    id_ = told.get("experiment_id") or Path(path).name
    return _Folder(path, id_, told.get("name") or id_, told.get("lifecycle_stage") or "active")


def _is_experiment(told: dict[str, str]) -> bool:
    return "experiment_id" in told and ("artifact_location" in told or "name" in told) and "run_uuid" not in told


def _run_folders(experiment: str) -> list[str]:
    """Return the folders in an experiment that can be runs: all but those that hold something else."""
    try:
        with os.scandir(experiment) as entries:
            return sorted(
                e.path
                for e in entries
                if e.name not in _NO_RUNS and not e.name.startswith(".") and e.is_dir(follow_symlinks=False)
            )
    except OSError:
        return []


def _files(folder: str, links: list[str], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield key and path of every regular file below a folder; `val/loss` is the file `loss` in the folder `val`.

    Links are not followed but added to `links`.
    """
    if os.path.islink(folder):  # noqa: PTH114 - of thousands of folders
        links.append(folder)
        return
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except OSError:
        return
    for entry in found:
        if entry.is_file(follow_symlinks=False):
            yield prefix + entry.name, entry.path
        elif entry.is_symlink():
            links.append(entry.path)
        elif depth < _DEPTH and entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path, links, f"{prefix}{entry.name}/", depth + 1)


def _read(path: str, cap: int) -> bytes | None:
    """Return the first `cap` bytes of a regular file; None where it cannot be read. Links are not followed."""
    try:
        at = os.open(path, _OPENED)
    except OSError:
        return None
    try:
        data = os.read(at, _SMALL)
        if len(data) == _SMALL:
            parts = [data]
            left = cap - len(data)
            while left > 0 and (more := os.read(at, min(left, 1 << 20))):
                parts.append(more)
                left -= len(more)
            data = b"".join(parts)
        return data
    except OSError:
        return None
    finally:
        os.close(at)


def _fields(path: str) -> dict[str, str]:
    """Return the top-level fields of a `meta.yaml` as text; nested and unknown things are passed over."""
    data = _read(path, _META_CAP)
    if data is None:
        return {}
    told: dict[str, str] = {}
    last = ""
    for line in data.decode("utf-8", "replace").splitlines():
        name, colon, text = line.partition(":")
        if line[:1] in (" ", "\t") and last and told[last]:
            told[last] += " " + line.strip()  # a long text goes on in the next line
        elif colon and text[:1] in ("", " ", "\t") and name.isidentifier():
            last = name
            told[last] = text.strip()
        else:
            last = ""
    return {name: _unquoted(text) for name, text in told.items()}


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return "" if text in ("null", "~") else text


def _status(text: str | None) -> str:
    code = _whole(text)
    if code is None:
        return text or "UNKNOWN"
    return STATUSES[code] if 0 <= code < len(STATUSES) else "UNKNOWN"


def _whole(text: str | None) -> int | None:
    try:
        value = int(text or "")
    except ValueError:
        return None
    return value if abs(value) < 2**62 else None


def _frame(rows: Sequence[tuple[object, ...]], schema: pl.Schema) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pl.DataFrame([pl.Series(n, c, t, strict=False) for (n, t), c in zip(schema.items(), columns, strict=True)])
