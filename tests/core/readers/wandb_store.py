"""Writes local runs of Weights & Biases as its own client does: the log of records, settings, summary, metadata."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path


def write_run(
    root: Path,
    run: str,
    *,
    settings: Mapping[str, object],
    history: Sequence[Mapping[str, object]] = (),
    exit_code: int | None = 0,
    stamp: str = "20240101_120000",
    start: int = 1_704_110_400,
    log: bool = True,
    summary: Mapping[str, object] | None = None,
    output: Sequence[str] = (),
    more: Sequence[bytes] = (),
    metadata: Mapping[str, object] | None = None,
) -> Path:
    """Write one run folder below `root`; `exit_code` None leaves it without an end, `log` False without a log.

    `more` are records that stand before the end. Lines of output are a minute apart, the first at the start.
    """
    folder = root / f"run-{stamp}-{run}"
    files = folder / "files"
    files.mkdir(parents=True)
    wrapped = "".join(f"{key}:\n  desc: null\n  value: {json.dumps(value)}\n" for key, value in settings.items())
    (files / "config.yaml").write_text(f"wandb_version: 1\n\n_wandb:\n  desc: null\n  value:\n    m: []\n{wrapped}")
    last: dict[str, object] = {}
    for row in history:
        last |= row
    told = dict(last) if summary is None else dict(summary)
    (files / "wandb-summary.json").write_text(json.dumps({**told, "_wandb": {"runtime": 10}}))
    (files / "wandb-metadata.json").write_text(json.dumps(metadata or {"host": "node1", "gpu": "A100"}))
    if log:
        records = [_run_record(run, settings, start)]
        records += [_history_record(step, row, start) for step, row in enumerate(history)]
        stamps = (_message(2, _number(1, start + 60 * at)) for at in range(len(output)))
        records += [_message(13, at + _text(3, line)) for at, line in zip(stamps, output, strict=True)]
        records += more
        if exit_code is not None:
            records.append(_message(18, _number(1, exit_code) + _number(2, 10)))
        (folder / f"run-{run}.wandb").write_bytes(log_of_records(records))
    return folder


def defined(metric: str, *, keeps: int = 0, goal: int = 0) -> bytes:
    """Return the record of `define_metric`: of its values the summary keeps the least (1) or the greatest (2)."""
    summary = _message(7, _number(keeps, 1)) if keeps else b""
    return _message(12, _text(1, metric) + summary + (_number(8, goal) if goal else b""))


def load_of(gpus: int, at: int) -> bytes:
    """Return a record of the load of a machine with so many GPUs at a moment."""
    names = ["cpu", *(f"gpu.{gpu}.{what}" for gpu in range(gpus) for what in ("gpu", "temp"))]
    items = b"".join(_message(3, _text(1, name) + _text(16, "1.0")) for name in names)
    return _message(7, _message(2, _number(1, at)) + items)


def log_of_records(records: Sequence[bytes]) -> bytes:
    """Return a LevelDB log of these records, as W&B begins it."""
    out = bytearray(b":W&B" + struct.pack("<HB", 0xBEE1, 0))
    for record in records:
        first, rest = True, record
        while first or rest:
            room = 32768 - len(out) % 32768
            if room < 8:
                out += bytes(room)
                continue
            piece, rest = rest[: room - 7], rest[room - 7 :]
            kind = {(True, True): 1, (True, False): 2, (False, False): 3, (False, True): 4}[first, not rest]
            out += struct.pack("<IHB", zlib.crc32(piece, zlib.crc32(bytes([kind]))), len(piece), kind) + piece
            first = False
    return bytes(out)


def _run_record(run: str, settings: Mapping[str, object], start: int) -> bytes:
    config = b"".join(_message(1, _text(1, key) + _text(16, json.dumps(value))) for key, value in settings.items())
    told = _text(1, run) + _text(3, "planets") + _message(4, config) + _text(8, f"name of {run}") + _text(13, "node1")
    return _message(17, told + _message(17, _number(1, start)))


def _history_record(step: int, row: Mapping[str, object], start: int) -> bytes:
    values = {**row, "_step": step, "_timestamp": start + step}
    return _message(
        2, b"".join(_message(1, _text(1, key) + _text(16, json.dumps(value))) for key, value in values.items())
    )


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, inner: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(inner)) + inner


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())
