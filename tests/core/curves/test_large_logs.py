"""A log of many trials too large to hold, given as the sweep itself, is the sweep it is when it is read whole."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard
from polars.testing import assert_frame_equal

import hpi_core
from hpi_core import frames
from hpi_core.readers import _large_text, _pieces
from hpi_core.sweep import Sweep
from hpi_core.tables import large_curves
from hpi_core.tables.table import ReadOptions
from tests.core.cli.running import hpi
from tests.shared_data import DATA, needs_shared

PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": lambda data: zstandard.ZstdCompressor().compress(data),
    "xz": lzma.compress,
}


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], None]:
    """Return what makes every file a large one, read in small pieces."""
    home = tmp_path / "temporary"
    home.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(home))

    def small() -> None:
        monkeypatch.setattr(_large_text, "LARGE", {"delimited": 20_000, "jsonl": 20_000})
        monkeypatch.setattr(_pieces, "PIECE", 50_000)
        monkeypatch.setattr(large_curves, "LARGE", 1_000)

    return small


def _wide(trials: int = 30) -> pl.DataFrame:
    """Return curves of DeepOBS as such a log: a row per epoch with the settings of its trial beside the metrics."""
    folder = DATA / "12_curves"
    table = pl.read_csv(folder / "deepobs_trials.csv", infer_schema_length=None)
    table = table.filter(pl.col("testproblem") == "quadratic_deep").head(trials)
    points = pl.read_parquet(folder / "deepobs_curves.parquet").with_columns(pl.col("metric").cast(pl.String))
    wide = points.filter(pl.col("trial_id").is_in(table["trial_id"].implode())).pivot(
        on="metric", index=["trial_id", "epoch"], values="value"
    )
    settings = table.select("trial_id", "optimizer", "lr", "random_seed")
    return settings.join(wide, on="trial_id").sort("trial_id", "epoch")


def _written(frame: pl.DataFrame, path: Path, form: str) -> Path:
    if form == "parquet":
        frame.write_parquet(path)
    elif form == "jsonl":
        frame.write_ndjson(path)
    elif form == "utf-16":
        path.write_bytes(frame.write_csv().encode("utf-16"))
    elif form in PACKED:
        path.write_bytes(PACKED[form](frame.write_csv().encode()))
    else:
        frame.write_csv(path)
    return path


def _same(whole: Sweep, large: Sweep) -> None:
    assert whole.curves is not None
    assert large.curves is not None
    assert "on disk" in " ".join(large.ledger["message"])
    keys = [frames.ROW, "metric", "step"]
    assert_frame_equal(large.curves.collect().sort(keys), whole.curves.collect().sort(keys), rel_tol=1e-6)
    assert_frame_equal(large.trials, whole.trials, check_column_order=False, check_dtypes=False, rel_tol=1e-6)
    assert large.roles.id == whole.roles.id
    if whole.source.lines is not None:
        assert large.source.lines == whole.source.lines


@needs_shared
@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl", "utf-16", *PACKED])
def test_a_large_log_is_the_sweep_it_is_when_read_whole(tmp_path: Path, form: str, on_disk: Callable[[], None]) -> None:
    path = _written(_wide(), tmp_path / f"steps.{form}", form)
    whole = hpi_core.read(str(path))
    on_disk()
    _same(whole, hpi_core.read(str(path)))


@needs_shared
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_large_log_of_one_metric_per_row(tmp_path: Path, form: str, on_disk: Callable[[], None]) -> None:
    wide = _wide()
    metrics = [name for name in wide.columns if name.endswith(("losses", "accuracies"))]
    long = wide.unpivot(metrics, index=["trial_id", "epoch", "lr"], variable_name="metric").drop_nulls()
    path = _written(long.sample(fraction=1, shuffle=True, seed=3), tmp_path / f"steps.{form}", form)
    whole = hpi_core.read(str(path))
    on_disk()
    _same(whole, hpi_core.read(str(path)))


@needs_shared
@pytest.mark.parametrize("form", ["gz", "zst", "utf-16"])
def test_large_curves_that_are_packed_or_wide_belong_to_their_trials(
    tmp_path: Path, form: str, on_disk: Callable[[], None]
) -> None:
    wide = _wide()
    wide.select("trial_id", "lr").unique(maintain_order=True).write_csv(tmp_path / "sweep.csv")
    path = _written(wide.drop("lr", "optimizer", "random_seed"), tmp_path / f"c.{form}", form)
    chosen = ReadOptions(curves=(str(path),))
    whole = hpi_core.read(str(tmp_path / "sweep.csv"), options=chosen)
    on_disk()
    _same(whole, hpi_core.read(str(tmp_path / "sweep.csv"), options=chosen))


@needs_shared
def test_a_packed_file_that_was_cut_short_is_read_as_far_as_it_goes(
    tmp_path: Path, on_disk: Callable[[], None]
) -> None:
    path = tmp_path / "steps.csv.gz"
    packed = gzip.compress(_wide().write_csv().encode())
    path.write_bytes(packed[: 3 * len(packed) // 4])
    on_disk()
    sweep = hpi_core.read(str(path))
    assert 15 < sweep.trials.height < 30
    assert "cut short" in " ".join(sweep.ledger["message"])


def test_a_table_of_trials_is_no_log_however_large(tmp_path: Path, on_disk: Callable[[], None]) -> None:
    rows = [f"t{n},{n % 7 + 1},{0.5 + n / 9999:.4f}" for n in range(5000)]
    path = tmp_path / "sweep.csv"
    path.write_text("\n".join(["trial_id,lr,val_loss", *rows]) + "\n")
    on_disk()
    sweep = hpi_core.read(str(path))
    assert sweep.trials.height == 5000
    assert sweep.curves is None


def test_a_log_with_rows_of_no_trial_is_read_whole(tmp_path: Path, on_disk: Callable[[], None]) -> None:
    rows = [f"t{n},{s},{1 / (s + n + 1):.5f}" for n in range(60) for s in range(40)]
    path = tmp_path / "steps.csv"
    path.write_text("\n".join(["trial_id,step,loss", *rows, ",40,0.5"]) + "\n")
    whole = hpi_core.read(str(path))
    on_disk()
    large = hpi_core.read(str(path))
    assert_frame_equal(large.trials, whole.trials)


@needs_shared
def test_the_installed_command_inspects_a_packed_log(tmp_path: Path) -> None:
    path = _written(_wide(), tmp_path / "steps.csv.zst", "zst")
    done = hpi("inspect", path, home=tmp_path)
    assert done.returncode == 0
    assert b"30 trials" in done.stdout
