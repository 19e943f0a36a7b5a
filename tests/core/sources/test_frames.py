"""Frames as sources: polars, pandas, anything with the Arrow interface, and what trackers hand on as frames."""

from __future__ import annotations

import random
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import hpi_core
from hpi_core import Sweep
from hpi_core.errors import SourceError, UsageError
from tests.core.cli.running import hpi, hpi_process


def test_types_of_polars_become_plain_and_structures_become_columns() -> None:
    frame = pl.DataFrame(
        {
            "trial_id": ["a", "b"],
            "opt": pl.Series(["adam", "sgd"], dtype=pl.Categorical),
            "lr": pl.Series([0.1, 0.2], dtype=pl.Float32),
            "depth": pl.Series([1, 2], dtype=pl.Int8),
            "model": [{"act": "relu", "size": {"width": 3}}, {"act": "tanh", "size": {"width": 4}}],
            "day": [date(2024, 1, 1)] * 2,
            "took": [timedelta(seconds=90)] * 2,
            "val_loss": [0.5, 0.25],
        }
    )
    sweep = Sweep.from_polars(frame)
    assert dict(sweep.trials.schema) == {
        "_row": pl.UInt32, "_status": pl.String, "trial_id": pl.String, "opt": pl.String, "lr": pl.Float64,
        "depth": pl.Int64, "model.act": pl.String, "model.size.width": pl.Int64, "day": pl.Datetime("us"),
        "took": pl.Float64, "val_loss": pl.Float64,
    }  # fmt: skip
    assert sweep.trials["lr"].to_list() == [0.1, 0.2]
    assert sweep.trials["model.size.width"].to_list() == [3, 4]


