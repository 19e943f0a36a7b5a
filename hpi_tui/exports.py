"""Exports: what the app can write to a file, each with what it would hold now and how it is written.

Nothing that exists is overwritten: a name that is taken gets a number. Everything here is fit for a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hpi_core.numerals import plural

if TYPE_CHECKING:
    from hpi_core.charts.sick import Standing
    from hpi_core.sweep import Sweep
    from hpi_core.triage import Decision
    from hpi_tui.arrange import RowView

_STEM_CHARACTERS = "-_."


@dataclass(frozen=True, eq=False)
class Shown:
    """What is on the screen when an export is asked for; `view` and `decided` speak of rows of the sweep."""

    sweep: Sweep
    standing: Standing | None
    view: RowView
    decided: Mapping[int, Decision]
    filter: str

    @property
    def reruns(self) -> list[int]:
        """The rows marked for a rerun, in the order of the source."""
        return sorted(row for row, decision in self.decided.items() if decision.verdict == "rerun")


@dataclass(frozen=True)
class Export:
    """One thing that can be written: its word, the end of its file's name, what it holds now, how it is written."""

    name: str
    ending: str
    holds: Callable[[Shown], str]
    write: Callable[[Shown, Path], tuple[Path, ...]]


def exports() -> tuple[Export, ...]:
    """Return everything that can be written, in the order it is offered."""
    return (
        Export("rerun list", "-rerun.csv", _reruns_held, _write_reruns),
        Export("rerun script for SLURM", "-rerun.sh", _reruns_held, _write_reruns),
        Export("table as shown, CSV", "-shown.csv", _rows_held, _write_table),
        Export("table as shown, Parquet", "-shown.parquet", _rows_held, _write_table),
        Export("report", "-report.md", _findings_held, _write_report),
        Export("summary", "-summary.json", _findings_held, _write_summary),
    )


def free_path(shown: Shown, ending: str, folder: Path) -> Path:
    """Return a path in this folder that is not taken, named after the source."""
    stem = Path(shown.sweep.source.name).stem or "sweep"
    stem = "".join(char if char.isalnum() or char in _STEM_CHARACTERS else "_" for char in stem)[:60].lstrip("-.")
    first, _, suffix = ending.rpartition(".")
    path, count = folder / f"{stem or 'sweep'}{ending}", 1
    while path.exists() or (suffix == "sh" and path.with_suffix(".csv").exists()):
        count += 1
        path = folder / f"{stem or 'sweep'}{first}-{count}.{suffix}"
    return path


def _reruns_held(shown: Shown) -> str:
    count = len(shown.reruns)
    return plural(count, "configuration") if count else "nothing is marked rerun: r marks"


def _rows_held(shown: Shown) -> str:
    return plural(len(shown.view), "trial") + (" that the filter shows" if shown.filter else "")


def _findings_held(shown: Shown) -> str:
    return "all that was found" if shown.standing is not None else "the inspection is not done yet"


def _write_reruns(shown: Shown, path: Path) -> tuple[Path, ...]:
    from hpi_core.rerun import write_reruns

    return write_reruns(shown.sweep, shown.reruns, path)


def _write_table(shown: Shown, path: Path) -> tuple[Path, ...]:
    from hpi_core import frames
    from hpi_core.atomic import write_atomically
    from hpi_core.table_formats import table_bytes

    table = shown.sweep.trials[shown.view].drop(frames.ROW, frames.STATUS)
    write_atomically(path, table_bytes(table, path.suffix[1:]))
    return (path,)


def _write_report(shown: Shown, path: Path) -> tuple[Path, ...]:
    from hpi_core import __version__
    from hpi_core.atomic import write_atomically
    from hpi_core.report import Making, render

    text = render(_summary(shown), path.name, Making(__version__, "none"))
    write_atomically(path, text.encode("utf-8"))
    return (path,)


def _write_summary(shown: Shown, path: Path) -> tuple[Path, ...]:
    from hpi_core.atomic import write_atomically
    from hpi_core.json_text import json_text

    write_atomically(path, json_text(_summary(shown)).encode("utf-8"))
    return (path,)


def _summary(shown: Shown) -> dict[str, object]:
    from hpi_core.errors import UsageError
    from hpi_core.summary import summarize
    from hpi_core.triage import VERDICTS

    if shown.standing is None:
        raise UsageError("The inspection is not done yet, so there is nothing to report.", "Try again in a moment.")
    verdicts = [decision.verdict for decision in shown.decided.values()]
    counts: dict[str, int] = {word: verdicts.count(word) for word in VERDICTS}
    return summarize(shown.standing.inspection, counts if shown.decided else None)
