"""Folders with one run each: what Lightning, the Trainer, Hydra and scripts leave, real ones, and runs gone wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest

import hpi_core
from hpi_core.tables.run_files import numeric_csv
from hpi_core.tables.run_names import parts_of_folders
from hpi_core.tables.table import ReadOptions
from tests.core.cli.running import hpi
from tests.core.readers.conformance import Store, StoreConformance
from tests.shared_data import DATA, needs_shared

LOGS = DATA / "08_logs"
DETR = LOGS / "GeorgePearse__rf-detr-mask"
CONTACT = LOGS / "Jhko725__Contact-Point-Detection"
BENCH = DATA / "02_hpo_bench/mlcommons__submissions_algorithms/previous_leaderboards/algoperf_v05/logs/external_tuning"


def write_lightning(folder: Path, settings: Mapping[str, object], losses: Sequence[float]) -> Path:
    """Write a Lightning run: train and validation rows in turn, each with gaps where the other has values."""
    folder.mkdir(parents=True)
    (folder / "hparams.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items()))
    lines = ["epoch,step,train_loss,val_loss"]
    for epoch, loss in enumerate(losses):
        lines += [f"{epoch},{epoch * 10 + 9},{loss},", f"{epoch},{epoch * 10 + 9},,{loss + 1}"]
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    return folder


def write_trainer(folder: Path, losses: Sequence[float], most: int) -> None:
    folder.mkdir(parents=True)
    history = [{"epoch": step / 10, "loss": loss, "step": step * 10} for step, loss in enumerate(losses, 1)]
    state = {"global_step": len(losses) * 10, "max_steps": most, "log_history": history, "best_metric": None}
    (folder / "trainer_state.json").write_text(json.dumps(state, indent=2))


class TestConformance(StoreConformance):
    reader = "folders"

    def stores(self, folder: Path) -> Sequence[Store]:
        lightning = folder / "lightning_logs"
        for number in range(12):
            write_lightning(lightning / f"version_{number}", {"lr": 0.1 * number}, [1 / (n + 1) for n in range(20)])
        mixed = folder / "runs"
        for number, name in enumerate(["a", "b", "c"]):
            (mixed / name).mkdir(parents=True)
            (mixed / name / "config.json").write_text(json.dumps({"optimizer": name, "depth": number}))
            rows = [{"step": step, "acc": step / 10} for step in range(5)]
            (mixed / name / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return [
            Store(lightning, 12, {"completed": 12}, 12 * 40, ["lr", "train_loss", "val_loss"]),
            Store(mixed, 3, {"completed": 3}, 15, ["optimizer", "depth", "acc"]),
        ]


@needs_shared
@pytest.mark.parametrize(
    ("place", "trials", "statuses", "points"),
    [
        # version_0 and 2 have settings and never logged. Points: numbers in the cells of the metrics that change.
        (DETR / "lightning_logs", 5, {"completed": 3, "unknown": 2}, None),
        (DETR, 7, {"completed": 5, "unknown": 2}, None),
        # Four runs left a metrics.csv of one byte; the others logged 1,481 and 16 epochs.
        (CONTACT, 6, {"completed": 2, "unknown": 4}, 1481 + 16),
        # Stopped at step 7,000 of 9,411: nobody knows why.
        (LOGS / "NijatZeynalov__mT5-based-azerbaijani-news-summarize", 1, {"unknown": 1}, None),
        (LOGS / "aigoncharov__trainer_state_viz", 1, {"completed": 1}, None),
        # Ten runs of five reports, each of ten metrics; `done` lies beside them.
        (LOGS / "facebookresearch__DomainBed", 10, {"completed": 10}, 10 * 5 * 10),
        (BENCH / "amos/study_0/criteo1tb_embed_init_jax", 5, {"completed": 1, "unknown": 4}, None),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_real_folders_open(place: Path, trials: int, statuses: dict[str, int], points: int | None) -> None:
    sweep = hpi_core.read(place)
    assert (sweep.source.kind, sweep.trials.height) == ("folders", trials)
    assert Counter(sweep.trials["_status"]) == statuses
    if points is not None:
        assert sweep.curves is not None
        assert sweep.curves.collect().height == points


@needs_shared
def test_real_trainer_states_keep_every_number_of_their_history() -> None:
    for path in sorted(LOGS.rglob("trainer_state.json")):
        history = json.loads(path.read_text())["log_history"]
        told = {
            (record["step"], key): float(value)
            for record in history
            for key, value in record.items()
            if key not in ("step", "epoch")
        }
        curves = hpi_core.read(path.parent).curves
        assert curves is not None
        read = {(step, metric): value for metric, step, value in curves.collect().drop("_row").iter_rows()}
        assert read == told


@needs_shared
def test_real_lightning_runs_keep_every_number_of_their_logs() -> None:
    sweep = hpi_core.read(DETR / "lightning_logs")
    assert sweep.curves is not None
    curves = sweep.curves.collect()
    for run in ("version_1", "version_3", "version_4"):
        table = pl.read_csv(DETR / "lightning_logs" / run / "metrics.csv", infer_schema_length=None)
        mine = curves.filter(pl.col("_row") == sweep.row_of(run))
        for metric in ("val/loss", "train/loss_step", "lr-FloatOnlyAdamW/pg1"):
            if metric in table.columns:
                steps = table.select("step", metric).drop_nulls().unique("step", keep="last", maintain_order=True)
                assert mine.filter(pl.col("metric") == metric)["value"].to_list() == steps[metric].to_list()
        assert mine["metric"].n_unique() > 300
    assert sweep.trials["config.num_classes"].null_count() < 5  # fields of an object of a class that is not there


def test_variables_come_from_folder_names_where_no_run_has_settings(tmp_path: Path) -> None:
    for rank in (4, 8):
        for rate in ("1e-5", "0.001"):
            folder = tmp_path / f"rank{rank}_lr{rate}" / "seed_0"
            folder.mkdir(parents=True)
            (folder / "metrics.csv").write_text("step,loss\n1,2.0\n2,1.0\n")
    sweep = hpi_core.read(tmp_path)
    assert [h.name for h in sweep.roles.hyperparameters] == ["rank", "lr"]
    assert sorted(sweep.trials.select("rank", "lr").rows()) == [(4, 1e-5), (4, 0.001), (8, 1e-5), (8, 0.001)]


def test_variables_in_names_hold_for_each_run_and_each_variable_its_settings_do_not_tell(tmp_path: Path) -> None:
    told = {
        "rank8_lr1e-5": {"seed": 1},  # nothing of what its name says
        "rank16_lr1e-4": {"optim": {"learning_rate": 1e-4}},  # the rate, under a longer name
        "rank4_lr1e-3": {"optim": {"learning_rate": 1e-3}, "rank": 5},  # settings are the stronger word
        "rank32_lr1e-2": None,
    }
    for name, settings in told.items():
        (tmp_path / "fn" / name).mkdir(parents=True)
        (tmp_path / "fn" / name / "metrics.csv").write_text("step,train_loss\n1,2.0\n2,1.0\n")
        if settings is not None:
            (tmp_path / "fn" / name / "config.json").write_text(json.dumps(settings))
    sweep = hpi_core.read(tmp_path / "fn")
    assert {h.name for h in sweep.roles.hyperparameters} == {"rank", "optim.learning_rate"}
    rows = {row["run"]: (row["rank"], row["optim.learning_rate"]) for row in sweep.trials.iter_rows(named=True)}
    assert rows == {
        "rank8_lr1e-5": (8, 1e-5), "rank16_lr1e-4": (16, 1e-4), "rank4_lr1e-3": (5, 1e-3), "rank32_lr1e-2": (32, 1e-2),
    }  # fmt: skip
    page = " ".join(hpi("inspect", tmp_path / "fn", home=tmp_path).stdout.decode().split())
    assert "Hyperparameters 2 columns" in page


def test_numbers_of_runs_are_no_variables(tmp_path: Path) -> None:
    for number in range(3):
        write_lightning(tmp_path / f"version_{number}", {"lr": 0.1 * number}, [1.0, 0.5])
    assert [h.name for h in hpi_core.read(tmp_path).roles.hyperparameters] == ["lr"]


@needs_shared
def test_real_logs_name_no_schedule_and_no_pace_what_was_searched(tmp_path: Path) -> None:
    for name in ("NijatZeynalov__mT5-based-azerbaijani-news-summarize", "aigoncharov__trainer_state_viz"):
        sweep = hpi_core.read(LOGS / name)
        assert sweep.roles.hyperparameters == ()
        assert {"max_steps", "num_train_epochs"} <= set(sweep.roles.constants)
        assert "learning_rate" in {metric.name for metric in sweep.roles.metrics}
        paces = [name for name in sweep.trials.columns if name.endswith(("_per_second", "_runtime", "_flos"))]
        assert paces
        assert set(paces) <= set(sweep.roles.resources)
        page = hpi("inspect", LOGS / name, home=tmp_path).stdout.decode()
        assert " per " not in page.split("Trials by status")[1].split("Best healthy")[0]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([("lr=0.1,bs=32",), ("lr=0.2,bs=32",)], [{"lr": 0.1}, {"lr": 0.2}]),
        ([("adam_lr1e-3-wd0.1",), ("sgd_lr1e-4-wd0.2",)], [{"lr": 1e-3, "wd": 0.1}, {"lr": 1e-4, "wd": 0.2}]),
        ([("20240101_120000-lr_0.1",), ("20240102_120000-lr_0.2",)], [{"lr": 0.1}, {"lr": 0.2}]),
        ([("weight_decay0.1_x",), ("weight_decay0.2_x",)], [{"weight_decay": 0.1}, {"weight_decay": 0.2}]),
        ([("resnet",), ("vgg",)], [{}, {}]),
        ([("depth4", "lr0.1"), ("depth8", "lr0.1")], [{"depth": 4}, {"depth": 8}]),
        ([("version_0",), ("version_1",)], [{}, {}]),
    ],
)
def test_names_of_folders_are_taken_apart(paths: list[tuple[str, ...]], expected: list[dict[str, object]]) -> None:
    assert parts_of_folders(paths) == expected


def test_checkpoints_of_a_trainer_are_one_run_with_the_last_history(tmp_path: Path) -> None:
    write_trainer(tmp_path / "a" / "checkpoint-20", [3.0, 2.0], 30)
    write_trainer(tmp_path / "a" / "checkpoint-30", [3.0, 2.0, 1.0], 30)
    write_trainer(tmp_path / "b" / "checkpoint-10", [5.0], 30)
    sweep = hpi_core.read(tmp_path)
    assert sweep.trial_ids().to_list() == ["a", "b"]
    assert sweep.trials["_status"].to_list() == ["completed", "unknown"]
    assert sweep.trials["loss"].to_list() == [1.0, 5.0]


def test_settings_above_a_run_and_those_of_hydra_are_its_settings(tmp_path: Path) -> None:
    for name, rate in (("one", 0.1), ("two", 0.2)):
        write_lightning(tmp_path / name / "lightning_logs" / "version_0", {"depth": 3}, [1.0])
        (tmp_path / name / ".hydra").mkdir()
        (tmp_path / name / ".hydra" / "config.yaml").write_text(f"optim:\n  lr: {rate}\n")
    sweep = hpi_core.read(tmp_path)
    assert sweep.trials["optim.lr"].to_list() == [0.1, 0.2]
    assert sweep.trials["depth"].to_list() == [3, 3]


def test_one_bad_run_never_hides_the_others(tmp_path: Path) -> None:
    for number in range(3):
        write_lightning(tmp_path / f"good_{number}", {"lr": 0.1 * number}, [2.0, 1.0])
    write_lightning(tmp_path / "bad_yaml", {}, [1.0])
    (tmp_path / "bad_yaml" / "hparams.yaml").write_text("lr: [1, 2")
    write_lightning(tmp_path / "binary", {"lr": 0.5}, [])
    (tmp_path / "binary" / "metrics.csv").write_bytes(b"\x80\x04\x95" + bytes(range(256)))
    write_lightning(tmp_path / "empty", {"lr": 0.6}, [])
    (tmp_path / "empty" / "metrics.csv").write_bytes(b"\n")
    write_lightning(tmp_path / "pointer", {"lr": 0.7}, [])
    (tmp_path / "pointer" / "metrics.csv").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    (tmp_path / "failed").mkdir()
    (tmp_path / "failed" / "hparams.yaml").write_text("lr: 0.8\n")
    (tmp_path / "failed" / "error.txt").write_text(
        "Traceback (most recent call last):\nRuntimeError: CUDA out of memory\n"
    )
    outside = tmp_path.parent / "outside.csv"
    outside.write_text("step,secret\n1,2\n")
    (tmp_path / "escape").mkdir()
    (tmp_path / "escape" / "metrics.csv").symlink_to(outside)
    (tmp_path / "escape" / "hparams.yaml").write_text("lr: 0.9\n")
    (tmp_path / "good_0" / "loop").symlink_to(tmp_path)
    sweep = hpi_core.read(tmp_path)
    assert sweep.trial_ids().to_list() == [
        "bad_yaml", "binary", "empty", "escape", "failed", "good_0", "good_1", "good_2", "pointer",
    ]  # fmt: skip
    assert "secret" not in sweep.trials.columns
    told = "\n".join(sweep.ledger["message"])
    for words in ("run bad_yaml: hparams.yaml is damaged YAML", "run binary: metrics.csv is a Python pickle",
                  "run empty: metrics.csv", "run pointer: metrics.csv is a Git LFS pointer", "leads out"):  # fmt: skip
        assert words in told
    failed = sweep.trials.row(sweep.row_of("failed"), named=True)
    assert (failed["_status"], failed["error"]) == ("failed", "RuntimeError: CUDA out of memory")


@pytest.mark.parametrize(
    ("name", "lines", "tail"),
    [
        ("metrics.csv", "step,train_loss\n0,0.5\n1,0.4\n", "2,9."),
        ("metrics.csv", 'step,train_loss\n0,"0.5"\n1,0.4\n', "2,9."),
        ("progress.csv", "step,train_loss,note\n0,0.5,a\n1,0.4,b\n", "2,9.2,b"),
        ("metrics.tsv", "step\ttrain_loss\n0\t0.5\n1\t0.4\n", "2\t9.2"),
        ("metrics.jsonl", '{"step": 0, "train_loss": 0.5}\n{"step": 1, "train_loss": 0.4}\n', '{"step": 2, "train_l'),
    ],
)
def test_a_last_line_without_its_end_is_told_and_stands_in_no_curve(
    name: str, lines: str, tail: str, tmp_path: Path
) -> None:
    for run in ("lr1e-3", "lr2e-3"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        (tmp_path / "runs" / run / name).write_text(lines + (tail if run == "lr2e-3" else ""))
    sweep = hpi_core.read(tmp_path / "runs")
    assert sweep.curves is not None
    assert sweep.curves.collect().filter(_row=1, metric="train_loss")["value"].to_list() == [0.5, 0.4]
    assert sweep.trials["train_loss"].to_list() == [0.4, 0.4]
    entry = sweep.ledger.filter(kind="incomplete_step").row(0, named=True)
    assert (entry["row"], entry["was"]) == (1, tail)
    page = hpi("inspect", tmp_path / "runs", home=tmp_path).stdout.decode()
    assert f"run lr2e-3: the last line of {name} has no line end" in " ".join(page.split())
    (tmp_path / "runs" / "lr2e-3" / "done").touch()  # a run that has ended writes no more
    ended = hpi_core.read(tmp_path / "runs")
    accepted = hpi_core.read(tmp_path / "runs", options=ReadOptions(complete=True))
    for one in (ended, accepted):
        assert one.curves is not None
        last = one.curves.collect().filter(_row=1, metric="train_loss")["value"].to_list()[2:]
        assert last == ([] if name.endswith("jsonl") else [9.0] if tail.endswith(".") else [9.2])


def test_a_log_of_nothing_but_a_line_without_its_end_is_shown_and_not_judged(tmp_path: Path) -> None:
    for run, text in (("a", "step,loss\n0,0.5\n1,0.4\n"), ("b", "step,loss\n0,9")):
        (tmp_path / run).mkdir()
        (tmp_path / run / "metrics.csv").write_text(text)
    sweep = hpi_core.read(tmp_path)
    assert sweep.trials["loss"].to_list() == [0.4, 9.0]
    assert (sweep.incomplete, sweep.trials["_status"][1]) == (frozenset({1}), "running")


def test_a_table_of_trials_is_not_the_log_of_a_run(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.csv").write_text("params_lr,loss\n0.1,1\n0.2,2\n0.3,3\n")
    with pytest.raises(hpi_core.HpiError) as caught:
        hpi_core.read(tmp_path)
    assert "2 run folders of which nothing can be read" in caught.value.message
    assert "results.csv holds a table of 3 trials" in caught.value.hint


def test_parquet_logs_and_logs_of_any_one_name_are_found(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        pl.DataFrame({"step": [1, 2], "loss": [1.0, 0.5]}).write_parquet(tmp_path / name / "curve.parquet")
    sweep = hpi_core.read(tmp_path)
    assert sweep.trial_ids().to_list() == ["a", "b"]
    assert sweep.curves is not None
    assert sweep.curves.collect().height == 4


@pytest.mark.parametrize(
    ("text", "quick"),
    [
        ("step,loss\n1,0.5\n2,\n", True),
        ("step,loss\n1,0.5\n2,nan\n", False),  # a word: what it means is told by the reader of dirty tables
        ("step,loss\n1,0.5\n2,0.25", False),  # the last line may be cut
        ("step,loss\n1,0.5\n2\n", False),
        ("step,loss\n1,0.5,7\n2\n", False),
        ("1,2\n3,4\n", False),
        ("loss,loss\n3,4\n", False),
        ('step,"loss"\n3,4\n', False),
        ("step;loss\n3;4\n", False),
        ("step,loss\n\n3,4\n", False),
    ],
)
def test_only_a_log_of_numbers_is_read_at_once(text: str, quick: bool) -> None:
    frame = numeric_csv(text.encode())
    assert (frame is not None) == quick
    if frame is not None:
        assert frame.to_dict(as_series=False) == {"step": [1, 2], "loss": [0.5, None]}
