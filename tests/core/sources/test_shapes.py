"""Curves taken apart into trials, nested values made flat, JSON in its shapes, and tables that stay as they are."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import hpi_core
from hpi_core.errors import SourceError
from hpi_core.sweep import Sweep
from hpi_core.tables.shape import reshape
from hpi_core.tables.table import Table


def read_text(tmp_path: Path, name: str, text: str) -> Sweep:
    (tmp_path / name).write_text(text)
    return hpi_core.read(tmp_path / name)


def points(sweep: Sweep) -> list[tuple[object, ...]]:
    assert sweep.curves is not None
    return sweep.curves.collect().rows()


def test_a_chart_export_becomes_one_trial_per_run(tmp_path: Path) -> None:
    names = "Step,lr=0.1-bs=32 - loss,lr=0.1-bs=32 - loss__MIN,lr=0.01-bs=64 - loss,lr=0.01-bs=64 - loss__MIN"
    sweep = read_text(tmp_path, "x.csv", f"{names}\n0,3,3,4,4\n1,2,2,nan,nan\n2,1,1,,\n")
    assert sweep.trials["run"].to_list() == ["lr=0.1-bs=32", "lr=0.01-bs=64"]
    assert sweep.trials["lr"].to_list() == [0.1, 0.01]
    assert sweep.trials["bs"].to_list() == [32, 64]
    last = sweep.trials["loss"].to_list()
    assert last[0] == 1.0
    assert last[1] != last[1], "the last value is a NaN and is shown as one"
    assert len(points(sweep)) == 5
    assert {"reshaped", "dropped_columns"} <= set(sweep.ledger["kind"])


def test_a_log_of_several_trials_becomes_trials_and_curves() -> None:
    frame = pl.DataFrame(
        {
            "trial_id": ["b"] * 4 + ["a"] * 4,
            "lr": [0.1] * 4 + [0.2] * 4,
            "step": [0, 1, 2, 2, 0, 1, 2, 3],
            "loss": [4.0, 3.0, 2.0, 1.0, 9.0, float("inf"), 7.0, None],
        }
    )
    table = reshape(Table(frame, incomplete=frozenset({7})))
    assert table.frame.to_dict(as_series=False) == {
        "trial_id": ["b", "a"], "lr": [0.1, 0.2], "step": [2, 3], "loss": [1.0, 7.0],
    }  # fmt: skip
    assert table.curves is not None
    assert table.curves.rows() == [
        (0, "loss", 0, 4.0), (0, "loss", 1, 3.0), (0, "loss", 2, 1.0),
        (1, "loss", 0, 9.0), (1, "loss", 1, float("inf")), (1, "loss", 2, 7.0),
    ]  # fmt: skip
    assert table.incomplete == {1}
    assert set(table.ledger["kind"]) == {"reshaped", "repeated_step"}


def test_steps_that_are_no_whole_numbers_become_the_running_index() -> None:
    frame = pl.DataFrame({"run_id": ["a"] * 3 + ["b"] * 3, "epoch": [0.5, 1.0, 1.5] * 2, "loss": [3.0, 2, 1, 6, 5, 4]})
    table = reshape(Table(frame))
    assert table.curves is not None
    assert table.curves["step"].to_list() == [0, 1, 2] * 2
    assert "steps" in table.ledger["kind"].to_list()


def test_settings_that_change_where_the_step_starts_over_tell_the_trials() -> None:
    frame = pl.DataFrame({"lr": [0.1] * 3 + [0.2] * 3, "epoch": [1, 2, 3] * 2, "loss": [3.0, 2, 1, 6, 5, 4]})
    table = reshape(Table(frame))
    assert table.frame["lr"].to_list() == [0.1, 0.2]
    assert table.frame["loss"].to_list() == [1.0, 4.0]


def test_steps_as_columns_become_curves() -> None:
    data = {"id": ["a", "b"], **{f"val_loss_{i}": [1.0 / (i + 1), None if i > 2 else 2.0] for i in range(6)}}
    table = reshape(Table(pl.DataFrame(data)))
    assert table.frame.columns == ["id", "val_loss"]
    assert table.curves is not None
    assert table.curves.height == 9


PLAIN = {
    "budgets": {"config_id": [1, 1, 1, 2, 2, 2], "budget": [1, 3, 9] * 2, "loss": [3.0, 2, 1, 3, 2, 1]},
    "epochs as a setting": {"model": ["a"] * 3 + ["b"] * 3, "epochs": [10, 20, 30] * 2, "loss": [3.0, 2, 1, 3, 2, 1]},
    "metric and value": {"workload": ["a", "a", "b"], "metric": ["x", "y", "x"], "value": [1.0, 2.0, 3.0]},
    "one row per trial": {"trial_id": ["a", "b", "c", "d"], "epoch": [3, 5, 7, 9], "loss": [1.0, 2, 3, 4]},
    "unnumbered": {"id": ["a", "b"], "top1": [1.0, 2.0], "top5": [1.0, 2.0]},
    "parameters": {"id": ["a", "b"], **{f"hp_x{i}": [1, 2] for i in range(6)}},
}


@pytest.mark.parametrize("kind", PLAIN)
def test_a_table_in_doubt_stays_one_row_per_trial(kind: str) -> None:
    table = Table(pl.DataFrame(PLAIN[kind]))
    assert reshape(table) is table


def test_nested_cells_become_columns(tmp_path: Path) -> None:
    text = "id;config;loss\na;{'lr': 0.1, 'wd': nan};1\nb;{'lr': 1e-3, 'wd': 0.5};2\n"
    sweep = read_text(tmp_path, "x.csv", text)
    assert sweep.trials["config.lr"].to_list() == [0.1, 0.001]
    assert sweep.trials["config.wd"].is_nan().to_list() == [True, False]
    wrapped = {"id": "a", "config": {"lr": {"value": 0.1, "desc": None}}}
    sweep = read_text(tmp_path, "y.jsonl", json.dumps(wrapped) + "\n")
    assert sweep.trials["config.lr"].to_list() == [0.1]


def test_nothing_in_a_cell_is_ever_run(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    cell = f"{{'lr': __import__('pathlib').Path('{canary}').touch()}}"
    read_text(tmp_path, "x.csv", f'id,config\na,"{cell}"\nb,"{cell}"\n')
    assert not canary.exists()


JSON = {
    "list": [{"lr": 1, "loss": 2.5}, {"lr": 2, "loss": 3}],
    "trials": {"study": "x", "trials": [{"lr": 1, "loss": 2.5}, {"lr": 2, "loss": 3}]},
    "columns": {"lr": [1, 2], "loss": [2.5, 3]},
    "pandas": {"lr": {"0": 1, "1": 2}, "loss": {"0": 2.5, "1": 3}},
    "split": {"columns": ["lr", "loss"], "index": [0, 1], "data": [[1, 2.5], [2, 3]]},
    "by id": {"a": {"lr": 1, "loss": 2.5}, "b": {"lr": 2, "loss": 3}},
}


@pytest.mark.parametrize("kind", JSON)
def test_json_in_its_shapes(kind: str, tmp_path: Path) -> None:
    sweep = read_text(tmp_path, "x.json", json.dumps(JSON[kind], indent=1))
    assert sweep.trials["lr"].to_list() == [1, 2]
    assert sweep.trials["loss"].to_list() == [2.5, 3.0]


def test_bad_lines_cost_only_themselves_and_every_line_is_counted(tmp_path: Path) -> None:
    lines = [
        '{"lr": 0.1, "loss": NaN}',
        "",
        "{broken",
        '{"lr": 0.2, "loss": Infinity}',
        "[" * 100_000,
        '{"lr": 0.3, "loss": 1}',
    ]
    sweep = read_text(tmp_path, "x.jsonl", "\n".join(lines))
    assert sweep.trials["loss"].to_list()[1:] == [float("inf"), 1.0]
    counts = sweep.source.lines
    assert counts is not None
    assert (counts.record, counts.refused, counts.blank, counts.total) == (3, 2, 1, 6)
    assert sweep.incomplete == {2}
    assert sweep.ledger.filter(pl.col("kind") == "refused_line")["line"].to_list() == [3, 5]


HOSTILE = [
    "[" * 200_000,
    '{"a":' * 200_000,
    "[[1,2],[3,4]]",
    "3",
    "[]",
    "{}",
    '{"a": 1',
    "[1,2,3]",
    '{"a": [[1]]}',
    "9" * 5000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_json_is_refused_in_a_sentence(text: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_text(tmp_path, "x.json", text)
    assert len(caught.value.message) < 400


def test_ten_thousand_columns(tmp_path: Path) -> None:
    sweep = read_text(tmp_path, "x.jsonl", (json.dumps({f"c{i}": i for i in range(10_000)}) + "\n") * 3)
    assert sweep.trials.shape == (3, 10_002)


def test_parquet_with_structs_and_lists_and_a_damaged_one(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["a", "b"], "config": [{"lr": 0.1}, {"lr": 0.2}], "curve": [[1.0, 2.0], [3.0]]})
    frame.write_parquet(tmp_path / "x.parquet")
    sweep = hpi_core.read(tmp_path / "x.parquet")
    assert sweep.trials["config.lr"].to_list() == [0.1, 0.2]
    assert sweep.trials.schema["curve"] == pl.List(pl.Float64)
    (tmp_path / "x.parquet").write_bytes((tmp_path / "x.parquet").read_bytes()[:-20])
    with pytest.raises(SourceError, match="Parquet"):
        hpi_core.read(tmp_path / "x.parquet")
    frame.write_ipc(tmp_path / "x.arrow")
    assert hpi_core.read(tmp_path / "x.arrow").trials.height == 2


def test_the_sources_own_reserved_names_are_renamed_not_dropped() -> None:
    sweep = Sweep.from_polars(pl.DataFrame({"_row": [7, 8], "_status": ["x", "y"], "loss": [0.1, 0.2]}))
    assert sweep.trials.columns[:2] == ["_row", "_status"]
    assert sweep.trials["source_row"].to_list() in ([7, 8], ["7", "8"])
    assert sweep.trials["source_status"].to_list() == ["x", "y"]
    assert sweep.ledger["kind"].to_list() == ["renamed_column"] * 2


def test_pandas_goes_in_and_out() -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            ("params", "lr"): [0.1, 0.2],
            ("params", "n"): pd.array([1, None], dtype="Int64"),
            ("user", "opt"): pd.Categorical(["adam", None]),
            ("user", "start"): pd.to_datetime(["2024-01-01", None]),
            ("user", "curve"): [[1, 2.0], None],
            ("value", ""): [float("nan"), float("inf")],
        },
        index=pd.Index(["a", "b"], name="trial_id"),
    )
    sweep = Sweep.from_pandas(frame)
    assert sweep.trials["params_n"].to_list() == [1, None]
    assert sweep.trials["user_opt"].to_list() == ["adam", None]
    assert sweep.trials["value"].is_nan().to_list() == [True, False]
    assert sweep.trials["user_curve"].to_list() == [[1.0, 2.0], None]
    assert sweep.trial_ids().to_list() == ["a", "b"]
    back = sweep.to_pandas()
    assert back["params_lr"].tolist() == [0.1, 0.2]
    assert str(back["user_start"].dtype).startswith("datetime64")
    assert back["params_n"].isna().tolist() == [False, True]


def test_json_lines_that_only_parse_together_are_refused_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    path.write_text('{"a": [{}\n{}]}, {"b": {}}\n{"a": 1, "loss": 0.5}\n{"a": 2, "loss": 0.25}\n')
    sweep = hpi_core.read(path)
    assert sweep.trials["loss"].to_list() == [0.5, 0.25]
    assert sweep.ledger["line"].to_list() == [1, 2]
