"""DeepCAVE's own recordings: `history.jsonl` with the evaluations, `configs.json`, and `meta.json` with the objectives.

A line of the history is `[configuration, budget, seed, results, start, end, status, more]`; times count in seconds from
the start of the recording.
"""

from __future__ import annotations

import json
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
from hpi_core.readers._unread import UNREAD, has_companion, unread
from hpi_core.readers.contract import StoreReader
from hpi_core.roles import Direction
from hpi_core.tables.ledger import Entry
from hpi_core.tables.locations import is_address
from hpi_core.tables.run_files import bounded, json_value
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table
from hpi_core.text import safe

_HISTORY, _CONFIGS, _META = "history.jsonl", "configs.json", "meta.json"
_BEGINS = re.compile(rb"^\s*\[\s*\d+\s*,\s*(null|[\d.]+)\s*,\s*-?\d+\s*,\s*\[")
_OBJECTIVES = re.compile(rb'"objectives"\s*:\s*\[')
# The sixth meant running once and not evaluated later: neither says how it went.
_STATUSES = {1: SUCCESS, 2: "TIMEOUT", 3: "MEMORYOUT", 4: "CRASHED", 5: "ABORTED"}


def claims(place: str) -> int:
    """Claim a folder whose `history.jsonl` begins with the list that DeepCAVE writes, beside `configs.json`.

    A folder with settings and objectives beside a damaged history is claimed as well, to be told of.
    """
    folder = Path(place)
    if is_address(place) or not folder.is_dir() or not (folder / _CONFIGS).is_file():
        return 0
    if has_companion(folder / _CONFIGS, folder / _HISTORY, _BEGINS):
        return 95
    return UNREAD if has_companion(folder / _HISTORY, folder / _META, _OBJECTIVES) else 0


def read_table(place: str, _options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read a recording; see `StoreReader.read_table`.

    Raises:
        SourceError: its files cannot be read, or no line of the history can.
        Cancelled: the person asked to stop.
    """
    progress("reading configurations", None)
    folder = Path(place)
    entries: list[Entry] = []
    if not has_companion(folder / _CONFIGS, folder / _HISTORY, _BEGINS):
        raise unread(folder / _HISTORY, "a history of DeepCAVE")
    configs = _configs(folder, entries)
    objectives = _objectives(folder, entries)
    done: list[Evaluation] = []
    bad = 0
    lines = bounded(folder / _HISTORY, folder, LARGEST).split(b"\n")
    for index, line in enumerate(lines):
        if index % 1000 == 0:
            progress("reading evaluations", 0.9 * index / len(lines))
            if cancelled():
                raise ReadingCancelled(f"Reading {safe(folder.name)} was stopped.")
        if line.strip():
            evaluation = _evaluation(line, [name for name, _ in objectives])
            bad += evaluation is None
            done += [] if evaluation is None else [evaluation]
    if bad:
        entries.append(Entry("refused_line", f"{bad:,} lines of {_HISTORY} cannot be read", count=bad))
    if not done:
        raise SourceError(f"{safe(folder.name)} holds no evaluation yet.", "DeepCAVE writes them as they end.")
    ranges = search_space(folder, folder, entries)
    return table_of_evaluations(Evaluations(configs, done, objectives, ranges=ranges, clock=False), entries)


def _configs(folder: Path, entries: list[Entry]) -> dict[str, Mapping[str, object]]:
    try:
        document = json_value(bounded(folder / _CONFIGS, folder, LARGEST), _CONFIGS)
    except SourceError as error:
        entries.append(Entry("refused_file", f"no settings: {error.message}"))
        return {}
    told = document if isinstance(document, dict) else {}
    return {str(id_): values for id_, values in told.items() if isinstance(values, dict)}


def _objectives(folder: Path, entries: list[Entry]) -> list[tuple[str, Direction | None]]:
    try:
        document = json_value(bounded(folder / _META, folder), _META)
    except SourceError as error:
        entries.append(Entry("refused_file", f"the objectives have no names: {error.message}"))
        return []
    told = document.get("objectives") if isinstance(document, dict) else None
    directions: dict[object, Direction] = {"lower": "min", "upper": "max"}
    return [
        (str(one["name"]), directions.get(one.get("optimize")))
        for one in (told if isinstance(told, list) else [])
        if isinstance(one, dict) and one.get("name")
    ]


def _evaluation(line: bytes, names: list[str]) -> Evaluation | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, list) or len(told) < 7 or not isinstance(told[3], list):
        return None
    config, budget, _seed, costs, start, end, status, *more = told
    named = names if len(names) == len(costs) else [f"objective_{index}" for index in range(len(costs))]
    results = {name: value for name, cost in zip(named, costs, strict=True) if (value := number(cost)) is not None}
    word = _STATUSES.get(status) if isinstance(status, int) else None
    begun, ended = number(start), number(end)
    return Evaluation(
        str(config),
        number(budget),
        word,
        {**numbers_of(more[0] if more else None), **results} if word == SUCCESS else {},
        runtime=ended - begun if begun is not None and ended is not None else None,
    )


READER = StoreReader("deepcave", "DeepCAVE recordings (history.jsonl, configs.json, meta.json)", 85, claims, read_table)
