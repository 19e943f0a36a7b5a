"""The `.wandb` log of one Weights & Biases run: settings, history, summary, how it ended, read record by record.

Of its messages only the fields named here are looked at; unknown ones, as newer versions write, are passed over. A log
is written while the run goes on, so it may end anywhere: what came before the end is kept.
"""

from __future__ import annotations

import json
import re
import struct
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.readers._wandb_records import fields, records
from hpi_core.roles import Direction
from hpi_core.tables.curve_frames import is_step_name
from hpi_core.tables.run_table import POINTS
from hpi_core.tables.table import Cancelled

_HISTORY, _SUMMARY, _CONFIG, _STATS, _METRIC, _OUTPUT, _RUN, _EXIT, _ENVIRONMENT = 2, 3, 5, 7, 12, 13, 17, 18, 26
_WANTED = frozenset({_HISTORY, _SUMMARY, _CONFIG, _STATS, _METRIC, _OUTPUT, _RUN, _EXIT, _ENVIRONMENT})
_KEY, _NESTED_KEY, _VALUE_JSON = 1, 2, 16
_TAIL = 60
_OFTEN = 256
_ERROR = re.compile(r"^(?:[\w.]*(?:Error|Exception|Interrupt|Killed|Exit)\b.{0,400}|.{0,200}out of memory.{0,200})$")


@dataclass
class RunLog:
    """What a `.wandb` log says. Times are seconds since 1970; `exit_code` is None where the run was not seen to end.

    `gpus` is how many the machine has, `directions` which way metrics are good where the script told W&B so.
    """

    texts: dict[str, str] = field(default_factory=dict)
    start_time: float | None = None
    last_seen: float | None = None
    exit_code: int | None = None
    runtime: float | None = None
    gpus: int | None = None
    tags: list[str] = field(default_factory=list)
    directions: dict[str, Direction] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    summary: dict[str, object] = field(default_factory=dict)
    last_history: dict[str, object] = field(default_factory=dict)
    points: pl.DataFrame | None = None
    error: str | None = None
    records: int = 0
    damage: str = ""


def read_run_log(path: Path, cancelled: Cancelled) -> RunLog:
    """Read a log as far as it goes.

    Raises:
        SourceError: empty, or no W&B log.
        Cancelled: the person asked to stop.
    """
    log = RunLog()
    points = _Points()
    tail: deque[bytes] = deque(maxlen=_TAIL)
    damage: list[str] = []
    for record in records(path, damage):
        log.records += 1
        if log.records % _OFTEN == 0 and cancelled():
            raise ReadingCancelled(f"Reading {path.name} was stopped.")
        try:
            for number, value in fields(record):
                if number not in _WANTED or not isinstance(value, bytes):
                    continue
                if number == _HISTORY:
                    _history(value, log, points)
                elif number == _OUTPUT:
                    tail.append(value)
                else:
                    _other(number, value, log)
        except (ValueError, IndexError, struct.error):
            damage.append("a record holds no message that can be read")
    columns = [points.metrics, points.steps, points.values]
    log.points = pl.DataFrame(columns, schema=POINTS) if points.metrics else None
    _heard(log, next((_time_in(data, 2) for data in reversed(tail)), None))
    log.error = last_error([line for data in tail for line in _output(data)]) if log.exit_code != 0 else None
    log.damage = damage[0] if damage else ""
    return log


def _item(data: bytes) -> tuple[str, str]:
    """Return key and JSON text of one item of a history, a summary or a configuration."""
    key, nested, value = "", list[str](), ""
    for number, content in fields(data):
        if isinstance(content, bytes):
            if number == _KEY:
                key = content.decode("utf-8", "replace")
            elif number == _NESTED_KEY:
                nested.append(content.decode("utf-8", "replace"))
            elif number == _VALUE_JSON:
                value = content.decode("utf-8", "replace")
    return key or ".".join(nested), value


@dataclass
class _Points:
    """The points of a log in the making, and whether a name is that of a metric."""

    metrics: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    names: dict[bytes, tuple[str, bool]] = field(default_factory=dict)


def _history(data: bytes, log: RunLog, points: _Points) -> None:
    row: list[tuple[str, float]] = []
    step: int | None = None
    for number, content in fields(data):
        if not isinstance(content, bytes):
            continue
        if number == 2:
            step = next((value for n, value in fields(content) if n == 1 and isinstance(value, int)), step or 0)
        elif number == 1:
            for name, value, measured in _measured(content, points):
                if name == "_step":
                    step = int(value)
                elif name == "_timestamp":
                    _heard(log, value)
                else:
                    log.last_history[name] = value
                    if measured:
                        row.append((name, value))
    for name, value in row:
        points.metrics.append(name)
        points.steps.append(step or 0)
        points.values.append(value)


def _measured(item: bytes, points: _Points) -> list[tuple[str, float, bool]]:
    """Return name, number, and whether it is a metric, for the numbers in one item of a history.

    An item is a short key and a short number almost always: that is taken apart here, anything else by the book.
    """
    # 0x0a is the tag of the key, 0x12 that of a nested key; 0x82 0x01 is the tag of the JSON text.
    if len(item) > 2 and item[0] in (0x0A, 0x12) and item[1] < 0x80:
        end = 2 + item[1]
        if item[end : end + 2] == b"\x82\x01" and end + 3 + item[end + 2] == len(item) and item[end + 2] < 0x80:
            try:
                value = float(item[end + 3 :])
            except ValueError:
                pass
            else:
                key = item[2:end]
                known = points.names.get(key)
                if known is None:
                    name = key.decode("utf-8", "replace")
                    known = points.names[key] = (name, _is_metric(name))
                return [(known[0], value, known[1])]
    name, text = _item(item)
    return [(key, value, _is_metric(key)) for key, value in _numbers(name, text)]


