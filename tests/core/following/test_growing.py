"""A file written in pieces and followed ends in exactly the sweep that a cold read of it gives, after every piece."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import hpi_core
from hpi_core.demo import curves_path, path
from hpi_core.errors import HpiError
from hpi_core.following.growing import GrowingTables
from hpi_core.sweep import Sweep
from hpi_core.tables.table import ReadOptions
from tests.shared_data import DATA, needs_shared


@pytest.fixture(autouse=True)
def _short_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few hundred bytes be the head that decides the layout, so that short files can be read on."""
    monkeypatch.setattr("hpi_core.tables.layout.HEAD", 1200)


def _rows(count: int, *, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        loss = chance.choice(["nan", "", f"{chance.random():.5f}", f"{chance.random():.3e}", "inf"])
        status = chance.choice(["completed", "failed", "running", ""])
        cells = [f"t{number:04d}", status, f"{10 ** chance.uniform(-5, 0):.4g}", str(chance.choice([16, 32, 64])),
                 f"{chance.random():.4f}", loss, chance.choice(["adam", "sgd", "lion"])]  # fmt: skip
        rows.append(",".join(cells))
    return rows


_HEADER = "trial_id,status,lr,batch_size,train_loss,val_loss,optimizer"


def _pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[: end or None] for end in edges[1:]]


def _outcome(read: Callable[[], Sweep]) -> Sweep | str:
    try:
        return read()
    except HpiError as error:
        return str(error)


def _same(followed: Sweep | str, cold: Sweep | str) -> None:
    if isinstance(followed, str) or isinstance(cold, str):
        assert followed == cold
        return
    assert_frame_equal(followed.trials, cold.trials)
    assert_frame_equal(followed.ledger, cold.ledger)
    assert followed.incomplete == cold.incomplete
    assert followed.source.lines == cold.source.lines
    assert followed.source.fingerprint == cold.source.fingerprint
    assert followed.roles == cold.roles
    assert (followed.curves is None) == (cold.curves is None)
    if followed.curves is not None and cold.curves is not None:
        assert_frame_equal(followed.curves.collect(), cold.curves.collect())


def _follow(file: Path, data: bytes, cuts: Sequence[int], *named: Path) -> GrowingTables:
    """Write a file piece by piece and compare after each; returns what was kept."""
    tables = GrowingTables()
    locations = [str(other) for other in named] or [str(file)]
    curves = (str(file),) if named else None
    for part in _pieces(data, cuts):
        with file.open("ab") as out:
            out.write(part[out.tell() :])
        options = ReadOptions(through=tables, curves=curves)
        followed = _outcome(lambda options=options: hpi_core.read(locations, options=options))  # type: ignore[misc]
        _same(followed, _outcome(lambda: hpi_core.read(locations, options=ReadOptions(curves=curves))))
    return tables


def test_every_cut_of_clean_rows(tmp_path: Path) -> None:
    lines = [_HEADER, *_rows(40)]
    data = ("\n".join(lines) + "\n").encode()
    start = len("\n".join(lines[:30]))
    tables = _follow(tmp_path / "sweep.csv", data, range(start, start + 160))
    assert tables.read_on > 100


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 1 << 20), max_size=12), ending=st.sampled_from("\n\r"))
def test_rows_in_random_pieces(
    tmp_path_factory: pytest.TempPathFactory, seed: int, cuts: list[int], ending: str
) -> None:
    end = "\r\n" if ending == "\r" else "\n"
    data = (end.join([_HEADER, *_rows(80, seed=seed)]) + end).encode()
    _follow(tmp_path_factory.mktemp("grows") / "sweep.csv", data, cuts)


_DIRT = [
    "t9001,completed,0.1,32,0.5",  # short
    "t9002,completed,0.1,32,0.5,0.4,adam,more,cells",  # long
    't9003,completed,0.1,32,0.5,0.4,"ad""am, the first"',  # quotes
    't9004,completed,0.1,32,0.5,"0.4,adam',  # a quote that never closes
    "t9005,completed,1e-3,032,0.5,0.4,adam",  # a padded whole number
    "t9006,completed,1e-3,thirty,0.5,n/a,adam",  # words among numbers
    "t9007,completed,1e-3,32.5,0.5,0.4,adam",  # a fraction among whole numbers
    _HEADER,  # the header again
    "# a comment",
    "",
    "Total,,,,12.5,,",  # a footer
    "t9008,completed,1e-3,32,0.5,0.4,ada\u00e9m",
    "t9009,completed,1e-3,32,0.5,0.4,a\rb",
]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 1000),
    dirt=st.lists(st.tuples(st.sampled_from(_DIRT), st.integers(20, 80)), min_size=1, max_size=4),
    cuts=st.lists(st.integers(1300, 6000), max_size=10),
)
def test_dirty_rows_among_clean_ones(
    tmp_path_factory: pytest.TempPathFactory, seed: int, dirt: list[tuple[str, int]], cuts: list[int]
) -> None:
    rows = _rows(80, seed=seed)
    for line, at in dirt:
        rows.insert(at, line)
    _follow(tmp_path_factory.mktemp("dirty") / "sweep.csv", ("\n".join([_HEADER, *rows]) + "\n").encode(), cuts)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(
        st.fixed_dictionaries(
            {
                "id": st.integers(0, 2**60),
                "lr": st.one_of(st.floats(allow_nan=False, allow_infinity=False, width=32), st.integers(0, 9)),
                "val_loss": st.one_of(st.none(), st.floats(0, 9)),
                "optimizer": st.sampled_from(["adam", "sgd"]),
            },
            optional={"extra": st.one_of(st.text(max_size=3), st.dictionaries(st.sampled_from("ab"), st.booleans()))},
        ),
        min_size=3,
        max_size=30,
    ),
    cuts=st.lists(st.integers(0, 3000), max_size=10),
    blank=st.booleans(),
)
def test_json_lines_in_random_pieces(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]], cuts: list[int], blank: bool
) -> None:
    lines = [json.dumps(record) for record in records]
    data = ("\n\n" if blank else "\n").join(lines).encode() + b"\n"
    _follow(tmp_path_factory.mktemp("lines") / "trials.jsonl", data, cuts)


def test_json_lines_that_are_alike_are_read_on(tmp_path: Path) -> None:
    lines = [json.dumps({"id": n, "lr": 0.1 / (n + 1), "val_loss": n / 7, "error": None}) for n in range(30)]
    data = ("\n".join(lines) + "\n").encode()
    tables = _follow(tmp_path / "trials.jsonl", data, range(300, 420, 3))
    assert tables.read_on > 30


def test_curves_of_the_demo_written_in_pieces(tmp_path: Path) -> None:
    import polars as pl

    trials = tmp_path / "sweep.csv"
    shutil.copy(path(), trials)
    curves = pl.read_parquet(curves_path()).head(4000)
    data = curves.write_csv().encode()
    tables = _follow(tmp_path / "points.csv", data, [40_000, 40_003, 41_111, 60_000, 60_017], trials)
    assert tables.read_on >= 4


@needs_shared
def test_real_files_written_in_pieces(tmp_path: Path) -> None:
    chance = random.Random(3)
    found = sorted((DATA / "01_sweep_csv").rglob("*.csv"), key=lambda one: (one.stat().st_size, str(one)))
    sizes = [one for one in found if 2_000 < one.stat().st_size < 100_000]
    for number, one in enumerate(sizes[:: max(1, len(sizes) // 10)]):
        data = one.read_bytes()
        _follow(tmp_path / f"{number}.csv", data, [chance.randrange(len(data)) for _ in range(4)])
