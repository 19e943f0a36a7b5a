"""`hpi convert`: what comes back is what went in, at once, and nothing is ever written over or into a source."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import hpi_core
from hpi_core.conversion import convert
from hpi_core.errors import Cancelled, SourceError, UsageError, WriteError
from tests.core.cli.running import SIX, hpi, hpi_process
from tests.core.readers.conformance import Store, StoreConformance
from tests.core.readers.wandb_store import write_run
from tests.shared_data import DATA, needs_shared

REAL = [
    "05_wandb/0-KaiKai-0__stanford_alpaca/wandb",
    "06_ray/ray-project__rl-experiments",
    "08_logs/GeorgePearse__rf-detr-mask",
    "01_sweep_csv/automl__DeepCAVE/logs/DataFrame/run_1/trials.csv",
    "12_curves/deepobs_*",
]


class TestConformance(StoreConformance):
    reader = "hpi"

    def stores(self, folder: Path) -> list[Store]:
        source = folder.parent / "source"
        for number in range(8):
            rows = [{"loss": 1 / (step + 1)} for step in range(40)]
            write_run(source, f"run{number:05}", settings={"lr": 0.1 * number}, history=rows, exit_code=number % 2)
        convert(hpi_core.read(source), folder / "converted")
        return [Store(folder / "converted", 8, {"completed": 4, "failed": 4}, 320, ["lr", "loss"])]


@needs_shared
@pytest.mark.parametrize("pattern", REAL)
def test_real_sources_come_back_the_same(pattern: str, tmp_path: Path) -> None:
    source = DATA / pattern
    done = hpi("convert", source, tmp_path / "out", home=tmp_path)
    assert done.returncode == 0, done.stderr
    before, after = hpi_core.read(source), hpi_core.read(tmp_path / "out")
    assert after.source.kind == "hpi"
    assert after.trials.equals(before.trials)
    assert after.ledger.equals(before.ledger)
    assert after.incomplete == before.incomplete
    assert {**vars(after.roles), "why": None} == {**vars(before.roles), "why": None}
    if before.curves is None:
        assert after.curves is None
        return
    assert after.curves is not None
    assert after.curves.collect().equals(before.curves.collect())
    pages = [hpi("inspect", place, "--json", home=tmp_path).stdout for place in (source, tmp_path / "out")]
    issues = [[(i["issue"], i["count"]) for i in json.loads(page)["issues"]] for page in pages]
    assert issues[0] == issues[1]


def test_the_installed_script_converts_what_a_filter_lets_through(tmp_path: Path) -> None:
    (tmp_path / "six.csv").write_text(SIX)
    done = hpi_process("convert", "six.csv", "out", "--where", "batch_size == 32", home=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode() == "3 trials written to out.\n"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["sweep.json", "trials.parquet"]
    assert hpi_core.read(tmp_path / "out").trial_ids().to_list() == ["1", "2", "5"]


def test_nothing_is_written_over_or_into_a_source(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "six.csv").write_text(SIX)
    again = hpi("convert", "runs", "runs/out", home=tmp_path)
    assert again.returncode == 2
    assert b"lies in the source" in again.stderr
    over = hpi("convert", "runs/six.csv", "runs", home=tmp_path)
    assert over.returncode == 2
    assert b"is there already" in over.stderr
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["six.csv"]


def test_a_stop_and_a_folder_that_cannot_be_written_leave_nothing(tmp_path: Path) -> None:
    write_run(tmp_path / "w", "aaaa", settings={"lr": 0.1}, history=[{"loss": 1.0}])
    sweep = hpi_core.read(tmp_path / "w")
    with pytest.raises(Cancelled):
        convert(sweep, tmp_path / "out", cancelled=lambda: True)
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError):
        convert(sweep, tmp_path / "file" / "out")
    with pytest.raises(UsageError):
        convert(sweep, tmp_path / "file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "w"]


def test_a_newer_layout_and_missing_parts_are_told(tmp_path: Path) -> None:
    write_run(tmp_path / "w", "aaaa", settings={"lr": 0.1}, history=[{"loss": 1.0}])
    convert(hpi_core.read(tmp_path / "w"), tmp_path / "out")
    pl.DataFrame({"_row": [7]}).write_parquet(tmp_path / "out" / "curves.parquet")
    sweep = hpi_core.read(tmp_path / "out")
    assert sweep.curves is None
    assert "curves.parquet is damaged or of other trials" in sweep.ledger["message"][0]
    description = tmp_path / "out" / "sweep.json"
    description.write_text(description.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(SourceError, match="newer version"):
        hpi_core.read(tmp_path / "out")