def _is_metric(name: str) -> bool:
    return not name.startswith("_") and not is_step_name(name.rpartition("/")[2])


def _numbers(name: str, text: str) -> list[tuple[str, float]]:
    """Return the numbers in a JSON text under their names; pictures, histograms and words have none."""
    try:
        return [(name, float(text))]
    except ValueError:
        pass
    if text[:1] == '"':
        word = text.strip('"').lower()
        return [(name, float(word))] if word in ("nan", "inf", "-inf", "infinity", "-infinity") else []
    if text[:1] != "{" or '"_type"' in text:
        return []
    inner = _json(text)
    if not isinstance(inner, dict):
        return []
    return [
        (f"{name}.{key}", float(value))
        for key, value in inner.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _other(number: int, data: bytes, log: RunLog) -> None:
    if number in (_CONFIG, _SUMMARY):
        _items(data, log.settings if number == _CONFIG else log.summary)
    elif number == _RUN:
        _run(data, log)
    elif number == _ENVIRONMENT:
        _environment(data, log)
    elif number == _EXIT:
        told = {n: v for n, v in fields(data) if isinstance(v, int)}
        log.exit_code = told.get(1, 0)
        if log.exit_code >= 1 << 31:
            log.exit_code -= 1 << 64
        log.runtime = float(told[2]) if told.get(2) else None
    elif number == _STATS:
        _heard(log, _time_in(data, 2))
        if log.gpus is None:
            log.gpus = _gpus(data)
    elif number == _METRIC:
        _direction(data, log)


def _items(data: bytes, into: dict[str, object]) -> None:
    for number, content in fields(data):
        if number in (1, 2) and isinstance(content, bytes):
            name, text = _item(content)
            if number == 2:
                into.pop(name, None)
            elif name:
                into[name] = _json(text)


_RUN_TEXTS = {1: "run", 3: "project", 6: "group", 7: "job_type", 8: "name", 9: "notes", 12: "sweep", 13: "host"}
_ENVIRONMENT_TEXTS = {12: "host", 18: "gpu"}


def _run(data: bytes, log: RunLog) -> None:
    log.tags = []  # each record of the run holds all of them
    for number, content in fields(data):
        if not isinstance(content, bytes):
            continue
        if number in _RUN_TEXTS and content:
            log.texts[_RUN_TEXTS[number]] = content.decode("utf-8", "replace")
        elif number == 4:
            _items(content, log.settings)
        elif number == 10:
            log.tags.append(content.decode("utf-8", "replace"))
        elif number == 17:
            log.start_time = _timestamp(content)


def _environment(data: bytes, log: RunLog) -> None:
    for number, content in fields(data):
        if number in _ENVIRONMENT_TEXTS and isinstance(content, bytes) and content:
            log.texts.setdefault(_ENVIRONMENT_TEXTS[number], content.decode("utf-8", "replace"))
        elif number == 19 and isinstance(content, int):
            log.gpus = content or log.gpus


def _gpus(stats: bytes) -> int | None:
    """Return how many GPUs a record of the machine's load tells of (`gpu.0.temp`, …); None where it tells of none."""
    names = (_item(content)[0] for number, content in fields(stats) if number == 3 and isinstance(content, bytes))
    return len({found[1] for name in names if (found := re.match(r"gpu\.(\d+)\.", name))}) or None


def _direction(metric: bytes, log: RunLog) -> None:
    """Note which way a metric is good: by its goal, else by which of its values the run's summary is to keep."""
    name, goal, kept = "", 0, dict[int, int]()
    for number, content in fields(metric):
        if number == 1 and isinstance(content, bytes):
            name = content.decode("utf-8", "replace")
        elif number == 7 and isinstance(content, bytes):
            kept = {inner: value for inner, value in fields(content) if isinstance(value, int)}
        elif number == 8 and isinstance(content, int):
            goal = content
    least, most = goal == 1 or (not goal and bool(kept.get(1))), goal == 2 or (not goal and bool(kept.get(2)))
    if name and least != most:
        log.directions[name] = "min" if least else "max"


def _heard(log: RunLog, moment: float | None) -> None:
    if moment is not None and moment > (log.last_seen or 0.0):
        log.last_seen = moment


def _time_in(data: bytes, wanted: int) -> float | None:
    """Return the moment in this field of a message; None where it has none that can be read."""
    try:
        found = (_timestamp(value) for number, value in fields(data) if number == wanted and isinstance(value, bytes))
        return next(found, None)
    except (ValueError, IndexError):
        return None


def _timestamp(data: bytes) -> float:
    parts = {number: value for number, value in fields(data) if isinstance(value, int)}
    return parts.get(1, 0) + parts.get(2, 0) / 1e9


def _output(data: bytes) -> list[str]:
    lines = next((content for number, content in fields(data) if number == 3 and isinstance(content, bytes)), b"")
    return re.split(r"[\r\n]+", lines[-4096:].decode("utf-8", "replace"))


def last_error(lines: list[str]) -> str | None:
    """Return the last line of an output that names an error, as the end of a traceback does; None where none does."""
    return next((line.strip() for line in reversed(lines) if _ERROR.match(line.strip())), None)
