"""The `.wandb` log of one Weights & Biases run: settings, history, summary, how it ended, read record by record.

The file is a LevelDB log (blocks of 32 KiB, each record with a checksum) of Protocol Buffers messages. Only the fields
named here are looked at; unknown ones, as newer versions write, are passed over. A log is written while the run goes
on, so it may end anywhere: what came before the end is kept.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.tables.curve_frames import is_step_name
from hpi_core.tables.run_table import POINTS
from hpi_core.tables.table import Cancelled

MAGIC = b":W&B"
_BLOCK = 32 << 10
_HEADER = 7
_LARGEST_RECORD = 64 << 20
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_STARTS = {kind: zlib.crc32(bytes([kind])) for kind in (_FULL, _FIRST, _MIDDLE, _LAST)}
_HISTORY, _SUMMARY, _CONFIG, _STATS, _OUTPUT, _RUN, _EXIT, _ENVIRONMENT = 2, 3, 5, 7, 13, 17, 18, 26
_WANTED = frozenset({_HISTORY, _SUMMARY, _CONFIG, _STATS, _OUTPUT, _RUN, _EXIT, _ENVIRONMENT})
_KEY, _NESTED_KEY, _VALUE_JSON = 1, 2, 16
_TAIL = 60
_OFTEN = 256
_ERROR = re.compile(r"^(?:[\w.]*(?:Error|Exception|Interrupt|Killed|Exit)\b.{0,400}|.{0,200}out of memory.{0,200})$")


@dataclass
class RunLog:
    """What a `.wandb` log says. Times are seconds since 1970; `exit_code` is None where the run was not seen to end."""

    texts: dict[str, str] = field(default_factory=dict)
    start_time: float | None = None
    last_seen: float | None = None
    exit_code: int | None = None
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
    for record in _records(path, damage):
        log.records += 1
        if log.records % _OFTEN == 0 and cancelled():
            raise ReadingCancelled(f"Reading {path.name} was stopped.")
        try:
            for number, value in _fields(record):
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
    log.error = last_error([line for data in tail for line in _output(data)]) if log.exit_code != 0 else None
    log.damage = damage[0] if damage else ""
    return log


def _records(path: Path, damage: list[str]) -> Iterator[bytes]:
    """Yield the records of a LevelDB log; says in `damage` what could not be read."""
    with path.open("rb") as file:
        block = file.read(_BLOCK)
        if not block.strip(b"\0"):
            raise SourceError(f"{path.name} is empty.", "The run had not begun to write.")
        if not block.startswith(MAGIC) or len(block) < _HEADER:
            raise SourceError(f"{path.name} is no W&B log.", "It should begin with :W&B.")
        at, pieces, size = _HEADER, list[bytes](), 0
        while block:
            while at + _HEADER <= len(block):
                checksum, length, kind = struct.unpack_from("<IHB", block, at)
                data = block[at + _HEADER : at + _HEADER + length]
                at += _HEADER + length
                if kind == 0 and length == 0:
                    at = len(block)  # zeros fill the rest of the block
                elif kind not in _STARTS or len(data) < length or zlib.crc32(data, _STARTS[kind]) != checksum:
                    damage.append("a part of it is cut off or damaged")
                    at, pieces = len(block), []
                elif kind == _FULL:
                    yield data
                elif kind == _FIRST:
                    pieces, size = [data], length
                elif pieces and size + length <= _LARGEST_RECORD:
                    pieces.append(data)
                    size += length
                    if kind == _LAST:
                        yield b"".join(pieces)
                        pieces = []
            at, block = 0, file.read(_BLOCK)
        if pieces:
            damage.append("its last record is not finished")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of the fields of a message: an int, or the bytes of a text or of an inner message."""
    at, end = 0, len(data)
    while at < end:
        key = data[at]
        at += 1
        if key >= 0x80:
            key, at = _varint(data, at - 1)
        wire = key & 7
        if wire == 2:
            length = data[at]
            at += 1
            if length >= 0x80:
                length, at = _varint(data, at - 1)
            if at + length > end:
                raise ValueError("a field reaches beyond its message")
            yield key >> 3, data[at : at + length]
            at += length
        elif wire == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise ValueError("a kind of field nobody writes")


def _item(data: bytes) -> tuple[str, str]:
    """Return key and JSON text of one item of a history, a summary or a configuration."""
    key, nested, value = "", list[str](), ""
    for number, content in _fields(data):
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
    for number, content in _fields(data):
        if not isinstance(content, bytes):
            continue
        if number == 2:
            step = next((value for n, value in _fields(content) if n == 1 and isinstance(value, int)), step or 0)
        elif number == 1:
            for name, value, measured in _measured(content, points):
                if name == "_step":
                    step = int(value)
                elif name == "_timestamp":
                    log.last_seen = max(value, log.last_seen or 0.0)
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
        log.exit_code = next((v for n, v in _fields(data) if n == 1 and isinstance(v, int)), 0)
        if log.exit_code >= 1 << 31:
            log.exit_code -= 1 << 64
    elif number == _STATS:
        for inner, content in _fields(data):
            if inner == 2 and isinstance(content, bytes):
                log.last_seen = max(_timestamp(content), log.last_seen or 0.0)


def _items(data: bytes, into: dict[str, object]) -> None:
    for number, content in _fields(data):
        if number in (1, 2) and isinstance(content, bytes):
            name, text = _item(content)
            if number == 2:
                into.pop(name, None)
            elif name:
                into[name] = _json(text)


_RUN_TEXTS = {1: "run", 3: "project", 6: "group", 7: "job_type", 8: "name", 12: "sweep", 13: "host"}
_ENVIRONMENT_TEXTS = {12: "host", 18: "gpu"}


def _run(data: bytes, log: RunLog) -> None:
    for number, content in _fields(data):
        if not isinstance(content, bytes):
            continue
        if number in _RUN_TEXTS and content:
            log.texts[_RUN_TEXTS[number]] = content.decode("utf-8", "replace")
        elif number == 4:
            _items(content, log.settings)
        elif number == 17:
            log.start_time = _timestamp(content)


def _environment(data: bytes, log: RunLog) -> None:
    for number, content in _fields(data):
        if number in _ENVIRONMENT_TEXTS and isinstance(content, bytes) and content:
            log.texts.setdefault(_ENVIRONMENT_TEXTS[number], content.decode("utf-8", "replace"))


def _timestamp(data: bytes) -> float:
    parts = {number: value for number, value in _fields(data) if isinstance(value, int)}
    return parts.get(1, 0) + parts.get(2, 0) / 1e9


def _output(data: bytes) -> list[str]:
    lines = next((content for number, content in _fields(data) if number == 3 and isinstance(content, bytes)), b"")
    return re.split(r"[\r\n]+", lines[-4096:].decode("utf-8", "replace"))


def last_error(lines: list[str]) -> str | None:
    """Return the last line of an output that names an error, as the end of a traceback does; None where none does."""
    return next((line.strip() for line in reversed(lines) if _ERROR.match(line.strip())), None)
