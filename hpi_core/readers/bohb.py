"""BOHB and Hyperband as HpBandSter logs them: `configs.json` and `results.json`, one list per line.

A line of configurations is `[id, values, info]`, one of results `[id, budget, times, {loss, info}, exception]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
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
from hpi_core.readers._wandb_log import last_error
from hpi_core.readers.contract import StoreReader
from hpi_core.tables.ledger import Entry
from hpi_core.tables.locations import is_address
from hpi_core.tables.run_files import bounded
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table
from hpi_core.text import safe

_CONFIGS, _RESULTS = "configs.json", "results.json"
# An id is the iteration, the stage and the number in it.
_ID = rb"^\s*\[\s*\[\s*-?\d+\s*,\s*\d+\s*,\s*\d+\s*\]\s*,\s*"
_CONFIG_BEGINS, _RESULT_BEGINS = re.compile(_ID + rb"\{"), re.compile(_ID + rb"[\d.]+")


def claims(place: str) -> int:
    """Claim a folder whose `configs.json` and `results.json` begin with the lists that HpBandSter writes.

    Where only one of them does, the other is damaged: it is told, and what the results hold is shown.
    """
    folder = Path(place)
    if is_address(place) or not folder.is_dir():
        return 0
    configs, results = folder / _CONFIGS, folder / _RESULTS
    if has_companion(configs, results, _RESULT_BEGINS):
        return 95 if has_companion(results, configs, _CONFIG_BEGINS) else UNREAD
    return UNREAD if has_companion(results, configs, _CONFIG_BEGINS) else 0


def read_table(place: str, _options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read the log of an optimisation; see `StoreReader.read_table`.

    Raises:
        SourceError: its files cannot be read, or no line of results can.
        Cancelled: the person asked to stop.
    """
    progress("reading configurations", None)
    folder = Path(place)
    entries: list[Entry] = []
    configs: dict[str, Mapping[str, object]] = {}
    origins: dict[str, str] = {}
    described = has_companion(folder / _RESULTS, folder / _CONFIGS, _CONFIG_BEGINS)
    if not described:
        entries.append(Entry("refused_file", f"no settings: {unread(folder / _CONFIGS, 'a list of BOHB').message}"))
    elif not has_companion(folder / _CONFIGS, folder / _RESULTS, _RESULT_BEGINS):
        raise unread(folder / _RESULTS, "a list of BOHB")
    for id_, (values, *more) in _lines(folder / _CONFIGS, folder, entries, cancelled) if described else ():
        if isinstance(values, dict):
            configs[id_] = values
            info = more[0] if more else None
            if isinstance(info, dict) and isinstance(info.get("model_based_pick"), bool):
                origins[id_] = "model" if info["model_based_pick"] else "random"
    progress("reading results", 0.4)
    done = [
        _evaluation(id_, rest) for id_, rest in _lines(folder / _RESULTS, folder, entries, cancelled) if len(rest) > 2
    ]
    if not done:
        raise SourceError(f"{safe(folder.name)} holds no result of BOHB yet.", "It is written as results come in.")
    progress("putting the trials together", 0.9)
    ranges = search_space(folder, folder, entries)
    return table_of_evaluations(Evaluations(configs, done, [("loss", "min")], origins, ranges), entries)


def _lines(path: Path, root: Path, entries: list[Entry], cancelled: Cancelled) -> Iterator[tuple[str, list[object]]]:
    """Yield the id of every list of a file, as `iteration-stage-number`, and the rest; the ledger says what is none."""
    bad = 0
    for index, line in enumerate(bounded(path, root, LARGEST).split(b"\n")):
        if index % 1000 == 0 and cancelled():
            raise ReadingCancelled(f"Reading {safe(root.name)} was stopped.")
        if not line.strip():
            continue
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            told = None
        if isinstance(told, list) and len(told) > 1 and isinstance(told[0], list):
            yield "-".join(str(part) for part in told[0]), told[1:]
        else:
            bad += 1
    if bad:
        entries.append(Entry("refused_line", f"{bad:,} lines of {path.name} cannot be read", count=bad))


def _evaluation(id_: str, rest: list[object]) -> Evaluation:
    budget, times, result, error = [*rest, None][:4]
    stamps = times if isinstance(times, dict) else {}
    told = result if isinstance(result, dict) else {}
    start, end = number(stamps.get("started")), number(stamps.get("finished"))
    loss, info = number(told.get("loss")), told.get("info")
    results = numbers_of(info)
    if loss is not None:
        results["loss"] = loss
    failed = bool(error) or loss is None
    return Evaluation(
        id_,
        number(budget),
        "CRASHED" if failed else SUCCESS,
        results,
        start if start is not None and start > 0 else None,
        end if end is not None and end > 0 else None,
        end - start if start is not None and end is not None else None,
        last_error(str(error).splitlines()) or "failed" if error else None,
    )


READER = StoreReader(
    "bohb", "BOHB and Hyperband logs of HpBandSter (configs.json and results.json)", 85, claims, read_table
)
