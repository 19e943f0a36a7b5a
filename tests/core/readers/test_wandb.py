"""Local folders of Weights & Biases: what W&B itself wrote, what the suite of all stores asks, and broken runs."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import hpi_core
from hpi_core.readers._wandb_log import read_run_log
from hpi_core.tables.table import never
from tests.core.cli.running import hpi_process
from tests.core.readers.conformance import Store, StoreConformance
from tests.core.readers.wandb_store import defined, load_of, write_run
from tests.shared_data import DATA, needs_shared

ALPACA = DATA / "05_wandb/0-KaiKai-0__stanford_alpaca/wandb"

# Run -> records, numbers in the history, exit code: as `wandb` 0.19's own DataStore and Record give them. Left out
# of the numbers are W&B's own (`_step`, …) and the two that count steps, train/global_step and train/epoch.
BY_WANDB = {
    "23324piv": (28, 4, None), "k5glzazz": (2251, 491, 0), "m84hjf9m": (1125, 245, 0), "8w76hh77": (1122, 245, 0),
    "b4qkjm8d": (111, 0, 255), "dwblml78": (130, 0, 255), "8mqsetw2": (131, 0, 1), "fxqh3xrv": (102, 0, 0),
    "o4ou22kd": (120, 0, 1), "j7b5kplj": (22, 0, None), "9n6vbknf": (105, 8, 255), "0zg7u68j": (167, 8, 255),
    "96jygf8w": (44, 2, 255), "rms71lip": (15, 0, None), "0hg90wxj": (3216, 694, 0), "t6ysshc3": (62, 12, 255),
    "90kirs5z": (40, 0, 1), "nt69hzzb": (40, 0, 1), "rtjirv0c": (141, 36, 255), "jzemugap": (946, 202, None),
    "xt72tn6o": (394, 102, 1), "pay4g0j6": (233, 0, 1),
}  # fmt: skip
STATUS = {0: "completed", None: "running"}


class TestConformance(StoreConformance):
    reader = "wandb"

    def stores(self, folder: Path) -> Sequence[Store]:
        large = folder / "wandb"
        for number in range(12):
            rows = [{"loss": 1 / (step + 1), "lr": 0.1, "images": {"_type": "image-file"}} for step in range(40)]
            write_run(large, f"run{number:05}", settings={"lr": 0.1 * number, "opt": "adam"}, history=rows)
        small = folder / "planets"
        write_run(small / "wandb", "aaaaaaaa", settings={"lr": 0.1}, history=[{"loss": 1.0}, {"loss": math.nan}])
        write_run(small / "wandb", "bbbbbbbb", settings={"lr": 0.2}, exit_code=1, output=["x", "ValueError: no"])
        write_run(small / "wandb", "cccccccc", settings={"lr": 0.3}, log=False, summary={"loss": 0.5})
        return [
            Store(large, 12, {"completed": 12}, 12 * 40 * 2, ["loss", "lr", "config.lr", "opt", "host"]),
            Store(small, 3, {"completed": 1, "failed": 1, "unknown": 1}, 2, ["lr", "loss", "error", "gpu"]),
        ]


@needs_shared
def test_logs_are_read_as_the_official_library_reads_them() -> None:
    seen = {}
    for path in sorted(ALPACA.glob("*/*.wandb")):
        if path.stat().st_size:
            log = read_run_log(path, never)
            seen[log.texts["run"]] = (log.records, log.exit_code)
            assert log.damage == ""
            assert log.start_time is not None
    assert seen == {run: (records, code) for run, (records, _, code) in BY_WANDB.items()}


@needs_shared
def test_real_runs_open_with_their_ends_and_curves() -> None:
    sweep = hpi_core.read(ALPACA)
    assert sweep.curves is not None
    curves = sweep.curves.collect()
    status = dict(zip(sweep.trial_ids(), sweep.trials["_status"], strict=True))
    expected = {run: STATUS.get(code, "failed") for run, (_, _, code) in BY_WANDB.items()}
    assert status == {**expected, "crtlpxvv": "unknown"}  # its log is empty
    counts = Counter(sweep.trial_ids().gather(curves["_row"]).to_list())
    assert counts == {run: values for run, (_, values, _) in BY_WANDB.items() if values}
    assert set(sweep.ledger["kind"]) == {"refused_file"}
    errors = dict(zip(sweep.trial_ids(), sweep.trials["error"], strict=True))
    assert (errors["8mqsetw2"], errors["b4qkjm8d"]) == ("BrokenPipeError", "KeyboardInterrupt")
    assert sweep.trials["learning_rate"].drop_nulls().unique().to_list() == [2e-05]


@needs_shared
def test_the_installed_script_tells_when_real_runs_ran_and_on_what(tmp_path: Path) -> None:
    out = tmp_path / "converted"
    done = hpi_process("convert", ALPACA, out, home=tmp_path)
    assert done.returncode == 0, done.stderr
    trials = pl.read_parquet(out / "trials.parquet")
    runs = {row["run"]: row for row in trials.iter_rows(named=True)}
    # As `wandb` reads them in the log: start of the run, its last line of output or load of the machine.
    assert runs["k5glzazz"]["start_time"] == datetime(2023, 11, 6, 2, 44, 48, 384577)
    assert runs["k5glzazz"]["end_time"] == runs["k5glzazz"]["heartbeat"]
    assert runs["k5glzazz"]["runtime"] == 1109.1907539367676
    assert 0 <= (runs["k5glzazz"]["end_time"] - runs["k5glzazz"]["start_time"]).total_seconds() - 1109 < 120
    assert runs["23324piv"]["end_time"] is None  # it was not seen to end
    assert runs["23324piv"]["heartbeat"] > runs["23324piv"]["start_time"]
    assert {runs[run]["gpu_count"] for run in ("k5glzazz", "23324piv", "xt72tn6o")} == {8}
    assert runs["k5glzazz"]["host"] == "a100-80g-nl-03"
    assert not {"group", "sweep", "gpu", "_wandb.runtime"} & set(trials.columns)  # no run says any of these


def test_a_log_tells_start_end_last_sign_of_life_machine_tags_and_which_way_is_good(tmp_path: Path) -> None:
    start = 1_704_110_400
    more = [load_of(4, start + 200), defined("score", keeps=2), defined("cost", goal=1), defined("both", keeps=1)]
    write_run(tmp_path, "aaaa", settings={"lr": 0.1}, history=[{"score": 1.0, "cost": 2.0, "both": 1.0}],
              output=["a"] * 10, more=more)  # fmt: skip
    write_run(tmp_path, "bbbb", settings={"lr": 0.2}, history=[{"score": 2.0, "cost": 1.0, "both": 1.0}],
              more=[*more, defined("both", keeps=2)], exit_code=None)  # fmt: skip
    write_run(tmp_path, "cccc", settings={"lr": 0.3}, log=False, metadata={
        "host": "old", "gpu": "V100", "gpu_count": 2, "startedAt": "2019-05-01T10:00:00.000000",
        "heartbeatAt": "2019-05-01T10:30:00.000000", "state": "killed"})  # fmt: skip
    sweep = hpi_core.read(tmp_path)
    begun = datetime(2024, 1, 1, 12, 0)
    assert sweep.trials["start_time"].to_list() == [begun, begun, datetime(2019, 5, 1, 10)]
    seen = [begun + timedelta(seconds=540), begun + timedelta(seconds=200), datetime(2019, 5, 1, 10, 30)]
    assert sweep.trials["heartbeat"].to_list() == seen
    assert sweep.trials["end_time"].to_list() == [seen[0], None, seen[2]]
    assert sweep.trials["gpu_count"].to_list() == [4, 4, 2]
    assert sweep.trials["_status"].to_list() == ["completed", "running", "failed"]
    assert set(sweep.roles.time) == {"start_time", "end_time", "heartbeat"}
    assert {"host", "gpu_count", "gpu"} <= {*sweep.roles.environment, *sweep.roles.constants}
    directions = {metric.name: metric.direction for metric in sweep.roles.metrics}
    assert (directions["score"], directions["cost"]) == ("max", "min")


def test_a_resumed_run_is_one_trial_and_a_copy_is_none(tmp_path: Path) -> None:
    first = write_run(tmp_path, "aaaa", settings={"lr": 0.1}, history=[{"loss": 3.0}], exit_code=1)
    write_run(tmp_path, "aaaa", settings={"lr": 0.1}, history=[{"loss": 2.0}, {"loss": 1.0}], stamp="20240102_120000",
              start=1_704_200_000)  # fmt: skip
    shutil.copytree(first, tmp_path / "latest-run")
    (tmp_path / "latest").symlink_to(first)
    sweep = hpi_core.read(tmp_path)
    assert sweep.trial_ids().to_list() == ["aaaa"]
    assert sweep.curves is not None
    assert sweep.curves.collect()["value"].to_list() == [2.0, 1.0]  # a step that is there twice keeps the later value
    assert sweep.trials["_status"].to_list() == ["completed"]
    assert {"resumed", "duplicate_run", "repeated_step"} == set(sweep.ledger["kind"])


def test_a_damaged_record_costs_itself_and_the_files_beside_the_log_help_out(tmp_path: Path) -> None:
    rows = [{"loss": float(step), "note": "x" * 3000} for step in range(60)]
    folder = write_run(tmp_path, "aaaa", settings={"lr": 0.1}, history=rows)
    path = folder / "run-aaaa.wandb"
    data = bytearray(path.read_bytes())
    data[70_000] ^= 0xFF
    path.write_bytes(bytes(data))
    other = write_run(tmp_path, "bbbb", settings={"lr": 0.2}, history=rows[:2])
    (other / "run-bbbb.wandb").write_bytes(b"")
    sweep = hpi_core.read(tmp_path)
    assert sweep.curves is not None
    kept = sweep.curves.collect()["value"].to_list()
    assert 30 < len(kept) < 60
    assert kept[0] == 0.0
    assert kept[-1] == 59.0
    assert sweep.trials["lr"].to_list() == [0.1, 0.2]
    assert sweep.trials["loss"].to_list() == [59.0, 1.0]
    assert sorted(sweep.ledger["kind"]) == ["refused_file", "truncated"]


def test_a_summary_of_words_for_numbers_and_nested_settings_is_understood(tmp_path: Path) -> None:
    nested = {"model": {"depth": 3, "act": {"name": "relu"}}, "lr": 1e-5}
    write_run(tmp_path, "aaaa", settings=nested, log=False, summary={"loss": "NaN", "val": {"acc": 0.5}})
    write_run(tmp_path, "bbbb", settings={**nested, "lr": 2e-5}, log=False, summary={})
    sweep = hpi_core.read(tmp_path)
    assert sweep.trials["model.act.name"].to_list() == ["relu", "relu"]
    assert sweep.trials["lr"].to_list() == [1e-5, 2e-5]
    assert math.isnan(sweep.trials["loss"][0])
    assert sweep.trials["val.acc"].to_list() == [0.5, None]


def test_a_single_run_folder_and_a_folder_of_projects_open_too(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a" / "wandb", "aaaa", settings={"lr": 0.1}, history=[{"loss": 1.0}])
    write_run(tmp_path / "b" / "wandb", "bbbb", settings={"lr": 0.2}, history=[{"loss": 2.0}])
    assert hpi_core.read(run).trial_ids().to_list() == ["aaaa"]
    assert sorted(hpi_core.read(tmp_path).trial_ids()) == ["aaaa", "bbbb"]


def test_old_clients_keep_their_files_in_the_run_folder_itself(tmp_path: Path) -> None:
    run = tmp_path / "run-20200101_000000-aaaa"
    run.mkdir()
    (run / "config.yaml").write_text("wandb_version: 1\nlr:\n  desc: null\n  value: 0.1\n")
    (run / "wandb-summary.json").write_text(json.dumps({"loss": 0.25, "_runtime": 12.5}))
    sweep = hpi_core.read(tmp_path)
    assert (sweep.trials["lr"][0], sweep.trials["loss"][0], sweep.trials["runtime"][0]) == (0.1, 0.25, 12.5)


def test_a_folder_that_only_has_the_name_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "wandb" / "run-20240101_120000-aaaa").mkdir(parents=True)
    (tmp_path / "wandb" / "debug.log").write_text("")
    with pytest.raises(hpi_core.HpiError, match="holds no sweep"):
        hpi_core.read(tmp_path / "wandb")
