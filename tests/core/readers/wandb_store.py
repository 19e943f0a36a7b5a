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
) -> Path:
    """Write one run folder below `root`; `exit_code` None leaves it without an end, `log` False without a log."""
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
    (files / "wandb-metadata.json").write_text(json.dumps({"host": "node1", "gpu": "A100"}))
    if log:
        records = [_run_record(run, settings, start)]
        records += [_history_record(step, row, start) for step, row in enumerate(history)]
        records += [_message(13, _text(3, line)) for line in output]
        if exit_code is not None:
            records.append(_message(18, _number(1, exit_code)))
        (folder / f"run-{run}.wandb").write_bytes(log_of_records(records))
    return folder


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
