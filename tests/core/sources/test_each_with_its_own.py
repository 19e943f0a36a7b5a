"""Several sources at once: each keeps its curves and what it looks for; nobody is ranked or blamed by another's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hpi_core
from tests.core.cli.running import hpi, hpi_process
from tests.shared_data import DATA, needs_shared

STUDY = DATA / "04_optuna/optuna__optuna-dashboard/tslib/react/public/sample_db.sqlite3"
MLFLOW = DATA / "03_mlflow/nicktbrr__MM-Neural-Adjoint/examples/mlflow.db"


def deepobs(folder: Path, name: str, problem: str) -> Path:
    """Write the trials of one DeepOBS problem, and beside them their curves."""
    trials = pl.read_csv(DATA / "12_curves/deepobs_trials.csv", infer_schema_length=None)
    trials = trials.filter(pl.col("testproblem") == problem).gather_every(2)
    kept = trials.select("trial_id", "optimizer", "lr", "test_losses_final")
    points = pl.read_parquet(DATA / "12_curves/deepobs_curves.parquet").with_columns(
        pl.col("metric").cast(pl.String), pl.col("trial_id").cast(pl.Int64), pl.col("value").cast(pl.Float64)
    )
    points.filter(pl.col("trial_id").is_in(kept["trial_id"].implode())).write_csv(folder / f"{name}.curves.csv")
    kept.write_csv(folder / f"{name}.csv")
    return folder / f"{name}.csv"


def study(path: Path, direction: str, *, trials: int = 25, settings: tuple[str, ...] = ("x", "y")) -> Path:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made = optuna.create_study(
        storage=f"sqlite:///{path}", study_name=path.stem, direction=direction,
        sampler=optuna.samplers.RandomSampler(seed=1),
    )  # fmt: skip
    made.optimize(lambda trial: sum(trial.suggest_float(name, 0, 1) for name in settings), n_trials=trials)
    return path


def summary(*places: str | Path, home: Path) -> dict[str, Any]:
    done = hpi("inspect", *places, "--json", home=home)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    assert not [row for row in found["coverage"] if row["state"] == "crashed"]
    return found


def counts(found: dict[str, Any]) -> dict[str, int]:
    return {issue["issue"]: issue["count"] for issue in found["issues"] if issue["scope"] == "trial"}


@needs_shared
def test_the_curves_beside_each_of_several_files_are_theirs(tmp_path: Path) -> None:
    one, two = deepobs(tmp_path, "one", "fmnist_vae"), deepobs(tmp_path, "two", "cifar10_3c3d")
    alone = [summary(path, home=tmp_path) for path in (one, two)]
    both = summary(one, two, home=tmp_path)
    assert both["source"]["curves_from"] == "2 files"
    for issue in ("nonfinite_metric", "not_decreasing", "oscillation", "duplicate_configuration"):
        assert counts(both)[issue] == sum(counts(found).get(issue, 0) for found in alone), issue
    sweep, parts = hpi_core.read([one, two]), [hpi_core.read(path) for path in (one, two)]
    points = [part.curves.collect().height for part in parts if part.curves is not None]
    assert sweep.curves is not None
    assert sweep.curves.collect().height == sum(points)
    assert f"two: two.curves.csv holds the curves of {parts[1].trials.height}" in "".join(sweep.ledger["message"])
    named = summary(one, tmp_path / "one.curves.csv", two, tmp_path / "two.curves.csv", home=tmp_path)
    assert counts(named) == counts(both)


@needs_shared
def test_a_file_with_curves_beside_it_and_a_store_with_its_own(tmp_path: Path) -> None:
    one = deepobs(tmp_path, "one", "fmnist_vae")
    done = hpi_process("inspect", one, MLFLOW, home=tmp_path)
    assert "curves from one.curves.csv" in done.stdout.decode()
    both, alone = summary(one, MLFLOW, home=tmp_path), summary(one, home=tmp_path)
    for issue in ("nonfinite_metric", "not_decreasing", "best_not_last", "saturated_early", "spike"):
        assert counts(both)[issue] >= counts(alone)[issue] > 0, issue
    sweep, store = hpi_core.read([one, MLFLOW]), hpi_core.read(MLFLOW)
    assert sweep.curves is not None
    assert store.curves is not None
    rows = sweep.trials.filter(pl.col(str(sweep.roles.group)).str.contains("mlflow"))["_row"]
    kept = sweep.curves.filter(pl.col("_row").is_in(rows.implode())).collect()
    assert kept.height == store.curves.collect().height


def test_curves_that_are_not_those_of_their_file_are_told(tmp_path: Path) -> None:
    for name, ids in (("a", (1, 2)), ("b", (8, 9))):
        (tmp_path / f"{name}.csv").write_text("trial_id,lr,val_loss\n1,0.1,0.5\n2,0.2,0.4\n")
        points = "".join(f"{trial},{step},{1 / (step + 1)}\n" for trial in ids for step in range(5))
        (tmp_path / f"{name}.curves.csv").write_text("trial_id,step,val_loss\n" + points)
    sweep = hpi_core.read([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert sweep.curves is not None
    assert sweep.curves.collect()["_row"].unique().sort().to_list() == [0, 1]
    told = sweep.ledger.filter(pl.col("kind") == "refused_curves")["message"].to_list()
    assert len(told) == 1
    assert told[0].startswith("b: b.curves.csv lies beside the source but was not taken for its curves: 0 of its 2 ids")


@needs_shared
@pytest.mark.parametrize("turned", [False, True])
def test_what_is_good_the_other_way_round_is_not_ranked_together(tmp_path: Path, turned: bool) -> None:
    low = study(tmp_path / "low.db", "minimize")
    places = [STUDY, low] if turned else [low, STUDY]
    direction, other, name = ("max", "low.db", "low") if turned else ("min", "sample_db.sqlite3", "sample_db")
    found = summary(*places, home=tmp_path)
    assert found["roles"]["objective"]["direction"] == direction
    directions = {metric["name"]: metric["direction"] for metric in found["roles"]["metrics"]}
    assert directions["value"] == direction
    assert directions[f"{other}/value"] != direction
    assert "missing_metric" not in counts(found)
    page = " ".join(hpi("inspect", *places, home=tmp_path).stdout.decode().split())
    trials = 25 if turned else 100
    better = "lower" if turned else "higher"
    assert (
        f"{trials} trials of {other} are not ranked by value, which they do not have; their own objective is "
        f"{other}/value, {better} is better (--objective ranks by it)."
    ) in page
    assert all(not row["trial"].startswith(name) for row in found["best"])
    again = hpi("inspect", *places, "--objective", f"{other}/value", "--json", home=tmp_path)
    ranked = json.loads(again.stdout)
    assert ranked["roles"]["objective"]["direction"] != direction
    assert all(row["trial"].startswith(name) for row in ranked["best"])
    assert ranked["best"]


def test_studies_of_one_search_share_their_objective_and_others_do_not(tmp_path: Path) -> None:
    one, two = study(tmp_path / "one.db", "minimize"), study(tmp_path / "two.db", "minimize")
    other = study(tmp_path / "other.db", "minimize", settings=("a", "b", "c"))
    same = hpi_core.read([one, two])
    assert same.trials["value"].null_count() == 0
    assert not set(same.ledger["kind"]) & {"told_apart", "other_objective", "matched_objective"}
    apart = hpi_core.read([one, two, other])
    assert apart.trials["other.db/value"].drop_nulls().len() == 25
    (tmp_path / "log.csv").write_text(
        "trial,x,y,val_loss\n" + "".join(f"t{n},0.{n},0.{9 - n},{0.5 + n / 100}\n" for n in range(10))
    )
    for places in ([one, tmp_path / "log.csv"], [tmp_path / "log.csv", one]):
        merged = hpi_core.read(places)
        assert merged.trials["val_loss"].null_count() == 0
        assert "value" not in merged.trials.columns
        caveats = " ".join(hpi("inspect", *places, home=tmp_path).stdout.decode().split())
        assert "value, which one.db looks for, is taken for the val_loss of log: both are good the same way" in caveats


@needs_shared
def test_trials_of_sources_with_other_objectives_are_not_sick_of_it(tmp_path: Path) -> None:
    one = deepobs(tmp_path, "one", "fmnist_vae")
    found = summary(study(tmp_path / "low.db", "minimize"), STUDY, MLFLOW, one, home=tmp_path)
    assert "missing_metric" not in counts(found)
    assert found["source"]["name"] == "low.db, sample_db.sqlite3, mlflow.db and one.csv"
    assert set(hpi_core.read([STUDY, MLFLOW, one]).trials["source_file"]) == {"sample_db.sqlite3", "mlflow.db", "one"}


def test_a_completed_trial_without_the_objective_of_its_own_source_is_still_sick(tmp_path: Path) -> None:
    rows = "".join(f"{n},completed,0.{n},{'' if n == 3 else 0.1 * n}\n" for n in range(1, 9))
    (tmp_path / "a.csv").write_text("trial,status,lr,val_loss\n" + rows)
    (tmp_path / "b.csv").write_text("trial,status,lr,test_acc\n" + rows.replace(",,", ",0.5,"))
    found = summary(tmp_path / "a.csv", tmp_path / "b.csv", home=tmp_path)
    missing = next(issue for issue in found["issues"] if issue["issue"] == "missing_metric")
    assert (missing["trials"], missing["assessable"]) == (["a/3"], 8)
    assert found["trials"]["by_status"] == {"completed": 16}
    converted = tmp_path / "converted"
    done = hpi("convert", tmp_path / "a.csv", tmp_path / "b.csv", converted, home=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    again = summary(converted, home=tmp_path)
    assert counts(again) == counts(found)
    assert again["roles"]["group"] == found["roles"]["group"] == "file"
