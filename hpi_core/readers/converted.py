"""Our own layout, as `hpi convert` writes it: nothing is inferred again, curves stay in their file until asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from hpi_core import frames
from hpi_core.conversion import CURVES, DESCRIPTION, FORMAT, LEDGER, TRIALS, VERSION
from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers.contract import StoreReader
from hpi_core.roles import Objective, RoleHints, SearchRange
from hpi_core.roles.model import Direction, Origin
from hpi_core.roles.overrides import ROLE_WORDS
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.locations import is_address
from hpi_core.tables.run_files import bounded, json_value
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table

_AGAIN = "Convert the source again."


def claims(place: str) -> int:
    """Claim a folder whose `sweep.json` says that it is one of ours."""
    if is_address(place):
        return 0
    folder = Path(place)
    if not (folder / DESCRIPTION).is_file():
        return 0
    try:
        with (folder / DESCRIPTION).open("rb") as file:
            ours = f'"{FORMAT}"'.encode() in file.read(256)
        with (folder / TRIALS).open("rb") as file:
            # A description that is damaged still stands beside the tables it was written with.
            return 100 if ours or (file.read(4) == b"PAR1" and (folder / CURVES).is_file()) else 0
    except OSError:
        return 0


def read_table(place: str, _options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read trials and roles; see `StoreReader.read_table`.

    Raises:
        SourceError: of a newer version, or a part is missing or damaged.
        Cancelled: the person asked to stop.
    """
    folder = Path(place)
    progress("reading trials", None)
    if cancelled():
        raise ReadingCancelled(f"Reading {folder.name} was stopped.")
    described = json_value(bounded(folder / DESCRIPTION, folder), DESCRIPTION)
    if not isinstance(described, dict) or not isinstance(described.get("version"), int):
        raise SourceError(f"{folder / DESCRIPTION} is damaged.", _AGAIN)
    if described["version"] > VERSION:
        raise SourceError(
            f"{place} was written by a newer version of hpi (layout {described['version']}).", "Update hpi-tui."
        )
    trials = _parquet(folder / TRIALS, folder)
    entries: list[Entry] = []
    ledger = _ledger(folder, entries)
    scanned = _scan(folder, trials.height, entries)
    known = {int(row) for row in _list(described.get("incomplete")) if isinstance(row, int)}
    return Table(
        trials,
        ledger_frame(entries, [ledger]),
        incomplete=frozenset(row for row in known if row < trials.height),
        hints=_hints(described),
        scanned=scanned,
    )


def _parquet(path: Path, root: Path) -> pl.DataFrame:
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            raise SourceError(f"{path} is a link that leads out of the folder.", _AGAIN)
        return pl.read_parquet(path)
    except FileNotFoundError as error:
        raise SourceError(f"{path} is missing.", _AGAIN) from error
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise SourceError(f"{path} is damaged.", _AGAIN) from error


def _ledger(folder: Path, entries: list[Entry]) -> pl.DataFrame:
    if not (folder / LEDGER).exists():
        return frames.empty(frames.LEDGER)
    try:
        ledger = _parquet(folder / LEDGER, folder)
        return ledger.select([pl.col(name).cast(dtype) for name, dtype in frames.LEDGER.items()])
    except (SourceError, pl.exceptions.PolarsError):
        entries.append(Entry("refused_file", f"{LEDGER} is damaged: what was repaired in the source is not known"))
        return frames.empty(frames.LEDGER)


def _scan(folder: Path, trials: int, entries: list[Entry]) -> pl.LazyFrame | None:
    """Return the curves where they lie, after a look at their schema and their rows' range."""
    path = folder / CURVES
    if not path.exists():
        return None
    try:
        if path.is_symlink():
            raise OSError("a link")
        scanned = pl.scan_parquet(path)
        schema = scanned.collect_schema()
        last = scanned.select(pl.col(frames.ROW).max()).collect().item() if schema == frames.CURVES else None
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        schema, last = pl.Schema(), None
    if schema != frames.CURVES or (last is not None and last >= trials):
        entries.append(Entry("refused_file", f"{CURVES} is damaged or of other trials: the curves were left out"))
        return None
    return scanned


def _hints(described: dict[str, Any]) -> RoleHints:
    roles = {str(name): str(word) for name, word in _dict(described.get("roles")).items() if word in ROLE_WORDS}
    first = {word: name for name, word in reversed(roles.items())}
    objective = _objective(_dict(described.get("objective")))
    ranges = [item for item in _list(described.get("ranges")) if isinstance(item, dict)]
    return RoleHints(
        id=first.get("id"),
        status=first.get("status"),
        group=first.get("group"),
        objective=objective,
        directions=tuple(
            (str(pair[0]), pair[1])
            for pair in _list(described.get("directions"))
            if isinstance(pair, list) and len(pair) == 2 and pair[1] in ("min", "max")
        ),
        ranges=tuple(
            SearchRange(
                str(item.get("name")),
                "log" if item.get("scale") == "log" else "linear",
                _number(item.get("low")),
                _number(item.get("high")),
            )
            for item in ranges
        ),
        others=tuple(roles.items()),
        grouped=described.get("grouped") is True,
    )


def _objective(told: dict[str, Any]) -> Objective | None:
    if not isinstance(told.get("metric"), str):
        return None
    direction: Direction | None = told["direction"] if told.get("direction") in ("min", "max") else None
    origin: Origin = told["origin"] if told.get("origin") in ("inferred", "user", "remembered") else "source"
    return Objective(told["metric"], direction, origin)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


READER = StoreReader("hpi", "folders written by `hpi convert`: they open at once", 95, claims, read_table)
