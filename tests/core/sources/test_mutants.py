"""Damaged files of every kind: each is read or refused with an HpiError, and nothing else escapes."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from pathlib import Path

import polars as pl
import pytest
import zstandard

import hpi_core
from hpi_core import frames
from hpi_core.errors import HpiError

RECORDS = [
    {"trial_id": i // 4, "epoch": i % 4, "cfg": {"lr": 0.1 * (i // 4), "l": [1, 2]}, "loss": 1 / (i + 1)}
    for i in range(40)
]
CSV = b"trial_id,lr,step,loss,config\n" + b"".join(
    b"t%d,%g,%d,%g,\"{'a': %d}\"\n" % (i // 4, 0.1 / (i // 4 + 1), i % 4, 1 / (i + 2), i) for i in range(40)
)
CHART = b'Step,"a - loss","a - loss__MIN","b - loss"\n' + b"".join(
    b'"%d","%d","%d","%d"\n' % (i, i, i, i) for i in range(30)
)
MUTANTS = 60


def parquet() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame({"trial_id": [i // 4 for i in range(40)], "step": [i % 4 for i in range(40)]}).write_parquet(buffer)
    return buffer.getvalue()


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.csv", CSV)
        file.writestr("b.csv", CSV)
    return buffer.getvalue()


SEEDS = {
    "csv": CSV,
    "chart": CHART,
    "jsonl": "\n".join(map(json.dumps, RECORDS)).encode() + b"\n",
    "json": json.dumps({"trials": RECORDS, "study": 1}, indent=1).encode(),
    "parquet": parquet(),
    "gzip": gzip.compress(CSV, mtime=0),
    "zstd": zstandard.ZstdCompressor().compress(CSV),
    "zip": archive(),
}


def mutant(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        at, other = rng.randrange(len(out)), rng.randrange(len(out))
        match rng.randrange(5):
            case 0:
                out[at] = rng.randrange(256)
            case 1:
                del out[at : at + rng.randint(1, 20)]
            case 2:
                out[at:at] = bytes(rng.choice(b'",\n\r{}[]:0189eENaN\x00\xff') for _ in range(rng.randint(1, 8)))
            case 3:
                del out[max(at, 1) :]
            case _:
                out[at:at] = out[other : other + rng.randint(1, 60)]
        if not out:
            break
    return bytes(out)


@pytest.mark.parametrize("kind", SEEDS)
def test_no_mutant_escapes(kind: str, tmp_path: Path) -> None:
    rng = random.Random(kind)
    path = tmp_path / "mutant"
    for number in range(MUTANTS):
        path.write_bytes(mutant(SEEDS[kind], rng))
        try:
            sweep = hpi_core.read(path)
        except HpiError as error:
            assert error.message.strip(), number  # noqa: PT017 - either answer is a good one
            continue
        assert sweep.ledger.schema == frames.LEDGER
        assert max(sweep.incomplete, default=0) < max(sweep.trials.height, 1)
        if sweep.curves is not None:
            curves = sweep.curves.collect()
            assert curves.schema == frames.CURVES
            assert curves.is_empty() or curves["_row"].max() < sweep.trials.height  # type: ignore[operator]
