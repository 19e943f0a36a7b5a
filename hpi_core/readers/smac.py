"""SMAC: the `runhistory.json` of versions 1 and 2, with `scenario.json` (or `.txt`) and `configspace.json` beside it.

A run that SMAC counts as crashed, out of time or out of memory has the cost that the scenario sets for it: no result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers._evaluations import (
    LARGEST,
    SUCCESS,
    Evaluation,
    Evaluations,
    number,
    numbers_of,
    search_space,
    table_of_evaluations,
)
from hpi_core.readers._unread import SPACE, UNREAD, has_companion, unread
from hpi_core.readers.contract import StoreReader
from hpi_core.tables.ledger import Entry
from hpi_core.tables.locations import is_address
from hpi_core.tables.run_files import bounded, json_value
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table
from hpi_core.text import safe

_NAME = "runhistory.json"
_HEAD = 64 << 10
_BEGINS = re.compile(rb'^\s*\{\s*("stats"\s*:\s*\{[^{}]*\}\s*,\s*)?"data"\s*:\s*\[\s*[\[{]')
_STATUSES = ("RUNNING", SUCCESS, "CRASHED", "TIMEOUT", "MEMORYOUT")
_FIELDS = ("config_id", "instance", "seed", "budget", "cost", "time", "status", "starttime", "endtime")
_RESULT_FIELDS = ("cost", "time", "status", "starttime", "endtime", "additional_info")


def claims(place: str) -> int:
    """Claim a run history, and a folder with one directly in it, by how it begins and by the `configs` in it.

    A folder with a search space beside a damaged one is claimed as well, to be told of.
    """
    if is_address(place):
        return 0
    path = Path(place) / _NAME if Path(place).is_dir() else Path(place)
    try:
        if not path.is_file() or path.is_symlink() or path.stat().st_size > LARGEST:
            return 0
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if _BEGINS.match(head) is not None and (b'"configs"' in head or b'"configs"' in file.read()):
                return 95
    except OSError:
        return 0
    return UNREAD if Path(place).is_dir() and has_companion(path, path.parent / "configspace.json", SPACE) else 0


def read_table(place: str, _options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read a run history; see `StoreReader.read_table`.

    Raises:
        SourceError: it is damaged, or holds no evaluation.
        Cancelled: the person asked to stop.
    """
    progress("reading the run history", None)
    path = Path(place) / _NAME if Path(place).is_dir() else Path(place)
    folder = path.parent
    document = json_value(bounded(path, folder, LARGEST), path.name)
    told = document.get("data") if isinstance(document, dict) else None
    configs = document.get("configs") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(told, list) or not isinstance(configs, dict):
        raise unread(path, "a run history of SMAC")
    entries: list[Entry] = []
    names = _objectives(folder, entries)
    done: list[Evaluation] = []
    for index, record in enumerate(told):
        if index % 1000 == 0:
            progress("reading evaluations", index / len(told))
            if cancelled():
                raise ReadingCancelled(f"Reading {safe(path.name)} was stopped.")
        evaluation = _evaluation(record, names)
        if evaluation is not None:
            done.append(evaluation)
    if len(done) < len(told):
        lost = len(told) - len(done)
        entries.append(Entry("refused_record", f"{lost:,} records of evaluations cannot be read", count=lost))
    if not done:
        raise SourceError(f"{safe(path.name)} holds no evaluation yet.", "SMAC writes it as it goes on: come back.")
    origins = document.get("config_origins")
    described: dict[str, Mapping[str, object]] = {
        str(id_): values for id_, values in configs.items() if isinstance(values, dict)
    }
    found = Evaluations(
        described,
        done,
        [(name, "min") for name in names or ("cost",)],
        {str(id_): str(word) for id_, word in origins.items()} if isinstance(origins, dict) else {},
        search_space(folder, folder, entries),
    )
    progress("putting the trials together", 0.9)
    return table_of_evaluations(found, entries)


def _evaluation(record: object, names: list[str]) -> Evaluation | None:
    """Return one record in any of its layouts: fields by name, one list, or a key and a result; None of no record."""
    if isinstance(record, list) and len(record) == 2 and all(isinstance(part, list) for part in record):
        key, result = record
        told: Mapping[str, object] = dict(zip(_FIELDS, key, strict=False)) | dict(
            zip(_RESULT_FIELDS, result, strict=False)
        )
    elif isinstance(record, list) and len(record) >= len(_FIELDS):
        told = dict(zip((*_FIELDS, "additional_info"), record, strict=False))
    elif isinstance(record, dict):
        told = record
    else:
        return None
    if told.get("config_id") is None or "cost" not in told:
        return None
    status = _status(told.get("status"))
    info = told.get("additional_info")
    results = _costs(told["cost"], names) if status == SUCCESS else {}
    start, end = number(told.get("starttime")), number(told.get("endtime"))
    return Evaluation(
        str(told["config_id"]),
        number(told.get("budget")) or None,
        status,
        {**numbers_of(info), **results} if status == SUCCESS else {},
        start or None,
        end or None,
        number(told.get("time")),
        str(info["error"]) if isinstance(info, dict) and isinstance(info.get("error"), str) else None,
    )


def _status(told: object) -> str | None:
    if isinstance(told, dict):  # version 1 names the member of an enumeration
        told = told.get("__enum__")
    if isinstance(told, str):
        return told.removeprefix("StatusType.")
    return _STATUSES[told] if isinstance(told, int) and 0 <= told < len(_STATUSES) else None


def _costs(cost: object, names: list[str]) -> dict[str, float]:
    values = cost if isinstance(cost, list) else [cost]
    named = names if len(names) == len(values) else [f"cost_{number}" for number in range(len(values))]
    if len(values) == 1 and len(names) != 1:
        named = ["cost"]
    return {name: value for name, told in zip(named, values, strict=True) if (value := number(told)) is not None}


def _objectives(folder: Path, entries: list[Entry]) -> list[str]:
    """Return the names of what was minimised, as the scenario says; none where there is no scenario."""
    for name in ("scenario.json", "scenario.txt"):
        path = folder / name
        if not path.exists():
            continue
        try:
            data = bounded(path, folder)
            if name.endswith(".txt"):
                stated = re.search(rb"^multi_objectives\s*=\s*(.+)$", data, re.MULTILINE)
                return [word.strip() for word in stated[1].decode("utf-8", "replace").split(",")] if stated else []
            document = json_value(data, name)
        except SourceError as error:
            entries.append(Entry("refused_file", error.message))
            continue
        told = document.get("objectives") if isinstance(document, dict) else None
        return [str(one) for one in (told if isinstance(told, list) else [told]) if one]
    return []


READER = StoreReader(
    "smac", "SMAC run histories (runhistory.json with scenario and configspace.json)", 85, claims, read_table
)