class Offered:
    """A table of some other library: it has the Arrow interface and nothing else."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


def test_anything_with_the_arrow_interface_is_a_source() -> None:
    frame = pl.DataFrame({"trial_id": ["a", "b"], "lr": [0.1, 0.2], "val_loss": [0.5, 0.25]})
    sweep = Sweep.from_arrow(Offered(frame))
    assert sweep.trials.drop("_row", "_status").equals(frame)
    with pytest.raises(UsageError, match="does not offer the Arrow interface"):
        Sweep.from_arrow([1, 2])


def test_the_frame_of_an_optuna_study_is_understood() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), direction="minimize")

    def objective(trial: object) -> float:
        rate = trial.suggest_float("lr", 1e-5, 1e-1, log=True)  # type: ignore[attr-defined]
        name = trial.suggest_categorical("opt", ["adam", "sgd"])  # type: ignore[attr-defined]
        if trial.number % 5 == 4:  # type: ignore[attr-defined]
            raise optuna.TrialPruned
        if trial.number % 5 == 3:  # type: ignore[attr-defined]
            raise ValueError("no")
        return float(rate * (1 if name == "adam" else 2))

    study.optimize(objective, n_trials=20, catch=(ValueError,))
    for multi in (False, True):
        sweep = Sweep.from_pandas(study.trials_dataframe(multi_index=multi))
        assert (sweep.roles.id, sweep.roles.status) == ("number", "state")
        assert [h.name for h in sweep.roles.hyperparameters] == ["params_lr", "params_opt"]
        assert sweep.roles.objective is not None
        assert sweep.roles.objective.metric == "value"
        counts = dict(sweep.trials["_status"].value_counts().iter_rows())
        assert counts == {"completed": 12, "failed": 4, "pruned": 4}


def test_the_frame_of_mlflow_search_runs_is_understood() -> None:
    rng = random.Random(0)
    start = pd.Timestamp("2024-01-01", tz="UTC")
    frame = pd.DataFrame(
        {
            "run_id": [f"{n:032x}" for n in range(20)],
            "experiment_id": ["1"] * 20,
            "status": ["FINISHED"] * 15 + ["FAILED"] * 5,
            "artifact_uri": [f"file:///mlruns/1/{n}/artifacts" for n in range(20)],
            "start_time": [start + pd.Timedelta(minutes=n) for n in range(20)],
            "end_time": [start + pd.Timedelta(minutes=n + 1) for n in range(19)] + [pd.NaT],
            "metrics.val_loss": [rng.random() for _ in range(15)] + [float("nan")] * 5,
            "params.lr": [str(10 ** -rng.uniform(1, 5)) for _ in range(19)] + [None],
            "params.batch_size": [str(rng.choice([16, 32, 64])) for _ in range(20)],
            "params.optimizer": [rng.choice(["adam", "sgd"]) for _ in range(20)],
            "tags.mlflow.runName": [f"run-{n}" for n in range(20)],
        }
    )
    sweep = Sweep.from_pandas(frame)
    assert (sweep.roles.id, sweep.roles.status) == ("run_id", "status")
    assert [h.name for h in sweep.roles.hyperparameters] == ["params.lr", "params.batch_size", "params.optimizer"]
    assert sweep.trials["params.lr"].dtype == pl.Float64
    assert sweep.trials["params.batch_size"].dtype == pl.Int64
    assert sweep.trials["_status"].to_list() == ["completed"] * 15 + ["failed"] * 5
    assert set(sweep.roles.time) == {"start_time", "end_time"}
    assert hpi_core.summarize(hpi_core.inspect(sweep))["trials"]["by_status"] == {"completed": 15, "failed": 5}


def write_workbook(path: Path, sheets: dict[str, list[list[object]]]) -> None:
    """Write a workbook of plain cells, as small as Excel accepts it."""
    parts = "http://schemas.openxmlformats.org"
    main, related = f"{parts}/spreadsheetml/2006/main", f"{parts}/officeDocument/2006/relationships"
    names = list(enumerate(sheets, 1))
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in names)
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{related}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in names
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{parts}/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{parts}/package/2006/relationships"><Relationship Id="rId1" '
            f'Type="{related}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{related}"><sheets>{listed}</sheets></workbook>'
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{parts}/package/2006/relationships">{links}</Relationships>',
        )
        for number, name in names:
            rows = "".join("<row>" + "".join(map(_cell, row)) + "</row>" for row in sheets[name])
            archive.writestr(
                f"xl/worksheets/sheet{number}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
            )


def _cell(value: object) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return f"<c><v>{value}</v></c>"


TRIALS: list[list[object]] = [
    ["trial_id", "lr", "val_loss", "note"], ["a", 0.1, 0.5, "x"], ["b", 1e-5, "nan", "y, z"], ["c", 3, 0.25, ""],
]  # fmt: skip


def test_a_workbook_opens_whatever_its_name_and_tells_of_the_other_sheets(tmp_path: Path) -> None:
    write_workbook(tmp_path / "sweep.dat", {"Notes": [["made by hand"]], "Trials": TRIALS})
    done = hpi_process("inspect", "sweep.dat", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "3 trials" in done.stdout.decode()
    sweep = hpi_core.read(tmp_path / "sweep.dat")
    assert sweep.source.kind == "excel"
    assert sweep.trials["lr"].to_list() == [0.1, 1e-5, 3.0]
    assert sweep.trials["val_loss"].is_nan().to_list() == [False, True, False]
    assert sweep.ledger["message"].to_list() == ["the sheet Trials was read; left out: Notes"]


def test_without_the_extra_one_sentence_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_workbook(tmp_path / "sweep.xlsx", {"Trials": TRIALS})
    monkeypatch.setitem(__import__("sys").modules, "fastexcel", None)
    done = hpi("inspect", "sweep.xlsx", home=tmp_path)
    assert done.returncode == 3
    assert b"pip install 'hpi-tui[excel]'" in done.stderr


def test_damaged_workbooks_and_bombs_are_refused_in_a_sentence(tmp_path: Path) -> None:
    write_workbook(tmp_path / "cut.xlsx", {"Trials": TRIALS})
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "x")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(100 << 20))
    with zipfile.ZipFile(tmp_path / "odd.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "no XML at all")
    write_workbook(tmp_path / "empty.xlsx", {"Trials": []})
    for name, words in [("bomb.xlsx", "zip bombs"), ("odd.xlsx", "damaged"), ("empty.xlsx", "without a table")]:
        with pytest.raises(SourceError, match=words):
            hpi_core.read(tmp_path / name)
    data = (tmp_path / "cut.xlsx").read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(data[: len(data) // 2])
    with pytest.raises(SourceError):
        hpi_core.read(tmp_path / "cut.xlsx")
